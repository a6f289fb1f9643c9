//! A port that the unit's user may not listen on.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppKind, Argument, Setting, Unit};
use crate::value::Endpoint;

pub(super) const RULE: Rule = Rule {
    name: "privileged-port",
    category: Category::Address,
    severity: Severity::Error,
    summary: "a port below 1024 that the unit's user may not listen on",
    outcome: "start-up failure",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/privileged-port.md"),
    check,
};

/// The first port that everybody may listen on: the kernel's `net.ipv4.ip_unprivileged_port_start`, where nobody sets it.
const FIRST: u16 = 1024;

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    if deployment.low_ports.is_some() {
        return;
    }
    let mut seen = BTreeSet::new();
    for app in deployment.apps.iter().filter(|app| app.kind == AppKind::Gunicorn) {
        let Some(unit) = app.unit.map(|id| deployment.unit(id)) else { continue };
        let Some(port) = low_port(app).filter(|_| is_bound(unit, app)) else { continue };
        if seen.insert((app.listeners.origin.place.unwrap_or(app.place), port)) {
            findings.push(finding(context, app, unit, port));
        }
    }
}

/// A port below the first one that the app binds itself, whichever value it has.
fn low_port(app: &App) -> Option<u16> {
    let of = |address: &Endpoint| match address {
        Endpoint::Tcp(_, port) => Some(*port).filter(|port| *port < FIRST),
        Endpoint::Unix(_) => None,
    };
    app.listeners.value.known().filter(|_| app.binds_itself())?.iter().find_map(of)
}

/// Whether the kernel certainly keeps the unit's processes from low ports.
fn is_bound(unit: &Unit, app: &App) -> bool {
    let ambient: Setting<Option<Vec<String>>> = unit.setting("AmbientCapabilities");
    let without = |names: &Option<Vec<String>>| {
        names.as_ref().is_none_or(|names| !names.iter().any(|name| gives(name)))
    };
    // Another network may have another limit, and nobody but systemd knows where it comes from.
    let elsewhere = unit.settings.contains_key("NetworkNamespacePath");
    let helped = |word: &Argument| {
        word.text.may(|text| {
            let name = text.rsplit('/').next().unwrap_or_default();
            matches!(name, "authbind" | "sudo" | "doas" | "setpriv" | "capsh" | "setcap" | "sysctl")
        })
    };
    let starts = |directive: &str| matches!(directive, "ExecStart" | "ExecStartPre" | "ExecCondition");
    let commands = unit.commands.iter().filter(|command| starts(&command.directive));
    let by_another = commands.flat_map(|command| &command.words).any(helped);
    unit.is_unprivileged()
        && unit.confinement().is_some()
        && app.behind.is_none()
        && !elsewhere
        && !by_another
        && ambient.value.must(without)
}

/// Whether a word of `AmbientCapabilities=` may give the capability: it or all of them, or all but some.
fn gives(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    lower.starts_with('~') || lower.contains("net_bind") || lower.bytes().all(|byte| byte.is_ascii_digit())
}

fn finding(context: &Context, app: &App, unit: &Unit, port: u16) -> Finding {
    let user: Setting<Option<String>> = unit.setting("User");
    let name = user.value.known().and_then(Option::as_deref).unwrap_or("a user without privileges");
    let message =
        format!("`{}` runs as {name}, who may not listen on port {port}: Gunicorn does not start", unit.name);
    let span = app.listeners.origin.place.unwrap_or(app.place);
    let primary = Label { span, text: format!("Gunicorn listens on port {port}") };
    let by = user.origin.place.map(|span| Label { span, text: "root alone may listen below 1024".into() });
    let mut finding = RULE.finding(message, primary, by.into_iter().collect());
    finding.help = Some(
        "give the unit `AmbientCapabilities=CAP_NET_BIND_SERVICE`, or take a port from 1024 on and let nginx have this one; \
         Gunicorn tries five times, says `[Errno 13] Permission denied`, and ends with exit status 1"
            .into(),
    );
    finding.fix = fix(context, unit, &user);
    finding
}

/// Gives the capability, where no line limits those that the unit may have.
fn fix(context: &Context, unit: &Unit, user: &Setting<Option<String>>) -> Option<Fix> {
    let is_free = ["AmbientCapabilities", "CapabilityBoundingSet", "SecureBits", "PrivateUsers"];
    if is_free.iter().any(|key| unit.settings.contains_key(*key)) {
        return None;
    }
    let setting = ("AmbientCapabilities", "CAP_NET_BIND_SERVICE".to_owned());
    let edit = user.origin.anchor?.add_after(context.sources, &[setting])?;
    Fix::new("let the service listen on low ports", Applicability::Safe, vec![edit])
}
