//! What nginx refuses, or takes otherwise than it is meant.

use std::collections::BTreeMap;

use super::Nginx;
use crate::edit::{Applicability, Edit, Fix};
use crate::source::{FileId, Span};

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

impl Mend {
    /// The mend as a finding has it.
    pub fn fix(self) -> Option<Fix> {
        Fix::new(self.title, self.applicability, self.edits)
    }
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
    /// A file that includes itself.
    Cycle,
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

/// A fault as it stands in a file, however often the file is included.
#[derive(Clone, Debug)]
pub struct Mistake<'a> {
    /// The fault; the first of several.
    pub fault: &'a Fault,
    /// The pass or the `server` of an upstream that it stands in, if it stands in one.
    pub statement: Option<Span>,
    /// The mend that is right wherever the place is included, and trusted no further than the least of them.
    pub mend: Option<Mend>,
}

impl Nginx {
    /// The faults of some kinds, one for each place, in the order of the places.
    ///
    /// What stands in a file that is included several times has a mend only where it is the same for each: a pass that is
    /// refused in one location may be right in another.
    pub fn mistakes(&self, kinds: &[FaultKind]) -> Vec<Mistake<'_>> {
        let mut by_place: BTreeMap<(Span, FaultKind), Vec<&Fault>> = BTreeMap::new();
        for fault in self.faults.iter().filter(|it| kinds.contains(&it.kind)) {
            by_place.entry((fault.place, fault.kind)).or_default().push(fault);
        }
        if by_place.is_empty() {
            return Vec::new();
        }
        let statements = self.connecting();
        let mistake = |faults: Vec<&'_ Fault>| {
            let place = faults[0].place;
            let before = statements.range(..=(place.file, place.start)).next_back();
            let around = before
                .map(|(_, it)| *it)
                .filter(|(span, _)| span.file == place.file && place.end <= span.end);
            let mends: Option<Vec<&Mend>> = faults.iter().map(|it| it.mend.as_ref()).collect();
            let is_same = |mends: &Vec<&Mend>| mends.iter().all(|it| it.edits == mends[0].edits);
            let is_everywhere = around.is_none_or(|(_, times)| times == faults.len());
            let mends = mends.filter(is_same).filter(|_| is_everywhere);
            let least = mends.and_then(|mends| mends.into_iter().min_by_key(|it| it.applicability));
            (around.map(|(span, _)| span), least.cloned())
        };
        let all = by_place.into_values().map(|faults| {
            let fault = faults[0];
            let (statement, mend) = mistake(faults);
            Mistake { fault, statement, mend }
        });
        all.collect()
    }

    /// The statements that say where to connect, by where they begin, each with how often it is included.
    fn connecting(&self) -> BTreeMap<(FileId, u32), (Span, usize)> {
        let passes = self.routes.iter().map(|route| route.anchor.span);
        let servers = self.upstreams.iter().flat_map(|it| it.peers.iter()).map(|peer| peer.anchor.span);
        let mut statements = BTreeMap::new();
        for span in passes.chain(servers) {
            statements.entry((span.file, span.start)).or_insert((span, 0)).1 += 1;
        }
        statements
    }
}
