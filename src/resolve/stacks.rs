//! Which files meet on one machine.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::glob_matches;
use crate::source::{FileId, Root, Sources};

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
/// that one of the patterns names (`*` stands for one component). A tree that lies in such a directory is part of it.
pub fn stacks(sources: &Sources, trees: &[Root], patterns: &[String]) -> Vec<Stack> {
    let mut by_root: BTreeMap<String, Vec<FileId>> = BTreeMap::new();
    let mut files: Vec<(&str, FileId)> =
        sources.iter().map(|(id, source)| (source.path.as_str(), id)).collect();
    files.sort_unstable();
    let whole = Root::default();
    let tree_of = |path: &str| {
        let around = trees.iter().filter(|tree| path.starts_with(tree.path.as_str()));
        around.max_by_key(|tree| tree.path.len()).unwrap_or(&whole)
    };
    let hosts: BTreeSet<&str> =
        files.iter().filter_map(|(path, _)| etc_root(path, tree_of(path).path.len())).collect();
    for (path, id) in files {
        let tree = tree_of(path);
        let named = named_root(&path[tree.path.len()..], &tree.below, patterns);
        let named = named.map(|length| &path[..tree.path.len() + length]);
        let root = named.or_else(|| host_root(path, &hosts)).unwrap_or(&tree.path);
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

/// The length of the longest leading directory that a pattern names, of a path inside a tree; none of it where the
/// directory reaches beyond the tree.
fn named_root(inside: &str, below: &str, patterns: &[String]) -> Option<usize> {
    let path = format!("{below}{inside}");
    let longest = patterns.iter().filter_map(|pattern| leading(&path, pattern)).map(str::len).max()?;
    Some(longest.saturating_sub(below.len()))
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

    /// The stacks' roots and how many files each has; a tree is written `BELOW|ROOT`, or `ROOT` alone.
    fn roots(files: &[&str], trees: &[&str], patterns: &[&str]) -> Vec<(String, usize)> {
        let mut sources = Sources::default();
        for file in files {
            sources.add(Source::new(*file, FileKind::Nginx, Vec::new()));
        }
        let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
        let tree = |text: &&str| {
            let (below, root) = text.split_once('|').unwrap_or(("", text));
            Root { path: root.into(), below: below.into() }
        };
        let stacks = stacks(&sources, &trees.iter().map(tree).collect::<Vec<_>>(), &patterns);
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

    #[test]
    fn a_pattern_means_the_same_directories_whichever_tree_is_read() {
        let files = ["one/a.conf", "two/deploy/b.conf"];
        let both = vec![("one/".into(), 1), ("two/".into(), 1)];
        assert_eq!(roots(&files, &["corpus/|"], &["corpus/*"]), both);
        assert_eq!(roots(&files, &["|"], &["*"]), both);
        assert_eq!(roots(&files, &["corpus/|"], &["*"]), [("".into(), 2)]);
        // A part of a machine, and a machine that the pattern does not name.
        assert_eq!(roots(&["x/etc/a.conf", "b.conf"], &["corpus/one/|"], &["corpus/*"]), [("".into(), 2)]);
        assert_eq!(roots(&files, &["other/|"], &["corpus/*"]), [("".into(), 2)]);
    }
}
