//! What is said, in each format: pure functions from a report to text.

mod concise;
mod diff;
mod full;
mod json;
mod map;
mod map_json;

pub use concise::concise;
pub use diff::{diff, file_diff};
pub use full::full;
pub use json::json;
pub use map::map;
pub use map_json::map_json;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::check::Report;
use crate::edit::Applicability;
use crate::finding::Severity;
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
    if report.findings.is_empty() {
        return "no findings".into();
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
    format!("{}{mends}", counts.join(", "))
}

/// How many findings bring a fix that may be trusted at least so far.
pub fn fixable(report: &Report, at_least: Applicability) -> usize {
    let fixes = report.findings.iter().filter_map(|finding| finding.fix.as_ref());
    fixes.filter(|fix| fix.applicability >= at_least).count()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown() {
        assert_eq!(harmless("a\tb\r\n\u{e4}"), "a\tb\r\n\u{e4}");
        assert_eq!(harmless("a\x1b[31m\x07\rb\u{9b}c\x7f"), "a?[31m??b??c?");
    }
}
