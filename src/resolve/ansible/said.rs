//! What the other files of a stack say of variables: playbooks, tasks, inventories, command lines.
//!
//! Where such a file names a variable as a key, in whatever form, it may set it. How far that reaches (which hosts, which
//! play, from which task on) is not worked out: what such a variable stands for is not known.

use std::collections::{BTreeMap, BTreeSet};

use super::files::{self, Of};
use super::{is_name, is_plain};
use crate::source::{FileId, FileKind, Sources};
use crate::syntax::compose::{self, Node, NodeKind, Tree};

/// What the files of a stack say of variables beside roles and inventories.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// The names that a file uses as keys, for each file that is none of a role's `defaults` or an inventory's variables.
    /// With each whether it is one word wherever it stands.
    keys: BTreeMap<String, BTreeMap<String, bool>>,
    /// The names that differ from task to task in a role, by its directory; in the rest under an empty one.
    unsteady: BTreeMap<String, BTreeSet<String>>,
}

impl Said {
    /// What the files of a stack say. `roles` are the directories of its roles.
    pub(super) fn new(files: &[FileId], sources: &Sources, roles: &BTreeSet<String>) -> Said {
        let mut said = Said::default();
        let mut plays: BTreeMap<String, usize> = BTreeMap::new();
        for id in files.iter().filter(|id| sources.get(**id).kind == FileKind::Launcher) {
            let source = sources.get(*id);
            let path = source.path.as_str();
            let is_of_role =
                |folder: &str| files::directory(path, folder).filter(|role| roles.contains(*role));
            let is_default = is_of_role("defaults").is_some();
            if is_default || files::of(path) == Some(Of::Inventory) || describes(path) {
                continue;
            }
            // A script or a list of commands may hand variables to a playbook.
            if files::is_data(path) || source.text.contains("ansible") {
                said.keys.insert(path.to_owned(), keys(&source.text));
            }
            if !files::is_yaml(path) || is_of_role("vars").is_some() {
                continue;
            }
            let role = is_of_role("tasks").or_else(|| is_of_role("handlers"));
            let mut of_tasks = Tasks::default();
            of_tasks.read(*id, &source.text);
            for name in of_tasks.plays {
                *plays.entry(name).or_default() += 1;
            }
            said.unsteady.entry(role.unwrap_or_default().to_owned()).or_default().extend(of_tasks.tasks);
        }
        // Several plays give the same name to several hosts, each a value of its own.
        let several = plays.into_iter().filter(|(_, times)| *times > 1).map(|(name, _)| name);
        said.unsteady.entry(String::new()).or_default().extend(several);
        said
    }

    /// Whether a file names a variable as a key that is none of those that say what variables usually are: of the role in a
    /// directory, or of inventories.
    pub(super) fn is_key(&self, name: &str, role: Option<&str>) -> bool {
        self.all(name, role).next().is_some()
    }

    fn all(&self, name: &str, role: Option<&str>) -> impl Iterator<Item = bool> {
        let is_own = move |path: &str| role.is_some_and(|role| files::directory(path, "vars") == Some(role));
        let others = self.keys.iter().filter(move |(path, _)| !is_own(path));
        others.filter_map(move |(_, keys)| keys.get(name).copied())
    }

    /// Whether a file as [`is_key`](Said::is_key) means it may give a variable something else than one word.
    pub(super) fn may_be_several(&self, name: &str, role: Option<&str>) -> bool {
        self.all(name, role).any(|is_word| !is_word)
    }

    /// Whether a variable may be something else at another task of a role, or outside of roles in another play.
    pub(super) fn is_unsteady(&self, name: &str, role: Option<&str>) -> bool {
        self.unsteady.get(role.unwrap_or_default()).is_some_and(|names| names.contains(name))
    }
}

/// Whether a file only says which variables there are.
fn describes(path: &str) -> bool {
    path.rsplit('/').next().unwrap_or_default().starts_with("argument_specs.")
}

/// The words of a text that stand before a `:` or a `=`, with or without quotes around them, each with whether one word
/// stands behind it wherever it does so. None of remarks.
fn keys(text: &str) -> BTreeMap<String, bool> {
    let mut keys = BTreeMap::new();
    for line in text.split('\n').filter(|line| !line.trim_start().starts_with(['#', ';'])) {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut start = None;
        for (at, c) in line.char_indices().chain([(line.len(), '\n')]) {
            if is_part(c) {
                start.get_or_insert(at);
                continue;
            }
            let Some(from) = start.take() else { continue };
            let behind = line[at..].trim_start_matches(['"', '\'', '\\', ' ', '\t']);
            let value = behind.strip_prefix(':').or_else(|| behind.strip_prefix('='));
            let Some(value) = value.filter(|it| !it.starts_with('=') && is_name(&line[from..at])) else {
                continue;
            };
            let is_word = is_word(value, behind.starts_with('='));
            *keys.entry(line[from..at].to_owned()).or_insert(true) &= is_word;
        }
    }
    keys
}

