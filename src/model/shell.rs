//! Shells that stay in front of a program.

use crate::source::Span;

/// A shell that is a service's main process and waits for the program.
///
/// Until the program ends it does nothing; a signal that ends a process ends the shell alone. Seen with dash 0.5.12 and
/// bash 5.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    /// What stays, for a sentence: "the shell of `sh -c`".
    pub called: String,
    /// The command that the shell waits for.
    pub command: Span,
    /// Whether it stays whichever shell it is. Else bash gives its place to the command, and dash does not.
    pub surely: bool,
    /// Whether nothing else stays in front: no program that the shell runs starts Gunicorn as another process.
    pub alone: bool,
    /// The empty place where `exec ` can be written, so that the program takes the shell's place.
    pub exec: Option<Span>,
}
