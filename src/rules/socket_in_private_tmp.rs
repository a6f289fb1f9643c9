//! A socket in a /tmp that only one of the two ends sees.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppId, AppKind, Joined, Mount, MountKind, Peer, Setting, Unit};
use crate::source::Span;
use crate::value::Endpoint;

pub(super) const RULE: Rule = Rule {
    name: "socket-in-private-tmp",
    category: Category::Systemd,
    severity: Severity::Error,
    summary: "a socket in a /tmp that only the app's service, or only nginx's, sees",
    outcome: "502",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/socket-in-private-tmp.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let mut peers: BTreeMap<AppId, Vec<&Peer>> = BTreeMap::new();
    for hop in &deployment.hops {
        if let Joined::App(app) = hop.joined {
            peers.entry(app).or_default().push(&deployment.route(hop.route).peers[hop.peer]);
        }
    }
    let mut seen: BTreeSet<(Span, &str)> = BTreeSet::new();
    let mut of_apps: BTreeSet<Span> = BTreeSet::new();
    for (at, app) in deployment.apps.iter().enumerate() {
        let Some(hidden) = hidden(context, app) else { continue };
        let peers = peers.get(&AppId(at as u32)).map_or(&[][..], Vec::as_slice);
        let peers: Vec<&Peer> =
            peers.iter().copied().filter(|peer| unix(peer) == Some(hidden.path)).collect();
        of_apps.extend(peers.iter().map(|peer| peer.anchor.span));
        // Where nginx is in the tree and goes elsewhere, nobody needs the socket.
        let is_needed = !peers.is_empty() || deployment.nginx.routes.is_empty() && hidden.alone;
        if is_needed && seen.insert((hidden.place, hidden.path)) {
            findings.push(of_app(context, &hidden, &peers));
        }
    }
    of_nginx(context, &of_apps, findings);
}

/// The path of a peer that certainly is a socket.
fn unix(peer: &Peer) -> Option<&str> {
    match peer.address.known()? {
        Endpoint::Unix(path) => Some(path),
        Endpoint::Tcp(..) => None,
    }
}

/// A socket that only the app's own service sees.
struct Hidden<'a> {
    unit: &'a Unit,
    path: &'a str,
    /// What it lies behind.
    mount: &'a Mount,
    /// Where it is named.
    place: Span,
    /// Whether it is the only address of the app.
    alone: bool,
}

fn hidden<'a>(context: &Context<'a>, app: &'a App) -> Option<Hidden<'a>> {
    let unit = context.deployment.unit(app.unit.filter(|_| app.kind == AppKind::Gunicorn)?);
    let sandbox = unit.confinement().filter(|sandbox| !sandbox.joined && app.binds_itself())?;
    let listeners = app.listeners.value.known()?;
    let paths = listeners.iter().filter_map(|listener| match listener {
        Endpoint::Unix(path) => Some((path, sandbox.sight(path).behind(&[MountKind::Private])?)),
        Endpoint::Tcp(..) => None,
    });
    let (path, mount) = paths.into_iter().next()?;
    let place = app.listeners.origin.place.unwrap_or(app.place);
    Some(Hidden { unit, path, mount, place, alone: listeners.len() == 1 })
}

/// The line that makes it so, as it is written.
fn line(mount: &Mount) -> String {
    format!("{}={}", mount.directive, mount.value)
}

/// The directory of the service's own: /tmp or /var/tmp.
fn directory(path: &str) -> &'static str {
    if path.starts_with("/var/") { "/var/tmp" } else { "/tmp" }
}

fn of_app(context: &Context, hidden: &Hidden, peers: &[&Peer]) -> Finding {
    let Hidden { unit, path, mount, place, .. } = hidden;
    let (own, name) = (directory(path), &unit.name);
    let message = format!(
        "`{name}` has a {own} of its own: the socket that Gunicorn makes at {path} is there for nobody else{}",
        if peers.is_empty() { "" } else { ", and every request of nginx's gets a 502" }
    );
    let primary = Label { span: *place, text: format!("Gunicorn listens on {path}") };
    let mut related = Vec::new();
    if let Some(span) = mount.origin.place {
        related.push(Label { span, text: format!("`{}` gives the service its own {own}", line(mount)) });
    }
    let mut places: Vec<Span> = peers.iter().map(|peer| peer.anchor.value).collect();
    places.sort_unstable();
    places.dedup();
    let looks = |span| Label { span, text: format!("nginx looks for it in the machine's {own}") };
    related.extend(places.into_iter().map(looks));
    let mut finding = RULE.finding(message, primary, related);
    if peers.is_empty() {
        finding.severity = Severity::Warning;
    }
    finding.help = Some(format!(
        "put the socket into a directory that systemd makes for the service, with `RuntimeDirectory=`; nginx's error log says \
         `connect() to unix:{path} failed (2: No such file or directory)`"
    ));
    finding.fix = moved(context, hidden, peers);
    finding
}

