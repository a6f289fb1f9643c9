//! Patterns of paths, as a `.gitignore` has them.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Patterns as a `.gitignore` has them in the directory that paths are told from: one without a `/` inside matches at any
/// depth, one that ends in `/` directories alone, `**` any number of directories, and `!` takes back. What lies in a
/// directory that matches matches too.
#[derive(Clone, Debug)]
pub struct Globs {
    /// As they are written.
    pub written: Vec<String>,
    matcher: Gitignore,
}

impl Globs {
    /// Patterns; one that is none matches nothing.
    pub fn new(patterns: &[String]) -> Globs {
        let mut builder = GitignoreBuilder::new("");
        // git takes a `[` that is not closed for itself; here it is a mistake.
        builder.allow_unclosed_class(false);
        let read = patterns.iter().filter(|pattern| builder.add_line(None, pattern).is_ok()).count();
        let matcher = builder.build().ok().filter(|_| read > 0).unwrap_or_else(Gitignore::empty);
        Globs { written: patterns.to_vec(), matcher }
    }

    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.matcher.is_empty()
    }

    /// Whether a file is meant, by its path from the directory of the patterns, `/`-separated.
    pub fn matches(&self, path: &str) -> bool {
        self.is_meant(path, false)
    }

    /// Whether a directory is meant.
    pub fn matches_directory(&self, path: &str) -> bool {
        self.is_meant(path, true)
    }

    fn is_meant(&self, path: &str, is_directory: bool) -> bool {
        let path = path.trim_start_matches('/');
        !self.is_empty()
            && !path.is_empty()
            && self.matcher.matched_path_or_any_parents(path, is_directory).is_ignore()
    }
}

/// Patterns that are written alike match alike.
impl PartialEq for Globs {
    fn eq(&self, other: &Globs) -> bool {
        self.written == other.written
    }
}

impl Eq for Globs {}

impl Default for Globs {
    fn default() -> Globs {
        Globs { written: Vec::new(), matcher: Gitignore::empty() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_git_has_it() {
        for (patterns, path, expected) in [
            (&["*.ngx"][..], "a/b.ngx", true),
            (&["/*.ngx"], "a/b.ngx", false),
            (&["vendor/"], "a/vendor/x/y.conf", true),
            (&["vendor/"], "a/vendor", false),
            (&["a/vendor"], "b/a/vendor/x", false),
            (&["./a"], "a/x", false),
            (&["**/conf.d/*.conf"], "x/y/conf.d/a.conf", true),
            (&["common/**"], "common/a/b", true),
            (&["*.conf", "!keep.conf"], "x/keep.conf", false),
            (&["*.conf", "!keep.conf"], "x/a.conf", true),
            (&["tests"], "tests/a.conf", true),
            (&["deploy/tests"], "deploy/tests/a.conf", true),
            (&["tests/*"], "deploy/tests/a.conf", false),
            (&["*.conf"], "a/b/c.conf.j2", false),
            (&["a/*.conf"], "a/b/c.conf", false),
            (&["**/old/**"], "x/old/y/z", true),
            (&["old?"], "old1/a", true),
            (&["[ab].conf"], "b.conf", true),
            (&["[ab].conf"], "c.conf", false),
            (&["etc"], "/etc/nginx.conf", true),
            (&[], "a", false),
            (&["["], "[", false),
        ] {
            let globs = Globs::new(&patterns.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(globs.matches(path), expected, "{patterns:?} {path}");
        }
        assert!(Globs::new(&["vendor/".into()]).matches_directory("vendor"));
    }
}
