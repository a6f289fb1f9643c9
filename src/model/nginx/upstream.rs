//! `upstream` blocks and the addresses in them.

use std::sync::Arc;

use super::super::{Anchor, Datum, Origin, OriginKind, Setting, Version};
use super::{KEEPS_BY_ITSELF, Written};
use crate::source::Span;
use crate::value::{Duration, Endpoint, Possible};

/// An upstream, as an index into [`Nginx::upstreams`](super::Nginx::upstreams).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UpstreamId(pub u32);

/// An `upstream` block.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its name.
    pub name: String,
    /// The name where it is defined.
    pub place: Span,
    /// Its servers.
    pub peers: Arc<Vec<Peer>>,
    /// The known directives that stand in it beside its servers, in order: `keepalive`, `ip_hash`, `zone`.
    pub written: Vec<Written>,
    /// Why there may be more in it than is said here, where that is so.
    pub open: Option<String>,
}

impl Upstream {
    /// How many idle connections each worker process keeps to its servers; 0 is none. Whether any is kept at all depends on
    /// the routes that lead here.
    ///
    /// Source: `ngx_http_upstream_init_keepalive` in `src/http/modules/ngx_http_upstream_keepalive_module.c`: since 1.29.7
    /// every upstream has `keepalive 32 local` unless it says otherwise.
    pub fn keepalive(&self, nginx: Version) -> Setting<i64> {
        if let Some(written) = self.directive("keepalive") {
            let number = |datum: Datum| match datum {
                Datum::List(words) => words.first().and_then(|it| it.parse().ok()),
                _ => None,
            };
            let refused = || "nginx refuses its value".to_owned();
            let value = written.value.clone().try_map(|datum| number(datum).ok_or_else(refused));
            return Setting { value, origin: Origin::anchored(OriginKind::Written, written.anchor) };
        }
        match &self.open {
            Some(why) => Setting::unknown(why.clone(), Origin::at(OriginKind::Written, self.place)),
            None => Setting::known(if nginx >= KEEPS_BY_ITSELF { 32 } else { 0 }, Origin::DEFAULT),
        }
    }

    /// A directive that stands in it, if it does; the first of several.
    pub fn directive(&self, name: &str) -> Option<&Written> {
        self.written.iter().find(|it| it.name == name)
    }
}

/// An address that nginx connects to.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The address. Several where the name stands for several.
    pub address: Possible<Endpoint>,
    /// The address as it is written, without scheme and URI: `127.0.0.1:8000`, `unix:/run/app.sock`.
    pub anchor: Anchor,
    /// Whether the peer is out of use: `down`.
    pub down: bool,
    /// The rest of what an upstream's `server` says.
    pub parameters: Parameters,
}

/// The parameters of an upstream's `server`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Used only while all others are out of use.
    pub backup: bool,
    /// Whether its name is looked up again and again: `resolve`.
    pub resolve: bool,
    /// Its share of the requests, in parts; 1 unless it is written.
    pub weight: Possible<u64>,
    /// After how many failures it is out of use for a while; 0 is never, 1 unless it is written.
    pub max_fails: Possible<u64>,
    /// In which time these failures count, and how long it is out of use then; 10 s unless it is written.
    pub fail_timeout: Possible<Duration>,
    /// How many connections it takes at once; 0 is any number, as where nothing is written.
    pub max_conns: Possible<u64>,
}

impl Parameters {
    /// What goes for a server without parameters, and for the one address of a pass.
    ///
    /// Source: `ngx_http_upstream_server` in `src/http/ngx_http_upstream.c`, 1.31.3.
    pub const DEFAULT: Parameters = Parameters {
        backup: false,
        resolve: false,
        weight: Possible::Known(1),
        max_fails: Possible::Known(1),
        fail_timeout: Possible::Known(Duration::seconds(10)),
        max_conns: Possible::Known(0),
    };

    /// Whether failures certainly put the server out of use for a time that is noticed. With `fail_timeout=0` it is tried
    /// again in the next second.
    ///
    /// Source: `ngx_http_upstream_get_peer` in `src/http/ngx_http_upstream_round_robin.c`, 1.31.3: a server is passed over
    /// while `now - peer->checked <= peer->fail_timeout`, in whole seconds.
    pub fn are_given_up(&self) -> bool {
        self.max_fails.must(|fails| *fails > 0) && self.fail_timeout.must(|time| time.milliseconds > 0)
    }
}

impl Peer {
    /// A peer without parameters.
    pub fn new(address: Possible<Endpoint>, anchor: Anchor) -> Peer {
        Peer { address, anchor, down: false, parameters: Parameters::DEFAULT }
    }
}

/// Some peers of a list that others may share, to change them for whoever has this list.
pub(crate) fn some_of(
    peers: &mut Arc<Vec<Peer>>,
    which: impl Fn(&Peer) -> bool,
) -> impl Iterator<Item = &mut Peer> {
    let any = peers.iter().any(&which);
    let changed = any.then(|| Arc::make_mut(peers));
    changed.into_iter().flatten().filter(move |peer| which(peer))
}
