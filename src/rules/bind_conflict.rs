//! One address for two.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppId, AppKind, Joined, Listen, Nginx, Setting, Unit};
use crate::source::Span;
use crate::value::{Endpoint, Host, environment, is_not_for_users};

pub(super) const RULE: Rule = Rule {
    name: "bind-conflict",
    category: Category::Address,
    severity: Severity::Error,
    summary: "two that listen on one address",
    outcome: "start-up failure, or 502 after a restart",
    fix: Fixable::Never,
    page: include_str!("../../rules/bind-conflict.md"),
    check,
};

/// How many apps before it each one is compared with on one port, so that the cost stays linear.
const NEIGHBOURS: usize = 16;

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen: BTreeSet<(Span, Span)> = BTreeSet::new();
    let apps: Vec<(AppId, &App)> = binders(context);
    for (_, app) in &apps {
        findings.extend(with_itself(app).filter(|it| seen.insert((it.primary.span, it.primary.span))));
    }
    let mut places: Places = BTreeMap::new();
    for (id, app) in &apps {
        for address in app.listeners.value.known().into_iter().flatten() {
            places.entry(place_of(address)).or_default().push((*id, app, address));
        }
    }
    for there in places.values() {
        for (at, (_, app, address)) in there.iter().enumerate() {
            let mut before = there[at.saturating_sub(NEIGHBOURS)..at].iter().rev();
            let other =
                before.find(|(_, other, taken)| clash(address, taken) && run_together(context, app, other));
            if let Some((_, other, _)) = other
                && seen.insert((place(app), place(other)))
            {
                findings.push(two_apps(app, other, address));
            }
        }
    }
    with_nginx(context, &places, findings);
}

/// The apps by what their addresses have in common.
type Places<'a> = BTreeMap<Place<'a>, Vec<(AppId, &'a App, &'a Endpoint)>>;

/// What two addresses have in common if they can clash at all.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Place<'a> {
    Port(u16),
    Path(&'a str),
}

fn place_of(address: &Endpoint) -> Place<'_> {
    match address {
        Endpoint::Tcp(_, port) => Place::Port(*port),
        Endpoint::Unix(path) => Place::Path(path),
    }
}

/// Whether an app of a service listens on TCP itself, so that nginx cannot listen there too.
pub(super) fn is_taken(app: &App, address: &Endpoint) -> bool {
    let listeners = app.listeners.value.known().into_iter().flatten();
    opens_its_own(app)
        && app.unit.is_some()
        && listeners
            .filter(|taken| matches!(taken, Endpoint::Tcp(..)))
            .any(|taken| nginx_clashes(address, taken))
}

/// The apps that certainly open sockets of their own, and let nobody else onto them.
fn binders<'a>(context: &Context<'a>) -> Vec<(AppId, &'a App)> {
    let apps = context.deployment.apps.iter().enumerate();
    let apps = apps.filter(|(_, app)| opens_its_own(app));
    apps.map(|(at, app)| (AppId(at as u32), app)).collect()
}

fn opens_its_own(app: &App) -> bool {
    let reuse: Setting<bool> = app.setting("reuse_port");
    app.kind == AppKind::Gunicorn && app.binds_itself() && reuse.value.must(|reuse| !reuse)
}

/// Whether a second socket on one of two addresses is refused while there is one on the other, as Gunicorn opens them: `[::]`
/// takes IPv4 too, and `0.0.0.0` each address of that. A unix socket is not refused, but replaced.
fn clash(a: &Endpoint, b: &Endpoint) -> bool {
    let any = |host: &Host| match host {
        Host::V4(address) => address.is_unspecified(),
        Host::V6(address) => address.is_unspecified(),
        Host::Name(_) => false,
    };
    match (a, b) {
        (Endpoint::Unix(a), Endpoint::Unix(b)) => a == b,
        (Endpoint::Tcp(Host::Name(_), _), _) | (_, Endpoint::Tcp(Host::Name(_), _)) => false,
        (Endpoint::Tcp(a, at), Endpoint::Tcp(b, to)) if at == to => match (a, b) {
            _ if a == b => true,
            (Host::V4(_), Host::V6(_)) => any(b),
            (Host::V6(_), Host::V4(_)) => any(a),
            _ => any(a) || any(b),
        },
        _ => false,
    }
}

