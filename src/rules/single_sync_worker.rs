//! One worker that does one request at a time.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{AppKind, Setting, WorkerClass};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "single-sync-worker",
    category: Category::Capacity,
    severity: Severity::Note,
    summary: "one sync worker, so that one slow request holds up all others",
    outcome: "504",
    fix: Fixable::Never,
    page: include_str!("../../rules/single-sync-worker.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    // Whether a route leads to the app today is another rule's business: this one must not wait for its mend.
    if deployment.nginx.routes.is_empty() {
        return;
    }
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    for app in deployment.apps.iter().filter(|app| app.kind == AppKind::Gunicorn) {
        // What nobody of the tree starts may be started with options that nobody of it shows.
        if app.unit.is_none() {
            continue;
        }
        let workers: Setting<i64> = app.setting("workers");
        let sync = app.worker_class.value.must(|class| *class == WorkerClass::Sync);
        let place = workers.origin.place.unwrap_or(app.place);
        if !sync || !workers.value.must(|workers| *workers == 1) || !seen.insert(place) {
            continue;
        }
        let message = "this app has one sync worker, which does one request at a time: a slow one holds up all others, and \
                       those that wait longer than nginx does get a 504"
            .to_owned();
        let text = match workers.origin.place {
            Some(_) => format!("one worker, {}", workers.origin.describe("Gunicorn")),
            None => "one sync worker, Gunicorn's default".into(),
        };
        let mut finding = RULE.finding(message, Label { span: place, text }, Vec::new());
        finding.help = Some(
            "give it more workers, which takes as much memory again for each, or `--threads 4`, with which the app has to \
             be safe to run in threads; Gunicorn's log says nothing of requests that wait"
                .into(),
        );
        findings.push(finding);
    }
}
