//! What only a shell would understand, in a command line that no shell reads.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{
    Anchor, App, AppFaultKind, AppKind, Argument, BUILTINS, ShellSyntax, Unit, UnitCommand, UnitFault,
    UnitFaultKind, is_operator, redirection, shell_syntax,
};
use crate::source::{Sources, Span};

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

/// The word of an app's command line from which on only a shell would understand it.
pub(super) fn first_word(app: &App, context: &Context) -> Option<Span> {
    let unit = context.deployment.unit(app.unit?);
    unit.commands_of("ExecStart").find_map(|command| match shell_syntax(command, context.sources)? {
        ShellSyntax::Word(at) => Some(Span { end: command.place.end, ..command.words[at].span }),
        _ => None,
    })
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for unit in &context.deployment.units {
        let mut lines = BTreeSet::new();
        for command in &unit.commands {
            // What stands behind a `;` on the same line is a part of the same mistake.
            if let Some(shell) = shell_syntax(command, context.sources)
                && lines.insert(command.line.place)
                && seen.insert(command.place)
            {
                findings.push(finding(context, unit, command, shell));
            }
        }
    }
}

fn finding(context: &Context, unit: &Unit, command: &UnitCommand, shell: ShellSyntax) -> Finding {
    let UnitCommand { directive, words, .. } = command;
    let text = |argument: &Argument| argument.text.known().cloned().unwrap_or_default();
    let program = text(&words[0]);
    // Without these the service is not up.
    let is_needed = ["ExecStart", "ExecStartPre", "ExecStartPost"].contains(&directive.as_str())
        && !command.prefix.contains('-');
    let mut outcome = "the words do nothing";
    let (place, message, is_certain) = match shell {
        ShellSyntax::Builtin => {
            let exists = ["cd", "umask", "ulimit"].contains(&program.as_str()) && directive != "ExecStart";
            let message =
                format!("`{program}` is a command of shells, and no program that systemd could start");
            (words[0].span, message, !exists)
        }
        ShellSyntax::Assignment => {
            let message =
                format!("systemd takes `{program}` for the program: an assignment before it is a shell's");
            (words[0].span, message, true)
        }
        ShellSyntax::Script(at) => {
            let (script, behind) = (text(&words[at]), text(&words[at + 1]));
            let message = format!(
                "the shell runs `{script}` alone: a script is one word, and `{behind}` and what stands behind it are arguments \
                 that it does not look at"
            );
            (words[at].span, message, directive == "ExecStart" && does_nothing(&script))
        }
        ShellSyntax::Word(at) => {
            let word = text(&words[at]);
            let gunicorn = started(context, unit, command);
            let is_refused = gunicorn.is_some_and(|app| is_refused(app, command, words[at].span));
            let is_application = gunicorn.is_some_and(|app| {
                let target = app.target.origin.place;
                target.is_some_and(|it| it.file == command.place.file && it.start == words[at].span.start)
            });
            let option = words[at + 1..].iter().map(text).find(|it| it.starts_with('-') && it.len() > 1);
            let message = match (gunicorn, option) {
                (Some(_), _) if is_application && !is_refused => {
                    format!(
                        "Gunicorn takes `{word}` for the application, and cannot import it: no other name stands before it"
                    )
                }
                (Some(_), Some(option)) if !is_refused => {
                    outcome = "the options count";
                    format!(
                        "Gunicorn gets `{word}` and what stands behind it as words of its command line, and takes `{option}` \
                         for an option as any other"
                    )
                }
                (Some(_), _) => {
                    format!("Gunicorn gets `{word}` and what stands behind it as words of its command line")
                }
                (None, _) => format!(
                    "`{program}` gets `{word}` and what stands behind it as arguments: no shell reads them"
                ),
            };
            // What stands behind `&&` is what was to run in the end.
            let is_first_half = gunicorn.is_none() && word == "&&" && directive == "ExecStart";
            (words[at].span, message, is_refused || is_application || is_first_half)
        }
    };
    let label = match shell {
        ShellSyntax::Script(_) => "all of the script",
        _ => "only a shell knows this",
    };
    let mut finding = RULE.finding(message, Label { span: place, text: label.into() }, Vec::new());
    if !(is_needed && is_certain) {
        (finding.severity, finding.outcome) = (Severity::Warning, outcome.into());
    }
    let is_one_more =
        |fault: &UnitFault| fault.kind == UnitFaultKind::Count && command.line.place == Some(fault.line);
    if unit.faults.iter().any(is_one_more) {
        finding.message = format!(
            "systemd refuses `{}`: a `;` begins another command, which only `Type=oneshot` may have, and {}",
            unit.name, finding.message
        );
        (finding.severity, finding.outcome) = (Severity::Error, "unit refused".into());
    }
    finding.help = Some(help(shell, &program, context.sources.text(place)).into());
    finding.fix = fix(context.sources, unit, command, shell);
    finding
}

