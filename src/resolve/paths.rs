//! Deployed paths to files of the stack.
//!
//! A repository rarely has the shape of the machine: `/etc/nginx/conf.d/app.conf` may lie in `deploy/nginx/app.conf`.
//! A deployed path means the file that shares the longest run of trailing components with it, if there is only one.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{FileId, Sources};

/// The files of one stack by their names.
#[derive(Clone, Debug)]
pub struct Paths {
    root: String,
    /// File name to the files that bear it, in the order of their paths.
    by_name: BTreeMap<String, Vec<(String, FileId)>>,
}

/// What a deployed path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapped {
    /// This file.
    File(FileId),
    /// Nothing in the stack.
    Missing,
    /// Several files that fit equally well.
    Ambiguous,
}

impl Paths {
    /// The files of a stack whose root is `root` (`""` or ending in `/`).
    pub fn new(root: &str, files: impl IntoIterator<Item = FileId>, sources: &Sources) -> Paths {
        let mut by_name: BTreeMap<String, Vec<(String, FileId)>> = BTreeMap::new();
        let files: BTreeSet<FileId> = files.into_iter().collect();
        let own = files.iter().map(|id| (sources.get(*id).path.as_str(), *id));
        let links = sources.links().filter(|(path, id)| path.starts_with(root) && files.contains(id));
        for (path, id) in own.chain(links) {
            let inside = path.strip_prefix(root).unwrap_or(path);
            let (directory, name) = inside.rfind('/').map_or(("", inside), |at| inside.split_at(at + 1));
            let name = template_free(name);
            by_name.entry(name.into()).or_default().push((format!("{directory}{name}"), id));
        }
        for files in by_name.values_mut() {
            files.sort();
        }
        Paths { root: root.into(), by_name }
    }

    /// The directory that the stack lies in.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The file that an absolute path on the machine, or one relative to a directory there, stands for.
    pub fn find(&self, deployed: &str) -> Mapped {
        let wanted = deployed.trim_start_matches('/');
        let name = wanted.rsplit('/').next().unwrap_or(wanted);
        let Some(files) = self.by_name.get(name) else { return Mapped::Missing };
        if let Some((_, id)) = files.iter().find(|(path, _)| path == wanted) {
            return Mapped::File(*id);
        }
        let best = files.iter().map(|(path, _)| common_suffix(path, wanted)).max().unwrap_or(0);
        let mut fitting = files.iter().filter(|(path, _)| common_suffix(path, wanted) == best);
        match (fitting.next(), fitting.next()) {
            (Some((_, id)), None) => Mapped::File(*id),
            (Some(_), Some(_)) => Mapped::Ambiguous,
            (None, _) => Mapped::Missing,
        }
    }

    /// Whether a file lies in the stack's root or in a directory that is called like that of a deployed path.
    pub fn is_beside(&self, file: FileId, deployed: &str, sources: &Sources) -> bool {
        let path = &sources.get(file).path;
        let inside = path.strip_prefix(&self.root).unwrap_or(path);
        let directory = |path: &str| path.rsplit('/').nth(1).map(str::to_owned);
        directory(inside).is_none_or(|own| Some(own) == directory(deployed))
    }

    /// The files of a name, by their paths below the root (template suffixes taken off), in the order of these.
    pub fn named(&self, name: &str) -> &[(String, FileId)] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The files that a path with `*` and `?` in its last component stands for, sorted by name as glob(3) does: those
    /// in the directories that share the longest run of trailing components with the pattern's directory.
    pub fn glob(&self, deployed: &str) -> Vec<FileId> {
        let wanted = deployed.trim_start_matches('/');
        let (directory, pattern) = wanted.rsplit_once('/').unwrap_or(("", wanted));
        let mut fitting: Vec<(&str, &str, FileId)> = Vec::new();
        for (name, files) in &self.by_name {
            if !glob_matches(pattern.as_bytes(), name.as_bytes()) {
                continue;
            }
            for (path, id) in files {
                let folder = path.strip_suffix(name.as_str()).unwrap_or(path).trim_end_matches('/');
                fitting.push((folder, name, *id));
            }
        }
        // At least the last directory must agree: `conf.d/*.conf` is not every `*.conf`.
        let best = fitting.iter().map(|(folder, ..)| common_suffix(folder, directory)).max().unwrap_or(0);
        if best == 0 && !directory.is_empty() {
            return Vec::new();
        }
        let mut folders: Vec<&str> = fitting
            .iter()
            .filter(|(folder, ..)| common_suffix(folder, directory) == best)
            .map(|(folder, ..)| *folder)
            .collect();
        folders.sort_unstable();
        folders.dedup();
        if folders.len() != 1 {
            return Vec::new();
        }
        fitting.retain(|(folder, ..)| *folder == folders[0]);
        fitting.sort_unstable();
        fitting.into_iter().map(|(.., id)| id).collect()
    }
}

