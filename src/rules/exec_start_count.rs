//! A service without a command, or with more than one.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Mend, Unit, UnitFault, UnitFaultKind, shell_syntax};

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
        // A line that is written for a shell is told as such.
        let is_for_shell = |fault: &UnitFault| {
            let mut line = unit.commands.iter().filter(|it| it.line.place == Some(fault.line));
            line.any(|command| shell_syntax(command, context.sources).is_some())
        };
        let counts = unit.faults.iter().filter(|fault| fault.kind == UnitFaultKind::Count);
        for fault in counts.filter(|fault| !is_one_line(unit, fault) || !is_for_shell(fault)) {
            if seen.insert(fault.place) {
                findings.push(finding(context, unit, fault));
            }
        }
    }
}

/// Whether the first command stands on the line of a fault too.
fn is_one_line(unit: &Unit, fault: &UnitFault) -> bool {
    unit.commands_of("ExecStart").next().is_some_and(|first| first.line.place == Some(fault.line))
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
    let text = context.sources.text(fault.line);
    finding.help = Some(match (is_drop_in, is_one_line(unit, fault)) {
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
