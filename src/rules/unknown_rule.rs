//! A comment to hoplint that names no rule of its.

use super::{Category, Fixable, Rule, nothing};
use crate::finding::Severity;

pub(crate) const RULE: Rule = Rule {
    name: "unknown-rule",
    category: Category::Hoplint,
    severity: Severity::Warning,
    summary: "a comment that is to silence a rule which does not exist",
    outcome: "silences nothing",
    fix: Fixable::Always,
    page: include_str!("../../rules/unknown-rule.md"),
    check: nothing,
};
