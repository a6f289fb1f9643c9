//! What a word of a command line is: an option of Gunicorn's, by any of its spellings, or another word.
//!
//! Source: `_parse_optional` and `_get_option_tuples` of Python 3.11's `argparse`.

use super::super::table::{self, Row};
use crate::model::Version;

/// What a word is by itself.
pub(super) enum Class {
    Word,
    Separator,
    Option(Matched),
    /// An option that there is not.
    Unrecognized,
    /// What argparse gives up at, in its words.
    Refused(String),
}

/// An option that a word names.
pub(super) struct Matched {
    pub(super) row: Option<&'static Row>,
    /// What stands in the same word: `4` of `-w4` and `--workers=4`.
    pub(super) explicit: Option<String>,
    pub(super) short: bool,
}

/// `_parse_optional` of argparse.
pub(super) fn classify(text: &str, version: Version) -> Class {
    if text == "--" {
        return Class::Separator;
    }
    if !text.starts_with('-') || text == "-" {
        return Class::Word;
    }
    let long = text.starts_with("--");
    if let Some(row) = exact(text, version) {
        return Class::Option(Matched { row, explicit: None, short: !long });
    }
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_string())),
        None => (text, None),
    };
    if let Some(row) = value.is_some().then(|| exact(name, version)).flatten() {
        return Class::Option(Matched { row, explicit: value, short: !long });
    }
    let mut found: Vec<(&str, Matched)> = Vec::new();
    if long {
        // Two spellings of one option are still ambiguous to argparse.
        for (flag, row) in flags(version).filter(|(flag, _)| flag.starts_with(name)) {
            found.push((flag, Matched { row, explicit: value.clone(), short: false }));
        }
    } else {
        for (flag, row) in flags(version) {
            let mut chars = text.chars();
            let letter: String = chars.by_ref().take(2).collect();
            if flag == letter {
                found.push((flag, Matched { row, explicit: Some(chars.collect()), short: true }));
            } else if flag.starts_with(text) {
                found.push((flag, Matched { row, explicit: None, short: true }));
            }
        }
    }
    match found.len() {
        1 => return Class::Option(found.swap_remove(0).1),
        0 => {}
        _ => {
            let all: Vec<&str> = found.iter().map(|(flag, _)| *flag).collect();
            return Class::Refused(format!("ambiguous option: {text} could match {}", all.join(", ")));
        }
    }
    let digits = text[1..].replacen('.', "", 1);
    let number =
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && !text.ends_with('.');
    if number || text.contains(' ') {
        return Class::Word;
    }
    Class::Unrecognized
}

/// All spellings of all options; those of no setting have no row.
fn flags(version: Version) -> impl Iterator<Item = (&'static str, Option<&'static Row>)> {
    let settings =
        table::of_version(version).flat_map(|row| row.flags.iter().map(move |flag| (*flag, Some(row))));
    [("-h", None), ("--help", None), ("-v", None), ("--version", None)].into_iter().chain(settings)
}

pub(super) fn exact(text: &str, version: Version) -> Option<Option<&'static Row>> {
    flags(version).find(|(flag, _)| *flag == text).map(|(_, row)| row)
}
