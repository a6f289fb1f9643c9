//! What nginx would do with its configuration.

mod arrivals;
mod directives;
mod fault;
mod in_force;
mod level;
mod lookup;
mod methods;
mod peer;
mod pool;
mod route;
mod sending;
mod server;
mod statements;
mod substitute;
mod tally;
mod upstream;

pub use arrivals::{Arrivals, Schemes};
pub use directives::{Directive, ValueKind, directive};
pub use fault::{Fault, FaultKind, Mend, Mistake};
pub use in_force::InForce;
pub use level::{Hole, Jump, Level, LevelId, LevelKind, MatchKind, Matching, Rescues, Sent, Written};
pub use methods::Methods;
pub use pool::{KEEPS_BY_ITSELF, Pool};
pub use route::{Gateway, LookedUp, Route, RouteId, Uri};
pub use sending::Sending;
pub use server::{Listen, Main, Reading, Server};
pub use statements::Statements;
pub use substitute::Substitute;
pub use tally::Tally;
pub(crate) use upstream::some_of;
pub use upstream::{Parameters, Peer, Upstream, UpstreamId};

use crate::source::Span;
use crate::value::{Endpoint, Possible};

/// All nginx configuration of a stack. A fragment that is included twice stands here twice, once in each context.
#[derive(Clone, Debug, Default)]
pub struct Nginx {
    /// Every level; a parent stands before its children.
    pub levels: Vec<Level>,
    /// What is read, in the order in which it is.
    pub readings: Vec<Reading>,
    /// Every configuration that is one as a whole.
    pub mains: Vec<Main>,
    /// Every `server` block of `http`.
    pub servers: Vec<Server>,
    /// Every `upstream` block, those of `stream` too.
    pub upstreams: Vec<Upstream>,
    /// Every `proxy_pass` and its siblings.
    pub routes: Vec<Route>,
    /// What the servers of `stream` and `mail` listen on.
    pub elsewhere: Vec<Possible<Endpoint>>,
    /// Where an `if` refuses requests by their method, or lets only some methods through.
    pub refuses_methods: Option<Span>,
    /// What nginx refuses, or takes otherwise than it is meant. Each is certain.
    pub faults: Vec<Fault>,
}
