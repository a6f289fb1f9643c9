//! Which files of the stack an `include` means.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use rayon::prelude::*;

use super::Trees;
use super::entry::{Context, context};
use crate::limits::{Limit, Limits};
use crate::resolve::paths::{Mapped, Paths, glob_matches, template_free};
use crate::source::{FileId, Sources};
use crate::syntax::nginx::{Directive, Tree, Word};
use crate::value::environment;

/// Where published builds have their configuration. A path below one of these is one below the directory of the main
/// file, wherever that lies in the tree.
const PREFIXES: [&str; 5] = [
    "/etc/nginx/",
    "/usr/local/nginx/conf/",
    "/usr/local/etc/nginx/",
    "/usr/local/openresty/nginx/conf/",
    "/opt/homebrew/etc/nginx/",
];

/// What makes a pattern of a path: `ngx_conf_include` of `src/core/ngx_conf_file.c` looks for these.
const GLOB: [char; 3] = ['*', '?', '['];

/// Files of nginx's own and of distributors that set nothing that is resolved, by the ends of their paths.
const STOCK: [&str; 11] = [
    "mime.types",
    "fastcgi_params",
    "fastcgi.conf",
    "uwsgi_params",
    "scgi_params",
    "proxy_params",
    "koi-win",
    "koi-utf",
    "win-utf",
    "options-ssl-nginx.conf",
    "snakeoil.conf",
];

/// The nginx files of a stack, and how deployed paths lead to them.
pub(super) struct Library<'a> {
    /// In the order of their paths.
    pub(super) files: Vec<FileId>,
    pub(super) sources: &'a Sources,
    /// What is asked of each before it is read.
    summaries: BTreeMap<FileId, Summary<'a>>,
    paths: &'a Paths,
    by_path: BTreeMap<String, FileId>,
    /// What patterns beside the main file, and those of deployed paths, stand for: many a file includes the same snippets, and
    /// each pattern is held against all names.
    beside: RefCell<BTreeMap<String, Rc<[FileId]>>>,
    deployed: RefCell<BTreeMap<String, Rc<[FileId]>>>,
    /// What paths without a pattern stood for when they were last asked for, and for which directory of a main file: all sites of
    /// one include the same snippets.
    plain: RefCell<BTreeMap<String, (Option<String>, Included)>>,
    /// The links that were not read and that patterns may lead to, by the directory of the main file.
    links: RefCell<BTreeMap<Asked, Option<&'a str>>>,
    /// Whether patterns lead to files of other environments than that of a number.
    foreign: RefCell<BTreeMap<(usize, Asked), bool>>,
    /// The environments that the paths of files speak of.
    environments: BTreeMap<FileId, usize>,
    /// How many more names may be held against patterns.
    left: Cell<u64>,
}

/// What is asked of a file before it is read.
pub(super) struct Summary<'a> {
    /// The block that its directives fit in.
    pub(super) context: Context,
    /// The argument of each `include` with a single one, at whatever depth.
    pub(super) includes: Vec<Word<'a>>,
    /// How many blocks it has, at whatever depth.
    blocks: usize,
}

impl<'a> Summary<'a> {
    fn of(tree: &Tree<'a>) -> Summary<'a> {
        Summary { context: context(tree), includes: tree.includes.clone(), blocks: tree.blocks }
    }
}

/// An argument of an `include`, and the directory of the main file.
type Asked = (Option<String>, String);

/// How many names may be held against patterns for each directive that may be followed.
const NAMES: u64 = 20;

/// What an `include` means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Included {
    /// These files, in this order; at least one.
    Files(Rc<[FileId]>),
    /// A pattern that no file of the stack matches, which nginx takes for nothing.
    Nothing,
    /// A file that is known to set nothing that is resolved, but for the directive that is named.
    Stock(Option<&'static str>),
    /// It cannot be told, for this reason.
    Unknown(String),
}

impl<'a> Library<'a> {
    /// The files of a stack.
    pub(super) fn new(
        files: &[FileId],
        trees: &Trees<'a>,
        paths: &'a Paths,
        sources: &'a Sources,
        limits: &Limits,
    ) -> Library<'a> {
        let mut files: Vec<FileId> = files.iter().copied().filter(|file| trees.contains_key(file)).collect();
        files.sort_by(|a, b| sources.get(*a).path.cmp(&sources.get(*b).path));
        files.dedup();
        let place = |file: &FileId| (without_template_suffix(&sources.get(*file).path), *file);
        // A file that bears its deployed name goes before a template of it.
        let by_path = files.iter().rev().map(place).collect();
        let environment = |file: &FileId| Some((*file, environment(&sources.get(*file).path)?));
        let environments = files.iter().filter_map(environment).collect();
        let summary = |file: &FileId| Some((*file, Summary::of(&trees.get(file)?.tree)));
        let summaries: Vec<_> = files.par_iter().filter_map(summary).collect();
        Library {
            files,
            sources,
            summaries: summaries.into_iter().collect(),
            paths,
            by_path,
            beside: RefCell::default(),
            deployed: RefCell::default(),
            plain: RefCell::default(),
            links: RefCell::default(),
            foreign: RefCell::default(),
            environments,
            left: Cell::new(limits.get(Limit::Directives).saturating_mul(NAMES)),
        }
    }

