//! TLS to an app that has no certificate, or none to one that has.

use std::collections::BTreeMap;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{
    App, AppId, AppKind, Deployment, Gateway, Peer, Route, RouteId, Setting, Tally, Version, WorkerClass,
};
use crate::source::Span;
use crate::value::{Duration, Endpoint};

pub(super) const RULE: Rule = Rule {
    name: "scheme-mismatch",
    category: Category::Protocol,
    severity: Severity::Error,
    summary: "TLS to an app without a certificate, or none to an app with one",
    outcome: "502 or 504",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/scheme-mismatch.md"),
    check,
};

/// Since when Gunicorn ends a request line at a bare line feed, which it refuses: every TLS handshake has one, as half of
/// the number of `supported_groups`. Older ones wait for a whole line. Seen with 26.2.0 and 27.0.1.
const REFUSES_LINE_FEED: Version = Version(27, 0, 0);

/// The routes to one app that speak the other scheme.
struct Mismatch<'a> {
    /// Whether it is nginx that speaks TLS.
    tls: bool,
    routes: Vec<&'a Route>,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let mut found: BTreeMap<(AppId, bool), Mismatch> = BTreeMap::new();
    let mut passes = Tally::default();
    for (at, route) in deployment.nginx.routes.iter().enumerate() {
        let mismatched = mismatched(deployment, RouteId(at as u32));
        passes.count(route.anchor.span, mismatched.is_some());
        let Some((app, tls)) = mismatched else { continue };
        let mismatch = found.entry((app, tls)).or_insert(Mismatch { tls, routes: Vec::new() });
        if !mismatch.routes.iter().rev().any(|it| it.anchor.span == route.anchor.span) {
            mismatch.routes.push(route);
        }
    }
    for ((app, _), mismatch) in found {
        let may_change = mismatch.routes.iter().all(|it| passes.is_whole(it.anchor.span));
        findings.push(finding(context, deployment.app(app), &mismatch, may_change));
    }
}

/// The first app of a route of which every server speaks the other scheme, and whether nginx is the one that speaks TLS.
/// Where one of several servers is right, nginx turns to that one, and clients see nothing of it.
fn mismatched(deployment: &Deployment, id: RouteId) -> Option<(AppId, bool)> {
    let route = deployment.route(id);
    let tls = match route.gateway {
        Gateway::Https => true,
        Gateway::Http => false,
        _ => return None,
    };
    let used = deployment.hops_of(id).iter().filter(|hop| !route.peers[hop.peer].down);
    let mut apps = used.map(|hop| hop.app().filter(|app| speaks(deployment.app(*app), !tls)));
    let first = apps.next()??;
    (route.open.is_none() && apps.all(|app| app.is_some())).then_some((first, tls))
}

/// Whether an app certainly speaks TLS, or certainly does not. With a key alone it does neither. A worker class that is
/// not known, or not Gunicorn's own, may bring a certificate of its own.
///
/// Source: `Config.is_ssl` in `gunicorn/config.py` of 20.1.0 to 27.0.1, which every worker class asks.
fn speaks(app: &App, tls: bool) -> bool {
    let certificate: Setting<Option<String>> = app.setting("certfile");
    let key: Setting<Option<String>> = app.setting("keyfile");
    let is_empty = |path: &Option<String>| path.as_deref().unwrap_or_default().is_empty();
    let is_known = |class: &WorkerClass| !matches!(class, WorkerClass::Other(_));
    let has_none = || {
        let class = app.worker_class.value.must(is_known);
        class && certificate.value.must(is_empty) && key.value.must(is_empty)
    };
    app.kind == AppKind::Gunicorn
        && match tls {
            true => certificate.value.must(|path| !is_empty(path)),
            false => has_none(),
        }
}

/// Whether the key is certainly in a file of its own. What `certfile` holds is not known, and an app without a key says so in
/// plain HTTP: a sync worker with a 403, and so do threads from Gunicorn 24 on; older ones end.
///
/// Seen with 20.1.0, 23.0.0 and 27.0.1.
fn has_key(app: &App) -> bool {
    let key: Setting<Option<String>> = app.setting("keyfile");
    key.value.must(|path| !path.as_deref().unwrap_or_default().is_empty())
}

