//! From a word as it is written to the word that nginx takes it for.

use std::fmt;
use std::ops::{Deref, Range};

use super::Rule;
use crate::source::{FileId, Span};

/// A word of a directive. There are very many of these, so that it is kept small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<'s> {
    /// All of it, quotes included.
    pub span: Span,
    /// What nginx takes it for: without quotes, escapes resolved.
    pub text: Text<'s>,
    /// Whether a quote stands before its text.
    pub(super) is_quoted: bool,
    /// Whether a template engine fills in some of it. `$name` and `${name}` are variables, of nginx or of `envsubst`, and
    /// do not count.
    pub template: bool,
    /// Whether it may become another number of words: a template, a variable of `envsubst`, `<your name>`.
    pub open: bool,
    /// Whether there is a `(` in it.
    pub grouped: bool,
}

/// The text of a word: as it is written, or what its escapes make of that.
#[derive(Clone, Debug)]
pub enum Text<'s> {
    /// A piece of the file.
    Written(&'s str),
    /// A piece of the file with escapes in it.
    Escaped(Box<Escaped>),
}

/// What escapes make of a piece of a file.
#[derive(Clone, Debug)]
pub struct Escaped {
    /// The text that they make.
    text: String,
    /// How many bytes long it is as it is written.
    length: u32,
}

impl Text<'_> {
    /// As a string slice.
    pub fn as_str(&self) -> &str {
        self
    }

    fn of(written: &str) -> Text<'_> {
        match written.contains('\\') {
            false => Text::Written(written),
            true => {
                Text::Escaped(Box::new(Escaped { text: unescape(written), length: written.len() as u32 }))
            }
        }
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Text::Written(text) => text,
            Text::Escaped(escaped) => &escaped.text,
        }
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text<'_> {}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<Text<'_>> for &str {
    fn eq(&self, other: &Text<'_>) -> bool {
        **self == **other
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl AsRef<str> for Word<'_> {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl<'s> Word<'s> {
    /// The word of a rule of the grammar, which stands in a range of a text.
    pub(super) fn new(file: FileId, rule: Rule, range: Range<usize>, text: &'s str) -> Word<'s> {
        let written = &text[range.clone()];
        let span = Span::new(file, range);
        if matches!(rule, Rule::simple | Rule::key) {
            let marks = marks(written);
            let template = marks & LOW_LINE != 0 && has_bare_placeholder(written);
            return Word::marked(span, Text::Written(written), false, template, marks);
        }
        let end = written.len();
        let inner = match rule {
            Rule::quoted => 1..end - 1,
            Rule::adjoined => 1..closing_quote(written).unwrap_or(end),
            Rule::raw_name if written.starts_with(['"', '\'']) => 1..end - 1,
            Rule::unclosed => 1..end,
            _ => 0..end,
        };
        let is_quoted = inner.start > 0;
        let inner = &written[inner];
        Word::of(span, Text::of(inner), is_quoted, is_template(inner))
    }

    /// A word of a text, without its quotes, of which it is known whether a template fills in some.
    pub(super) fn of(span: Span, text: Text<'s>, is_quoted: bool, template: bool) -> Word<'s> {
        let marks = marks(&text);
        Word::marked(span, text, is_quoted, template, marks)
    }

    fn marked(span: Span, text: Text<'s>, is_quoted: bool, template: bool, marks: u8) -> Word<'s> {
        let is_placeholder = marks & ANGLE != 0 && !text.starts_with('~');
        let open = template || is_placeholder || marks & DOLLAR != 0 && is_variable_in_capitals(&text);
        Word { span, text, is_quoted, template, open, grouped: marks & PARENTHESIS != 0 }
    }

    /// All of it without its quotes.
    pub fn inner(&self) -> Span {
        let start = self.span.start + u32::from(self.is_quoted);
        let length = match &self.text {
            Text::Written(text) => text.len() as u32,
            Text::Escaped(escaped) => escaped.length,
        };
        Span { start, end: start + length, ..self.span }
    }
}

const ANGLE: u8 = 1;
const PARENTHESIS: u8 = 2;
const LOW_LINE: u8 = 4;
const DOLLAR: u8 = 8;

/// What of `<>(_$` stands in a text. Every word of every file is asked, and hardly one has any.
fn marks(text: &str) -> u8 {
    const MARKS: [u8; 256] = {
        let mut marks = [0; 256];
        marks[b'<' as usize] = ANGLE;
        marks[b'>' as usize] = ANGLE;
        marks[b'(' as usize] = PARENTHESIS;
        marks[b'_' as usize] = LOW_LINE;
        marks[b'$' as usize] = DOLLAR;
        marks
    };
    text.bytes().fold(0, |seen, byte| seen | MARKS[usize::from(byte)])
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

/// Whether a text is a variable of `envsubst`: nginx's own have small letters in their names.
fn is_variable_in_capitals(text: &str) -> bool {
    text.strip_prefix('$').is_some_and(|rest| {
        let name = rest.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or(rest);
        !name.is_empty() && !name.bytes().any(|it| it.is_ascii_lowercase())
    })
}

/// Whether a template engine fills in some of a text.
fn is_template(text: &str) -> bool {
    ["{{", "{%", "{#", "<%", "%{"].iter().any(|opener| text.contains(opener)) || has_bare_placeholder(text)
}

/// `__NAME__`: capital letters, digits and underscores between two underscores on either side.
fn has_bare_placeholder(text: &str) -> bool {
    if !text.as_bytes().windows(2).any(|pair| pair == b"__") {
        return false;
    }
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
    fn what_may_become_another_number_of_words() {
        let is_open = |text: &str| {
            let span = Span::new(FileId(0), 0..text.len());
            Word::of(span, Text::Written(text), false, is_template(text)).open
        };
        for text in ["$PORT", "${PORT}", "$1", "<your name>", "a>", "{{ x }}"] {
            assert!(is_open(text), "{text}");
        }
        for text in ["$port", "${port}", "$Port", "$", "${}", "a$PORT", "~<(?<name>a)", "80"] {
            assert!(!is_open(text), "{text}");
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
