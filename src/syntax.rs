//! Texts to trees, one file at a time. Parsing never fails: what cannot be read becomes an error beside the tree.
//!
//! Each language has a pest grammar in `grammar/` that is lossless: the leaves of its parse tile the text (see
//! [`tiles`](nginx::tiles) of each module), so nothing that stands in a file can go unseen.

pub mod compose;
pub mod gunicorn;
pub mod machine;
pub mod nginx;
pub mod outline;
pub mod packages;
pub mod shell;
pub mod systemd;

use crate::source::Span;

/// A tree and what was wrong with the text.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    /// All that could be read.
    pub tree: T,
    /// All that could not, in the order of the text.
    pub errors: Vec<SyntaxError>,
}

/// A place that the program cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub span: Span,
    /// Why, in the program's own words where it has some.
    pub message: String,
    /// What to do, where the cause is evident.
    pub hint: Option<String>,
    /// Whether the program goes on without what it cannot read.
    pub ignored: bool,
}
