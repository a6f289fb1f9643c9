//! What the files of a stack tell of the machine: directories that something makes, and accounts.
//!
//! Scripts and playbooks are searched here, not followed: whatever they may do to a directory or an account makes it unknown.

use std::collections::BTreeMap;

use crate::model::{BootDirectory, Machine, Unit};
use crate::source::{FileId, FileKind, Sources, Span};
use crate::syntax::machine::{self, Account, Format, Tmpfile};
use crate::value::normalize_path;

/// Reads and searches the files of a stack.
pub fn resolve(files: &[FileId], units: &[Unit], sources: &Sources) -> Machine {
    let mut machine = Machine::default();
    let mut accounts = Vec::new();
    let mut has_groups = false;
    let mut changes_accounts = false;
    for id in files {
        let source = sources.get(*id);
        match source.kind {
            FileKind::Machine => match Format::of(&source.path) {
                Some(Format::Tmpfiles) | None => {
                    note_tmpfiles(&mut machine, *id, &source.text);
                }
                Some(Format::Manager) => note_limit(&mut machine, *id, &source.text),
                Some(format) => {
                    has_groups |= format == Format::Group;
                    changes_accounts |= source.text.contains("{{");
                    accounts.extend(machine::accounts(format, &source.text));
                }
            },
            FileKind::Launcher | FileKind::Gunicorn | FileKind::Compose => {
                search(&mut machine, *id, &source.text);
                note_limit(&mut machine, *id, &source.text);
                changes_accounts |= may_change_accounts(&source.text);
            }
            FileKind::Nginx | FileKind::Systemd | FileKind::Packages => {}
        }
    }
    for unit in units {
        for command in &unit.commands {
            let words = command.words.iter().map(|word| word.text.known().map_or("$", String::as_str));
            let line = words.collect::<Vec<_>>().join(" ");
            search_line(&mut machine, command.place, &line, false);
            changes_accounts |= may_change_accounts(&line);
        }
    }
    settle(&mut machine, accounts);
    machine.members_are_complete = has_groups && !changes_accounts;
    machine
}

/// Notes where a text speaks of how many files services may open by default.
fn note_limit(machine: &mut Machine, file: FileId, text: &str) {
    const NAME: &str = "DefaultLimitNOFILE";
    if let Some(at) = text.find(NAME) {
        machine.file_limit.get_or_insert(Span::new(file, at..at + NAME.len()));
    }
}

/// Adds what `tmpfiles.d` makes. Source: the types of tmpfiles.d(5).
fn note_tmpfiles(machine: &mut Machine, file: FileId, text: &str) {
    for line in machine::tmpfiles(text) {
        let Some(path) = expanded(&line.path) else {
            machine.unknown_directories.get_or_insert(Span::new(file, 0..0));
            continue;
        };
        let Tmpfile { kind, mode, user, group, .. } = line;
        match kind {
            'd' | 'D' | 'v' | 'q' | 'Q' | 'e' => {
                let root = |name: Option<String>| name.unwrap_or_else(|| "root".into());
                let directory =
                    BootDirectory { mode: Some(mode.unwrap_or(0o755)), user: root(user), group: root(group) };
                machine.directories.entry(path).or_default().push(directory);
            }
            _ => note(machine, &path, Span::new(file, 0..0)),
        }
    }
    if text.contains("{{") || text.contains("{%") {
        machine.unknown_directories.get_or_insert(Span::new(file, 0..0));
    }
}

/// A path of `tmpfiles.d` with its specifiers replaced. Source: tmpfiles.d(5).
fn expanded(path: &str) -> Option<String> {
    let mut text = path.to_owned();
    for (specifier, stands_for) in
        [("%t", "/run"), ("%S", "/var/lib"), ("%C", "/var/cache"), ("%L", "/var/log")]
    {
        text = text.replace(specifier, stands_for);
    }
    (!text.contains(['%', '{', '*', '?', '['])).then(|| normalize_path(&text))
}

/// Notes a path and the directories above it.
fn note(machine: &mut Machine, path: &str, place: Span) {
    let path = normalize_path(path);
    for (at, _) in path.match_indices('/').skip(1).chain([(path.len(), "")]) {
        machine.handled.entry(path[..at].to_owned()).or_insert(place);
    }
}

/// Words of lines that make directories, or change who may enter them.
const MAKERS: [&str; 9] =
    ["mkdir", "makedirs", "install", "chmod", "chown", "setfacl", "chgrp", "mount", "systemd-tmpfiles"];

fn search(machine: &mut Machine, file: FileId, text: &str) {
    // A playbook says what it wants of a path in other lines than the path.
    let is_playbook = text.contains("state: directory") || text.contains("state=directory");
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let place = Span::new(file, start..start + line.trim_end().len());
        if !line.trim_start().starts_with('#') {
            search_line(machine, place, line, is_playbook);
        }
        start += line.len();
    }
}

fn search_line(machine: &mut Machine, place: Span, line: &str, is_playbook: bool) {
    let makes =
        is_playbook || words(line).any(|(_, word)| MAKERS.contains(&word.rsplit('/').next().unwrap_or(word)));
    for (_, word) in words(line).filter(|(_, word)| word.starts_with('/') && word.len() > 1) {
        let path = normalize_path(word);
        if makes {
            note(machine, &path, place);
        } else {
            machine.handled.entry(path).or_insert(place);
        }
    }
    let is_open = match is_playbook {
        true => line.contains("{{"),
        false => line.contains(['$', '`', '{', '*']),
    };
    if makes && is_open {
        machine.unknown_directories.get_or_insert(place);
    }
}

/// The words of a line that may be paths or programs.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_./@+".contains(c);
    line.split(move |c| !is_part(c))
        .filter(|word| !word.is_empty())
        .map(move |word| (word.as_ptr() as usize - line.as_ptr() as usize, word))
}

/// Whether a text may put a user into a group.
fn may_change_accounts(text: &str) -> bool {
    ["usermod", "useradd", "adduser", "addgroup", "groupadd", "gpasswd", "groupmod", "groups"]
        .iter()
        .any(|word| text.contains(word))
}

/// Sorts what is said of accounts; the numbers of groups become their names.
fn settle(machine: &mut Machine, accounts: Vec<Account>) {
    let mut by_number: BTreeMap<String, String> = BTreeMap::new();
    for account in &accounts {
        if let Account::Group(name, Some(number)) = account {
            by_number.insert(number.clone(), name.clone());
        }
    }
    for account in accounts {
        match account {
            Account::Group(..) | Account::User(_, None) => {}
            Account::User(user, Some(group)) => {
                let group = by_number.get(&group).cloned().unwrap_or(group);
                machine.first_groups.insert(user, group);
            }
            Account::Member(user, group) => {
                machine.members.entry(group).or_default().insert(user);
            }
        }
    }
}
