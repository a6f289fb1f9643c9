//! Logical lines: what is left when continued lines are joined, and the way back to the file.

use std::ops::Range;

use pest::iterators::Pair;

use super::grammar::Rule;
use crate::source::{FileId, Span};

/// What is assigned to a key, with continued lines joined as systemd joins them: the backslash becomes a blank, the
/// line end and comments in between are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The joined text, without blanks around it.
    pub text: String,
    /// From its first to its last byte in the file; empty behind the `=` where nothing is assigned.
    pub span: Span,
    /// The parts of the text, as ranges of it, that a template engine replaces; sorted. An empty one is a mark on a line
    /// of its own between joined lines.
    pub templates: Vec<Range<usize>>,
    /// Whether a template engine decides on parts of the text: a mark such as `{% if x %}` stands in it.
    pub conditional: bool,
    /// Offsets in the text, and where the bytes from there on stand in the file; sorted.
    runs: Vec<(usize, usize)>,
}

impl Value {
    /// Whether a template engine has a part in it.
    pub fn is_template(&self) -> bool {
        self.conditional || !self.templates.is_empty()
    }

    /// Where a part of the text stands in the file. A part that runs over joined lines takes in all between them.
    pub fn span_of(&self, part: Range<usize>) -> Span {
        let start = self.offset(part.start);
        let end = if part.is_empty() { start } else { self.offset(part.end - 1) + 1 };
        Span::new(self.span.file, start..end)
    }

    fn offset(&self, at: usize) -> usize {
        let run = self.runs.partition_point(|(start, _)| *start <= at).saturating_sub(1);
        match self.runs.get(run) {
            Some((start, offset)) => offset + (at - start),
            None => self.span.start as usize,
        }
    }
}

/// Joins the leaves of a logical line; `start` is where it begins in the file.
pub(super) fn join<'i>(
    file: FileId,
    start: usize,
    leaves: impl IntoIterator<Item = Pair<'i, Rule>>,
) -> Value {
    let mut joined = Value {
        text: String::new(),
        span: Span::new(file, start..start),
        templates: Vec::new(),
        conditional: false,
        runs: Vec::new(),
    };
    for leaf in leaves {
        let at = joined.text.len();
        let offset = leaf.as_span().start();
        match leaf.as_rule() {
            Rule::continuation => {
                joined.runs.push((at, offset));
                joined.text.push(' ');
            }
            Rule::aside => {
                let marks = leaf.into_inner().filter(|inner| inner.as_rule() == Rule::tag);
                // A comment of the engine decides nothing.
                for _ in marks.filter(|mark| !mark.as_str().starts_with("{#")) {
                    joined.conditional = true;
                    joined.templates.push(at..at);
                }
            }
            rule => {
                joined.runs.push((at, offset));
                joined.text.push_str(leaf.as_str());
                joined.conditional |= rule == Rule::tag;
                if matches!(rule, Rule::tag | Rule::expression) {
                    joined.templates.push(at..joined.text.len());
                }
            }
        }
    }
    part(&joined, 0..joined.text.len())
}

/// A part of a line as a line of its own, without the blanks at both ends.
pub(super) fn part(line: &Value, range: Range<usize>) -> Value {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
    let text = &line.text[range.clone()];
    let end = range.start + text.trim_end_matches(blank).len();
    let start = end - line.text[range.start..end].trim_start_matches(blank).len();
    let here = line.offset(range.start);
    let span = if start < end { line.span_of(start..end) } else { Span::new(line.span.file, here..here) };
    let first = line.runs.partition_point(|(at, _)| *at <= start).saturating_sub(1);
    Value {
        text: line.text[start..end].into(),
        span,
        templates: line
            .templates
            .iter()
            .filter(|part| part.start <= end && part.end >= start)
            .map(|part| part.start.max(start) - start..part.end.min(end) - start)
            .collect(),
        conditional: line.conditional,
        runs: line.runs[first.min(line.runs.len())..]
            .iter()
            .take_while(|(at, _)| *at < end)
            .map(|(at, offset)| (at.saturating_sub(start), offset + start.saturating_sub(*at)))
            .collect(),
    }
}
