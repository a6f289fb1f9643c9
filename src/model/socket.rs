//! Socket units, and what they hand to their services.

use super::UnitId;
use crate::source::Span;
use crate::value::{Endpoint, Possible};

/// What a socket unit listens on for streams, by one of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitListener {
    /// The address.
    pub address: Possible<Endpoint>,
    /// Where it is written.
    pub place: Span,
}

/// A socket unit of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitSocket {
    /// The socket unit.
    pub unit: UnitId,
    /// Whether the service is handed what it listens on.
    pub handed: Handed,
}

/// Whether a service is handed the sockets of its socket unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handed {
    /// It is: it pulls the socket unit in, or nothing but the socket unit starts it.
    Always,
    /// Only if the socket unit is there first: the service can be enabled and started by itself, and nothing in the tree
    /// starts the socket unit with it.
    IfFirst,
    /// It is not known, for this reason.
    Unknown(String),
}
