//! A variable inside a longer word of a command line, which systemd does not replace.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, LiteralVariable, Unit, UnitCommand};
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

/// The value of an option that begins with a `$` and is not the name of a variable as a whole: `$HOST:$PORT`. systemd takes
/// all of it for a name, which nothing can have, and a word of its own that is not set is gone. Source: `replace_env_argv` in
/// `src/basic/env-util.c` of systemd 252.
fn gone(context: &Context, app: &App, unit: &Unit, command: &UnitCommand) -> Option<Finding> {
    const OPTIONS: [&str; 5] = ["-b", "--bind", "-c", "--config", "--chdir"];
    if app.behind.is_some() {
        return None;
    }
    let words = &command.words;
    let at = words.iter().position(|word| word.splits)?;
    let (option, span) = (words.get(at.checked_sub(1)?)?, words[at].span);
    let written = context.sources.text(span);
    let word = written.trim_matches(['"', '\'']);
    let names = names(word)?;
    let option = option.text.known().filter(|it| OPTIONS.contains(&it.as_str()))?;
    let then = match words.get(at + 1) {
        Some(_) => format!("takes what stands behind it for the value of `{option}`"),
        None => format!("misses the value of `{option}`"),
    };
    let message = format!(
        "`{word}` is left out: systemd takes all of it for the name of a variable, which nothing sets. Gunicorn {then}, and \
         does not start"
    );
    let primary = Label { span, text: "left out".into() };
    let mut finding = RULE.finding(message, primary, Vec::new());
    let replacement = names.iter().rev().fold(word.to_owned(), |mut text, range| {
        text.replace_range(range.clone(), &format!("{{{}}}", &word[range.clone()]));
        text
    });
    finding.help =
        Some(format!("write `{replacement}`: with braces a variable is replaced anywhere in a word"));
    if names.iter().all(|range| may_be_set(unit, &word[range.clone()])) {
        let edit = Edit { span, replacement: written.replace(word, &replacement) };
        finding.fix = Fix::new(format!("write `{replacement}`"), Applicability::Safe, vec![edit]);
    }
    Some(finding)
}

/// Where the names of the variables stand in a word that begins with one and goes on behind it; `None` for any other word.
fn names(word: &str) -> Option<Vec<Range<usize>>> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut names = Vec::new();
    for (at, _) in word.match_indices('$') {
        let length = word.as_bytes()[at + 1..].iter().take_while(|byte| is_part(byte)).count();
        let starts = word[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        names.push(starts.then_some(at + 1..at + 1 + length)?);
    }
    let is_longer = names.first().is_some_and(|first| first.start == 1 && first.end < word.len());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '$' | '_' | ':' | '/' | '.' | '-');
    (is_longer && word.chars().all(is_plain)).then_some(names)
}

/// Whether a unit gives a variable a value, or a file may.
fn may_be_set(unit: &Unit, name: &str) -> bool {
    ["EnvironmentFile", "PassEnvironment"].iter().any(|it| unit.settings.contains_key(*it))
        || unit.variable(name).may(|value| value.as_ref().is_some_and(|it| !it.is_empty()))
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
