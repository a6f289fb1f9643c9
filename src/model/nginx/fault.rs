//! What nginx refuses, or takes otherwise than it is meant.

use crate::edit::{Applicability, Edit};
use crate::source::Span;

/// A mistake in nginx's configuration that can be told from it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What sort of mistake it is.
    pub kind: FaultKind,
    /// Where it stands.
    pub place: Span,
    /// nginx's own words where it refuses the configuration, without the place: `duplicate upstream "app"`; else what is
    /// wrong.
    pub message: String,
    /// Another place that it hangs on, and what is there.
    pub related: Option<(Span, String)>,
    /// What to do, where that is not evident from the message.
    pub help: Option<String>,
    /// The mend, where there is one.
    pub mend: Option<Mend>,
}

/// The mend of a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mend {
    /// What it does, as an imperative.
    pub title: String,
    /// How far it may be trusted.
    pub applicability: Applicability,
    /// The changes.
    pub edits: Vec<Edit>,
}

/// The sorts of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// A directive that no module has, and whose name is all but that of one: `unknown directive "proxy_passs"`.
    Misspelt,
    /// A directive that may not stand where it stands.
    Misplaced,
    /// Too few or too many arguments.
    Arguments,
    /// An argument that means nothing.
    Value,
    /// Something that may be there once and is there twice.
    Duplicate,
    /// An upstream that has no server to use.
    Upstream,
    /// A pass with a URI where none may stand.
    Uri,
    /// A variable that nothing defines.
    Variable,
    /// An address of a host that nginx cannot read.
    Address,
    /// An address of a unix socket that nginx refuses.
    UnixRefused,
    /// A path of a unix socket with a URI behind it and no colon between, so that all of it is the path.
    UnixUri,
    /// A path of a unix socket that ends in a colon, which belongs to the path.
    UnixColon,
    /// A path of a unix socket that is relative to the directory that nginx runs in.
    UnixRelative,
    /// A name that no upstream has, though one has all but that name.
    UndefinedUpstream,
    /// An upstream's name with a port.
    PortOfUpstream,
}

impl FaultKind {
    /// Whether it hangs on what other files hold, so that a file that cannot be read may undo it.
    pub fn depends_on_others(self) -> bool {
        matches!(
            self,
            FaultKind::Duplicate
                | FaultKind::Variable
                | FaultKind::UndefinedUpstream
                | FaultKind::PortOfUpstream
        )
    }
}
