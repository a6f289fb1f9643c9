//! A variable inside a longer word of a command line, which systemd does not replace.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, LiteralVariable, LostWord, Unit, UnitCommand, lost_word};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "variable-port-literal",
    category: Category::Address,
    severity: Severity::Error,
    summary: "a `$VARIABLE` inside a longer word of a unit's command line, which systemd does not replace",
    outcome: "start-up failure",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/variable-port-literal.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    // The instances of a template share its text.
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    for (app, unit) in context.deployment.services() {
        let command = command(app, unit);
        // A `:` before the program asks for all variables as they are written.
        if command.is_some_and(|it| it.prefix.contains(':')) {
            continue;
        }
        for literal in &app.literals {
            if seen.insert(literal.span) {
                findings.push(finding(context, literal));
            }
        }
        let gone = command.and_then(|command| gone(context, app, unit, command));
        findings.extend(gone.filter(|finding| seen.insert(finding.primary.span)));
    }
}

/// The command of a unit that an app stands in.
fn command<'a>(app: &App, unit: &'a Unit) -> Option<&'a UnitCommand> {
    unit.commands_of("ExecStart").find(|command| {
        let place = command.place;
        place.file == app.place.file && (place.start..place.end).contains(&app.place.start)
    })
}

/// An option whose value systemd leaves out: `$HOST:$PORT`.
fn gone(context: &Context, app: &App, unit: &Unit, command: &UnitCommand) -> Option<Finding> {
    const OPTIONS: [&str; 5] = ["-b", "--bind", "-c", "--config", "--chdir"];
    if app.behind.is_some() {
        return None;
    }
    let LostWord { at, span, names } = lost_word(command, context.sources)?;
    let option = command.words.get(at.checked_sub(1)?)?.text.known()?;
    if !OPTIONS.contains(&option.as_str()) {
        return None;
    }
    let word = context.sources.text(span);
    let then = match command.words.get(at + 1) {
        Some(_) => format!("takes what stands behind it for the value of `{option}`"),
        None => format!("misses the value of `{option}`"),
    };
    let message = format!(
        "`{word}` is left out: systemd takes all of it for the name of a variable, which nothing sets. Gunicorn {then}, and \
         does not start"
    );
    let mut finding = RULE.finding(message, Label { span, text: "left out".into() }, Vec::new());
    let braced = |name: &Span| format!("{{{}}}", context.sources.text(*name));
    let replacement = names.iter().rev().fold(word.to_owned(), |mut text, name| {
        let range = (name.start - span.start) as usize..(name.end - span.start) as usize;
        text.replace_range(range, &braced(name));
        text
    });
    finding.help =
        Some(format!("write `{replacement}`: with braces a variable is replaced anywhere in a word"));
    if names.iter().all(|name| may_be_set(unit, context.sources.text(*name))) {
        let edits = names.iter().map(|name| Edit { span: *name, replacement: braced(name) }).collect();
        finding.fix = Fix::new(format!("write `{replacement}`"), Applicability::Safe, edits);
    }
    Some(finding)
}

/// Whether a unit gives a variable a value, or a file may.
fn may_be_set(unit: &Unit, name: &str) -> bool {
    ["EnvironmentFile", "PassEnvironment"].iter().any(|it| unit.settings.contains_key(*it))
        || unit.variables.get(name).may(|value| value.as_ref().is_some_and(|it| !it.is_empty()))
}

fn finding(context: &Context, literal: &LiteralVariable) -> Finding {
    let LiteralVariable { span, name, braced, is_set, refusal } = literal;
    let written = context.sources.text(*span);
    let why = match braced {
        true => "systemd knows no defaults for variables",
        false => "systemd replaces `$VARIABLE` only where it is a word of its own",
    };
    let message = format!(
        "Gunicorn gets `{written}` as it is written, since {why}: it does not start, and says `{refusal}`"
    );
    let primary = Label { span: *span, text: "not replaced".into() };
    let mut finding = RULE.finding(message, primary, Vec::new());
    let unset = format!(
        "set it, `Environment={name}=...`, and write `${{{name}}}`, which is replaced anywhere in a word"
    );
    finding.help = Some(match (braced, is_set) {
        (false, Some(true)) => format!("write `${{{name}}}`, which is replaced anywhere in a word"),
        (false, None) => format!(
            "write `${{{name}}}`, which is replaced anywhere in a word, by nothing where it is not set"
        ),
        (false, Some(false)) => format!("the unit does not set `{name}`: {unset}"),
        (true, _) => unset,
    });
    // Without a value, the braces would make another mistake of it.
    if !braced && *is_set != Some(false) {
        let edit = Edit { span: *span, replacement: format!("${{{name}}}") };
        finding.fix = Fix::new(format!("write `${{{name}}}`"), Applicability::Safe, vec![edit]);
    }
    finding
}