/// A file name without the suffix that a template engine, or whoever copies an example, takes off: `app.service.j2` is
/// `app.service`.
pub fn template_free(name: &str) -> &str {
    const SUFFIXES: [&str; 12] = [
        ".j2",
        ".jinja2",
        ".jinja",
        ".erb",
        ".tmpl",
        ".tpl",
        ".template",
        ".epp",
        ".in",
        ".example",
        ".sample",
        ".dist",
    ];
    SUFFIXES
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .filter(|rest| !rest.is_empty())
        .unwrap_or(name)
}

/// Whether a file is an example that somebody copies and fills in: what lies on the machine may say something else.
pub(super) fn is_example(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    [".example", ".sample", ".dist", ".template", ".tmpl", ".tpl"].iter().any(|suffix| name.ends_with(suffix))
}

/// How many trailing components two paths share.
pub(super) fn common_suffix(a: &str, b: &str) -> usize {
    a.rsplit('/')
        .filter(|part| !part.is_empty())
        .zip(b.rsplit('/').filter(|part| !part.is_empty()))
        .take_while(|(x, y)| x == y)
        .count()
}

/// Whether a name matches a pattern as glob(3) has it: literal bytes, `*`, `?` and `[...]`; a leading dot is matched by a
/// literal dot alone.
pub fn glob_matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(_) if let Some(length) = matches_one(&pattern[p..], name[n]) => {
                p += length;
                n += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    n = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// How many bytes of a pattern match one byte of a name, if they do.
fn matches_one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [b'[', rest @ ..] => match bracket(rest, byte) {
            Some((length, matches)) => matches.then_some(length + 1),
            // A bracket that is not closed stands for itself.
            None => (byte == b'[').then_some(1),
        },
        [literal, ..] => (*literal == byte).then_some(1),
        [] => None,
    }
}

/// How long the bracket is that a pattern stands in, behind its `[`, and whether it matches a byte.
fn bracket(pattern: &[u8], byte: u8) -> Option<(usize, bool)> {
    let inverted = matches!(pattern.first(), Some(b'!' | b'^'));
    let mut at = usize::from(inverted);
    let first = at;
    let mut matches = false;
    loop {
        let from = *pattern.get(at)?;
        if from == b']' && at > first {
            return Some((at + 1, matches != inverted));
        }
        // `a-z`; in `[a-]` the dash stands for itself.
        let (to, length) = match pattern.get(at + 1..at + 3) {
            Some([b'-', to]) if *to != b']' => (*to, 3),
            _ => (from, 1),
        };
        at += length;
        matches |= (from..=to).contains(&byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileKind, Source};

    fn paths(files: &[&str]) -> (Sources, Paths) {
        let mut sources = Sources::default();
        for file in files {
            sources.add(Source::new(*file, FileKind::Nginx, Vec::new()));
        }
        let paths = Paths::new("", sources.iter().map(|(id, _)| id), &sources);
        (sources, paths)
    }

    fn found(files: &[&str], deployed: &str) -> Option<String> {
        let (sources, paths) = paths(files);
        match paths.find(deployed) {
            Mapped::File(id) => Some(sources.get(id).path.clone()),
            Mapped::Missing | Mapped::Ambiguous => None,
        }
    }

    #[test]
    fn a_deployed_path_is_the_file_with_the_longest_common_end() {
        let files = ["deploy/gunicorn.conf.py", "a/shop/gunicorn.conf.py", "etc/nginx/nginx.conf"];
        assert_eq!(found(&files, "/srv/shop/gunicorn.conf.py").as_deref(), Some(files[1]));
        assert_eq!(found(&files, "/etc/nginx/nginx.conf").as_deref(), Some(files[2]));
        assert_eq!(found(&files, "/srv/gunicorn.conf.py"), None);
        assert_eq!(found(&files, "/srv/other.py"), None);
        assert_eq!(
            found(&["x/app.service.j2"], "/etc/systemd/system/app.service").as_deref(),
            Some("x/app.service.j2")
        );
    }

    #[test]
    fn patterns_match_as_glob_has_it() {
        for (pattern, name, expected) in [
            ("*.conf", "a.conf", true),
            ("*", ".hidden", false),
            ("?.conf", "ab.conf", false),
            ("[ab]*", "b1", true),
            ("[!ab]*", "b1", false),
            ("[^ab]*", "c", true),
            ("[0-9][0-9]-*.conf", "10-a.conf", true),
            ("[0-9]*", "a", false),
            ("[a-]", "-", true),
            ("[]a]", "]", true),
            ("[]a]x", "ax", true),
            ("[a", "[a", true),
            ("a[", "a[", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("*[ab].conf", "xab.conf", true),
        ] {
            assert_eq!(glob_matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn globs_take_one_directory_in_the_order_of_names() {
        let (sources, paths) =
            paths(&["nginx/conf.d/b.conf", "nginx/conf.d/a.conf", "nginx/x.conf", "nginx/conf.d/.h.conf"]);
        let names = |pattern: &str| -> Vec<String> {
            paths.glob(pattern).into_iter().map(|id| sources.get(id).path.clone()).collect()
        };
        assert_eq!(names("/etc/nginx/conf.d/*.conf"), ["nginx/conf.d/a.conf", "nginx/conf.d/b.conf"]);
        assert!(names("/etc/nginx/sites-enabled/*").is_empty());
    }
}
