//! A watchdog that Gunicorn never feeds.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, Setting, Unit, WorkerClass};
use crate::source::Span;
use crate::value::Duration;

pub(super) const RULE: Rule = Rule {
    name: "watchdog-set",
    category: Category::Systemd,
    severity: Severity::Error,
    summary: "a watchdog for a Gunicorn, which never answers it",
    outcome: "killed every interval, 502",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/watchdog-set.md"),
    check,
};

/// The hooks that Gunicorn runs in its master, the process that systemd listens to.
const HOOKS: [&str; 9] = [
    "on_starting",
    "on_reload",
    "when_ready",
    "pre_fork",
    "pre_exec",
    "child_exit",
    "nworkers_changed",
    "on_exit",
    "ssl_context",
];

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    for (app, unit) in context.deployment.services() {
        let watchdog: Setting<Option<Duration>> = unit.setting("WatchdogSec");
        let Some(Some(interval)) = watchdog.value.known() else { continue };
        let is_set = interval.milliseconds > 0 && *interval != Duration::INFINITY;
        let Some(place) = watchdog.origin.place.filter(|_| is_set && !may_answer(context, app, unit)) else {
            continue;
        };
        if seen.insert(place) {
            findings.push(finding(context, unit, *interval, &watchdog, place));
        }
    }
}

/// Whether something else than Gunicorn may answer for it: a process that is no worker, or, where systemd listens to all of
/// them, any.
fn may_answer(context: &Context, app: &App, unit: &Unit) -> bool {
    let access: Setting<Option<String>> = unit.setting("NotifyAccess");
    let listens_to_all = access.value.may(|access| matches!(access.as_deref(), Some("all" | "exec")));
    let is_known = |name: &str, wanted: bool| app.setting::<bool>(name).value.must(|value| *value == wanted);
    let is_default = |name: &str| {
        app.settings.get(name).is_none_or(|it| !it.origin.is_written() && it.value.known().is_some())
    };
    // What a module does that is imported, or that another class of workers brings, is not seen here.
    const QUIET: [&str; 9] =
        ["__future__", "json", "logging", "math", "multiprocessing", "os", "pathlib", "platform", "sys"];
    let says = |text: &str| {
        let text = text.to_ascii_lowercase();
        ["notify", "watchdog", "systemd"].iter().any(|word| text.contains(word))
    };
    listens_to_all
        || app.behind.is_some()
        || !is_known("preload_app", false)
        || !HOOKS.iter().all(|name| is_default(name))
        || !is_default("logger_class")
        || app.worker_class.value.may(|class| matches!(class, WorkerClass::Other(_)))
        || !app.imports.iter().all(|package| QUIET.contains(&package.as_str()))
        || app.config.is_some_and(|file| says(&context.sources.get(file).text))
}

fn finding(
    context: &Context,
    unit: &Unit,
    interval: Duration,
    watchdog: &Setting<Option<Duration>>,
    place: Span,
) -> Finding {
    let restart: Setting<Option<String>> = unit.setting("Restart");
    let then = match restart.value.known().and_then(Option::as_deref) {
        Some("no" | "on-success" | "on-abort") => ", and nothing starts it again",
        _ => "",
    };
    let message = format!(
        "`{}` is killed every {interval}: systemd waits for a sign of life that Gunicorn never gives{then}",
        unit.name
    );
    let text = format!("a watchdog of {interval}, {}", watchdog.origin.describe("systemd"));
    let mut finding = RULE.finding(message, Label { span: place, text }, Vec::new());
    finding.help = Some(
        "do without `WatchdogSec=`: Gunicorn's master watches its workers itself, by their `timeout`".into(),
    );
    finding.fix = watchdog.origin.anchor.and_then(|anchor| {
        let edit = anchor.remove(context.sources);
        Fix::new("do without the watchdog", Applicability::Safe, vec![edit])
    });
    finding
}
