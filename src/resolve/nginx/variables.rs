//! Variables that nothing defines: `unknown "conection_upgrade" variable`.

use std::collections::{BTreeMap, BTreeSet};

use super::found::{Found, Pass, SHARED_STREAM};
use super::undefined::lower;
use crate::model::{Fault, FaultKind, Level};
use crate::source::Span;
use crate::value::distance;

/// nginx's own variables of `http`, sorted. Source: the tables of variables in `src/http/ngx_http_variables.c`,
/// `src/http/ngx_http_upstream.c` and `src/http/modules/`, 1.28.3.
const OWN: [&str; 146] = [
    "ancient_browser",
    "args",
    "binary_remote_addr",
    "body_bytes_sent",
    "bytes_sent",
    "connection",
    "connection_requests",
    "connection_time",
    "connections_active",
    "connections_reading",
    "connections_waiting",
    "connections_writing",
    "content_length",
    "content_type",
    "date_gmt",
    "date_local",
    "document_root",
    "document_uri",
    "fastcgi_path_info",
    "fastcgi_script_name",
    "geoip_area_code",
    "geoip_city",
    "geoip_city_continent_code",
    "geoip_city_country_code",
    "geoip_city_country_code3",
    "geoip_city_country_name",
    "geoip_country_code",
    "geoip_country_code3",
    "geoip_country_name",
    "geoip_dma_code",
    "geoip_latitude",
    "geoip_longitude",
    "geoip_org",
    "geoip_postal_code",
    "geoip_region",
    "geoip_region_name",
    "grpc_internal_trailers",
    "gzip_ratio",
    "host",
    "hostname",
    "http2",
    "http3",
    "http_cookie",
    "http_host",
    "http_referer",
    "http_user_agent",
    "http_via",
    "http_x_forwarded_for",
    "https",
    "invalid_referer",
    "is_args",
    "is_request_port",
    "limit_conn_status",
    "limit_rate",
    "limit_req_status",
    "modern_browser",
    "msec",
    "msie",
    "nginx_version",
    "pid",
    "pipe",
    "proxy_add_x_forwarded_for",
    "proxy_host",
    "proxy_internal_body_length",
    "proxy_internal_chunked",
    "proxy_port",
    "proxy_protocol_addr",
    "proxy_protocol_port",
    "proxy_protocol_server_addr",
    "proxy_protocol_server_port",
    "query_string",
    "realip_remote_addr",
    "realip_remote_port",
    "realpath_root",
    "remote_addr",
    "remote_port",
    "remote_user",
    "request",
    "request_body",
    "request_body_file",
    "request_completion",
    "request_filename",
    "request_id",
    "request_length",
    "request_method",
    "request_port",
    "request_time",
    "request_uri",
    "scheme",
    "secure_link",
    "secure_link_expires",
    "server_addr",
    "server_name",
    "server_port",
    "server_protocol",
    "slice_range",
    "ssl_alpn_protocol",
    "ssl_cipher",
    "ssl_ciphers",
    "ssl_client_cert",
    "ssl_client_escaped_cert",
    "ssl_client_fingerprint",
    "ssl_client_i_dn",
    "ssl_client_i_dn_legacy",
    "ssl_client_raw_cert",
    "ssl_client_s_dn",
    "ssl_client_s_dn_legacy",
    "ssl_client_serial",
    "ssl_client_sigalg",
    "ssl_client_v_end",
    "ssl_client_v_remain",
    "ssl_client_v_start",
    "ssl_client_verify",
    "ssl_curve",
    "ssl_curves",
    "ssl_early_data",
    "ssl_ech_outer_server_name",
    "ssl_ech_status",
    "ssl_protocol",
    "ssl_server_name",
    "ssl_session_id",
    "ssl_session_reused",
    "ssl_sigalg",
    "status",
    "tcpinfo_rcv_space",
    "tcpinfo_rtt",
    "tcpinfo_rttvar",
    "tcpinfo_snd_cwnd",
    "time_iso8601",
    "time_local",
    "uid_got",
    "uid_reset",
    "uid_set",
    "upstream_addr",
    "upstream_bytes_received",
    "upstream_bytes_sent",
    "upstream_cache_etag",
    "upstream_cache_last_modified",
    "upstream_cache_status",
    "upstream_connect_time",
    "upstream_header_time",
    "upstream_last_server_name",
    "upstream_response_length",
    "upstream_response_time",
    "upstream_status",
    "uri",
];

