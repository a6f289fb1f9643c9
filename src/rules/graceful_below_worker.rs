//! Gunicorn gives requests less time to end when it stops than a worker may take for one.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppKind, Dialect, Patience, Setting, WorkerClass};
use crate::value::{Duration, Possible};

pub(super) const RULE: Rule = Rule {
    name: "graceful-below-worker",
    category: Category::Timeout,
    severity: Severity::Warning,
    summary: "requests get less time to end at a stop than a sync worker may take for one",
    outcome: "502",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/graceful-below-worker.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    // Several launches may read one file.
    let mut seen = BTreeSet::new();
    for app in context.deployment.apps.iter().filter(|app| app.kind == AppKind::Gunicorn) {
        let graceful: Setting<Duration> = app.setting("graceful_timeout");
        let worker: Setting<Duration> = app.setting("timeout");
        if is_below(app, &graceful, &worker)
            && let Some(finding) = finding(context, app, &graceful, &worker)
            && seen.insert(finding.primary.span)
        {
            findings.push(finding);
        }
    }
}

/// Whether somebody wrote a time for stopping that is shorter than what a request may take. `timeout` bounds the requests of
/// sync workers alone, and 0 bounds none.
fn is_below(app: &App, graceful: &Setting<Duration>, worker: &Setting<Duration>) -> bool {
    let is_sync = app.worker_class.value.must(|class| *class == WorkerClass::Sync);
    let shorter = |worker: Duration| graceful.value.must(|graceful| *graceful < worker);
    is_sync && graceful.origin.is_written() && worker.value.must(|worker| shorter(*worker))
}

fn finding(
    context: &Context,
    app: &App,
    graceful: &Setting<Duration>,
    worker: &Setting<Duration>,
) -> Option<Finding> {
    let time = graceful.value.candidates()?.iter().max()?;
    let takes = worker.value.candidates()?.iter().max()?;
    let message = format!(
        "Gunicorn gives requests {time} to end when it stops, but its sync workers may take {takes} for one: at every stop and \
         restart a request that still runs after {time} is cut, which is a 502"
    );
    let primary = Label {
        span: graceful.origin.place?,
        text: format!("`graceful_timeout` is {time}, {}", graceful.origin.describe("Gunicorn")),
    };
    let related = Label {
        span: worker.origin.place.unwrap_or(app.place),
        text: match worker.origin.place {
            Some(_) => format!("`timeout` is {takes}, {}", worker.origin.describe("Gunicorn")),
            None => format!("this app's `timeout` is {takes}, Gunicorn's default"),
        },
    };
    let mut finding = RULE.finding(message, primary, vec![related]);
    finding.help = Some(format!(
        "let Gunicorn wait {takes}, or lower `timeout` to what a request takes at most; a stop takes no longer than the \
         requests that are there"
    ));
    finding.fix = fix(context, app, graceful, *takes);
    Some(finding)
}

/// Raises the time, and systemd's where that would then be the shorter one. A stop may take longer then, which somebody may
/// not want.
fn fix(context: &Context, app: &App, graceful: &Setting<Duration>, takes: Duration) -> Option<Fix> {
    let anchor = graceful.origin.anchor?;
    let seconds = takes.milliseconds.is_multiple_of(1000).then(|| (takes.milliseconds / 1000).to_string())?;
    if !matches!(anchor.dialect, Dialect::Python | Dialect::CommandLine) {
        return None;
    }
    let mut edits: Vec<Edit> = vec![anchor.set(&seconds)];
    if let Some(unit) = app.unit.map(|id| context.deployment.unit(id))
        && let Patience::Short(edit) = unit.waits(&Possible::Known(takes), context.sources)
    {
        edits.push(edit?);
    }
    Fix::new("give requests as long as a worker may take", Applicability::Unsafe, edits)
}
