//! A request that times out, and is worked on by one server after the other.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::max_fails_blackout::{are_several, in_use, is_given_up, used};
use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{
    Deployment, Joined, LevelKind, OriginKind, Peer, Route, RouteId, Setting, Statements, Upstream,
    WorkerClass,
};
use crate::value::Duration;

pub(super) const RULE: Rule = Rule {
    name: "retries-multiply-timeout",
    category: Category::Timeout,
    severity: Severity::Warning,
    summary: "a request that times out is worked on by one server after the other",
    outcome: "504",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/retries-multiply-timeout.md"),
    check,
};

/// The routes to an upstream whose requests are tried at all its servers when they time out.
pub(super) struct Retried<'a> {
    routes: Vec<&'a Route>,
    /// The first route.
    id: RouteId,
    /// `proxy_next_upstream` or its kin, of the first route.
    pub(super) directive: &'static str,
    /// How long the first route waits at each server.
    pub(super) read: Duration,
    reads: Setting<Duration>,
    /// How many servers are tried.
    pub(super) tries: u64,
}

impl Retried<'_> {
    /// Where it is written how long nginx waits at each server.
    pub(super) fn wait(&self) -> Option<Label> {
        let text = format!("nginx waits {} at each, {}", self.read, self.reads.origin.describe("nginx"));
        Some(Label { span: self.reads.origin.place?, text })
    }
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let mut told = BTreeSet::new();
    let statements = OnceCell::new();
    for (id, routes) in used(deployment) {
        let upstream = &deployment.nginx.upstreams[id.0 as usize];
        // What also puts the servers out of use is told there, and mended with it.
        if is_given_up(deployment, upstream, &routes) {
            continue;
        }
        let Some(retried) = retried(context, upstream, &routes) else { continue };
        if told.insert(upstream.place) {
            findings.extend(finding(context, upstream, &retried, &statements));
        }
    }
}

/// The routes whose requests may take longer than nginx waits, and go on to another server then.
pub(super) fn retried<'a>(
    context: &Context<'a>,
    upstream: &Upstream,
    routes: &[RouteId],
) -> Option<Retried<'a>> {
    let deployment = context.deployment;
    let servers = in_use(upstream);
    if !are_several(servers.iter().copied()) || upstream.open.is_some() {
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut all: Option<Retried> = None;
    for id in routes {
        let route = deployment.route(*id);
        let Some((directive, reads, tries)) = tries(deployment, *id, servers.len() as u64) else { continue };
        let Some(read) = reads.value.known().copied() else { continue };
        let retried =
            all.get_or_insert(Retried { routes: Vec::new(), id: *id, directive, read, reads, tries });
        if seen.insert(route.anchor.span) {
            retried.routes.push(route);
        }
    }
    all
}

/// At how many servers a route tries a request that times out, if at several.
///
/// `ngx_http_upstream_next` of nginx 1.31.3: after a `timeout` that is listed, while there are tries and servers left and the
/// time for retries is not over, which it is where a single wait is longer. Requests that change something, such as POST, are
/// not sent on.
fn tries(
    deployment: &Deployment,
    id: RouteId,
    servers: u64,
) -> Option<(&'static str, Setting<Duration>, u64)> {
    let (route, version) = (deployment.route(id), deployment.target.nginx);
    let nginx = &deployment.nginx;
    let [failures, tries, limit] = route.gateway.next_upstream()?;
    let may_take_longer = deployment.hops_of(id).iter().all(|hop| {
        let is_down = route.peers.get(hop.peer).is_some_and(|peer| peer.down);
        is_down || matches!(hop.joined, Joined::App(app) if is_unbounded(&deployment.app(app).worker_class))
    });
    if !may_take_longer {
        return None;
    }
    let reads: Setting<Duration> = nginx.setting(route.level, route.gateway.read_timeout()?, version);
    let failures_of: Setting<Vec<String>> = nginx.setting(route.level, failures, version);
    let most: Setting<i64> = nginx.setting(route.level, tries, version);
    let limit: Setting<Duration> = nginx.setting(route.level, limit, version);
    let read = *reads.value.known()?;
    let is_listed = failures_of.value.must(|words| words.iter().any(|word| word == "timeout"));
    let goes_on = limit.value.must(|limit| limit.milliseconds == 0 || *limit > read);
    let most = u64::try_from(*most.value.known()?).ok()?;
    let tried = if most == 0 { servers } else { servers.min(most) };
    (is_listed && goes_on && tried > 1 && read.milliseconds > 0).then_some((failures, reads, tried))
}

