//! Configuration levels: the blocks that directives are inherited through.

use std::sync::Arc;

use super::super::{Anchor, Datum, OriginKind};
use crate::source::Span;
use crate::value::{Few, Possible};

/// A configuration level, as an index into [`Nginx::levels`](super::Nginx::levels).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LevelId(pub u32);

/// A configuration level: a block that directives are inherited through.
#[derive(Clone, Debug)]
pub struct Level {
    /// What block it is.
    pub kind: LevelKind,
    /// The level that it inherits from.
    pub parent: Option<LevelId>,
    /// The words before the brace: `location /data`. A file's first byte for a level that no block opens.
    pub header: Span,
    /// The same for a person, without the folds of the file: `location /data`.
    pub title: Box<str>,
    /// What requests a `location` is for; `None` for any other level, and where a template fills it in.
    pub matching: Option<Matching>,
    /// The known directives that stand in it (see [`directive`](super::directive)), in order.
    pub written: Vec<Written>,
    /// The headers and parameters that stand in it, in order. One of them at a level hides all that is inherited. Levels share
    /// those of a file that is included in each of them.
    pub sent: Vec<Arc<Sent>>,
    /// Where requests are sent on to a named location.
    pub jumps: Few<Jump>,
    /// What stands in it and cannot be read.
    pub holes: Few<Hole>,
    /// Which errors an `error_page` that stands in it turns into another answer; `None` where none stands in it, and
    /// what is inherited goes.
    pub rescues: Option<Rescues>,
    /// Whether something in it may change the URI of a request: `rewrite`, `try_files`, a script.
    pub rewrites: bool,
    /// Whether something in it may answer a request, so that it is not handed on: `return`, `deny`, `auth_request`, a
    /// cache, a script.
    pub diverts: bool,
    /// Whether a `break` ends the rewriting in it, and nothing behind that is done.
    pub breaks: bool,
    /// Whether a `return` answers every request that gets here, before anything else is done with it.
    pub returns: bool,
    /// Whether no client's request gets here directly: `internal`. Those that `mirror`, `auth_request`, an `error_page` or
    /// a `rewrite` send on do.
    pub internal: bool,
    /// Why what encloses it is not known, for the first level of a fragment that no file of the stack includes.
    pub open_above: Option<Box<str>>,
}

/// The kinds of configuration levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LevelKind {
    /// A file that is a configuration as a whole.
    Main,
    /// `events`.
    Events,
    /// `http`, or a fragment that belongs there. It inherits nothing.
    Http,
    /// `server`.
    Server,
    /// `location`, nested ones too.
    Location,
    /// `if` inside a location.
    If,
    /// `limit_except`.
    LimitExcept,
    /// `stream`, or a fragment that belongs there. It inherits nothing.
    Stream,
    /// `server` inside `stream`.
    StreamServer,
}

/// Which of the errors that nginx makes itself an `error_page` turns into another answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rescues {
    /// A 502: no server can be reached.
    pub unreached: bool,
    /// A 504: no server answers in time.
    pub timed_out: bool,
}

/// What requests a location is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matching {
    /// How the pattern is compared.
    pub kind: MatchKind,
    /// How many bytes long the pattern is, with which the level's title ends: see [`Level::pattern`].
    pub length: u32,
}

impl Level {
    /// What the URI is compared with; the name with its `@` for a named location. Empty where nothing is.
    pub fn pattern(&self) -> &str {
        let length = self.matching.map_or(0, |it| it.length as usize);
        self.title.len().checked_sub(length).and_then(|at| self.title.get(at..)).unwrap_or_default()
    }
}

/// How a location's pattern is compared with a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchKind {
    /// `location /a`: the URI begins with it.
    Prefix,
    /// `location ^~ /a`: the same, and no regular expression is tried.
    PrefixFirst,
    /// `location = /a`: the URI is equal.
    Exact,
    /// `location ~ a`, `location ~* a`: a regular expression.
    Regex,
    /// `location @a`: no URI; other directives lead here by name.
    Named,
}

/// A directive as it stands in a level.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its name.
    pub name: &'static str,
    /// What its arguments say.
    pub value: Possible<Datum>,
    /// How it can be changed.
    pub anchor: Anchor,
}

/// A header or a parameter that a level adds to what is sent to the app: `proxy_set_header`, `uwsgi_param` and their kin.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The directive's name.
    pub directive: &'static str,
    /// The name of the header or parameter, as written.
    pub name: String,
    /// Its value as written, variables and all.
    pub value: Possible<String>,
    /// Why it may not be there at all, or be another header, where that is so; its value is unknown then.
    pub doubt: Option<String>,
    /// How the value can be changed.
    pub anchor: Anchor,
}

/// A directive that sends requests on to a named location.
#[derive(Clone, Debug)]
pub struct Jump {
    /// The directive's name: `try_files`, `error_page`.
    pub directive: &'static str,
    /// The name with its `@`.
    pub to: String,
    /// The status codes of an `error_page`, as written.
    pub codes: Vec<String>,
    /// How the name can be changed.
    pub anchor: Anchor,
}

/// Something in a level that may set any directive of some families: an include of a file that is not in the tree, a
/// template block.
#[derive(Clone, Debug)]
pub struct Hole {
    /// Where it stands.
    pub span: Span,
    /// By which way it would set something: `Template` where a template engine fills it in, else `Written`.
    pub kind: OriginKind,
    /// What it is, to stand behind "unknown:".
    pub why: String,
    /// The one directive that it may set; any where there is none.
    pub only: Option<&'static str>,
    /// The headers that it adds by that directive and no others, where these are known.
    pub headers: Option<&'static [&'static str]>,
}

impl Hole {
    /// Whether it may set a directive.
    pub fn may_set(&self, name: &str) -> bool {
        self.only.is_none_or(|only| only == name)
    }
}
