//! What lies in a tree.

use std::collections::BTreeSet;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::WalkBuilder;
use rayon::prelude::*;

use super::limited::{ENDLESS, List, ignore_fault, ignore_faults};
use super::tree::Tree;
use super::{Found, classify, replace};
use crate::limits::Limits;

/// A walk through a tree that goes by its lists of files to ignore; and what is told of those at its root and above that cannot
/// be read, which are not gone by, so that the tree is read all the same.
pub(super) fn walker(root: &Path, limits: &Limits) -> (WalkBuilder, Vec<String>) {
    let mut walker = WalkBuilder::new(root);
    walker.hidden(false).git_global(false).require_git(false);
    let mut problems = Vec::new();
    for directory in root.ancestors() {
        for (list, why) in ignore_faults(directory, limits) {
            let (_, left) = match list {
                _ if directory != root => (walker.parents(false), "no such list above the tree"),
                List::Git => (walker.git_ignore(false), "no .gitignore of the tree"),
                List::Plain => (walker.ignore(false), "no .ignore of the tree"),
                List::Exclude => (walker.git_exclude(false), "no .git/info/exclude of the tree"),
            };
            problems.push(format!("`{}`: {why}, so that {left} is gone by", directory.display()));
        }
    }
    (walker, problems)
}

/// Whether a directory is one that nobody's configuration lies in.
pub(super) fn is_passed_over(entry: &ignore::DirEntry) -> bool {
    matches!(entry.file_name().to_str(), Some(".git" | "node_modules"))
}

/// What a walk through a tree came by.
#[derive(Default)]
pub(super) struct Walked {
    /// The files.
    pub(super) files: Vec<PathBuf>,
    /// The symbolic links.
    pub(super) links: Vec<PathBuf>,
    /// The files and directories that the configuration excludes.
    pub(super) excluded: BTreeSet<PathBuf>,
}

/// Walks through a tree. What cannot be read, and what bears the name of a configuration and is no file, is noted.
pub(super) fn walk(tree: &Tree, found: &mut Found) -> Walked {
    let left_out: Arc<Mutex<Vec<(PathBuf, String)>>> = Arc::default();
    let excluded: Arc<Mutex<BTreeSet<PathBuf>>> = Arc::default();
    let (note, note_excluded) = (Arc::clone(&left_out), Arc::clone(&excluded));
    let (filter, root, limits) = (tree.filter.clone(), tree.root.to_owned(), *tree.limits);
    let (mut walker, problems) = walker(tree.root, tree.limits);
    found.problems.extend(problems);
    let walk = walker
        .filter_entry(move |entry| {
            if is_passed_over(entry) {
                return false;
            }
            let is_directory = entry.file_type().is_some_and(|it| it.is_dir());
            let inside = || entry.path().strip_prefix(&root).unwrap_or(entry.path());
            if !filter.excludes_nothing() && filter.excludes(inside(), is_directory) {
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
        .build();
    let mut walked = Walked::default();
    let mut unread: Vec<(PathBuf, String)> = Vec::new();
    for entry in walk {
        match entry {
            Ok(entry) => match entry.file_type() {
                Some(kind) if kind.is_file() && replace::is_leftover(entry.path()) => {
                    found.leftovers.push(entry.into_path());
                }
                Some(kind) if kind.is_file() => walked.files.push(entry.into_path()),
                Some(kind) if kind.is_symlink() => walked.links.push(entry.into_path()),
                Some(kind) if !kind.is_dir() && classify::evident(entry.path()).is_some() => {
                    unread.push((entry.into_path(), ENDLESS.into()));
                }
                _ => {}
            },
            Err(error) => {
                let (path, why) = cause(&error);
                unread.push((path.unwrap_or(tree.root).to_owned(), why));
            }
        }
    }
    // Directories give their names in any order; who reads the files sorts them together with others.
    in_order(&mut walked.links);
    in_order(&mut found.leftovers);
    let mut left_out = std::mem::take(&mut *left_out.lock().unwrap_or_else(PoisonError::into_inner));
    for unread in [&mut unread, &mut left_out] {
        unread.sort();
        unread.iter().for_each(|(path, why)| found.note_unread(tree.shown(path), why));
    }
    walked.excluded = std::mem::take(&mut *excluded.lock().unwrap_or_else(PoisonError::into_inner));
    walked
}

/// Sorts paths as `Path` has it, name by name: a separator comes before all that may stand in a name. It does not part them into
/// names for that, as `Path` does each time.
pub(super) fn in_order(paths: &mut [PathBuf]) {
    let rank = |byte: &u8| if *byte == MAIN_SEPARATOR as u8 { 0 } else { u16::from(*byte) + 1 };
    paths.par_sort_unstable_by(|a, b| {
        let (a, b) = (a.as_os_str().as_encoded_bytes(), b.as_os_str().as_encoded_bytes());
        let alike = a.iter().zip(b).take_while(|(a, b)| a == b).count();
        a.get(alike).map(rank).cmp(&b.get(alike).map(rank))
    });
}

/// The files of a tree that are read whatever leaves them out.
pub(super) fn included(tree: &Tree) -> BTreeSet<PathBuf> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_in_the_order_of_their_names() {
        let names =
            ["a/b/c", "a-b", "a/b", "a", "a.d/b", "a/b-c/d", "a/bc", "ab/a", "a/\u{e4}", "A", "a/b/\u{1}"];
        let mut paths: Vec<PathBuf> = names.iter().map(|name| Path::new("/srv").join(name)).collect();
        let mut expected = paths.clone();
        expected.sort();
        in_order(&mut paths);
        assert_eq!(paths, expected);
    }
}
