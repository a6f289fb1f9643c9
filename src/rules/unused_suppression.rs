//! A comment to hoplint that silences nothing.

use super::{Category, Fixable, Rule, nothing};
use crate::finding::Severity;

pub(crate) const RULE: Rule = Rule {
    name: "unused-suppression",
    category: Category::Hoplint,
    severity: Severity::Warning,
    summary: "a comment that is to silence what is not found there",
    outcome: "silences nothing yet",
    fix: Fixable::Always,
    page: include_str!("../../rules/unused-suppression.md"),
    check: nothing,
};
