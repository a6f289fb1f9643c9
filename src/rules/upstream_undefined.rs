//! A target that names an upstream which does not exist, or names one with a port.

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{FaultKind, Mend, Mistake};

pub(super) const RULE: Rule = Rule {
    name: "upstream-undefined",
    category: Category::Address,
    severity: Severity::Error,
    summary: "a target that is all but the name of an upstream",
    outcome: "nginx does not start",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/upstream-undefined.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mistakes =
        context.deployment.nginx.mistakes(&[FaultKind::PortOfUpstream, FaultKind::UndefinedUpstream]);
    findings.extend(mistakes.into_iter().map(finding));
}

fn finding(mistake: Mistake) -> Finding {
    let fault = mistake.fault;
    let (what, help) = match fault.kind {
        FaultKind::PortOfUpstream => (
            "an upstream has this name, and it has the ports of its servers",
            "leave the port out, or give the upstream a name that is no host's",
        ),
        _ => (
            "no upstream has this name, and nginx looks it up as a host",
            "name an upstream that exists, letter by letter",
        ),
    };
    let label = Label { span: fault.place, text: what.into() };
    let related =
        fault.related.iter().map(|(span, text)| Label { span: *span, text: text.clone() }).collect();
    let mut finding = RULE.finding(format!("nginx does not start: {}", fault.message), label, related);
    finding.help = fault.help.clone().or_else(|| Some(help.into()));
    finding.fix = mistake.mend.and_then(Mend::fix);
    finding
}
