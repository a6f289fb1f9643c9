//! Servers on one machine that nginx gives up after a failure, until none is left.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::retries_multiply_timeout::{self as retries, Retried};
use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{
    AppKind, Deployment, Gateway, Joined, Nginx, Parameters, Peer, RouteId, Statements, Upstream, UpstreamId,
};
use crate::source::{Sources, Span};
use crate::value::{Duration, Endpoint};

pub(super) const RULE: Rule = Rule {
    name: "max-fails-blackout",
    category: Category::Timeout,
    severity: Severity::Warning,
    summary: "nginx gives up all servers of an upstream on its own machine after a failure of each",
    outcome: "502 for all for a while",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/max-fails-blackout.md"),
    check,
};

/// What fixes look up; made when the first one does.
#[derive(Default)]
struct Places<'a> {
    statements: OnceCell<Statements<'a>>,
    /// The upstreams that each `server` stands in: several, where its file is included in several.
    blocks: OnceCell<BTreeMap<Span, BTreeSet<Span>>>,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let mut told = BTreeSet::new();
    let places = Places::default();
    for (id, routes) in used(deployment) {
        let upstream = &deployment.nginx.upstreams[id.0 as usize];
        if !is_given_up(deployment, upstream, &routes) || !told.insert(upstream.place) {
            continue;
        }
        findings.extend(finding(context, upstream, &routes, &places));
    }
}

/// The upstreams that routes of `http` lead to, with these routes.
pub(super) fn used(deployment: &Deployment) -> BTreeMap<UpstreamId, Vec<RouteId>> {
    let mut used: BTreeMap<UpstreamId, Vec<RouteId>> = BTreeMap::new();
    for (at, route) in deployment.nginx.routes.iter().enumerate() {
        if let Some(upstream) = route.upstream.filter(|_| route.gateway != Gateway::Stream) {
            used.entry(upstream).or_default().push(RouteId(at as u32));
        }
    }
    used
}

/// The servers that are not `down`.
pub(super) fn in_use(upstream: &Upstream) -> Vec<&Peer> {
    upstream.peers.iter().filter(|peer| !peer.down).collect()
}

/// Whether some servers have more than one address that is known.
pub(super) fn are_several<'a>(servers: impl IntoIterator<Item = &'a Peer>) -> bool {
    let mut addresses = servers.into_iter().filter_map(|peer| peer.address.known());
    let first = addresses.next();
    addresses.any(|it| Some(it) != first)
}

/// Whether an upstream has several servers, all that are in use are on nginx's own machine, a Gunicorn of the stack is one of
/// them, and failures put each out of use. Copies of one server are another mistake.
///
/// A server that is `down` counts: only one that stands alone is never given up (`peers->single`,
/// `ngx_http_upstream_init_round_robin`, nginx 1.31.3).
pub(super) fn is_given_up(deployment: &Deployment, upstream: &Upstream, routes: &[RouteId]) -> bool {
    let in_use = || upstream.peers.iter().filter(|peer| !peer.down);
    let is_local = |peer: &Peer| peer.address.known().is_some_and(Endpoint::is_local);
    let fails = |peer: &Peer| peer.parameters.are_given_up();
    let is_app = |route: &RouteId| {
        let hops = deployment.hops_of(*route).iter();
        hops.filter_map(|hop| match hop.joined {
            Joined::App(id) => Some(deployment.app(id)),
            _ => None,
        })
        .any(|app| app.kind == AppKind::Gunicorn)
    };
    upstream.open.is_none()
        && are_several(upstream.peers.iter())
        && in_use().next().is_some()
        && in_use().all(is_local)
        && in_use().all(fails)
        && routes.first().is_some_and(is_app)
}

