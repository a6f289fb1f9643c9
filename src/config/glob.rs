//! What is wrong with globs and paths of a configuration.

use ignore::gitignore::GitignoreBuilder;

/// What is wrong with a glob, if something is.
pub(super) fn fault(glob: &str) -> Option<String> {
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

/// What is wrong with the path of a directory or a file from the directory of the configuration on, if something is.
pub(super) fn relative_fault(path: &str) -> Option<String> {
    if path.is_empty() {
        return Some("a path has to name something; the directory of the configuration is `.`".into());
    }
    if path.starts_with('/') {
        return Some(format!("`{path}` has to be a path from the directory of the configuration on"));
    }
    let leads_out = path.split('/').any(|part| part == "..");
    leads_out.then(|| format!("`{path}` leads out of the directory of the configuration"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
