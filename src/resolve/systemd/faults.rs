//! Lines that systemd ignores, or for which it refuses the unit.

use super::command;
use super::judged::{self, Objection};
use super::mends;
use super::merge::{Line, Merged};
use super::specifiers::is_placeholder;
use crate::edit::{Applicability, Edit};
use crate::model::{Mend, UnitFault, UnitFaultKind};
use crate::source::Span;
use crate::units::{self, Kind, Row};
use crate::value::{self, Duration};

/// How many names one unit has corrected: for each all are looked at.
const MAX_CORRECTED: usize = 20;

/// How many values one unit has mended: for some all lines are looked at, and some are mended as a whole for each word.
const MAX_MENDED: usize = 100;

/// The faults of a unit, in the order in which its lines are read.
pub(super) fn faults(unit: &Merged<'_>, version: u32) -> Vec<UnitFault> {
    // What has no section of a unit at all bears its name by chance.
    let is_unit = unit.headers().iter().any(|(name, _)| units::has_section(unit.name.kind, name));
    if unit.masked || !is_unit {
        return Vec::new();
    }
    let mut faults: Vec<UnitFault> = unit
        .headers()
        .iter()
        .filter(|(name, _)| {
            !is_own(name) && !units::has_section(unit.name.kind, name) && !is_placeholder(name)
        })
        .map(|(name, span)| section(name, *span))
        .collect();
    let (mut corrected, mut mended) = (0, 0);
    for line in unit.lines() {
        let is_meant =
            units::has_section(unit.name.kind, line.section) && !unit.is_open(line.entry.span.file);
        if !is_meant || line.entry.conditional || is_own(&line.entry.key) || is_placeholder(&line.entry.key) {
            continue;
        }
        match units::find(line.section, &line.entry.key) {
            Some(row) => {
                let found = match row.kind {
                    Kind::Command => command::objection(unit, line, version).into_iter().collect(),
                    _ => judged::objections(unit, line, row, version),
                };
                for objection in found {
                    mended += 1;
                    faults.push(value_fault(unit, line, row, objection, version, mended <= MAX_MENDED));
                }
            }
            None => {
                corrected += 1;
                faults.push(key(line, corrected <= MAX_CORRECTED));
            }
        }
        if units::is_known(line.section, &line.entry.key, version) == Some(false)
            && units::find(line.section, &line.entry.key).is_some()
        {
            faults.push(key(line, false));
        }
    }
    faults
}

/// What begins with `X-` is for others to read.
fn is_own(name: &str) -> bool {
    name.starts_with("X-")
}

fn section(name: &str, place: Span) -> UnitFault {
    UnitFault {
        kind: UnitFaultKind::Section,
        place,
        line: place,
        directive: String::new(),
        message: format!("Unknown section '{name}'"),
        refused: false,
        meant: None,
        mend: None,
    }
}

/// A directive that the section has not.
fn key(line: &Line<'_>, correct: bool) -> UnitFault {
    let name = line.entry.key.as_str();
    let elsewhere = units::named(name).first().and_then(|row| units::sections_of(row).next());
    let near = if correct && elsewhere.is_none() { units::nearest(line.section, name) } else { None };
    // What was never in force comes into force.
    let mend = near.map(|near| Mend {
        title: format!("write `{near}`"),
        applicability: Applicability::Unsafe,
        edits: vec![Edit { span: line.entry.key_span, replacement: near.into() }],
    });
    UnitFault {
        kind: if elsewhere.is_some() { UnitFaultKind::Misplaced } else { UnitFaultKind::Unknown },
        place: line.entry.key_span,
        line: line.entry.span,
        directive: name.into(),
        message: format!("Unknown key '{name}' in section [{}]", line.section),
        refused: false,
        meant: near.map(Into::into).or_else(|| elsewhere.map(|section| format!("[{section}]"))),
        mend,
    }
}

fn value_fault(
    unit: &Merged<'_>,
    line: &Line<'_>,
    row: &Row,
    objection: Objection,
    version: u32,
    is_mended: bool,
) -> UnitFault {
    let written = line.value().text.get(objection.range.clone()).unwrap_or_default();
    let place = line.value().span_of(objection.range.clone());
    let near = match objection.kind {
        UnitFaultKind::Value => near(row.kind, written, version),
        _ => None,
    };
    let mend = match &near {
        Some(near) => Some(Mend {
            title: format!("write `{near}`"),
            applicability: Applicability::Safe,
            edits: vec![Edit { span: place, replacement: near.clone() }],
        }),
        None if is_mended => mends::mend(unit, line, row, &objection),
        None => None,
    };
    UnitFault {
        kind: objection.kind,
        place,
        line: line.entry.span,
        directive: row.name.into(),
        message: objection.message,
        refused: objection.refused,
        meant: near,
        mend,
    }
}

/// The value that a wrong one is evidently a misspelling of.
fn near(kind: Kind, written: &str, version: u32) -> Option<String> {
    let near = match kind {
        Kind::Words(words) | Kind::WordsOrEmpty(words) => {
            let words = words.iter().filter(|(_, since)| version >= *since).map(|(word, _)| *word);
            let lower = written.to_ascii_lowercase().replace('_', "-");
            words.clone().find(|word| *word == lower).or_else(|| value::nearest(&lower, words))
        }
        // `5Min` is written in lower case; `5M` would be months.
        Kind::Span | Kind::SpanOrEmpty => {
            let lower = written.to_ascii_lowercase();
            return Duration::from_systemd(&lower).map(|_| lower);
        }
        _ => None,
    };
    near.map(Into::into)
}
