//! Names that modules from elsewhere have: nginx Plus, the forks, OpenResty and the best known single modules.
//!
//! The list can never be whole. It is there so that none of them is taken for a slip of ours.

use std::sync::LazyLock;

/// The first words of modules whose directives all begin with one that no directive of nginx's own begins with.
const FAMILIES: &str = "\
    accesskey acme ajp aws brotli check concat drizzle dyups echo eval exec fancyindex geoip2 hls js \
    keyval lua memc mgmt modsecurity more mqtt nchan ngx notify opentracing otel pagespeed passenger \
    play postgres push rails rds record redis2 replace rtmp security session slowfs srcache sysguard tnt \
    trim union upload vhost video vod websockify xss zstd";

/// Directives of other modules, by name.
const NAMES: &str = "\
    BasicRule CheckRule DeniedUrl IgnoreCIDR IgnoreIP LearningMode LibInjectionSql LibInjectionXss \
    MainRule NaxsiLogFile SecRulesDisabled SecRulesEnabled ack_window api application array_join \
    array_map array_map_op array_split auth_digest auth_digest_drop_time auth_digest_evasion_time \
    auth_digest_expires auth_digest_maxtries auth_digest_replays auth_digest_shm_size \
    auth_digest_timeout auth_digest_user_file auth_gss auth_gss_allow_basic_fallback \
    auth_gss_authorized_principal auth_gss_authorized_principal_regex auth_gss_constrained_delegation \
    auth_gss_delegate_credentials auth_gss_force_realm auth_gss_format_full auth_gss_keytab \
    auth_gss_map_to_local auth_gss_realm auth_gss_service_ccache auth_gss_service_name \
    auth_gss_zone_name auth_jwt auth_jwt_allow_nested auth_jwt_claim_set auth_jwt_header_set \
    auth_jwt_key_cache auth_jwt_key_file auth_jwt_key_request auth_jwt_leeway auth_jwt_phase \
    auth_jwt_require auth_jwt_require_claim auth_jwt_require_header auth_jwt_revocation_list_kid \
    auth_jwt_revocation_list_sub auth_jwt_type auth_jwt_validate_exp auth_jwt_validate_sig \
    auth_jwt_www_authenticate auth_ldap auth_ldap_cache_enabled auth_ldap_cache_expiration_time \
    auth_ldap_cache_size auth_ldap_servers auth_ldap_servers_size auth_oidc auth_pam \
    auth_pam_service_name auth_pam_set_pam_env auth_require auth_spnego auth_totp auto_redirect \
    backup_switch basic_rule bind_conn buffer buflen busy cache_purge_response_type chunk_size client \
    client_id client_secret config_url connect_timeout consistent_hash cookie_name dash dash_cleanup \
    dash_fragment dash_nested dash_path dash_playlist_length dav_ext_lock dav_ext_lock_zone \
    dav_ext_methods debug_pool denied_url dns_add_down dns_ipv6 dns_update docker_endpoint \
    docker_max_object_size drop_idle_publisher dso dynamic_resolve dynamic_state_file dynamic_upstream \
    encrypted_session_expires encrypted_session_iv encrypted_session_key enforce_initial_report \
    error_log_enable extra_auth_args f4f f4f_buffer_size fair fastcgi_allow_upstream \
    fastcgi_bind_dynamic fastcgi_cache_purge fastcgi_connection_drop fastcgi_request_dynamic feedback \
    footer footer_types frontchannel_logout_uri gridfs grpc_allow_upstream grpc_bind_dynamic \
    grpc_connection_drop grpc_request_dynamic grpc_ssl_key_log health_check health_check_timeout \
    hide_server_tokens http3_max_blocked_streams http3_max_concurrent_pushes http3_max_table_capacity \
    http3_push http3_push_preload iconv_buffer_size iconv_filter idle_streams interleave \
    internal_redirect ip2location_database ip2location_proxy ip2location_proxy_recursive \
    ip2proxy_database ip2proxy_proxy ip2proxy_proxy_recursive issuer jdomain ldap_server learning_mode \
    least_time let libinjection_sql libinjection_xss license_token limit_speed limit_speed_zone \
    limit_traffic_ratefilter limit_upload_rate limit_upload_rate_after limit_zone live logout_token_hint \
    logout_uri main_rule match max_connections max_message max_streams memcached_allow_upstream \
    memcached_bind_dynamic memcached_connection_drop memcached_force_ranges meta metric \
    metric_complex_zone metric_zone mongo mp4_limit_rate mp4_limit_rate_after naxsi_log netcall_buffer \
    netcall_timeout notice notice_type ntlm num_map oidc_provider on_connect on_disconnect on_done \
    on_play on_play_done on_publish on_publish_done on_record_done on_update out_cork out_queue ping \
    ping_timeout pkce post_logout_uri probe prometheus prometheus_template proxy_allow_upstream \
    proxy_bind_dynamic proxy_cache_purge proxy_connect proxy_connect_address proxy_connect_allow \
    proxy_connect_bind proxy_connect_connect_timeout proxy_connect_data_timeout \
    proxy_connect_read_timeout proxy_connect_response proxy_connect_send_timeout proxy_connection_drop \
    proxy_http3_hq proxy_http3_max_concurrent_streams proxy_http3_max_table_capacity \
    proxy_http3_stream_buffer_size proxy_protocol_tlv proxy_quic_active_connection_id_limit \
    proxy_quic_gso proxy_quic_host_key proxy_request_dynamic proxy_session_drop \
    proxy_ssl_enc_certificate proxy_ssl_enc_certificate_key proxy_ssl_key_log proxy_ssl_ntls \
    proxy_ssl_sign_certificate proxy_ssl_sign_certificate_key proxy_wasm publish_notify publish_time_fix \
    pull pull_reconnect queue quic_mtu quic_stateless_reset_token_key rack_env rdns rdns_allow rdns_deny \
    recorder redirect_uri relay_buffer report_uploads req_status req_status_show req_status_zone reqstat \
    request_time_cache resolver_file respawn respawn_timeout response_time_factor rules_disabled \
    rules_enabled scgi_allow_upstream scgi_bind_dynamic scgi_cache_purge scgi_connection_drop \
    scgi_request_dynamic scope server_admin server_info server_tag set_base32_alphabet \
    set_base32_padding set_cookie_flag set_decode_base32 set_decode_base64 set_decode_base64url \
    set_decode_hex set_decrypt_session set_encode_base32 set_encode_base64 set_encode_base64url \
    set_encode_hex set_encrypt_session set_escape_uri set_form_input set_form_input_multi \
    set_formatted_gmt_time set_formatted_local_time set_from_accept_language set_hashed_upstream \
    set_hmac_sha1 set_hmac_sha256 set_iconv set_if_empty set_local_today set_md5 set_misc_base32_padding \
    set_quote_json_str set_quote_pgsql_str set_quote_sql_str set_random set_rotate \
    set_secure_random_alphanum set_secure_random_lcalpha set_sha1 set_unescape_uri sflow shib_request \
    shib_request_set shib_request_use_headers shm_kv shm_queue slow_start so_keepalive ssl_async ssl_ct \
    ssl_ct_static_scts ssl_dyn_rec_enable ssl_dyn_rec_max_records ssl_dyn_rec_size_hi \
    ssl_dyn_rec_size_lo ssl_dyn_rec_threshold ssl_dyn_rec_timeout ssl_enc_certificate \
    ssl_enc_certificate_key ssl_key_log ssl_ntls ssl_sign_certificate ssl_sign_certificate_key state \
    status status_format status_zone sticky sticky_cookie_insert sticky_hide_cookie sticky_no_fallback \
    sticky_secret sticky_strict stream_buckets stream_server_traffic_status \
    stream_server_traffic_status_average_method stream_server_traffic_status_display \
    stream_server_traffic_status_display_format stream_server_traffic_status_display_jsonp \
    stream_server_traffic_status_zone subs_buffers subs_filter subs_filter_bypass subs_filter_types \
    subs_line_buffer_size sync testcookie testcookie_name testcookie_pass track_uploads unbrotli \
    upstream_conf upstream_fair_shm_size upstream_list upstream_probe upstream_probe_timeout \
    upstream_show usage_report user_agent userinfo uuid_file uwsgi_allow_upstream uwsgi_bind_dynamic \
    uwsgi_cache_purge uwsgi_connection_drop uwsgi_request_dynamic uwsgi_ssl_key_log vnswrr wait_key \
    wait_video wasm zone_sync zone_sync_buffers zone_sync_connect_retry_interval \
    zone_sync_connect_timeout zone_sync_interval zone_sync_recv_buffer_size zone_sync_server \
    zone_sync_ssl zone_sync_ssl_certificate zone_sync_ssl_certificate_key zone_sync_ssl_ciphers \
    zone_sync_ssl_conf_command zone_sync_ssl_crl zone_sync_ssl_name zone_sync_ssl_password_file \
    zone_sync_ssl_protocols zone_sync_ssl_server_name zone_sync_ssl_trusted_certificate \
    zone_sync_ssl_verify zone_sync_ssl_verify_depth zone_sync_timeout";

