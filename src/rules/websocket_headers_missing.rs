//! An app that may speak WebSocket, and no location that lets a client ask for it.

use std::collections::BTreeMap;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{
    App, AppId, Gateway, Interface, Joined, LevelKind, Nginx, Route, RouteId, Sent, Statements, WorkerClass,
};

pub(super) const RULE: Rule = Rule {
    name: "websocket-headers-missing",
    category: Category::Protocol,
    severity: Severity::Note,
    summary: "an ASGI app that no WebSocket handshake reaches",
    outcome: "no upgrade",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/websocket-headers-missing.md"),
    check,
};

const DIRECTIVE: &str = "proxy_set_header";

/// The headers of a handshake, which a proxy does not hand on by itself, and what it takes to do so.
const HEADERS: [(&str, &str); 2] = [("Upgrade", "$http_upgrade"), ("Connection", "\"upgrade\"")];

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let mut routes_of: BTreeMap<AppId, Vec<RouteId>> = BTreeMap::new();
    for hop in &deployment.hops {
        match &hop.joined {
            Joined::App(app) => routes_of.entry(*app).or_default().push(hop.route),
            // It may lead to any of the apps.
            Joined::Unknown(_) if may_upgrade(&deployment.nginx, deployment.route(hop.route)) => return,
            Joined::Unknown(_) | Joined::Nobody { .. } => {}
        }
    }
    let mut lazy: Option<Statements> = None;
    for (id, routes) in routes_of {
        let app = deployment.app(id);
        let speaks = |class: &WorkerClass| matches!(class, WorkerClass::Uvicorn | WorkerClass::Asgi);
        let may_upgrade = |id: &RouteId| may_upgrade(&deployment.nginx, deployment.route(*id));
        // Under such workers a WSGI application answers nothing, which is a mistake of its own.
        if !app.worker_class.value.must(speaks) || is_wsgi(app) || routes.iter().any(may_upgrade) {
            continue;
        }
        let first = routes.iter().map(|id| deployment.route(*id)).find(|route| is_http(route));
        let Some(route) = first else { continue };
        let statements = lazy.get_or_insert_with(|| Statements::new(&deployment.nginx));
        findings.push(finding(context, app, route, statements));
    }
}

/// Whether an application is for WSGI, or is called as if it were: Django names its two modules `wsgi` and `asgi`.
fn is_wsgi(app: &App) -> bool {
    let is_named = |target: &String| {
        let module = target.split(':').next().unwrap_or_default();
        module.rsplit('.').next() == Some("wsgi")
    };
    match app.interface {
        Some(interface) => interface == Interface::Wsgi,
        None => app.target.value.candidates().is_some_and(|it| it.iter().any(is_named)),
    }
}

fn is_http(route: &Route) -> bool {
    matches!(route.gateway, Gateway::Http | Gateway::Https)
}

/// Whether a handshake may pass. `stream` hands on all that comes; the other protocols know no WebSocket.
fn may_upgrade(nginx: &Nginx, route: &Route) -> bool {
    route.gateway == Gateway::Stream || is_http(route) && missing(nginx, route).is_empty()
}

/// The headers that are certainly not handed on.
fn missing(nginx: &Nginx, route: &Route) -> Vec<(&'static str, &'static str)> {
    let sending = nginx.sending(route.level, DIRECTIVE);
    if sending.open.is_some() {
        return Vec::new();
    }
    let lacks = |name: &str| !sending.named(name).any(|sent| asks(name, sent));
    HEADERS.into_iter().filter(|(name, _)| lacks(name)).collect()
}

/// Whether a header may have a value that asks for an upgrade.
fn asks(name: &str, sent: &Sent) -> bool {
    sent.value.may(|value| {
        let word = if name == "Connection" { "upgrade" } else { "websocket" };
        value.contains('$') || value.to_ascii_lowercase().contains(word)
    })
}

fn finding(context: &Context, app: &App, route: &Route, statements: &Statements) -> Finding {
    let missing = missing(&context.deployment.nginx, route);
    let names: Vec<String> = missing.iter().map(|(name, _)| format!("`{name}`")).collect();
    let names = names.join(" and ");
    let message = format!(
        "this ASGI app may speak WebSocket, but nginx hands no client's wish for it on: without {names} a handshake is an \
         ordinary request to the app, and gets no upgrade"
    );
    let primary = Label { span: route.anchor.span, text: format!("requests are handed on without {names}") };
    let origin = &app.worker_class.origin;
    let class = app.worker_class.value.known().map(|class| format!(" {class}")).unwrap_or_default();
    let text = format!("its worker class is{class}, {}", origin.describe("Gunicorn"));
    let related = vec![Label { span: origin.place.unwrap_or(app.place), text }];
    let mut finding = RULE.finding(message, primary, related);
    finding.help = Some(
        "where the app speaks WebSocket, add `proxy_set_header Upgrade $http_upgrade;` and `proxy_set_header Connection \
         \"upgrade\";` beside the headers that are in force there; where it does not, nothing is amiss"
            .into(),
    );
    finding.fix = fix(context, route, &missing, statements);
    finding
}

/// Puts the headers beside those that are in force, since one at a narrower level would hide them all.
fn fix(context: &Context, route: &Route, missing: &[(&str, &str)], statements: &Statements) -> Option<Fix> {
    let nginx = &context.deployment.nginx;
    let sending = nginx.sending(route.level, DIRECTIVE);
    // One that says something else was written for a reason: an empty `Connection` keeps connections open.
    if missing.iter().any(|(name, _)| sending.named(name).next().is_some()) {
        return None;
    }
    let anchor = match sending.sent.last() {
        Some(sent) => sent.anchor,
        None => {
            let mut levels = statements.levels(route.anchor.span).iter();
            let takes_it = levels.all(|id| nginx.level(*id).kind == LevelKind::Location);
            takes_it.then_some(route.anchor)?
        }
    };
    let settings: Vec<(&str, String)> =
        missing.iter().map(|(name, value)| (DIRECTIVE, format!("{name} {value}"))).collect();
    let edit = anchor.add_after(context.sources, &settings)?;
    Fix::new("hand the wish for an upgrade on", Applicability::Unsafe, vec![edit])
}
