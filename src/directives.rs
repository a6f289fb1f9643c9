//! The directives of nginx's own modules, and what `nginx -t` says of one before its module reads the values.
//!
//! The rows come from the `ngx_command_t` tables of nginx 1.18.0, 1.22.1, 1.26.3, 1.28.3 and 1.31.3; in which release
//! something came or went is what nginx's CHANGES say. The few rows of 1.31.4 to 1.31.6 rest on the CHANGES and the
//! documentation. A module that a build leaves out counts as built: whoever has it not reads `unknown directive` where
//! this table accepts.

mod filters;
mod http;
mod mail;
mod main;
mod near;
mod proxying;
mod row;
mod stream;
mod third_party;

use std::sync::LazyLock;

pub use near::nearest;
pub use proxying::stands_once;
pub use row::{Arguments, Context, Contexts, Directive, Release};
pub use third_party::is_third_party;

use crate::value::Names;

/// All rows, sorted by name. One name may have several: `server` stands in `http`, in `upstream` and in `stream`.
static ALL: LazyLock<Vec<Directive>> = LazyLock::new(|| {
    let files = [main::ROWS, http::ROWS, proxying::ROWS, filters::ROWS, stream::ROWS, mail::ROWS];
    let mut all = files.concat();
    all.sort_by_key(|row| row.name);
    all
});

/// The rows of each name, by the number of the name; none for the first, which stands for all others.
static ROWS: LazyLock<Vec<&[Directive]>> = LazyLock::new(|| {
    std::iter::once(&[][..]).chain(all().chunk_by(|one, next| one.name == next.name)).collect()
});

/// The number of each name.
static BY_NAME: LazyLock<Names<Name>> = LazyLock::new(|| {
    let numbered = ROWS.iter().zip(0..).skip(1);
    numbered.map(|(rows, number)| (rows[0].name, Name(number))).collect()
});

/// The name of a directive, for what is asked of it more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name(u16);

impl Name {
    /// The name that a text is.
    pub fn of(text: &str) -> Name {
        BY_NAME.get(text).unwrap_or(Name(0))
    }

    /// Its rows, of all releases; none where nginx's own modules never knew it.
    pub fn rows(self) -> &'static [Directive] {
        ROWS[usize::from(self.0)]
    }

    /// Whether the directive opens a block wherever it stands, in all releases.
    pub fn always_opens_block(self) -> bool {
        !self.rows().is_empty() && self.rows().iter().all(|row| row.is_block)
    }
}

/// All rows, sorted by name.
pub fn all() -> &'static [Directive] {
    &ALL
}

/// The rows of a name, of all releases; none where nginx's own modules never knew it.
pub fn named(name: &str) -> &'static [Directive] {
    Name::of(name).rows()
}