/// Where an app's addresses are written.
fn place(app: &App) -> Span {
    app.listeners.origin.place.unwrap_or(app.place)
}

fn label(app: &App, address: &Endpoint) -> Label {
    let text = match app.listeners.origin.place {
        Some(_) => format!("listens on {address}, {}", app.listeners.origin.describe("Gunicorn")),
        None => format!("listens on {address}, Gunicorn's default"),
    };
    Label { span: place(app), text }
}

/// One app with two addresses of which only one can be had.
fn with_itself(app: &App) -> Option<Finding> {
    let addresses = app.listeners.value.known()?;
    // A person writes a handful.
    let addresses = &addresses[..addresses.len().min(NEIGHBOURS)];
    let clashes = |at: usize| addresses[..at].iter().find(|before| clash(before, &addresses[at]));
    let (address, before) = (0..addresses.len())
        .filter(|at| matches!(addresses[*at], Endpoint::Tcp(..)))
        .find_map(|at| Some((&addresses[at], clashes(at)?)))?;
    let message = format!(
        "this app binds {before} and {address}, which are one address: the second is in use when Gunicorn comes to it, and \
         Gunicorn does not start"
    );
    let mut finding = RULE.finding(message, label(app, address), Vec::new());
    finding.outcome = "start-up failure".into();
    finding.help = Some(
        "leave one of them; Gunicorn tries five times, says `Connection in use` and `Can't connect to`, and ends with exit \
         status 1"
            .into(),
    );
    Some(finding)
}

fn two_apps(app: &App, other: &App, address: &Endpoint) -> Finding {
    let (outcome, message) = match address {
        Endpoint::Tcp(..) => (
            "start-up failure",
            format!(
                "two services listen on {address}: the one that starts second finds it in use, and does not start"
            ),
        ),
        Endpoint::Unix(_) => (
            "502 after a restart",
            format!(
                "two services listen on {address}: the one that starts second takes the socket over, and when the first one \
                 stops, it removes the socket of the second, which nginx then answers for with a 502"
            ),
        ),
    };
    let listens = other.listeners.value.known().into_iter().flatten();
    let taken = listens.into_iter().find(|taken| clash(address, taken)).unwrap_or(address);
    let mut finding = RULE.finding(message, label(app, address), vec![label(other, taken)]);
    finding.outcome = outcome.into();
    finding.help = Some("give each service an address of its own, and tell nginx".into());
    finding
}

/// Whether two services certainly run at once on one machine: different apps from different directories, whose units lie side
/// by side, are both enabled, and say nothing that keeps them apart.
fn run_together(context: &Context, a: &App, b: &App) -> bool {
    let deployment = context.deployment;
    let (Some(unit_a), Some(unit_b)) = (a.unit, b.unit) else { return false };
    let (unit_a, unit_b) = (deployment.unit(unit_a), deployment.unit(unit_b));
    let path = |unit: &Unit| unit.files.first().map_or("", |file| context.sources.get(*file).path.as_str());
    let folder = |unit| path(unit).rsplit_once('/').map_or("", |(folder, _)| folder);
    let differ = |a: &Setting<String>, b: &Setting<String>| match (a.value.known(), b.value.known()) {
        (Some(a), Some(b)) => a != b,
        _ => false,
    };
    // Instances of one template share a file; which of them run together is for whoever enables them.
    path(unit_a) != path(unit_b)
        && folder(unit_a) == folder(unit_b)
        && environment(path(unit_a)) == environment(path(unit_b))
        && differ(&a.target, &b.target)
        && differ(&a.working_directory, &b.working_directory)
        && [unit_a, unit_b].iter().all(|unit| is_unconditional(unit) && !is_example(path(unit)))
}

