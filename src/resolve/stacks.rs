//! Which files meet on one machine.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::{glob_matches, template_free};
use crate::source::{FileId, Root, Sources};
use crate::value::Globs;

/// Files that meet on one machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// The directory that they lie in: empty, or ending in `/`.
    pub root: String,
    /// The files, in the order of their paths. Some may lie elsewhere, and some belong to other stacks too.
    pub files: Vec<FileId>,
    /// Where directories and files of the machine lie, each by its absolute path there; `None` for what lies outside of what
    /// was read.
    pub places: Vec<(String, Option<String>)>,
    /// Something of it that is there and cannot be read.
    pub unread: Option<String>,
    /// The links in it that lead to nothing that was read.
    pub links: Vec<String>,
    /// Configuration files of Gunicorn's default name that are there, were not read into it, and may be its own: those that
    /// nothing was read of, and those of what lies around it or in it.
    pub elsewhere: Vec<String>,
}

/// Machines that are named.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// Their directories, from the directory of the configuration; `*` stands for one component.
    pub root: String,
    /// Files elsewhere that belong to each of them too.
    pub include: Globs,
    /// Files below `root` that do not.
    pub exclude: Globs,
    /// Directories and files of the machine by their absolute paths, with where they lie.
    pub paths: Vec<(String, String)>,
}

/// Where the files of one stack lie, and whether this is what is left of a tree beside the stacks that are named.
type Home = (String, bool);

/// Divides files into stacks.
///
/// Each tree is a stack, but a directory in it that holds an `etc/` tree is one of its own, and so is every directory
/// that is named. A tree that lies in such a directory is part of it. What a named stack includes, what lies where one
/// of its paths leads, and what a link in a stack leads to belongs to that stack as well, and no longer to what is left.
pub fn stacks(sources: &Sources, trees: &[Root], named: &[Named]) -> Vec<Stack> {
    let mut files: Vec<(&str, FileId)> =
        sources.iter().map(|(id, source)| (source.path.as_str(), id)).collect();
    files.sort_unstable();
    let ground = Ground::new(sources, &files, trees, named);
    let mut members: BTreeMap<Home, BTreeSet<&str>> = BTreeMap::new();
    let mut roots: BTreeMap<String, usize> = BTreeMap::new();
    let mut loose: BTreeMap<&str, Home> = BTreeMap::new();
    for (path, _) in &files {
        let home = ground.home(path);
        if let Some(at) = home.named {
            roots.insert(home.root.into(), at);
        }
        if home.is_loose {
            loose.insert(path, home.key());
        }
        members.entry(home.key()).or_default().insert(path);
    }
    let mut moved: BTreeSet<&str> = BTreeSet::new();
    for (root, at) in &roots {
        let named = &named[*at];
        let tree = ground.tree_of(root);
        for (path, _) in &files {
            let Some(configured) = ground.configured(path).filter(|_| ground.tree_of(path) == tree) else {
                continue;
            };
            if named.takes(&configured) {
                let is_new = members.entry((root.clone(), false)).or_default().insert(path);
                moved.extend(is_new.then_some(*path));
            }
        }
        // A place may be a link to a directory.
        let links = sources.links().filter(|(link, _)| {
            ground.tree_of(link) == tree && ground.configured(link).is_some_and(|it| named.takes(&it))
        });
        for (_, id) in links {
            let path = sources.get(id).path.as_str();
            let is_new = members.entry((root.clone(), false)).or_default().insert(path);
            moved.extend(is_new.then_some(path));
        }
    }
    for (link, id) in sources.links() {
        let (home, path) = (ground.home(link), sources.get(id).path.as_str());
        if !home.is_loose {
            let is_new = members.entry(home.key()).or_default().insert(path);
            moved.extend(is_new.then_some(path));
        }
    }
    for path in moved {
        if let Some(left) = loose.get(path).and_then(|home| members.get_mut(home)) {
            left.remove(path);
        }
    }
    let by_path: BTreeMap<&str, FileId> = files.iter().copied().collect();
    let stacks =
        members.into_iter().filter(|(_, paths)| !paths.is_empty()).map(|((root, is_left), paths)| {
            let of = roots.get(&root).filter(|_| !is_left).map(|at| &named[*at]);
            Stack {
                files: paths.iter().filter_map(|path| by_path.get(path).copied()).collect(),
                places: of.map(|of| ground.places(of, &root, sources)).unwrap_or_default(),
                unread: ground.unread(sources, of, &root),
                links: ground.links(of, &(root.clone(), is_left)),
                elsewhere: ground.elsewhere(&paths, &(root.clone(), is_left)),
                root,
            }
        });
    stacks.collect()
}

