//! Variables of Ansible's: names in templates that stand for what the files beside them say, unless somebody says otherwise.
//!
//! A value that a role's `defaults` or `vars`, or a `group_vars` or `host_vars` gives is what a variable usually is: an
//! inventory that is not in the tree may set it, and so may a playbook. So no value becomes known by it. But two
//! expressions that are equal are so whatever the variables are.
//!
//! Source: Ansible's "Using variables", "Understanding variable precedence", and "Roles".

mod files;
mod fill;
mod said;

pub(super) use fill::{fill, is_filled_in, written};

use std::collections::{BTreeMap, BTreeSet};

use self::said::Said;
use crate::source::{FileId, FileKind, Source, Sources};

/// How deep variables are followed that stand for others, and how many values are told apart.
const MAX_DEPTH: usize = 4;
const MAX_VALUES: usize = 16;

/// What is said of variables, by their names.
type Names = BTreeMap<String, Vec<Definition>>;

/// One place that gives a variable a value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Definition {
    /// The text, which may hold expressions; `None` where it is no text, or not one that is read.
    text: Option<String>,
}

/// The variables of a stack.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// Those of each role, by its directory: empty, or ending in `/`.
    roles: BTreeMap<String, Names>,
    /// Those of groups and hosts.
    shared: Names,
    /// The directories of all roles.
    known: BTreeSet<String>,
    /// What other files say.
    said: Said,
    /// The names that templates give a meaning themselves, by their paths.
    bound: BTreeMap<String, BTreeSet<String>>,
}

/// What names mean in one template.
#[derive(Clone, Debug)]
pub(super) struct Scope<'a> {
    home: &'a str,
    own: Option<&'a Names>,
    shared: &'a Names,
    /// The directory of the role that the template is of.
    role: Option<&'a str>,
    said: &'a Said,
    /// Names that the template gives a meaning itself.
    bound: Option<&'a BTreeSet<String>>,
}

impl Variables {
    /// What the files of a stack say; nothing where none of them is a template. A machine whose files lie in a role is told by
    /// all files what its variables are.
    pub(super) fn new(root: &str, stack: &[FileId], sources: &Sources) -> Variables {
        let is_template = |id: &FileId| {
            let source = sources.get(*id);
            source.kind.is_configuration() && source.text.contains("{{")
        };
        let mut variables = Variables::default();
        if !stack.iter().any(is_template) {
            return variables;
        }
        let is_inner = files::directory(root, "templates").is_some() || files::role_by_place(root).is_some();
        let files: Vec<FileId> = match is_inner {
            true => sources.iter().map(|(id, _)| id).collect(),
            false => stack.to_vec(),
        };
        variables.known = said::roles(&files, sources);
        for id in files.iter().filter(|id| sources.get(**id).kind == FileKind::Launcher) {
            let Some(of) = files::of(&sources.get(*id).path) else { continue };
            let names = match of {
                // The `vars/` of a project are for the playbooks that name its files.
                files::Of::Role(role) if !variables.known.contains(role) => continue,
                files::Of::Role(role) => variables.roles.entry(role.to_owned()).or_default(),
                files::Of::Inventory => &mut variables.shared,
            };
            files::read(*id, &sources.get(*id).text, names);
        }
        for source in files.iter().chain(stack).map(|id| sources.get(*id)).filter(|it| it.text.contains("{%"))
        {
            if !variables.bound.contains_key(&source.path) {
                variables.bound.insert(source.path.clone(), bound(&source.text));
            }
        }
        variables.said = Said::new(&files, sources, &variables.known);
        variables
    }

    /// What names mean in a file.
    pub(super) fn scope<'a>(&'a self, source: &'a Source) -> Scope<'a> {
        let role = files::role_of_template(&source.path, &self.known);
        Scope {
            home: role.unwrap_or_else(|| files::home(&source.path)),
            own: role.and_then(|role| self.roles.get(role)),
            shared: &self.shared,
            role,
            said: &self.said,
            bound: self.bound.get(&source.path),
        }
    }
}