/// Whether Gunicorn refuses a word of its command line from a place on.
fn is_refused(app: &App, command: &UnitCommand, place: Span) -> bool {
    app.faults.iter().any(|fault| {
        fault.kind == AppFaultKind::Word
            && fault.place.file == place.file
            && (place.start..command.place.end).contains(&fault.place.start)
    })
}

/// Whether all that a script does is to change the shell that it runs in.
fn does_nothing(script: &str) -> bool {
    let first = script.split_whitespace().next().unwrap_or_default();
    let changes = ["cd", "umask", "ulimit", ".", "source", "export", "set", "unset"].contains(&first);
    changes && !script.contains([';', '&', '|', '\n'])
}

fn help(shell: ShellSyntax, program: &str, word: &str) -> &'static str {
    match (shell, program) {
        (ShellSyntax::Builtin, "cd") => "set `WorkingDirectory=`, and start the program by its whole path",
        (ShellSyntax::Builtin, "." | "source") => {
            "start the program of the virtual environment by its whole path; nothing has to be activated"
        }
        (ShellSyntax::Builtin, "export") | (ShellSyntax::Assignment, _) => "set `Environment=`",
        (ShellSyntax::Builtin, "umask") => "set `UMask=`",
        (ShellSyntax::Builtin, "ulimit") => "set `LimitNOFILE=` or its like",
        (ShellSyntax::Builtin, _) => "start the program itself, or a shell: `/bin/sh -c '...'`",
        (ShellSyntax::Script(_), _) => {
            "put all of the script into one pair of quotes, `exec` before its last command, or start the program itself"
        }
        (ShellSyntax::Word(_), _) if word == "#" => "a comment stands on a line of its own",
        (ShellSyntax::Word(_), _) => {
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

/// A mend, where all that stands there of a shell is one thing that systemd does too: to change the directory first, or to
/// write the output into a file.
fn fix(sources: &Sources, unit: &Unit, command: &UnitCommand, shell: ShellSyntax) -> Option<Fix> {
    let anchor = command.line.anchor?;
    let words: Vec<&str> = command.words.iter().map(|word| plain(word, sources)).collect::<Option<_>>()?;
    if command.directive != "ExecStart" || unit.commands_of("ExecStart").count() != 1 {
        return None;
    }
    match (shell, words.as_slice()) {
        (ShellSyntax::Builtin, ["cd", directory, "&&", rest @ ..]) => {
            change(sources, unit, command, anchor, directory, rest)
        }
        (ShellSyntax::Word(at), words) => redirect(sources, unit, command, anchor, words, at),
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
    let knows = |word: &&str| is_operator(word, true) || BUILTINS.contains(word);
    if is_set || unit.open.is_some() || !is_path || rest.iter().any(knows) || !program.chars().all(is_plain) {
        return None;
    }
    let base = directory.trim_end_matches('/');
    let directory = if base.is_empty() { "/" } else { base };
    let relative = program.strip_prefix("./").unwrap_or(program);
    let program = match program.contains('/') && !program.starts_with('/') {
        true => format!("{base}/{relative}"),
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
    is_last
        .then(|| Fix::new(format!("write to {file} with `StandardOutput=`"), Applicability::Unsafe, edits))?
}
