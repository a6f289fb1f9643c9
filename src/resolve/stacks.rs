//! Which files meet on one machine.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::glob_matches;
use crate::source::{FileId, Sources};

/// Files that meet on one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// The directory that they lie in: empty, or ending in `/`.
    pub root: String,
    /// The files, in the order of their paths.
    pub files: Vec<FileId>,
}

/// Divides files into stacks.
///
/// Each tree is a stack, but a directory in it that holds an `etc/` tree is one of its own, and so is every directory
/// that one of the patterns names (relative to the tree; `*` stands for one component).
pub fn stacks(sources: &Sources, trees: &[String], patterns: &[String]) -> Vec<Stack> {
    let mut by_root: BTreeMap<String, Vec<FileId>> = BTreeMap::new();
    let mut files: Vec<(&str, FileId)> =
        sources.iter().map(|(id, source)| (source.path.as_str(), id)).collect();
    files.sort_unstable();
    let tree_of = |path: &str| {
        let tree = trees.iter().filter(|tree| path.starts_with(tree.as_str())).max_by_key(|tree| tree.len());
        tree.map_or("", String::as_str)
    };
    let hosts: BTreeSet<&str> =
        files.iter().filter_map(|(path, _)| etc_root(path, tree_of(path).len())).collect();
    for (path, id) in files {
        let tree = tree_of(path);
        let inside = &path[tree.len()..];
        let root = named_root(inside, patterns).map(|root| &path[..tree.len() + root.len()]);
        let root = root.or_else(|| host_root(path, &hosts)).unwrap_or(tree);
        by_root.entry(root.into()).or_default().push(id);
    }
    by_root.into_iter().map(|(root, files)| Stack { root, files }).collect()
}

/// The directory before the first `etc/` below the tree: `hosts/web1/` of `hosts/web1/etc/nginx/nginx.conf`.
fn etc_root(path: &str, tree: usize) -> Option<&str> {
    let inside = &path[tree..];
    if inside.starts_with("etc/") {
        return None;
    }
    inside.find("/etc/").map(|at| &path[..=tree + at])
}

/// The outermost host directory that a file lies in.
fn host_root<'a>(path: &'a str, hosts: &BTreeSet<&str>) -> Option<&'a str> {
    path.match_indices('/').map(|(at, _)| &path[..=at]).find(|directory| hosts.contains(directory))
}

/// The longest leading directory that a pattern names.
fn named_root<'a>(path: &'a str, patterns: &[String]) -> Option<&'a str> {
    patterns.iter().filter_map(|pattern| leading(path, pattern)).max_by_key(|root| root.len())
}

fn leading<'a>(path: &'a str, pattern: &str) -> Option<&'a str> {
    let mut end = 0;
    for wanted in pattern.split('/').filter(|part| !part.is_empty() && *part != ".") {
        let (component, _) = path[end..].split_once('/')?;
        if !glob_matches(wanted.as_bytes(), component.as_bytes()) {
            return None;
        }
        end += component.len() + 1;
    }
    Some(&path[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileKind, Source};

    fn roots(files: &[&str], trees: &[&str], patterns: &[&str]) -> Vec<(String, usize)> {
        let mut sources = Sources::default();
        for file in files {
            sources.add(Source::new(*file, FileKind::Nginx, Vec::new()));
        }
        let owned = |list: &[&str]| list.iter().map(|it| it.to_string()).collect::<Vec<_>>();
        let stacks = stacks(&sources, &owned(trees), &owned(patterns));
        stacks.into_iter().map(|stack| (stack.root, stack.files.len())).collect()
    }

    #[test]
    fn a_tree_is_a_stack_and_host_trees_are_their_own() {
        let files =
            ["deploy/a.conf", "hosts/web1/etc/nginx/a.conf", "hosts/web1/srv/a.py", "hosts/web2/etc/b.conf"];
        // What lies beside an `etc/` belongs to the same machine.
        assert_eq!(
            roots(&files, &[""], &[]),
            [("".into(), 1), ("hosts/web1/".into(), 2), ("hosts/web2/".into(), 1)]
        );
        assert_eq!(roots(&["etc/nginx/a.conf", "srv/a.py"], &[""], &[]), [("".into(), 2)]);
    }

    #[test]
    fn named_directories_and_trees_are_stacks() {
        let files = ["corpus/one/a.conf", "corpus/two/b.conf", "c.conf"];
        assert_eq!(
            roots(&files, &[""], &["corpus/*"]),
            [("".into(), 1), ("corpus/one/".into(), 1), ("corpus/two/".into(), 1)]
        );
        assert_eq!(roots(&files[..2], &["corpus/one/", "corpus/two/"], &[]).len(), 2);
    }
}
