//! A queue that a handful of connections fills.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::Fix;
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppKind, Setting, WorkerClass};
use crate::source::Span;
use crate::value::Endpoint;

pub(super) const RULE: Rule = Rule {
    name: "small-backlog",
    category: Category::Capacity,
    severity: Severity::Warning,
    summary: "a `backlog` that a handful of connections fills",
    outcome: "502 or 504",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/small-backlog.md"),
    check,
};

/// How many connections that wait are enough not to be taken for a mistake.
const ENOUGH: i64 = 64;

/// Gunicorn's default. Linux takes no more than `net.core.somaxconn` of them, which is 4096 since 5.4.
const DEFAULT: i64 = 2048;

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    for app in context.deployment.apps.iter().filter(|app| app.kind == AppKind::Gunicorn) {
        let backlog: Setting<i64> = app.setting("backlog");
        let place = backlog.origin.place.unwrap_or(app.place);
        let small = backlog.value.known().filter(|backlog| **backlog < ENOUGH);
        if let Some(number) = small
            && is_used(app)
            && seen.insert(place)
        {
            findings.push(finding(context, app, *number, &backlog, place));
        }
    }
}

/// Whether the sockets get this backlog. What systemd hands over listens already, with a backlog of its own (Gunicorn 27
/// leaves it so), and the event loop of the `asgi` and uvicorn workers sets it anew.
fn is_used(app: &App) -> bool {
    app.binds_itself()
        && app
            .worker_class
            .value
            .must(|class| !matches!(class, WorkerClass::Asgi | WorkerClass::Uvicorn | WorkerClass::Other(_)))
}

fn finding(context: &Context, app: &App, number: i64, backlog: &Setting<i64>, place: Span) -> Finding {
    let listeners = app.listeners.value.known().map_or(&[][..], Vec::as_slice);
    let unix = listeners.iter().any(|it| matches!(it, Endpoint::Unix(_)));
    let (outcome, what) = match unix {
        true => ("502", "gets a 502 at once: `(11: Resource temporarily unavailable)`"),
        false => ("504", "waits for the connection, and gets a 504 after `proxy_connect_timeout`"),
    };
    let message = format!(
        "`backlog` is {number}: when the workers are busy and more requests than that come at once, the next one {what}"
    );
    let text = format!("{number} connections may wait, {}", backlog.origin.describe("Gunicorn"));
    let mut finding = RULE.finding(message, Label { span: place, text }, Vec::new());
    finding.outcome = outcome.into();
    finding.help = Some(format!(
        "leave it at Gunicorn's default of {DEFAULT}: a connection that waits costs next to nothing, and nginx opens many \
         at once"
    ));
    finding.fix = backlog.origin.anchor.and_then(|anchor| {
        let title = format!("let {DEFAULT} connections wait");
        Fix::new(title, anchor.replacing(context.sources), vec![anchor.set(&DEFAULT.to_string())])
    });
    finding
}
