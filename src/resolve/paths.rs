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
    /// The same files by their paths from the end on ([`from_the_end`]), sorted: those that share an end stand together.
    by_end: Vec<(String, FileId)>,
    /// Where directories and files of the machine lie, if somebody says so, and the files by their paths.
    places: Vec<(String, Option<String>)>,
    by_path: BTreeMap<String, FileId>,
    /// Configuration files of Gunicorn's default name that are there and not among these files.
    elsewhere: Vec<String>,
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
        let paths = by_name.values().flatten();
        let mut by_end: Vec<(String, FileId)> = paths.map(|(path, id)| (from_the_end(path), *id)).collect();
        by_end.sort();
        Paths {
            root: root.into(),
            by_name,
            by_end,
            places: Vec::new(),
            by_path: BTreeMap::new(),
            elsewhere: Vec::new(),
        }
    }

    /// The same files, beside which there are others of Gunicorn's default name that were not read, or are of other stacks.
    pub fn with_elsewhere(self, elsewhere: &[String]) -> Paths {
        Paths { elsewhere: elsewhere.to_vec(), ..self }
    }

    /// The path of such a file that may be the one at a deployed path.
    pub fn elsewhere(&self, deployed: &str) -> Option<&str> {
        let said = self.said(deployed).map(Option::unwrap_or_default);
        let is_there = |path: &&String| {
            let at = path.rfind('/').map_or(0, |at| at + 1);
            let plain = || format!("{}{}", &path[..at], template_free(&path[at..]));
            said.as_ref().is_none_or(|said| plain() == *said)
        };
        self.elsewhere.iter().find(is_there).map(String::as_str)
    }

    /// The same files, of which it is said where directories and files of the machine lie.
    pub fn with_places(self, places: &[(String, Option<String>)], sources: &Sources) -> Paths {
        if places.is_empty() {
            return self;
        }
        let mut by_path = BTreeMap::new();
        let files: BTreeSet<FileId> = self.by_name.values().flatten().map(|(_, id)| *id).collect();
        let own = files.iter().map(|id| (sources.get(*id).path.as_str(), *id));
        for (path, id) in own.chain(sources.links().filter(|(_, id)| files.contains(id))) {
            let at = path.rfind('/').map_or(0, |at| at + 1);
            let plain = format!("{}{}", &path[..at], template_free(&path[at..]));
            // A file that bears its deployed name goes before a template of it.
            if plain == path {
                by_path.insert(plain, id);
            } else {
                by_path.entry(plain).or_insert(id);
            }
        }
        Paths { places: places.to_vec(), by_path, ..self }
    }

    /// Where a deployed path lies by what is said of the machine's directories: the closest one counts. The inner `None` is
    /// a place that was not read.
    fn said(&self, deployed: &str) -> Option<Option<String>> {
        let below = |(machine, place): &(String, Option<String>)| {
            let rest = deployed.strip_prefix(machine.as_str())?;
            let path = |place: &String| format!("{place}{rest}").trim_start_matches('/').to_owned();
            (rest.is_empty() || rest.starts_with('/')).then(|| (machine.len(), place.as_ref().map(path)))
        };
        self.places.iter().filter_map(below).max_by_key(|(length, _)| *length).map(|(_, path)| path)
    }

    /// Whether it is said where a deployed path lies.
    pub fn is_said(&self, deployed: &str) -> bool {
        !self.places.is_empty() && self.said(deployed).is_some()
    }

    /// The directory that the stack lies in.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Whether it is said that a deployed path lies outside of what was read.
    pub fn is_outside(&self, deployed: &str) -> bool {
        self.said(deployed) == Some(None)
    }

    /// The file that an absolute path on the machine, or one relative to a directory there, stands for.
    pub fn find(&self, deployed: &str) -> Mapped {
        if let Some(path) = self.said(deployed) {
            let file = path.and_then(|path| self.by_path.get(&path));
            return file.map_or(Mapped::Missing, |file| Mapped::File(*file));
        }
        let wanted = from_the_end(deployed);
        let (before, behind) = self.by_end.split_at(self.by_end.partition_point(|(end, _)| *end < wanted));
        if let Some((_, id)) = behind.first().filter(|(end, _)| *end == wanted) {
            return Mapped::File(*id);
        }
        let shared = |end: &str| end.split('\0').zip(wanted.split('\0')).take_while(|(a, b)| a == b).count();
        let closest = before.last().into_iter().chain(behind.first());
        let best = closest.map(|(end, _)| shared(end)).max().unwrap_or(0);
        if best == 0 {
            return Mapped::Missing;
        }
        // Those that fit as well stand on either side.
        let fits = |it: &&(String, FileId)| shared(&it.0) == best;
        let mut fitting = before.iter().rev().take_while(fits).chain(behind.iter().take_while(fits));
        match fitting.next() {
            // A file may be there by several paths.
            Some((_, id)) if fitting.all(|(_, other)| other == id) => Mapped::File(*id),
            Some(_) => Mapped::Ambiguous,
            None => Mapped::Missing,
        }
    }

    /// Whether a file lies in the stack's root or in a directory that is called like that of a deployed path.
    pub fn is_beside(&self, file: FileId, deployed: &str, sources: &Sources) -> bool {
        if self.is_said(deployed) {
            return self.find(deployed) == Mapped::File(file);
        }
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
        let (directory, pattern) = deployed.rsplit_once('/').unwrap_or(("", deployed));
        let name_of = |path: &'_ str| -> Option<String> {
            let name = path.strip_prefix(directory)?.strip_prefix('/')?;
            glob_matches(pattern.as_bytes(), name.as_bytes()).then(|| name.to_owned())
        };
        // Files of which it is said one by one that they lie there.
        let singly = self.places.iter().filter_map(|(machine, place)| {
            let name = name_of(machine).filter(|name| !name.contains('/'))?;
            Some((name, *self.by_path.get(place.as_ref()?)?))
        });
        let mut singly: Vec<(String, FileId)> = singly.collect();
        let Some(folder) = self.said(directory) else {
            let guessed = self.guessed(deployed);
            if singly.is_empty() {
                return guessed;
            }
            singly.sort();
            let said: Vec<FileId> = singly.into_iter().map(|(_, id)| id).collect();
            let rest = guessed.into_iter().filter(|id| !said.contains(id));
            return said.iter().copied().chain(rest).collect();
        };
        let start = folder.map(|folder| if folder.is_empty() { folder } else { format!("{folder}/") });
        for (path, id) in start.iter().flat_map(|start| self.by_path.range(start.clone()..)) {
            let start = start.as_deref().unwrap_or_default();
            let Some(name) = path.strip_prefix(start) else { break };
            let is_match = !name.contains('/') && glob_matches(pattern.as_bytes(), name.as_bytes());
            if is_match && singly.iter().all(|(other, _)| other != name) {
                singly.push((name.to_owned(), *id));
            }
        }
        singly.sort();
        singly.into_iter().map(|(_, id)| id).collect()
    }

    fn guessed(&self, deployed: &str) -> Vec<FileId> {
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

/// The components of a path in the other order: `gunicorn.conf.py`, `shop`, `srv`. What stands between them stands before any
/// letter, so that in the order of the texts those stand together that share components.
fn from_the_end(path: &str) -> String {
    let parts: Vec<&str> = path.rsplit('/').filter(|part| !part.is_empty()).collect();
    parts.join("\0")
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
    fn components_are_compared_and_not_the_letters_of_them() {
        // `-`, `.` and a blank stand before `/` in the alphabet.
        let files = ["app/web.conf", "app-old/web.conf", "app.d/web.conf", "app 2/web.conf"];
        for file in files {
            assert_eq!(found(&files, &format!("/srv/{file}")).as_deref(), Some(file));
        }
        assert_eq!(found(&files, "/srv/other/web.conf"), None);
        let files = ["app/web.conf", "x/app/web.conf", "app-old/web.conf"];
        assert_eq!(found(&files, "/srv/app/web.conf"), None);
        assert_eq!(found(&files, "/x/app/web.conf").as_deref(), Some(files[1]));
        assert_eq!(found(&files, "app/web.conf").as_deref(), Some(files[0]));
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

    #[test]
    fn what_is_said_of_a_path_goes_before_what_is_guessed() {
        let (sources, paths) = paths(&[
            "a/gunicorn.conf.py",
            "b/gunicorn.conf.py",
            "deploy/web/sites/b.conf",
            "deploy/web/sites/a.conf.j2",
            "deploy/web/sites/x/c.conf",
            "deploy/other.conf",
        ]);
        let place = |machine: &str, place: Option<&str>| (machine.to_owned(), place.map(str::to_owned));
        let paths = paths.with_places(
            &[
                place("/srv/app", Some("b")),
                place("/srv/app/old", None),
                place("/etc/nginx/conf.d", Some("deploy/web/sites")),
                place("/etc/nginx/conf.d/a2.conf", Some("deploy/other.conf")),
            ],
            &sources,
        );
        let found = |deployed: &str| match paths.find(deployed) {
            Mapped::File(id) => sources.get(id).path.as_str(),
            Mapped::Missing => "missing",
            Mapped::Ambiguous => "ambiguous",
        };
        assert_eq!(found("/srv/app/gunicorn.conf.py"), "b/gunicorn.conf.py");
        assert_eq!(found("/srv/apple/gunicorn.conf.py"), "ambiguous");
        assert_eq!(found("/srv/app/old/gunicorn.conf.py"), "missing");
        assert_eq!(found("/srv/app/other.conf"), "missing");
        let names: Vec<&str> = paths
            .glob("/etc/nginx/conf.d/*.conf")
            .into_iter()
            .map(|id| sources.get(id).path.as_str())
            .collect();
        assert_eq!(names, ["deploy/web/sites/a.conf.j2", "deploy/other.conf", "deploy/web/sites/b.conf"]);
    }
}
