//! Whether Gunicorn takes nginx's word.

use crate::model::{App, AppKind, Datum, Deployment, Peer, Route, Setting, Version, WorkerClass};
use crate::value::{Endpoint, Host, Reach};

/// The first Gunicorn whose own ASGI workers refuse what contradicts itself. 24.1.1 ends the connection, 25.3.0 and 26.2.0 take
/// it.
const ASGI_REFUSES: Version = Version(27, 0, 1);

/// Whether an app certainly reads the headers of its table in what a route sends it: its workers have Gunicorn's own parser,
/// and nginx's address is among those that may tell the scheme.
pub(super) fn trusts(deployment: &Deployment, route: &Route, peer: &Peer, app: &App) -> bool {
    let bound: Setting<Option<Vec<String>>> =
        deployment.nginx.setting(route.level, "proxy_bind", deployment.target.nginx);
    let is_own_address =
        bound.value.must(|words| words.as_ref().is_none_or(|words| words.iter().eq(["off"])));
    reads(app, deployment.target.gunicorn)
        && (allows(app, "*") || peer.address.must(|address| is_allowed(app, address, is_own_address)))
}

/// Whether all workers that an app may have refuse headers that contradict each other.
///
/// Seen with 20.1.0, 23.0.0 and 27.0.1; `gevent_pywsgi` and `tornado` have parsers of their own, and so has uvicorn.
fn reads(app: &App, gunicorn: Version) -> bool {
    let class = app.settings.get("worker_class");
    let is_other = class.is_none_or(|it| {
        it.value.may(|it| match it {
            Datum::Text(name) => name.contains("wsgi"),
            _ => true,
        })
    });
    let refuses = |class: &WorkerClass| match class {
        WorkerClass::Sync | WorkerClass::Gthread | WorkerClass::Gevent | WorkerClass::Eventlet => true,
        WorkerClass::Asgi => gunicorn >= ASGI_REFUSES,
        WorkerClass::Tornado | WorkerClass::Uvicorn | WorkerClass::Other(_) => false,
    };
    app.kind == AppKind::Gunicorn && !is_other && app.worker_class.value.must(refuses)
}

/// Whether `forwarded_allow_ips` certainly has an address, or a star. Networks are not read.
fn allows(app: &App, peer: &str) -> bool {
    let allowed: Setting<Vec<String>> = app.setting("forwarded_allow_ips");
    allowed.value.must(|all| all.iter().any(|it| it == "*" || it == peer))
}

/// Whether nginx may tell the scheme when it connects to an address. Over a unix socket everybody may.
fn is_allowed(app: &App, target: &Endpoint, is_own_address: bool) -> bool {
    let Some(listeners) = app.listeners.value.known().filter(|it| !it.is_empty()) else { return false };
    let reached: Vec<_> = listeners.iter().filter(|it| target.reaches(it) != Reach::No).collect();
    let comes_from_allowed = |target: &Endpoint, listener: &Endpoint| match (target, listener) {
        (Endpoint::Unix(_), _) => true,
        (Endpoint::Tcp(to, _), Endpoint::Tcp(at, _)) => {
            is_own_address && source(to, at).is_some_and(|peer| allows(app, peer))
        }
        (Endpoint::Tcp(..), Endpoint::Unix(_)) => false,
    };
    match reached.is_empty() {
        false => reached.iter().all(|listener| comes_from_allowed(target, listener)),
        // The app that is meant, which nginx does not get to yet.
        true => listeners.iter().all(|listener| comes_from_allowed(listener, listener)),
    }
}

/// The address that a connection comes from, as the app sees it. What comes to `[::]` by IPv4 comes from `::ffff:127.0.0.1`,
/// which is neither.
fn source(target: &Host, listener: &Host) -> Option<&'static str> {
    let is_name = |host: &Host| matches!(host, Host::Name(name) if name == "localhost");
    match (target, listener) {
        _ if !target.is_local() => None,
        (Host::V6(to), Host::V6(_)) if !to.is_unspecified() => Some("::1"),
        (Host::Name(_), Host::V6(at)) if at.is_loopback() => Some("::1"),
        (Host::V4(_) | Host::Name(_), Host::V4(_)) => Some("127.0.0.1"),
        (Host::V4(_) | Host::Name(_), Host::Name(_)) if is_name(listener) => Some("127.0.0.1"),
        _ => None,
    }
}
