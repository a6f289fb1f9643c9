//! What a row of the table is: a directive, the sections that have it, and how its value is read.

use super::kind::Kind;

/// A set of sections, one bit for each.
pub(super) type Sections = u16;

pub(super) const UNIT: Sections = 1;
pub(super) const INSTALL: Sections = 1 << 1;
pub(super) const SERVICE: Sections = 1 << 2;
pub(super) const SOCKET: Sections = 1 << 3;
pub(super) const TIMER: Sections = 1 << 4;
pub(super) const PATH: Sections = 1 << 5;
pub(super) const AUTOMOUNT: Sections = 1 << 6;
pub(super) const MOUNT: Sections = 1 << 7;
pub(super) const SWAP: Sections = 1 << 8;
pub(super) const SLICE: Sections = 1 << 9;
pub(super) const SCOPE: Sections = 1 << 10;
/// What starts processes.
pub(super) const EXEC: Sections = SERVICE | SOCKET | MOUNT | SWAP;
/// What ends processes.
pub(super) const KILL: Sections = EXEC | SCOPE;
/// What has a control group.
pub(super) const CGROUP: Sections = KILL | SLICE;

/// The sections by name.
pub(super) const NAMES: [(&str, Sections); 11] = [
    ("Unit", UNIT),
    ("Install", INSTALL),
    ("Service", SERVICE),
    ("Socket", SOCKET),
    ("Timer", TIMER),
    ("Path", PATH),
    ("Automount", AUTOMOUNT),
    ("Mount", MOUNT),
    ("Swap", SWAP),
    ("Slice", SLICE),
    ("Scope", SCOPE),
];

/// Which releases have a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// 252 and those after it.
    Old,
    /// 257, and not 252.
    Late,
    /// Only releases after 257.
    Newer,
}

/// A directive, in sections that read it in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name, without the `=`.
    pub name: &'static str,
    /// The sections, one bit for each.
    pub sections: u16,
    /// How its value is read.
    pub kind: Kind,
    /// Which releases have it.
    pub since: Since,
}

impl Row {
    pub(super) const fn late(mut self) -> Row {
        self.since = Since::Late;
        self
    }

    pub(super) const fn newer(mut self) -> Row {
        self.since = Since::Newer;
        self
    }
}

pub(super) const fn row(name: &'static str, sections: Sections, kind: Kind) -> Row {
    Row { name, sections, kind, since: Since::Old }
}
