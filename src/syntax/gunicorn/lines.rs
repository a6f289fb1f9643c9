//! Words to logical lines: brackets, strings of several lines and backslashes join what line breaks part.

use std::ops::Range;

use super::{Rule, leaves};
use crate::source::{FileId, Span};
use crate::syntax::SyntaxError;

/// The deepest brackets that are read; what nests deeper is opaque. Each level costs the parser some kilobytes of stack.
pub(super) const MAX_DEPTH: usize = 24;

/// The deepest brackets that CPython reads (`MAXLEVEL` in `Parser/lexer/state.h`; seen with 3.11).
const CPYTHON_MAX_DEPTH: usize = 200;

/// A leaf of the parse.
pub(super) struct Word {
    pub(super) rule: Rule,
    pub(super) range: Range<usize>,
}

/// A logical line.
pub(super) struct Line {
    /// From its first word to its last, without comments at either end.
    pub(super) range: Range<usize>,
    /// Its indentation.
    pub(super) indent: Range<usize>,
    /// What is to be made of it.
    pub(super) reading: Reading,
}

/// What is to be made of a logical line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// To be read by the grammar.
    Python,
    /// A line for a template engine alone.
    Template,
    /// Not to be read: it is too deep, or broken.
    Opaque {
        /// Whether its last word is a colon, so that a block may follow.
        colon: bool,
    },
}

/// The words of a text.
pub(super) fn words(text: &str) -> Vec<Word> {
    leaves(text).into_iter().map(|(rule, range)| Word { rule, range }).collect()
}

/// Whether a template engine is to fill something in.
pub(super) fn has_templates(text: &str, words: &[Word]) -> bool {
    words.iter().any(|word| match word.rule {
        Rule::template => true,
        Rule::string | Rule::unterminated | Rule::comment => is_template(&text[word.range.clone()]),
        _ => false,
    })
}

/// Whether a text holds a piece for a template engine: Jinja's, ERB's, or `${NAME}` of envsubst.
pub(super) fn is_template(text: &str) -> bool {
    let piece = |open: &str, close: &str| text.find(open).is_some_and(|at| text[at..].contains(close));
    let variable = |rest: &str| {
        rest.find('}').is_some_and(|end| {
            end > 0 && rest[..end].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
    };
    piece("{{", "}}") || piece("{%", "%}") || piece("<%", "%>") || text.split("${").skip(1).any(variable)
}

/// The logical lines, and what is wrong with strings and brackets.
pub(super) fn logical(file: FileId, text: &str, words: &[Word]) -> (Vec<Line>, Vec<SyntaxError>) {
    let mut lines = Vec::new();
    let mut errors = Vec::new();
    let mut line = Open::default();
    for word in words {
        line.take(&text[word.range.clone()], word);
        if word.rule == Rule::newline && line.brackets.is_empty() {
            lines.extend(line.close(file, &mut errors));
            line = Open::default();
        }
    }
    lines.extend(line.close(file, &mut errors));
    (lines, errors)
}

/// A logical line whose end is not reached yet.
#[derive(Default)]
struct Open {
    indent: Range<usize>,
    content: Option<Range<usize>>,
    brackets: Vec<(char, usize)>,
    /// The brackets around each `lambda` whose colon is not reached: their defaults nest as brackets do.
    lambdas: Vec<usize>,
    too_deep: bool,
    fault: Option<(Range<usize>, String)>,
    /// An f-string may hold quotes and brackets that are not told apart from its end: then no fault is certain.
    has_format: bool,
    has_code: bool,
    colon: bool,
}

impl Open {
    fn take(&mut self, text: &str, word: &Word) {
        let range = word.range.clone();
        match word.rule {
            Rule::space if self.content.is_none() => {
                self.indent = range;
                return;
            }
            Rule::byte_order_mark | Rule::space | Rule::newline | Rule::continuation | Rule::comment => {
                return;
            }
            _ => {}
        }
        self.has_code |= word.rule != Rule::template;
        self.colon = text == ":";
        let start = self.content.as_ref().map_or(range.start, |content| content.start);
        self.content = Some(start..range.end);
        match word.rule {
            Rule::open => self.open(text, range),
            Rule::close => self.shut(text, range),
            Rule::identifier if text == "lambda" => {
                self.lambdas.push(self.brackets.len());
                self.too_deep |= self.brackets.len() + self.lambdas.len() > MAX_DEPTH;
            }
            Rule::operator if text == ":" && self.lambdas.last() == Some(&self.brackets.len()) => {
                self.lambdas.pop();
            }
            Rule::string => self.has_format |= is_format(text),
            Rule::unterminated => {
                self.has_format |= is_format(text);
                let quotes = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
                let triple = if quotes.starts_with("\"\"\"") || quotes.starts_with("'''") {
                    "triple-quoted "
                } else {
                    ""
                };
                self.blame(range, format!("unterminated {triple}string literal"));
            }
            _ => {}
        }
    }

    fn open(&mut self, text: &str, range: Range<usize>) {
        self.too_deep |= self.brackets.len() + self.lambdas.len() >= MAX_DEPTH;
        if self.brackets.len() >= CPYTHON_MAX_DEPTH {
            self.blame(range.clone(), "too many nested parentheses".into());
        }
        self.brackets.push((text.chars().next().unwrap_or('('), range.start));
    }

    fn shut(&mut self, text: &str, range: Range<usize>) {
        let inside = |around: &usize| *around >= self.brackets.len();
        while self.lambdas.last().is_some_and(inside) {
            self.lambdas.pop();
        }
        match self.brackets.pop() {
            None => self.blame(range, format!("unmatched '{text}'")),
            Some((open, _)) if matches!((open, text), ('(', ")") | ('[', "]") | ('{', "}")) => {}
            Some((open, _)) => self.blame(
                range,
                format!("closing parenthesis '{text}' does not match opening parenthesis '{open}'"),
            ),
        }
    }

    /// The first fault of a line is the one that CPython names.
    fn blame(&mut self, range: Range<usize>, message: String) {
        self.fault.get_or_insert((range, message));
    }

    fn close(mut self, file: FileId, errors: &mut Vec<SyntaxError>) -> Option<Line> {
        if let Some((bracket, at)) = self.brackets.last().copied() {
            self.blame(at..at + 1, format!("'{bracket}' was never closed"));
        }
        let broken = self.fault.is_some();
        if let Some((range, message)) = self.fault.filter(|_| !self.has_format) {
            errors.push(SyntaxError { span: Span::new(file, range), message, hint: None, ignored: false });
        }
        let reading = if !self.has_code {
            Reading::Template
        } else if broken || self.too_deep {
            Reading::Opaque { colon: self.colon }
        } else {
            Reading::Python
        };
        self.content.map(|range| Line { range, indent: self.indent, reading })
    }
}

/// Whether a string has replacement fields.
fn is_format(text: &str) -> bool {
    let prefix = text.split(['"', '\'']).next().unwrap_or_default();
    prefix.contains(['f', 'F', 't', 'T'])
}