fn finding<'a>(
    context: &Context<'a>,
    upstream: &Upstream,
    routes: &[RouteId],
    places: &Places<'a>,
) -> Option<Finding> {
    let servers = in_use(upstream);
    let retried = retries::retried(context, upstream, routes);
    let (name, number) = (&upstream.name, servers.len());
    // The first that is tried again is enough.
    let times: Option<Vec<&Duration>> =
        servers.iter().map(|peer| peer.parameters.fail_timeout.known()).collect();
    let time = times.and_then(|all| all.into_iter().min()).map_or("a while".to_owned(), ToString::to_string);
    let once = servers.iter().all(|peer| peer.parameters.max_fails.known() == Some(&1));
    let (whole, each) = match number {
        1 => ("the only server in use".to_owned(), "it has".to_owned()),
        _ => (format!("each of the {number} servers"), "each has".to_owned()),
    };
    let fails: BTreeSet<Option<&u64>> =
        servers.iter().map(|peer| peer.parameters.max_fails.known()).collect();
    let often = match fails.iter().collect::<Vec<_>>().as_slice() {
        [Some(1)] => "failed once".to_owned(),
        [Some(number)] => format!("failed {number} times within that time"),
        _ => "failed as often as its `max_fails` says".to_owned(),
    };
    let how = match &retried {
        Some(it) if once && it.tries >= number as u64 => {
            format!(
                "one GET that takes longer than {} is tried at all of them and is enough, as is a restart",
                it.read
            )
        }
        _ => "requests that time out are enough, and so is a restart".to_owned(),
    };
    let message = format!(
        "nginx gives up {whole} of upstream `{name}` for {time} when {each} {often}, though all are on this machine: then \
         everybody gets a 502 until that time is over; {how}"
    );
    let (first, rest) = servers.split_first()?;
    let primary = Label { span: first.anchor.value, text: given_up_after(&first.parameters) };
    let label = |peer: &&Peer| Label { span: peer.anchor.value, text: "and this one".into() };
    let mut related: Vec<Label> = rest.iter().take(3).map(label).collect();
    related.extend(retried.as_ref().and_then(Retried::wait));
    related.extend(context.deployment.hops_of(*routes.first()?).iter().find_map(|hop| {
        let app = context.deployment.app(hop.app()?);
        let text = "an app behind it, on nginx's own machine".to_owned();
        Some(Label { span: app.listeners.origin.place.unwrap_or(app.place), text })
    }));
    let mut finding = RULE.finding(message, primary, related);
    let retry = match &retried {
        Some(Retried { directive, .. }) => {
            format!(
                ", and `{directive} error`, so that no request is worked on by one server after the other"
            )
        }
        None => String::new(),
    };
    finding.help = Some(format!(
        "write `max_fails=0`: a server that refuses a connection costs no time, and the next one is tried all the same{retry}; \
         nginx's error log says `no live upstreams while connecting to upstream`"
    ));
    finding.fix = fix(context, &servers, retried.as_ref(), places);
    Some(finding)
}

/// What puts a server out of use, and for how long.
fn given_up_after(parameters: &Parameters) -> String {
    let (fails, time) = (parameters.max_fails.known(), parameters.fail_timeout.known());
    let often = match fails {
        Some(1) | None => "one failure".to_owned(),
        Some(fails) => format!("{fails} failures"),
    };
    match (fails, time) {
        (Some(1), Some(time)) if Parameters::DEFAULT.fail_timeout.known() == Some(time) => {
            format!(
                "given up after one failure, for {time}: nginx's defaults of `max_fails` and `fail_timeout`"
            )
        }
        (Some(_), Some(time)) => {
            format!("given up after {often} (`max_fails`), for {time} (`fail_timeout`)")
        }
        _ => format!("given up after {often}"),
    }
}

/// Lets no failure put a server out of use, and where a request that times out is sent on, ends that too: it would be the
/// next mistake.
fn fix<'a>(
    context: &Context<'a>,
    servers: &[&Peer],
    retried: Option<&Retried>,
    places: &Places<'a>,
) -> Option<Fix> {
    let blocks = places.blocks.get_or_init(|| blocks_of_servers(&context.deployment.nginx));
    // A server whose file stands in several upstreams is another one there.
    if servers.iter().any(|peer| blocks.get(&peer.anchor.span).is_none_or(|blocks| blocks.len() > 1)) {
        return None;
    }
    let mut edits: BTreeMap<Span, Edit> = BTreeMap::new();
    for peer in servers {
        edits.insert(peer.anchor.span, without_failures(peer, context.sources)?);
    }
    let mut edits: Vec<Edit> = edits.into_values().collect();
    if let Some(retried) = retried {
        edits.extend(retries::edits(context, retried, &places.statements)?);
    }
    Fix::new("give no server up", Applicability::Unsafe, edits)
}

fn blocks_of_servers(nginx: &Nginx) -> BTreeMap<Span, BTreeSet<Span>> {
    let mut blocks: BTreeMap<Span, BTreeSet<Span>> = BTreeMap::new();
    for upstream in &nginx.upstreams {
        for peer in upstream.peers.iter() {
            blocks.entry(peer.anchor.span).or_default().insert(upstream.place);
        }
    }
    blocks
}

/// Writes `max_fails=0` behind the address, or in the place of another number.
fn without_failures(peer: &Peer, sources: &Sources) -> Option<Edit> {
    const NAME: &str = "max_fails=";
    let (address, whole) = (peer.anchor.value, peer.anchor.span);
    let behind = Span { start: address.end, ..whole };
    let text = sources.text(behind);
    if text.contains(['"', '\'', '#', '$', '{']) {
        return None;
    }
    let Some(at) = text.find(NAME) else {
        let end = Span { end: address.end, ..behind };
        return Some(Edit { span: end, replacement: format!(" {NAME}0") });
    };
    let start = at + NAME.len();
    let digits = text[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - start);
    let from = behind.start as usize + start;
    Some(Edit { span: Span::new(behind.file, from..from + digits), replacement: "0".into() })
}