/// Whether what stands behind a key is one word that is no option: `3`, `"3"`, `3, b: 4}`, and `3 b=4` behind a `=`.
fn is_word(value: &str, is_equation: bool) -> bool {
    let value = value.trim();
    let value = match is_equation {
        true => {
            let mut words = value.split_whitespace();
            let first = words.next().unwrap_or_default();
            if words.all(|word| word.contains('=')) { first } else { value }
        }
        false => value.split([',', '}']).next().unwrap_or_default().trim(),
    };
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let value = match quote {
        Some(quote) => value[1..].strip_suffix(quote).unwrap_or_default(),
        None => value,
    };
    !value.is_empty() && !value.starts_with('-') && is_plain(value)
}

/// What tasks and plays give names to.
#[derive(Default)]
struct Tasks {
    tasks: BTreeSet<String>,
    plays: BTreeSet<String>,
}

impl Tasks {
    fn read(&mut self, file: FileId, text: &str) {
        let tree = compose::parse(file, text).tree;
        if tree.is_partial() || text.contains("\n---") {
            // All that it names may be set by a part of it that is not seen.
            self.tasks.extend(keys(text).into_keys());
            return;
        }
        let Some(root) = tree.root() else { return };
        let plays: Vec<&Node> = match &root.kind {
            NodeKind::Sequence(items) => items.iter().map(|id| tree.get(*id)).collect(),
            _ => vec![root],
        };
        for play in plays {
            let is_play = tree.value(play, "hosts").is_some();
            for (name, value) in tree.entries(play) {
                let node = tree.get(value);
                match name {
                    "vars" if is_play => {
                        self.plays.extend(tree.entries(node).into_iter().map(|(name, _)| name.to_owned()));
                    }
                    _ => self.entry(&tree, name, node, 0),
                }
            }
        }
    }

    /// What an entry of a task or a play gives names to, and what stands in it.
    fn entry(&mut self, tree: &Tree, name: &str, node: &Node, depth: usize) {
        const SETTING: [&str; 9] = [
            "vars",
            "set_fact",
            "include",
            "include_tasks",
            "import_tasks",
            "include_role",
            "import_role",
            "include_vars",
            "extra_vars",
        ];
        const BINDING: [&str; 3] = ["loop_var", "index_var", "register"];
        if depth > MAX_DEPTH {
            return;
        }
        let module = name.rsplit('.').next().unwrap_or_default();
        if SETTING.contains(&module) {
            self.tasks.extend(tree.entries(node).into_iter().map(|(name, _)| name.to_owned()));
            self.tasks.extend(node.text().map(keys).unwrap_or_default().into_keys());
        }
        if BINDING.contains(&module) {
            self.tasks.extend(node.text().map(str::to_owned));
        }
        for item in node.items() {
            self.entry(tree, "", tree.get(*item), depth + 1);
        }
        for (name, value) in tree.entries(node) {
            self.entry(tree, name, tree.get(value), depth + 1);
        }
    }
}

/// How deep tasks are followed into their blocks. Nobody nests them deeper.
const MAX_DEPTH: usize = 16;

/// The directories of the roles that some files belong to.
pub(super) fn roles(files: &[FileId], sources: &Sources) -> BTreeSet<String> {
    // A directory that has one of these is a role, or is laid out like one.
    const FOLDERS: [&str; 4] = ["defaults", "tasks", "handlers", "meta"];
    let mut roles = BTreeSet::new();
    for id in files {
        let path = sources.get(*id).path.as_str();
        let main = path.rsplit('/').next().is_some_and(|name| name.starts_with("main."));
        if let Some(role) = files::role_by_place(path) {
            roles.insert(role.to_owned());
        }
        let of = FOLDERS.iter().find_map(|folder| files::directory(path, folder));
        roles.extend(of.filter(|_| main).map(str::to_owned));
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_all_their_forms() {
        for (text, expected) in [
            ("a: 1\n", "a"),
            ("  - {a: 1, \"b\": '2'}\n", "a b"),
            ("x a=1 b=2\n", "a b"),
            ("-e '{\\\"a\\\": 1}'\n", "a"),
            ("a: \"3 --timeout 10\"\n", "a?"),
            ("a=3 --timeout 10\n", "a?"),
            ("a:\n  - 1\n", "a?"),
            ("a: '{{ b }}'\nc: --x\n", "a? c?"),
            ("a: 1\na: 1 2\n", "a?"),
            ("# a: 1\n; b=1\nwhen: x == 1\nc == 2\n", "when?"),
        ] {
            let keys = keys(text).into_iter().map(|(name, is_word)| if is_word { name } else { name + "?" });
            assert_eq!(keys.collect::<Vec<_>>().join(" "), expected, "{text}");
        }
    }
}
