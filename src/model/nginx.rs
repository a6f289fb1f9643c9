//! What nginx would do with its configuration.

mod directives;
mod lookup;
mod peer;
mod statements;

pub use directives::{Directive, ValueKind, directive};
pub use statements::Statements;

use super::{Anchor, Datum, OriginKind};
use crate::source::Span;
use crate::value::{Endpoint, Possible};

/// A configuration level, as an index into [`Nginx::levels`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LevelId(pub u32);

/// An upstream, as an index into [`Nginx::upstreams`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UpstreamId(pub u32);

/// A route, as an index into [`Nginx::routes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteId(pub u32);

/// All nginx configuration of a stack. A fragment that is included twice stands here twice, once in each context.
#[derive(Clone, Debug, Default)]
pub struct Nginx {
    /// Every level; a parent stands before its children.
    pub levels: Vec<Level>,
    /// Every `server` block.
    pub servers: Vec<Server>,
    /// Every `upstream` block.
    pub upstreams: Vec<Upstream>,
    /// Every `proxy_pass` and its siblings.
    pub routes: Vec<Route>,
    /// What the servers of `stream` and `mail` listen on.
    pub elsewhere: Vec<Possible<Endpoint>>,
}

/// A configuration level: a block that directives are inherited through.
#[derive(Clone, Debug)]
pub struct Level {
    /// What block it is.
    pub kind: LevelKind,
    /// The level that it inherits from.
    pub parent: Option<LevelId>,
    /// The words before the brace: `location /data`. A file's first byte for a level that no block opens.
    pub header: Span,
    /// The same for a person, without the folds of the file: `location /data`.
    pub title: String,
    /// The known directives that stand in it (see [`directive`]), in order.
    pub written: Vec<Written>,
    /// What stands in it and cannot be read.
    pub holes: Vec<Hole>,
    /// Whether an `error_page` that stands in it turns a 502 into another answer; `None` where none stands in it, and
    /// what is inherited goes.
    pub rescues: Option<bool>,
    /// Why what encloses it is not known, for the first level of a fragment that no file of the stack includes.
    pub open_above: Option<String>,
}

/// The kinds of configuration levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LevelKind {
    /// `http`, or a fragment that belongs there.
    Http,
    /// `server`.
    Server,
    /// `location`, nested ones too.
    Location,
    /// `if` inside a location.
    If,
    /// `limit_except`.
    LimitExcept,
}

/// A directive as it stands in a level.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its name.
    pub name: &'static str,
    /// What its arguments say.
    pub value: Possible<Datum>,
    /// How it can be changed.
    pub anchor: Anchor,
}

/// Something in a level that may set any directive of some families: an include of a file that is not in the tree, a
/// template block.
#[derive(Clone, Debug)]
pub struct Hole {
    /// Where it stands.
    pub span: Span,
    /// By which way it would set something: `Template` where a template engine fills it in, else `Written`.
    pub kind: OriginKind,
    /// What it is, to stand behind "unknown:".
    pub why: String,
}

/// A `server` block.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its level.
    pub level: LevelId,
    /// What it listens on; `*:80` where nothing is written. A hole that may hold a `listen` makes an unknown one.
    pub listen: Vec<Possible<Endpoint>>,
    /// The words of its `server_name`.
    pub names: Vec<String>,
}

/// An `upstream` block.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its name.
    pub name: String,
    /// The name where it is defined.
    pub place: Span,
    /// Its servers.
    pub peers: Vec<Peer>,
    /// Why there may be more servers than `peers`, where that is so.
    pub open: Option<String>,
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
}

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
}

impl Gateway {
    /// What the names of its directives begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Gateway::Http | Gateway::Https => "proxy_",
            Gateway::Uwsgi => "uwsgi_",
            Gateway::Fastcgi => "fastcgi_",
            Gateway::Scgi => "scgi_",
            Gateway::Grpc => "grpc_",
        }
    }
}

/// A place where nginx hands requests on.
#[derive(Clone, Debug)]
pub struct Route {
    /// The level that the pass stands in.
    pub level: LevelId,
    /// The server that it belongs to, as an index into [`Nginx::servers`]; none in a fragment of a location.
    pub server: Option<usize>,
    /// The protocol.
    pub gateway: Gateway,
    /// The argument of the pass, as written.
    pub target: String,
    /// The whole directive: a new one can be put behind it.
    pub anchor: Anchor,
    /// The upstream that it names, if it names one.
    pub upstream: Option<UpstreamId>,
    /// Where requests go: the peers of the upstream, or the one address of the target.
    pub peers: Vec<Peer>,
    /// Why there may be more peers, where that is so.
    pub open: Option<String>,
}
