//! What the configuration says of files and directories, held against those that are there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::Settings;
use crate::resolve::paths::glob_matches;

/// Says what is wrong with what a configuration says of directories and files: those that are not there. `directory` is where
/// it lies.
///
/// # Errors
/// If something is wrong; the message has its line.
pub(super) fn judge(settings: &Settings, directory: &Path) -> Result<(), String> {
    let at = |key: String, why: String| {
        let place = settings.origins.get(&key).map(|place| format!("{place}: ")).unwrap_or_default();
        format!("{place}{why}")
    };
    for (number, stack) in settings.stacks.iter().enumerate() {
        let (root, key) = (stack.root.as_str(), format!("stack.{number}"));
        let of_root = |why: String| at(format!("{key}.root"), why);
        if settings.stacks[..number].iter().any(|other| plain(&other.root) == plain(root)) {
            return Err(of_root(format!("two [[stack]] have the root `{root}`")));
        }
        if !leads_to_directory(directory, plain(root)) {
            return Err(of_root(format!("no directory is called `{root}`, the root of a [[stack]]")));
        }
        for (machine, place) in &stack.paths {
            if !directory.join(plain(place)).exists() {
                let why = format!("there is no `{place}`, where `{machine}` is said to lie");
                return Err(at(format!("{key}.paths.{machine}"), why));
            }
        }
    }
    Ok(())
}

/// Whether a pattern of directories names this one.
pub(super) fn names(pattern: &str, directory: &str) -> bool {
    let parts = |path: &str| -> Vec<String> {
        let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
        parts.map(str::to_owned).collect()
    };
    let (pattern, directory) = (parts(pattern), parts(directory));
    pattern.len() == directory.len()
        && pattern.iter().zip(&directory).all(|(part, name)| glob_matches(part.as_bytes(), name.as_bytes()))
}

fn plain(path: &str) -> &str {
    path.trim_start_matches("./").trim_end_matches('/')
}

/// Whether a pattern of directories names one that is there.
fn leads_to_directory(directory: &Path, pattern: &str) -> bool {
    let mut here = vec![directory.to_owned()];
    for part in pattern.split('/').filter(|part| !part.is_empty() && *part != ".") {
        let below = |directory: &PathBuf| -> Vec<PathBuf> {
            let entries = fs::read_dir(directory).into_iter().flatten().flatten();
            let fits = |name: &std::ffi::OsStr| {
                name.to_str().is_some_and(|name| glob_matches(part.as_bytes(), name.as_bytes()))
            };
            entries.filter(|entry| fits(&entry.file_name())).map(|entry| entry.path()).collect()
        };
        here = here.iter().flat_map(below).filter(|path| path.is_dir()).collect();
    }
    !here.is_empty()
}
