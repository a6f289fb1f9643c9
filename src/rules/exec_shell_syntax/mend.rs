//! The mends of shell syntax that systemd has settings for.

use super::{Shell, redirection};
use crate::edit::{Applicability, Edit, Fix};
use crate::model::{Anchor, Argument, Unit, UnitCommand};
use crate::source::{Sources, Span};

/// A mend, where all that stands there of a shell is one thing that systemd does too: to change the directory first, or to
/// write the output into a file.
pub(super) fn fix(sources: &Sources, unit: &Unit, command: &UnitCommand, shell: Shell) -> Option<Fix> {
    let anchor = command.line.anchor?;
    let words: Vec<&str> = command.words.iter().map(|word| plain(word, sources)).collect::<Option<_>>()?;
    if command.directive != "ExecStart" || unit.commands_of("ExecStart").count() != 1 {
        return None;
    }
    match (shell, words.as_slice()) {
        (Shell::Builtin, ["cd", directory, "&&", rest @ ..]) => {
            change(sources, unit, command, anchor, directory, rest)
        }
        (Shell::Word(at), words) => redirect(sources, unit, command, anchor, words, at),
        _ => None,
    }
}

/// A word that stands as it is written.
fn plain<'a>(word: &Argument, sources: &'a Sources) -> Option<&'a str> {
    let written = sources.text(word.span);
    word.text.known().filter(|text| *text == written).map(|_| written)
}

/// `cd DIRECTORY && program`: starts the program in the directory.
fn change(
    sources: &Sources,
    unit: &Unit,
    command: &UnitCommand,
    anchor: Anchor,
    directory: &str,
    rest: &[&str],
) -> Option<Fix> {
    let program = rest.first()?;
    let is_set = unit.setting::<String>("WorkingDirectory").origin.is_written();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    let is_path = directory.starts_with('/') && directory.chars().all(is_plain) && !directory.contains("..");
    let knows = |word: &&str| super::is_operator(word, true) || super::BUILTINS.contains(word);
    if is_set || unit.open.is_some() || !is_path || rest.iter().any(knows) || !program.chars().all(is_plain) {
        return None;
    }
    let directory = directory.trim_end_matches('/');
    let relative = program.strip_prefix("./").unwrap_or(program);
    let program = match program.contains('/') && !program.starts_with('/') {
        true => format!("{directory}/{relative}"),
        false => (*program).to_owned(),
    };
    let start = command.words.first()?.span;
    let span = Span { end: command.words.get(3)?.span.end, ..start };
    let edits = vec![
        Edit { span, replacement: program },
        anchor.add_after(sources, &[("WorkingDirectory", directory.to_owned())])?,
    ];
    Fix::new(format!("start it with `WorkingDirectory={directory}`"), Applicability::Unsafe, edits)
}

/// `program >> FILE 2>&1`: has systemd append to the file.
fn redirect(
    sources: &Sources,
    unit: &Unit,
    command: &UnitCommand,
    anchor: Anchor,
    words: &[&str],
    at: usize,
) -> Option<Fix> {
    let (mode, file, rest) = match words[at..].split_first()? {
        (&">>", [file, rest @ ..]) => ("append", *file, rest),
        (&">", [file, rest @ ..]) => ("truncate", *file, rest),
        (word, rest) if word.starts_with(">>") => ("append", redirection(word)?, rest),
        (word, rest) if word.starts_with('>') => ("truncate", redirection(word)?, rest),
        _ => return None,
    };
    let is_set = |name: &str| unit.settings.contains_key(name);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    let is_both = match rest {
        [] => false,
        ["2>&1"] => true,
        _ => return None,
    };
    if !file.starts_with('/') || !file.chars().all(is_plain) || unit.open.is_some() {
        return None;
    }
    if is_set("StandardOutput") || is_set("StandardError") {
        return None;
    }
    let mut settings = vec![("StandardOutput", format!("{mode}:{file}"))];
    if !is_both {
        settings.push(("StandardError", "journal".to_owned()));
    }
    // The words go and the lines come at one place.
    let added = anchor.add_after(sources, &settings)?;
    let span = Span { start: command.words[at - 1].span.end, ..added.span };
    let is_last = sources.text(Span { start: command.place.end, ..added.span }).trim().is_empty();
    let edits = vec![Edit { span, ..added }];
    is_last.then(|| Fix::new(format!("write to {file} with `StandardOutput=`"), Applicability::Unsafe, edits))?
}
