//! How often each rule spoke.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::harmless;
use crate::check::Report;
use crate::edit::{Applicability, Fix};
use crate::rules::RULES;

/// Writes a line a rule that found something, the most frequent first: how often, how many of those `--fix` mends, its
/// name and what it is about.
///
/// # Errors
/// If the text cannot be written.
pub fn statistics(report: &Report, to: &mut dyn Write) -> io::Result<()> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for finding in &report.findings {
        let is_safe = |fix: &Fix| fix.applicability == Applicability::Safe;
        let (all, mended) = counts.entry(finding.rule).or_default();
        *all += 1;
        *mended += usize::from(finding.fix.as_ref().is_some_and(is_safe));
    }
    let mut lines: Vec<_> = counts.into_iter().collect();
    lines.sort_by_key(|(rule, (all, _))| (std::cmp::Reverse(*all), *rule));
    let width = lines.iter().map(|(rule, _)| rule.len()).max().unwrap_or(0);
    for (rule, (all, mended)) in lines {
        let summary = RULES.iter().find(|it| it.name == rule).map_or("", |it| it.summary);
        writeln!(to, "{all:5}  {mended:5} with --fix  {rule:width$}  {}", harmless(summary))?;
    }
    Ok(())
}
