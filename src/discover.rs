//! From paths to sources and back: the one place that touches the file system.

mod classify;
mod write;

pub use write::{WriteError, write};

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::WalkBuilder;

use crate::config::{self, Settings};
use crate::source::{FileId, FileKind, MAX_FILE_SIZE, Source, Sources};

/// All that was found below the paths of a run.
#[derive(Debug, Default)]
pub struct Found {
    /// The files that were read.
    pub sources: Sources,
    /// Where each file really is, with links resolved.
    pub files: BTreeMap<FileId, PathBuf>,
    /// The trees that the files lie in, as [`Settings::trees`] takes them.
    pub trees: Vec<String>,
    /// The files that were named one by one, by their displayed paths, if no directory was named.
    pub only: Option<Vec<String>>,
    /// What could not be read, each a sentence; the rest was read all the same.
    pub problems: Vec<String>,
}

/// Reads the trees of some paths: of a directory, all below it; of a file, the project around it.
///
/// # Errors
/// If a path does not exist or cannot be entered, or if there is nothing to lint; the message says what to do.
pub fn read(paths: &[PathBuf]) -> Result<Found, String> {
    let mut found = Found::default();
    let mut only = BTreeSet::new();
    let mut directories = Vec::new();
    for path in paths {
        let kind =
            fs::metadata(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
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
    let base = std::env::current_dir().and_then(|it| it.canonicalize()).unwrap_or_default();
    let mut roots: Vec<PathBuf> = directories.iter().map(|it| canonical(it)).collect::<Result<_, _>>()?;
    roots.sort();
    roots.dedup();
    let nested: Vec<PathBuf> = roots.clone();
    roots.retain(|root| !nested.iter().any(|other| root != other && root.starts_with(other)));
    for root in &roots {
        read_tree(root, &base, &only, &mut found)?;
    }
    let every_path_is_a_file = paths.len() == only.len() && !only.is_empty();
    if !only.is_empty() {
        let named = found.files.iter().filter(|(_, path)| only.contains(*path));
        let named: Vec<String> = named.map(|(id, _)| found.sources.get(*id).path.clone()).collect();
        if every_path_is_a_file {
            found.only = Some(named);
        }
    }
    let names: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    let nothing_asked_for = found.only.as_ref().is_some_and(Vec::is_empty);
    let nothing = !found.sources.iter().any(|(_, source)| source.kind != FileKind::Launcher);
    if (nothing || nothing_asked_for) && found.problems.is_empty() {
        return Err(format!(
            "nothing to lint in {}: no nginx, Gunicorn or systemd configuration was found there",
            names.join(", ")
        ));
    }
    Ok(found)
}

/// The configuration for a run: the file that was named, else the nearest `hoplint.toml` or `pyproject.toml` with a
/// `[tool.hoplint]` table in the directory or above it.
///
/// # Errors
/// If the file cannot be read or means nothing.
pub fn settings(named: Option<&Path>, paths: &[PathBuf]) -> Result<Settings, String> {
    let fault =
        |path: &Path, error: String| format!("the configuration `{}` is wrong: {error}", path.display());
    let text =
        |path: &Path| text_of(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()));
    if let Some(path) = named {
        let text = text(path)?;
        if path.file_name().is_some_and(|name| name == "pyproject.toml") {
            let settings = config::from_pyproject(&text).map_err(|error| fault(path, error))?;
            return settings.ok_or_else(|| format!("`{}` has no [tool.hoplint] table", path.display()));
        }
        return config::from_hoplint_toml(&text).map_err(|error| fault(path, error));
    }
    let Some(start) = paths.first().and_then(|path| path.canonicalize().ok()) else {
        return Ok(Settings::default());
    };
    for directory in start.ancestors().filter(|it| it.is_dir()) {
        let own = directory.join("hoplint.toml");
        if own.is_file() {
            return config::from_hoplint_toml(&text(&own)?).map_err(|error| fault(&own, error));
        }
        let pyproject = directory.join("pyproject.toml");
        if pyproject.is_file() {
            let settings = config::from_pyproject(&text(&pyproject)?);
            if let Some(settings) = settings.map_err(|error| fault(&pyproject, error))? {
                return Ok(settings);
            }
        }
        if directory.join(".git").exists() {
            break;
        }
    }
    Ok(Settings::default())
}

fn canonical(path: &Path) -> Result<PathBuf, String> {
    path.canonicalize().map_err(|error| format!("cannot read `{}`: {error}", path.display()))
}

/// The directory that a file belongs to: the nearest one with a configuration of hoplint's or a `.git`, else its own.
fn project_of(file: &Path) -> PathBuf {
    let own = file.parent().unwrap_or(file);
    let is_project = |directory: &&Path| {
        directory.join("hoplint.toml").is_file()
            || directory.join(".git").exists()
            || text_of(&directory.join("pyproject.toml")).is_ok_and(|text| text.contains("[tool.hoplint"))
    };
    own.ancestors().find(is_project).unwrap_or(own).to_owned()
}

fn endless_ignore(directory: &str) -> String {
    format!("cannot read `{directory}`: its list of files to ignore is a pipe or a device")
}

/// Reads all of a tree that is worth reading, in the order of the paths.
fn read_tree(root: &Path, base: &Path, only: &BTreeSet<PathBuf>, found: &mut Found) -> Result<(), String> {
    let tree = shown(root, base);
    found.trees.push(if tree.is_empty() { tree } else { format!("{}/", tree.trim_end_matches('/')) });
    if let Some(directory) = root.ancestors().find(|it| has_endless_ignore(it)) {
        return Err(endless_ignore(&shown(directory, base)));
    }
    let left_out: Arc<Mutex<Vec<PathBuf>>> = Arc::default();
    let note = Arc::clone(&left_out);
    let walk = WalkBuilder::new(root)
        .hidden(false)
        .git_global(false)
        .require_git(false)
        .filter_entry(move |entry| {
            if matches!(entry.file_name().to_str(), Some(".git" | "node_modules")) {
                return false;
            }
            let is_endless =
                entry.file_type().is_some_and(|it| it.is_dir()) && has_endless_ignore(entry.path());
            if is_endless {
                note.lock().unwrap_or_else(PoisonError::into_inner).push(entry.path().to_owned());
            }
            !is_endless
        })
        .sort_by_file_name(std::cmp::Ord::cmp)
        .build();
    let (mut files, mut links) = (Vec::new(), Vec::new());
    for entry in walk {
        match entry {
            Ok(entry) => match entry.file_type() {
                Some(kind) if kind.is_file() => files.push(entry.into_path()),
                Some(kind) if kind.is_symlink() => links.push(entry.into_path()),
                _ => {}
            },
            Err(error) => found.problems.push(format!("cannot read {error}")),
        }
    }
    for directory in left_out.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        found.problems.push(endless_ignore(&shown(directory, base)));
    }
    // A file that was named is read even where the walk leaves it out.
    files.extend(only.iter().filter(|path| path.starts_with(root)).cloned());
    files.sort();
    files.dedup();
    let mut read_files: BTreeMap<PathBuf, FileId> = BTreeMap::new();
    let mut later = Vec::new();
    for path in files {
        let Some(kinds) = classify::by_name(&path) else {
            later.push(path);
            continue;
        };
        if let Some(id) = read_file(&path, base, |text| classify::by_content(&path, kinds, text), found) {
            read_files.insert(path, id);
        }
    }
    // A Gunicorn configuration of any name is found by the command line that names it.
    let named = classify::names_of_configurations(&found.sources);
    for path in later {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if named.contains(name)
            && let Some(id) = read_file(&path, base, classify::if_gunicorn, found)
        {
            read_files.insert(path, id);
        }
    }
    for link in links {
        let target = link.canonicalize().ok();
        let is_below = |target: &PathBuf| target.starts_with(root) && target.is_dir();
        match target.as_ref().and_then(|target| read_files.get(target)) {
            Some(id) => found.sources.link(shown(&link, base), *id),
            None if target.as_ref().is_some_and(is_below) => {}
            None => found.sources.unread_link(shown(&link, base)),
        }
    }
    Ok(())
}

