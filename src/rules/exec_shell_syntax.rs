//! What only a shell would understand, in a command line that no shell reads.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppFaultKind, AppKind, Argument, Unit, UnitCommand};
use crate::source::{Sources, Span};

mod mend;

pub(super) const RULE: Rule = Rule {
    name: "exec-shell-syntax",
    category: Category::Systemd,
    severity: Severity::Error,
    summary: "shell syntax in a command line of a unit, which no shell reads",
    outcome: "start-up failure",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/exec-shell-syntax.md"),
    check,
};

/// What a shell has built in. Some systems have programs of the first three names, which change nothing but themselves.
const BUILTINS: [&str; 12] =
    ["cd", "umask", "ulimit", ".", "source", "export", "exec", "eval", "set", "unset", "if", "for"];

/// Programs that hand words to a shell, or that have a use of their own for such signs.
const INTERPRETERS: [&str; 26] = [
    "[", "ash", "autossh", "awk", "bash", "busybox", "csh", "dash", "eval", "expr", "fish", "gawk", "ksh", "mawk",
    "parallel", "perl", "runuser", "screen", "sh", "ssh", "su", "tcsh", "test", "tmux", "watch", "zsh",
];

/// What is there of a shell's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shell {
    /// The program is a builtin.
    Builtin,
    /// An assignment stands before the program.
    Assignment,
    /// A word, by its place in the command.
    Word(usize),
}

/// The first part of a command that only a shell would understand.
pub(super) fn find(command: &UnitCommand, sources: &Sources) -> Option<Shell> {
    let program = command.words.first()?.text.known()?;
    if BUILTINS.contains(&program.as_str()) {
        return Some(Shell::Builtin);
    }
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
    if command.words.len() > 1 && program.split_once('=').is_some_and(|(name, _)| is_name(name)) {
        return Some(Shell::Assignment);
    }
    for (at, word) in command.words.iter().enumerate() {
        if word.splits {
            return None;
        }
        let text = word.text.known().map_or("", String::as_str);
        let name = text.rsplit('/').next().unwrap_or(text);
        if INTERPRETERS.binary_search(&name).is_ok() {
            return None;
        }
        let is_last = at + 1 == command.words.len();
        if at > 0 && is_operator(text, is_last) && sources.text(word.span) == text {
            return Some(Shell::Word(at));
        }
    }
    None
}

/// Whether a word that is not in quotes means something to a shell.
fn is_operator(text: &str, is_last: bool) -> bool {
    match text {
        "&&" | "||" | "|" | "#" => true,
        "&" => is_last,
        _ => redirection(text).is_some(),
    }
}

/// What a redirection leads to; empty where that is the next word.
fn redirection(text: &str) -> Option<&str> {
    let target = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
    let has_one = text.len() - target.len() <= 1;
    let target = [">>", ">|", ">", "<"].iter().find_map(|sign| target.strip_prefix(sign))?;
    let is_target = target.is_empty() || target.starts_with(['/', '.', '$', '~']);
    let is_number = target.strip_prefix('&').is_some_and(|it| it.len() == 1 && it.starts_with(['0', '1', '2', '-']));
    (has_one && (is_target || is_number)).then_some(target)
}

/// The word of an app's command line from which on only a shell would understand it.
pub(super) fn first_word(app: &App, context: &Context) -> Option<Span> {
    let unit = context.deployment.unit(app.unit?);
    unit.commands_of("ExecStart").find_map(|command| match find(command, context.sources)? {
        Shell::Word(at) => Some(Span { end: command.place.end, ..command.words[at].span }),
        Shell::Builtin | Shell::Assignment => None,
    })
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for unit in &context.deployment.units {
        let mut lines = BTreeSet::new();
        for command in &unit.commands {
            // What stands behind a `;` on the same line is a part of the same mistake.
            if let Some(shell) = find(command, context.sources)
                && lines.insert(command.line.place)
                && seen.insert(command.place)
            {
                findings.push(finding(context, unit, command, shell));
            }
        }
    }
}

fn finding(context: &Context, unit: &Unit, command: &UnitCommand, shell: Shell) -> Finding {
    let UnitCommand { directive, words, .. } = command;
    let text = |argument: &Argument| argument.text.known().cloned().unwrap_or_default();
    let program = text(&words[0]);
    // Without these the service is not up.
    let is_needed = ["ExecStart", "ExecStartPre", "ExecStartPost"].contains(&directive.as_str())
        && !command.prefix.contains('-');
    let (place, message, is_certain) = match shell {
        Shell::Builtin => {
            let exists = ["cd", "umask", "ulimit"].contains(&program.as_str()) && directive != "ExecStart";
            let message = format!("`{program}` is a command of shells, and no program that systemd could start");
            (words[0].span, message, !exists)
        }
        Shell::Assignment => {
            let message = format!("systemd takes `{program}` for the program: an assignment before it is a shell's");
            (words[0].span, message, true)
        }
        Shell::Word(at) => {
            let word = text(&words[at]);
            let gunicorn = started(context, unit, command);
            let message = match gunicorn {
                Some(_) => format!("Gunicorn gets `{word}` and what stands behind it as words of its command line"),
                None => format!("`{program}` gets `{word}` and what stands behind it as arguments: no shell reads them"),
            };
            let is_refused = gunicorn.is_some_and(|app| {
                let place = words[at].span;
                app.faults.iter().any(|fault| {
                    fault.kind == AppFaultKind::Word
                        && fault.place.file == place.file
                        && (place.start..command.place.end).contains(&fault.place.start)
                })
            });
            // What stands behind `&&` is what was to run in the end.
            let is_first_half = gunicorn.is_none() && word == "&&" && directive == "ExecStart";
            (words[at].span, message, is_refused || is_first_half)
        }
    };
    let label = Label { span: place, text: "only a shell knows this".into() };
    let mut finding = RULE.finding(message, label, Vec::new());
    if !(is_needed && is_certain) {
        (finding.severity, finding.outcome) = (Severity::Warning, "the words do nothing".into());
    }
    finding.help = Some(help(shell, &program).into());
    finding.fix = mend::fix(context.sources, unit, command, shell);
    finding
}

fn help(shell: Shell, program: &str) -> &'static str {
    match (shell, program) {
        (Shell::Builtin, "cd") => "set `WorkingDirectory=`, and start the program by its whole path",
        (Shell::Builtin, "." | "source") => {
            "start the program of the virtual environment by its whole path; nothing has to be activated"
        }
        (Shell::Builtin, "export") | (Shell::Assignment, _) => "set `Environment=`",
        (Shell::Builtin, "umask") => "set `UMask=`",
        (Shell::Builtin, "ulimit") => "set `LimitNOFILE=` or its like",
        (Shell::Builtin, _) => "start the program itself, or a shell: `/bin/sh -c '...'`",
        (Shell::Word(_), _) => {
            "use `StandardOutput=`, `ExecStartPre=` and their like, or start a shell: `/bin/sh -c 'exec ...'`"
        }
    }
}

/// The Gunicorn that a command starts.
fn started<'a>(context: &Context<'a>, unit: &Unit, command: &UnitCommand) -> Option<&'a App> {
    let is_of = |app: &&App| {
        app.kind == AppKind::Gunicorn
            && app.unit.is_some_and(|id| std::ptr::eq(context.deployment.unit(id), unit))
            && app.place.file == command.place.file
            && (command.place.start..command.place.end).contains(&app.place.start)
    };
    context.deployment.apps.iter().find(is_of)
}