    /// What is asked of one of the files before it is read.
    pub(super) fn summary(&self, file: FileId) -> Option<&Summary<'a>> {
        self.summaries.get(&file)
    }

    /// How many blocks all of them have.
    pub(super) fn blocks(&self) -> usize {
        self.summaries.values().map(|summary| summary.blocks).sum()
    }

    /// The directory of a file, `""` or ending in `/`.
    pub(super) fn directory(&self, file: FileId) -> &'a str {
        let path = &self.sources.get(file).path;
        &path[..path.rfind('/').map_or(0, |at| at + 1)]
    }

    /// What an `include` with these arguments means. A path is relative to the directory of the main file (`main`), which is nginx's prefix;
    /// where no main file is known, to `/etc/nginx`.
    ///
    /// A directory `sites-enabled` holds links on the machine, and in a repository often nothing: where no file matches
    /// there, the files of `sites-available` are taken.
    pub(super) fn include(&self, main: Option<&str>, arguments: &[Word]) -> Included {
        let [argument] = arguments else {
            return Included::Unknown("nginx refuses it: `include` takes one argument".into());
        };
        if argument.template || argument.text.contains('$') {
            return Included::Unknown("its path is filled in by a template".into());
        }
        let path = argument.text.as_str();
        if self.is_spent() {
            return Included::Unknown("too many files are included to look them all up".into());
        }
        if path.contains("[:") {
            return Included::Unknown("patterns with character classes are not read".into());
        }
        let mut found = self.find(main, path);
        if matches!(found, Included::Nothing | Included::Unknown(_)) && path.contains("sites-enabled/") {
            let available = self.find(main, &path.replace("sites-enabled/", "sites-available/"));
            if let Included::Files(_) = available {
                found = available;
            }
        }
        match &found {
            Included::Files(files) if self.is_foreign(main, argument.span.file, path, files) => {
                Included::Unknown("the file of the stack is for another environment".into())
            }
            _ => found,
        }
    }

    /// A symbolic link that a pattern of an `include` matches, or that leads to its directory, and that leads to
    /// nothing that was read: what nginx finds there may be anything.
    pub(super) fn unread(&self, main: Option<&str>, directive: &Directive) -> Option<&'a str> {
        let pattern = directive.arguments().first()?.text.as_str();
        if !has_pattern(directive) {
            return None;
        }
        let asked = (main.map(str::to_owned), pattern.to_owned());
        if let Some(known) = self.links.borrow().get(&asked) {
            return *known;
        }
        let (beside_main, deployed) = places(main, pattern);
        let root = self.paths.root();
        self.charge(self.sources.unread_links().len(), pattern);
        let mut links = self.sources.unread_links().filter(|link| link.starts_with(root));
        let found = links.find(|link| {
            beside_main.as_ref().is_some_and(|pattern| leads_into(pattern, link))
                || may_lead_into(&deployed, link)
        });
        self.links.borrow_mut().insert(asked, found);
        found
    }

    /// Whether so many names were held against patterns that no more are.
    pub(super) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// Takes account of names that are held against a pattern.
    fn charge(&self, names: usize, pattern: &str) {
        let each = 1 + pattern.len() as u64 / 64;
        self.left.set(self.left.get().saturating_sub(each.saturating_mul(names as u64)));
    }

    /// Whether one of the files that an argument stands for is for another environment than the file with the `include`. Beside
    /// the main file lies what is its own, whatever the names say.
    fn is_foreign(&self, main: Option<&str>, from: FileId, argument: &str, files: &[FileId]) -> bool {
        let Some(own) = self.environments.get(&from) else { return false };
        let asked = (*own, (main.map(str::to_owned), argument.to_owned()));
        let mut foreign = self.foreign.borrow_mut();
        *foreign.entry(asked).or_insert_with(|| {
            let path = |file: &FileId| self.sources.get(*file).path.as_str();
            files.iter().any(|file| {
                self.environments.get(file).is_some_and(|other| other != own)
                    && !main.is_some_and(|main| path(file).starts_with(main))
            })
        })
    }

    fn find(&self, main: Option<&str>, path: &str) -> Included {
        if path.contains(GLOB) {
            return self.look_up(main, path);
        }
        if let Some((of, found)) = self.plain.borrow().get(path)
            && of.as_deref() == main
        {
            return found.clone();
        }
        let found = self.look_up(main, path);
        self.plain.borrow_mut().insert(path.to_owned(), (main.map(str::to_owned), found.clone()));
        found
    }

    fn look_up(&self, main: Option<&str>, path: &str) -> Included {
        let (beside_main, deployed) = places(main, path);
        let directory = deployed.rsplit_once('/').map_or("", |(directory, _)| directory);
        let place = if path.contains(GLOB) { directory } else { &deployed };
        if self.paths.is_outside(place) {
            return Included::Unknown("it lies outside of what was read".into());
        }
        let beside_main = beside_main.filter(|_| !self.paths.is_said(place));
        if path.contains(GLOB) {
            let matching = |pattern| known(&self.beside, pattern, |pattern| self.matching(pattern));
            let mut files = beside_main.map(matching).unwrap_or_default();
            if files.is_empty() {
                files = known(&self.deployed, deployed, |pattern| self.deployed(pattern));
            }
            return if files.is_empty() { Included::Nothing } else { Included::Files(files) };
        }
        if let Some(file) = beside_main.and_then(|path| self.by_path.get(&path)) {
            return Included::Files([*file].into());
        }
        match self.paths.find(&fold(&deployed)) {
            Mapped::File(file) if self.summaries.contains_key(&file) => Included::Files([file].into()),
            Mapped::Ambiguous => Included::Unknown("several files of the stack may be meant".into()),
            Mapped::File(_) | Mapped::Missing if is_stock(path) => Included::Stock(sent_by(path)),
            Mapped::File(_) | Mapped::Missing => Included::Unknown("it is not among the files read".into()),
        }
    }

    /// The nginx files that a pattern of a deployed path stands for.
    fn deployed(&self, pattern: &str) -> Vec<FileId> {
        self.charge(self.files.len(), pattern);
        let mut files = self.paths.glob(pattern);
        files.retain(|file| self.summaries.contains_key(file));
        files
    }

    /// The files whose paths match a pattern, component by component, in the order in which glob(3) gives them.
    fn matching(&self, pattern: &str) -> Vec<FileId> {
        let parts: Vec<&str> = pattern.split('/').collect();
        let is_match = |path: &str| {
            let mut components = path.split('/');
            parts.iter().all(|part| {
                components.next().is_some_and(|component| glob_matches(part.as_bytes(), component.as_bytes()))
            }) && components.next().is_none()
        };
        let start = &pattern[..pattern.find(['*', '?', '[', '\\']).unwrap_or(pattern.len())];
        let near = self.by_path.range(start.to_owned()..).take_while(|(path, _)| path.starts_with(start));
        let mut names = 0;
        let near = near.inspect(|_| names += 1);
        let files = near.filter(|(path, _)| is_match(path)).map(|(_, file)| *file).collect();
        self.charge(names, pattern);
        files
    }
}

