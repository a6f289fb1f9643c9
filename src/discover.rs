//! From paths to sources and back: the one place that touches the file system.

mod changes;
mod classify;
mod configuration;
mod configured;
mod default_name;
mod filter;
mod given;
mod limited;
mod links;
mod lock;
mod modules;
mod replace;
mod write;

pub use changes::State;
pub use configuration::{Wanted, passed_over, settings};
pub use given::read_around;
pub use write::{WriteError, write, write_new, write_report};

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::WalkBuilder;

use self::filter::Filter;
use self::given::Given;
use self::limited::{ENDLESS, Total, bytes_of, ignore_fault, limit_of, text_of};
use crate::baseline::Baseline;
use crate::config::Settings;
use crate::limits::{Limit, Limits};
use crate::source::{FileId, FileKind, Root, Source, Sources};

/// All that was found below the paths of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The files that were read.
    pub sources: Sources,
    /// Where each file really is, with links resolved.
    pub files: BTreeMap<FileId, PathBuf>,
    /// The trees that the files lie in, as [`Settings::trees`] takes them.
    pub trees: Vec<Root>,
    /// The files that were named one by one, by their displayed paths, if no directory was named.
    pub only: Option<Vec<String>>,
    /// What could not be read, each a sentence; the rest was read all the same.
    pub problems: Vec<String>,
    /// The files that were named one by one and that the configuration excludes, by their displayed paths.
    pub excluded: Vec<String>,
    /// The trees that are a part of a project and no machine of their own, as they are displayed: what is around them was not
    /// read, and may hold the other ends of their hops.
    pub parts: Vec<String>,
    /// Where the trees really are.
    pub roots: Vec<PathBuf>,
    /// What links lead to that were named and that lead out of their project: it is read, and not written.
    pub outward: Vec<PathBuf>,
    /// What runs left that were killed while they wrote.
    pub leftovers: Vec<PathBuf>,
}

/// Reads the trees of some paths: of a directory, all below it; of a file, the project around it.
///
/// # Errors
/// If a path does not exist or cannot be entered; the message says what to do.
pub fn read(paths: &[PathBuf], settings: &Settings) -> Result<Found, String> {
    read_all(paths, None, settings)
}

fn read_all(paths: &[PathBuf], given: Option<&Given>, settings: &Settings) -> Result<Found, String> {
    let mut found = Found::default();
    let mut only = BTreeSet::new();
    let mut directories = Vec::new();
    for path in paths {
        if let Some(given) = given {
            directories.push(project_of(&given.path));
            only.insert(given.path.clone());
            continue;
        }
        let kind =
            fs::metadata(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
        found.outward.extend(write::leads_out(path));
        if kind.is_dir() {
            directories.push(path.clone());
        } else if kind.is_file() {
            let real = canonical(path)?;
            directories.push(project_of(&real));
            only.insert(real);
        } else {
            return Err(format!("cannot read `{}`: it is neither a file nor a directory", path.display()));
        }
    }
    let only_files = !only.is_empty() && directories.len() == only.len();
    let base = base();
    let mut total = Total::new(&settings.limits);
    let mut roots: Vec<PathBuf> = directories.iter().map(|it| canonical(it)).collect::<Result<_, _>>()?;
    roots.sort();
    roots.dedup();
    let nested: Vec<PathBuf> = roots.clone();
    roots.retain(|root| !nested.iter().any(|other| root != other && root.starts_with(other)));
    for root in &roots {
        let around = project_around(root);
        // Without a configuration paths are told from the project on, with one for many trees from each of them.
        let from = settings.directory.as_deref().or(around.as_deref()).filter(|_| !settings.is_for_many);
        let below = from.and_then(|it| root.strip_prefix(it).ok());
        let below = below.map_or(String::new(), |below| joined("", below));
        let filter = Filter::new(settings, &below);
        let tree = Tree { root, path: beginning(root, &base), filter, given, limits: &settings.limits };
        read_tree(&tree, &only, &mut total, &mut found)?;
        // A directory of an `etc/` tree is a machine, whole by itself.
        let is_of_no_machine = |(_, source): (FileId, &Source)| {
            let inside = source.path.strip_prefix(tree.path.as_str());
            source.kind.is_configuration() && inside.is_some_and(|it| !format!("/{it}").contains("/etc/"))
        };
        let is_named = settings.stacks.iter().any(|stack| configured::names(&stack.root, &below));
        let is_part = !only_files && !is_named && around.is_some_and(|around| around != *root);
        if is_part && found.sources.iter().any(is_of_no_machine) {
            found.parts.push(tree.path.trim_end_matches('/').to_owned());
        }
        found.trees.push(Root { path: tree.path, below });
    }
    found.problems.extend(total.problem());
    found.roots = roots;
    if !only.is_empty() && !paths.iter().any(|path| path.is_dir()) {
        let named = found.files.iter().filter(|(_, path)| only.contains(*path));
        found.only = Some(named.map(|(id, _)| found.sources.get(*id).path.clone()).collect());
    }
    Ok(found)
}

/// Reads a baseline.
///
/// # Errors
/// If it cannot be read, or is none.
pub fn baseline(path: &Path, limits: &Limits) -> Result<Baseline, String> {
    let again = |error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound => "; `--write-baseline` writes it",
        _ => "",
    };
    let text = text_of(path, limits)
        .map_err(|error| format!("cannot read `{}`: {error}{}", path.display(), again(&error)))?;
    Baseline::read(&text).map_err(|error| format!("`{}`: {error}", path.display()))
}

