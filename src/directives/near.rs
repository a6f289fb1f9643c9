//! The directive that a misspelt name means.

use super::{Context, all, is_third_party, named};

/// The shortest name that is corrected: of shorter ones too many are one letter apart.
const SHORTEST: usize = 4;

/// Names of so many letters may be wrong twice.
const LONG: usize = 8;

/// The one evident correction of a name that nginx's own modules never knew, among the directives that may stand
/// there now: one letter wrong, missing, too many or swapped with its neighbour, or two in a long name. None where two
/// directives are equally near, and none for a name that a known third party uses.
pub fn nearest(name: &str, context: Context) -> Option<&'static str> {
    if name.len() < SHORTEST || !named(name).is_empty() || is_third_party(name) {
        return None;
    }
    let limit = if name.len() >= LONG { 2 } else { 1 };
    let mut best: Option<(usize, &'static str)> = None;
    let mut is_tie = false;
    for row in all().iter().filter(|row| row.until.is_none() && row.allowed_in(context)) {
        if best.is_some_and(|(_, name)| name == row.name) || row.name.len().abs_diff(name.len()) > limit {
            continue;
        }
        let distance = distance(name.as_bytes(), row.name.as_bytes());
        match best {
            _ if distance > limit => {}
            Some((least, _)) if distance > least => {}
            Some((least, _)) if distance == least => is_tie = true,
            _ => (best, is_tie) = (Some((distance, row.name)), false),
        }
    }
    best.filter(|_| !is_tie).map(|(_, name)| name)
}

/// How many letters have to be changed, left out, added or swapped with their neighbour: the optimal string alignment
/// distance of Damerau and Levenshtein. Only three rows of its table are kept.
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut before = vec![0; to.len() + 1];
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.iter().enumerate() {
        let mut row = vec![i + 1; to.len() + 1];
        for (j, other) in to.iter().enumerate() {
            let changed = above[j] + usize::from(letter != other);
            row[j + 1] = changed.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == to[j - 1] && from[i - 1] == *other {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut above, row);
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted() {
        for (from, to, expected) in [
            ("", "ab", 2),
            ("proxy_pass", "proxy_pass", 0),
            ("proxy_passs", "proxy_pass", 1),
            ("porxy_pass", "proxy_pass", 1),
            ("proxi_pas", "proxy_pass", 2),
        ] {
            assert_eq!(distance(from.as_bytes(), to.as_bytes()), expected, "{from} {to}");
            assert_eq!(distance(to.as_bytes(), from.as_bytes()), expected, "{to} {from}");
        }
    }

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
