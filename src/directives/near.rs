//! The directive that a misspelt name means.

use super::{Context, all, is_third_party, named};
use crate::value;

/// The shortest name that is corrected: of shorter ones too many are one letter apart.
const SHORTEST: usize = 4;

/// The one evident correction of a name that nginx's own modules never knew, among the directives that may stand
/// there now: one letter wrong, missing, too many or swapped with its neighbour, or two in a long name. None where two
/// directives are equally near, and none for a name that a known third party uses.
pub fn nearest(name: &str, context: Context) -> Option<&'static str> {
    if name.len() < SHORTEST || !named(name).is_empty() || is_third_party(name) {
        return None;
    }
    let fits = all().iter().filter(|row| row.until.is_none() && row.allowed_in(context));
    value::nearest(name, fits.map(|row| row.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_corrected() {
        let near = |name| nearest(name, Context::Location);
        assert_eq!(near("proxy_passs"), Some("proxy_pass"));
        assert_eq!(near("porxy_set_headr"), Some("proxy_set_header"));
        assert_eq!(near("rooot"), Some("root"));
        // Known, short, a third party's, of another place, as near to two.
        for name in ["proxy_pass", "st", "subs_filter", "server_nam", "proxy_ssl_verify_dept_", "whatever"] {
            let expected = (name == "proxy_ssl_verify_dept_").then_some("proxy_ssl_verify_depth");
            assert_eq!(near(name), expected, "{name}");
        }
        assert_eq!(nearest("server_nam", Context::Server), Some("server_name"));
        assert_eq!(nearest("proxy_read_timeoutt", Context::Upstream), None);
    }
}
