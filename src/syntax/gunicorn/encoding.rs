//! Letters beyond ASCII: which encoding a file names, and what Python cannot decode.

use super::lines::{has_templates, words};
use super::{Rule, Tree};
use crate::source::{FileId, Span};
use crate::syntax::{Parsed, SyntaxError};

/// Whether one of the first two lines names an encoding other than UTF-8, in which letters beyond ASCII are others.
///
/// Source: "Encoding declarations" in the Python language reference.
pub(super) fn declares_encoding(text: &str) -> bool {
    text.split('\n').take(2).filter(|line| line.trim_start().starts_with('#')).any(|line| {
        line.match_indices("coding").any(|(at, word)| {
            let behind = &line[at + word.len()..];
            let Some(name) = behind.strip_prefix([':', '=']) else { return false };
            let name = name.trim_start().to_ascii_lowercase();
            !name.is_empty() && !name.starts_with("utf-8") && !name.starts_with("utf8")
        })
    })
}

/// A text of the same length in which the bytes of letters beyond ASCII are marked as not known.
pub(super) fn masked(text: &str) -> String {
    let mark = |c: char| if c.is_ascii() { c.to_string() } else { "\x1a".repeat(c.len_utf8()) };
    text.chars().map(mark).collect()
}

/// Notes the first string of which Python cannot decode the bytes: without a word about its encoding a file is in UTF-8.
///
/// Only strings are decoded; what a comment holds is no matter. Nothing is said of a file that is refused anyway, or whose text a
/// template engine is still to make.
///
/// Source: `Parser/string_parser.c` of CPython, where it decodes. Seen with 3.6 to 3.13.
pub fn undecodable(file: FileId, text: &str, bytes: &[u8], parsed: &mut Parsed<Tree>) {
    if text.as_bytes() == bytes || !parsed.errors.is_empty() || declares_encoding(text) {
        return;
    }
    let words = words(text);
    if has_templates(text, &words) {
        return;
    }
    let strings = words.iter().filter(|word| word.rule == Rule::string);
    let error = strings.filter_map(|word| {
        let refused = refused(&bytes[word.range.clone()])?;
        let start = word.range.start + refused.at;
        Some(SyntaxError {
            span: Span::new(file, start..start + 1),
            message: format!(
                "(unicode error) 'utf-8' codec can't decode byte {:#04x} in position {}: {}",
                bytes[start], refused.position, refused.reason
            ),
            hint: Some(
                "save the file as UTF-8, or name its encoding in the first line: `# -*- coding: latin-1 -*-`"
                    .into(),
            ),
            ignored: false,
        })
    });
    parsed.errors.extend({ error }.next());
}

/// What Python cannot decode.
struct Refused {
    /// The byte, from the beginning of the literal.
    at: usize,
    /// The byte as Python counts.
    position: usize,
    /// Why.
    reason: &'static str,
}

/// What Python cannot decode of a string literal, prefix and quotes included. Of bytes and f-strings it says other things.
fn refused(literal: &[u8]) -> Option<Refused> {
    let quote = literal.iter().position(|byte| matches!(byte, b'"' | b'\''))?;
    let prefix = literal[..quote].to_ascii_lowercase();
    if !matches!(prefix.as_slice(), b"" | b"u" | b"r") {
        return None;
    }
    let width = if literal[quote..].starts_with(&[literal[quote]; 3]) { 3 } else { 1 };
    let start = quote + width;
    let body = literal.get(start..literal.len().checked_sub(width)?)?;
    let error = std::str::from_utf8(body).err()?;
    let at = error.valid_up_to();
    // With escapes in it, letters beyond ASCII are decoded run by run; a line break is one character to Python.
    let by_runs = prefix != b"r" && body.contains(&b'\\');
    let run = body[..at].iter().rev().take_while(|byte| !byte.is_ascii()).count();
    let breaks = body[..at].windows(2).filter(|pair| pair == b"\r\n").count();
    let rest = &body[at..];
    let end = if by_runs { rest.iter().position(u8::is_ascii).unwrap_or(rest.len()) } else { rest.len() };
    let reason = match (rest[0], std::str::from_utf8(&rest[..end]).err()?.error_len()) {
        (0x80..=0xc1 | 0xf5.., _) => "invalid start byte",
        (_, Some(_)) => "invalid continuation byte",
        (_, None) => "unexpected end of data",
    };
    Some(Refused { at: start + at, position: if by_runs { run } else { at - breaks }, reason })
}
