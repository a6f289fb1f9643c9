//! The grammar's parse to the tree.

use pest::iterators::Pair;

use super::grammar::{self, Rule};
use super::template::{self, Effect};
use super::value::{self, Value};
use super::{Entry, Section, Tree};
use crate::source::{FileId, Span};
use crate::syntax::{Parsed, SyntaxError};
use crate::units;

/// The sections that units have. Source: systemd.unit(5) and the pages of the unit types.
const SECTIONS: [&str; 11] =
    ["Unit", "Install", "Service", "Socket", "Timer", "Path", "Mount", "Automount", "Swap", "Slice", "Scope"];

/// What has been read so far.
struct Builder {
    file: FileId,
    tree: Tree,
    errors: Vec<SyntaxError>,
    /// How many template blocks are open.
    depth: usize,
    /// How many were open at the header of the section that is read.
    header_depth: usize,
    /// Whether a line stood before the first header.
    lacks_header: bool,
    /// Whether a line before the first header begins with a directive of systemd's.
    has_directive: bool,
    /// Whether a template mark stands before the statement on its line.
    marked_line: bool,
    /// The assignment on the line before, for hints.
    after: Option<After>,
}

/// The statement on the line before.
struct After {
    /// Where its line ends, line end included.
    end: usize,
    /// Whether a backslash with blanks behind it ends it.
    stray_backslash: bool,
}

pub(super) fn build(file: FileId, text: &str) -> Parsed<Tree> {
    let mut builder = Builder {
        file,
        tree: Tree { sections: Vec::new(), holes: Vec::new() },
        errors: Vec::new(),
        depth: 0,
        header_depth: 0,
        lacks_header: false,
        has_directive: false,
        marked_line: false,
        after: None,
    };
    for item in grammar::parse(text).into_iter().flat_map(Pair::into_inner) {
        builder.item(item);
    }
    // A file of assignments to variables, or a text, that is only called like a unit: nobody forgot a header.
    let is_all = builder.lacks_header && builder.errors.len() == 1;
    if is_all && builder.tree.sections.is_empty() && !builder.has_directive {
        builder.errors.clear();
    }
    Parsed { tree: builder.tree, errors: builder.errors }
}

impl Builder {
    fn item(&mut self, item: Pair<'_, Rule>) {
        let rule = item.as_rule();
        let (start, end) = (item.as_span().start(), item.as_span().end());
        let stray_backslash = rule == Rule::assignment && item.as_str().trim_end().ends_with('\\');
        match rule {
            Rule::control => {
                self.marked_line = true;
                let tag = item.into_inner().last();
                self.count(tag.into_iter());
                return;
            }
            Rule::section => self.section(item),
            Rule::assignment => self.assignment(item),
            Rule::junk => self.junk(item, start),
            Rule::comment => self.comment(item.as_str()),
            _ => {}
        }
        self.marked_line = false;
        self.after = (rule == Rule::assignment).then_some(After { end, stray_backslash });
    }

