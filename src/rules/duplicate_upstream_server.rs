//! One server that stands several times in an upstream.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Gateway, Peer, Upstream, UpstreamId};
use crate::source::Span;
use crate::value::{Duration, Endpoint};

pub(super) const RULE: Rule = Rule {
    name: "duplicate-upstream-server",
    category: Category::Timeout,
    severity: Severity::Warning,
    summary: "one server stands several times in an upstream, so that nginx gives it up after a slow request",
    outcome: "502 for all for a while",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/duplicate-upstream-server.md"),
    check,
};

/// What a server of several copies does to its upstream.
struct Copies<'a> {
    upstream: &'a Upstream,
    address: &'a Endpoint,
    peers: Vec<&'a Peer>,
    /// Whether nothing else stands in the upstream.
    alone: bool,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let nginx = &context.deployment.nginx;
    let in_http = nginx.routes.iter().filter(|it| it.gateway != Gateway::Stream);
    let used: BTreeSet<UpstreamId> = in_http.filter_map(|it| it.upstream).collect();
    let mut told = BTreeSet::new();
    let mut blocks: Option<BTreeMap<Span, BTreeSet<Span>>> = None;
    for id in used {
        for copies in copies(&nginx.upstreams[id.0 as usize]) {
            if !told.insert(copies.peers[1].anchor.span) {
                continue;
            }
            let blocks = blocks.get_or_insert_with(|| blocks_of_servers(&nginx.upstreams));
            findings.push(finding(context, &copies, blocks));
        }
    }
}

/// The upstreams that each `server` stands in: several, where its file is included in several.
fn blocks_of_servers(upstreams: &[Upstream]) -> BTreeMap<Span, BTreeSet<Span>> {
    let mut blocks: BTreeMap<Span, BTreeSet<Span>> = BTreeMap::new();
    for upstream in upstreams {
        for peer in upstream.peers.iter() {
            blocks.entry(peer.anchor.span).or_default().insert(upstream.place);
        }
    }
    blocks
}

fn copies(upstream: &Upstream) -> impl Iterator<Item = Copies<'_>> {
    let mut by_address: BTreeMap<&Endpoint, Vec<&Peer>> = BTreeMap::new();
    for peer in upstream.peers.iter() {
        if let Some(address) = peer.address.known() {
            by_address.entry(address).or_default().push(peer);
        }
    }
    let all = upstream.peers.len();
    by_address.into_iter().filter_map(move |(address, peers)| {
        let alone = peers.len() == all && upstream.open.is_none();
        let copies = Copies { upstream, address, peers, alone };
        copies.matter().then_some(copies)
    })
}

impl Copies<'_> {
    /// Whether the copies do something that one would not. A server that no failure puts out of use, or for no time, goes
    /// on; and beside other servers, one that is `down` or `backup` is a person's note.
    fn matter(&self) -> bool {
        let in_use = || self.peers.iter().filter(|peer| !peer.down);
        let is_given_up = in_use().all(|peer| peer.parameters.are_given_up());
        let sharing = in_use().filter(|peer| self.alone || !peer.parameters.backup).count();
        self.peers.len() > 1 && is_given_up && sharing > usize::from(!self.alone)
    }

    /// The copy that stays, and those that go, where it is evident which.
    fn superfluous(&self) -> Option<Vec<&Peer>> {
        let is_kept = |peer: &&&Peer| !peer.down && !peer.parameters.backup;
        let kept = *self.peers.iter().find(is_kept)?;
        let others = || self.peers.iter().copied().filter(|it| it.anchor.span != kept.anchor.span);
        let unlimited = |peer: &&Peer| peer.parameters.max_conns.known() == Some(&0);
        // Of a server that is alone, weight and failures do not count.
        let is_same = |peer: &Peer| match self.alone {
            true => peer.parameters.resolve == kept.parameters.resolve,
            false => peer.parameters == kept.parameters && peer.down == kept.down,
        };
        let all_go = others().count() + 1 == self.peers.len();
        (all_go && self.peers.iter().all(unlimited) && others().all(is_same)).then(|| others().collect())
    }
}

fn finding(context: &Context, copies: &Copies, blocks: &BTreeMap<Span, BTreeSet<Span>>) -> Finding {
    let Copies { upstream, address, peers, alone } = copies;
    let name = &upstream.name;
    let times = match peers.len() {
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    };
    // The first that is tried again is enough.
    let in_use = peers.iter().filter(|it| !it.down);
    let times_out: Option<Vec<&Duration>> = in_use.map(|it| it.parameters.fail_timeout.known()).collect();
    let time =
        times_out.and_then(|all| all.into_iter().min()).map_or("a while".to_owned(), ToString::to_string);
    let message = match alone {
        true => format!(
            "{address} stands {times} in upstream `{name}`: nginx takes it for several servers, and when slow requests have \
             put each out of use, everybody gets a 502 for {time}"
        ),
        false => format!(
            "{address} stands {times} in upstream `{name}`: it gets as many shares of the requests, and one that fails there \
             is tried there again"
        ),
    };
    let label = Label { span: peers[1].anchor.value, text: "the same server again".into() };
    let related = vec![Label { span: peers[0].anchor.value, text: "the server".into() }];
    let mut finding = RULE.finding(message, label, related);
    finding.help = Some(match alone {
        true => "name it once: nginx never gives up a server that is the only one; its error log says `no live upstreams \
                 while connecting to upstream`"
            .into(),
        false => "name each server once, and write `weight=2` where one should get a larger share".into(),
    });
    if !alone {
        finding.severity = Severity::Note;
        finding.outcome = "none by itself".into();
    }
    finding.fix = copies.superfluous().and_then(|superfluous| {
        let removed = |peer: &&Peer| {
            let is_here_alone = blocks.get(&peer.anchor.span).is_some_and(|places| places.len() == 1);
            is_here_alone.then(|| peer.anchor.remove(context.sources))
        };
        let edits: Vec<Edit> = superfluous.iter().map(removed).collect::<Option<_>>()?;
        // A request whose worker dies is tried again on the copy, or gets another share.
        Fix::new(format!("name {address} once"), Applicability::Unsafe, edits)
    });
    finding
}
