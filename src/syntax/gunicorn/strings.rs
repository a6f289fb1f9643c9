//! Strings side by side, and the fields of f-strings.

use pest::Parser;
use pest::iterators::Pair;

use super::expression::{Reader, opaque};
use super::lines::is_template;
use super::tree::{Expression, ExpressionKind, Piece};
use super::{Grammar, Rule, literal};
use crate::source::Span;

/// How deep f-strings and formats lie in each other; what lies deeper is opaque.
const MAX_DEPTH: usize = 3;

/// The deepest brackets in a field. They add to those around the string.
const MAX_BRACKETS: usize = 8;

/// Strings side by side: they are one.
pub(super) fn join(reader: &Reader, pair: Pair<Rule>) -> Expression {
    let span = reader.span(&pair);
    let mut pieces: Vec<Piece> = Vec::new();
    for part in pair.clone().into_inner().filter(|part| part.as_rule() == Rule::string) {
        let read = match literal::string(part.as_str()) {
            Some(text) => Some(vec![Piece::Text(text)]),
            None => format_string(reader, part.as_str(), part.as_span().start()),
        };
        let Some(read) = read else { return opaque(span, pair.as_str()) };
        pieces.extend(read);
    }
    let is_text = |piece: &Piece| matches!(piece, Piece::Text(_));
    let is_filled = |piece: &Piece| matches!(piece, Piece::Text(text) if is_template(text));
    let plain = pieces.iter().all(is_text);
    if plain && pieces.iter().any(is_filled) {
        return Expression { span, kind: ExpressionKind::Template };
    }
    let kind = if plain {
        let texts = pieces.into_iter().map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Field { .. } => String::new(),
        });
        ExpressionKind::Text(texts.collect())
    } else if is_template(pair.as_str()) && pieces.iter().any(is_filled) {
        return opaque(span, pair.as_str());
    } else {
        ExpressionKind::Format(pieces)
    };
    Expression { span, kind }
}

/// The pieces of an f-string, quotes and all; `base` is where it begins in the reader's text.
fn format_string(reader: &Reader, text: &str, base: usize) -> Option<Vec<Piece>> {
    let at = text.find(['"', '\''])?;
    let prefix = text[..at].to_ascii_lowercase();
    if !matches!(prefix.as_str(), "f" | "rf" | "fr") || reader.depth >= MAX_DEPTH {
        return None;
    }
    let width = if text[at..].starts_with("\"\"\"") || text[at..].starts_with("'''") { 3 } else { 1 };
    let body = text.get(at + width..text.len().checked_sub(width)?)?;
    let mut fields = Fields { reader, body, base: base + at + width, raw: prefix.len() == 2 };
    let (pieces, end) = fields.pieces(0, false, 0)?;
    (end == body.len()).then_some(pieces)
}

struct Fields<'a> {
    reader: &'a Reader,
    body: &'a str,
    /// Where the body begins in the reader's text.
    base: usize,
    raw: bool,
}

