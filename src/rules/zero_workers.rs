//! A Gunicorn with nobody to do the work.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::Fix;
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppKind, Setting, WorkerClass};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "zero-workers",
    category: Category::Capacity,
    severity: Severity::Error,
    summary: "a Gunicorn with no worker, no thread or no connection",
    outcome: "504, or start-up failure",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/zero-workers.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen: BTreeSet<(Span, &str)> = BTreeSet::new();
    for app in context.deployment.apps.iter().filter(|app| app.kind == AppKind::Gunicorn) {
        for name in ["workers", "worker_connections", "threads"] {
            let setting: Setting<i64> = app.setting(name);
            // Several apps may read one file.
            let place = setting.origin.place.unwrap_or(app.place);
            if setting.value.must(|number| *number == 0) && counts(name, app) && seen.insert((place, name)) {
                findings.push(finding(context, app, name, &setting, place));
            }
        }
    }
}

/// Whether a 0 does harm with every worker class that is possible. The sync worker has neither threads nor a pool of
/// connections, and the `asgi` worker does not look at `worker_connections`.
///
/// Source: `gunicorn/workers/gthread.py` and `ggevent.py` of 27.0.1, 23.0.0 and 20.1.0.
fn counts(name: &str, app: &App) -> bool {
    app.worker_class.value.must(|class| match name {
        "worker_connections" => {
            matches!(class, WorkerClass::Gthread | WorkerClass::Gevent | WorkerClass::Eventlet)
        }
        "threads" => *class == WorkerClass::Gthread,
        _ => true,
    }) || name == "workers"
}

fn finding(context: &Context, app: &App, name: &str, setting: &Setting<i64>, place: Span) -> Finding {
    let sync = app.worker_class.value.may(|class| *class == WorkerClass::Sync);
    let (message, help, value) = match name {
        "workers" => (
            "`workers` is 0, so that Gunicorn listens and nobody takes a request: each one waits until nginx gives up \
             with a 504",
            "Gunicorn starts without a complaint; leave the setting out for one worker, or write as many as the \
             machine has cores",
            if sync { 2 } else { 1 },
        ),
        "worker_connections" => (
            "`worker_connections` is 0, so that the workers take no connection: each request waits until nginx gives \
             up with a 504",
            "1000 is Gunicorn's default; 0 does not mean \"no limit\"",
            1000,
        ),
        _ => (
            "`threads` is 0, with which a gthread worker does not start: Gunicorn ends, and nginx answers with a \
             502",
            "the worker says `max_workers must be greater than 0`; write how many requests each worker shall do at once",
            1,
        ),
    };
    let text = format!("0, {}", setting.origin.describe("Gunicorn"));
    let mut finding = RULE.finding(message.into(), Label { span: place, text }, Vec::new());
    finding.help = Some(help.into());
    finding.fix = setting.origin.anchor.and_then(|anchor| {
        let edit = anchor.set(&value.to_string());
        Fix::new(format!("set `{name}` to {value}"), anchor.replacing(context.sources), vec![edit])
    });
    finding
}