/// What nginx says of a directive before its module reads the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: from here on it is the module's word.
    Accepted(&'static Directive),
    /// `directive "x" is not terminated by ";"`
    NotTerminated(&'static Directive),
    /// `directive "x" has no opening "{"`
    NoOpening(&'static Directive),
    /// `"x" directive is not allowed here`
    NotAllowedHere,
    /// `invalid number of arguments in "x" directive`
    WrongNumberOfArguments(&'static Directive),
    /// `invalid value "v" in "x" directive, it must be "on" or "off"`
    NotOnOrOff(&'static Directive),
    /// `unknown directive "x"`, in this release at least: [`named`] knows of others.
    Unknown,
}

/// What nginx says of a directive whose name has these rows: `ngx_conf_handler` of src/core/ngx_conf_file.c, in its order. The
/// context comes first: a row that does not fit in it says nothing at all.
///
/// `first` is the first argument without its quotes, where it is known: a word that a template engine or `envsubst` may
/// fill in is not. A name that [`is_third_party`] too may be another module's, and one that nobody here knows is a third
/// party's more often than a slip.
pub fn judge(
    rows: &'static [Directive],
    context: Context,
    arguments: usize,
    first: Option<&str>,
    is_block: bool,
    release: Release,
) -> Verdict {
    let mut is_found = false;
    for row in rows.iter().filter(|row| row.is_in(release)) {
        is_found = true;
        if !row.allowed_in(context) {
            continue;
        }
        return match (row.is_block, is_block) {
            (false, true) => Verdict::NotTerminated(row),
            (true, false) => Verdict::NoOpening(row),
            _ if !row.arguments.takes(arguments) => Verdict::WrongNumberOfArguments(row),
            // `ngx_conf_set_flag_slot`. It refuses a second one in the same block before it looks at the value.
            _ if row.arguments == Arguments::Switch && first.is_some_and(|first| !is_switch(first)) => {
                Verdict::NotOnOrOff(row)
            }
            _ => Verdict::Accepted(row),
        };
    }
    if is_found { Verdict::NotAllowedHere } else { Verdict::Unknown }
}

fn is_switch(value: &str) -> bool {
    value.eq_ignore_ascii_case("on") || value.eq_ignore_ascii_case("off")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Release = (1, 31, 3);

    fn said(
        name: &str,
        context: Context,
        arguments: &[&str],
        is_block: bool,
        release: Release,
    ) -> &'static str {
        match judge(named(name), context, arguments.len(), arguments.first().copied(), is_block, release) {
            Verdict::Accepted(row) => row.module,
            Verdict::NotTerminated(_) => "not terminated",
            Verdict::NoOpening(_) => "no opening",
            Verdict::NotAllowedHere => "not allowed here",
            Verdict::WrongNumberOfArguments(_) => "number",
            Verdict::NotOnOrOff(_) => "on or off",
            Verdict::Unknown => "unknown",
        }
    }

    #[test]
    fn the_first_word_is_nginxs() {
        for (name, context, arguments, is_block, expected) in [
            ("server", Context::Http, &[][..], true, "core"),
            ("server", Context::Upstream, &["a"], false, "upstream"),
            ("server", Context::Http, &["a"], false, "no opening"),
            ("server", Context::Location, &[], true, "not allowed here"),
            // The place comes before the block, and the block before the number.
            ("listen", Context::Http, &[], true, "not allowed here"),
            ("listen", Context::Server, &[], true, "not terminated"),
            ("listen", Context::Server, &[], false, "number"),
            ("gzip", Context::Http, &["ON"], false, "gzip"),
            ("gzip", Context::Http, &["yes"], false, "on or off"),
            ("gzip", Context::Http, &["on", "off"], false, "number"),
            ("include", Context::MailServer, &["a"], false, "conf"),
            ("proxy_passs", Context::Location, &["a"], false, "unknown"),
            ("log_format", Context::Http, &["a"; 12], false, "log"),
            ("proxy_cookie_flags", Context::Http, &["a"; 8], false, "number"),
        ] {
            assert_eq!(said(name, context, arguments, is_block, NEW), expected, "{name} {context:?}");
        }
    }

    #[test]
    fn a_release_has_what_it_has() {
        let old = (1, 22, 1);
        assert_eq!(said("http2", Context::Server, &["on"], false, old), "unknown");
        assert_eq!(said("http2", Context::Server, &["on"], false, NEW), "v2");
        assert_eq!(said("ssl", Context::Server, &["on"], false, old), "ssl");
        assert_eq!(said("ssl", Context::Server, &["on"], false, NEW), "unknown");
        assert_eq!(said("resolver", Context::Upstream, &["::1"], false, old), "not allowed here");
        assert_eq!(said("keepalive", Context::Upstream, &["8", "local"], false, old), "number");
        assert_eq!(said("keepalive", Context::Upstream, &["8", "local"], false, NEW), "upstream_keepalive");
    }

    #[test]
    fn one_row_speaks() {
        // nginx takes the first that fits; were there two, the order of its modules would decide.
        for (at, row) in ALL.iter().enumerate() {
            for other in ALL[at + 1..].iter().take_while(|other| other.name == row.name) {
                let ends_first = |row: &Directive, other: &Directive| {
                    row.until.is_some_and(|until| other.since.is_some_and(|since| until <= since))
                };
                let meet = row.contexts & other.contexts != 0;
                assert!(!meet || ends_first(row, other) || ends_first(other, row), "{row:?} {other:?}");
            }
        }
        for file in [main::ROWS, http::ROWS, proxying::ROWS, filters::ROWS, stream::ROWS, mail::ROWS] {
            assert!(file.is_sorted_by_key(|row| row.name));
        }
    }
}