/// Whether an `include` takes all files that a pattern matches.
pub(super) fn has_pattern(directive: &Directive) -> bool {
    directive.arguments().first().is_some_and(|argument| argument.text.contains(GLOB))
}

/// What a pattern stands for, which is worked out once.
fn known(
    patterns: &RefCell<BTreeMap<String, Rc<[FileId]>>>,
    pattern: String,
    find: impl Fn(&str) -> Vec<FileId>,
) -> Rc<[FileId]> {
    let mut patterns = patterns.borrow_mut();
    if let Some(files) = patterns.get(&pattern) {
        return Rc::clone(files);
    }
    let files: Rc<[FileId]> = find(&pattern).into();
    patterns.insert(pattern, Rc::clone(&files));
    files
}

/// Where an `include` looks: beside the main file, if it is known and the path lies below nginx's prefix, and on the
/// machine.
fn places(main: Option<&str>, path: &str) -> (Option<String>, String) {
    let below_prefix = match path.strip_prefix('/') {
        None => Some(path),
        Some(_) => PREFIXES.iter().find_map(|prefix| path.strip_prefix(prefix)),
    };
    let deployed = match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("/etc/nginx/{path}"),
    };
    (main.zip(below_prefix).map(|(main, rest)| fold(&format!("{main}{rest}"))), deployed)
}

