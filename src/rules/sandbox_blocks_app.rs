//! A unit that keeps from Gunicorn what it needs to start, or nginx from reaching it.

mod facilities;
mod mend;
mod paths;

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::Fix;
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppKind, Origin, Sandbox, Unit};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "sandbox-blocks-app",
    category: Category::Systemd,
    severity: Severity::Error,
    summary: "a unit that keeps from Gunicorn what it needs: paths, address families, system calls, the network",
    outcome: "start-up failure",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/sandbox-blocks-app.md"),
    check,
};

/// An app, and what confines it.
struct Confined<'a> {
    context: &'a Context<'a>,
    app: &'a App,
    unit: &'a Unit,
    sandbox: &'a Sandbox,
}

/// Something that is kept from an app.
struct Blocked {
    /// What is wrong, behind the name of the unit and a colon.
    message: String,
    /// What needs it.
    primary: Label,
    /// The line that keeps it away.
    line: Origin,
    /// The line's own words, with what it does.
    said: String,
    /// What the client or the operator sees, where that is not that nothing starts.
    outcome: Option<&'static str>,
    help: String,
    fix: Option<Fix>,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen: BTreeSet<(Span, String)> = BTreeSet::new();
    for app in context.deployment.apps.iter().filter(|app| app.kind == AppKind::Gunicorn) {
        let Some(unit) = app.unit.map(|id| context.deployment.unit(id)) else { continue };
        let Some(sandbox) = unit.confinement() else { continue };
        let confined = Confined { context, app, unit, sandbox };
        let mut blocked: Vec<Blocked> = paths::of_start(&confined).into_iter().collect();
        // What does not even start binds and writes nothing.
        if blocked.is_empty() {
            blocked.extend(paths::of_files(&confined));
            blocked.extend(facilities::of_app(&confined));
        }
        for blocked in blocked {
            if seen.insert((blocked.primary.span, blocked.message.clone())) {
                findings.push(finding(unit, blocked));
            }
        }
    }
}

fn finding(unit: &Unit, blocked: Blocked) -> Finding {
    let Blocked { message, primary, line, said, outcome, help, fix } = blocked;
    let related = line.place.filter(|span| *span != primary.span).map(|span| Label { span, text: said });
    let message = format!("`{}` {message}", unit.name);
    let mut finding = RULE.finding(message, primary, related.into_iter().collect());
    if let Some(outcome) = outcome {
        finding.outcome = outcome.into();
    }
    finding.help = Some(help);
    finding.fix = fix;
    finding
}