    /// Opens and closes the template blocks that marks open and close.
    fn count<'i>(&mut self, leaves: impl Iterator<Item = Pair<'i, Rule>>) {
        for leaf in leaves {
            let effect = match leaf.as_rule() {
                Rule::tag => template::of_tag(leaf.as_str()),
                Rule::expression => match template::of_expression(leaf.as_str()) {
                    Effect::Insert => Effect::Nothing,
                    effect => effect,
                },
                _ => Effect::Nothing,
            };
            match effect {
                Effect::Open => self.depth += 1,
                Effect::Close => self.depth = self.depth.saturating_sub(1),
                Effect::Nothing => {}
                Effect::Insert => self.hole(Span::new(self.file, span_of(&leaf))),
            }
        }
    }

    fn section(&mut self, item: Pair<'_, Rule>) {
        let Some(header) = item.clone().into_inner().find(|inner| inner.as_rule() == Rule::header) else {
            return;
        };
        let range = span_of(&header);
        let line = value::join(self.file, range.start, header.into_inner());
        self.depth_of(item);
        if line.is_template() {
            self.tree.holes.push(line.span);
            return;
        }
        match line.text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            None => {
                let message = format!("Invalid section header '{}'", line.text);
                self.error(line.span, &message, Some("a header is `[Name]` on a line of its own"));
            }
            Some(name) if !is_safe(name) => {
                let message = format!("Bad characters in section header '{}'", line.text);
                self.error(line.span, &message, None);
            }
            Some(name) => {
                self.header_depth = self.depth;
                self.tree.sections.push(Section {
                    name: name.into(),
                    span: line.span,
                    entries: Vec::new(),
                    holes: Vec::new(),
                });
            }
        }
    }

    fn assignment(&mut self, item: Pair<'_, Rule>) {
        let mut key = None;
        let mut assigned = None;
        let conditional = self.depth > 0;
        for part in item.clone().into_inner() {
            let range = span_of(&part);
            match part.as_rule() {
                Rule::key => key = Some(value::join(self.file, range.start, part.into_inner())),
                Rule::value => assigned = Some(value::join(self.file, range.start, part.into_inner())),
                _ => {}
            }
        }
        if let (Some(key), Some(assigned)) = (key, assigned) {
            self.entry(&key, assigned, conditional);
        }
        self.depth_of(item);
    }

    fn entry(&mut self, key: &Value, mut assigned: Value, conditional: bool) {
        let span = key.span.to(assigned.span);
        if key.is_template() {
            // A block that opens and closes within one line: `{{ if .A }}Key=value{{ end }}`.
            return self.hole(span);
        }
        if key.text.is_empty() {
            return self.missing(span, "Missing key name before '=', ignoring line.", None);
        }
        if key.text.contains('\x1a') || assigned.text.contains('\x1a') {
            let message = format!("String is not UTF-8 clean, ignoring assignment: {}", key.text);
            self.error(span, &message, Some("save the file as UTF-8"));
        }
        if self.depth < self.header_depth {
            // The header may be absent while this line stays: then it belongs to the section before.
            let at = self.tree.sections.len().saturating_sub(2);
            self.tree.sections.iter_mut().skip(at).for_each(|section| section.holes.push(span));
        }
        let Some(section) = self.tree.sections.last_mut() else {
            if !conditional {
                self.has_directive |= !units::named(&key.text).is_empty();
                self.outside(span);
            }
            return;
        };
        assigned.conditional |= self.marked_line && assigned.is_template();
        section.entries.push(Entry {
            key: key.text.clone(),
            key_span: key.span,
            value: assigned,
            span,
            conditional: conditional || self.marked_line,
        });
    }

    fn junk(&mut self, item: Pair<'_, Rule>, start: usize) {
        let leaves =
            item.clone().into_inner().filter(|leaf| !matches!(leaf.as_rule(), Rule::space | Rule::eol));
        let line = value::join(self.file, start, leaves);
        let mut expressions = item.clone().into_inner().filter(|leaf| leaf.as_rule() == Rule::expression);
        if line.is_template() {
            // `{{ lines }}` puts what is not known; `{{ if .X }}` only decides.
            let inserts = expressions.any(|leaf| template::of_expression(leaf.as_str()) == Effect::Insert);
            if inserts || line.templates.iter().map(ExactSizeIterator::len).sum::<usize>() < line.text.len() {
                self.hole(line.span);
            }
        } else if self.marked_line || self.depth > 0 {
            self.hole(line.span);
        } else if let Some(at) = line.text.find('=') {
            // The line before the `=` is joined from several: the key is odd, but the statement is one.
            let key = value::part(&line, 0..at);
            let assigned = value::part(&line, at + 1..line.text.len());
            self.entry(&key, assigned, false);
        } else if !line.text.is_empty() {
            let hint = self.after.as_ref().filter(|after| after.end == start).map(|after| {
                if after.stray_backslash {
                    "the line before ends in blanks behind the `\\`, so it is not continued"
                } else {
                    "if it belongs to the line before, end that line with ` \\`"
                }
            });
            self.missing(line.span, "Missing '=', ignoring line.", hint);
        }
        self.depth_of(item);
    }

    /// A line that is no assignment. systemd does not look at the lines of sections that it ignores.
    fn missing(&mut self, span: Span, message: &str, hint: Option<&str>) {
        match self.tree.sections.last() {
            None => self.outside(span),
            Some(section) if SECTIONS.contains(&section.name.as_str()) => {
                self.errors.push(ignored(span, message, hint));
            }
            Some(_) => {}
        }
    }

    /// A line before the first header. The header is missing once, however many lines there are.
    fn outside(&mut self, span: Span) {
        if self.tree.holes.is_empty() && !self.lacks_header {
            self.lacks_header = true;
            let hint = "put a header such as `[Service]` above it";
            self.errors.push(ignored(span, "Assignment outside of section. Ignoring.", Some(hint)));
        }
    }

    /// A template engine does not know systemd's comments: marks in one open and close blocks all the same.
    fn comment(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find("{%").into_iter().chain(rest.find("<%")).min() {
            let close = if rest[at..].starts_with('{') { "%}" } else { "%>" };
            let Some(length) = rest[at..].find(close) else { return };
            match template::of_tag(&rest[at..at + length + 2]) {
                Effect::Open => self.depth += 1,
                Effect::Close => self.depth = self.depth.saturating_sub(1),
                Effect::Nothing | Effect::Insert => {}
            }
            rest = &rest[at + length + 2..];
        }
    }

    /// Counts the marks within a statement, those on lines between joined ones included.
    fn depth_of(&mut self, item: Pair<'_, Rule>) {
        self.count(item.into_inner().flatten());
    }

    fn hole(&mut self, span: Span) {
        match self.tree.sections.last_mut() {
            Some(section) => section.holes.push(span),
            None => self.tree.holes.push(span),
        }
    }

    fn error(&mut self, span: Span, message: &str, hint: Option<&str>) {
        self.errors.push(SyntaxError {
            span,
            message: message.into(),
            hint: hint.map(Into::into),
            ignored: false,
        });
    }
}

fn span_of(pair: &Pair<'_, Rule>) -> std::ops::Range<usize> {
    pair.as_span().start()..pair.as_span().end()
}

/// systemd's `string_is_safe`: no control characters, quotes or backslashes.
fn is_safe(name: &str) -> bool {
    !name.chars().any(|c| c.is_ascii_control() || matches!(c, '"' | '\'' | '\\'))
}

/// What systemd warns of and goes on without.
fn ignored(span: Span, message: &str, hint: Option<&str>) -> SyntaxError {
    SyntaxError { span, message: message.into(), hint: hint.map(Into::into), ignored: true }
}