/// Writes a baseline to a file that is not there, is empty, or is a baseline: a path that was meant for something else is not
/// lost.
///
/// # Errors
/// If it is something else, or cannot be written.
pub fn write_baseline(path: &Path, text: &str, limits: &Limits) -> Result<(), String> {
    let is_file = fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() > 0);
    let is_baseline = || text_of(path, limits).is_ok_and(|text| Baseline::read(&text).is_ok());
    if is_file && !is_baseline() {
        return Err(format!(
            "`{}` is there and is no baseline, so that it is not written over",
            path.display()
        ));
    }
    write_report(path, text.as_bytes())
}

/// Whether a path leads to something.
///
/// # Errors
/// If it does not, or that cannot be seen.
pub fn is_there(path: &Path) -> Result<(), String> {
    canonical(path).map(drop)
}

/// Whether a path leads to a directory.
///
/// # Errors
/// If it does not, or that cannot be seen.
pub fn is_directory(path: &Path) -> Result<(), String> {
    match canonical(path)?.is_dir() {
        true => Ok(()),
        false => Err(format!("`{}` is no directory", path.display())),
    }
}

/// Whether a directory is the root of a git repository.
pub fn is_repository(directory: &Path) -> bool {
    directory.join(".git").exists()
}

/// The text of a file, if there is one.
///
/// # Errors
/// If there is one that cannot be read.
pub fn text_if_there(path: &Path) -> Result<Option<String>, String> {
    match text_of(path, &Limits::default()) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("cannot read `{}`: {error}", path.display())),
    }
}

/// The directory that the run began in.
fn base() -> PathBuf {
    std::env::current_dir().and_then(|it| it.canonicalize()).unwrap_or_default()
}

fn canonical(path: &Path) -> Result<PathBuf, String> {
    path.canonicalize().map_err(|error| format!("cannot read `{}`: {error}", path.display()))
}

/// The directory that a file belongs to: the nearest one with a configuration of hoplint's or a `.git`, else its own.
fn project_of(file: &Path) -> PathBuf {
    let own = file.parent().unwrap_or(file);
    let nearest = own.ancestors().find(|it| it.is_dir()).unwrap_or(own);
    project_around(own).unwrap_or_else(|| nearest.to_owned())
}

/// The nearest directory with a configuration of hoplint's or a `.git`, from this one upwards.
fn project_around(directory: &Path) -> Option<PathBuf> {
    let is_project = |directory: &&Path| {
        directory.join("hoplint.toml").is_file()
            || directory.join(".git").exists()
            || text_of(&directory.join("pyproject.toml"), &Limits::default())
                .is_ok_and(|text| text.contains("[tool.hoplint"))
    };
    directory.ancestors().find(is_project).map(Path::to_owned)
}

