//! Which files of a stack are units, which are drop-ins, and which only tell that a unit is wanted.

use std::collections::{BTreeMap, BTreeSet};

use super::name::{self, UnitName};
use super::unread;
use crate::model::Unresolved;
use crate::resolve::paths::template_free;
use crate::source::{FileId, Sources, Span};
use crate::syntax::Parsed;
use crate::syntax::systemd::Tree;

/// The units and drop-ins of a stack.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// The unit files that are in force, in the order of their homes and names.
    pub(super) units: Vec<UnitFile>,
    /// The drop-ins, in the order of their paths.
    pub(super) drop_ins: Vec<DropIn>,
    /// Units that a link to /dev/null masks: the home and the name.
    pub(super) masks: BTreeSet<(String, String)>,
    /// Other names that links give to units: the home, the unit's name and the other one, sorted.
    aliases: Vec<(String, String, UnitName)>,
    /// Drop-ins, and directories of them, behind links that lead to nothing that was read.
    unread: Vec<DropIn>,
    /// Units that lie in a `.wants` or `.requires` directory: the home, and the name of the unit that is wanted.
    pub(super) wanted: Vec<(String, String)>,
    /// What could not be placed.
    pub(super) unresolved: Vec<Unresolved>,
}

/// A unit file.
#[derive(Clone, Debug)]
pub(super) struct UnitFile {
    pub(super) file: FileId,
    pub(super) name: UnitName,
    pub(super) home: String,
}

/// A drop-in.
#[derive(Clone, Debug)]
pub(super) struct DropIn {
    /// The file; none where it is a link to /dev/null, which hides what it is named like.
    pub(super) file: Option<FileId>,
    /// The name of its directory: `web@.service.d`.
    pub(super) directory: String,
    /// Its own name, by which drop-ins are sorted and hide each other.
    pub(super) name: String,
    /// The home of the units that it lies beside.
    pub(super) home: String,
    /// The place of its root in systemd's search order.
    rank: usize,
}

/// The drop-ins of a unit.
#[derive(Debug, Default)]
pub(super) struct DropIns<'a> {
    /// Those that are read, in that order.
    pub(super) read: Vec<&'a DropIn>,
    /// Those that are not, since another one of the same name is, or is a link to /dev/null.
    pub(super) hidden: Vec<&'a DropIn>,
    /// Those that perhaps belong to it.
    pub(super) doubtful: Vec<&'a DropIn>,
    /// Whether there are others, which were not read.
    pub(super) unread: bool,
}

/// The directories that units are read from, the one that wins first, and a sign for all of one machine. Source:
/// systemd.unit(5), "Unit File Load Path".
const ROOTS: [(&str, &str); 10] = [
    ("etc/systemd/system", ":system"),
    ("run/systemd/system", ":system"),
    ("usr/local/lib/systemd/system", ":system"),
    ("usr/lib/systemd/system", ":system"),
    ("lib/systemd/system", ":system"),
    ("etc/systemd/user", ":user"),
    ("run/systemd/user", ":user"),
    ("usr/local/lib/systemd/user", ":user"),
    ("usr/lib/systemd/user", ":user"),
    ("lib/systemd/user", ":user"),
];

/// The endings of directories of links to units that are wanted.
const WANTED: [&str; 3] = [".wants", ".requires", ".upholds"];

/// The files that may be a unit, by its home and name, each with the rank of its root.
type Candidates = BTreeMap<(String, String), Vec<(usize, UnitFile)>>;

/// Which of the drop-ins of one name is read, the least: whether it is for all units of a type, which of the unit's names it
/// is for, its root, and how unspecific its directory is.
type Order = (bool, usize, usize, usize);