/// What the names of variables begin with that stand for any header, argument or cookie.
const OPEN: [&str; 9] = [
    "arg_",
    "cookie_",
    "http_",
    "proxy_protocol_tlv_",
    "sent_http_",
    "sent_trailer_",
    "upstream_cookie_",
    "upstream_http_",
    "upstream_trailer_",
];

/// The name that everybody's `map` for WebSockets has, and no module.
const CONVENTIONAL: &str = "connection_upgrade";

/// Notes the variables of headers, parameters and passes that nothing in a complete `http` block defines. A module that is
/// not known may define any: only a name that is all but one that is defined is certainly a mistake, and the one that
/// everybody defines by a `map` of their own.
pub(super) fn faults(found: &Found) -> Vec<Fault> {
    let mut uses = uses(found).peekable();
    if uses.peek().is_none() {
        return Vec::new();
    }
    let defined = defined(found);
    let none = BTreeSet::new();
    let mut noted: BTreeSet<Span> = BTreeSet::new();
    let mut faults = Vec::new();
    for (http, name, place) in uses {
        let name = &*lower(name);
        let own = defined.get(&http).unwrap_or(&none);
        let is_open = OPEN.iter().any(|start| name.starts_with(start));
        if is_open || OWN.binary_search(&name).is_ok() || own.contains(name) {
            continue;
        }
        let near = near(name, own);
        if near.is_none() && name != CONVENTIONAL || !noted.insert(place) {
            continue;
        }
        let help = match near {
            Some(near) => format!("`${near}` is defined"),
            None => {
                format!("define it in `http`: `map $http_upgrade ${name} {{ default upgrade; '' close; }}`")
            }
        };
        faults.push(Fault {
            kind: FaultKind::Variable,
            place,
            message: format!("unknown \"{name}\" variable"),
            related: None,
            help: Some(help),
            mend: None,
        });
    }
    faults
}

/// The most variables of a configuration's own that an unknown one is compared with.
const MANY: usize = 500;

/// The one variable whose name is one letter away.
fn near<'a>(name: &str, own: &BTreeSet<&'a str>) -> Option<&'a str> {
    if name.len() < 5 || name.len() > 64 || own.len() > MANY {
        return None;
    }
    let mut all = OWN.iter().chain(own).filter(|other| distance(name, other, 1).is_some());
    all.next().copied().filter(|_| all.next().is_none())
}

/// The variables that headers, parameters and passes of complete blocks use, with the block and the place.
fn uses<'f>(found: &'f Found) -> impl Iterator<Item = (usize, &'f str, Span)> {
    let is_known = |http: &usize| {
        let block = &found.https[*http];
        *http > SHARED_STREAM && block.complete && !block.stream && !block.holes
    };
    let of_level = move |(level, http): (&'f Level, usize)| {
        let sent = level.sent.iter().filter(|sent| sent.doubt.is_none());
        let values = sent.filter_map(|sent| Some((sent.value.known()?, sent.anchor.value)));
        values.flat_map(move |(value, place)| names(value).map(move |name| (http, name, place)))
    };
    let of_pass = move |(pass, http): (&'f Pass, usize)| {
        let words = pass.arguments.iter().filter(|word| !word.template);
        words.flat_map(move |word| names(&word.text).map(move |name| (http, name, word.span)))
    };
    let levels = found.nginx.levels.iter().zip(found.level_http.iter().copied());
    let levels = levels.filter(move |(_, http)| is_known(http)).flat_map(of_level);
    let passes = found.passes.iter().filter(|pass| pass.maybe.is_none());
    let passes = passes.map(|pass| (pass, found.level_http[pass.level.0 as usize]));
    levels.chain(passes.filter(move |(_, http)| is_known(http)).flat_map(of_pass))
}

/// By block of `https`: what its directives define.
fn defined<'a>(found: &'a Found<'_>) -> BTreeMap<usize, BTreeSet<&'a str>> {
    let mut defined: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for (http, name) in &found.defined {
        defined.entry(*http).or_default().insert(name);
    }
    defined
}

/// The names of the variables in a text: `$name`, `${name}`. A digit alone is a group of a regular expression.
pub(super) fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('$').skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        Some(&rest[..end]).filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_text() {
        assert_eq!(names("a$b-${c}d$1$$e_2").collect::<Vec<_>>(), ["b", "c", "e_2"]);
        assert!(OWN.is_sorted());
    }
}
