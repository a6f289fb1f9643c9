//! Whether a service has as many commands as its type wants.
//!
//! Source: `service_verify` in `src/core/service.c` of systemd 252; tried with `systemd-analyze verify`.

use super::merge::{Line, Merged};
use super::settings::Settings;
use super::specifiers::is_placeholder;
use crate::edit::{Applicability, Edit};
use crate::model::{Datum, Mend, UnitCommand, UnitFault, UnitFaultKind};
use crate::source::{Sources, Span};
use crate::value::Possible;

/// What systemd objects to in the number of commands, if it does for certain. `faults` are those of the lines: what they
/// take from the unit is not missed a second time.
pub(super) fn fault(
    unit: &Merged<'_>,
    settings: &Settings,
    commands: &[UnitCommand],
    faults: &[UnitFault],
    sources: &Sources,
) -> Option<UnitFault> {
    let is_certain = unit.name.kind == "service" && !unit.masked && unit.hole("Service").is_none();
    let lines = unit.list("Service", "ExecStart");
    let is_lost = |fault: &UnitFault| {
        let names = [Some(fault.directive.as_str()), fault.meant.as_deref()];
        names.into_iter().flatten().any(|name| name.starts_with("Exec"))
    };
    if !is_certain || lines.iter().any(|line| line.entry.conditional) || faults.iter().any(is_lost) {
        return None;
    }
    let kind = settings.get("Type").map(|it| it.read::<String>().value);
    let is_other =
        |kind: &Option<Possible<String>>| kind.as_ref().is_some_and(|it| it.must(|it| it != "oneshot"));
    match lines.first() {
        Some(_) if is_other(&kind) => several(unit, &lines, commands, sources),
        Some(_) => None,
        None => none(unit, settings, is_other(&kind)),
    }
}

/// More than one command of a service that is not of `Type=oneshot`.
fn several(
    unit: &Merged<'_>,
    lines: &[Line<'_>],
    commands: &[UnitCommand],
    sources: &Sources,
) -> Option<UnitFault> {
    let is_filled_in = |line: &Line<'_>| {
        let text = line.value().text.as_str();
        line.value().conditional
            || text.starts_with("{{")
            || is_placeholder(text)
            || unit.envsubst && text.contains('$')
    };
    if lines.iter().any(is_filled_in) {
        return None;
    }
    let second = commands.iter().filter(|it| it.directive == "ExecStart" && !it.words.is_empty()).nth(1)?;
    let line = second.line.place?;
    let message =
        "Service has more than one ExecStart= setting, which is only allowed for Type=oneshot services";
    Some(UnitFault { mend: reset(lines, sources), ..fault_at(second.place, line, message) })
}

/// Empties the list before the only line of a drop-in: what a drop-in says is meant to stand instead.
fn reset(lines: &[Line<'_>], sources: &Sources) -> Option<Mend> {
    let [first, second] = lines else { return None };
    let is_meant = !first.drop_in && second.drop_in;
    let start = second.entry.span.start as usize;
    let text = sources.get(second.entry.span.file).text.as_str();
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let indentation = &text[line_start..start];
    let end = text[start..].find('\n').map_or("", |at| &text[..start + at]);
    let eol = if end.ends_with('\r') { "\r\n" } else { "\n" };
    is_meant.then(|| Mend {
        title: "empty the list of commands first".into(),
        applicability: Applicability::Safe,
        edits: vec![Edit {
            span: Span::new(second.entry.span.file, start..start),
            replacement: format!("ExecStart={eol}{indentation}"),
        }],
    })
}

/// No command at all. `is_other` says that the service is certainly not of `Type=oneshot`.
fn none(unit: &Merged<'_>, settings: &Settings, is_other: bool) -> Option<UnitFault> {
    let (_, header) = unit.headers().iter().find(|(name, _)| *name == "Service")?;
    // A list that was emptied on purpose is filled by a drop-in that is not in the tree.
    let mut assigned = unit.assignments("Service", "ExecStart");
    let last = assigned.next_back();
    if last.is_some() && assigned.next().is_none() {
        return None;
    }
    let is_unset =
        |name: &str, none: &Datum| settings.get(name).is_none_or(|it| it.value.must(|it| it == none));
    let does_nothing = is_unset("SuccessAction", &Datum::Text("none".into()));
    let message = if unit.list("Service", "ExecStop").is_empty() && does_nothing {
        "Service has no ExecStart=, ExecStop=, or SuccessAction="
    } else if is_other {
        "Service has no ExecStart= setting, which is only allowed for Type=oneshot services"
    } else if does_nothing && is_unset("RemainAfterExit", &Datum::Bool(false)) {
        "Service has no ExecStart= and no SuccessAction= settings and does not have RemainAfterExit=yes set"
    } else {
        return None;
    };
    let place = last.map_or(*header, |line| line.entry.span);
    Some(fault_at(place, place, message))
}

fn fault_at(place: Span, line: Span, message: &str) -> UnitFault {
    UnitFault {
        kind: UnitFaultKind::Count,
        place,
        line,
        directive: "ExecStart".into(),
        message: message.into(),
        refused: true,
        meant: None,
        mend: None,
    }
}
