//! A socket unit whose sockets do not get to Gunicorn.

mod removed;

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppKind, Handed, Manager, Setting, Unit, UnitListener, UnitSocket, remove_word};
use crate::value::Endpoint;

pub(super) const RULE: Rule = Rule {
    name: "socket-activation-bypassed",
    category: Category::Address,
    severity: Severity::Error,
    summary: "a socket unit whose sockets do not get to Gunicorn",
    outcome: "502 or 504",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/socket-activation-bypassed.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let mut all = Vec::new();
    for app in deployment.apps.iter().filter(|app| app.kind == AppKind::Gunicorn) {
        let Some(unit) = app.unit.map(|id| deployment.unit(id)).filter(|unit| !unit.is_refused()) else {
            continue;
        };
        for socket in &unit.sockets {
            all.extend(finding(context, &Hand { app, unit, socket, from: deployment.unit(socket.unit) }));
        }
    }
    all.extend(removed::findings(context));
    let mut seen = BTreeSet::new();
    findings.extend(all.into_iter().filter(|finding| seen.insert(finding.primary.span)));
}

/// A Gunicorn and a socket unit of its service.
struct Hand<'a> {
    app: &'a App,
    unit: &'a Unit,
    socket: &'a UnitSocket,
    from: &'a Unit,
}

impl Hand<'_> {
    /// The first listener, if all of them are known.
    fn listener(&self) -> Option<(&UnitListener, &Endpoint)> {
        let known = self.from.listeners.iter().all(|listener| listener.address.known().is_some());
        let first = self.from.listeners.first().filter(|_| known && self.from.open.is_none())?;
        Some((first, first.address.known()?))
    }

    /// What Gunicorn listens on where it is handed nothing, if that is known and none of it is what the socket unit
    /// listens on: then nobody answers there.
    fn own(&self) -> Option<&[Endpoint]> {
        let own = self.app.binds.value.known().filter(|own| !own.is_empty())?;
        let mut listeners = self.from.listeners.iter().filter_map(|listener| listener.address.known());
        (!listeners.any(|address| own.contains(address))).then_some(own)
    }
}

/// What is wrong between a Gunicorn and a socket unit: the first thing that goes wrong.
fn finding(context: &Context, hand: &Hand) -> Option<Finding> {
    let accepts = hand.from.setting::<bool>("Accept");
    if accepts.value.must(|accepts| *accepts == Some(true)) {
        return for_each(context, hand, &accepts);
    }
    if !accepts.value.must(|accepts| *accepts == Some(false)) {
        return None;
    }
    match (&hand.app.behind, &hand.socket.handed) {
        (Some(why), Handed::Always) => behind(hand, why),
        (None, Handed::Always) => descriptor(context, hand),
        (None, Handed::IfFirst) => not_required(context, hand),
        _ => None,
    }
}

/// `Accept=yes`: each connection is for a service of its own, made from a template that is not there.
fn for_each(context: &Context, hand: &Hand, accepts: &Setting<Option<bool>>) -> Option<Finding> {
    let anchor = accepts.origin.anchor?;
    let template = format!("{}@", hand.from.stem());
    if hand.from.name.contains('@')
        || hand.from.settings.contains_key("Service")
        || context.deployment.units.iter().any(|unit| unit.name.starts_with(&template))
    {
        return None;
    }
    let message = format!(
        "with `Accept=yes` systemd starts an instance of `{template}.service` for each connection to `{}`, and there is none: \
         it never starts `{}`, and closes the connections",
        hand.from.name, hand.unit.name
    );
    let primary = Label { span: anchor.span, text: "Gunicorn accepts connections itself".into() };
    let mut finding = RULE.finding(message, primary, Vec::new());
    finding.outcome = "502".into();
    finding.help = Some("`Accept=no`, the default, hands the socket itself over".into());
    finding.fix = Fix::new("write `Accept=no`", Applicability::Safe, vec![anchor.set("no")]);
    Some(finding)
}

/// Something stays in front of Gunicorn, and is what the sockets are for.
fn behind(hand: &Hand, why: &str) -> Option<Finding> {
    let ((listener, address), own) = (hand.listener()?, list(hand.own()?));
    let then = if why.contains("may") { "where it does, Gunicorn" } else { "Gunicorn" };
    let message = format!(
        "`{}` hands its socket to the process that systemd starts for `{}`, and {why}: {then} listens on {own} instead, and \
         requests to {address} wait for nobody",
        hand.from.name, hand.unit.name
    );
    let primary = Label { span: listener.place, text: "nobody takes connections from here".into() };
    let related = vec![Label { span: hand.app.place, text: "not the process that systemd starts".into() }];
    let mut finding = RULE.finding(message, primary, related);
    finding.severity = Severity::Warning;
    finding.outcome = "504".into();
    finding.help = Some(
        "let Gunicorn take the place of what is in front of it: `exec` before the command in a shell, or no shell at all"
            .into(),
    );
    Some(finding)
}

