//! Assignments that do not reach the environment, or only in part.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::Applicability;
use crate::finding::{Finding, Label, Severity};
use crate::model::{AppKind, Mend, Unit, UnitFault, UnitFaultKind};

pub(super) const RULE: Rule = Rule {
    name: "environment-syntax",
    category: Category::Systemd,
    severity: Severity::Error,
    summary: "an assignment that systemd drops, or of which it takes only the first word",
    outcome: "options lost",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/environment-syntax.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for unit in &context.deployment.units {
        let is_own = |fault: &&UnitFault| {
            matches!(fault.directive.as_str(), "Environment" | "EnvironmentFile")
                && matches!(
                    fault.kind,
                    UnitFaultKind::Value | UnitFaultKind::Specifier | UnitFaultKind::Comment
                )
        };
        // All that is lost of one line is one mistake.
        for fault in unit.faults.iter().filter(is_own) {
            if seen.insert(fault.line) {
                findings.push(finding(context, unit, fault));
            }
        }
    }
}

fn finding(context: &Context, unit: &Unit, fault: &UnitFault) -> Finding {
    let written = context.sources.text(fault.place);
    let label = |text: &str| Label { span: fault.place, text: text.into() };
    if fault.directive == "EnvironmentFile" {
        return of_file(context, unit, fault, label);
    }
    let line = context.sources.text(fault.line);
    let assigned = line.split_once('=').map_or("", |(_, value)| value.trim_start());
    let first = assigned.split_ascii_whitespace().next().unwrap_or_default();
    let name = first.split('=').next().unwrap_or_default();
    let message = format!("systemd ignores a part of this `Environment=`: {}", fault.message);
    let mut finding = RULE.finding(message, label("not assigned"), Vec::new());
    finding.severity = Severity::Warning;
    let mut mend = fault.mend.clone();
    finding.help = Some(if fault.kind == UnitFaultKind::Specifier {
        "write `%%` for a `%`".into()
    } else if written.starts_with('#') {
        finding.severity = Severity::Note;
        "a comment stands on a line of its own".into()
    } else if let Some(mend) = &mut mend {
        if mend.applicability == Applicability::Safe && decides(context, unit) {
            finding.severity = Severity::Error;
            finding.outcome = "start-up failure".into();
        } else {
            mend.applicability = mend.applicability.min(Applicability::Unsafe);
        }
        format!("`{name}` gets `{}` alone; put quotes around the whole assignment", &first[name.len() + 1..])
    } else if fault.message.starts_with("Invalid syntax") {
        r#"all from here on is lost: close the quote, or write `\'` or `\"` for one that is a part of the value"#.into()
    } else {
        "each word has to be an assignment: a name of letters, digits and `_`, then `=`".into()
    });
    finding.fix = mend.and_then(Mend::fix);
    finding
}

/// Whether the unit starts a Gunicorn, and no other line gives it its options.
fn decides(context: &Context, unit: &Unit) -> bool {
    let starts = context.deployment.apps.iter().any(|app| {
        app.kind == AppKind::Gunicorn
            && app.unit.is_some_and(|id| std::ptr::eq(context.deployment.unit(id), unit))
    });
    let assignments = unit.setting::<Vec<String>>("Environment").value;
    let is_options = |word: &&String| word.starts_with("GUNICORN_CMD_ARGS=");
    let once = |words: &Option<Vec<String>>| words.iter().flatten().filter(is_options).count() == 1;
    starts && assignments.must(once) && !unit.settings.contains_key("EnvironmentFile")
}

/// A line that `.` of a shell would take, or a file that systemd does not read.
fn of_file(context: &Context, unit: &Unit, fault: &UnitFault, label: impl Fn(&str) -> Label) -> Finding {
    if fault.kind == UnitFaultKind::Comment {
        let message = format!("`{}` is to read a file that is not there: {}", unit.name, fault.message);
        let mut finding = RULE.finding(message, label("a part of the path"), Vec::new());
        finding.outcome = "start-up failure".into();
        if context.sources.text(fault.line).contains("=-") {
            (finding.severity, finding.outcome) = (Severity::Warning, "variables missing".into());
        }
        finding.help = Some("a comment stands on a line of its own".into());
        finding.fix = fault.mend.clone().and_then(Mend::fix);
        return finding;
    }
    let Some(name) = &fault.meant else {
        let message = format!("systemd does not read this file: {}", fault.message);
        let mut finding = RULE.finding(message, label("not read"), Vec::new());
        (finding.severity, finding.outcome) = (Severity::Warning, "variables missing".into());
        finding.help =
            Some("write the whole path, without quotes; a `-` before it passes over a missing file".into());
        finding.fix = fault.mend.clone().and_then(Mend::fix);
        return finding;
    };
    let message =
        format!("`{}` does not get `{name}`: systemd drops lines that begin with `export`", unit.name);
    let mut finding = RULE.finding(message, label("dropped"), Vec::new());
    (finding.severity, finding.outcome) = (Severity::Warning, "variables missing".into());
    finding.help = Some(
        "write the assignment alone; a script that reads the file too can export all of it with `set -a`"
            .into(),
    );
    finding.fix = fault.mend.clone().and_then(Mend::fix);
    finding
}
