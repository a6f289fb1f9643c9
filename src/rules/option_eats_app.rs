//! An option that takes the application's name for its value.

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{AppFault, AppFaultKind, Mend};

pub(super) const RULE: Rule = Rule {
    name: "option-eats-app",
    category: Category::Gunicorn,
    severity: Severity::Error,
    summary: "`--proxy-protocol` in front of the application, which it takes for its value",
    outcome: "start-up failure",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/option-eats-app.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let faults = context.deployment.app_faults(&[AppFaultKind::EatenApplication]);
    findings.extend(faults.into_iter().map(finding));
}

fn finding(fault: &AppFault) -> Finding {
    let AppFault { setting, value, message, .. } = fault;
    let said = format!(
        "{} does not start: `{setting}` takes the application `{value}` for its value, and {message}",
        fault.subject()
    );
    let label = Label { span: fault.place, text: "since Gunicorn 24.1 the next word is its value".into() };
    let mut finding = RULE.finding(said, label, Vec::new());
    finding.help =
        Some(format!("give it its value in one word, or put another option between it and `{value}`"));
    finding.fix = fault.mend.clone().and_then(Mend::fix);
    finding
}