fn finding(context: &Context, app: &App, mismatch: &Mismatch, may_change: bool) -> Finding {
    let first = mismatch.routes[0];
    let certificate = app.setting::<Option<String>>("certfile").origin;
    let (outcome, message, text, other) = if mismatch.tls {
        let ending = plain_ending(context.deployment, first, app);
        (
            ending.status,
            format!("nginx speaks TLS to an app that has no certificate: {}", ending.words),
            "nginx speaks TLS here",
            "this app speaks plain HTTP: it has no `certfile`".to_owned(),
        )
    } else {
        let (status, words) = match has_key(app) {
            true => ("502", " and speaks TLS alone: every request gets a 502"),
            false => (
                "502 or 403",
                ", and no `keyfile`: every request gets a 502, or a 403 if `certfile` does not hold the key as well",
            ),
        };
        (
            status,
            format!("nginx speaks plain HTTP to an app that has a certificate{words}"),
            "nginx speaks plain HTTP here",
            format!("this app speaks TLS: it has a `certfile`, {}", certificate.describe("Gunicorn")),
        )
    };
    let label = |span: Span| Label { span, text: text.into() };
    let mut related: Vec<Label> =
        mismatch.routes[1..].iter().map(|it| label(scheme(context, it).unwrap_or(it.anchor.value))).collect();
    let place = certificate.place.filter(|_| !mismatch.tls).unwrap_or(app.place);
    related.push(Label { span: place, text: other });
    let primary = label(scheme(context, first).unwrap_or(first.anchor.value));
    let mut finding = RULE.finding(message, primary, related);
    finding.outcome = outcome.into();
    finding.help = Some(help(context, app, mismatch));
    finding.fix = may_change.then(|| fix(context, app, mismatch)).flatten();
    finding
}

/// How a request ends.
struct Ending {
    status: &'static str,
    words: String,
}

/// How a request ends that nginx begins with TLS and the app takes for plain HTTP. Older Gunicorns wait for the end of a
/// line; nginx gives up on the handshake after its connect timeout, and a sync worker is killed after its own.
///
/// Seen with nginx 1.31.3 and Gunicorn 20.1.0, 23.0.0, 24.1.1, 25.3.0, 26.2.0 and 27.0.1.
fn plain_ending(deployment: &Deployment, route: &Route, app: &App) -> Ending {
    let version = deployment.target.gunicorn;
    let class = app.worker_class.value.known();
    let at_once = match class {
        Some(WorkerClass::Uvicorn) => true,
        Some(WorkerClass::Sync | WorkerClass::Gthread | WorkerClass::Gevent | WorkerClass::Asgi) => {
            version >= REFUSES_LINE_FEED
        }
        _ => false,
    };
    if at_once {
        return Ending { status: "502", words: "every request gets a 502".into() };
    }
    let name = "proxy_connect_timeout";
    let connect: Setting<Duration> = deployment.nginx.setting(route.level, name, deployment.target.nginx);
    let worker: Setting<Duration> = app.setting("timeout");
    let (Some(connect), Some(worker)) = (connect.value.known(), worker.value.known()) else {
        return Ending { status: "502 or 504", words: "every request gets a 502 or a 504".into() };
    };
    let zero = Duration::seconds(0);
    let waits = format!("Gunicorn {version} waits for the end of a line");
    match class {
        Some(WorkerClass::Sync) if *worker > zero && worker < connect => Ending {
            status: "502",
            words: format!("{waits} until its worker is killed after {worker}, and every request gets a 502"),
        },
        Some(WorkerClass::Sync) if *worker == zero || worker > connect => Ending {
            status: "504",
            words: format!("{waits} that never comes, and every request gets a 504 after {connect}"),
        },
        Some(WorkerClass::Gthread) => Ending {
            status: "504",
            words: format!("{waits} that never comes, and every request gets a 504 after {connect}"),
        },
        _ => Ending { status: "502 or 504", words: "every request gets a 502 or a 504".into() },
    }
}

