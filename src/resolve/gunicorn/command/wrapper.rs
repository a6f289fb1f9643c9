//! Takes wrappers off a command line.

use super::env::assigns;
use super::table::{Process, Row};
use super::{Start, Step, found, other};
use crate::resolve::launch::Argument;
use crate::source::Span;
use crate::value::Possible;

/// Takes a wrapper of the table off.
pub(super) fn take_off(start: &mut Start, row: &Row) -> Step {
    let mut at = 1;
    let mut verb = row.verb;
    let mut operands = row.operands;
    let mut options = true;
    loop {
        let Some(text) = start.word(at).map(str::to_owned) else {
            return other(format!("what `{}` runs is not known", row.name));
        };
        if options && text == "--" {
            options = false;
        } else if options && text.len() > 1 && text.starts_with('-') {
            match option(row, &text) {
                // `uv run -m gunicorn`.
                Taken::Not if row.name == "uv" && matches!(text.as_str(), "-m" | "--module") => {
                    return match start.word(at + 1) {
                        Some("gunicorn" | "gunicorn.app.wsgiapp") => {
                            close(start, row);
                            found(start, at + 1)
                        }
                        _ => Step::Other(None),
                    };
                }
                Taken::Not if row.name == "uv" && matches!(text.split('=').next(), Some("--env-file")) => {
                    start.open("`uv run` reads a file of variables");
                    at += usize::from(!text.contains('='));
                }
                Taken::Not => return other(format!("`{} {text}` is not followed", row.name)),
                Taken::Word => {}
                Taken::Two => at += 1,
            }
        } else if verb.is_some_and(|verb| verb == text) {
            verb = None;
        } else if verb.is_some() {
            return Step::Other(None);
        } else if operands > 0 {
            operands -= 1;
            // What follows is the program's, whatever it looks like, but for `--`.
            options = true;
        } else if row.assigns && assigns(&text) {
            let (name, value) = text.split_once('=').unwrap_or_default();
            start.set(at, name, value.to_string());
        } else {
            break;
        }
        at += 1;
    }
    close(start, row);
    start.arguments.drain(..at);
    Step::Again
}

/// What the wrapper does to the process and to the environment.
fn close(start: &mut Start, row: &Row) {
    if let Some(why) = row.environment {
        start.open(why);
    }
    match row.process {
        Process::Same => {}
        Process::Other => start.falls_behind(format!("`{}` starts another process", row.name)),
        Process::Unknown => start.falls_behind(format!("`{}` may start another process", row.name)),
    }
}

/// How many words an option takes.
enum Taken {
    Word,
    Two,
    /// It is not known.
    Not,
}

fn option(row: &Row, text: &str) -> Taken {
    let among = |list: &str, wanted: &str| list.split(' ').any(|it| !it.is_empty() && it == wanted);
    if let Some((name, _)) = text.split_once('=').filter(|_| text.starts_with("--")) {
        return if among(row.valued, name) { Taken::Word } else { Taken::Not };
    }
    if among(row.flags, text) {
        return Taken::Word;
    }
    if among(row.valued, text) {
        return Taken::Two;
    }
    if text.starts_with("--") || among(row.unsure, text) {
        return Taken::Not;
    }
    // `nice -10`, `-n10`, `-vn 10`: letters, of which one may take the rest or the next word.
    if row.name == "nice" && text[1..].bytes().all(|byte| byte.is_ascii_digit()) {
        return Taken::Word;
    }
    for (at, letter) in text.char_indices().skip(1) {
        let option = format!("-{letter}");
        if among(row.valued, &option) {
            let is_last = at + letter.len_utf8() == text.len();
            return if is_last { Taken::Two } else { Taken::Word };
        }
        if !among(row.flags, &option) {
            return Taken::Not;
        }
    }
    Taken::Word
}

/// `su USER -c COMMAND`, `runuser -u USER PROGRAM`: both stay in front of what they start.
///
/// Source: su(1) and runuser(1) of util-linux 2.38.
pub(super) fn other_user(start: &mut Start, name: &str) -> Step {
    let mut login = false;
    let mut script: Option<usize> = None;
    let mut shell: Option<String> = None;
    let mut by_name = false;
    let mut user = false;
    let mut at = 1;
    while let Some(text) = start.word(at).map(str::to_owned) {
        match text.as_str() {
            "-" | "-l" | "--login" => login = true,
            "-m" | "-p" | "--preserve-environment" | "-P" | "--pty" | "-f" | "--fast" => {}
            "-c" | "--command" => {
                script = Some(at + 1);
                at += 1;
            }
            "-s" | "--shell" => {
                shell = start.word(at + 1).map(str::to_owned);
                at += 1;
            }
            "-g" | "-G" | "--group" | "--supp-group" => at += 1,
            "-u" | "--user" if name == "runuser" => {
                by_name = true;
                at += 1;
            }
            "--" => {
                at += 1;
                break;
            }
            _ if text.starts_with('-') => return other(format!("`{name} {text}` is not followed")),
            _ if by_name || user => break,
            _ => user = true,
        }
        at += 1;
    }
    start.falls_behind(format!("`{name}` starts another process"));
    if login {
        start.open("a login sets variables");
        start.working_directory.value = Possible::Unknown("a login starts at home".into());
    }
    for variable in ["HOME", "SHELL", "USER", "LOGNAME"] {
        let span = start.place;
        unset(start, variable, span);
    }
    match script {
        Some(at) if start.word(at).is_some() => {
            let span = start.arguments[at].span;
            let word = |text: &str| Argument { text: Possible::Known(text.into()), span, splits: false };
            // The user's own shell is not known; what is read here is alike to all.
            let shell = shell.unwrap_or_else(|| "sh".into());
            start.arguments = vec![word(&shell), word("-c"), start.arguments[at].clone()];
            Step::Again
        }
        None if by_name && at < start.arguments.len() => {
            start.arguments.drain(..at);
            Step::Again
        }
        _ => other(format!("what `{name}` runs is not known")),
    }
}

/// A variable gets a value that is not known.
fn unset(start: &mut Start, name: &str, span: Span) {
    let origin = crate::model::Origin::at(crate::model::OriginKind::Environment, span);
    let setting = crate::model::Setting::unknown("it is of the user", origin);
    start.environment.set(name.into(), setting);
    start.environment.firm.insert(name.into());
}
