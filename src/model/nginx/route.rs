//! Where requests are handed on.

use std::sync::Arc;

use super::super::Anchor;
use super::{Directive, LevelId, Peer, UpstreamId};
use crate::source::Span;

/// A route, as an index into [`Nginx::routes`](super::Nginx::routes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteId(pub u32);

/// The protocol that a route speaks to its peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gateway {
    /// `proxy_pass http://`
    Http,
    /// `proxy_pass https://`
    Https,
    /// `uwsgi_pass`
    Uwsgi,
    /// `fastcgi_pass`
    Fastcgi,
    /// `scgi_pass`
    Scgi,
    /// `grpc_pass`
    Grpc,
    /// `proxy_pass` in `stream`: whatever the client speaks.
    Stream,
}

impl Gateway {
    /// What the names of its directives begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Gateway::Http | Gateway::Https | Gateway::Stream => "proxy_",
            Gateway::Uwsgi => "uwsgi_",
            Gateway::Fastcgi => "fastcgi_",
            Gateway::Scgi => "scgi_",
            Gateway::Grpc => "grpc_",
        }
    }

    /// The directive that says how long nginx waits for the app's next bytes before it gives up with a 504. `stream` has
    /// none: its `proxy_timeout` ends connections, and there is no answer.
    pub fn read_timeout(self) -> Option<&'static str> {
        match self {
            Gateway::Http | Gateway::Https => Some("proxy_read_timeout"),
            Gateway::Uwsgi => Some("uwsgi_read_timeout"),
            Gateway::Fastcgi => Some("fastcgi_read_timeout"),
            Gateway::Scgi => Some("scgi_read_timeout"),
            Gateway::Grpc => Some("grpc_read_timeout"),
            Gateway::Stream => None,
        }
    }

    /// The directive that says how long nginx waits for a connection to the app before it gives up with a 504.
    pub fn connect_timeout(self) -> Option<&'static str> {
        match self {
            Gateway::Http | Gateway::Https => Some("proxy_connect_timeout"),
            Gateway::Uwsgi => Some("uwsgi_connect_timeout"),
            Gateway::Fastcgi => Some("fastcgi_connect_timeout"),
            Gateway::Scgi => Some("scgi_connect_timeout"),
            Gateway::Grpc => Some("grpc_connect_timeout"),
            Gateway::Stream => None,
        }
    }

    /// The directive that says how long nginx waits until the app takes more of a request before it gives up with a 504.
    pub fn send_timeout(self) -> Option<&'static str> {
        match self {
            Gateway::Http | Gateway::Https => Some("proxy_send_timeout"),
            Gateway::Uwsgi => Some("uwsgi_send_timeout"),
            Gateway::Fastcgi => Some("fastcgi_send_timeout"),
            Gateway::Scgi => Some("scgi_send_timeout"),
            Gateway::Grpc => Some("grpc_send_timeout"),
            Gateway::Stream => None,
        }
    }

    /// The directives that say after which failures a request goes on to the next server of an upstream, to how many, and for
    /// how long. Those of `stream` are others.
    pub fn next_upstream(self) -> Option<[&'static str; 3]> {
        match self {
            Gateway::Http | Gateway::Https => {
                Some(["proxy_next_upstream", "proxy_next_upstream_tries", "proxy_next_upstream_timeout"])
            }
            Gateway::Uwsgi => {
                Some(["uwsgi_next_upstream", "uwsgi_next_upstream_tries", "uwsgi_next_upstream_timeout"])
            }
            Gateway::Fastcgi => Some([
                "fastcgi_next_upstream",
                "fastcgi_next_upstream_tries",
                "fastcgi_next_upstream_timeout",
            ]),
            Gateway::Scgi => {
                Some(["scgi_next_upstream", "scgi_next_upstream_tries", "scgi_next_upstream_timeout"])
            }
            Gateway::Grpc => {
                Some(["grpc_next_upstream", "grpc_next_upstream_tries", "grpc_next_upstream_timeout"])
            }
            Gateway::Stream => None,
        }
    }

    /// The directive that says how large the head of an answer may be. `stream` knows no answers.
    pub fn buffer_size(self) -> Option<&'static str> {
        match self {
            Gateway::Http | Gateway::Https => Some("proxy_buffer_size"),
            Gateway::Uwsgi => Some("uwsgi_buffer_size"),
            Gateway::Fastcgi => Some("fastcgi_buffer_size"),
            Gateway::Scgi => Some("scgi_buffer_size"),
            Gateway::Grpc => Some("grpc_buffer_size"),
            Gateway::Stream => None,
        }
    }

    /// The directive that adds headers or parameters to what is sent, if there is one.
    pub fn sends_by(self) -> Option<&'static str> {
        match self {
            Gateway::Http | Gateway::Https => Some("proxy_set_header"),
            Gateway::Uwsgi => Some("uwsgi_param"),
            Gateway::Fastcgi => Some("fastcgi_param"),
            Gateway::Scgi => Some("scgi_param"),
            Gateway::Grpc => Some("grpc_set_header"),
            Gateway::Stream => None,
        }
    }

    /// The directives of the table that it goes by.
    pub fn directives(self) -> impl Iterator<Item = &'static Directive> {
        const OF_STREAM: [&str; 2] = ["proxy_connect_timeout", "proxy_timeout"];
        Directive::all().filter(move |it| match self {
            Gateway::Stream => OF_STREAM.contains(&it.name),
            _ => it.name.starts_with(self.prefix()) && it.name != "proxy_timeout",
        })
    }
}

/// A place where nginx hands requests on.
#[derive(Clone, Debug)]
pub struct Route {
    /// The level that the pass stands in.
    pub level: LevelId,
    /// The server that it belongs to, as an index into [`Nginx::servers`](super::Nginx::servers); none in a fragment of a
    /// location, and in `stream`.
    pub server: Option<usize>,
    /// The protocol.
    pub gateway: Gateway,
    /// The argument of the pass, as written.
    pub target: String,
    /// The whole directive: a new one can be put behind it.
    pub anchor: Anchor,
    /// What becomes of the request's URI.
    pub uri: Uri,
    /// The host that is looked up when a request comes, since the pass has variables; `None` where nginx looks up nothing
    /// then, or where it is not known.
    pub looked_up: Option<LookedUp>,
    /// The upstream that it names, if it names one.
    pub upstream: Option<UpstreamId>,
    /// Where requests go: the peers of the upstream, or the one address of the target.
    pub peers: Arc<Vec<Peer>>,
    /// Why there may be more peers, where that is so.
    pub open: Option<String>,
}

/// What a pass makes of the request's URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uri {
    /// It is passed on as it came: the pass has no URI.
    Kept,
    /// The part that the location matched gives way to this text, which stands here. An empty place behind a host stands
    /// for nothing: see [`Uri::Kept`].
    Replaced(String, Span),
    /// All of it gives way to a text with variables.
    Computed,
    /// It is not known, for this reason.
    Unknown(String),
}

/// A host name that nginx looks up while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookedUp {
    /// The name, in lower case.
    pub name: String,
    /// The port, whether written or the protocol's own.
    pub port: u16,
    /// Where it is written: in the pass, or in the `set` whose variable the pass uses.
    pub place: Span,
}