fn help(context: &Context, app: &App, mismatch: &Mismatch) -> String {
    let log = "nginx's error log says";
    if mismatch.tls {
        let where_to = match stays_here(mismatch) {
            true => "write `http://`: what nginx sends does not leave the machine",
            false => "write `http://`, or give the app a `certfile` if what nginx sends leaves the machine",
        };
        return format!("{where_to}; {log} `while SSL handshaking to upstream`");
    }
    let asks = match (verifies(context, mismatch), wants_certificate(app)) {
        (true, _) => "; `proxy_ssl_verify` is, or may be, on: the certificate has to pass it then",
        (false, true) => "; the app wants a certificate from nginx, too: `proxy_ssl_certificate`",
        (false, false) => "",
    };
    format!(
        "write `https://`, or leave out `certfile` and `keyfile` where nobody but nginx connects to the app{asks}; {log} \
         `while reading response header from upstream`, Gunicorn's `[SSL: HTTP_REQUEST] http request`"
    )
}

/// Whether nginx certainly reaches the app without leaving the machine.
fn stays_here(mismatch: &Mismatch) -> bool {
    let peers = mismatch.routes.iter().flat_map(|route| route.peers.iter());
    peers.into_iter().all(|peer| peer.address.must(Endpoint::is_local))
}

/// Whether nginx may refuse the app's certificate.
fn verifies(context: &Context, mismatch: &Mismatch) -> bool {
    let deployment = context.deployment;
    let may_verify = |route: &&Route| {
        let verify: Setting<bool> =
            deployment.nginx.setting(route.level, "proxy_ssl_verify", deployment.target.nginx);
        !verify.value.must(|on| !on)
    };
    mismatch.routes.iter().any(may_verify)
}

/// Whether the app may refuse nginx for want of a certificate: 2 is `ssl.CERT_REQUIRED`.
fn wants_certificate(app: &App) -> bool {
    let wanted: Setting<i64> = app.setting("cert_reqs");
    !wanted.value.must(|wanted| *wanted < 2)
}

/// Writes the scheme that the app speaks, wherever nginx speaks the other one.
fn fix(context: &Context, app: &App, mismatch: &Mismatch) -> Option<Fix> {
    if !mismatch.tls && (verifies(context, mismatch) || wants_certificate(app)) {
        return None;
    }
    let scheme_of_app = if mismatch.tls { "http" } else { "https" };
    let edit = |route: &&Route| {
        let has_port = route.upstream.is_some() || route.peers.iter().all(|peer| has_port(context, peer));
        let span = scheme(context, route).filter(|_| has_port)?;
        Some(Edit { span, replacement: scheme_of_app.into() })
    };
    let edits = mismatch.routes.iter().map(edit).collect::<Option<_>>()?;
    // Who sends requests to another machine may want the TLS more than the app as it is.
    let how = if mismatch.tls && !stays_here(mismatch) { Applicability::Unsafe } else { Applicability::Safe };
    Fix::new(format!("speak `{scheme_of_app}`"), how, edits)
}

/// Where the scheme of a pass is written, unless a variable brings it.
fn scheme(context: &Context, route: &Route) -> Option<Span> {
    let written = context.sources.text(route.anchor.value);
    let quotes = written.len() - written.trim_start_matches(['"', '\'']).len();
    let scheme = written[quotes..].split_once("://")?.0;
    let is_scheme = ["http", "https"].iter().any(|it| it.eq_ignore_ascii_case(scheme));
    let start = route.anchor.value.start + quotes as u32;
    is_scheme.then_some(Span { start, end: start + scheme.len() as u32, ..route.anchor.value })
}

/// Whether an address stays what it is under another scheme. A port that is not written is the scheme's own.
fn has_port(context: &Context, peer: &Peer) -> bool {
    let is_unix = peer.address.must(|it| matches!(it, Endpoint::Unix(_)));
    let written = context.sources.text(peer.anchor.value).rsplit_once(':');
    let is_number = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    is_unix || written.is_some_and(|(_, port)| is_number(port))
}
