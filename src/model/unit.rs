//! Units of the service manager.

use std::collections::BTreeMap;

use super::{Datum, Setting};
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
}
