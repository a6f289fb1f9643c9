//! A comment to hoplint that it cannot read.

use super::{Category, Fixable, Rule, nothing};
use crate::finding::Severity;

pub(crate) const RULE: Rule = Rule {
    name: "malformed-suppression",
    category: Category::Hoplint,
    severity: Severity::Warning,
    summary: "a comment to hoplint that names no rule or gives no reason",
    outcome: "silences nothing",
    fix: Fixable::Always,
    page: include_str!("../../rules/malformed-suppression.md"),
    check: nothing,
};
