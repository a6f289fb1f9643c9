//! What the configuration says of files and directories, held against those that are there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::Settings;
use crate::resolve::paths::glob_matches;
use crate::value::Globs;

/// Says what is wrong with what a configuration says of files: a pattern that is none, a directory that is not there. `text` is
/// the configuration, and `directory` where it lies, if what is read lies there too.
///
/// # Errors
/// If something is wrong; the message has its line.
pub(super) fn judge(settings: &Settings, text: &str, directory: Option<&Path>) -> Result<(), String> {
    let of_stacks = settings.stacks.iter().flat_map(|stack| stack.include.iter().chain(&stack.exclude));
    let files = &settings.files;
    let of_files = files.nginx.iter().chain(&files.gunicorn).chain(&files.systemd);
    for pattern in settings.exclude.iter().chain(&settings.include).chain(of_files).chain(of_stacks) {
        if let Some(why) = Globs::fault(pattern) {
            return Err(at(text, pattern, &format!("`{pattern}` is no pattern of files: {why}")));
        }
    }
    for (number, stack) in settings.stacks.iter().enumerate() {
        let root = stack.root.as_str();
        stays_below(root).map_err(|why| at(text, root, &format!("the root `{root}` {why}")))?;
        if settings.stacks[..number].iter().any(|other| plain(&other.root) == plain(root)) {
            return Err(at(text, root, &format!("two [[stack]] have the root `{root}`")));
        }
        if directory.is_some_and(|directory| !leads_to_directory(directory, plain(root))) {
            return Err(at(text, root, &format!("no directory is called `{root}`, the root of a [[stack]]")));
        }
        for (machine, place) in &stack.paths {
            let told = |why: &str| at(text, machine, why);
            if !machine.starts_with('/') || machine.split('/').any(|part| part == "..") {
                return Err(told(&format!(
                    "`{machine}` is no absolute path, as the machine of a stack has it"
                )));
            }
            stays_below(place).map_err(|why| told(&format!("`{place}`, where `{machine}` lies, {why}")))?;
            if directory.is_some_and(|directory| !directory.join(plain(place)).exists()) {
                return Err(told(&format!("there is no `{place}`, where `{machine}` is said to lie")));
            }
        }
    }
    Ok(())
}

/// An error with the line that a text of the configuration stands in.
fn at(text: &str, written: &str, why: &str) -> String {
    let quoted =
        |line: &str| ['"', '\''].iter().any(|quote| line.contains(&format!("{quote}{written}{quote}")));
    match text.split('\n').position(quoted) {
        Some(line) => format!("line {}: {why}", line + 1),
        None => why.to_owned(),
    }
}

fn plain(path: &str) -> &str {
    path.trim_start_matches("./").trim_end_matches('/')
}

/// Whether a path of the configuration stays below its directory.
fn stays_below(path: &str) -> Result<(), &'static str> {
    if path.is_empty() {
        Err("is empty; `.` is the directory of the configuration")
    } else if path.starts_with('/') || path.split('/').any(|part| part == "..") {
        Err("does not lie below the directory of the configuration")
    } else {
        Ok(())
    }
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
