//! How the values of directives are read.

use super::words::Word;

/// How the value of a directive is read. Each was tried with `systemd-analyze verify` of systemd 252.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything: no value is refused while the unit is read.
    Any,
    /// Anything that the specifiers in it leave.
    Text,
    /// A condition on a path: a path behind `|` and `!`.
    Condition,
    /// Names of units.
    Units,
    /// On or off.
    Bool,
    /// On or off, or nothing for the default.
    BoolOrEmpty,
    /// On or off, and a unit with anything else is refused: `DynamicUser=`.
    FatalBool,
    /// One of these words.
    Words(&'static [Word]),
    /// One of these words, or nothing for the default.
    WordsOrEmpty(&'static [Word]),
    /// On, off or one of these words.
    BoolOr(&'static [Word]),
    /// A time span.
    Span,
    /// A time span, or nothing for the default.
    SpanOrEmpty,
    /// A number without sign, of 32 bits.
    Unsigned,
    /// A number of 32 bits.
    Integer,
    /// A number in these bounds, or nothing for the default.
    Between(i64, i64),
    /// The mode of a file, in octal.
    Mode,
    /// A signal.
    Signal,
    /// A number of bytes.
    Size,
    /// A soft and a hard limit of a resource.
    Limit(Limit),
    /// A number of bytes, a share of the memory in percent, or no limit.
    Memory {
        /// Whether nothing at all is a limit, too.
        zero: bool,
    },
    /// A weight from 1 to 10000.
    Weight {
        /// Whether `idle` is one.
        idle: bool,
    },
    /// A number of processes: `TasksMax=`.
    Tasks,
    /// A share of the processors: `CPUQuota=`.
    Quota,
    /// An absolute path.
    Path,
    /// An absolute path, and a unit with anything else is refused.
    Root,
    /// A list of absolute paths, each perhaps behind `-` and `+`.
    Paths,
    /// A path that may be relative to `/run`: `PIDFile=`.
    PidFile,
    /// A list of paths relative to `/run` and its siblings: `RuntimeDirectory=`.
    Directories,
    /// The directory that processes start in.
    WorkingDirectory,
    /// A user or a group.
    Identity,
    /// A list of groups.
    Identities,
    /// A list of assignments.
    Environment,
    /// A file of assignments.
    EnvironmentFile,
    /// A list of names of variables.
    Names,
    /// A list of exit statuses and signals.
    Statuses,
    /// Where standard output goes.
    Output,
    /// An address to listen on.
    Address,
    /// A list of socket units.
    Sockets,
    /// A service.
    Service,
    /// A list of paths that are bound elsewhere: `/a:/b:rbind`.
    Binds,
    /// A list of paths that hide what is below them, with options: `/a:ro`.
    Overlays,
    /// A list of absolute paths without signs before them.
    Places,
    /// A list of families of addresses, behind `~` those that are not allowed.
    Families,
    /// A list of system calls and groups of them, behind `~` those that are not allowed.
    Calls,
    /// A list of networks.
    Networks,
    /// A list of addresses of documents.
    Urls,
    /// A list of names of variables, each perhaps with a value.
    Unsets,
    /// Where standard input comes from.
    Input,
    /// A unit of any type.
    UnitName,
    /// A slice.
    Slice,
    /// A command line.
    Command,
    /// Something that is not judged here.
    Rest,
}

/// What a resource limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Bytes.
    Size,
    /// Things.
    Number,
    /// Time.
    Time,
}

impl Kind {
    /// Whether the value is a list of words, each judged on its own.
    pub const fn is_list(self) -> bool {
        matches!(
            self,
            Kind::Paths
                | Kind::Directories
                | Kind::Identities
                | Kind::Environment
                | Kind::Names
                | Kind::Statuses
                | Kind::Sockets
                | Kind::Units
                | Kind::Binds
                | Kind::Overlays
                | Kind::Places
                | Kind::Families
                | Kind::Calls
                | Kind::Networks
                | Kind::Urls
                | Kind::Unsets
        )
    }

    /// Which specifiers are replaced before the value is read.
    pub const fn specifiers(self) -> Specifiers {
        match self {
            Kind::Units | Kind::UnitName => Specifiers::Names,
            Kind::Text
            | Kind::Condition
            | Kind::Path
            | Kind::Root
            | Kind::Paths
            | Kind::PidFile
            | Kind::Directories
            | Kind::WorkingDirectory
            | Kind::Identity
            | Kind::Identities
            | Kind::Environment
            | Kind::EnvironmentFile
            | Kind::Names
            | Kind::Address
            | Kind::Sockets
            | Kind::Service
            | Kind::Binds
            | Kind::Overlays
            | Kind::Places
            | Kind::Urls
            | Kind::Unsets
            | Kind::Slice
            | Kind::Command => Specifiers::All,
            _ => Specifiers::None,
        }
    }

    /// Whether systemd refuses the whole unit for a specifier that it does not know.
    pub const fn refuses(self) -> bool {
        matches!(
            self,
            Kind::Command | Kind::WorkingDirectory | Kind::Root | Kind::Identity | Kind::Identities
        )
    }
}

/// A set of specifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Specifiers {
    /// `%` stands for itself.
    None,
    /// Those of unit names.
    Names,
    /// All.
    All,
}

/// The first specifier of a text that systemd does not know: it does without the line then, or refuses the unit.
///
/// A `%` before what is no letter and no digit stands for itself, and so does one at the end. Seen with `systemd-analyze
/// verify` of systemd 252 for every letter.
pub fn unknown_specifier(text: &str, specifiers: Specifiers, version: u32) -> Option<char> {
    let known = match specifiers {
        Specifiers::None => return None,
        Specifiers::Names => "abgijlmnopquvwABGHMNUW",
        Specifiers::All => "abcdfghijlmnopqrstuvwyABCEGHIJLMNPRSTUVWY",
    };
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let letter = rest[at + 1..].chars().next()?;
        rest = &rest[at + 1 + letter.len_utf8()..];
        // `%D` came after 252.
        let is_newer = letter == 'D' && version > 252;
        if letter.is_ascii_alphanumeric() && !known.contains(letter) && !is_newer {
            return Some(letter);
        }
    }
    None
}
