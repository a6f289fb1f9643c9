//! `localhost` as the target of an app that listens on one of the two addresses that it stands for.

use std::collections::BTreeMap;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppId, AppKind, Gateway, Hop, Joined, Peer, Route};
use crate::source::Span;
use crate::value::{Endpoint, Host, Reach};

pub(super) const RULE: Rule = Rule {
    name: "upstream-localhost",
    category: Category::Address,
    severity: Severity::Warning,
    summary: "`localhost` is two servers for nginx, and the app answers as one of them",
    outcome: "502 for all for a while",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/upstream-localhost.md"),
    check,
};

const NAME: &str = "localhost";

/// A `localhost` as it is written, and all that lead over it to one app.
#[derive(Clone)]
struct Target<'a> {
    peer: &'a Peer,
    port: u16,
    app: AppId,
    /// The one address of the two that the app answers at.
    literal: &'static str,
    routes: Vec<&'a Route>,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    // An upstream has many routes, and a file may be included several times: `None` where it does not hold for one of them.
    let mut targets: BTreeMap<Span, Option<Target>> = BTreeMap::new();
    for hop in &context.deployment.hops {
        let route = context.deployment.route(hop.route);
        let Some(peer) = route.peers.get(hop.peer).filter(|peer| is_localhost(peer)) else { continue };
        let found = target(context, hop, route, peer);
        match (targets.entry(peer.anchor.value).or_insert_with(|| found.clone()), found) {
            (Some(all), Some(this)) if all.app == this.app && all.port == this.port => {
                all.routes.push(route);
            }
            (entry, _) => *entry = None,
        }
    }
    findings.extend(targets.values().flatten().filter_map(|target| finding(context, target)));
}

fn is_localhost(peer: &Peer) -> bool {
    matches!(peer.address.known(), Some(Endpoint::Tcp(Host::Name(name), _)) if name == NAME)
}

/// The one app behind a `localhost` that is all that a route has, where a failure puts it out of use. A name that is looked
/// up while nginx runs is asked of a `resolver`, and servers beside it are a mistake of their own.
fn target<'a>(context: &Context, hop: &Hop, route: &Route, peer: &'a Peer) -> Option<Target<'a>> {
    let Joined::App(id) = hop.joined else { return None };
    let app = context.deployment.app(id);
    let Some(Endpoint::Tcp(_, port)) = peer.address.known() else { return None };
    let is_alone = route.peers.len() == 1 && route.open.is_none() && route.looked_up.is_none();
    let is_given_up = !peer.down && peer.parameters.are_given_up();
    if app.kind != AppKind::Gunicorn || route.gateway == Gateway::Stream || !is_alone || !is_given_up {
        return None;
    }
    let literal = only_literal(app, *port)?;
    Some(Target { peer, port: *port, app: id, literal, routes: Vec::new() })
}

/// Whether all that a route leads to is a `localhost` of which an app answers at one address alone.
pub(super) fn is_dead_otherwise(route: &Route, app: &App) -> bool {
    let [peer] = route.peers.as_slice() else { return false };
    let port = match peer.address.known() {
        Some(Endpoint::Tcp(_, port)) if is_localhost(peer) => *port,
        _ => return false,
    };
    route.open.is_none() && only_literal(app, port).is_some()
}

/// The loopback address that an app answers at, if it certainly does not at the other one.
fn only_literal(app: &App, port: u16) -> Option<&'static str> {
    let listeners = app.listeners.value.known()?;
    let reach = |host: &str| {
        let address = Endpoint::Tcp(Host::parse(host), port);
        listeners.iter().map(|it| address.reaches(it)).max().unwrap_or(Reach::No)
    };
    match (reach("127.0.0.1"), reach("[::1]")) {
        (Reach::Yes, Reach::No) => Some("127.0.0.1"),
        (Reach::No, Reach::Yes) => Some("[::1]"),
        _ => None,
    }
}

