//! Changes to texts, as data.

use crate::source::Span;

/// One replacement: what stands under the span gives way to the text. An empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What is replaced, in the offsets of the text before any edit.
    pub span: Span,
    /// What stands there afterwards.
    pub replacement: String,
}

/// How far a fix may be trusted. Ordered: each level includes the ones below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// Shown, never applied: it picks between intents, or is a sketch.
    Manual,
    /// Applied on request: it helps, but changes what a running service does for requests that succeed today.
    Unsafe,
    /// Applied by `--fix`: every request that is served today is served the same way afterwards, and there is one
    /// evident intent.
    Safe,
}

impl Applicability {
    /// The name in messages and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Applicability::Manual => "manual",
            Applicability::Unsafe => "unsafe",
            Applicability::Safe => "safe",
        }
    }
}

/// The mend of one finding: edits in one or several files, applied all or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an imperative: ``raise `proxy_read_timeout` to 125 s``.
    pub title: String,
    /// How far it may be trusted.
    pub applicability: Applicability,
    /// Whether it overrules what somebody said at the end that is not meant to follow, so that it is made only where the
    /// configuration says that this end follows.
    pub on_demand: bool,
    /// Sorted, disjoint, without duplicates; in original offsets.
    edits: Vec<Edit>,
}

impl Fix {
    /// A fix from edits in any order; equal ones count once. `None` where two edits touch, since what they would make
    /// together is then a matter of order, or where there is nothing to do.
    pub fn new(title: impl Into<String>, applicability: Applicability, mut edits: Vec<Edit>) -> Option<Fix> {
        edits.sort();
        edits.dedup();
        let touching = edits.windows(2).any(|pair| conflict(pair[0].span, pair[1].span));
        (!edits.is_empty() && !touching).then(|| Fix {
            title: title.into(),
            applicability,
            on_demand: false,
            edits,
        })
    }

    /// The same, which is made only where its end is the one that follows.
    pub fn on_demand(self) -> Fix {
        Fix { on_demand: true, ..self }
    }

    /// The edits, sorted and disjoint.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }
}

/// Whether two spans cannot be edited together: they overlap, or both insert at one place.
pub fn conflict(a: Span, b: Span) -> bool {
    let disjoint = a.file != b.file || a.end <= b.start || b.end <= a.start;
    let same_start = a.file == b.file && a.start == b.start;
    !disjoint || same_start
}

/// The text after edits that are sorted, disjoint and all of this text's file.
///
/// # Panics
/// If an edit reaches beyond the text or the edits are not sorted and disjoint: both are faults of the caller.
pub fn apply<'a>(text: &[u8], edits: impl IntoIterator<Item = &'a Edit>) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        let range = edit.span.range();
        result.extend_from_slice(&text[at..range.start]);
        result.extend_from_slice(edit.replacement.as_bytes());
        at = range.end;
    }
    result.extend_from_slice(&text[at..]);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn edit(start: usize, end: usize, replacement: &str) -> Edit {
        Edit { span: Span::new(FileId(0), start..end), replacement: replacement.into() }
    }

    fn fix(edits: Vec<Edit>) -> Option<Fix> {
        Fix::new("mend it", Applicability::Safe, edits)
    }

    #[test]
    fn edits_apply_in_original_offsets() {
        let fix = fix(vec![edit(6, 7, "CC"), edit(0, 1, ""), edit(3, 3, "+")]).unwrap();
        assert_eq!(apply(b"a b c d", fix.edits()), b" b+ c CC");
    }

    #[test]
    fn equal_edits_count_once_and_touching_ones_make_no_fix() {
        assert_eq!(fix(vec![edit(0, 1, "x"), edit(0, 1, "x")]).unwrap().edits().len(), 1);
        assert_eq!(fix(vec![edit(0, 2, "x"), edit(1, 3, "y")]), None);
        assert_eq!(fix(vec![edit(1, 1, "x"), edit(1, 1, "y")]), None);
        assert_eq!(fix(vec![]), None);
        assert!(fix(vec![edit(0, 2, "x"), edit(2, 3, "y")]).is_some());
    }
}
