//! What a shell would do with a script, up to the program that the script is there for.
//!
//! Nothing runs. Commands that stand straight in the script are followed: assignments, `export`, `cd`, `set`, `.` of files
//! of the tree. Other programs change nothing in the shell. What stands in a branch, a loop or a function may or may not
//! have happened: whatever it would change is unknown from there on. The tests ask the real shells.

mod builtins;
mod command;
mod expand;
mod run;
mod state;
mod substitute;

use super::launch::{Argument, Environment};
use super::paths::Paths;
use crate::model::Setting;
use crate::source::{FileId, Sources, Span};
use crate::value::Possible;

pub(super) use command::program;
pub(super) use run::{MAX_SCRIPT, Outcome, Verdict, run};
pub(super) use state::State;

/// Which shell it is, as far as they differ in what is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `sh`: dash, busybox or bash, which is not known; and `dash`.
    Posix,
    /// `bash`.
    Bash,
}

/// Where the bytes of a script stand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Placing {
    /// In a file, from this offset on.
    File(FileId, usize),
    /// Within a word that is written in some other way.
    Whole(Span),
}

impl Placing {
    /// The place of a part of the script.
    pub(super) fn span(self, range: &std::ops::Range<usize>) -> Span {
        match self {
            Placing::File(file, base) => Span::new(file, base + range.start..base + range.end),
            Placing::Whole(span) => span,
        }
    }
}

/// What scripts are looked up in.
#[derive(Clone, Copy)]
pub(super) struct World<'a> {
    /// Where files are.
    pub(super) paths: &'a Paths,
    /// The files.
    pub(super) sources: &'a Sources,
}

/// A program that a script runs.
#[derive(Clone, Debug)]
pub(super) struct Ran {
    /// Its words, the program first.
    pub(super) words: Vec<Argument>,
    /// Its environment.
    pub(super) environment: Environment,
    /// The directory that it starts in.
    pub(super) directory: Setting<String>,
    /// The command.
    pub(super) place: Span,
    /// Whether it takes the place of the shell.
    pub(super) replaces: bool,
    /// Whether it is the last command of the script, without redirections: bash may replace itself then.
    pub(super) last: bool,
    /// The empty place where `exec ` can be written, where nothing but this command is left of the script.
    pub(super) exec: Option<Span>,
}

/// What a word came to: nothing is known, for this reason.
fn unknown(why: impl Into<String>) -> Possible<Option<String>> {
    Possible::Unknown(why.into())
}