/// A piece of a template's text.
enum Piece<'a> {
    Text(&'a str),
    /// `{{ name }}`: what stands between the braces.
    Expression(&'a str),
}

/// A text as its pieces; `None` where a template engine does more with it than filling in expressions.
fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    loop {
        let (before, behind) = rest.split_once("{{").unwrap_or((rest, ""));
        if ["{%", "{#", "<%", "}}", "%}"].iter().any(|mark| before.contains(mark)) {
            return None;
        }
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        if before.len() == rest.len() {
            return Some(pieces);
        }
        let (inside, after) = behind.split_once("}}")?;
        pieces.push(Piece::Expression(inside.trim_matches(['-', '+']).trim()));
        rest = after;
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The names that tags of a template bind: of loops, `set`, macros and imports.
fn bound(text: &str) -> BTreeSet<String> {
    let mut bound = BTreeSet::new();
    for tag in text.split("{%").skip(1) {
        let tag = tag.split("%}").next().unwrap_or_default();
        let words: Vec<&str> = tag
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|word| is_name(word))
            .collect();
        if matches!(words.first(), Some(&("for" | "set" | "macro" | "call" | "import" | "from" | "with"))) {
            bound.extend(words[1..].iter().map(|word| (*word).to_owned()));
        }
    }
    bound
}

/// Whether a text stands for itself wherever it is filled in.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/:@+-".contains(&byte))
}

