//! A setting in force: its value and where that comes from.

use std::fmt;

use super::Anchor;
use crate::source::Span;
use crate::value::{Duration, Possible, Size};

/// A setting in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// What is known of the value.
    pub value: Possible<T>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// By which way it came.
    pub kind: OriginKind,
    /// Where it is written, if it is.
    pub place: Option<Span>,
    /// How it can be changed, if it is written in a way that a fix can change.
    pub anchor: Option<Anchor>,
}

/// By which way a value came into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OriginKind {
    /// Written for this very thing.
    Written,
    /// Written at an enclosing level.
    Inherited,
    /// The program's own default.
    Default,
    /// An option of the command line.
    CommandLine,
    /// An environment variable.
    Environment,
    /// A drop-in of a unit.
    DropIn,
    /// An expression of a template engine.
    Template,
}

impl OriginKind {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            OriginKind::Written => "written",
            OriginKind::Inherited => "inherited",
            OriginKind::Default => "default",
            OriginKind::CommandLine => "command-line",
            OriginKind::Environment => "environment",
            OriginKind::DropIn => "drop-in",
            OriginKind::Template => "template",
        }
    }
}

impl Origin {
    /// The program's own default.
    pub const DEFAULT: Origin = Origin { kind: OriginKind::Default, place: None, anchor: None };

    /// A value that is written somewhere and that no fix can change.
    pub fn at(kind: OriginKind, place: Span) -> Origin {
        Origin { kind, place: Some(place), anchor: None }
    }

    /// A value that a fix can change.
    pub fn anchored(kind: OriginKind, anchor: Anchor) -> Origin {
        Origin { kind, place: Some(anchor.span), anchor: Some(anchor) }
    }

    /// Whether somebody wrote the value down, in whatever way.
    pub fn is_written(&self) -> bool {
        self.kind != OriginKind::Default
    }

    /// Where the number comes from, to stand behind it in a sentence; `program` is whose default it would be.
    pub fn describe(&self, program: &str) -> String {
        match self.kind {
            OriginKind::Written => "set here".into(),
            OriginKind::Inherited => "inherited from here".into(),
            OriginKind::Default => format!("{program}'s default"),
            OriginKind::CommandLine => "set on this command line".into(),
            OriginKind::Environment => "set by this environment variable".into(),
            OriginKind::DropIn => "set in this drop-in".into(),
            OriginKind::Template => "filled in by a template".into(),
        }
    }
}

/// A value of any setting, in base units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Datum {
    /// Not set, where that is a value of its own.
    Unset,
    /// On or off.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number, or a number of seconds, that every machine works out for itself.
    PerMachine(Box<PerMachine>),
    /// A length of time.
    Duration(Duration),
    /// A number of bytes.
    Size(Size),
    /// A number of buffers of one size.
    Buffers(Buffers),
    /// A text.
    Text(String),
    /// Several texts.
    List(Vec<String>),
    /// Texts by name.
    Table(Box<Table>),
}

/// A dictionary of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// As the program shows it: `{'X-FORWARDED-PROTO': 'https'}`.
    pub text: String,
    /// The names and the texts, in order; each name is there once.
    pub entries: Vec<(String, String)>,
}

impl Table {
    /// The text of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entries.iter().find(|(it, _)| it == name).map(|(_, text)| text.as_str())
    }
}

/// A number that hangs on the machine: the number of processors in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerMachine {
    /// The expression: `cpu_count() * 2 + 1`.
    pub text: String,
    /// The least that it is on any machine.
    pub low: i64,
    /// The most that it is on any machine, if there is a limit.
    pub high: Option<i64>,
}

impl fmt::Display for PerMachine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.high {
            Some(high) => write!(f, "{} ({} to {high})", self.text, self.low),
            None => write!(f, "{} (at least {})", self.text, self.low),
        }
    }
}

/// A number of buffers of one size, as `proxy_buffers` takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffers {
    /// How many.
    pub number: u64,
    /// How large each is.
    pub size: Size,
}

impl Buffers {
    /// All of them together.
    pub fn total(self) -> Size {
        Size { bytes: self.number.saturating_mul(self.size.bytes) }
    }
}

impl fmt::Display for Buffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {}", self.number, self.size)
    }
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Datum::Unset => write!(f, "unset"),
            Datum::Bool(value) => write!(f, "{value}"),
            Datum::Int(value) => write!(f, "{value}"),
            Datum::PerMachine(value) => write!(f, "{value}"),
            Datum::Duration(value) => write!(f, "{value}"),
            Datum::Size(value) => write!(f, "{value}"),
            Datum::Buffers(value) => write!(f, "{value}"),
            Datum::Text(value) => write!(f, "{value}"),
            Datum::List(values) => write!(f, "{}", values.join(" ")),
            Datum::Table(table) => write!(f, "{}", table.text),
        }
    }
}

/// What a [`Datum`] can be read as.
pub trait FromDatum: Sized {
    /// The datum as this type, if it is one.
    fn from_datum(datum: &Datum) -> Option<Self>;
}

macro_rules! from_datum {
    ($($variant:ident => $type:ty),*) => {$(
        impl FromDatum for $type {
            fn from_datum(datum: &Datum) -> Option<Self> {
                match datum {
                    Datum::$variant(value) => Some(value.clone()),
                    _ => None,
                }
            }
        }
    )*};
}

from_datum!(Bool => bool, Int => i64, Duration => Duration, Size => Size, Buffers => Buffers, Text => String,
            List => Vec<String>);

impl FromDatum for Table {
    fn from_datum(datum: &Datum) -> Option<Table> {
        match datum {
            Datum::Table(table) => Some(Table::clone(table)),
            _ => None,
        }
    }
}

impl<T: FromDatum> FromDatum for Option<T> {
    fn from_datum(datum: &Datum) -> Option<Self> {
        match datum {
            Datum::Unset => Some(None),
            other => T::from_datum(other).map(Some),
        }
    }
}

impl<T> Setting<T> {
    /// A value that is certain.
    pub fn known(value: T, origin: Origin) -> Setting<T> {
        Setting { value: Possible::Known(value), origin }
    }

    /// A value that cannot be told.
    pub fn unknown(why: impl Into<String>, origin: Origin) -> Setting<T> {
        Setting { value: Possible::Unknown(why.into()), origin }
    }
}

impl Setting<Datum> {
    /// The setting as a value of one type. What is of another type is unknown.
    pub fn read<T: FromDatum>(&self) -> Setting<T> {
        Setting { value: read(&self.value), origin: self.origin.clone() }
    }
}

/// A value as one of one type. What is of another type is unknown.
pub(super) fn read<T: FromDatum>(value: &Possible<Datum>) -> Possible<T> {
    value.as_ref().try_map(convert)
}

fn convert<T: FromDatum>(datum: &Datum) -> Result<T, String> {
    T::from_datum(datum).ok_or_else(|| format!("`{datum}` is not a value of the right kind"))
}
