//! nginx was told to wait, and the worker is killed long before.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{ANSWERS_WHEN_KILLED, Anchor, App, AppId, AppKind, Dialect, Route, Setting, WorkerClass};
use crate::source::Span;
use crate::value::Duration;

pub(super) const RULE: Rule = Rule {
    name: "worker-timeout-below-read",
    category: Category::Timeout,
    severity: Severity::Warning,
    summary: "nginx was told to wait, and a sync worker is killed long before",
    outcome: "500",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/worker-timeout-below-read.md"),
    check,
};

/// Below this, a time for stopping that somebody wrote is shorter than Gunicorn's own.
const GRACEFUL: Duration = Duration::seconds(30);

/// The routes that wait much longer than one app's workers live, for one reason.
struct Long<'a> {
    routes: Vec<&'a Route>,
    directive: &'static str,
    read: Setting<Duration>,
    worker: Setting<Duration>,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let mut groups: BTreeMap<(AppId, Span), Long> = BTreeMap::new();
    let mut grouped = BTreeSet::new();
    // What the most impatient route to an app waits at least; `None` where that is not known.
    let mut shortest: BTreeMap<AppId, Option<Duration>> = BTreeMap::new();
    for hop in &deployment.hops {
        let Some(id) = hop.app() else { continue };
        let (app, route) = (deployment.app(id), deployment.route(hop.route));
        let Some(directive) = route.gateway.read_timeout() else { continue };
        let read: Setting<Duration> =
            deployment.nginx.setting(route.level, directive, deployment.target.nginx);
        let worker: Setting<Duration> = app.setting("timeout");
        let waits = read.value.candidates().and_then(|it| it.iter().min().copied());
        let so_far = shortest.entry(id).or_insert(Some(Duration::INFINITY));
        *so_far = so_far.zip(waits).map(|(a, b)| a.min(b));
        let is_long = |read: &Setting<Duration>| is_much_longer(app, read, &worker);
        let Some(place) = read.origin.place.filter(|_| is_long(&read)) else { continue };
        if deployment.goes_with_the_pass(route, app, is_long) {
            continue;
        }
        let group =
            groups.entry((id, place)).or_insert_with(|| Long { routes: Vec::new(), directive, read, worker });
        if grouped.insert((id, place, route.anchor.span)) {
            group.routes.push(route);
        }
    }
    for ((id, _), long) in groups {
        let shortest = shortest.get(&id).copied().flatten();
        findings.extend(finding(context, deployment.app(id), &long, shortest));
    }
}

/// Whether somebody told nginx to wait more than twice as long as a worker has for a request, whatever is still unknown.
///
/// `timeout` bounds the requests of sync workers alone. That nginx waits somewhat longer is as it should be, and its default
/// of 60 seconds is twice Gunicorn's of 30.
fn is_much_longer(app: &App, read: &Setting<Duration>, worker: &Setting<Duration>) -> bool {
    let is_sync = app.worker_class.value.must(|class| *class == WorkerClass::Sync);
    let twice = |worker: Duration| worker.milliseconds.saturating_mul(2);
    let is_longer =
        |worker: Duration| worker.milliseconds > 0 && read.value.must(|it| it.milliseconds > twice(worker));
    app.kind == AppKind::Gunicorn
        && is_sync
        && read.origin.is_written()
        && worker.value.must(|it| is_longer(*it))
}

fn finding(context: &Context, app: &App, long: &Long, shortest: Option<Duration>) -> Option<Finding> {
    let read = long.read.value.candidates()?.iter().min()?;
    let worker = long.worker.value.candidates()?.iter().max()?;
    let first = long.routes.first()?;
    let gunicorn = context.deployment.target.gunicorn;
    let (status, versions) = match gunicorn >= ANSWERS_WHEN_KILLED {
        true => ("500", "Gunicorn 22.0 and later; from older ones nginx makes a 502"),
        false => ("502", "Gunicorn before 22.0; later ones answer with a 500"),
    };
    let message = format!(
        "nginx waits {read} here, but this app's sync workers are killed when a request takes longer than {worker}: it gets a \
         {status} then ({versions}), and the rest of nginx's time is never used"
    );
    let primary = Label {
        span: long.read.origin.place?,
        text: format!("nginx waits {read} for each read, {}", long.read.origin.describe("nginx")),
    };
    let origin = &long.worker.origin;
    let mut related = vec![Label {
        span: origin.place.unwrap_or(app.place),
        text: match origin.place {
            Some(_) => format!("`timeout` is {worker}, {}", origin.describe("Gunicorn")),
            None => format!("this app's `timeout` is {worker}, Gunicorn's default"),
        },
    }];
    if long.read.origin.place.is_some_and(|place| place != first.anchor.span) {
        let text = "for requests that are handed on here".to_owned();
        related.push(Label { span: first.anchor.span, text });
    }
    let mut finding = RULE.finding(message, primary, related);
    finding.outcome = status.into();
    finding.help = Some(format!(
        "give `timeout` the time that a request may take, or use threads, whose requests it does not cut; if {worker} is \
         meant, `{}` can be lower; Gunicorn's log says `WORKER TIMEOUT`, nginx's {}",
        long.directive,
        match gunicorn >= ANSWERS_WHEN_KILLED {
            true => "says nothing",
            false => "`upstream prematurely closed connection`",
        }
    ));
    // Where another route waits a shorter time, nginx would give up there before the worker is done.
    let all_wait = shortest.is_some_and(|shortest| shortest >= *read);
    finding.fix = fix(app, *read, &long.worker, context).filter(|_| all_wait);
    Some(finding)
}

/// Lets the workers live as long as nginx waits. One that hangs is then replaced later, which somebody may not want.
fn fix(app: &App, read: Duration, worker: &Setting<Duration>, context: &Context) -> Option<Fix> {
    let seconds = (read.milliseconds / 1000).to_string();
    let graceful: Setting<Duration> = app.setting("graceful_timeout");
    // Who made the time for stopping short has requests in mind that are.
    if graceful.origin.is_written() && !graceful.value.must(|it| *it >= read.min(GRACEFUL)) {
        return None;
    }
    let edit = match worker.origin.place {
        Some(_) => worker.origin.anchor.filter(is_literal_place)?.set(&seconds),
        None => beside(app)?.add_after(context.sources, &[("timeout", seconds)])?,
    };
    let title = format!("let a worker take {} s for a request", read.milliseconds / 1000);
    Fix::new(title, Applicability::Unsafe, vec![edit])
}

fn is_literal_place(anchor: &Anchor) -> bool {
    matches!(anchor.dialect, Dialect::Python | Dialect::CommandLine)
}

/// A setting of the app's configuration file that another one can stand beside: one of its kin, if there is one.
fn beside(app: &App) -> Option<Anchor> {
    const KIN: [&str; 7] =
        ["graceful_timeout", "keepalive", "threads", "worker_class", "workers", "bind", "backlog"];
    let file = app.config?;
    app.anchors(&KIN).find(|it| it.dialect == Dialect::Python && it.span.file == file)
}