impl Found {
    /// Whether a path is that of a file that was read as configuration.
    pub fn is_read(&self, path: &Path) -> bool {
        let Ok(real) = path.canonicalize() else { return false };
        let is_it =
            |(id, path): (&FileId, &PathBuf)| *path == real && self.sources.get(*id).kind.is_configuration();
        self.files.iter().any(is_it)
    }

    /// Whether none of what was asked for is configuration of the programs that are known here.
    pub fn is_nothing(&self) -> bool {
        let is_any = self.sources.iter().any(|(_, source)| source.kind.is_configuration());
        !is_any || self.only.as_ref().is_some_and(Vec::is_empty) && self.excluded.is_empty()
    }

    fn note_unread(&mut self, path: String, why: &str) {
        self.problems.push(format!("cannot read `{path}`: {why}"));
        self.sources.note_unread(path);
    }
}

/// A directory that is read as a whole.
struct Tree<'a> {
    /// Where it really is.
    root: &'a Path,
    /// How the paths of its files begin where they are shown.
    path: String,
    /// What the configuration says of its files.
    filter: Filter,
    /// The file that is not read from the disk.
    given: Option<&'a Given>,
    /// How much is read.
    limits: &'a Limits,
}

impl Tree<'_> {
    fn inside<'b>(&self, file: &'b Path) -> &'b Path {
        file.strip_prefix(self.root).unwrap_or(file)
    }

    /// The bytes of a file of the tree.
    fn bytes(&self, file: &Path) -> io::Result<Vec<u8>> {
        match self.given.filter(|given| given.path == file) {
            Some(given) => Ok(given.bytes.clone()),
            None => bytes_of(file, self.limits.get(Limit::File)),
        }
    }

    /// Whether a file of the tree is the one on the disk.
    fn is_on_disk(&self, file: &Path) -> bool {
        self.given.is_none_or(|given| given.path != file)
    }

    /// The path of a file of the tree, as it is shown.
    fn shown(&self, file: &Path) -> String {
        let inside = self.inside(file);
        let mut path = joined(&self.path, inside);
        path.pop();
        path
    }
}

/// A walk through a tree that goes by its lists of files to ignore.
fn walker(root: &Path) -> WalkBuilder {
    let mut walker = WalkBuilder::new(root);
    walker.hidden(false).git_global(false).require_git(false);
    walker
}

/// Whether a directory is one that nobody's configuration lies in.
fn is_passed_over(entry: &ignore::DirEntry) -> bool {
    matches!(entry.file_name().to_str(), Some(".git" | "node_modules"))
}

