//! Words of command lines.

use crate::source::Span;
use crate::value::Possible;

/// A word of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The word, with the manager's quotes and expansions resolved.
    pub text: Possible<String>,
    /// Where it stands.
    pub span: Span,
    /// Whether it may be any number of words, none included: an unquoted variable of unknown value.
    pub splits: bool,
}