static SORTED: LazyLock<[Vec<&'static str>; 2]> = LazyLock::new(|| [FAMILIES, NAMES].map(sorted));

fn sorted(words: &'static str) -> Vec<&'static str> {
    let mut words: Vec<&str> = words.split_ascii_whitespace().collect();
    words.sort_unstable();
    words
}

/// Whether a well-known module that is not in nginx's own distribution has a directive of this name, or may have one
/// by its beginning. Some are names that nginx's own took over later, `sticky` and `least_time`: where the release that
/// is judged does not have them they are the other module's.
pub fn is_third_party(name: &str) -> bool {
    let [families, names] = &*SORTED;
    let family = name.split('_').next().unwrap_or_default();
    name.contains("_by_lua") || families.binary_search(&family).is_ok() || names.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directives::all;

    #[test]
    fn others_are_known() {
        for name in
            ["lua_shared_dict", "proxy_ssl_verify_by_lua_block", "proxy_cache_purge", "subs_filter", "brotli"]
        {
            assert!(is_third_party(name), "{name}");
        }
        assert!(!is_third_party("proxy_passs") && !is_third_party(""));
    }

    #[test]
    fn nothing_of_ours_is_theirs() {
        let mut ours: Vec<&str> =
            all().iter().map(|row| row.name).filter(|name| is_third_party(name)).collect();
        ours.dedup();
        assert_eq!(ours, ["least_time", "sticky"]);
    }
}
