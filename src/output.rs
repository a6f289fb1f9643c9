//! What is said, in each format: pure functions from a report to text.

mod concise;
mod configuration;
mod diff;
mod full;
mod github;
mod gitlab;
mod json;
mod junit;
mod map;
mod map_json;
mod page;
mod paint;
mod sarif;
mod starter;
mod statistics;

pub use concise::concise;
pub use configuration::configuration;
pub use diff::{diff, file_diff};
pub use full::full;
pub use github::github;
pub use gitlab::gitlab;
pub use json::json;
pub use junit::junit;
pub use map::map;
pub use map_json::map_json;
pub use page::page;
pub use sarif::sarif;
pub use starter::{HOOK, starter};
pub use statistics::statistics;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::check::{Held, Report, Why, order};
use crate::edit::Applicability;
use crate::finding::{Finding, Severity};
use crate::source::{FileKind, Sources};

/// How a terminal shows text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether colours are shown.
    pub color: bool,
    /// Whether characters other than ASCII are shown.
    pub unicode: bool,
    /// How many columns there are.
    pub width: usize,
}

/// How many files of which kind were read: `3 files (1 nginx, 1 Gunicorn, 1 systemd) in 1 stack`.
pub fn what_was_read(sources: &Sources, report: &Report) -> String {
    let kinds: Vec<String> =
        kinds(sources).into_iter().map(|(kind, count)| format!("{count} {}", kind.name())).collect();
    let files = plural(sources.len(), "file");
    if kinds.is_empty() {
        return files;
    }
    let stacks = plural(report.stacks.len(), "stack");
    format!("{files} ({}) in {stacks}", kinds.join(", "))
}

/// How many files of each kind there are, without the kinds of which there is none.
fn kinds(sources: &Sources) -> BTreeMap<FileKind, usize> {
    let mut counts = BTreeMap::new();
    for (_, source) in sources.iter() {
        *counts.entry(source.kind).or_default() += 1;
    }
    counts
}

/// The findings in a sentence: `2 errors, 1 warning (up to 3 can be mended with --fix)`. A fix that turns out to bring new
/// findings is left out in the end, so there may be fewer.
pub fn what_was_found(report: &Report) -> String {
    let held = |is_it: fn(&Why) -> bool, what: &str| {
        let count = report.held.iter().filter(|held| is_it(&held.why)).count();
        if count == 0 { String::new() } else { format!("; {count} {what}") }
    };
    let held = held(|why| matches!(why, Why::Comment { .. }), "ignored")
        + &held(|why| *why == Why::Baseline, "in the baseline");
    if report.findings.is_empty() {
        return format!("no findings{held}");
    }
    let counts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .iter()
        .map(|severity| (report.count(*severity), severity.name()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| plural(count, name))
        .collect();
    let mends = match (fixable(report, Applicability::Safe), fixable(report, Applicability::Unsafe)) {
        (0, 0) => String::new(),
        (0, with_unsafe) => format!(" (up to {with_unsafe} can be mended with --fix --unsafe-fixes)"),
        (safe, with_unsafe) if safe == with_unsafe => format!(" (up to {safe} can be mended with --fix)"),
        (safe, with_unsafe) => {
            format!(" (up to {safe} can be mended with --fix, {with_unsafe} with --fix --unsafe-fixes)")
        }
    };
    format!("{}{mends}{held}", counts.join(", "))
}

/// How many findings bring a fix that may be trusted at least so far.
pub fn fixable(report: &Report, at_least: Applicability) -> usize {
    let fixes = report.findings.iter().filter_map(|finding| finding.fix.as_ref());
    fixes.filter(|fix| fix.applicability >= at_least).count()
}

/// All findings in the order of their places, also those that were held back, with why they were.
fn all<'a>(report: &'a Report, sources: &Sources) -> Vec<(&'a Finding, Option<&'a Held>)> {
    let open = report.findings.iter().map(|finding| (finding, None));
    let mut all: Vec<_> = open.chain(report.held.iter().map(|held| (&held.finding, Some(held)))).collect();
    all.sort_by(|(a, _), (b, _)| order(a, sources).cmp(&order(b, sources)));
    all
}

/// A finding in plain text: the message, what stands where, and what to do.
fn explained(finding: &Finding, sources: &Sources) -> String {
    let mut lines = vec![finding.message.clone()];
    for label in std::iter::once(&finding.primary).chain(&finding.related) {
        let source = sources.get(label.span.file);
        lines.push(format!("{}:{}: {}", source.path, source.position(label.span.start).0, label.text));
    }
    lines.extend(finding.help.iter().map(|help| format!("help: {help}")));
    lines.extend(finding.fix.iter().map(|fix| format!("{} fix: {}", fix.applicability.name(), fix.title)));
    lines.join("\n")
}

/// A count and its noun: `1 file`, `2 files`.
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A text that does nothing to a terminal: what stands in a file, or in its name, must not move the cursor or colour what
/// follows. Each byte of a control character becomes a `?`, so that offsets stay; line ends and tabs are kept.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let is_end = |at: usize| text[at..].starts_with("\r\n");
    let acts = |at: usize, c: char| c.is_control() && !matches!(c, '\n' | '\t') && !is_end(at);
    if !text.char_indices().any(|(at, c)| acts(at, c)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match acts(at, c) {
            true => shown.extend(std::iter::repeat_n('?', c.len_utf8())),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// The same on one line, for what others read line by line: a name may have line ends in it.
pub fn on_one_line(text: &str) -> String {
    harmless(text).replace(['\n', '\r'], "?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown() {
        assert_eq!(harmless("a\tb\r\n\u{e4}"), "a\tb\r\n\u{e4}");
        assert_eq!(harmless("a\x1b[31m\x07\rb\u{9b}c\x7f"), "a?[31m??b??c?");
        assert_eq!(on_one_line("a\nb.conf\r\n\tc"), "a?b.conf??\tc");
    }
}
