//! A file that its program refuses to read.

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};

pub(super) const RULE: Rule = Rule {
    name: "syntax-error",
    category: Category::Nginx,
    severity: Severity::Error,
    summary: "a file that its program cannot read",
    outcome: "the program refuses the file",
    fix: Fixable::Never,
    page: include_str!("../../rules/syntax-error.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    for refusal in &context.deployment.refusals {
        let primary = Label { span: refusal.span, text: "here".into() };
        let message = match refusal.ignored {
            false => format!("{} cannot read this file: {}", refusal.program, refusal.message),
            true => format!("{} goes on without what stands here: {}", refusal.program, refusal.message),
        };
        let mut finding = RULE.finding(message, primary, Vec::new());
        finding.help.clone_from(&refusal.hint);
        if refusal.ignored {
            finding.severity = Severity::Warning;
            finding.outcome = "the line is ignored".into();
        }
        findings.push(finding);
    }
}
