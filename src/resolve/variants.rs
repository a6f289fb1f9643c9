//! Environments side by side: which files of a repository can certainly not meet on one machine.

use crate::value::environment;

/// Whether two files are for different environments by their paths: `staging/site.conf` and `production/web.service`,
/// `nginx.dev.conf` and `nginx.prod.conf`.
pub(super) fn conflict(a: &str, b: &str) -> bool {
    matches!((environment(a), environment(b)), (Some(a), Some(b)) if a != b)
}

/// Whether two files may be one and the same thing for two machines, so that what both say is not said twice: one speaks of
/// an environment that the other does not, or one is a site that may not be enabled.
pub(super) fn may_exclude(a: &str, b: &str) -> bool {
    a != b && (environment(a) != environment(b) || may_be_off(a) || may_be_off(b))
}

/// Whether a file may lie on the machine without being read: it is a site that may not be enabled.
pub(super) fn may_be_off(path: &str) -> bool {
    path.split('/').any(|part| part == "sites-available")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_are_told_by_words_of_paths() {
        for (a, b, expected) in [
            ("staging/site.conf", "production/web.service", true),
            ("nginx/site-dev.conf", "nginx/site-prod.conf", true),
            ("prod/nginx/site.conf", "deploy/Production/web.service", false),
            ("staging/site.conf", "web.service", false),
            ("device/site.conf", "products/web.service", false),
            ("hosts/prod1/dev.conf", "hosts/prod1/web.service", false),
        ] {
            assert_eq!(conflict(a, b), expected, "{a} {b}");
            assert_eq!(conflict(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn of_two_variants_one_is_deployed() {
        for (a, b, expected) in [
            ("conf.d/app.dev.conf", "conf.d/app.prod.conf", true),
            ("conf.d/app.dev.conf", "conf.d/app.conf", true),
            ("conf.d/app.conf", "conf.d/shop.conf", false),
            ("prod/nginx.conf", "prod/conf.d/app.conf", false),
            ("nginx/sites-available/app", "nginx/sites-available/app-ssl", true),
            ("nginx/sites-available/app", "nginx/sites-available/app", false),
        ] {
            assert_eq!(may_exclude(a, b), expected, "{a} {b}");
            assert_eq!(may_exclude(b, a), expected, "{b} {a}");
        }
    }
}