/// Sorts out the files of the stack that lies in `root`.
pub(super) fn layout(
    files: &[FileId],
    trees: &BTreeMap<FileId, Parsed<Tree>>,
    root: &str,
    sources: &Sources,
) -> Layout {
    let mut layout = Layout::default();
    let mut units = Candidates::new();
    let called = called(files, root, sources);
    for (file, tree) in files.iter().filter_map(|file| Some((*file, trees.get(file)?))) {
        let own = sources.get(file).path.as_str();
        let path = called.get(&file).copied().unwrap_or(own);
        let (directory, base) = path.rsplit_once('/').unwrap_or(("", path));
        let base = template_free(base);
        let (parent, folder) = directory.rsplit_once('/').unwrap_or(("", directory));
        if name::of_drop_in_directory(folder).is_some() && base.ends_with(".conf") {
            let (home, rank) = home(parent);
            let directory = folder.to_owned();
            layout.drop_ins.push(DropIn { file: Some(file), directory, name: base.into(), home, rank });
        } else if WANTED.iter().any(|end| folder.ends_with(end)) {
            layout.wanted.push((home(parent).0, base.into()));
        } else if let Some(name) = unit_name(base, &tree.tree) {
            let (home, rank) = home(directory);
            let unit = UnitFile { file, name: name.clone(), home: home.clone() };
            units.entry((home, name.text)).or_default().push((rank, unit));
        } else {
            layout.unresolved.push(Unresolved {
                span: Span::new(file, 0..0),
                what: path.to_owned(),
                why: "it is neither named like a unit nor does it lie in a drop-in directory".into(),
            });
        }
    }
    links(&mut layout, &mut units, sources);
    for (home, directory) in sources.unread_links().filter_map(unread::drop_ins) {
        layout.unread.push(DropIn { file: None, directory, name: String::new(), home, rank: 0 });
    }
    for (_, candidates) in units {
        // Of several roots of one machine the first wins. Two files of one rank are variants of one unit, such as the
        // file and its template: each is a unit of its own.
        let best = candidates.iter().map(|(rank, _)| *rank).min();
        layout
            .units
            .extend(candidates.into_iter().filter(|(rank, _)| Some(*rank) == best).map(|(_, unit)| unit));
    }
    layout.drop_ins.sort_by(|a, b| (&a.home, a.rank, &a.name).cmp(&(&b.home, b.rank, &b.name)));
    layout
}

/// The links that make units and drop-ins of files that are not called like any, each by its file.
fn called<'a>(files: &[FileId], root: &str, sources: &'a Sources) -> BTreeMap<FileId, &'a str> {
    let is_named = |path: &str| {
        let (directory, base) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = directory.rsplit('/').next().unwrap_or(directory);
        UnitName::parse(template_free(base)).is_some() || name::of_drop_in_directory(folder).is_some()
    };
    let files: BTreeSet<FileId> =
        files.iter().filter(|file| !is_named(&sources.get(**file).path)).copied().collect();
    let mut called = BTreeMap::new();
    for (link, file) in sources.links() {
        if link.starts_with(root) && files.contains(&file) && is_named(link) && !is_wish(link) {
            called.entry(file).or_insert(link);
        }
    }
    called
}

/// Whether a path lies in a directory of links to units that are wanted.
fn is_wish(path: &str) -> bool {
    path.rsplit('/').nth(1).is_some_and(|folder| WANTED.iter().any(|end| folder.ends_with(end)))
}

/// Notes what links to files of the stack, to /dev/null and out of the tree tell of its units.
fn links(layout: &mut Layout, units: &mut Candidates, sources: &Sources) {
    let mut homes: BTreeSet<String> = units.keys().map(|(home, _)| home.clone()).collect();
    homes.extend(layout.drop_ins.iter().map(|drop_in| drop_in.home.clone()));
    for path in sources.null_links() {
        let (directory, base) = path.rsplit_once('/').unwrap_or(("", path));
        let (parent, folder) = directory.rsplit_once('/').unwrap_or(("", directory));
        if name::of_drop_in_directory(folder).is_some() && base.ends_with(".conf") {
            let (home, rank) = home(parent);
            let directory = folder.to_owned();
            layout.drop_ins.push(DropIn { file: None, directory, name: base.into(), home, rank });
            continue;
        }
        let (home, rank) = home(directory);
        let key = (home, base.to_owned());
        let before = units.get(&key).and_then(|files| files.iter().map(|(rank, _)| *rank).min());
        if homes.contains(&key.0) && UnitName::parse(base).is_some() && before.is_none_or(|best| rank < best)
        {
            units.remove(&key);
            layout.masks.insert(key);
        }
    }
    let to_files = sources.links().map(|(path, file)| (path, Some(file)));
    for (path, file) in to_files.chain(sources.unread_links().map(|path| (path, None))) {
        let (directory, base) = path.rsplit_once('/').unwrap_or(("", path));
        let (parent, folder) = directory.rsplit_once('/').unwrap_or(("", directory));
        let (own, above) = (home(directory).0, home(parent).0);
        if WANTED.iter().any(|end| folder.ends_with(end)) && homes.contains(&above) {
            layout.wanted.push((above, base.into()));
        } else if let (Some(alias), Some(file)) = (UnitName::parse(base), file)
            && homes.contains(&own)
        {
            let target = sources.get(file).name().to_owned();
            if alias.template().as_ref() == Some(&target) {
                // `web@1.service`, a link to the template: an instance.
                layout.wanted.push((own, base.into()));
            } else {
                layout.aliases.push((own, target, alias));
            }
        }
    }
    layout.aliases.sort();
}

