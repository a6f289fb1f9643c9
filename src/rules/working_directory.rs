//! A directory to start in that systemd refuses, or that has a comment behind it.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Mend, Unit, UnitFault, UnitFaultKind};

pub(super) const RULE: Rule = Rule {
    name: "working-directory",
    category: Category::Systemd,
    severity: Severity::Error,
    summary: "a `WorkingDirectory=` that is relative, in quotes, or not there",
    outcome: "start-up failure",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/working-directory.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for unit in &context.deployment.units {
        let is_own = |fault: &&UnitFault| {
            fault.directive == "WorkingDirectory"
                && matches!(fault.kind, UnitFaultKind::Value | UnitFaultKind::Specifier)
        };
        for fault in unit.faults.iter().filter(is_own) {
            if seen.insert(fault.place) {
                findings.push(refused(context, unit, fault));
            }
        }
        let comments = unit.faults.iter().filter(|it| it.kind == UnitFaultKind::Comment);
        for fault in comments.filter(|fault| fault.directive == "WorkingDirectory") {
            if seen.insert(fault.place) {
                findings.push(comment(context, unit, fault));
            }
        }
    }
}

fn refused(context: &Context, unit: &Unit, fault: &UnitFault) -> Finding {
    let written = context.sources.text(fault.place);
    let message = match fault.refused {
        true => format!("systemd refuses `{}`: {}", unit.name, fault.message),
        false => format!("systemd ignores this directory: {}", fault.message),
    };
    let label = Label { span: fault.place, text: "no absolute path".into() };
    let mut finding = RULE.finding(message, label, Vec::new());
    if fault.refused {
        finding.outcome = "unit refused".into();
    } else {
        (finding.severity, finding.outcome) = (Severity::Warning, "started in `/`".into());
    }
    finding.help = Some(if fault.kind == UnitFaultKind::Specifier {
        "write `%%` for a `%`".into()
    } else if written.starts_with(['"', '\'']) {
        "quotes are a part of this value: write it without".into()
    } else if written.starts_with('~') {
        "only `~` alone stands for the user's home; write the whole path".into()
    } else if written.contains('$') {
        "variables are not replaced here: write the whole path".into()
    } else {
        "write the whole path, without `..`".into()
    });
    finding.fix = fault.mend.clone().and_then(Mend::fix);
    finding
}

/// A comment behind a path.
fn comment(context: &Context, unit: &Unit, fault: &UnitFault) -> Finding {
    let message = format!("`{}` is to start in a directory that is not there: {}", unit.name, fault.message);
    let label = Label { span: fault.place, text: "a part of the path".into() };
    let mut finding = RULE.finding(message, label, Vec::new());
    if context.sources.text(fault.line).contains("=-") {
        (finding.severity, finding.outcome) = (Severity::Warning, "started in `/`".into());
    }
    finding.help = Some("a comment stands on a line of its own; systemd logs `status=200/CHDIR`".into());
    finding.fix = fault.mend.clone().and_then(Mend::fix);
    finding
}
