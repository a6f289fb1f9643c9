//! What settings take, in a sentence.

use super::table::{Kind, Row, kind};
use crate::model::Version;

/// What a setting takes, to stand in a help.
pub(super) fn takes(row: &Row, version: Version) -> String {
    let what = match kind(row, version) {
        Kind::Int => "a whole number that is not negative".into(),
        Kind::Seconds => "whole seconds".into(),
        Kind::Bool => "`True` or `False`".into(),
        Kind::Text => "a text".into(),
        Kind::Class => "a name or a class".into(),
        Kind::Texts => "a text or a list of texts".into(),
        Kind::Words => "one text, parted by commas".into(),
        Kind::Addresses if version < Version(24, 1, 0) => {
            "addresses in one text, parted by commas, or `*`".into()
        }
        Kind::Addresses => "addresses and networks in one text, parted by commas, or `*`".into(),
        Kind::Protocols => "`h1`, `h2`, or both parted by a comma".into(),
        Kind::Account => "a name or a number".into(),
        Kind::Directory => "the path of a directory".into(),
        Kind::Choice(choices) => format!("one of {}", choices.names()),
        Kind::Hook(Some(1)) => "a function of 1 argument".into(),
        Kind::Hook(Some(arity)) => format!("a function of {arity} arguments"),
        Kind::Hook(None) => "a function of 4 arguments".into(),
        Kind::Dictionary => "a dictionary".into(),
        Kind::Statsd => "`host:port`".to_string(),
        Kind::Tls => "a name of Python's `ssl.PROTOCOL_`".into(),
    };
    format!("`{}` takes {what}", row.name)
}
