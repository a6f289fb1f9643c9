//! The files that give variables their values.

use std::collections::BTreeSet;

use super::{Definition, Names};
use crate::source::FileId;
use crate::syntax::compose::{self, NodeKind};

/// Whom a file gives variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of<'a> {
    /// The role in this directory.
    Role(&'a str),
    /// Groups or hosts.
    Inventory,
}

/// Whom a file gives variables by its path, if it does.
pub(super) fn of(path: &str) -> Option<Of<'_>> {
    let is_yaml = is_yaml(path);
    if ["group_vars", "host_vars"].iter().any(|folder| directory(path, folder).is_some()) {
        return (is_yaml || !path.rsplit('/').next()?.contains('.')).then_some(Of::Inventory);
    }
    let role = directory(path, "defaults").or_else(|| directory(path, "vars"))?;
    is_yaml.then_some(Of::Role(role))
}

/// Whether a file is YAML by its name.
pub(super) fn is_yaml(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

/// Whether a file may hold variables by its name: YAML, JSON, or an inventory.
pub(super) fn is_data(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    is_yaml(path)
        || name.ends_with(".ini")
        || name.ends_with(".cfg")
        || name.ends_with(".json") && name != "package.json"
        || !name.contains('.')
}

/// The role that a template belongs to, if what it lies in is one of `roles`.
pub(super) fn role_of_template<'a>(path: &'a str, roles: &BTreeSet<String>) -> Option<&'a str> {
    let places = path.match_indices("templates/").filter(|(at, _)| *at == 0 || path[..*at].ends_with('/'));
    places.map(|(at, _)| &path[..at]).filter(|role| roles.contains(*role)).last()
}

/// The role that a file belongs to by the directory that roles lie in: `roles/shop/`.
pub(super) fn role_by_place(path: &str) -> Option<&str> {
    let roles = directory(path, "roles")?.len() + "roles/".len();
    Some(&path[..=roles + path[roles..].find('/')?])
}

/// The directory of those templates outside of roles that names mean the same to: the one that a file lies in, but for
/// directories that are called after programs.
pub(super) fn home(path: &str) -> &str {
    const PROGRAMS: [&str; 8] =
        ["nginx", "gunicorn", "systemd", "system", "conf.d", "sites-available", "sites-enabled", "etc"];
    let mut directory = &path[..path.rfind('/').map_or(0, |at| at + 1)];
    while let Some(name) = directory.strip_suffix('/').and_then(|it| it.rsplit('/').next()) {
        if !PROGRAMS.contains(&name) {
            break;
        }
        directory = &directory[..directory.len() - name.len() - 1];
    }
    directory
}

/// What stands before the last directory of a name in a path: empty, or ending in `/`.
pub(super) fn directory<'a>(path: &'a str, name: &str) -> Option<&'a str> {
    let inner = path.rfind(&format!("/{name}/")).map(|at| &path[..=at]);
    inner.or_else(|| path.strip_prefix(name).is_some_and(|rest| rest.starts_with('/')).then_some(""))
}

/// Adds what a file says. Where a template engine has a part in the file itself, or it is no YAML, it may say anything of the
/// names that it has.
pub(super) fn read(file: FileId, text: &str, names: &mut Names) {
    let tree = compose::parse(file, text).tree;
    let Some(root) = tree.root() else { return };
    for (name, value) in tree.entries(root) {
        let node = tree.get(value);
        let text = match &node.kind {
            NodeKind::Scalar { text, plain } if !tree.is_partial() => read_text(text, *plain),
            NodeKind::Scalar { .. } | NodeKind::Sequence(_) | NodeKind::Mapping(_) | NodeKind::Alias(_) => {
                None
            }
        };
        names.entry(name.to_owned()).or_default().push(Definition { text });
    }
}

/// The text that a template gets of a scalar. What YAML takes for something else than a text or a whole number, Ansible may
/// write otherwise: `yes` is `True`.
fn read_text(text: &str, plain: bool) -> Option<String> {
    const WORDS: [&str; 11] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "none", "~"];
    let is_number = text == "0"
        || text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0') && text.len() < 16;
    let is_address =
        text.parse::<std::net::SocketAddrV4>().is_ok() || text.parse::<std::net::Ipv4Addr>().is_ok();
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    let is_read = !text.is_empty()
        && !text.contains(['\n', '\r', '$', '\x1a'])
        && (!plain || is_number || is_address || is_word);
    is_read.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_for_roles_or_for_inventories() {
        for (path, expected) in [
            ("roles/app/defaults/main.yml", Some(Of::Role("roles/app/"))),
            ("roles/app/vars/main/a.yaml", Some(Of::Role("roles/app/"))),
            ("defaults/main.yml", Some(Of::Role(""))),
            ("group_vars/all.yml", Some(Of::Inventory)),
            ("inventories/prod/group_vars/web/main.yml", Some(Of::Inventory)),
            ("inventory/host_vars/web1", Some(Of::Inventory)),
            ("group_vars/README.md", None),
            ("roles/app/tasks/main.yml", None),
            ("roles/app/defaults/x.txt", None),
            ("my_defaults/main.yml", None),
        ] {
            assert_eq!(of(path), expected, "{path}");
        }
        let roles = BTreeSet::from(["roles/a/".to_owned()]);
        assert_eq!(role_of_template("roles/a/templates/etc/templates/x.j2", &roles), Some("roles/a/"));
        for path in ["roles/a/x.j2", "templates/x.j2", "deploy/templates/x.j2"] {
            assert_eq!(role_of_template(path, &roles), None, "{path}");
        }
        assert_eq!(role_by_place("deploy/roles/a/templates/x.j2"), Some("deploy/roles/a/"));
        assert_eq!(role_by_place("roles/x.yml"), None);
        for (path, expected) in [
            ("templates/a/x.j2", "templates/a/"),
            ("templates/nginx/x.j2", "templates/"),
            ("deploy/etc/nginx/conf.d/x.j2", "deploy/"),
            ("deploy/systemd/x.j2", "deploy/"),
            ("services/a/x.j2", "services/a/"),
            ("nginx/x.j2", ""),
            ("x.j2", ""),
        ] {
            assert_eq!(home(path), expected, "{path}");
        }
    }

    #[test]
    fn texts_are_those_that_a_template_gets() {
        for (text, plain, expected) in [
            ("8000", true, true),
            ("0", true, true),
            ("0644", true, false),
            ("1.5", true, false),
            ("12:30", true, false),
            ("12:30", false, true),
            ("Yes", true, false),
            ("Yes", false, true),
            ("shop", true, true),
            ("/srv/shop", true, true),
            ("127.0.0.1:8000", true, true),
            ("0x10", true, false),
            ("$ANSIBLE_VAULT;1.1;AES256", false, false),
            ("a\nb", false, false),
            ("", false, false),
        ] {
            assert_eq!(read_text(text, plain).is_some(), expected, "{text}");
        }
    }
}
