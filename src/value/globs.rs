//! Patterns of paths, as a `.gitignore` has them.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Patterns as a `.gitignore` has them in the directory that paths are told from: one without a `/` inside matches at any
/// depth, one that ends in `/` directories alone, `**` any number of directories, and `!` takes back. What lies in a
/// directory that matches matches too.
#[derive(Clone, Debug)]
pub struct Globs {
    matcher: Gitignore,
}

impl Globs {
    /// Patterns; one that is none (see [`Globs::fault`]) matches nothing.
    pub fn new(patterns: &[String]) -> Globs {
        let mut builder = builder();
        let read = patterns.iter().filter(|pattern| builder.add_line(None, pattern).is_ok()).count();
        Globs { matcher: builder.build().ok().filter(|_| read > 0).unwrap_or_else(Gitignore::empty) }
    }

    /// Why a text is no pattern.
    pub fn fault(pattern: &str) -> Option<String> {
        if pattern.trim().is_empty() {
            return Some("it is empty".into());
        }
        let mut builder = builder();
        let error = builder.add_line(None, pattern).err()?;
        Some(match error {
            ignore::Error::Glob { err, .. } => err,
            other => other.to_string(),
        })
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
        !self.is_empty()
            && !path.is_empty()
            && self.matcher.matched_path_or_any_parents(path, is_directory).is_ignore()
    }
}

/// git takes a `[` that is not closed for itself; here it is a mistake.
fn builder() -> GitignoreBuilder {
    let mut builder = GitignoreBuilder::new("");
    builder.allow_unclosed_class(false);
    builder
}

impl Default for Globs {
    fn default() -> Globs {
        Globs { matcher: Gitignore::empty() }
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
            (&[], "a", false),
            (&["["], "[", false),
        ] {
            let globs = Globs::new(&patterns.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(globs.matches(path), expected, "{patterns:?} {path}");
        }
        assert!(Globs::new(&["vendor/".into()]).matches_directory("vendor"));
        assert!(Globs::fault("[a").is_some() && Globs::fault(" ").is_some() && Globs::fault("*.a").is_none());
    }
}
