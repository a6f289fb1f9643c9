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
mod look;
mod modules;
mod replace;
mod tree;
mod walk;
mod write;

pub use changes::State;
pub use configuration::{Wanted, passed_over, settings};
pub use given::read_around;
pub use write::{WriteError, write, write_new, write_report};

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use self::filter::Filter;
use self::given::Given;
use self::limited::{Total, text_of};
use self::tree::{Tree, read_tree};
use crate::baseline::Baseline;
use crate::config::Settings;
use crate::limits::Limits;
use crate::source::{FileId, Root, Source, Sources};

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
