//! A pass that leads back to the server that it stands in.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Category, Context, Fixable, Rule, bind_conflict};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Gateway, Level, LevelId, LevelKind, Listen, MatchKind, Nginx, Peer, Route, RouteId, Uri};
use crate::source::Span;
use crate::value::{Endpoint, Host};

pub(super) const RULE: Rule = Rule {
    name: "proxy-loop",
    category: Category::Address,
    severity: Severity::Error,
    summary: "a pass that leads back to its own server",
    outcome: "502 or 500",
    fix: Fixable::Never,
    page: include_str!("../../rules/proxy-loop.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let nginx = &context.deployment.nginx;
    let servers = LazyCell::new(|| Servers::new(nginx));
    let conditional = LazyCell::new(|| conditional(nginx));
    let mut seen = BTreeSet::new();
    for (at, route) in nginx.routes.iter().enumerate().filter(|(_, route)| may_come_back(nginx, route)) {
        // An `error_page` may give another answer than the loop's end.
        if !returns_as_it_came(nginx, route, &conditional) || nginx.rescues(route.level).unreached {
            continue;
        }
        let is_external =
            |peer: &Peer| peer.address.known().is_some_and(|it| context.deployment.is_external(it));
        if route.peers.iter().any(is_external) {
            continue;
        }
        let Some(servers) = &*servers else { return };
        let Some(caught) = caught(nginx, route, servers) else { continue };
        let Some(peer) = route.peers.first() else { continue };
        // Where an app has that address, the two cannot both listen there, and one does not start.
        let listens_on = caught.listen.address.known();
        let mut apps = context.deployment.hops_of(RouteId(at as u32)).iter().filter_map(|hop| hop.app());
        if apps.any(|id| listens_on.is_some_and(|it| bind_conflict::is_taken(context.deployment.app(id), it)))
        {
            continue;
        }
        // Routes that lead through one upstream are one mistake.
        if seen.insert(peer.anchor.value) {
            findings.push(finding(nginx, route, peer.anchor.value, &caught));
        }
    }
}

/// Whether the route's own server listens on the port, or at the path, of each of its peers: most lead elsewhere.
fn may_come_back(nginx: &Nginx, route: &Route) -> bool {
    let Some(own) = route.server.map(|at| &nginx.servers[at]) else { return false };
    let is_alike = |a: &Endpoint, b: &Endpoint| match (a, b) {
        (Endpoint::Tcp(_, a), Endpoint::Tcp(_, b)) => a == b,
        (a, b) => a == b,
    };
    let listens = |to: &Endpoint| own.listen.iter().any(|it| it.address.may(|address| is_alike(address, to)));
    route.peers.iter().filter(|peer| !peer.down).all(|peer| peer.address.known().is_some_and(listens))
}

/// The locations with a block inside that sends some requests elsewhere.
fn conditional(nginx: &Nginx) -> BTreeSet<LevelId> {
    let inner =
        |level: &&Level| matches!(level.kind, LevelKind::If | LevelKind::LimitExcept) && level.diverts;
    nginx.levels.iter().filter(inner).filter_map(|level| level.parent).collect()
}

/// Whether every request that comes to the pass leaves it with the URI that led it there, in plain HTTP, and nothing on the
/// way may take it off: then it comes there again, if it reaches the same server.
fn returns_as_it_came(nginx: &Nginx, route: &Route, conditional: &BTreeSet<LevelId>) -> bool {
    let level = nginx.level(route.level);
    let Some(matching) = level.matching.as_ref().filter(|_| level.kind == LevelKind::Location) else {
        return false;
    };
    let same = match (&route.uri, matching.kind) {
        (_, MatchKind::Named) => false,
        (Uri::Kept, _) => true,
        (Uri::Replaced(uri, _), MatchKind::Prefix | MatchKind::PrefixFirst | MatchKind::Exact) => {
            uri == level.pattern()
        }
        (Uri::Replaced(..) | Uri::Computed | Uri::Unknown(_), _) => false,
    };
    let mut next = Some(route.level);
    while let Some(id) = next {
        let here = nginx.level(id);
        if here.diverts || here.open_above.is_some() || conditional.contains(&id) {
            return false;
        }
        next = here.parent;
    }
    same && route.gateway == Gateway::Http
}

/// All servers that listen on one address.
#[derive(Default)]
struct Group<'a> {
    servers: BTreeSet<usize>,
    /// The servers of each name, which has neither a wildcard nor a regular expression.
    names: BTreeMap<String, BTreeSet<usize>>,
    /// Whether a name is a pattern.
    patterns: bool,
    /// The servers that say that they are the default one.
    defaults: BTreeSet<usize>,
    /// Whether what arrives is expected in plain HTTP.
    plain: bool,
    listens: BTreeMap<usize, &'a Listen>,
    /// For each server a name that leads to it alone, where it has one.
    alone: BTreeMap<usize, String>,
}

