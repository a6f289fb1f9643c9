//! Which files are read by what the configuration says of them.

use std::path::Path;

use crate::config::Settings;
use crate::source::FileKind;
use crate::value::Globs;

/// What the configuration says of the files of a tree.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    exclude: Globs,
    include: Globs,
    /// The directories that patterns of `include` begin in, from the directory of the configuration.
    beginnings: Vec<String>,
    kinds: [(FileKind, Globs); 3],
    /// The way to the tree from the directory of the configuration: empty, or ending in `/`.
    below: String,
}

impl Filter {
    /// For a tree that lies `below` the directory of the configuration: empty, or ending in `/`.
    pub(super) fn new(settings: &Settings, below: &str) -> Filter {
        let files = &settings.files;
        // The configuration holds no others than those that can be read.
        let globs = |written: &[String]| Globs::new(written).unwrap_or_default();
        Filter {
            exclude: globs(&settings.exclude),
            include: globs(&settings.include),
            beginnings: settings.include.iter().map(|pattern| beginning(pattern)).collect(),
            kinds: [
                (FileKind::Nginx, globs(&files.nginx)),
                (FileKind::Gunicorn, globs(&files.gunicorn)),
                (FileKind::Systemd, globs(&files.systemd)),
            ],
            below: below.to_owned(),
        }
    }

    fn configured(&self, inside: &Path) -> String {
        format!("{}{}", self.below, inside.to_string_lossy())
    }

    /// Whether a file or a directory is not read at all; `inside` is its path in the tree.
    pub(super) fn excludes(&self, inside: &Path, is_directory: bool) -> bool {
        let path = self.configured(inside);
        let path = path.trim_end_matches('/');
        if is_directory { self.exclude.matches_directory(path) } else { self.exclude.matches(path) }
    }

    /// Whether nothing is said of files to leave out.
    pub(super) fn excludes_nothing(&self) -> bool {
        self.exclude.is_empty()
    }

    /// Whether nothing is said of files to read.
    pub(super) fn includes_nothing(&self) -> bool {
        self.include.is_empty()
    }

    /// Whether a file is read whatever leaves it out.
    pub(super) fn includes(&self, inside: &Path) -> bool {
        self.include.matches(&self.configured(inside))
    }

    /// Whether files that are read whatever leaves them out may lie in a directory.
    pub(super) fn may_include_below(&self, inside: &Path) -> bool {
        let path = self.configured(inside);
        let path = path.trim_end_matches('/');
        let leads = |outer: &str, inner: &str| {
            outer.is_empty()
                || inner.strip_prefix(outer).is_some_and(|it| it.is_empty() || it.starts_with('/'))
        };
        self.beginnings.iter().any(|begin| leads(begin, path) || leads(path, begin))
    }

    /// The language of a file, if it is said.
    ///
    /// # Errors
    /// If two are said.
    pub(super) fn kind(&self, inside: &Path) -> Result<Option<FileKind>, String> {
        if self.kinds.iter().all(|(_, globs)| globs.is_empty()) {
            return Ok(None);
        }
        let path = self.configured(inside);
        let mut kinds = self.kinds.iter().filter(|(_, globs)| globs.matches(&path)).map(|(kind, _)| *kind);
        match (kinds.next(), kinds.next()) {
            (Some(one), Some(other)) => {
                let (one, other) = (one.name(), other.name());
                Err(format!(
                    "[files] of the configuration says that `{path}` is {one} and that it is {other}"
                ))
            }
            (kind, _) => Ok(kind),
        }
    }
}

/// The directory that all that a pattern matches lies in, as far as it is written out; empty for any.
fn beginning(pattern: &str) -> String {
    let inside = pattern.trim_end_matches('/');
    if !inside.contains('/') {
        return String::new();
    }
    let is_plain = |part: &&str| !part.contains(['*', '?', '[', '{', '\\', '!']);
    let parts: Vec<&str> = inside.trim_start_matches('/').split('/').take_while(is_plain).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_begin_in_directories() {
        for (pattern, expected) in [
            ("*.ngx", ""),
            ("build/", ""),
            ("/build", "build"),
            ("build/nginx/*.conf", "build/nginx"),
            ("**/x.conf", ""),
            ("a/b", "a/b"),
        ] {
            assert_eq!(beginning(pattern), expected, "{pattern}");
        }
        let settings = Settings { include: vec!["a/b/*.conf".into()], ..Settings::default() };
        let filter = Filter::new(&settings, "a/");
        for (inside, expected) in [("", true), ("b", true), ("b/c", true), ("c", false), ("bc", false)] {
            assert_eq!(filter.may_include_below(Path::new(inside)), expected, "{inside}");
        }
        assert!(filter.includes(Path::new("b/x.conf")) && !filter.includes(Path::new("x.conf")));
    }
}
