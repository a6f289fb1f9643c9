//! A line of a unit that systemd reads and does not use.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule, runtime_directory};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Mend, Unit, UnitFault, UnitFaultKind};

pub(super) const RULE: Rule = Rule {
    name: "unit-ignored-value",
    category: Category::Systemd,
    severity: Severity::Warning,
    summary: "a value, a directive or a section of a unit that systemd ignores",
    outcome: "the default stays",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/unit-ignored-value.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    // A drop-in may be for several units, and a template has instances.
    let mut seen = BTreeSet::new();
    for unit in &context.deployment.units {
        let ignored = unit.faults.iter().filter(|it| !it.refused && is_own(it));
        for fault in ignored {
            if seen.insert((fault.place, fault.kind)) {
                findings.push(finding(unit, fault, context));
            }
        }
    }
}

/// Whether no other rule speaks of it: those of command lines, environments and directories do of theirs.
fn is_own(fault: &UnitFault) -> bool {
    let is_of_value = !matches!(fault.kind, UnitFaultKind::Unknown | UnitFaultKind::Misplaced);
    let is_command = matches!(fault.kind, UnitFaultKind::Quoting | UnitFaultKind::Program);
    let others = ["Environment", "EnvironmentFile", "WorkingDirectory"];
    let is_others = is_of_value && others.contains(&fault.directive.as_str());
    !(is_command || is_others || runtime_directory::is_here(fault))
}

fn finding(unit: &Unit, fault: &UnitFault, context: &Context) -> Finding {
    let written = context.sources.text(fault.place);
    let label = match (fault.kind, &fault.meant) {
        (UnitFaultKind::Section, _) => "no section of units of this type".into(),
        (UnitFaultKind::Unknown, _) if is_option(fault) => "an option of a command, and no directive".into(),
        (UnitFaultKind::Unknown, Some(meant)) => format!("`{meant}` is meant"),
        (UnitFaultKind::Unknown, None) => "no release that is known has this directive".into(),
        (UnitFaultKind::Misplaced, Some(section)) => format!("this belongs into `{section}`"),
        (_, Some(meant)) => format!("`{meant}` is meant"),
        _ => "this means nothing to systemd".into(),
    };
    let message = match fault.kind {
        UnitFaultKind::Section => format!("systemd ignores all of `{written}`: {}", fault.message),
        UnitFaultKind::Unknown | UnitFaultKind::Misplaced => {
            format!("systemd ignores `{written}=`: {}", fault.message)
        }
        _ => format!("systemd ignores a value of `{}=`: {}", fault.directive, fault.message),
    };
    let mut finding = RULE.finding(message, Label { span: fault.place, text: label }, Vec::new());
    finding.help = help(unit, fault);
    finding.fix = fault.mend.clone().and_then(Mend::fix);
    finding
}

/// Whether a line is the rest of a command that was to go on here: no directive begins with a dash.
fn is_option(fault: &UnitFault) -> bool {
    fault.kind == UnitFaultKind::Unknown && fault.directive.starts_with('-')
}

/// What holds instead, or what is missing.
fn help(unit: &Unit, fault: &UnitFault) -> Option<String> {
    if is_option(fault) {
        return Some(
            "the line before lacks the `\\` at its end by which a command goes on: it runs without this option and those behind \
             it"
                .into(),
        );
    }
    let setting =
        unit.settings.get(fault.directive.as_str()).filter(|_| fault.kind == UnitFaultKind::Value)?;
    let value = setting.value.known()?;
    if setting.origin.is_written() {
        return Some(format!("what another line says stays in force: `{}` is {value}", fault.directive));
    }
    Some(format!("`{}={value}`, systemd's default, stays in force", fault.directive))
}