/// The servers of `http` by what they listen on.
struct Servers<'a> {
    groups: BTreeMap<Endpoint, Group<'a>>,
    /// The servers beside which there may be others that are not in the tree, on port 80: a distributor's `nginx.conf` has
    /// one there.
    in_fragments: BTreeSet<usize>,
}

/// How many names on how many addresses all servers may have together.
const MANY: usize = 200_000;

impl<'a> Servers<'a> {
    /// `None` where a server may listen anywhere, or where there are too many names.
    fn new(nginx: &'a Nginx) -> Option<Servers<'a>> {
        let wholes: BTreeSet<LevelId> = nginx.mains.iter().filter_map(|main| main.http).collect();
        let mut found = Servers { groups: BTreeMap::new(), in_fragments: BTreeSet::new() };
        // Each name is one on each of its server's addresses.
        if nginx.servers.iter().map(|it| it.listen.len() * it.names.len()).sum::<usize>() > MANY {
            return None;
        }
        for (at, server) in nginx.servers.iter().enumerate() {
            if nginx.level(server.level).parent.is_none_or(|parent| !wholes.contains(&parent)) {
                found.in_fragments.insert(at);
            }
            for listen in &server.listen {
                let address = listen.address.known()?;
                if matches!(address, Endpoint::Tcp(Host::Name(_), _)) {
                    return None;
                }
                let group = found
                    .groups
                    .entry(address.clone())
                    .or_insert_with(|| Group { plain: true, ..Group::default() });
                group.servers.insert(at);
                group.plain &= !listen.ssl && !listen.proxy_protocol;
                group.listens.entry(at).or_insert(listen);
                if listen.default {
                    group.defaults.insert(at);
                }
                for name in &server.names {
                    match is_plain_name(name) {
                        true => {
                            group.names.entry(name.to_ascii_lowercase()).or_default().insert(at);
                        }
                        false => group.patterns = true,
                    }
                }
            }
        }
        for group in found.groups.values_mut() {
            let alone = group.names.iter().filter(|(_, of)| of.len() == 1);
            group.alone = alone.flat_map(|(name, of)| of.iter().map(|at| (*at, name.clone()))).collect();
        }
        Some(found)
    }

    /// The servers of which one gets what is sent to a literal address: nginx prefers those that name the address itself.
    fn at(&self, address: &Endpoint) -> Option<&Group<'a>> {
        if let Some(group) = self.groups.get(address) {
            return Some(group);
        }
        let Endpoint::Tcp(host, port) = address else { return None };
        let any = match host {
            Host::V4(address) if address.is_loopback() => Host::V4(Ipv4Addr::UNSPECIFIED),
            Host::V6(address) if address.is_loopback() => Host::V6(Ipv6Addr::UNSPECIFIED),
            _ => return None,
        };
        self.groups.get(&Endpoint::Tcp(any, *port))
    }
}

/// Whether a server's name is one name, which no request can have but one that asks for it.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name != "_"
        && name.split('.').all(|part| {
            !part.is_empty() && part.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
        })
}

/// How requests come back.
struct Caught<'a> {
    address: Endpoint,
    listen: &'a Listen,
    /// The name that they have to ask for, where others go elsewhere.
    name: Option<String>,
}

/// Whether all peers of a route are its own server, for certain.
fn caught<'a>(nginx: &Nginx, route: &Route, servers: &Servers<'a>) -> Option<Caught<'a>> {
    let own = route.server?;
    let mut first = None;
    if route.open.is_some() {
        return None;
    }
    for peer in route.peers.iter().filter(|peer| !peer.down) {
        let Endpoint::Tcp(host, port) = peer.address.known()? else {
            let address = peer.address.known()?;
            let found = chosen(nginx, route, own, servers, address)?;
            first.get_or_insert(found);
            continue;
        };
        for (address, may_fail) in literal(host, *port) {
            // Where nobody listens on ::1, nginx goes on with 127.0.0.1.
            if may_fail && servers.at(&address).is_none() {
                continue;
            }
            let found = chosen(nginx, route, own, servers, &address)?;
            first.get_or_insert(found);
        }
    }
    first
}