impl Fields<'_> {
    /// The pieces from `at` to the end, or to the `}` that ends the format of a field.
    fn pieces(&mut self, mut at: usize, in_format: bool, depth: usize) -> Option<(Vec<Piece>, usize)> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let bytes = self.body.as_bytes();
        loop {
            let rest = self.body.get(at..)?;
            match bytes.get(at) {
                None => break,
                Some(b'{') if rest.starts_with("{{") && !in_format => {
                    text.push('{');
                    at += 2;
                }
                Some(b'}') if rest.starts_with("}}") && !in_format => {
                    text.push('}');
                    at += 2;
                }
                Some(b'}') if in_format => break,
                Some(b'}') => return None,
                Some(b'{') => {
                    if depth >= MAX_DEPTH {
                        return None;
                    }
                    if !text.is_empty() {
                        pieces.push(Piece::Text(self.literal(&std::mem::take(&mut text))?));
                    }
                    let (field, end) = self.field(at + 1, depth)?;
                    pieces.push(field);
                    at = end;
                }
                Some(b'\\') if !self.raw => {
                    let length = rest.chars().take(2).map(char::len_utf8).sum::<usize>();
                    // A character by its name has braces of its own.
                    if rest.starts_with("\\N") || rest.starts_with("\\{") || rest.starts_with("\\}") {
                        return None;
                    }
                    text.push_str(&rest[..length]);
                    at += length;
                }
                Some(_) => {
                    let c = rest.chars().next()?;
                    text.push(c);
                    at += c.len_utf8();
                }
            }
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(self.literal(&text)?));
        }
        Some((pieces, at))
    }

    fn literal(&self, text: &str) -> Option<String> {
        if text.contains('\x1a') {
            return None;
        }
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        if self.raw { Some(text) } else { literal::unescape(&text) }
    }

    /// A field from behind its `{`, and where the text goes on.
    fn field(&mut self, start: usize, depth: usize) -> Option<(Piece, usize)> {
        let end = expression_end(self.body, start)?;
        let mut written = self.body.get(start..end)?;
        let rest = &self.body[end..];
        let shown = is_shown(written).then(|| written.to_string());
        if shown.is_some() {
            written = written.trim_end().strip_suffix('=')?;
        }
        let value = self.expression(written, start)?;
        let mut at = end;
        let mut conversion = None;
        if let Some(rest) = rest.strip_prefix('!') {
            let letter = rest.chars().next().filter(|it| matches!(it, 'r' | 's' | 'a'))?;
            conversion = Some(letter);
            at += 2;
        }
        let mut format = Vec::new();
        if self.body[at..].starts_with(':') {
            let (pieces, end) = self.pieces(at + 1, true, depth + 1)?;
            format = pieces;
            at = end;
        }
        self.body[at..]
            .starts_with('}')
            .then_some((Piece::Field { value, conversion, format, shown }, at + 1))
    }

    fn expression(&self, text: &str, start: usize) -> Option<Expression> {
        let brackets = |c: &u8| matches!(c, b'(' | b'[' | b'{');
        let too_deep =
            text.bytes().filter(brackets).count() > MAX_BRACKETS || text.matches("lambda").count() > 1;
        let place = self.reader.base + self.base + start;
        let span = Span::new(self.reader.file, place..place + text.len());
        if too_deep {
            return Some(opaque(span, text));
        }
        let mut pairs = Grammar::parse(Rule::field_line, text).ok()?;
        let inner = Reader { file: self.reader.file, base: place, depth: self.reader.depth + 1 };
        let line = pairs.next()?;
        let parts = [Rule::elements, Rule::yield_expression];
        line.into_inner().find(|part| parts.contains(&part.as_rule())).map(|part| inner.whole(part))
    }
}

/// Where the expression of a field ends: before `!r`, `:` or `}`.
fn expression_end(body: &str, start: usize) -> Option<usize> {
    let bytes = body.as_bytes();
    let mut open = 0_usize;
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b'}' if open == 0 => return Some(at),
            b')' | b']' | b'}' => open = open.checked_sub(1)?,
            b'!' if open == 0 && bytes.get(at + 1) != Some(&b'=') => return Some(at),
            b':' if open == 0 => return Some(at),
            b'"' | b'\'' => {
                at = string_end(body, at)?;
                continue;
            }
            b'#' | b'\\' => return None,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where a string ends that begins at a quote.
fn string_end(body: &str, start: usize) -> Option<usize> {
    let quote = body.get(start..=start)?;
    let triple = quote.repeat(3);
    let ends = if body[start..].starts_with(&triple) { triple.as_str() } else { quote };
    let mut at = start + ends.len();
    loop {
        let rest = body.get(at..)?;
        if rest.starts_with(ends) {
            return Some(at + ends.len());
        }
        at += match rest.as_bytes().first()? {
            b'\\' => 1 + rest[1..].chars().next()?.len_utf8(),
            _ => rest.chars().next()?.len_utf8(),
        };
    }
}

/// Whether a field shows its own expression: `{value=}`.
fn is_shown(written: &str) -> bool {
    let text = written.trim_end();
    text.ends_with('=') && !["==", "!=", "<=", ">="].iter().any(|operator| text.ends_with(operator))
}