/// Whether a unit is started at boot, in the network and the file system of the machine, whatever else is there.
fn is_unconditional(unit: &Unit) -> bool {
    const APART: [&str; 12] = [
        "Conflicts",
        "DynamicUser",
        "InaccessiblePaths",
        "JoinsNamespaceOf",
        "NetworkNamespacePath",
        "PrivateNetwork",
        "PrivateTmp",
        "RootDirectory",
        "RootImage",
        "TemporaryFileSystem",
        "BindPaths",
        "ExecCondition",
    ];
    let enabled = ["WantedBy", "RequiredBy", "UpheldBy"].iter().any(|key| unit.settings.contains_key(*key));
    let apart = unit.settings.iter().any(|(key, setting)| {
        let written = setting.origin.is_written() && APART.contains(key);
        written || key.starts_with("Condition") || key.starts_with("Assert")
    });
    enabled && !apart && !is_not_for_users(&unit.name)
}

/// Whether a unit is one to copy and fill in.
fn is_example(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    ["example", "sample", "template", "dist", "tmpl", "tpl"].iter().any(|word| lower.contains(word))
}

/// An address that nginx listens on itself, in a stack whose nginx hands requests on to the app.
fn with_nginx(context: &Context, places: &Places, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let joined = deployment.hops.iter().filter_map(|hop| match hop.joined {
        Joined::App(app) => Some(app),
        Joined::Nobody { .. } | Joined::Unknown(_) => None,
    });
    let reached: BTreeSet<AppId> = joined.collect();
    // Hardly ever does anybody ask.
    let targets = LazyCell::new(|| targets(&deployment.nginx));
    let mut seen: BTreeSet<Place> = BTreeSet::new();
    for (at, server) in deployment.nginx.servers.iter().enumerate() {
        for listen in &server.listen {
            let (Some(address), Some(anchor)) = (listen.address.known(), listen.anchor) else { continue };
            // Of all that share a place the first ones tell enough.
            let there = places.get(&place_of(address)).into_iter().flatten().take(NEIGHBOURS);
            let mut taken = there.filter(|(id, app, taken)| {
                app.unit.is_some() && reached.contains(id) && nginx_clashes(address, taken)
            });
            // The path of a socket that a server hands requests on to is another mistake: they come back to it.
            if let Some((_, app, taken)) = taken.next()
                && (matches!(taken, Endpoint::Tcp(..))
                    || !targets.contains(&(at, None)) && !targets.contains(&(at, Some(place_of(taken)))))
                && !context.sources.get(anchor.span.file).path.contains("sites-available")
                && seen.insert(place_of(address))
            {
                findings.push(nginx_and_app(app, taken, listen, anchor.span));
            }
        }
    }
}

/// Where each server hands requests on to; `None` for what is not known.
fn targets(nginx: &Nginx) -> BTreeSet<(usize, Option<Place<'_>>)> {
    let routes = nginx.routes.iter().filter_map(|route| Some((route.server?, &route.peers)));
    let places = routes.flat_map(|(server, peers)| {
        peers.iter().map(move |peer| (server, peer.address.known().map(place_of)))
    });
    places.collect()
}

/// As two sockets clash, but that a `[::]` of nginx's takes IPv6 alone, and one of Gunicorn's both.
fn nginx_clashes(listen: &Endpoint, bound: &Endpoint) -> bool {
    match (listen, bound) {
        (Endpoint::Tcp(Host::V6(_), _), Endpoint::Tcp(Host::V4(_), _)) => false,
        _ => clash(listen, bound),
    }
}

fn nginx_and_app(app: &App, taken: &Endpoint, listen: &Listen, span: Span) -> Finding {
    let address = listen.address.known().map_or_else(String::new, Endpoint::to_string);
    let message = format!(
        "nginx listens on {address}, and the app that it hands requests on to on {taken}, which is one address: whichever \
         starts second does not start"
    );
    let primary = Label { span, text: format!("nginx listens on {address} here") };
    let mut finding = RULE.finding(message, primary, vec![label(app, taken)]);
    finding.outcome = "start-up failure".into();
    finding.help = Some(
        "give the app a port of its own, or a unix socket, and tell nginx; nginx says `bind() to ... failed (98: ...)`, \
         Gunicorn `Connection in use`"
            .into(),
    );
    finding
}
