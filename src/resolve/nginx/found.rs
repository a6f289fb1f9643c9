//! What the walk through a stack's files finds, before the passes are led to their peers.

use crate::model::{Anchor, LevelId, Nginx, Unresolved};
use crate::source::Span;
use crate::syntax::nginx::Word;

/// What the walk finds.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) nginx: Nginx,
    pub(super) unresolved: Vec<Unresolved>,
    pub(super) https: Vec<Http>,
    /// For each upstream, by its index: the `http` block that it belongs to.
    pub(super) upstream_http: Vec<usize>,
    /// For each level, by its index: the `http` block that it belongs to.
    pub(super) level_http: Vec<usize>,
    pub(super) passes: Vec<Pass>,
    pub(super) assignments: Vec<Assignment>,
    /// The settings of fragments that may belong in `http` as well as in a `server` or `location`.
    pub(super) settings: Vec<LevelId>,
}

/// An `http` block, with all that is included in it. The first is the one that fragments are taken to share.
#[derive(Clone, Debug, Default)]
pub(super) struct Http {
    /// Whether everything that it includes was found.
    pub(super) complete: bool,
}

/// A `proxy_pass` or one of its siblings.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    pub(super) name: &'static str,
    pub(super) level: LevelId,
    pub(super) server: Option<usize>,
    pub(super) scope: usize,
    pub(super) arguments: Vec<Word>,
    pub(super) anchor: Anchor,
    /// Why it may not be there at all.
    pub(super) maybe: Option<String>,
}

/// What gives a variable a value inside a `server` block.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    /// The `server` block, or the fragment.
    pub(super) scope: usize,
    /// Without the dollar; empty for something that may set any.
    pub(super) variable: String,
    pub(super) level: Option<LevelId>,
    /// The value, where it is certainly this one.
    pub(super) value: Option<Word>,
    /// The whole directive.
    pub(super) span: Span,
}
