//! Names in Gunicorn's configuration that are all but settings.

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{AppFault, AppFaultKind, Mend};

pub(super) const RULE: Rule = Rule {
    name: "gunicorn-unknown-setting",
    category: Category::Gunicorn,
    severity: Severity::Warning,
    summary: "a name that is no setting of Gunicorn's, and was meant to be one",
    outcome: "silently ignored",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/gunicorn-unknown-setting.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let faults = context.deployment.app_faults(&[AppFaultKind::UnknownSetting]);
    findings.extend(faults.into_iter().map(finding));
}

fn finding(fault: &AppFault) -> Finding {
    let AppFault { setting, value, message, .. } = fault;
    let (said, label) = match fault.version {
        Some(version) => (
            format!("Gunicorn {version} passes over `{value}` without a word: {message}"),
            "no setting of this release".to_string(),
        ),
        None => (
            format!("Gunicorn passes over `{value}` without a word: the setting is called `{setting}`"),
            "no setting has this name, and nothing else in the file reads it".to_string(),
        ),
    };
    let label = Label { span: fault.place, text: label };
    let mut finding = RULE.finding(said, label, Vec::new());
    finding.help = fault.help.clone();
    finding.fix = fault.mend.clone().and_then(Mend::fix);
    finding
}
