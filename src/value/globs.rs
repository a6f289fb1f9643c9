//! Globs of files, as a .gitignore would have them.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Some globs. A file is meant if one of them matches it or a directory that it lies in.
#[derive(Clone, Debug)]
pub struct Globs {
    /// As they are written.
    pub written: Vec<String>,
    matcher: Gitignore,
}

impl Globs {
    /// The matcher of some globs.
    ///
    /// # Errors
    /// If one of them is none: see [`Globs::fault`].
    pub fn new(written: &[String]) -> Result<Globs, String> {
        let mut builder = GitignoreBuilder::new("");
        builder.allow_unclosed_class(false);
        for glob in written {
            if let Some(fault) = fault(glob) {
                return Err(fault);
            }
            builder.add_line(None, glob).map_err(|error| error.to_string())?;
        }
        let matcher = builder.build().map_err(|error| error.to_string())?;
        Ok(Globs { written: written.to_vec(), matcher })
    }

    /// What is wrong with a glob, if something is.
    pub fn fault(glob: &str) -> Option<String> {
        fault(glob)
    }

    /// Whether there is no glob.
    pub fn is_empty(&self) -> bool {
        self.matcher.is_empty()
    }

    /// Whether a file is meant, by its path from the directory of the configuration.
    pub fn matches(&self, path: &str) -> bool {
        self.is_meant(path, false)
    }

    /// Whether a directory is meant, by its path from the directory of the configuration.
    pub fn matches_directory(&self, path: &str) -> bool {
        self.is_meant(path, true)
    }

    fn is_meant(&self, path: &str, is_directory: bool) -> bool {
        let path = path.trim_start_matches('/');
        !path.is_empty() && self.matcher.matched_path_or_any_parents(path, is_directory).is_ignore()
    }
}

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

fn fault(glob: &str) -> Option<String> {
    let plain = |why: &str| Some(format!("`{glob}` {why}"));
    if glob.trim().is_empty() {
        return Some("a glob has to name something".into());
    }
    match glob.as_bytes()[0] {
        b'#' => return plain("would be a comment in a .gitignore: write `\\#`"),
        b'!' => return plain("says what is not meant: name what is, or write `\\!`"),
        _ => {}
    }
    if let Some(rest) = glob.strip_prefix("./") {
        return plain(&format!("never matches: write `/{rest}`"));
    }
    if glob.split('/').any(|part| part == "..") {
        return plain("leads out of the directory of the configuration");
    }
    let mut builder = GitignoreBuilder::new("");
    builder.allow_unclosed_class(false);
    match builder.add_line(None, glob) {
        Ok(_) => None,
        // Its text names the glob once more.
        Err(ignore::Error::Glob { err, .. }) => Some(format!("`{glob}` is no glob: {err}")),
        Err(error) => Some(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, path: &str) -> bool {
        Globs::new(&[glob.to_owned()]).unwrap().matches(path)
    }

    #[test]
    fn globs_mean_what_they_mean_in_a_gitignore() {
        for (glob, path, expected) in [
            ("tests", "tests/a.conf", true),
            ("tests/", "deploy/tests/x/a.conf", true),
            ("tests/", "deploy/tests", false),
            ("/tests", "deploy/tests/a.conf", false),
            ("deploy/tests", "deploy/tests/a.conf", true),
            ("tests/*", "deploy/tests/a.conf", false),
            ("*.conf", "a/b/c.conf", true),
            ("*.conf", "a/b/c.conf.j2", false),
            ("a/*.conf", "a/b/c.conf", false),
            ("a/**/*.conf", "a/b/c.conf", true),
            ("**/old/**", "x/old/y/z", true),
            ("old?", "old1/a", true),
            ("[ab].conf", "b.conf", true),
            ("[ab].conf", "c.conf", false),
            ("etc", "/etc/nginx.conf", true),
        ] {
            assert_eq!(matches(glob, path), expected, "{glob}: {path}");
        }
    }

    #[test]
    fn what_is_no_glob_is_told() {
        for (glob, said) in [
            ("", "name something"),
            (" ", "name something"),
            ("#x", "`\\#`"),
            ("!x", "`\\!`"),
            ("./deploy/*", "write `/deploy/*`"),
            ("../x", "leads out"),
            ("a/../b", "leads out"),
            ("[a", "is no glob"),
            ("{a", "is no glob"),
        ] {
            assert!(fault(glob).unwrap().contains(said), "{glob}: {:?}", fault(glob));
        }
        assert_eq!(fault("a..b/**/[!x]*"), None);
    }

    #[test]
    fn directories_are_told_from_files() {
        let globs = Globs::new(&["old/".into()]).unwrap();
        assert!(globs.matches_directory("a/old") && !globs.matches("a/old") && !globs.matches_directory(""));
        assert!(!Globs::default().matches("a"));
    }
}