/// Whether a worker may take any time for a request. A sync one is killed; where its `timeout` is longer than nginx waits,
/// that is the mistake.
fn is_unbounded(class: &Setting<WorkerClass>) -> bool {
    use WorkerClass::{Asgi, Eventlet, Gevent, Gthread, Uvicorn};
    class.value.must(|class| matches!(class, Gthread | Gevent | Eventlet | Asgi | Uvicorn))
}

fn finding<'a>(
    context: &Context<'a>,
    upstream: &Upstream,
    retried: &Retried,
    statements: &OnceCell<Statements<'a>>,
) -> Option<Finding> {
    let Retried { routes, directive, read, reads, tries, .. } = retried;
    let first = routes.first()?;
    let name = &upstream.name;
    let total = Duration { milliseconds: read.milliseconds.checked_mul(*tries)? };
    let message = format!(
        "a GET that takes longer than {read} is tried at {tries} servers of upstream `{name}`, one after the other: the app \
         works on it {tries} times, and the client gets a 504 only after {total}"
    );
    let primary = Label { span: first.anchor.span, text: "requests are handed on here".into() };
    let mut related: Vec<Label> = retried.wait().into_iter().collect();
    let label = |peer: &&Peer| Label { span: peer.anchor.value, text: "one of the servers".into() };
    related.extend(in_use(upstream).iter().take(3).map(label));
    related.extend(context.deployment.hops_of(retried.id).iter().find_map(|hop| {
        let class = &context.deployment.app(hop.app()?).worker_class;
        let text = format!("{} workers: nothing but nginx bounds a request", class.value.known()?);
        Some(Label { span: class.origin.place?, text })
    }));
    let others = match routes.len() - 1 {
        0 => String::new(),
        1 => "; so it is on 1 more route".into(),
        n => format!("; so it is on {n} more routes"),
    };
    let mut finding = RULE.finding(message, primary, related);
    finding.help = Some(format!(
        "write `{directive} error`: a server that cannot be reached is passed over all the same, but a request that is only \
         slow is worked on once; nginx's default is `error timeout`, and {read} {}{others}",
        match reads.origin.place {
            Some(_) => "is what it waits at each server",
            None => "is its default for each server",
        }
    ));
    finding.fix = edits(context, retried, statements)
        .and_then(|edits| Fix::new("send no request on that is only slow", Applicability::Unsafe, edits));
    Some(finding)
}

/// Takes `timeout` out of what a request is sent on for: where it is written for the route, else beside the pass.
pub(super) fn edits<'a>(
    context: &Context<'a>,
    retried: &Retried,
    statements: &OnceCell<Statements<'a>>,
) -> Option<Vec<Edit>> {
    let (nginx, version) = (&context.deployment.nginx, context.deployment.target.nginx);
    let statements = statements.get_or_init(|| Statements::new(nginx));
    let mut edits: Vec<Edit> = Vec::new();
    for route in &retried.routes {
        let [name, ..] = route.gateway.next_upstream()?;
        let failures: Setting<Vec<String>> = nginx.setting(route.level, name, version);
        let left: Vec<&str> =
            failures.value.known()?.iter().map(String::as_str).filter(|word| *word != "timeout").collect();
        let value = if left.is_empty() { "off".to_owned() } else { left.join(" ") };
        let own = failures.origin.anchor.filter(|_| failures.origin.kind == OriginKind::Written);
        edits.push(match own {
            Some(anchor) => anchor.set(&value),
            None => {
                let span = route.anchor.span;
                let stands =
                    statements.levels(span).iter().all(|id| nginx.level(*id).kind == LevelKind::Location);
                if !stands || !statements.may_add(span, name) {
                    return None;
                }
                route.anchor.add_after(context.sources, &[(name, value)])?
            }
        });
    }
    Some(edits)
}
