//! So few connections for each worker of nginx that a handful of requests uses them up.

use std::collections::BTreeMap;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Anchor, LevelId, LevelKind, Nginx, Route, Setting};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "connections-exhausted",
    category: Category::Capacity,
    severity: Severity::Warning,
    summary: "so few connections that a handful of requests uses them up",
    outcome: "dropped connections",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/connections-exhausted.md"),
    check,
};

/// How many connections for each worker are enough not to be taken for a mistake.
const ENOUGH: i64 = 64;

/// nginx's default, `DEFAULT_CONNECTIONS` of `src/event/ngx_event.c`.
const DEFAULT: i64 = 512;

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let (nginx, version) = (&deployment.nginx, deployment.target.nginx);
    let routes = first_routes(nginx);
    let mut found: BTreeMap<Span, Finding> = BTreeMap::new();
    for main in &nginx.mains {
        let (Some(events), Some(http)) = (main.events, main.http) else { continue };
        let Some(route) = routes.get(&http) else { continue };
        let connections: Setting<i64> = nginx.setting(events, "worker_connections", version);
        let Some(anchor) = connections.origin.anchor else { continue };
        // With none at all nginx does not start, which is another mistake.
        let Some(number) = connections.value.known().copied().filter(|it| (1..ENOUGH).contains(it)) else {
            continue;
        };
        let files: Setting<Option<i64>> = nginx.setting(main.level, "worker_rlimit_nofile", version);
        let may_raise = files.value.must(|it| it.is_none_or(|files| files > DEFAULT));
        found.entry(anchor.span).or_insert_with(|| finding(anchor, number, route, may_raise));
    }
    findings.extend(found.into_values());
}

/// The first route of each `http` block.
fn first_routes(nginx: &Nginx) -> BTreeMap<LevelId, &Route> {
    let mut first = BTreeMap::new();
    for route in &nginx.routes {
        let mut next = Some(route.level);
        while let Some(id) = next {
            let level = nginx.level(id);
            if level.kind == LevelKind::Http {
                first.entry(id).or_insert(route);
            }
            next = level.parent;
        }
    }
    first
}

fn finding(anchor: Anchor, number: i64, route: &Route, may_raise: bool) -> Finding {
    // One is a listening socket's, one leads to the master process; each request has one of the client and one of the app.
    let most = (number - 2).max(0) / 2;
    let times = if most == 1 { "request" } else { "requests" };
    let message = format!(
        "{number} connections carry {most} {times} at once in each worker: more of them get a 500, or are dropped without \
         an answer"
    );
    let primary =
        Label { span: anchor.span, text: format!("{number} connections for each worker, set here") };
    let text = "each request that is handed on here takes two of them".into();
    let related = vec![Label { span: route.anchor.span, text }];
    let mut finding = RULE.finding(message, primary, related);
    finding.help = Some(format!(
        "leave it at nginx's default of {DEFAULT} or more: a connection costs a few hundred bytes; the error log says \
         `{number} worker_connections are not enough`"
    ));
    finding.fix = may_raise.then(|| anchor.set(&DEFAULT.to_string())).and_then(|edit| {
        let title = format!("allow {DEFAULT} connections for each worker");
        Fix::new(title, Applicability::Unsafe, vec![edit])
    });
    finding
}
