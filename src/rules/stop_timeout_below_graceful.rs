//! systemd kills a service before Gunicorn has given its requests the time to end.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, Patience, Setting, Unit};
use crate::value::Duration;

pub(super) const RULE: Rule = Rule {
    name: "stop-timeout-below-graceful",
    category: Category::Systemd,
    severity: Severity::Warning,
    summary: "systemd kills the service before its requests had the time that Gunicorn gives them",
    outcome: "502",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/stop-timeout-below-graceful.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    // A drop-in may be for several units, and a template has instances.
    let mut seen = BTreeSet::new();
    for (app, unit) in context.deployment.services() {
        let graceful: Setting<Duration> = app.setting("graceful_timeout");
        let Patience::Short(edit) = unit.waits(&graceful.value, context.sources) else { continue };
        if is_killed(app, unit)
            && let Some(finding) = finding(app, unit, &graceful, edit)
            && seen.insert(finding.primary.span)
        {
            findings.push(finding);
        }
    }
}

/// Whether a service that is told to stop stops gracefully at first, and all of it is killed when the time is up. Other ways
/// are other mistakes.
fn is_killed(app: &App, unit: &Unit) -> bool {
    // Behind another process `mixed` kills the workers when that one ends, which may be at once.
    let modes: &[&str] = if app.behind.is_some() { &["control-group"] } else { &["control-group", "mixed"] };
    let kills: Setting<Option<bool>> = unit.setting("SendSIGKILL");
    unit.stops(app)
        && unit.must_be("KillMode", modes)
        && unit.must_be("KillSignal", &["SIGTERM"])
        && kills.value.must(|it| *it == Some(true))
}

fn finding(app: &App, unit: &Unit, graceful: &Setting<Duration>, edit: Option<Edit>) -> Option<Finding> {
    let stop: Setting<Option<Duration>> = unit.setting("TimeoutStopSec");
    let longest = stop.value.candidates()?.iter().flatten().max()?;
    let time = graceful.value.candidates()?.iter().min()?;
    let message = format!(
        "systemd kills `{}` {longest} after it is told to stop, but Gunicorn gives requests {time} to end: at every stop and \
         restart those that would take longer than {longest} are cut, which is a 502",
        unit.name
    );
    let of_systemd = match stop.origin.place {
        Some(span) => Label { span, text: format!("{longest}, {}", stop.origin.describe("systemd")) },
        None => Label { span: app.place, text: format!("systemd waits {longest}, which is its default") },
    };
    let of_gunicorn = Label {
        span: graceful.origin.place.unwrap_or(app.place),
        text: match graceful.origin.place {
            Some(_) => format!("`graceful_timeout` is {time}, {}", graceful.origin.describe("Gunicorn")),
            None => format!("this app's `graceful_timeout` is {time}, Gunicorn's default"),
        },
    };
    let (primary, related) =
        if stop.origin.place.is_some() { (of_systemd, of_gunicorn) } else { (of_gunicorn, of_systemd) };
    let mut finding = RULE.finding(message, primary, vec![related]);
    finding.help = Some(format!(
        "let systemd wait longer than {time}; where a stop has to be quick, lower `graceful_timeout` instead, so that \
         Gunicorn itself ends in time"
    ));
    let how = if app.may_wait_for_idle() { Applicability::Unsafe } else { Applicability::Safe };
    finding.fix = edit.and_then(|edit| Fix::new("let systemd wait longer than Gunicorn", how, vec![edit]));
    Some(finding)
}