/// Reads all of a tree that is worth reading, in the order of the paths.
fn read_tree(
    tree: &Tree,
    only: &BTreeSet<PathBuf>,
    total: &mut Total,
    found: &mut Found,
) -> Result<(), String> {
    for directory in tree.root.ancestors() {
        if let Some(why) = ignore_fault(directory, tree.limits) {
            return Err(format!("cannot read `{}`: {why}", directory.display()));
        }
    }
    let left_out: Arc<Mutex<Vec<(PathBuf, String)>>> = Arc::default();
    let excluded: Arc<Mutex<BTreeSet<PathBuf>>> = Arc::default();
    let (note, note_excluded) = (Arc::clone(&left_out), Arc::clone(&excluded));
    let (filter, root, limits) = (tree.filter.clone(), tree.root.to_owned(), *tree.limits);
    let walk = walker(tree.root)
        .filter_entry(move |entry| {
            if is_passed_over(entry) {
                return false;
            }
            let is_directory = entry.file_type().is_some_and(|it| it.is_dir());
            let inside = entry.path().strip_prefix(&root).unwrap_or(entry.path());
            if filter.excludes(inside, is_directory) {
                let mut excluded = note_excluded.lock().unwrap_or_else(PoisonError::into_inner);
                excluded.insert(entry.path().to_owned());
                return false;
            }
            let fault = is_directory.then(|| ignore_fault(entry.path(), &limits)).flatten();
            let is_entered = fault.is_none();
            if let Some(why) = fault {
                let mut left_out = note.lock().unwrap_or_else(PoisonError::into_inner);
                left_out.push((entry.path().to_owned(), why));
            }
            is_entered
        })
        .sort_by_file_name(std::cmp::Ord::cmp)
        .build();
    let (mut files, mut links) = (Vec::new(), Vec::new());
    for entry in walk {
        match entry {
            Ok(entry) => match entry.file_type() {
                Some(kind) if kind.is_file() && replace::is_leftover(entry.path()) => {
                    found.leftovers.push(entry.into_path());
                }
                Some(kind) if kind.is_file() => files.push(entry.into_path()),
                Some(kind) if kind.is_symlink() => links.push(entry.into_path()),
                Some(kind) if !kind.is_dir() && classify::evident(entry.path()).is_some() => {
                    found.note_unread(tree.shown(entry.path()), ENDLESS);
                }
                _ => {}
            },
            Err(error) => {
                let (path, why) = cause(&error);
                found.note_unread(path.map_or_else(|| tree.shown(tree.root), |path| tree.shown(path)), &why);
            }
        }
    }
    for (directory, why) in left_out.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        found.note_unread(tree.shown(directory), why);
    }
    // A file that was named is read even where the walk leaves it out, but not where the configuration does.
    for path in only.iter().filter(|path| path.starts_with(tree.root)) {
        if tree.filter.excludes(tree.inside(path), false) {
            found.excluded.push(tree.shown(path));
        } else {
            files.push(path.clone());
        }
    }
    let included = included(tree);
    files.extend(included.iter().cloned());
    files.sort();
    files.dedup();
    let python: Vec<PathBuf> = files.iter().filter(|path| modules::is_python(path)).cloned().collect();
    let called = links::names(&links, tree);
    let of_links = |path: &Path| called.get(path).into_iter().flatten();
    let mut read_files: BTreeMap<PathBuf, FileId> = BTreeMap::new();
    let mut later = Vec::new();
    for path in files {
        let said = tree.filter.kind(tree.inside(&path))?;
        let is_included = included.contains(&path);
        let is_named = classify::by_name(&path).is_some() || of_links(&path).next().is_some();
        if said.is_none() && !is_included && !is_named {
            later.push(path);
            continue;
        }
        let by_link = |text: &str| {
            let kinds = of_links(&path).filter_map(|link| classify::kind(link, text, false));
            kinds.into_iter().find(|kind| kind.is_configuration())
        };
        let kind =
            |text: &str| said.or_else(|| classify::kind(&path, text, is_included)).or_else(|| by_link(text));
        match read_file(&path, tree, kind, total, found) {
            Some(id) => {
                // A program may turn out to be a configuration that somebody names.
                let source = found.sources.get(id);
                if source.kind == FileKind::Launcher && said.is_none() && modules::is_python(&path) {
                    later.push(path.clone());
                }
                read_files.insert(path, id);
            }
            None => later.push(path),
        }
    }
    // A Gunicorn configuration of any name is found by the command line that names it.
    let named = classify::names_of_configurations(&found.sources);
    // A file of variables of any name is found by the unit that names it.
    let variables = classify::names_of_environments(&found.sources);
    for path in later {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let kind = |text: &str| {
            let of_gunicorn = classify::if_gunicorn(text).filter(|_| named.contains(name));
            let of_unit = variables.contains(name) && !text.contains('\0');
            of_gunicorn.or(of_unit.then_some(FileKind::Launcher))
        };
        if (named.contains(name) || variables.contains(name))
            && let Some(id) = read_file(&path, tree, kind, total, found)
        {
            read_files.insert(path, id);
        }
    }
    let wanted = modules::wanted(&found.sources);
    for path in python.iter().filter(|path| !read_files.contains_key(*path)) {
        modules::note(path, tree.shown(path), &wanted, tree.limits, &mut found.sources);
    }
    let excluded = std::mem::take(&mut *excluded.lock().unwrap_or_else(PoisonError::into_inner));
    modules::left_out(&python, &excluded, &wanted, |path| tree.shown(path), &mut found.sources);
    links::read(&links, tree, &read_files, &mut found.sources);
    default_name::note(tree, |path| read_files.contains_key(path), &mut found.sources);
    Ok(())
}