/// A descriptor is named, where those that are handed over are taken anyway.
fn descriptor(context: &Context, hand: &Hand) -> Option<Finding> {
    let bind: Setting<Vec<String>> = hand.app.setting("bind");
    let is_descriptor = |all: &Vec<String>| all.iter().any(|text| text.starts_with("fd://"));
    let place = bind.origin.place.filter(|_| bind.value.must(is_descriptor))?;
    let (listener, _) = hand.listener()?;
    let message = format!(
        "`{}` hands its sockets to Gunicorn, which takes each of them once, and `bind` names a descriptor besides: Gunicorn says \
         `Bad file descriptor` and ends with exit status 1",
        hand.from.name
    );
    let primary = Label { span: place, text: "taken without this, too".into() };
    let related = vec![Label { span: listener.place, text: "handed over".into() }];
    let mut finding = RULE.finding(message, primary, related);
    finding.outcome = "start-up failure, 502".into();
    finding.help = Some("leave `bind` out: Gunicorn finds by itself what systemd hands to it".into());
    let written = context.sources.text(place);
    let edit: Option<Edit> = match bind.origin.anchor {
        _ if written.starts_with("--bind=fd://") || written.starts_with("-bfd://") => {
            remove_word(place, context.sources)
        }
        Some(anchor) if written.starts_with("bind") => Some(anchor.remove(context.sources)),
        _ => None,
    };
    finding.fix = edit.and_then(|edit| Fix::new("leave `bind` out", Applicability::Safe, vec![edit]));
    Some(finding)
}

/// A service that can be started without its socket unit.
fn not_required(context: &Context, hand: &Hand) -> Option<Finding> {
    let ((listener, address), own) = (hand.listener()?, hand.own()?);
    let peers = context.deployment.nginx.routes.iter().flat_map(|route| route.peers.iter());
    let mut targets = peers.filter_map(|peer| peer.address.known());
    if hand.unit.manager == Manager::User || targets.any(|target| own.contains(target)) {
        return None;
    }
    let (service, socket) = (&hand.unit.name, &hand.from.name);
    let message = format!(
        "`{service}` can be enabled and started without `{socket}`, which nothing makes it wait for: then Gunicorn is handed no \
         socket and listens on {}, and `{socket}` does not start any more while the service runs",
        list(own)
    );
    let install =
        ["WantedBy", "RequiredBy"].iter().find_map(|key| hand.unit.settings.get(*key)?.origin.place);
    let primary =
        Label { span: install.unwrap_or(hand.unit.place), text: format!("started without `{socket}`") };
    let related = vec![Label { span: listener.place, text: format!("then nobody listens on {address}") }];
    let mut finding = RULE.finding(message, primary, related);
    finding.severity = Severity::Warning;
    finding.outcome = "502".into();
    finding.help = Some(format!("`Requires={socket}` in `[Unit]` brings the socket with the service"));
    finding.fix = require(context, hand.unit, socket);
    Some(finding)
}

/// Lets a service bring its socket unit with it.
fn require(context: &Context, unit: &Unit, socket: &str) -> Option<Fix> {
    const NEIGHBOURS: [&str; 5] = ["After", "Wants", "Before", "Description", "Documentation"];
    let anchor = |key: &str| unit.settings.get(key)?.origin.anchor;
    let add = |key: &str, name| anchor(key)?.add_after(context.sources, &[(name, socket.to_owned())]);
    let edit = match unit.settings.get("Requires") {
        Some(requires) => {
            let anchor = requires.origin.anchor?;
            Some(anchor.set(&format!("{} {socket}", context.sources.text(anchor.value))))
        }
        None => NEIGHBOURS.iter().find_map(|key| add(key, "Requires")),
    };
    // A unit without a section of its own head: this brings it as well.
    let edit = edit.or_else(|| add("ExecStart", "Sockets"))?;
    Fix::new(format!("require `{socket}`"), Applicability::Safe, vec![edit])
}

fn list(addresses: &[Endpoint]) -> String {
    addresses.iter().map(Endpoint::to_string).collect::<Vec<_>>().join(" and ")
}
