//! Settings that take one of a few words, and how each validator says no.
//!
//! Source: `validate_reload_engine`, `validate_proxy_protocol`, `validate_http2_cleartext`,
//! `validate_header_map_behaviour`, `validate_asgi_loop`, `validate_asgi_lifespan` and `validate_http_parser` in
//! `gunicorn/config.py` of 27.0.1; those that 20.1.0 and 23.0.0 have are the same there.

use super::python::{formatted, repr, type_name};
use super::validate::Trouble;
use super::value::{Value, strip};
use crate::model::Datum;

/// What a setting takes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choices {
    /// The words, and what each is kept as.
    words: &'static [(&'static str, &'static str)],
    /// What `None` is kept as.
    none: None,
    /// What `True` and `False` are kept as.
    bools: Option<(&'static str, &'static str)>,
    /// Whether case and blanks around the word do not count.
    loose: bool,
    /// Whether a refused word is named as it was written.
    as_written: bool,
    /// How another word is refused, before the word itself or with nothing behind it.
    other: &'static str,
    /// How a value that is no text is refused, before the value itself or with nothing behind it.
    wrong: &'static str,
}

/// What `None` is kept as.
#[derive(Debug, PartialEq, Eq)]
enum None {
    Unset,
    Word(&'static str),
    Refused,
}

const CASTING: &str = "Invalid type for casting: ";

pub(super) static RELOAD_ENGINE: Choices = Choices {
    words: &[("auto", "auto"), ("poll", "poll"), ("inotify", "inotify")],
    none: None::Refused,
    bools: Option::None,
    loose: false,
    as_written: true,
    other: "Invalid reload_engine: ",
    wrong: "Invalid reload_engine: ",
};

pub(super) static PROXY_PROTOCOL: Choices = Choices {
    words: &[
        ("off", "off"),
        ("v1", "v1"),
        ("v2", "v2"),
        ("auto", "auto"),
        ("false", "off"),
        ("0", "off"),
        ("none", "off"),
        ("true", "auto"),
        ("1", "auto"),
    ],
    none: None::Word("off"),
    bools: Some(("auto", "off")),
    loose: true,
    as_written: false,
    other: "proxy_protocol must be: off, v1, v2, or auto",
    wrong: "proxy_protocol must be string or bool",
};

pub(super) static HTTP2_CLEARTEXT: Choices = Choices {
    words: &[
        ("off", "off"),
        ("prior-knowledge", "prior-knowledge"),
        ("upgrade", "upgrade"),
        ("both", "both"),
    ],
    none: None::Word("off"),
    bools: Some(("prior-knowledge", "off")),
    loose: true,
    as_written: false,
    other: "Invalid http2_cleartext: ",
    wrong: CASTING,
};

pub(super) static HEADER_MAP: Choices = Choices {
    words: &[("drop", "drop"), ("refuse", "refuse"), ("dangerous", "dangerous")],
    none: None::Unset,
    bools: Option::None,
    loose: true,
    as_written: true,
    other: "Invalid header map behaviour: ",
    wrong: CASTING,
};

pub(super) static ASGI_LOOP: Choices = Choices {
    words: &[("auto", "auto"), ("asyncio", "asyncio"), ("uvloop", "uvloop")],
    none: None::Word("auto"),
    bools: Option::None,
    loose: true,
    as_written: false,
    other: "Invalid ASGI loop: ",
    wrong: CASTING,
};

pub(super) static ASGI_LIFESPAN: Choices = Choices {
    words: &[("auto", "auto"), ("on", "on"), ("off", "off")],
    none: None::Word("auto"),
    bools: Option::None,
    loose: true,
    as_written: false,
    other: "Invalid ASGI lifespan: ",
    wrong: CASTING,
};

pub(super) static HTTP_PARSER: Choices = Choices {
    words: &[("auto", "auto"), ("fast", "fast"), ("python", "python")],
    none: None::Word("auto"),
    bools: Option::None,
    loose: true,
    as_written: false,
    other: "http_parser must be one of: auto, fast, python",
    wrong: "http_parser must be a string",
};

impl Choices {
    /// The words, for a sentence.
    pub(super) fn names(&self) -> String {
        let kept = self.words.iter().filter(|(word, kept)| word == kept);
        kept.map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ")
    }
}

/// The word that a value is.
pub(super) fn choose(choices: &Choices, value: &Value) -> Result<Datum, Trouble> {
    let kept = |word: &str| Ok(Datum::Text(word.into()));
    match value {
        Value::None => match choices.none {
            None::Unset => Ok(Datum::Unset),
            None::Word(word) => kept(word),
            None::Refused => Err(Trouble::Refused(format!("{}None", choices.wrong))),
        },
        Value::Bool(value) if choices.bools.is_some() => {
            let (on, off) = choices.bools.unwrap_or_default();
            kept(if *value { on } else { off })
        }
        Value::Text(text) => {
            let lower = text.to_lowercase();
            let word = if choices.loose { strip(&lower) } else { text.as_str() };
            let text = if choices.as_written { text.as_str() } else { word };
            match choices.words.iter().find(|(known, _)| *known == word) {
                Some((_, word)) => kept(word),
                Option::None if !choices.loose => {
                    Err(Trouble::Refused(format!("{}{}", choices.other, repr(value))))
                }
                Option::None if choices.other.ends_with(' ') => {
                    Err(Trouble::Refused(format!("{}{text}", choices.other)))
                }
                Option::None => Err(Trouble::Refused(choices.other.into())),
            }
        }
        // What is looked up in a table has to be hashable.
        Value::List(_) | Value::Dict(_) if !choices.loose => {
            Err(Trouble::Refused(format!("unhashable type: '{}'", type_name(value))))
        }
        _ if !choices.loose => Err(Trouble::Refused(format!("{}{}", choices.wrong, repr(value)))),
        _ if choices.wrong.ends_with(' ') => Err(Trouble::Refused(formatted(choices.wrong, value))),
        _ => Err(Trouble::Refused(choices.wrong.into())),
    }
}
