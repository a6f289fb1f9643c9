//! A service without a command, or with more than one.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Mend, Unit, UnitFault, UnitFaultKind};

pub(super) const RULE: Rule = Rule {
    name: "exec-start-count",
    category: Category::Systemd,
    severity: Severity::Error,
    summary: "a service with several commands that is not of `Type=oneshot`, or with none",
    outcome: "unit refused",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/exec-start-count.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for unit in &context.deployment.units {
        for fault in unit.faults.iter().filter(|fault| fault.kind == UnitFaultKind::Count) {
            if seen.insert(fault.place) {
                findings.push(finding(context, unit, fault));
            }
        }
    }
}

fn finding(context: &Context, unit: &Unit, fault: &UnitFault) -> Finding {
    let commands: Vec<_> = unit.commands_of("ExecStart").collect();
    let message = format!("systemd refuses `{}`: {}", unit.name, fault.message);
    let Some(first) = commands.first().filter(|_| commands.len() > 1) else {
        let label = Label { span: fault.place, text: "nothing is left to start".into() };
        let mut finding = RULE.finding(message, label, Vec::new());
        finding.help = Some("give it an `ExecStart=`, or remove it".into());
        return finding;
    };
    let label = Label { span: fault.place, text: "this is one more command".into() };
    let related = vec![Label { span: first.place, text: "the first command".into() }];
    let mut finding = RULE.finding(message, label, related);
    let is_drop_in = fault.line.file != first.place.file;
    let is_one_line = first.line.place == Some(fault.line);
    let text = context.sources.text(fault.line);
    finding.help = Some(match (is_drop_in, is_one_line) {
        (true, _) => {
            "a list grows with each line: an empty `ExecStart=` before it takes back what was there".into()
        }
        (false, true) if text.contains(" ; ") => {
            "a lone `;` begins another command: run one, or let a shell run both".into()
        }
        _ => "what comes first belongs into `ExecStartPre=`; a service runs one program".into(),
    });
    finding.fix = fault.mend.clone().and_then(Mend::fix);
    finding
}