fn finding(context: &Context, target: &Target) -> Option<Finding> {
    let Target { peer, port, literal, routes, .. } = target;
    let app = context.deployment.app(target.app);
    let route = routes.first()?;
    let time = peer.parameters.fail_timeout.known().map_or("a while".to_owned(), ToString::to_string);
    let message = format!(
        "`{NAME}` is 127.0.0.1 and [::1] wherever /etc/hosts names both, as most do, and this app answers at {literal}:{port} \
         alone: nginx then has two servers, one of them always dead, and when a request times out or the app restarts it \
         gives up the other too, so that everybody gets a 502 for {time} (`fail_timeout`)"
    );
    let text = format!("two servers for nginx, if `{NAME}` stands for two addresses");
    let primary = Label { span: peer.anchor.value, text };
    let related = Label {
        span: app.listeners.origin.place.unwrap_or(app.place),
        text: format!("the app listens on {}", listened(app, *port)?),
    };
    let mut finding = RULE.finding(message, primary, vec![related]);
    let safe = keeps_host(context, routes);
    let host = match safe {
        false if sends_its_own(context, route) => format!(
            "; the app then gets another `Host`, with `{literal}` in it, since no `proxy_set_header Host` says which"
        ),
        _ => String::new(),
    };
    finding.help = Some(format!(
        "write `{literal}`: nginx never gives up a server that is the only one{host}; its error log says `no live upstreams \
         while connecting to upstream`"
    ));
    finding.fix = fix(context, target, safe);
    Some(finding)
}

/// The address by which an app listens on a port.
fn listened(app: &App, port: u16) -> Option<String> {
    let listeners = app.listeners.value.known()?.iter();
    let on_port = |it: &&Endpoint| matches!(it, Endpoint::Tcp(_, at) if *at == port);
    let all: Vec<String> = listeners.filter(on_port).map(ToString::to_string).collect();
    Some(all.join(" and "))
}

/// Whether the app certainly gets what stands in the pass as `Host`.
fn sends_its_own(context: &Context, route: &Route) -> bool {
    let nginx = &context.deployment.nginx;
    let directive = route.gateway.sends_by().filter(|_| route.upstream.is_none());
    directive.is_some_and(|directive| nginx.sending(route.level, directive).lacks("Host"))
}

fn fix(context: &Context, target: &Target, safe: bool) -> Option<Fix> {
    let span = target.peer.anchor.value;
    let written = context.sources.text(span);
    let is_plain = written.get(..NAME.len()).is_some_and(|it| it.eq_ignore_ascii_case(NAME));
    let name = Span { end: span.start + NAME.len() as u32, ..span };
    let edit = Edit { span: name, replacement: target.literal.into() };
    let how = if safe { Applicability::Safe } else { Applicability::Unsafe };
    Fix::new(format!("write `{}`", target.literal), how, vec![edit]).filter(|_| is_plain)
}

/// Whether the app is asked for the same host whatever stands in the pass. By itself nginx sends what stands there, which is
/// the name of the upstream where there is one; `uwsgi_pass` and its kin send what the client did. With `https` it also is
/// what a certificate is compared with.
fn keeps_host(context: &Context, routes: &[&Route]) -> bool {
    routes.iter().all(|route| {
        if route.upstream.is_some()
            || matches!(route.gateway, Gateway::Uwsgi | Gateway::Fastcgi | Gateway::Scgi)
        {
            return true;
        }
        let Some(directive) = route.gateway.sends_by().filter(|_| route.gateway != Gateway::Https) else {
            return false;
        };
        let sending = context.deployment.nginx.sending(route.level, directive);
        // The headers of a distributor's file are known, and not made of what stands in the pass.
        let by_file = sending.others.is_some_and(|names| names.contains(&"Host"));
        let says = by_file || sending.named("Host").next().is_some();
        let is_known = sending.open.is_none() || sending.others.is_some();
        let is_other = |value: &String| !value.contains("proxy_host");
        says && is_known && sending.sent.iter().all(|it| it.value.must(is_other))
    })
}
