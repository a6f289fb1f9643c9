//! What little of nginx's directives the syntax needs: which ones open a block, and which ones never do.

use crate::directives::{Name, named};

/// Whether nginx insists on a block, wherever the directive stands: `directive "events" has no opening "{"`.
pub(super) fn must_open_block(name: &str) -> bool {
    Name::of(name).always_opens_block()
}

/// Blocks whose content is directives; in others (`map`, `types`, ...) the first word of a line is a key.
pub(super) fn holds_directives(name: &str) -> bool {
    matches!(
        name,
        "http" | "server" | "location" | "if" | "limit_except" | "events" | "stream" | "mail" | "upstream"
    )
}

/// Whether nginx knows the directive to open a block; `match` is nginx Plus's.
pub(super) fn may_open_block(name: &str) -> bool {
    named(name).iter().any(|row| row.is_block) || name == "match"
}

/// Whether nginx insists on a `;`: `directive "listen" is not terminated by ";"`. One that none of nginx's own modules
/// has may open a block of another module's.
pub(super) fn never_opens_block(name: &str) -> bool {
    let rows = named(name);
    !rows.is_empty() && rows.iter().all(|row| !row.is_block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_a_block() {
        assert!(never_opens_block("listen") && never_opens_block("user") && never_opens_block("proxy_pass"));
        assert!(must_open_block("map") && !must_open_block("match") && may_open_block("match"));
        assert!(!never_opens_block("server") && !never_opens_block("proxy_ssl_verify_by_lua_block"));
        assert!(may_open_block("server") && !must_open_block("server"));
    }
}
