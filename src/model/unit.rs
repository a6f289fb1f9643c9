//! Units of the service manager.

use std::collections::BTreeMap;

use super::{Datum, Mend, Setting};
use crate::source::{FileId, Span};

/// A unit, as an index into [`super::Deployment::units`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitId(pub u32);

/// A unit as systemd merges it from its file and its drop-ins.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its name: `shop.service`, `web@.service`.
    pub name: String,
    /// The unit file and then the drop-ins that apply, in the order in which they are read.
    pub files: Vec<FileId>,
    /// Where to point at: the head of the unit file.
    pub place: Span,
    /// The settings that are written, by systemd's own names (`TimeoutStopSec`), and the defaults of those that bear on
    /// a hop. A name that is not here is not set.
    pub settings: BTreeMap<String, Setting<Datum>>,
    /// What systemd says of lines that it ignores or that make it refuse the unit, in the order in which they are read.
    pub faults: Vec<UnitFault>,
}

/// A line that systemd ignores, as a whole or in part, or for which it refuses the unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitFault {
    /// What sort of mistake it is.
    pub kind: UnitFaultKind,
    /// What is wrong: the header of a section, a key, a value or a word of it.
    pub place: Span,
    /// The directive; empty for a section.
    pub directive: String,
    /// What systemd says, without the place and without what it does about it: `Failed to parse boolean value: maybe`.
    pub message: String,
    /// Whether systemd refuses the whole unit. Else it goes on as if the line or the word were not there: what was set
    /// before stays, or the default.
    pub refused: bool,
    /// What is evidently meant: the nearest name, or the section that has the directive.
    pub meant: Option<String>,
    /// The mend, where there is one.
    pub mend: Option<Mend>,
}

/// The sorts of faults of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnitFaultKind {
    /// A section that units of this type have not.
    Section,
    /// A directive that no section has.
    Unknown,
    /// A directive of another section.
    Misplaced,
    /// A value that means nothing to systemd.
    Value,
    /// A specifier that systemd does not know.
    Specifier,
    /// A command line that systemd does not take.
    Command,
}