impl Named {
    /// Whether a file belongs to it though it may lie elsewhere.
    fn takes(&self, path: &str) -> bool {
        let leads_to = |place: &str| {
            path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let is_there =
            self.include.matches(path) || self.paths.iter().any(|(_, place)| leads_to(plain(place)));
        is_there && !self.exclude.matches(path)
    }
}

/// A path of the configuration without what says nothing.
fn plain(path: &str) -> &str {
    path.trim_start_matches("./").trim_end_matches('/')
}

/// What is needed to say where a path belongs.
struct Ground<'a> {
    trees: &'a [Root],
    whole: Root,
    named: &'a [Named],
    hosts: BTreeSet<String>,
    /// The links that lead to nothing that was read, and where they belong.
    links: Vec<(&'a str, Where<'a>)>,
    /// Configuration files of Gunicorn's default name, and where they belong.
    defaults: Vec<(&'a str, Where<'a>)>,
}

/// Where a path belongs.
struct Where<'a> {
    root: &'a str,
    named: Option<usize>,
    /// Whether it belongs to no machine in particular.
    is_loose: bool,
}

impl Where<'_> {
    fn key(&self) -> Home {
        (self.root.into(), self.named.is_none())
    }

    fn is_of(&self, home: &Home) -> bool {
        self.root == home.0 && self.named.is_none() == home.1
    }
}

