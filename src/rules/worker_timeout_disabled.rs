//! A sync worker that may hang for ever.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{AppKind, Setting, WorkerClass};
use crate::source::Span;
use crate::value::Duration;

pub(super) const RULE: Rule = Rule {
    name: "worker-timeout-disabled",
    category: Category::Timeout,
    severity: Severity::Warning,
    summary: "`timeout` 0, with which a sync worker that hangs is never replaced",
    outcome: "lost worker",
    fix: Fixable::Never,
    page: include_str!("../../rules/worker-timeout-disabled.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    for app in context.deployment.apps.iter().filter(|app| app.kind == AppKind::Gunicorn) {
        let timeout: Setting<Duration> = app.setting("timeout");
        // `timeout` bounds a request of a sync worker alone.
        let sync = app.worker_class.value.must(|class| *class == WorkerClass::Sync);
        let place = timeout.origin.place.unwrap_or(app.place);
        if !sync || !timeout.value.must(|timeout| timeout.milliseconds == 0) || !seen.insert(place) {
            continue;
        }
        let workers: Setting<i64> = app.setting("workers");
        let left = match workers.value.known() {
            Some(1) => "it is the only one: no request is served any more".to_owned(),
            Some(workers) => format!("after {workers} such requests none of the {workers} workers is left"),
            None => "one after the other is lost".to_owned(),
        };
        let message = format!(
            "`timeout` is 0, so that a worker whose request hangs, in a query or a call without a timeout of its own, \
             hangs for ever; {left}"
        );
        let text = format!("no timeout, {}", timeout.origin.describe("Gunicorn"));
        let mut finding = RULE.finding(message, Label { span: place, text }, Vec::new());
        finding.help = Some(
            "write how long the slowest honest request may take (Gunicorn's default is 30 seconds), or use threads, whose \
             requests `timeout` does not cut"
                .into(),
        );
        findings.push(finding);
    }
}
