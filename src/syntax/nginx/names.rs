//! What little of nginx's directives the syntax needs: which ones open a block, and which ones never do.

/// Blocks whose content is directives; in others (`map`, `types`, ...) the first word of a line is a key.
pub(super) fn holds_directives(name: &str) -> bool {
    matches!(
        name,
        "http" | "server" | "location" | "if" | "limit_except" | "events" | "stream" | "mail" | "upstream"
    )
}

/// Whether nginx insists on a block, wherever the directive stands: `directive "events" has no opening "{"`.
pub(super) fn must_open_block(name: &str) -> bool {
    matches!(name, "http" | "events" | "location" | "upstream" | "if" | "limit_except" | "stream" | "mail")
}

/// Whether nginx knows the directive to open a block.
pub(super) fn may_open_block(name: &str) -> bool {
    must_open_block(name)
        || matches!(name, "server" | "map" | "geo" | "types" | "split_clients" | "charset_map" | "match")
}

/// Whether nginx insists on a `;`: `directive "listen" is not terminated by ";"`. These are the directives of nginx's
/// own modules that stand before a block most often; one that is not listed may open a block of a module's own.
pub(super) fn never_opens_block(name: &str) -> bool {
    const FAMILIES: [&str; 10] = [
        "proxy_",
        "fastcgi_",
        "uwsgi_",
        "scgi_",
        "grpc_",
        "gzip_",
        "client_",
        "keepalive_",
        "add_",
        "worker_",
    ];
    const NAMES: [&str; 39] = [
        "access_log",
        "alias",
        "allow",
        "auth_basic",
        "auth_basic_user_file",
        "autoindex",
        "charset",
        "default_type",
        "deny",
        "error_log",
        "error_page",
        "expires",
        "gzip",
        "http2",
        "include",
        "index",
        "internal",
        "ip_hash",
        "keepalive",
        "least_conn",
        "listen",
        "log_format",
        "pid",
        "resolver",
        "return",
        "rewrite",
        "root",
        "send_timeout",
        "sendfile",
        "server_name",
        "server_tokens",
        "set",
        "ssl_certificate",
        "ssl_certificate_key",
        "ssl_protocols",
        "tcp_nodelay",
        "tcp_nopush",
        "try_files",
        "user",
    ];
    let is_lua = name.contains("_by_lua");
    !is_lua && (NAMES.binary_search(&name).is_ok() || FAMILIES.iter().any(|family| name.starts_with(family)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_a_block() {
        assert!(never_opens_block("listen") && never_opens_block("user") && never_opens_block("proxy_pass"));
        assert!(!never_opens_block("server") && !never_opens_block("proxy_ssl_verify_by_lua_block"));
        assert!(may_open_block("server") && !must_open_block("server"));
    }
}