impl Layout {
    /// The drop-ins of a unit.
    ///
    /// They are sorted by name. Of several of one name only one is read: that of the first root, and there that of the
    /// most specific directory; a directory for all units of a type, such as `service.d`, comes last whatever its root.
    /// Seen with systemd 252.
    pub(super) fn drop_ins_of(&self, name: &UnitName, home: &str) -> DropIns<'_> {
        let mut directories: Vec<(usize, String)> = Vec::new();
        let start =
            self.aliases.partition_point(|(of, target, _)| (of.as_str(), target) < (home, &name.text));
        let aliases = self.aliases[start..].iter();
        let aliases = aliases.take_while(|(of, target, _)| of == home && *target == name.text);
        for (at, name) in [name].into_iter().chain(aliases.map(|(_, _, alias)| alias)).enumerate() {
            directories.extend(name.drop_in_directories().into_iter().map(|directory| (at, directory)));
        }
        let for_all = format!("{}.d", name.kind);
        let mut chosen: BTreeMap<&str, (Order, &DropIn)> = BTreeMap::new();
        let mut found = DropIns::default();
        for drop_in in &self.drop_ins {
            let Some(at) = directories.iter().position(|(_, it)| *it == drop_in.directory) else { continue };
            match self.belongs(drop_in, home) {
                Some(true) => {
                    let order = (drop_in.directory == for_all, directories[at].0, drop_in.rank, at);
                    let before = chosen.get(drop_in.name.as_str()).copied();
                    if before.is_none_or(|(best, _)| order < best) {
                        chosen.insert(&drop_in.name, (order, drop_in));
                        found.hidden.extend(before.map(|(_, hidden)| hidden));
                    } else {
                        found.hidden.push(drop_in);
                    }
                }
                Some(false) => {}
                None => found.doubtful.push(drop_in),
            }
        }
        let is_for_it = |drop_in: &&DropIn| directories.iter().any(|(_, it)| *it == drop_in.directory);
        found.unread =
            self.unread.iter().filter(is_for_it).any(|drop_in| self.belongs(drop_in, home) != Some(false));
        let read = |drop_in: &&DropIn| drop_in.file.is_some();
        found.read = chosen.into_values().map(|(_, drop_in)| drop_in).filter(read).collect();
        found
    }

    /// Whether a drop-in is for the units of a home: it lies there, or it names a unit that no other home has.
    fn belongs(&self, drop_in: &DropIn, home: &str) -> Option<bool> {
        if drop_in.home == home {
            return Some(true);
        }
        let unit = UnitName::parse(name::of_drop_in_directory(&drop_in.directory)?)?;
        let mut homes: Vec<&str> = self.homes_of(&unit);
        homes.sort_unstable();
        homes.dedup();
        match homes.as_slice() {
            [only] => Some(*only == home),
            several if several.contains(&drop_in.home.as_str()) || !several.contains(&home) => Some(false),
            _ => None,
        }
    }

    /// The homes that have a unit, or the template that it is made from.
    pub(super) fn homes_of(&self, unit: &UnitName) -> Vec<&str> {
        let template = unit.template();
        self.units
            .iter()
            .filter(|it| it.name.text == unit.text || Some(&it.name.text) == template.as_ref())
            .map(|it| it.home.as_str())
            .collect()
    }
}

/// Where a directory's units belong, and the directory's rank among those of one machine.
pub(super) fn home(directory: &str) -> (String, usize) {
    for (rank, (root, sign)) in ROOTS.iter().enumerate() {
        if let Some(above) = directory.strip_suffix(root)
            && (above.is_empty() || above.ends_with('/'))
            // `lib` and `usr/lib` are one directory.
            && !(root.starts_with("lib/") && above.ends_with("usr/"))
        {
            return (format!("{above}{sign}"), rank);
        }
    }
    (directory.into(), 0)
}

/// The name that a file has as a unit: its own, the one before `.example` and the like, or one by its sections.
fn unit_name(base: &str, tree: &Tree) -> Option<UnitName> {
    if let Some(name) = UnitName::parse(base) {
        return Some(name);
    }
    if [".bak", ".orig", ".old", ".disabled", "~"].iter().any(|ending| base.ends_with(ending)) {
        return None;
    }
    for ending in [".example", ".sample", ".dist", ".default", ".txt"] {
        if let Some(name) = base.strip_suffix(ending).and_then(UnitName::parse) {
            return Some(name);
        }
    }
    let has = |name: &str| tree.sections.iter().any(|section| section.name == name);
    let kind = [("Service", "service"), ("Socket", "socket"), ("Timer", "timer"), ("Path", "path")]
        .into_iter()
        .find(|(section, _)| has(section))?
        .1;
    UnitName::parse(&format!("{base}.{kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roots_of_one_machine_are_one_home() {
        for (directory, home_, rank) in [
            ("etc/systemd/system", ":system", 0),
            ("usr/lib/systemd/system", ":system", 3),
            ("lib/systemd/system", ":system", 4),
            ("hosts/web1/etc/systemd/system", "hosts/web1/:system", 0),
            ("deploy", "deploy", 0),
            ("petc/systemd/system", "petc/systemd/system", 0),
        ] {
            assert_eq!(home(directory), (home_.to_owned(), rank), "{directory}");
        }
    }
}
