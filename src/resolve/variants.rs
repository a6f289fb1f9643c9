//! Environments side by side: which files of a repository can certainly not meet on one machine.

use std::collections::BTreeSet;

use crate::value::environment;

/// Names of directories whose files are not what runs: those of one row mean the same.
const ASIDE: [&[&str]; 5] = [
    &["example", "examples", "sample", "samples"],
    &["test", "tests", "testing", "testdata", "fixture", "fixtures", "e2e"],
    &[
        "archive",
        "archives",
        "archived",
        "attic",
        "backup",
        "backups",
        "bak",
        "deprecated",
        "obsolete",
        "old",
        "unused",
    ],
    &["doc", "docs", "documentation"],
    &[
        "vendor",
        "vendored",
        "third_party",
        "third-party",
        "thirdparty",
        "node_modules",
        "site-packages",
        "dist-packages",
        "venv",
        ".venv",
    ],
];

/// Whether two files are for different environments by their paths: `staging/site.conf` and `production/web.service`,
/// `nginx.dev.conf` and `nginx.prod.conf`.
pub(super) fn conflict(a: &str, b: &str) -> bool {
    matches!((environment(a), environment(b)), (Some(a), Some(b)) if a != b)
}

/// Whether one of two files lies among examples, tests, documents, archives or the code of others, and the other one does
/// not: then they say nothing of each other.
pub(super) fn aside(a: &str, b: &str) -> bool {
    let (a, b) = from_parting(a, b);
    surroundings(a) != surroundings(b)
}

/// Whether it is not certain that two files are for one machine: one of them is [`aside`], an example of a file, or for an
/// environment that users do not see, and the other one does not say so. Where both ends bear the same address they may meet all the same.
pub(super) fn apart(a: &str, b: &str) -> bool {
    let (a, b) = from_parting(a, b);
    let unseen = |path| environment(path).filter(|environment| *environment > 0);
    let is_example = |path: &str| [".example", ".sample", ".dist"].iter().any(|it| path.ends_with(it));
    let unseen = |path| (unseen(path), is_example(path));
    unseen(a) != unseen(b) || aside(a, b)
}

/// Two paths without the directories that both lie in.
fn from_parting<'a>(a: &'a str, b: &'a str) -> (&'a str, &'a str) {
    let alike = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let start = a.as_bytes()[..alike].iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
    (&a[start..], &b[start..])
}

/// What a path says of the file's surroundings, as rows of [`ASIDE`].
fn surroundings(path: &str) -> BTreeSet<usize> {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let row = |folder: &str| {
        let folder = folder.to_ascii_lowercase();
        ASIDE.iter().position(|names| names.contains(&folder.as_str()))
    };
    let mut found: BTreeSet<usize> = folders.split('/').filter_map(row).collect();
    if name.starts_with("test_") {
        found.insert(1);
    }
    found
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
            ("usr/local/etc/nginx/nginx.conf", "prod/web.service", false),
        ] {
            assert_eq!(conflict(a, b), expected, "{a} {b}");
            assert_eq!(conflict(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn what_one_end_alone_says_of_its_surroundings_sets_it_apart() {
        for (a, b, is_aside, is_apart) in [
            ("nginx/app.conf", "app/web.service", false, false),
            ("nginx/app.conf", "dev/web.service", false, true),
            ("nginx/app.conf", "gunicorn.dev.conf.py", false, true),
            ("nginx/app.conf", "prod/web.service", false, false),
            ("dev/app.conf", "dev/web.service", false, false),
            ("nginx/app.conf", "tests/gunicorn.conf.py", true, true),
            ("nginx/app.conf", "test_gunicorn.py", true, true),
            ("tests/nginx.conf", "tests/one/examples/web.service", true, true),
            ("examples/nginx.conf", "examples/app/web.service", false, false),
            ("Examples/nginx.conf", "web.service", true, true),
            ("nginx.conf", "gunicorn.conf.py.example", false, true),
            ("nginx.conf.sample", "gunicorn.conf.py.example", false, false),
            ("sites/example.com", "web.service", false, false),
            ("nginx/default.conf.template", "web.service", false, false),
            ("usr/local/etc/nginx/nginx.conf", "etc/systemd/system/web.service", false, false),
            ("nginx.conf", "third_party/foo/foo.service", true, true),
            ("nginx.conf", "latest/protests/web.service", false, false),
        ] {
            assert_eq!((aside(a, b), apart(a, b)), (is_aside, is_apart), "{a} {b}");
            assert_eq!((aside(b, a), apart(b, a)), (is_aside, is_apart), "{b} {a}");
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
