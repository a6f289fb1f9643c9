//! A socket that nginx may not connect to.

mod gate;
mod home;
mod own;
mod passed;

use std::collections::BTreeSet;

use super::decimal_umask::WEB_USERS;
use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppKind, Joined, Manager, Unit};
use crate::value::{Endpoint, Possible};
use gate::Client;

pub(super) const RULE: Rule = Rule {
    name: "socket-permission",
    category: Category::Systemd,
    severity: Severity::Error,
    summary: "a unix socket that nginx's user may not connect to",
    outcome: "502",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/socket-permission.md"),
    check,
};

/// nginx's way to a socket of an app.
struct Way<'a> {
    app: &'a App,
    unit: &'a Unit,
    path: &'a str,
    client: Client,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let mut seen = BTreeSet::new();
    let mut looked = BTreeSet::new();
    for hop in &deployment.hops {
        let Joined::App(id) = hop.joined else { continue };
        let route = deployment.route(hop.route);
        let (app, address) = (deployment.app(id), &route.peers[hop.peer].address);
        let (Possible::Known(Endpoint::Unix(path)), Some(unit)) = (address, app.unit) else { continue };
        let unit = deployment.unit(unit);
        if app.kind != AppKind::Gunicorn || unit.manager != Manager::System || unit.is_refused() {
            continue;
        }
        let Some(client) = gate::client(context, route) else { continue };
        if !looked.insert((id, path, client.known.clone())) {
            continue;
        }
        let mut way = Way { app, unit, path, client };
        let found = shut(context, &way).or_else(|| home::finding(context, &way));
        let found = found.or_else(|| {
            way.client.alone = true;
            shut(context, &way).filter(|_| way.client.known.is_some()).map(unless_member)
        });
        findings.extend(found.filter(|it| seen.insert(it.primary.span)));
    }
}

fn shut(context: &Context, way: &Way) -> Option<Finding> {
    own::finding(context, way).or_else(|| passed::finding(context, way))
}

/// The finding where a group has the right, and nothing in the tree puts nginx into it: that may have been done by hand.
fn unless_member(mut finding: Finding) -> Finding {
    finding.message = format!("where nobody has put nginx's user into the group, {}", finding.message);
    finding.severity = Severity::Note;
    finding.fix = None;
    finding
}

impl Way<'_> {
    /// A finding that is certain where it is known who nginx is.
    fn finding(&self, message: String, primary: Label, mut related: Vec<Label>) -> Finding {
        if let (Some((name, _)), Some(span)) = (&self.client.known, self.client.place) {
            related.push(Label { span, text: format!("nginx is `{name}`") });
        }
        let mut finding = RULE.finding(message, primary, related);
        if self.client.known.is_none() {
            finding.severity = Severity::Warning;
        }
        finding
    }

    /// nginx's user, where it is known; else the one that is evidently meant: the group of the unit is often nginx's.
    fn user_of_nginx(&self) -> String {
        let known = self.client.known.as_ref().map(|(name, _)| name.clone());
        let usual = |group: &String| WEB_USERS.contains(&group.as_str());
        known.or_else(|| self.group().filter(usual)).unwrap_or_else(|| "www-data".into())
    }

    /// The directory that the socket is in.
    fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(directory, _)| directory)
    }

    /// The group of the unit's processes; `None` where it is not known.
    fn group(&self) -> Option<String> {
        match (self.unit.setting::<String>("Group").value, self.unit.user()) {
            (Possible::Known(Some(group)), _) => Some(group),
            (Possible::Known(None), Possible::Known(None)) => Some("root".into()),
            _ => None,
        }
    }
}

/// What nginx writes into its log.
fn log(path: &str) -> String {
    format!("`connect() to unix:{path} failed (13: Permission denied)`")
}

/// The group that a user is in first, as far as the tree tells.
fn first_group(context: &Context, user: &str) -> Option<String> {
    context.deployment.machine.first_groups.get(user).cloned()
}
