//! A limit of connections to an upstream, with nothing to wait in beyond it.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Gateway, Peer, Setting, Upstream, UpstreamId};
use crate::value::{Endpoint, Host};

pub(super) const RULE: Rule = Rule {
    name: "max-conns-without-queue",
    category: Category::Timeout,
    severity: Severity::Warning,
    summary: "requests beyond `max_conns` are turned away, since nothing queues them",
    outcome: "502",
    fix: Fixable::Never,
    page: include_str!("../../rules/max-conns-without-queue.md"),
    check,
};

/// What a worker of nginx that says nothing else has: `DEFAULT_CONNECTIONS` of `src/event/ngx_event.c`.
const WORKER_CONNECTIONS: i64 = 512;

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let nginx = &context.deployment.nginx;
    let in_http = nginx.routes.iter().filter(|it| it.gateway != Gateway::Stream);
    let used: BTreeSet<UpstreamId> = in_http.filter_map(|it| it.upstream).collect();
    let mut told = BTreeSet::new();
    let Some(connections) = fewest_connections(context) else { return };
    for id in used {
        let upstream = &nginx.upstreams[id.0 as usize];
        let Some(limit) = limit(upstream) else { continue };
        // A request takes two connections of the worker: it runs out of its own first.
        if limit.saturating_mul(2) < connections && told.insert(upstream.place) {
            findings.extend(finding(upstream, limit));
        }
    }
}

/// The fewest connections that a worker of any nginx of the stack has; `None` where that is not known.
fn fewest_connections(context: &Context) -> Option<u64> {
    let deployment = context.deployment;
    let mut fewest = None;
    for main in &deployment.nginx.mains {
        let Some(events) = main.events else { continue };
        let here: Setting<i64> =
            deployment.nginx.setting(events, "worker_connections", deployment.target.nginx);
        let here = here.value.candidates()?.iter().min().copied();
        fewest = fewest.into_iter().chain(here).min();
    }
    fewest.unwrap_or(WORKER_CONNECTIONS).try_into().ok()
}

/// How many connections all servers of an upstream take together, where each has a limit, no request can wait, and each
/// is one server. One without a limit takes what is beyond that of the others, a `backup` too.
fn limit(upstream: &Upstream) -> Option<u64> {
    if upstream.open.is_some() || upstream.directive("queue").is_some() {
        return None;
    }
    let one = |peer: &Peer| {
        let is_one = match peer.address.known()? {
            Endpoint::Tcp(Host::Name(_), _) => false,
            Endpoint::Tcp(..) | Endpoint::Unix(_) => true,
        };
        peer.parameters.max_conns.known().copied().filter(|limit| *limit > 0 && is_one)
    };
    let limits: Option<Vec<u64>> = upstream.peers.iter().filter(|peer| !peer.down).map(one).collect();
    let total = limits?.into_iter().fold(0, u64::saturating_add);
    (total > 0).then_some(total)
}

fn finding(upstream: &Upstream, limit: u64) -> Option<Finding> {
    let limited: Vec<&Peer> = upstream.peers.iter().filter(|peer| !peer.down).collect();
    let whole = match upstream.directive("zone") {
        Some(_) => "",
        None => " from each worker process",
    };
    let name = &upstream.name;
    let message = format!(
        "upstream `{name}` takes at most {limit} requests at once{whole}, and nothing queues those beyond: they get a 502 at \
         once"
    );
    let label = |peer: &&Peer| Label { span: peer.anchor.span, text: "its limit is here".into() };
    let (first, rest) = limited.split_first()?;
    let mut finding = RULE.finding(message, label(first), rest.iter().take(3).map(label).collect());
    finding.help = Some(
        "leave `max_conns` out and let the app's own backlog hold what it cannot serve yet, or bound how fast requests come \
         with `limit_req`, which can delay them; nginx's error log says `no live upstreams while connecting to upstream`"
            .into(),
    );
    Some(finding)
}
