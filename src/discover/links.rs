//! Symbolic links: other paths by which what was read is there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::classify;
use super::tree::Tree;
use crate::source::{FileId, Sources};

/// How many files are known by other paths because links lead to directories around them.
const MAX_FILES: usize = 100_000;

/// The links by whose names the files may be known that they lead to, by these files.
pub(super) fn names(links: &[PathBuf], tree: &Tree) -> BTreeMap<PathBuf, Vec<PathBuf>> {
    let mut names: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for link in links.iter().filter(|link| classify::by_name(link).is_some()) {
        let target = link.canonicalize().ok().filter(|it| it.starts_with(tree.root) && it.is_file());
        if let Some(target) = target {
            names.entry(target).or_default().push(link.clone());
        }
    }
    names
}

/// Notes the links of a tree: those to files that were read, to directories with such files, to /dev/null, and the rest, of
/// which it is not known what lies there.
pub(super) fn read(links: &[PathBuf], tree: &Tree, files: &BTreeMap<PathBuf, FileId>, sources: &mut Sources) {
    let mut left = MAX_FILES;
    for link in links {
        if fs::read_link(link).is_ok_and(|target| target == Path::new("/dev/null")) {
            sources.null_link(tree.shown(link));
            continue;
        }
        let target = link.canonicalize().ok().filter(|target| target.starts_with(tree.root));
        match target.as_ref().and_then(|target| files.get(target)) {
            Some(id) => sources.link(tree.shown(link), *id),
            // A link to a directory around itself tells nothing new.
            None if target.as_ref().is_some_and(|it| it.is_dir() && link.starts_with(it)) => {}
            None => match target.filter(|target| target.is_dir()) {
                Some(target) => {
                    let below =
                        files.range(target.clone()..).take_while(|(path, _)| path.starts_with(&target));
                    let below: Vec<_> = below.take(left).collect();
                    left -= below.len();
                    for (path, id) in below {
                        let inside = path.strip_prefix(&target).unwrap_or(path);
                        sources.link(tree.shown(&link.join(inside)), *id);
                    }
                    if left == 0 {
                        sources.unread_link(tree.shown(link));
                    }
                }
                None => sources.unread_link(tree.shown(link)),
            },
        }
    }
}
