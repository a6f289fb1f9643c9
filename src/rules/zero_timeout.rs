//! A timeout of 0, which nginx takes at its word.

use super::{Category, Context, Fixable, Rule, more_routes};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppId, Gateway, InForce, LevelId, Route, Setting, WorkerClass};
use crate::value::{Duration, Endpoint};

pub(super) const RULE: Rule = Rule {
    name: "zero-timeout",
    category: Category::Timeout,
    severity: Severity::Error,
    summary: "a timeout of 0, which nginx takes at its word",
    outcome: "504",
    fix: Fixable::Always,
    page: include_str!("../../rules/zero-timeout.md"),
    check,
};

/// nginx's default for both timeouts.
const DEFAULT: Duration = Duration::seconds(60);

/// How much longer than a worker nginx waits after the fix, as where it waits too short a time.
const MARGIN: Duration = Duration::seconds(5);

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let is_zero = |value: &Duration| value.milliseconds == 0;
    let read = |route: &Route| route.gateway.read_timeout().filter(|_| is_waited_for(context, route.level));
    for zero in deployment.nginx.in_force(deployment.target.nginx, read, is_zero) {
        let value = long_enough(context, &zero);
        findings.push(finding(&zero, "answer", "reading response header from upstream", value));
    }
    let connect = |route: &Route| route.gateway.connect_timeout().filter(|_| takes_time(route));
    for zero in deployment.nginx.in_force(deployment.target.nginx, connect, is_zero) {
        findings.push(finding(&zero, "connection", "connecting to upstream", DEFAULT));
    }
}

/// Whether somebody waits for the answer. Nobody does for that of a `mirror`, which leads to a location of this sort; what
/// is sent has left by then.
fn is_waited_for(context: &Context, level: LevelId) -> bool {
    let mut next = Some(level);
    while let Some(id) = next {
        let here = context.deployment.nginx.level(id);
        if here.internal {
            return false;
        }
        next = here.parent;
    }
    true
}

/// Whether connecting takes any time with every peer that there may be. A unix socket is connected to at once, but for the
/// TLS handshake, which the same timeout bounds.
fn takes_time(route: &Route) -> bool {
    let is_tcp = |endpoint: &Endpoint| matches!(endpoint, Endpoint::Tcp(..));
    let slow = route.peers.iter().all(|peer| peer.address.must(is_tcp));
    route.open.is_none() && (slow || route.gateway == Gateway::Https)
}

fn finding(zero: &InForce, waits_for: &str, phase: &str, value: Duration) -> Finding {
    let name = zero.directive;
    let message = format!(
        "`{name}` is 0, which is no time at all and not \"no limit\": nginx does not wait for the app's {waits_for}, and \
         requests get a 504"
    );
    let primary = Label { span: zero.anchor.span, text: format!("nginx waits 0 s, {}", zero.origin) };
    let (others, related) = handed_on(zero);
    let mut finding = RULE.finding(message, primary, related);
    finding.help = Some(format!(
        "say how long nginx shall wait, {DEFAULT} being its default; the error log says `upstream timed out (110: ...) \
         while {phase}`{others}"
    ));
    let written = value.to_nginx().unwrap_or_else(|| "60s".into());
    finding.fix =
        Fix::new(format!("let nginx wait {value}"), Applicability::Safe, vec![zero.anchor.set(&written)]);
    finding
}

/// The first of the routes, and how many others there are.
fn handed_on(zero: &InForce) -> (String, Vec<Label>) {
    let text = "for requests that are handed on here".to_owned();
    let first = zero.passes.iter().take(1);
    let related = first.map(|span| Label { span: *span, text: text.clone() }).collect();
    let others = more_routes(zero.passes.len());
    (others, related)
}

/// How long nginx has to wait for the apps behind the routes: its default or, where that is too short for what a worker
/// may take or too long for what a sync worker is given, a little longer than the worker.
fn long_enough(context: &Context, zero: &InForce) -> Duration {
    let deployment = context.deployment;
    let mut needed = Duration::seconds(0);
    let mut most: Option<Duration> = None;
    let mut apps: Vec<AppId> = Vec::new();
    for route in &zero.routes {
        apps.extend(deployment.hops_of(*route).iter().filter_map(|hop| hop.app()));
    }
    apps.sort_unstable();
    apps.dedup();
    for app in apps.into_iter().map(|id| deployment.app(id)) {
        let Some(timeout) = timeout(app) else { continue };
        needed =
            needed.max(Duration { milliseconds: timeout.milliseconds.saturating_add(MARGIN.milliseconds) });
        if app.worker_class.value.may(|class| *class == WorkerClass::Sync) {
            let twice = Duration { milliseconds: timeout.milliseconds.saturating_mul(2) };
            most = Some(most.map_or(twice, |most| most.min(twice)));
        }
    }
    match most {
        Some(most) if most < DEFAULT && needed <= most => needed,
        _ => needed.max(DEFAULT),
    }
}

/// The longest that a worker may take, where it is known and bounded.
fn timeout(app: &App) -> Option<Duration> {
    let setting: Setting<Duration> = app.setting("timeout");
    setting.value.candidates()?.iter().copied().max().filter(|it| it.milliseconds > 0)
}
