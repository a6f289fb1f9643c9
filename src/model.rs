//! The shared picture of a stack: what nginx, the service manager and the app servers would do, and how they meet.
//!
//! Everything that a rule judges is here, with the place that each value comes from. Nothing here knows how a file is
//! written; [`Anchor`] carries what a fix needs of that.

mod anchor;
mod app;
mod app_fault;
mod argument;
mod deployment;
mod lost_word;
mod machine;
mod nginx;
mod protocol;
mod readers;
mod sandbox;
mod setting;
mod shell;
mod shell_syntax;
mod signal;
mod socket;
mod stop;
mod unit;
mod variables;
mod version;

pub use anchor::{Anchor, Dialect, remove_word};
pub use app::{
    ANSWERS_WHEN_KILLED, App, AppId, AppKind, BodyLimit, Interface, LiteralVariable, MissingTarget,
    UnloadedFile, WorkerClass,
};
pub use app_fault::{AppFault, AppFaultKind};
pub use argument::Argument;
pub use deployment::{Deployment, Hop, Joined, Refusal, Unresolved};
pub use lost_word::{LostWord, lost_word};
pub use machine::{BootDirectory, Machine};
pub(crate) use nginx::some_of;
pub use nginx::{
    Arrivals, Directive, Fault, FaultKind, Gateway, Hole, InForce, Jump, KEEPS_BY_ITSELF, Level, LevelId,
    LevelKind, Listen, LookedUp, Main, MatchKind, Matching, Mend, Methods, Mistake, Nginx, Parameters, Peer,
    Pool, Reading, Rescues, Route, RouteId, Schemes, Sending, Sent, Server, Statements, Substitute, Tally,
    Upstream, UpstreamId, Uri, ValueKind, Written, directive,
};
pub use protocol::{Sends, Speaks};
pub use readers::Readers;
pub use sandbox::{Denial, Facility, Mount, MountKind, Sandbox, Sight, parent};
pub use setting::{Buffers, Datum, FromDatum, Origin, OriginKind, PerMachine, Setting, Table};
pub use shell::Shell;
pub use shell_syntax::{BUILTINS, ShellSyntax, is_operator, redirection, shell_syntax};
pub use signal::{Receiver, Signal};
pub use socket::{Handed, UnitListener, UnitSocket};
pub use stop::Patience;
pub use unit::{Manager, Shadowed, Unit, UnitCommand, UnitFault, UnitFaultKind, UnitId};
pub use variables::Variables;
pub use version::{Target, Version};
