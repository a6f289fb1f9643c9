//! Names in a configuration file that are no settings, though they are evidently meant to be some. Gunicorn passes over
//! them without a word.

use std::collections::{BTreeMap, BTreeSet};

use super::scope::Scope;
use super::table::{self, Row};
use super::validate::validate;
use super::value::Value;
use crate::edit::{Applicability, Edit};
use crate::model::{AppFault, AppFaultKind, Datum, Mend, Version};
use crate::source::{Sources, Span};
use crate::syntax::gunicorn::{ExpressionKind, Statement, StatementKind, Tree};
use crate::value::{Possible, nearest};

/// How many names of a file are compared with all settings.
const MAX_NAMES: usize = 500;
/// What the option is called on a command line, `--pid`, and what the setting is.
const PID: &str = "pid";
const PID_FILE: &str = "pidfile";

/// The strays of a file.
pub(super) fn of_file(tree: &Tree, scope: &Scope, version: Version, sources: &Sources) -> Vec<AppFault> {
    let Some(first) = tree.statements.first() else { return Vec::new() };
    let counts = occurrences(&sources.get(first.span.file).text);
    let settings: BTreeSet<&str> = table::names(version).collect();
    let bound: BTreeSet<&str> = tree.statements.iter().filter_map(assigned).map(|(name, _)| name).collect();
    let mut faults = Vec::new();
    for (name, place) in tree.statements.iter().filter_map(assigned).take(MAX_NAMES) {
        if settings.contains(name) {
            continue;
        }
        if let Some(row) = table::of_name(name) {
            faults.push(of_other_release(row, place, version));
        } else if counts.get(name) == Some(if name == PID { &2 } else { &1 })
            && let Some(row) = meant(name, version).filter(|row| !bound.contains(row.name))
        {
            faults.extend(misspelt(name, row, place, version, scope));
        }
    }
    // Which of two is meant is not said, and the setting has one value.
    let all: Vec<String> = faults.iter().map(|fault: &AppFault| fault.setting.clone()).collect();
    for fault in &mut faults {
        let is_one_of_several = all.iter().filter(|setting| **setting == fault.setting).count() > 1;
        if let Some(mend) = fault.mend.as_mut().filter(|_| is_one_of_several) {
            mend.applicability = Applicability::Manual;
        }
    }
    faults
}

/// The name that a statement at module level binds, and where it stands.
fn assigned(statement: &Statement) -> Option<(&str, Span)> {
    let StatementKind::Assign { targets, .. } = &statement.kind else { return None };
    let [target] = targets.as_slice() else { return None };
    match &target.kind {
        ExpressionKind::Name(name) => Some((name, target.span)),
        _ => None,
    }
}

/// How often each identifier stands in a text, strings and comments included.
fn occurrences(text: &str) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

/// The setting that a name is all but: in another case, with underscores put otherwise, by the name of its option, or
/// misspelt.
fn meant(name: &str, version: Version) -> Option<&'static Row> {
    let folded = |text: &str| text.trim_start_matches('-').replace(['_', '-'], "").to_ascii_lowercase();
    // Whether the value is a pid file's, is looked at later.
    if name == PID {
        return table::of_version(version).find(|row| row.name == PID_FILE);
    }
    let wanted = folded(name);
    if wanted.len() < 4 || name.starts_with('_') {
        return None;
    }
    // A short option such as `--name` or `--env` is too common a word.
    let is_named = |row: &&Row| {
        folded(row.name) == wanted || row.flags.iter().any(|flag| flag.len() > 8 && folded(flag) == wanted)
    };
    let mut named = table::of_version(version).filter(is_named);
    if let Some(row) = named.next() {
        return Some(row).filter(|_| named.next().is_none());
    }
    table::of_name(nearest(&name.to_ascii_lowercase(), table::names(version))?)
}

/// A stray whose value is right for the setting that it is meant to be.
fn misspelt(name: &str, row: &'static Row, place: Span, version: Version, scope: &Scope) -> Option<AppFault> {
    let bound = scope.bound(name);
    let value = bound.known()?.as_ref()?;
    // A list of texts or `None` is right for too much.
    if *value == Value::None {
        return None;
    }
    // So short a name may be somebody's own. The end of the path is the second place where it stands.
    if name == PID && !matches!(value, Value::Text(path) if path.ends_with(".pid")) {
        return None;
    }
    let unknown = Possible::Unknown("not asked".into());
    let datum = validate(row, version, value, &unknown).ok()?;
    let applicability =
        if keeps_all(row, version, &datum) { Applicability::Safe } else { Applicability::Unsafe };
    let edits = vec![Edit { span: place, replacement: row.name.into() }];
    let mend = Mend { title: format!("call it `{}`", row.name), applicability, edits };
    let message = format!("`{name}` is no setting of Gunicorn's");
    let fault = AppFault::new(AppFaultKind::UnknownSetting, place, row.name, name, message);
    Some(AppFault { mend: Some(mend), ..fault })
}

/// Whether every request that is served without the value is served with it.
fn keeps_all(row: &Row, version: Version, datum: &Datum) -> bool {
    let default = match table::default(row, version) {
        table::Fallback::Int(default) => default,
        _ => return row.name == "loglevel",
    };
    match (row.name, datum) {
        ("timeout" | "graceful_timeout", Datum::Duration(it)) => {
            it.milliseconds >= default.unsigned_abs() * 1000
        }
        ("workers" | "backlog" | "limit_request_line" | "limit_request_fields", Datum::Int(it)) => {
            *it >= default
        }
        ("limit_request_field_size", Datum::Int(it)) => *it >= default,
        _ => false,
    }
}

fn of_other_release(row: &Row, place: Span, version: Version) -> AppFault {
    let message = format!("`{}` is a setting since Gunicorn {}", row.name, row.since);
    let fault = AppFault::new(AppFaultKind::UnknownSetting, place, "", row.name, message);
    AppFault { version: Some(version), ..fault }
}
