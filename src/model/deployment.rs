//! A stack as a whole, and the hops in it.

use super::{App, AppId, AppKind, Machine, Nginx, Route, RouteId, Target, Unit, UnitId};
use crate::source::{FileId, Span};
use crate::value::Endpoint;

/// All that meets on one machine.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The directory that the stack's files lie in; empty for the one the run began in.
    pub root: String,
    /// The files that meet on it, in the order of their paths.
    pub files: Vec<FileId>,
    /// The versions that are meant.
    pub target: Target,
    /// Where the tree says which Gunicorn it is for; `None` where the configuration says it, or nobody and the newest is
    /// meant.
    pub pinned: Option<Span>,
    /// The proxy.
    pub nginx: Nginx,
    /// The apps.
    pub apps: Vec<App>,
    /// The units.
    pub units: Vec<Unit>,
    /// The machine's directories and accounts.
    pub machine: Machine,
    /// Each route's peers, joined to who answers there, in the order of the routes.
    pub hops: Vec<Hop>,
    /// Addresses at which something answers that is not in the tree, as the configuration says.
    pub external: Vec<Endpoint>,
    /// Where something may let processes without privileges listen on ports below 1024.
    pub low_ports: Option<Span>,
    /// What could not be understood.
    pub unresolved: Vec<Unresolved>,
    /// What was not followed to its end, since it is too much: what is found may be otherwise.
    pub cut: Vec<Unresolved>,
    /// What a program cannot read.
    pub refusals: Vec<Refusal>,
}

/// One peer of a route, joined to the app that answers there and to the unit that runs it.
#[derive(Clone, Debug)]
pub struct Hop {
    /// The route.
    pub route: RouteId,
    /// The peer, as an index into [`Route::peers`].
    pub peer: usize,
    /// Who answers.
    pub joined: Joined,
}

/// Who answers at a peer's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Joined {
    /// This app: it listens there.
    App(AppId),
    /// Nobody of the stack, for certain. `meant` is the app that the route is evidently for: the only one that no route
    /// reaches, where this address is the only one that nobody serves.
    Nobody {
        /// The app that is meant.
        meant: Option<AppId>,
    },
    /// Not known, for this reason.
    Unknown(String),
}

impl Hop {
    /// The app at the other end, or the one that is evidently meant to be there.
    pub fn app(&self) -> Option<AppId> {
        match &self.joined {
            Joined::App(app) => Some(*app),
            Joined::Nobody { meant } => *meant,
            Joined::Unknown(_) => None,
        }
    }
}

impl Deployment {
    /// Its directory as a person is told of it: `.` for the one that the run began in.
    pub fn place(&self) -> &str {
        match self.root.trim_end_matches('/') {
            "" => ".",
            place => place,
        }
    }

    /// The route of an identifier that this deployment gave out.
    pub fn route(&self, id: RouteId) -> &Route {
        &self.nginx.routes[id.0 as usize]
    }

    /// The hops of a route. They stand together, in the order of the routes.
    pub fn hops_of(&self, id: RouteId) -> &[Hop] {
        let start = self.hops.partition_point(|hop| hop.route < id);
        let end = self.hops.partition_point(|hop| hop.route <= id);
        &self.hops[start..end]
    }

    /// Whether something that is not in the tree answers at an address, as the configuration says.
    pub fn is_external(&self, address: &Endpoint) -> bool {
        self.external.iter().any(|external| external.is_same_place(address))
    }

    /// The app of an identifier that this deployment gave out.
    pub fn app(&self, id: AppId) -> &App {
        &self.apps[id.0 as usize]
    }

    /// The Gunicorns that services of systemd run, each with its unit.
    pub fn services(&self) -> impl Iterator<Item = (&App, &Unit)> {
        let gunicorns = self.apps.iter().filter(|app| app.kind == AppKind::Gunicorn);
        gunicorns.filter_map(|app| Some((app, self.unit(app.unit?))))
    }

    /// The unit of an identifier that this deployment gave out.
    pub fn unit(&self, id: UnitId) -> &Unit {
        &self.units[id.0 as usize]
    }
}

/// Something that could not be understood; it leads to no finding of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unresolved {
    /// Where it stands.
    pub span: Span,
    /// What it is, as written.
    pub what: String,
    /// Why it could not be understood, and what follows from that.
    pub why: String,
}

/// A text that a program cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub span: Span,
    /// Which program it is.
    pub program: &'static str,
    /// Why, in the program's own words where it has some.
    pub message: String,
    /// What to do, where the cause is evident.
    pub hint: Option<String>,
    /// Whether the program goes on without what it cannot read.
    pub ignored: bool,
}