impl<'a> Ground<'a> {
    fn new(
        sources: &'a Sources,
        files: &[(&'a str, FileId)],
        trees: &'a [Root],
        named: &'a [Named],
    ) -> Ground<'a> {
        let whole = Root::default();
        let (hosts, links, defaults) = (BTreeSet::new(), Vec::new(), Vec::new());
        let mut ground = Ground { trees, whole, named, hosts, links, defaults };
        let paths = files.iter().map(|(path, _)| *path).chain(sources.links().map(|(path, _)| path));
        let hosts = paths.filter_map(|path| etc_root(path, ground.tree_of(path).path.len()));
        ground.hosts = hosts.map(str::to_owned).collect();
        let there = |path: &'a str| (path, ground.home(path));
        let links = sources.unread_links().map(there).collect();
        let read = files.iter().map(|(path, _)| *path);
        let all = read.chain(sources.unread_links()).chain(sources.configurations());
        let is_default =
            |path: &&str| template_free(path.rsplit('/').next().unwrap_or(path)) == "gunicorn.conf.py";
        let defaults = all.filter(is_default).map(there).collect();
        (ground.links, ground.defaults) = (links, defaults);
        ground
    }

    fn tree_of(&self, path: &str) -> &Root {
        let around = self.trees.iter().filter(|tree| path.starts_with(tree.path.as_str()));
        around.max_by_key(|tree| tree.path.len()).unwrap_or(&self.whole)
    }

    /// The path of a file as the configuration would write it.
    fn configured(&self, path: &str) -> Option<String> {
        let tree = self.tree_of(path);
        Some(format!("{}{}", tree.below, path.strip_prefix(tree.path.as_str())?))
    }

    fn home<'b>(&self, path: &'b str) -> Where<'b> {
        let tree = self.tree_of(path);
        let length = tree.path.len().min(path.len());
        let configured = self.configured(path).unwrap_or_default();
        let roots = self.named.iter().enumerate().filter_map(|(at, named)| {
            let root = leading(&configured, &named.root)?;
            (!named.exclude.matches(&configured)).then_some((root.len(), std::cmp::Reverse(at)))
        });
        if let Some((root, at)) = roots.max() {
            // A directory that reaches beyond the tree is all of it.
            let inside = root.saturating_sub(tree.below.len());
            return Where { root: &path[..length + inside], named: Some(at.0), is_loose: false };
        }
        match host_root(path, &self.hosts) {
            Some(root) => Where { root, named: None, is_loose: false },
            None => Where { root: &path[..length], named: None, is_loose: true },
        }
    }

    /// Where the directories and files of the machine lie, as paths are shown.
    fn places(&self, named: &Named, root: &str, sources: &Sources) -> Vec<(String, Option<String>)> {
        let tree = self.tree_of(root);
        let is_read = |place: &String| {
            let is_around = |link: &str| {
                place.strip_prefix(link).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            !sources.unread_links().any(is_around)
        };
        let shown = |place: &str| {
            let inside = plain(place).strip_prefix(tree.below.trim_end_matches('/'))?;
            let is_whole = tree.below.is_empty() || inside.is_empty() || inside.starts_with('/');
            is_whole.then(|| format!("{}{}", tree.path, inside.trim_start_matches('/'))).filter(is_read)
        };
        let mut places: Vec<_> = named
            .paths
            .iter()
            .map(|(machine, place)| (machine.trim_end_matches('/').to_owned(), shown(place)))
            .collect();
        places.sort();
        places
    }

    /// The links of a stack that lead to nothing that was read.
    fn links(&self, named: Option<&Named>, home: &Home) -> Vec<String> {
        let is_own = |(link, there): &&(&str, Where<'_>)| {
            there.is_of(home)
                || named.is_some_and(|named| self.configured(link).is_some_and(|it| named.takes(&it)))
        };
        self.links.iter().filter(is_own).map(|(link, _)| (*link).to_owned()).collect()
    }

    /// Configuration files of Gunicorn's default name that are not among the files of a stack, and that may be: those that
    /// belong to no machine in particular, or to one around it or in it.
    fn elsewhere(&self, files: &BTreeSet<&str>, home: &Home) -> Vec<String> {
        let tree = self.tree_of(&home.0);
        let may_be = |(path, there): &&(&str, Where<'_>)| {
            let is_near = there.root.starts_with(home.0.as_str()) || home.0.starts_with(there.root);
            (there.is_loose || is_near) && self.tree_of(path) == tree && !files.contains(path)
        };
        let mut found: Vec<String> =
            self.defaults.iter().filter(may_be).map(|(path, _)| (*path).to_owned()).collect();
        found.sort();
        found.dedup();
        found
    }

    /// Something that cannot be read and belongs to a stack, or may.
    fn unread(&self, sources: &Sources, named: Option<&Named>, root: &str) -> Option<String> {
        let reaches_out = named.is_some_and(|it| !it.include.is_empty() || !it.paths.is_empty());
        let tree = self.tree_of(root);
        let unread = sources.unread().iter();
        let mut unread = unread
            .filter(|path| path.starts_with(root) || reaches_out && path.starts_with(tree.path.as_str()));
        unread.next().cloned()
    }
}

/// The directory before the first `etc/` below the tree: `hosts/web1/` of `hosts/web1/etc/nginx/nginx.conf`. The `etc/` of
/// `usr/local/` is one of the machine around it, and one of the files or templates of an Ansible role is the role's.
fn etc_root(path: &str, tree: usize) -> Option<&str> {
    let inside = &path[tree..];
    if inside.starts_with("etc/") {
        return None;
    }
    let above = &inside[..=inside.find("/etc/")?];
    let around = ["usr/local/", "usr/"].iter().find_map(|own| above.strip_suffix(own));
    let above = around.filter(|it| it.is_empty() || it.ends_with('/')).unwrap_or(above);
    let role = ["/files/", "/templates/"].iter().find_map(|own| above.strip_suffix(own));
    let is_role = |it: &&str| it.rsplit('/').nth(1) == Some("roles");
    let length = role.filter(is_role).map_or(above.len(), |role| role.len() + 1);
    (length > 0).then(|| &path[..tree + length])
}

