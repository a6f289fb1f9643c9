//! A variable inside a longer word of a command line, which systemd does not replace.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::LiteralVariable;
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
    for literal in context.deployment.apps.iter().flat_map(|app| &app.literals) {
        if seen.insert(literal.span) {
            findings.push(finding(context, literal));
        }
    }
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
