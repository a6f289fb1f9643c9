//! What the walk through a stack's files finds, before the passes are led to their peers.

use std::collections::BTreeSet;

use crate::model::{Anchor, LevelId, Nginx, Unresolved};
use crate::source::Span;
use crate::syntax::nginx::Word;

/// The blocks of `https` that fragments are taken to share.
pub(super) const SHARED_HTTP: usize = 0;
pub(super) const SHARED_STREAM: usize = 1;

/// What the walk finds.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    pub(super) nginx: Nginx,
    pub(super) unresolved: Vec<Unresolved>,
    pub(super) cut: Vec<Unresolved>,
    pub(super) https: Vec<Http>,
    /// For each upstream, by its index: the block of `https` that it belongs to.
    pub(super) upstream_http: Vec<usize>,
    /// For each upstream, by its index: whether it may not be there at all.
    pub(super) upstream_doubt: Vec<bool>,
    /// For each level, by its index: the block of `https` that it belongs to.
    pub(super) level_http: Vec<usize>,
    pub(super) passes: Vec<Pass<'a>>,
    pub(super) assignments: Vec<Assignment<'a>>,
    pub(super) maps: Vec<Map<'a>>,
    /// What defines variables, by block of `https`: names in lower case, without the dollar.
    pub(super) defined: BTreeSet<(usize, String)>,
    /// The settings of fragments that may belong in `http` as well as in a `server` or `location`.
    pub(super) settings: Vec<LevelId>,
}

impl Found<'_> {
    /// Whether what stands in one of `https` may belong to another on the machine: fragments may belong to any of their
    /// sort; two main files are two machines' or two variants.
    pub(super) fn may_share(&self, a: usize, b: usize) -> bool {
        let is_shared = |at: usize| at <= SHARED_STREAM;
        self.https[a].stream == self.https[b].stream && (is_shared(a) || is_shared(b))
    }
}

/// An `http` or `stream` block, with all that is included in it. The first is the `http` that fragments are taken to
/// share, the second the `stream`.
#[derive(Clone, Debug, Default)]
pub(super) struct Http {
    /// Whether everything that it includes was found.
    pub(super) complete: bool,
    /// Whether it is a `stream` block.
    pub(super) stream: bool,
    /// Whether something in it, at whatever depth, was not found: it may define variables.
    pub(super) holes: bool,
}

/// A `proxy_pass` or one of its siblings.
#[derive(Clone, Debug)]
pub(super) struct Pass<'a> {
    pub(super) name: &'static str,
    /// Whether it stands in `stream`.
    pub(super) stream: bool,
    pub(super) level: LevelId,
    pub(super) server: Option<usize>,
    pub(super) scope: usize,
    pub(super) arguments: Box<[Word<'a>]>,
    pub(super) anchor: Anchor,
    /// Why it may not be there at all.
    pub(super) maybe: Option<String>,
}

/// What gives a variable a value inside a `server` block.
#[derive(Clone, Debug)]
pub(super) struct Assignment<'a> {
    /// The `server` block, or the fragment.
    pub(super) scope: usize,
    /// Without the dollar; empty for something that may set any.
    pub(super) variable: String,
    pub(super) level: Option<LevelId>,
    /// The value, where it is certainly this one.
    pub(super) value: Option<Word<'a>>,
    /// The whole directive.
    pub(super) span: Span,
}

/// A `map`, `geo` or `split_clients` block, which gives a variable one of several values.
#[derive(Clone, Debug)]
pub(super) struct Map<'a> {
    /// The block of `https` that it stands in.
    pub(super) http: usize,
    /// Without the dollar, in lower case.
    pub(super) variable: String,
    /// The values, where all of them are known and constant.
    pub(super) values: Option<Vec<Word<'a>>>,
    /// The whole block.
    pub(super) span: Span,
}