/// The outermost host directory that a file lies in.
fn host_root<'a>(path: &'a str, hosts: &BTreeSet<String>) -> Option<&'a str> {
    path.match_indices('/').map(|(at, _)| &path[..=at]).find(|directory| hosts.contains(*directory))
}

/// The leading directory of a path that a pattern names: empty, or ending in `/`.
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
        let named = |root: &&str| Named { root: root.to_string(), ..Named::default() };
        let named: Vec<Named> = patterns.iter().map(named).collect();
        let tree = |text: &&str| {
            let (below, root) = text.split_once('|').unwrap_or(("", text));
            Root { path: root.into(), below: below.into() }
        };
        let stacks = stacks(&sources, &trees.iter().map(tree).collect::<Vec<_>>(), &named);
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

    fn globs(patterns: &[&str]) -> Globs {
        Globs::new(&patterns.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
    }

    /// The stacks of a tree as `ROOT: FILE...`.
    fn divided(files: &[&str], links: &[(&str, &str)], named: &[Named]) -> Vec<String> {
        let mut sources = Sources::default();
        for file in files {
            sources.add(Source::new(*file, FileKind::Nginx, Vec::new()));
        }
        for (link, to) in links {
            let id = sources.by_path(to).unwrap();
            sources.link(*link, id);
        }
        let shown = |stack: &Stack| {
            let files: Vec<&str> = stack.files.iter().map(|id| sources.get(*id).path.as_str()).collect();
            format!("{}: {}", stack.root, files.join(" "))
        };
        stacks(&sources, &[Root::default()], named).iter().map(shown).collect()
    }

    #[test]
    fn what_a_stack_includes_is_in_each_that_does_and_in_nothing_that_is_left() {
        let named = Named { root: "sites/*".into(), include: globs(&["common/"]), ..Named::default() };
        let files = ["common/a.conf", "other/b.conf", "sites/x/c.conf", "sites/y/d.conf"];
        assert_eq!(
            divided(&files, &[], &[named]),
            [
                ": other/b.conf",
                "sites/x/: common/a.conf sites/x/c.conf",
                "sites/y/: common/a.conf sites/y/d.conf"
            ]
        );
    }

    #[test]
    fn what_a_stack_excludes_is_left_beside_it() {
        let named = Named { root: ".".into(), exclude: globs(&["examples/"]), ..Named::default() };
        let files = ["a.conf", "examples/b.conf"];
        assert_eq!(divided(&files, &[], &[named]), [": a.conf", ": examples/b.conf"]);
        let outer = Named { root: "a".into(), ..Named::default() };
        let inner = Named { root: "a/b".into(), exclude: globs(&["*.old"]), ..Named::default() };
        assert_eq!(divided(&["a/b/c", "a/b/d.old"], &[], &[outer, inner]), ["a/: a/b/d.old", "a/b/: a/b/c"]);
    }

    #[test]
    fn where_the_paths_of_a_machine_lead_belongs_to_it() {
        let paths = vec![("/srv/shop".into(), "./backend/".into())];
        let named = Named { root: "web".into(), paths, ..Named::default() };
        let files = ["backend/a.py", "backend2/b.py", "web/c.conf"];
        assert_eq!(divided(&files, &[], &[named]), [": backend2/b.py", "web/: backend/a.py web/c.conf"]);
    }

    #[test]
    fn what_links_of_several_machines_lead_to_is_shared_by_them() {
        let files = ["shared/app.conf", "hosts/a/etc/x.conf", "y.conf"];
        let links = [
            ("hosts/a/etc/app.conf", "shared/app.conf"),
            ("hosts/b/etc/app.conf", "shared/app.conf"),
            ("link.conf", "hosts/a/etc/x.conf"),
        ];
        assert_eq!(
            divided(&files, &links, &[]),
            [": y.conf", "hosts/a/: hosts/a/etc/x.conf shared/app.conf", "hosts/b/: shared/app.conf"]
        );
    }
}
