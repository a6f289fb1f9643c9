//! What nginx refuses of passes and upstreams when it starts.

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{FaultKind, Mend, Mistake};

pub(super) const RULE: Rule = Rule {
    name: "nginx-rejected",
    category: Category::Nginx,
    severity: Severity::Error,
    summary: "a pass, an upstream or a directive that nginx refuses",
    outcome: "nginx does not start",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/nginx-rejected.md"),
    check,
};

/// What is of no other rule. Sockets and undefined upstreams have rules of their own.
const KINDS: [FaultKind; 10] = [
    FaultKind::Misspelt,
    FaultKind::Misplaced,
    FaultKind::Arguments,
    FaultKind::Value,
    FaultKind::Duplicate,
    FaultKind::Upstream,
    FaultKind::Uri,
    FaultKind::Variable,
    FaultKind::Address,
    FaultKind::Cycle,
];

fn check(context: &Context, findings: &mut Vec<Finding>) {
    findings.extend(context.deployment.nginx.mistakes(&KINDS).into_iter().map(finding));
}

fn finding(mistake: Mistake) -> Finding {
    let fault = mistake.fault;
    let what = match fault.kind {
        FaultKind::Misspelt => "nginx has no directive of this name",
        FaultKind::Misplaced => "it may not stand here",
        FaultKind::Arguments => "these are too few or too many",
        FaultKind::Value => "this means nothing to nginx",
        FaultKind::Duplicate => "it is here for the second time",
        FaultKind::Upstream => "it has no server that nginx could use",
        FaultKind::Uri => "no URI may stand here",
        FaultKind::Variable => "nothing defines this variable",
        FaultKind::Cycle => "it leads back to a file that is being read",
        _ => "nginx cannot read this address",
    };
    let label = Label { span: fault.place, text: what.into() };
    let related =
        fault.related.iter().map(|(span, text)| Label { span: *span, text: text.clone() }).collect();
    let mut finding = RULE.finding(format!("nginx does not start: {}", fault.message), label, related);
    finding.help = fault.help.clone();
    finding.fix = mistake.mend.and_then(Mend::fix);
    finding
}
