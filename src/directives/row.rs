//! What a row of the table is: where a directive stands, and what it takes.

/// A version of nginx: `(1, 31, 3)`.
pub type Release = (u32, u32, u32);

/// A set of contexts, one bit for each [`Context`].
pub type Contexts = u16;

/// Where a directive stands: what nginx's `cf->cmd_type` and `cf->module_type` say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u16)]
pub enum Context {
    /// Outside of all blocks.
    Main = MAIN,
    /// In `events`.
    Events = EVENTS,
    /// In `http`.
    Http = HTTP,
    /// In a `server` of `http`.
    Server = SERVER,
    /// In an `if` of a `server`: `NGX_HTTP_SIF_CONF`.
    ServerIf = SERVER_IF,
    /// In a `location`.
    Location = LOCATION,
    /// In an `if` of a `location`: `NGX_HTTP_LIF_CONF`.
    LocationIf = LOCATION_IF,
    /// In `limit_except`: `NGX_HTTP_LMT_CONF`.
    LimitExcept = LIMIT_EXCEPT,
    /// In an `upstream` of `http`.
    Upstream = UPSTREAM,
    /// In `stream`.
    Stream = STREAM,
    /// In a `server` of `stream`.
    StreamServer = STREAM_SERVER,
    /// In an `upstream` of `stream`.
    StreamUpstream = STREAM_UPSTREAM,
    /// In `mail`.
    Mail = MAIL,
    /// In a `server` of `mail`.
    MailServer = MAIL_SERVER,
}

pub(super) const MAIN: Contexts = 1;
pub(super) const EVENTS: Contexts = 1 << 1;
pub(super) const HTTP: Contexts = 1 << 2;
pub(super) const SERVER: Contexts = 1 << 3;
pub(super) const SERVER_IF: Contexts = 1 << 4;
pub(super) const LOCATION: Contexts = 1 << 5;
pub(super) const LOCATION_IF: Contexts = 1 << 6;
pub(super) const LIMIT_EXCEPT: Contexts = 1 << 7;
pub(super) const UPSTREAM: Contexts = 1 << 8;
pub(super) const STREAM: Contexts = 1 << 9;
pub(super) const STREAM_SERVER: Contexts = 1 << 10;
pub(super) const STREAM_UPSTREAM: Contexts = 1 << 11;
pub(super) const MAIL: Contexts = 1 << 12;
pub(super) const MAIL_SERVER: Contexts = 1 << 13;
/// `http`, `server` and `location`, which most directives of http share.
pub(super) const WEB: Contexts = HTTP | SERVER | LOCATION;
/// `stream` and its `server`.
pub(super) const STREAMS: Contexts = STREAM | STREAM_SERVER;
/// `mail` and its `server`.
pub(super) const MAILS: Contexts = MAIL | MAIL_SERVER;
/// `NGX_ANY_CONF`, and a module whose directives any block may hold: `include` alone.
pub(super) const ANYWHERE: Contexts = Contexts::MAX;

/// How many arguments a directive takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arguments {
    /// From so many to so many, and never more than seven: nginx's `NOARGS` and `TAKE1` to `TAKE1234`.
    Between(u8, u8),
    /// So many or more: `1MORE` and `2MORE`.
    AtLeast(u8),
    /// One, which is `on` or `off` in any case of letters: `FLAG`.
    Switch,
}

pub(super) const NONE: Arguments = Arguments::Between(0, 0);
pub(super) const UP_TO_ONE: Arguments = Arguments::Between(0, 1);
pub(super) const UP_TO_TWO: Arguments = Arguments::Between(0, 2);
pub(super) const ONE: Arguments = Arguments::Between(1, 1);
pub(super) const ONE_OR_TWO: Arguments = Arguments::Between(1, 2);
pub(super) const ONE_TO_THREE: Arguments = Arguments::Between(1, 3);
pub(super) const ONE_TO_FOUR: Arguments = Arguments::Between(1, 4);
pub(super) const TWO: Arguments = Arguments::Between(2, 2);
pub(super) const TWO_OR_THREE: Arguments = Arguments::Between(2, 3);
pub(super) const THREE: Arguments = Arguments::Between(3, 3);
pub(super) const ONE_OR_MORE: Arguments = Arguments::AtLeast(1);
pub(super) const TWO_OR_MORE: Arguments = Arguments::AtLeast(2);
pub(super) const SWITCH: Arguments = Arguments::Switch;

impl Arguments {
    /// Whether nginx takes so many.
    pub const fn takes(self, count: usize) -> bool {
        match self {
            Arguments::Between(least, most) => count >= least as usize && count <= most as usize,
            Arguments::AtLeast(least) => count >= least as usize,
            Arguments::Switch => count == 1,
        }
    }
}

/// A directive of one module of nginx's own, in the releases that have it in this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Its name.
    pub name: &'static str,
    /// The module, without `ngx_http_`, `ngx_stream_` or `ngx_mail_` and `_module`: `proxy`, `core`.
    pub module: &'static str,
    /// Where it may stand.
    pub contexts: Contexts,
    /// How many arguments it takes.
    pub arguments: Arguments,
    /// Whether it opens a block, and must.
    pub is_block: bool,
    /// The first release that has it so; none where 1.18.0 did.
    pub since: Option<Release>,
    /// The first release that has it so no longer.
    pub until: Option<Release>,
}

impl Directive {
    /// Whether it may stand there.
    pub const fn allowed_in(&self, context: Context) -> bool {
        self.contexts & context as Contexts != 0
    }

    /// Whether a release has it in this way.
    pub fn is_in(&self, release: Release) -> bool {
        self.since.is_none_or(|since| release >= since) && self.until.is_none_or(|until| release < until)
    }

    pub(super) const fn since(mut self, major: u32, minor: u32, patch: u32) -> Directive {
        self.since = Some((major, minor, patch));
        self
    }

    pub(super) const fn until(mut self, major: u32, minor: u32, patch: u32) -> Directive {
        self.until = Some((major, minor, patch));
        self
    }
}

/// A directive that ends with a `;`.
pub(super) const fn line(
    name: &'static str,
    module: &'static str,
    contexts: Contexts,
    arguments: Arguments,
) -> Directive {
    Directive { name, module, contexts, arguments, is_block: false, since: None, until: None }
}

/// A directive that opens a block.
pub(super) const fn block(
    name: &'static str,
    module: &'static str,
    contexts: Contexts,
    arguments: Arguments,
) -> Directive {
    Directive { is_block: true, ..line(name, module, contexts, arguments) }
}
