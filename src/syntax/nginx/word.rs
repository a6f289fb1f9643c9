//! From a word as it is written to the word that nginx takes it for.

use std::ops::Range;

use super::{Rule, Word};
use crate::source::{FileId, Span};

/// The word of a rule of the grammar, which stands in a range of a text.
pub(super) fn word(file: FileId, rule: Rule, range: Range<usize>, text: &str) -> Word {
    let written = &text[range.clone()];
    let Range { start, end } = range;
    if matches!(rule, Rule::simple | Rule::key) {
        let span = Span::new(file, start..end);
        let template = written.as_bytes().windows(2).any(|it| it == b"__") && has_bare_placeholder(written);
        return Word { span, inner: span, text: written.into(), template };
    }
    let inner = match rule {
        Rule::quoted => start + 1..end - 1,
        Rule::adjoined => start + 1..start + closing_quote(written).unwrap_or(written.len()),
        Rule::raw_name if written.starts_with(['"', '\'']) => start + 1..end - 1,
        Rule::unclosed => start + 1..end,
        _ => start..end,
    };
    let text = &written[inner.start - start..inner.end - start];
    Word {
        span: Span::new(file, start..end),
        inner: Span::new(file, inner),
        text: unescape(text),
        template: is_template(text),
    }
}

/// Where the quote that a word begins with is closed.
pub(super) fn closing_quote(written: &str) -> Option<usize> {
    let (mut escaped, quote) = (false, *written.as_bytes().first()?);
    written.bytes().enumerate().skip(1).find_map(|(at, byte)| {
        let closes = byte == quote && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes.then_some(at)
    })
}

/// Resolves backslashes as nginx does, in quotes and outside of them: `\"`, `\'` and `\\` lose theirs, `\t`, `\r` and
/// `\n` are what they are in C, and any other keeps it.
fn unescape(written: &str) -> String {
    let mut text = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let (meant, taken) = match rest.as_bytes().get(at + 1) {
            Some(b'"') => ('"', 2),
            Some(b'\'') => ('\'', 2),
            Some(b'\\') => ('\\', 2),
            Some(b't') => ('\t', 2),
            Some(b'r') => ('\r', 2),
            Some(b'n') => ('\n', 2),
            _ => ('\\', 1),
        };
        text.push(meant);
        rest = &rest[at + taken..];
    }
    text.push_str(rest);
    text
}

/// Whether a template engine fills in some of a text.
fn is_template(text: &str) -> bool {
    ["{{", "{%", "{#", "<%", "%{"].iter().any(|opener| text.contains(opener)) || has_bare_placeholder(text)
}

/// `__NAME__`: capital letters, digits and underscores between two underscores on either side.
fn has_bare_placeholder(text: &str) -> bool {
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    text.split(|c| !is_name(c)).any(|name| {
        let middle = name.strip_prefix("__").and_then(|it| it.strip_suffix("__"));
        middle.is_some_and(|it| it.starts_with(|c: char| c.is_ascii_uppercase()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backslashes() {
        for (written, text) in [
            (r"a", "a"),
            (r"\.php$", r"\.php$"),
            (r"a\\b", r"a\b"),
            (r"a\tb\nc\rd", "a\tb\nc\rd"),
            (r#"\"\'"#, "\"'"),
            (r"\\n", r"\n"),
            (r"\ a", r"\ a"),
            (r"a\", r"a\"),
            (r"\ä", r"\ä"),
        ] {
            assert_eq!(unescape(written), text, "{written}");
        }
    }

    #[test]
    fn what_a_template_engine_fills_in() {
        for text in
            ["{{ x }}", "a{{x}}b", "{% if x %}a{% endif %}", "<%= x %>", "%{host}", "__PATH__", "/x__APP_2__"]
        {
            assert!(is_template(text), "{text}");
        }
        for text in
            ["$x", "${x}", "__init__", "/__takahe_accel__/", "a%20b", "{", "A__B", "____", "^[a-z]{2}$"]
        {
            assert!(!is_template(text), "{text}");
        }
    }
}
