//! Shell scripts: the commands of a script in the order of the text, each with how it comes to run.
//!
//! What stands in a branch, a loop, a function or a subshell is not nested: each command knows that it does. So a script is
//! one list, however deep its blocks go.

mod build;
mod grammar;
mod words;

use std::ops::Range;

/// A script.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The commands, in the order of the text.
    pub commands: Vec<Command>,
}

/// A simple command, or a place where more happens than is read.
#[derive(Clone, Debug)]
pub struct Command {
    /// Its words, assignments before the program included, redirections left out.
    pub words: Vec<Word>,
    /// How it comes to run.
    pub place: Place,
    /// How it follows the command before it.
    pub join: Join,
    /// What is done with it.
    pub way: Way,
    /// Whether it holds `&>` or `|&`, which are something else to other shells than bash.
    pub bash_only: bool,
    /// Whether it reads or writes by way of a redirection.
    pub redirected: bool,
    /// Whether `time` stands before it, a word of the shell's own.
    pub timed: bool,
    /// From its first to its last byte.
    pub range: Range<usize>,
}

/// How a command comes to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Whenever the script comes so far.
    Straight,
    /// Perhaps, and perhaps several times: it stands in a branch or in a loop.
    Perhaps,
    /// In a process of its own, so that it changes nothing in the script's.
    Apart,
    /// Whenever a function is called that it is part of.
    Function,
}

/// How a command follows the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// It begins a list.
    Start,
    /// `&&`.
    And,
    /// `||`.
    Or,
}

/// What is done with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The shell waits for it.
    Plain,
    /// It is part of a pipeline.
    Piped,
    /// The shell goes on beside it: `&`.
    Background,
    /// The head of a loop: its one word is a variable that is set to one thing after the other.
    Loop,
    /// The name of a function that is defined.
    Definition,
    /// Here stands what is not read: it may do anything.
    Unread,
}

/// A word, before the shell expands it.
#[derive(Clone, Debug)]
pub struct Word {
    /// Its parts, which stand without gap.
    pub pieces: Vec<Piece>,
    /// Where it stands.
    pub range: Range<usize>,
}

impl Word {
    /// Its text, where it is nothing but text.
    pub fn literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text without quotes.
    Text(String),
    /// Text in quotes, or behind a backslash.
    Quoted(String),
    /// `$NAME`, `${NAME}` and their kin.
    Parameter(Parameter),
    /// `$(COMMANDS)`: the commands.
    Substitution {
        /// What stands between the brackets.
        text: String,
        /// Whether it stands in double quotes.
        quoted: bool,
    },
    /// An expression of a template engine.
    Template,
    /// What is not read, with whether it stands in quotes.
    Odd(bool),
}

/// A parameter that is expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name: `PORT`, `1`, `@`, `BASH_SOURCE[0]`.
    pub name: String,
    /// What is done with its value.
    pub operation: Operation,
    /// Whether it stands in double quotes.
    pub quoted: bool,
}

/// What is done with the value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Nothing.
    Value,
    /// `:-`, `-`, `:=`, `=`: a default, and whether the colon is there, and whether it is assigned.
    Default {
        /// The text of the default.
        word: String,
        /// Whether an empty value counts as none.
        colon: bool,
        /// Whether the variable gets the value.
        assign: bool,
    },
    /// `:?`, `?`: the script ends where there is no value.
    Required,
    /// `%/*`: the directory of a path.
    Directory,
    /// `##*/`: the last component of a path.
    Name,
    /// Anything else.
    Other,
}

impl Operation {
    /// Whether the variable may get a value by it.
    pub fn may_assign(&self) -> bool {
        matches!(self, Operation::Default { assign: true, .. } | Operation::Other)
    }
}

/// Reads a script. What cannot be read, and all behind it, is one command of [`Way::Unread`].
pub fn parse(text: &str) -> Script {
    build::build(text)
}

/// The ranges of the leaves of the grammar's parse, in order: they cover the text without gap or overlap.
pub fn tiles(text: &str) -> Vec<Range<usize>> {
    grammar::parse(text)
        .into_iter()
        .flat_map(|script| script.into_inner().flatten())
        .filter(|pair| pair.clone().into_inner().next().is_none())
        .map(|pair| pair.as_span().start()..pair.as_span().end())
        .filter(|range| !range.is_empty())
        .collect()
}

#[cfg(test)]
mod tests;