fn read_file(
    path: &Path,
    base: &Path,
    kind: impl Fn(&str) -> Option<FileKind>,
    found: &mut Found,
) -> Option<FileId> {
    let bytes = match bytes_of(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            found.problems.push(format!("cannot read `{}`: {error}", shown(path, base)));
            return None;
        }
    };
    let kind = kind(&String::from_utf8_lossy(&bytes))?;
    if bytes.len() as u64 > kind.max_size() {
        found.problems.push(format!("cannot read `{}`: {}", shown(path, base), too_large(kind.max_size())));
        return None;
    }
    let id = found.sources.add(Source::new(shown(path, base), kind, bytes));
    found.files.insert(id, path.to_owned());
    Some(id)
}

/// The bytes of a file that is not too large to be configuration.
fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_FILE_SIZE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_SIZE {
        return Err(io::Error::other(too_large(MAX_FILE_SIZE)));
    }
    Ok(bytes)
}

fn too_large(limit: u64) -> String {
    format!("it is larger than {} MiB, which no configuration is", limit / (1024 * 1024))
}

/// The text of a file that is one: a pipe or a device may have no end.
fn text_of(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    String::from_utf8(bytes_of(path)?).map_err(io::Error::other)
}

/// Whether a directory has a list of files to ignore that is a pipe or a device, which the walk would read without end.
fn has_endless_ignore(directory: &Path) -> bool {
    let is_endless =
        |name: &str| fs::metadata(directory.join(name)).is_ok_and(|it| !it.is_file() && !it.is_dir());
    [".gitignore", ".ignore", ".git/info/exclude"].into_iter().any(is_endless)
}

/// A path as it is shown: relative to where the run began, if it lies below it.
fn shown(path: &Path, base: &Path) -> String {
    let inside = path.strip_prefix(base).unwrap_or(path);
    let mut text = String::new();
    for component in inside.components() {
        match component {
            Component::RootDir => text.push('/'),
            other => {
                if !text.is_empty() && !text.ends_with('/') {
                    text.push('/');
                }
                text.push_str(&other.as_os_str().to_string_lossy());
            }
        }
    }
    text
}