/// Whether a path is one that a pattern matches, or a directory on the way there.
fn leads_into(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('/');
    path.split('/')
        .all(|component| parts.next().is_some_and(|part| glob_matches(part.as_bytes(), component.as_bytes())))
}

/// The same for a path that may lie anywhere in the tree: its name and its directory's must fit, or it must be called
/// like the pattern's directory.
fn may_lead_into(pattern: &str, path: &str) -> bool {
    let ends = |path: &'_ str| -> (String, String) {
        let mut parts = path.rsplit('/');
        (parts.next().unwrap_or_default().into(), parts.next().unwrap_or_default().into())
    };
    let ((wanted, folder), (name, parent)) = (ends(pattern), ends(path));
    name == folder || parent == folder && glob_matches(wanted.as_bytes(), name.as_bytes())
}

fn without_template_suffix(path: &str) -> String {
    let (directory, name) = path.split_at(path.rfind('/').map_or(0, |at| at + 1));
    format!("{directory}{}", template_free(name))
}

fn is_stock(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_snippet = path.rsplit('/').nth(1) == Some("snippets");
    STOCK.contains(&name) || is_snippet && (name == "fastcgi-php.conf" || name.starts_with("ssl-"))
}

/// The directive by which a distributor's file adds headers or parameters, whatever else it holds.
fn sent_by(path: &str) -> Option<&'static str> {
    match path.rsplit('/').next().unwrap_or(path) {
        "proxy_params" => Some("proxy_set_header"),
        "uwsgi_params" => Some("uwsgi_param"),
        "scgi_params" => Some("scgi_param"),
        "fastcgi_params" | "fastcgi.conf" | "fastcgi-php.conf" => Some("fastcgi_param"),
        _ => None,
    }
}

/// A path without `.` and `..`.
fn fold(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            "" if !parts.is_empty() => {}
            ".." if parts.last().is_some_and(|last| !last.is_empty() && *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fold() {
        for (path, folded) in [
            ("a/../b/./c", "b/c"),
            ("/a//b", "/a/b"),
            ("../a", "../a"),
            ("a/b/../../../c", "../c"),
            ("/../a", "/../a"),
        ] {
            assert_eq!(fold(path), folded, "{path}");
        }
    }

    #[test]
    fn links_lead_into_patterns() {
        for (pattern, path, leads) in [
            ("etc/nginx/sites-enabled/*", "etc/nginx/sites-enabled/app", true),
            ("etc/nginx/conf.d/*.conf", "etc/nginx/conf.d", true),
            ("etc/nginx/conf.d/*.conf", "etc/nginx/conf.d/app.bak", false),
            ("etc/nginx/conf.d/*.conf", "etc/nginx/other", false),
        ] {
            assert_eq!(leads_into(pattern, path), leads, "{pattern} {path}");
            assert_eq!(may_lead_into(pattern, &format!("deploy/{path}")), leads, "{pattern} {path}");
        }
    }

    #[test]
    fn stock_files() {
        for path in
            ["mime.types", "/etc/nginx/fastcgi_params", "snippets/ssl-params.conf", "snippets/snakeoil.conf"]
        {
            assert!(is_stock(path), "{path}");
        }
        assert_eq!(sent_by("/etc/nginx/proxy_params"), Some("proxy_set_header"));
        assert_eq!(sent_by("mime.types"), None);
        for path in ["ssl-params.conf", "proxy.conf", "/etc/nginx/fastcgi-php.conf"] {
            assert!(!is_stock(path), "{path}");
        }
    }
}