/// The files of a tree that are read whatever leaves them out.
fn included(tree: &Tree) -> BTreeSet<PathBuf> {
    if tree.filter.includes_nothing() {
        return BTreeSet::new();
    }
    let (filter, root) = (tree.filter.clone(), tree.root.to_owned());
    let walk = WalkBuilder::new(tree.root)
        .standard_filters(false)
        .filter_entry(move |entry| {
            let inside = entry.path().strip_prefix(&root).unwrap_or(entry.path());
            let is_directory = entry.file_type().is_some_and(|it| it.is_dir());
            entry.file_name() != ".git"
                && !filter.excludes(inside, is_directory)
                && (!is_directory || filter.may_include_below(inside))
        })
        .build();
    // What cannot be read was said by the first walk, or is nothing that anybody asked for.
    let is_any = |entry: &ignore::DirEntry| {
        entry.file_type().is_some_and(|it| it.is_file()) && !replace::is_leftover(entry.path())
    };
    let files = walk.flatten().filter(is_any);
    files.map(ignore::DirEntry::into_path).filter(|path| tree.filter.includes(tree.inside(path))).collect()
}

fn read_file(
    path: &Path,
    tree: &Tree,
    kind: impl Fn(&str) -> Option<FileKind>,
    total: &mut Total,
    found: &mut Found,
) -> Option<FileId> {
    let is_too_large = |kind| fs::metadata(path).is_ok_and(|it| it.len() > tree.limits.get(limit_of(kind)));
    // What is in it need not be seen, nor can it be told from what is read of it.
    if let Some(kind) = classify::evident(path).filter(|kind| tree.is_on_disk(path) && is_too_large(*kind)) {
        found.note_unread(tree.shown(path), &tree.limits.too_large(limit_of(kind)));
        return None;
    }
    let bytes = match tree.bytes(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            found.note_unread(tree.shown(path), &error.to_string());
            return None;
        }
    };
    let kind = kind(&String::from_utf8_lossy(&bytes))?;
    if bytes.len() as u64 > tree.limits.get(limit_of(kind)) {
        found.note_unread(tree.shown(path), &tree.limits.too_large(limit_of(kind)));
        return None;
    }
    let shown = tree.shown(path);
    if !total.takes(&shown, bytes.len()) {
        found.sources.note_unread(shown);
        return None;
    }
    let id = found.sources.add(Source::new(shown, kind, bytes));
    found.files.insert(id, path.to_owned());
    Some(id)
}

/// What the walk could not read, if it says so, and why.
fn cause(error: &ignore::Error) -> (Option<&Path>, String) {
    let (mut inner, mut at) = (error, None);
    loop {
        match inner {
            ignore::Error::WithPath { path, err } => (inner, at) = (err, Some(path.as_path())),
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => inner = err,
            // Its text names the path once more; its kind does not.
            ignore::Error::Io(error) => return (at, error.kind().to_string()),
            other => return (at, other.to_string()),
        }
    }
}

/// How the paths of a tree begin, from the directory that the run began in: nothing or `deploy/` for a tree at or below
/// it, `../../` for one around it, and the whole path for one elsewhere. It ends in `/` if it is not empty, and all of a
/// tree's paths begin alike, since files of one tree are known by that to belong together.
fn beginning(root: &Path, base: &Path) -> String {
    if let Ok(around) = base.strip_prefix(root) {
        return "../".repeat(around.components().count());
    }
    match root.strip_prefix(base) {
        Ok(below) if below.is_relative() => joined("", below),
        _ => joined("/", root),
    }
}

/// A directory behind a beginning, ending in `/` if it is not empty.
fn joined(beginning: &str, directory: &Path) -> String {
    let mut text = beginning.to_owned();
    for component in directory.components() {
        if let Component::Normal(name) = component {
            text.push_str(&name.to_string_lossy());
            text.push('/');
        }
    }
    text
}
