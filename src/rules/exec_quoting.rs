//! A command line, or another value, that systemd cannot read and refuses the unit for.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Mend, Unit, UnitFault, UnitFaultKind};

pub(super) const RULE: Rule = Rule {
    name: "exec-quoting",
    category: Category::Systemd,
    severity: Severity::Error,
    summary: "a quote that is not closed, or a `%` that systemd takes for a specifier that it does not know",
    outcome: "unit refused",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/exec-quoting.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    // A drop-in may be for several units, and a template has instances.
    let mut seen = BTreeSet::new();
    for unit in &context.deployment.units {
        for fault in unit.faults.iter().filter(|fault| is_own(fault)) {
            if seen.insert(fault.place) {
                findings.push(finding(unit, fault));
            }
        }
    }
}

/// Command lines, and specifiers of other values that systemd refuses a unit for.
fn is_own(fault: &UnitFault) -> bool {
    match fault.kind {
        UnitFaultKind::Quoting => true,
        UnitFaultKind::Specifier => fault.refused && fault.directive != "WorkingDirectory",
        _ => false,
    }
}

fn finding(unit: &Unit, fault: &UnitFault) -> Finding {
    let UnitFault { directive, message, .. } = fault;
    let is_quote = message.starts_with("Unbalanced");
    let what = match fault.refused {
        true => format!("systemd refuses `{}`", unit.name),
        false => format!("systemd ignores this `{directive}=`"),
    };
    let label = match is_quote {
        true => "the quote is not closed",
        false => "`%` begins a specifier",
    };
    let label = Label { span: fault.place, text: label.into() };
    let mut finding = RULE.finding(format!("{what}: {message}"), label, Vec::new());
    if !fault.refused {
        (finding.severity, finding.outcome) = (Severity::Warning, "the command does not run".into());
    }
    finding.help = Some(match is_quote {
        true => r#"close it, or write `\'` or `\"` for a quote that is a part of a word"#.into(),
        false => "write `%%` for a `%`".into(),
    });
    finding.fix = fault.mend.clone().and_then(Mend::fix);
    finding
}
