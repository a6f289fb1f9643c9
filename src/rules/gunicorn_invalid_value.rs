//! Values and words that Gunicorn refuses when it starts.

use super::{Category, Context, Fixable, Rule, exec_shell_syntax};
use crate::finding::{Finding, Label, Severity};
use crate::model::{AppFault, AppFaultKind, Mend};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "gunicorn-invalid-value",
    category: Category::Gunicorn,
    severity: Severity::Error,
    summary: "a value or an option that Gunicorn refuses",
    outcome: "start-up failure",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/gunicorn-invalid-value.md"),
    check,
};

/// What is of no other rule.
const KINDS: [AppFaultKind; 4] =
    [AppFaultKind::FileValue, AppFaultKind::Value, AppFaultKind::Word, AppFaultKind::NoApplication];

fn check(context: &Context, findings: &mut Vec<Finding>) {
    // Words that only a shell would understand are a mistake of their own.
    let shell: Vec<Span> = context
        .deployment
        .apps
        .iter()
        .filter_map(|app| exec_shell_syntax::first_word(app, context))
        .collect();
    let is_own = |fault: &&AppFault| {
        let of_shell =
            |it: &Span| it.file == fault.place.file && it.range().contains(&(fault.place.start as usize));
        fault.kind != AppFaultKind::Word || !shell.iter().any(of_shell)
    };
    findings.extend(context.deployment.app_faults(&KINDS).into_iter().filter(is_own).map(finding));
}

fn finding(fault: &AppFault) -> Finding {
    let AppFault { setting, value, message, .. } = fault;
    let (said, label) = match fault.kind {
        AppFaultKind::FileValue => (format!("Invalid value for {setting}: {value}"), message.clone()),
        AppFaultKind::Value => (message.clone(), format!("given for `{setting}`")),
        AppFaultKind::NoApplication => {
            (message.clone(), "no word names one, and `wsgi_app` is not set".to_string())
        }
        _ => (message.clone(), "Gunicorn ends with exit status 2".to_string()),
    };
    let label = Label { span: fault.place, text: label };
    let mut finding = RULE.finding(format!("{} does not start: {said}", fault.subject()), label, Vec::new());
    finding.help = fault.help.clone();
    finding.fix = fault.mend.clone().and_then(Mend::fix);
    finding
}
