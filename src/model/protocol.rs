//! What nginx speaks to an app, and whether the app understands it.

use super::{App, AppKind, Deployment, Gateway, Route, Setting, Version, WorkerClass};
use crate::value::Duration;

/// Since when Gunicorn has `protocol`, and since when `http_protocols`.
const HAS_PROTOCOL: Version = Version(24, 0, 0);
const HAS_HTTP2: Version = Version(25, 0, 0);

/// What nginx speaks to an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sends {
    /// HTTP/1.0 or HTTP/1.1.
    Http1,
    /// HTTP/2, without TLS.
    Http2,
    /// The uwsgi protocol.
    Uwsgi,
    /// FastCGI.
    Fastcgi,
    /// SCGI.
    Scgi,
    /// gRPC over HTTP/2.
    Grpc,
}

/// What an app understands, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Speaks {
    /// HTTP/1.
    Http1,
    /// The uwsgi protocol.
    Uwsgi,
}

impl Sends {
    /// Its name in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Sends::Http1 => "HTTP",
            Sends::Http2 => "HTTP/2",
            Sends::Uwsgi => "the uwsgi protocol",
            Sends::Fastcgi => "FastCGI",
            Sends::Scgi => "SCGI",
            Sends::Grpc => "gRPC over HTTP/2",
        }
    }
}

impl Deployment {
    /// What a route speaks to an app and what that speaks instead, where it certainly does not understand the route.
    pub fn misunderstood(&self, route: &Route, app: &App) -> Option<(Sends, Speaks)> {
        let sends = self.sends(route)?;
        Some((sends, self.speaks(app, sends)?))
    }

    /// Whether a route speaks a protocol other than HTTP that the app certainly does not understand: no request is served, and
    /// who mends that writes `proxy_pass`, for which other directives count.
    pub fn is_in_vain(&self, route: &Route, app: &App) -> bool {
        let is_http = matches!(route.gateway, Gateway::Http | Gateway::Https);
        !is_http && self.misunderstood(route, app).is_some()
    }

    /// Whether what is wrong with the time that a route gives its app goes with the route's own mistake: it is in vain, and the
    /// same does not hold of the time that counts for `proxy_pass` there.
    pub fn goes_with_the_pass(
        &self,
        route: &Route,
        app: &App,
        holds: impl Fn(&Setting<Duration>) -> bool,
    ) -> bool {
        let Some(name) = Gateway::Http.read_timeout().filter(|_| self.is_in_vain(route, app)) else {
            return false;
        };
        !holds(&self.nginx.setting(route.level, name, self.target.nginx))
    }

    /// What a route certainly speaks.
    fn sends(&self, route: &Route) -> Option<Sends> {
        const VERSION: &str = "proxy_http_version";
        let version = || -> Setting<String> { self.nginx.setting(route.level, VERSION, self.target.nginx) };
        Some(match route.gateway {
            Gateway::Uwsgi => Sends::Uwsgi,
            Gateway::Fastcgi => Sends::Fastcgi,
            Gateway::Scgi => Sends::Scgi,
            Gateway::Grpc => Sends::Grpc,
            Gateway::Http if version().value.must(|it| it == "2") => Sends::Http2,
            Gateway::Http | Gateway::Https if version().value.must(|it| it != "2") => Sends::Http1,
            // Over TLS both ends agree on a version.
            Gateway::Http | Gateway::Https | Gateway::Stream => return None,
        })
    }

    /// What an app speaks where it certainly does not understand this.
    ///
    /// Source: `protocol` is read by `gunicorn/http/parser.py` and, for the asgi worker, by `gunicorn/asgi/protocol.py`; uvicorn
    /// has parsers of its own. Seen with 20.1.0 to 27.0.1.
    fn speaks(&self, app: &App, sends: Sends) -> Option<Speaks> {
        use WorkerClass::{Gevent, Gthread, Other, Sync, Uvicorn};
        let version = self.target.gunicorn;
        let class = &app.worker_class.value;
        if app.kind != AppKind::Gunicorn || !class.must(|class| !matches!(class, Other(_))) {
            return None;
        }
        let protocol = app.setting::<String>("protocol").value;
        let is_uvicorn = class.must(|class| *class == Uvicorn);
        let speaks = if is_uvicorn || version < HAS_PROTOCOL || protocol.must(|it| it == "http") {
            Speaks::Http1
        } else if protocol.must(|it| it == "uwsgi") && class.must(|it| matches!(it, Sync | Gthread | Gevent))
        {
            Speaks::Uwsgi
        } else {
            return None;
        };
        let may_have_http2 = || {
            let protocols = app.setting::<Vec<String>>("http_protocols").value;
            !(version < HAS_HTTP2 || protocols.must(|all| !all.iter().any(|it| it == "h2")))
        };
        let understands = match (sends, speaks) {
            (Sends::Http1, Speaks::Http1) | (Sends::Uwsgi, Speaks::Uwsgi) => true,
            (Sends::Http2 | Sends::Grpc, Speaks::Http1) => may_have_http2(),
            _ => false,
        };
        (!understands).then_some(speaks)
    }

    /// Whether the Gunicorn that is meant can be told to speak the uwsgi protocol.
    pub fn may_speak_uwsgi(&self, app: &App) -> bool {
        let is_uvicorn = !app.worker_class.value.must(|class| *class != WorkerClass::Uvicorn);
        self.target.gunicorn >= HAS_PROTOCOL && !is_uvicorn
    }
}