/// Moves the socket into the runtime directory of the service: for Gunicorn and for nginx, and with a line that makes the
/// directory where there is none.
fn moved(context: &Context, hidden: &Hidden, peers: &[&Peer]) -> Option<Fix> {
    let Hidden { unit, path, mount, place, .. } = hidden;
    let setting: Setting<Option<Vec<String>>> = unit.setting("RuntimeDirectory");
    let mut edits = Vec::new();
    let directory = match setting.value.known()? {
        Some(names) => names.first().filter(|name| !name.contains([':', '/', '%']))?.clone(),
        None => {
            let stem = unit.name.strip_suffix(".service")?;
            if stem.contains(['@', '\\']) {
                return None;
            }
            edits
                .push(mount.origin.anchor?.add_after(context.sources, &[("RuntimeDirectory", stem.into())])?);
            stem.to_owned()
        }
    };
    let file = path.rsplit('/').next()?;
    let target = format!("/run/{directory}/{file}");
    let written = context.sources.text(*place);
    let mut at = written.match_indices(path);
    let (Some((at, _)), None) = (at.next(), at.next()) else { return None };
    let start = place.start as usize + at;
    edits.push(Edit { span: Span::new(place.file, start..start + path.len()), replacement: target.clone() });
    let listener = Endpoint::Unix(target.clone());
    let mut connected =
        peers.iter().map(|peer| peer.connect_to(&listener, context.sources)).collect::<Option<Vec<_>>>()?;
    connected.sort_by_key(|edit| edit.span);
    connected.dedup();
    edits.extend(connected);
    let how = match context.stands_elsewhere(path, &edits) {
        true => Applicability::Manual,
        false => Applicability::Unsafe,
    };
    Fix::new(format!("move the socket to {target}"), how, edits)
}

/// Sockets in the machine's /tmp where nginx itself has another one.
fn of_nginx(context: &Context, of_apps: &BTreeSet<Span>, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let units = deployment.units.iter().filter(|unit| is_nginx(unit)).collect::<Vec<_>>();
    // Which of several units starts the nginx of this configuration is not known.
    let [unit] = units.as_slice() else { return };
    let Some(sandbox) = unit.confinement().filter(|sandbox| !sandbox.joined) else { return };
    let mut seen = BTreeSet::new();
    for hop in &deployment.hops {
        let peer = &deployment.route(hop.route).peers[hop.peer];
        let Joined::App(app) = hop.joined else { continue };
        let Some(path) = unix(peer).filter(|_| !of_apps.contains(&peer.anchor.span)) else { continue };
        let Some(mount) = sandbox.sight(path).behind(&[MountKind::Private]) else { continue };
        if seen.insert(peer.anchor.value) {
            findings.push(finding_of_nginx(unit, mount, path, peer, deployment.app(app)));
        }
    }
}

/// Whether a unit starts nginx.
fn is_nginx(unit: &Unit) -> bool {
    let starts = |program: &str| program.rsplit('/').next() == Some("nginx");
    unit.name == "nginx.service"
        || unit
            .commands_of("ExecStart")
            .filter_map(|command| command.words.first()?.text.known())
            .any(|program| starts(program))
}

fn finding_of_nginx(unit: &Unit, mount: &Mount, path: &str, peer: &Peer, app: &App) -> Finding {
    let (own, name) = (directory(path), &unit.name);
    let message = format!(
        "nginx runs in `{name}` with a {own} of its own: it does not see the app's socket at {path}, and every request gets a \
         502"
    );
    let primary = Label { span: peer.anchor.value, text: format!("nginx looks for this in its own {own}") };
    let mut related = Vec::new();
    if let Some(span) = mount.origin.place {
        related.push(Label { span, text: format!("`{}` gives nginx its own {own}", line(mount)) });
    }
    let place = app.listeners.origin.place.unwrap_or(app.place);
    related.push(Label { span: place, text: format!("the app's socket is at {path} of the machine") });
    let mut finding = RULE.finding(message, primary, related);
    finding.help = Some(format!(
        "put the socket under /run, into the app's `RuntimeDirectory=`; nginx's error log says `connect() to unix:{path} failed \
         (2: No such file or directory)`"
    ));
    finding
}
