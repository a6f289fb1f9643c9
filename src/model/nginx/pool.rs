//! Whether nginx keeps connections to the servers of an upstream open for later requests, and for how long.

use super::super::{Datum, Origin, OriginKind, Setting, Version};
use super::{Gateway, Nginx, Route, Upstream, Written};
use crate::value::{Duration, Possible};

/// Since when nginx keeps connections to every `upstream`, speaks HTTP/1.1 to apps by itself, sends no `Connection: close`,
/// and minds no order in an upstream.
pub const KEEPS_BY_ITSELF: Version = Version(1, 29, 7);

/// The directives that choose a server, each of which sets aside what `keepalive` before it has set up.
const BALANCING: [&str; 6] = ["hash", "ip_hash", "least_conn", "least_time", "random", "sticky"];

/// Connections that are certainly kept for the requests of a route.
#[derive(Clone, Debug)]
pub struct Pool<'a> {
    /// The upstream.
    pub upstream: &'a Upstream,
    /// How many idle ones each worker process keeps.
    pub size: Setting<i64>,
    /// How long an idle one is kept.
    pub idle: Setting<Duration>,
}

impl Nginx {
    /// The connections that are kept for a route's requests; `None` where none is, or where that is not certain.
    ///
    /// Three things have to come together: the upstream keeps some, HTTP/1.1 is spoken, and no `Connection: close` is sent.
    /// A value with a variable may be `close` for ordinary requests, as in the usual map of `$http_upgrade`.
    ///
    /// Source: `ngx_http_upstream_free_keepalive_peer` in `src/http/modules/ngx_http_upstream_keepalive_module.c` and
    /// `ngx_http_proxy_create_request` in `ngx_http_proxy_module.c`, 1.31.3.
    pub fn pool(&self, route: &Route, version: Version) -> Option<Pool<'_>> {
        let upstream = &self.upstreams[route.upstream?.0 as usize];
        let is_http = matches!(route.gateway, Gateway::Http | Gateway::Https);
        if !is_http || upstream.open.is_some() || upstream.keeping_forgotten_by(version).is_some() {
            return None;
        }
        let size = upstream.keepalive(version);
        let idle = upstream.keepalive_timeout(version);
        let spoken: Setting<String> = self.setting(route.level, "proxy_http_version", version);
        let is_kept = size.value.must(|size| *size > 0)
            && idle.value.must(|idle| idle.milliseconds > 0)
            && upstream.serves_several()
            && spoken.value.must(|it| it == "1.1")
            && self.leaves_open(route, version);
        is_kept.then_some(Pool { upstream, size, idle })
    }

    /// Whether the app certainly ends each connection after one request: HTTP/1.0 is spoken, or `Connection: close` is sent.
    pub fn is_closed(&self, route: &Route, version: Version) -> bool {
        let sending = self.sending(route.level, "proxy_set_header");
        let mut sent = sending.named("Connection").peekable();
        if sending.open.is_some() {
            return false;
        }
        if sent.peek().is_none() {
            let spoken: Setting<String> = self.setting(route.level, "proxy_http_version", version);
            return version < KEEPS_BY_ITSELF || spoken.value.must(|it| it == "1.0");
        }
        sent.all(|it| it.value.must(|value| value.eq_ignore_ascii_case("close")))
    }

    /// Whether what is sent as `Connection` certainly lets the app keep the connection.
    fn leaves_open(&self, route: &Route, version: Version) -> bool {
        let sending = self.sending(route.level, "proxy_set_header");
        let mut sent = sending.named("Connection").peekable();
        if sending.open.is_some() || sent.peek().is_none() && version < KEEPS_BY_ITSELF {
            return false;
        }
        let closes_nothing = |value: &String| {
            !value.contains('$') && value.split(',').all(|it| !it.trim().eq_ignore_ascii_case("close"))
        };
        sent.all(|it| it.value.must(closes_nothing))
    }
}

impl Upstream {
    /// How long an idle connection is kept. Until 1.15.3 there was no directive and no limit.
    ///
    /// Source: `ngx_http_upstream_init_keepalive`, 1.31.3; CHANGES of 1.15.3.
    pub fn keepalive_timeout(&self, nginx: Version) -> Setting<Duration> {
        let Some(written) = self.directive("keepalive_timeout") else {
            return match &self.open {
                Some(why) => Setting::unknown(why.clone(), Origin::at(OriginKind::Written, self.place)),
                None if nginx < Version(1, 15, 3) => Setting::unknown("nginx has no limit", Origin::DEFAULT),
                None => Setting::known(Duration::seconds(60), Origin::DEFAULT),
            };
        };
        let refused = || "nginx refuses its value".to_owned();
        let value = written.value.clone().try_map(|datum| match datum {
            Datum::List(words) if words.len() == 1 => Duration::from_nginx(&words[0]).ok_or_else(refused),
            _ => Err(refused()),
        });
        Setting { value, origin: Origin::anchored(OriginKind::Written, written.anchor) }
    }

    /// What makes nginx forget a `keepalive` that stands before it: `load balancing method redefined`. Until 1.29.7 what
    /// chooses a server had to stand first.
    pub fn keeping_forgotten_by(&self, nginx: Version) -> Option<&Written> {
        let mut behind = self.written.iter().skip_while(|it| it.name != "keepalive").skip(1);
        let balancing = behind.find(|it| BALANCING.contains(&it.name) && it.value.known().is_some());
        balancing.filter(|_| nginx < KEEPS_BY_ITSELF)
    }

    /// Whether a connection certainly carries more than one request: `keepalive_requests` is not 0 or 1.
    fn serves_several(&self) -> bool {
        let number = |datum: &Datum| match datum {
            Datum::List(words) => words.first()?.parse::<u64>().ok(),
            _ => None,
        };
        match self.directive("keepalive_requests") {
            None => true,
            Some(written) => match &written.value {
                Possible::Known(datum) => number(datum).is_some_and(|number| number > 1),
                _ => false,
            },
        }
    }
}