impl Scope<'_> {
    /// The directory of those that names mean the same to: of the role, or of the project.
    pub(super) fn home(&self) -> &str {
        self.home
    }

    /// Whether a name means another thing here than in other templates.
    fn is_bound(&self, name: &str) -> bool {
        // Names of Ansible's own that differ from task to task.
        const ALWAYS: [&str; 4] = ["item", "loop", "ansible_loop", "ansible_managed"];
        ALWAYS.contains(&name) || self.bound.is_some_and(|bound| bound.contains(name))
    }

    fn definitions(&self, name: &str) -> Vec<&Definition> {
        let own = self.own.and_then(|names| names.get(name));
        own.into_iter().chain(self.shared.get(name)).flatten().collect()
    }

    /// A text with its expressions in one spelling: texts that are alike are filled in alike. A variable that stands for other
    /// expressions gives way to these, if there is only one place that says so, and no other file names it. `None` where an expression is more than a
    /// name, or may mean another thing at another place.
    pub(super) fn symbol(&self, text: &str) -> Option<String> {
        self.expanded(text, 0)
    }

    fn expanded(&self, text: &str, depth: usize) -> Option<String> {
        let mut all = String::new();
        for piece in pieces(text)? {
            let expression = match piece {
                Piece::Text(text) => {
                    all.push_str(text);
                    continue;
                }
                Piece::Expression(expression) => expression,
            };
            let mut parts = expression.split('.');
            let first = parts.next().unwrap_or_default();
            let is_fixed = !self.is_bound(first) && !self.said.is_unsteady(first, self.role);
            if !is_name(first) || !is_fixed || !parts.all(is_name) {
                return None;
            }
            match self.definitions(expression).as_slice() {
                // What it is a part of differs from task to task unless somebody defines it.
                [] if first != expression && self.definitions(first).is_empty() => return None,
                [Definition { text: Some(text), .. }]
                    if text.contains("{{") && depth < MAX_DEPTH && !self.said.is_key(first, self.role) =>
                {
                    all.push_str(&self.expanded(text, depth + 1)?);
                }
                _ => all.push_str(&format!("{{{{{expression}}}}}")),
            }
        }
        Some(all)
    }

    /// What a text usually becomes, and when it becomes something else. `None` where that is not known.
    pub(super) fn usual(&self, text: &str) -> Option<(Vec<String>, String)> {
        let (values, names) = self.usual_and_names(text)?;
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        Some((values, format!("an inventory or a playbook sets {}", names.join(" or "))))
    }

    /// What a text usually becomes, and the names that it hangs on.
    fn usual_and_names(&self, text: &str) -> Option<(Vec<String>, BTreeSet<String>)> {
        let mut names = BTreeSet::new();
        let values = self.values(text, 0, &mut names)?;
        if names.is_empty() {
            return None;
        }
        Some((values, names))
    }

    fn values(&self, text: &str, depth: usize, names: &mut BTreeSet<String>) -> Option<Vec<String>> {
        let mut all = vec![String::new()];
        for piece in pieces(text)? {
            let more = match piece {
                Piece::Text(text) => vec![text.to_owned()],
                Piece::Expression(name) if is_name(name) && !self.is_bound(name) && depth < MAX_DEPTH => {
                    names.insert(name.to_owned());
                    let mut more: Vec<String> = Vec::new();
                    for definition in self.definitions(name) {
                        more.extend(self.values(definition.text.as_deref()?, depth + 1, names)?);
                    }
                    more.sort();
                    more.dedup();
                    more
                }
                Piece::Expression(_) => return None,
            };
            all = all.iter().flat_map(|start| more.iter().map(move |end| format!("{start}{end}"))).collect();
            if all.is_empty() || all.len() > MAX_VALUES {
                return None;
            }
        }
        (depth == 0 || all.iter().all(|text| is_plain(text))).then_some(all)
    }

    /// Whether an expression is filled in with one word that is no option, as all that is said of it has it. It is not where a
    /// playbook or an inventory of the tree has more.
    pub(super) fn is_word(&self, expression: &str) -> bool {
        let is_whole = expression.starts_with("{{") && expression.ends_with("}}");
        let is_word = |value: &String| !value.is_empty() && !value.starts_with('-') && is_plain(value);
        let Some((values, names)) = self.usual_and_names(expression) else { return false };
        is_whole
            && values.iter().all(is_word)
            && !names.iter().any(|name| self.said.may_be_several(name, self.role))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[(&str, &str)]) -> (Sources, Vec<FileId>) {
        let mut sources = Sources::default();
        let mut ids = Vec::new();
        for (path, text) in files {
            let kind = if path.ends_with(".yml") { FileKind::Launcher } else { FileKind::Nginx };
            ids.push(sources.add(Source::new(*path, kind, text.as_bytes().to_vec())));
        }
        (sources, ids)
    }

    const FILES: [(&str, &str); 6] = [
        ("roles/app/templates/site.conf.j2", "{{ x }} {% for host in hosts %}{% endfor %}"),
        (
            "roles/app/defaults/main.yml",
            "port: 8000\nname: shop\nbind: \"127.0.0.1:{{ port }}\"\nboth: '{{ name }}-{{ size }}'\nlist: [1]\n\
             yes_no: yes\nodd: 1.50\nspaced: 'a b'\nloop_a: '{{ loop_a }}'\n",
        ),
        ("roles/app/vars/Debian.yml", "size: 1\n"),
        ("roles/app/vars/RedHat.yml", "size: 2\n"),
        ("roles/other/defaults/main.yml", "foreign: 1\nport: 9000\n"),
        ("group_vars/all.yml", "domain: example.com\nname: store\n"),
    ];

    #[test]
    fn equal_expressions_have_one_spelling() {
        let (sources, ids) = sources(&FILES);
        let variables = Variables::new("", &ids, &sources);
        let scope = variables.scope(sources.get(ids[0]));
        assert_eq!(scope.home(), "roles/app/");
        for (text, expected) in [
            ("127.0.0.1:{{ port }}", Some("127.0.0.1:{{port}}")),
            ("127.0.0.1:{{- port -}}", Some("127.0.0.1:{{port}}")),
            ("{{ bind }}", Some("127.0.0.1:{{port}}")),
            ("/run/{{ name }}/{{ unheard_of }}.sock", Some("/run/{{name}}/{{unheard_of}}.sock")),
            ("{{ list.port }}", Some("{{list.port}}")),
            ("{{ unheard.of }}", None),
            ("{{ item.port }}", None),
            ("{{ item }}", None),
            ("{{ host }}", None),
            ("{{ port | default(30) }}", None),
            ("{{ port + 1 }}", None),
            ("{% if x %}a{% endif %}", None),
            ("{{ port", None),
            ("plain", Some("plain")),
        ] {
            assert_eq!(scope.symbol(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_variables_usually_are() {
        let (sources, ids) = sources(&FILES);
        let variables = Variables::new("", &ids, &sources);
        let scope = variables.scope(sources.get(ids[0]));
        for (text, expected) in [
            ("{{ port }}s", Some("8000s")),
            ("{{ bind }}", Some("127.0.0.1:8000")),
            ("{{ domain }}", Some("example.com")),
            ("{{ size }}", Some("1, 2")),
            ("{{ name }}", Some("shop, store")),
            ("{{ both }}", Some("shop-1, shop-2, store-1, store-2")),
            ("{{ foreign }}", None),
            ("{{ list }}", None),
            ("{{ yes_no }}", None),
            ("{{ odd }}", None),
            ("{{ spaced }}", None),
            ("{{ loop_a }}", None),
            ("{{ unheard_of }}", None),
            ("{{ port | int }}", None),
            ("plain", None),
        ] {
            let found = scope.usual(text).map(|(values, _)| values.join(", "));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        let (_, unless) = scope.usual("{{ bind }}").unwrap();
        assert_eq!(unless, "an inventory or a playbook sets `bind` or `port`");
        assert!(
            scope.is_word("{{ size }}") && !scope.is_word("{{ spaced }}") && !scope.is_word("-{{ size }}")
        );
    }
}
