//! What systemd makes of the value of a line: which parts of it are in force.

use std::ops::Range;

use super::merge::{Line, Merged};
use super::specifiers::is_placeholder;
use super::words::{self, Escapes};
use crate::model::UnitFaultKind;
use crate::units::{self, Kind, Row, Specifiers, Verdict};
use crate::value::Possible;

/// A part of a value that systemd does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Objection {
    /// The part, as a range of the value's text.
    pub(super) range: Range<usize>,
    /// What systemd says.
    pub(super) message: String,
    /// Whether it refuses the unit for it; else it ignores the part.
    pub(super) refused: bool,
    /// What sort of mistake it is.
    pub(super) kind: UnitFaultKind,
}

/// What systemd objects to in the value of a line; nothing where it takes it or where that is not known.
pub(super) fn objections(unit: &Merged<'_>, line: &Line<'_>, row: &Row, version: u32) -> Vec<Objection> {
    let text = line.value().text.as_str();
    if line.doubt().is_some() || is_placeholder(text) || (unit.envsubst && text.contains('$')) {
        return Vec::new();
    }
    if let Some(found) = comment(row.kind, text) {
        return vec![found];
    }
    if !row.kind.is_list() {
        return objection(unit, row.kind, text, 0..text.len(), version).into_iter().collect();
    }
    let mut objections = Vec::new();
    let mut at = 0;
    loop {
        match words::next(text, at, &[], Escapes::of(row.kind)) {
            Ok(Some((word, next))) => {
                at = next;
                if let Some(text) = &word.text {
                    objections.extend(objection(unit, row.kind, text, word.range, version));
                }
            }
            Ok(None) => return objections,
            // Of these systemd says nothing. What stands before the open quote is in force in any case.
            Err(_) if row.kind == Kind::Units => return objections,
            // A directory's backslashes are kept at first, and looked at once more.
            Err(_) if row.kind == Kind::Directories && text.contains('\\') => return objections,
            Err(_) => {
                let (range, message) = (at..text.len(), "Invalid syntax".to_owned());
                let (refused, kind) = (row.kind == Kind::Identities, UnitFaultKind::Value);
                objections.push(Objection { range, message, refused, kind });
                return objections;
            }
        }
    }
}

fn objection(
    unit: &Merged<'_>,
    kind: Kind,
    text: &str,
    range: Range<usize>,
    version: u32,
) -> Option<Objection> {
    let specifiers = kind.specifiers();
    if let Some(letter) = units::unknown_specifier(text, specifiers, version) {
        let message = format!("Failed to resolve unit specifiers in `{text}`: there is no `%{letter}`");
        return Some(Objection { range, message, refused: kind.refuses(), kind: UnitFaultKind::Specifier });
    }
    let expanded = match specifiers {
        Specifiers::None => text.to_owned(),
        Specifiers::Names | Specifiers::All => match unit.expand(text) {
            Possible::Known(text) => text,
            Possible::OneOf(_) | Possible::Usually(_) | Possible::Unknown(_) => return None,
        },
    };
    if is_named_directory(&expanded) {
        return None;
    }
    let (reason, refused) = match units::judge(kind, &expanded, version) {
        Verdict::Ignored(reason) => (reason, false),
        Verdict::Refused(reason) => (reason, true),
        Verdict::Taken | Verdict::Unknown => return None,
    };
    Some(Objection { range, message: format!("{reason}: {expanded}"), refused, kind: UnitFaultKind::Value })
}

/// A comment behind a path. systemd takes the line without a word, and finds no such directory or file.
fn comment(kind: Kind, text: &str) -> Option<Objection> {
    let is_path = matches!(kind, Kind::WorkingDirectory | Kind::EnvironmentFile);
    let at = text.match_indices("# ").map(|(at, _)| at).find(|at| text[..*at].ends_with(words::BLANKS))?;
    let path = text[..at].trim_end_matches(words::BLANKS);
    let begins = path.strip_prefix('-').unwrap_or(path).starts_with('/');
    (is_path && begins).then(|| Objection {
        range: path.len()..text.len(),
        message: format!("{text}: No such file or directory"),
        refused: false,
        kind: UnitFaultKind::Comment,
    })
}

/// Whether a path begins with a name in capitals, as people leave them to be replaced: `PROJECT_DIR/.env`.
pub(super) fn is_named_directory(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let first = text.split('/').next().unwrap_or_default();
    let is_name = first.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    is_name && first.contains('_') || is_name && first.len() > 1 && text.len() > first.len()
}
