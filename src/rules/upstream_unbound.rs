//! A route to an address where nobody listens.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppId, Datum, FaultKind, Joined, Peer, Readers, Route};
use crate::source::Span;
use crate::value::{Endpoint, Host, Reach};

pub(super) const RULE: Rule = Rule {
    name: "upstream-unbound",
    category: Category::Address,
    severity: Severity::Error,
    summary: "nginx connects to an address where no app listens",
    outcome: "502",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/upstream-unbound.md"),
    check,
};

/// The hops to one address that nobody serves.
struct Unserved<'a> {
    hops: Vec<(&'a Route, &'a Peer)>,
    meant: Option<AppId>,
}

/// The apps by what they read, and by where they listen.
struct Apps<'a> {
    readers: Readers<'a>,
    /// Where the apps are started that listen at each of these.
    places: BTreeMap<&'a [Endpoint], BTreeSet<Span>>,
}

impl<'a> Apps<'a> {
    fn new(context: &Context<'a>) -> Apps<'a> {
        let mut places: BTreeMap<&[Endpoint], BTreeSet<Span>> = BTreeMap::new();
        for app in &context.deployment.apps {
            if let Some(listeners) = app.listeners.value.known() {
                places.entry(listeners).or_default().insert(app.place);
            }
        }
        Apps { readers: Readers::new(context.deployment), places }
    }
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut by_address: BTreeMap<&Endpoint, Unserved> = BTreeMap::new();
    let misread = misread(context);
    for hop in &context.deployment.hops {
        let Joined::Nobody { meant } = hop.joined else { continue };
        let route = context.deployment.route(hop.route);
        let peer = &route.peers[hop.peer];
        let Some(address) = peer.address.known() else { continue };
        if misread.contains(&peer.anchor.span) {
            continue;
        }
        by_address.entry(address).or_insert(Unserved { hops: Vec::new(), meant }).hops.push((route, peer));
    }
    if by_address.is_empty() {
        return;
    }
    let apps = Apps::new(context);
    let all = by_address.into_iter();
    findings.extend(all.map(|(address, unserved)| finding(context, &apps, address, &unserved)));
}

/// The statements whose address nginx takes for another one than was meant: that is the mistake, and that nobody is there
/// is what comes of it.
fn misread(context: &Context) -> BTreeSet<Span> {
    let misread = context.deployment.nginx.mistakes(&[FaultKind::UnixUri, FaultKind::UnixColon]);
    misread.iter().filter_map(|mistake| mistake.statement).collect()
}

fn finding(context: &Context, apps: &Apps, address: &Endpoint, unserved: &Unserved) -> Finding {
    let log = match address {
        Endpoint::Tcp(..) => "connect() failed (111: Connection refused)".to_owned(),
        Endpoint::Unix(path) => format!("connect() to unix:{path} failed (2: No such file or directory)"),
    };
    let mut places: Vec<_> = unserved.hops.iter().map(|(_, peer)| peer.anchor.value).collect();
    places.sort_unstable();
    places.dedup();
    let label = |span| Label { span, text: format!("nobody listens on {address}") };
    let mut related: Vec<Label> = places[1..].iter().map(|span| label(*span)).collect();
    let message = match unserved.meant {
        Some(id) => {
            let app = context.deployment.app(id);
            let bound = bound(app);
            related.push(listener_label(app, &bound));
            format!("nginx connects to {address}, but Gunicorn listens on {bound}: every request gets a 502")
        }
        None => format!(
            "nginx connects to {address}, where no app of this stack listens: every request gets a 502"
        ),
    };
    let mut finding = RULE.finding(message, label(places[0]), related);
    finding.help = Some(format!(
        "let nginx connect to the address that the app is bound to, or bind the app to this one; nginx's error log says `{log}`"
    ));
    finding.fix = unserved.meant.and_then(|id| connect(context, context.deployment.app(id), unserved));
    finding.fix_at_app = unserved.meant.and_then(|id| listen(context, apps, id, address));
    finding
}

fn listener_label(app: &App, bound: &str) -> Label {
    let origin = &app.listeners.origin;
    let text = match origin.place {
        Some(_) => format!("Gunicorn listens on {bound}, {}", origin.describe("Gunicorn")),
        None => format!("this Gunicorn listens on {bound}, Gunicorn's default"),
    };
    Label { span: origin.place.unwrap_or(app.place), text }
}

/// The addresses, or as they are written where it is not known in which directory they are.
fn bound(app: &App) -> String {
    match app.listeners.value.known() {
        Some(addresses) => addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and "),
        None => {
            app.setting::<Vec<String>>("bind").value.known().map_or_else(String::new, |it| it.join(" and "))
        }
    }
}

/// Points every place that names the address at the app, if the app has one address.
fn connect(context: &Context, app: &App, unserved: &Unserved) -> Option<Fix> {
    let [listener] = app.listeners.value.known()?.as_slice() else { return None };
    let connect = |(_, peer): &(&Route, &Peer)| peer.connect_to(listener, context.sources);
    let edits = unserved.hops.iter().map(connect).collect::<Option<_>>()?;
    Fix::new(format!("connect to {listener}"), Applicability::Safe, edits)
}

/// Lets the app listen where nginx connects to, if it has one address and binds it itself. No route reaches it today, but
/// whoever else knows its address does.
fn listen(context: &Context, apps: &Apps, id: AppId, address: &Endpoint) -> Option<Fix> {
    let app = context.deployment.app(id);
    let listeners = app.listeners.value.known()?.as_slice();
    let [listener] = listeners else { return None };
    // A copy of its unit would have to follow.
    let is_copied = apps.places.get(listeners).is_some_and(|places| places.len() > 1);
    let moved = moved(listener, address).filter(|_| app.binds_itself() && !is_copied)?;
    let settings = [("bind", Datum::Text(moved.to_string()))];
    let (edits, _) = apps.readers.set(id, &settings, &BTreeSet::from([id]), context.sources)?;
    Fix::new(format!("listen on {moved}"), Applicability::Unsafe, edits)
}

/// What the app listens on instead, so that an address leads there: the same host, or else the loopback address that is
/// meant, or the same directory. A port below 1024, and a socket elsewhere, take more than that.
fn moved(listener: &Endpoint, address: &Endpoint) -> Option<Endpoint> {
    match (listener, address) {
        (_, Endpoint::Tcp(_, ..1024)) | (Endpoint::Tcp(Host::Name(_), _), _) => None,
        (_, Endpoint::Tcp(to, port)) => {
            let same = if let Endpoint::Tcp(host, _) = listener { Some(host.clone()) } else { None };
            let loopback = ["127.0.0.1", "::1"].map(Host::parse);
            let hosts = same.into_iter().chain(loopback).chain([to.clone()]);
            let there = hosts.map(|host| Endpoint::Tcp(host, *port));
            there.into_iter().find(|there| address.reaches(there) == Reach::Yes)
        }
        (Endpoint::Unix(old), Endpoint::Unix(new)) => {
            let directory = |path: &str| path.rsplit_once('/').map(|(directory, _)| directory.to_owned());
            (directory(old) == directory(new)).then(|| address.clone())
        }
        (Endpoint::Tcp(..), Endpoint::Unix(_)) => None,
    }
}