/// The addresses that a host stands for, and whether it may do without the address.
fn literal(host: &Host, port: u16) -> Vec<(Endpoint, bool)> {
    let tcp = |host| Endpoint::Tcp(host, port);
    let (v4, v6) = (Host::V4(Ipv4Addr::LOCALHOST), Host::V6(Ipv6Addr::LOCALHOST));
    match host {
        Host::Name(name) if name == "localhost" => vec![(tcp(v4), false), (tcp(v6), true)],
        Host::V4(address) if address.is_unspecified() => vec![(tcp(v4), false)],
        Host::V6(address) if address.is_unspecified() => vec![(tcp(v6), false)],
        other => vec![(tcp(other.clone()), false)],
    }
}

/// Whether a server is the one that nginx chooses for what a route sends to a literal address.
fn chosen<'a>(
    nginx: &Nginx,
    route: &Route,
    own: usize,
    servers: &Servers<'a>,
    address: &Endpoint,
) -> Option<Caught<'a>> {
    let group = servers.at(address).filter(|group| group.plain)?;
    let listen = group.listens.get(&own).copied()?;
    let caught = |name| Some(Caught { address: address.clone(), listen, name });
    let sending = nginx.sending(route.level, "proxy_set_header");
    let host = sending.named("Host").last().map(|sent| sent.value.known().map(String::as_str));
    let is_default = group.defaults.len() == 1 && group.defaults.contains(&own);
    let has_company = servers.in_fragments.contains(&own) && matches!(address, Endpoint::Tcp(_, 80));
    // Nobody answers to no name at all.
    if host == Some(Some("")) {
        return None;
    }
    if group.servers.len() == 1 && (is_default || !has_company) {
        return caught(None);
    }
    match host {
        Some(Some("$host" | "$http_host" | "$host:$server_port")) => {
            let name = group.alone.get(&own)?.clone();
            caught(Some(name))
        }
        None if is_default && sending.lacks("Host") && !group.patterns => {
            let asked = own_host(&route.target);
            (!group.names.contains_key(&asked)).then(|| caught(None)).flatten()
        }
        _ => None,
    }
}

/// The host that nginx asks for by itself, which is that of the pass.
fn own_host(target: &str) -> String {
    let host = target.split_once("://").map_or(target, |(_, rest)| rest);
    if host.get(..5).is_some_and(|it| it.eq_ignore_ascii_case("unix:")) {
        return "localhost".into();
    }
    host.split(['/', ':', '?']).next().unwrap_or_default().to_ascii_lowercase()
}

fn finding(nginx: &Nginx, route: &Route, place: Span, caught: &Caught) -> Finding {
    let address = &caught.address;
    let which = match &caught.name {
        Some(name) => format!("requests for `{name}`"),
        None => "requests".into(),
    };
    let message = format!(
        "nginx hands {which} on to {address}, where this very server listens: they come back to `{}` again and again, \
         until no connection is left, and get a 502 or 500",
        nginx.location(route.level)
    );
    let primary = Label { span: place, text: "this leads back to this server".into() };
    let mut related = Vec::new();
    match (caught.listen.anchor, route.server.and_then(|at| nginx.servers.get(at))) {
        (Some(anchor), _) => {
            related.push(Label { span: anchor.span, text: "the server listens here".into() })
        }
        (None, Some(server)) => {
            let text = "this server has no `listen`, and listens on port 80".into();
            related.push(Label { span: nginx.header(server.level), text });
        }
        (None, None) => {}
    }
    let pass = route.anchor.span;
    if pass.file != place.file || place.start < pass.start || pass.end < place.end {
        related.push(Label { span: pass, text: "for requests that are handed on here".into() });
    }
    let mut finding = RULE.finding(message, primary, related);
    finding.help = Some(
        "let the pass lead to the app, on an address that nginx does not listen on; one request uses up all connections of a \
         worker, so that it serves nobody meanwhile, and the error log says `worker_connections are not enough`"
            .into(),
    );
    finding
}
