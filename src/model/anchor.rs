//! Where a setting can be changed or a new one be put, so that a rule can write a fix without seeing syntax.

use crate::edit::{Applicability, Edit};
use crate::source::{Sources, Span, line_end, line_start, whole_lines};

/// A statement of a file that a fix may change or stand beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The whole statement: `proxy_read_timeout 30s;`, `timeout = 30`, `TimeoutStopSec=5`.
    pub span: Span,
    /// The part of it that is the value: `30s`.
    pub value: Span,
    /// How a setting is written where the anchor stands.
    pub dialect: Dialect,
}

/// How a setting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `name value;`
    Nginx,
    /// `name = value`
    Python,
    /// `name=value`
    Unit,
    /// A word of a command line: it can be replaced, and nothing can be put beside it.
    CommandLine,
}

impl Anchor {
    /// Gives the setting another value, which is written as the dialect writes it.
    pub fn set(&self, value: &str) -> Edit {
        Edit { span: self.value, replacement: value.into() }
    }

    /// How safe it is to write another value in the place of this one: an expression of names, such as a variable of the
    /// environment with a default, has an intent of its own.
    pub fn replacing(&self, sources: &Sources) -> Applicability {
        let written = sources.text(self.value);
        let is_word = |word: &str| word.starts_with(|c: char| c.is_alphabetic() || c == '_');
        let mut words =
            written.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| is_word(word));
        let is_literal =
            written.starts_with(['"', '\'']) || words.all(|it| matches!(it, "True" | "False" | "None"));
        if self.dialect != Dialect::Python || is_literal {
            Applicability::Safe
        } else {
            Applicability::Unsafe
        }
    }

    /// Puts other settings, by name and value, behind this one: on lines of their own with the same indentation, or on
    /// the same line where the statement shares its line with others. `None` where nothing can be put.
    pub fn add_after(&self, sources: &Sources, settings: &[(&str, String)]) -> Option<Edit> {
        let statement = |name: &str, value: &str| match self.dialect {
            Dialect::Nginx => Some(format!("{name} {value};")),
            Dialect::Python => Some(format!("{name} = {value}")),
            Dialect::Unit => Some(format!("{name}={value}")),
            Dialect::CommandLine => None,
        };
        let statements: Vec<String> =
            settings.iter().map(|(name, value)| statement(name, value)).collect::<Option<_>>()?;
        let text = &sources.get(self.span.file).text;
        let (start, end) = (self.span.start as usize, self.span.end as usize);
        let indentation = &text[line_start(text, start)..start];
        let behind_line = text[end..].find('\n').map_or(text.len(), |at| end + at);
        let behind = text[end..behind_line].trim();
        let alone = indentation.trim().is_empty() && (behind.is_empty() || behind.starts_with('#'));
        if !alone {
            let insert = Span { file: self.span.file, start: self.span.end, end: self.span.end };
            return (self.dialect == Dialect::Nginx)
                .then(|| Edit { span: insert, replacement: format!(" {}", statements.join(" ")) });
        }
        let has_cr = text[..behind_line].ends_with('\r');
        let eol = line_end(text, behind_line);
        let at = behind_line - usize::from(has_cr);
        let insert = Span::new(self.span.file, at..at);
        let replacement = statements.iter().map(|it| format!("{eol}{indentation}{it}")).collect();
        Some(Edit { span: insert, replacement })
    }

    /// Takes the statement away: with its line, the comment and the line end on it where nothing else stands there, else
    /// with the blank between it and its neighbour.
    pub fn remove(&self, sources: &Sources) -> Edit {
        let text = &sources.get(self.span.file).text;
        let (start, end) = (self.span.start as usize, self.span.end as usize);
        let line = line_start(text, start);
        let behind_line = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        let (before, behind) = (&text[line..start], text[end..behind_line].trim());
        // A mark that a value goes on, which goes on with nothing.
        let is_mark = self.dialect == Dialect::Unit && behind == "\\";
        let is_last = behind.is_empty() || behind.starts_with('#') || is_mark;
        let range = match (before.trim().is_empty(), is_last) {
            (true, true) => whole_lines(text, line..behind_line),
            (true, false) => start..end + text[end..].find(|c: char| !c.is_whitespace()).unwrap_or(0),
            (false, _) => line + before.trim_end().len()..end,
        };
        Edit { span: Span::new(self.span.file, range), replacement: String::new() }
    }
}

/// Takes a word of a command line away, with the blank before it: with its whole line where nothing else stands on that but
/// the mark that the command goes on, which then goes from where the command ends now. `None` where that is not the line before.
pub fn remove_word(word: Span, sources: &Sources) -> Option<Edit> {
    let text = &sources.get(word.file).text;
    let (start, end) = (word.start as usize, word.end as usize);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    let before = text[line_start..start].trim_end();
    let range = match (before.is_empty(), text[end..line_end].trim()) {
        (true, "\\") => line_start..line_end,
        (true, "") => text[..line_start].trim_end().strip_suffix('\\')?.trim_end().len()..end,
        _ => line_start + before.len()..end,
    };
    Some(Edit { span: Span::new(word.file, range), replacement: String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::apply;
    use crate::source::{FileKind, Source};

    fn edited(text: &str, statement: &str, edit: impl Fn(&Anchor, &Sources) -> Edit) -> String {
        let mut sources = Sources::default();
        let file = sources.add(Source::new("a", FileKind::Nginx, text.into()));
        let start = text.find(statement).unwrap();
        let span = Span::new(file, start..start + statement.len());
        let dialect = if text.contains('=') { Dialect::Unit } else { Dialect::Nginx };
        let anchor = Anchor { span, value: span, dialect };
        String::from_utf8(apply(text.as_bytes(), [&edit(&anchor, &sources)])).unwrap()
    }

    fn added(text: &str, statement: &str) -> String {
        edited(text, statement, |anchor, sources| anchor.add_after(sources, &[("a", "1".into())]).unwrap())
    }

    fn removed(text: &str, statement: &str) -> String {
        edited(text, statement, Anchor::remove)
    }

    #[test]
    fn a_new_setting_takes_indentation_and_line_end_of_its_neighbour() {
        assert_eq!(added("{\n\tb 2;\n}\n", "b 2;"), "{\n\tb 2;\n\ta 1;\n}\n");
        assert_eq!(added("{\r\n  b 2; # why\r\n}", "b 2;"), "{\r\n  b 2; # why\r\n  a 1;\r\n}");
        assert_eq!(added("b 2;", "b 2;"), "b 2;\na 1;");
        assert_eq!(added("c 3;\r\nb 2;", "b 2;"), "c 3;\r\nb 2;\r\na 1;");
    }

    #[test]
    fn what_a_literal_says_is_replaced_safely() {
        for (value, is_safe) in [
            ("0", true),
            ("True", true),
            ("'a b'", true),
            ("N", false),
            ("int(os.environ.get(\"W\", 0))", false),
        ] {
            let mut sources = Sources::default();
            let file = sources.add(Source::new("a.py", FileKind::Gunicorn, value.into()));
            let span = Span::new(file, 0..value.len());
            let anchor = Anchor { span, value: span, dialect: Dialect::Python };
            assert_eq!(anchor.replacing(&sources) == Applicability::Safe, is_safe, "{value}");
        }
    }

    #[test]
    fn a_statement_goes_with_its_line_or_with_the_blank_before_it() {
        assert_eq!(removed("{\n\tb 2;\n\tc 3;\n}\n", "b 2;"), "{\n\tc 3;\n}\n");
        assert_eq!(removed("{\r\n  b 2; # why\r\n}", "b 2;"), "{\r\n}");
        assert_eq!(removed("a 1;\nb 2;", "b 2;"), "a 1;");
        assert_eq!(removed("a 1;\r\nb 2;", "b 2;"), "a 1;");
        assert_eq!(removed("\u{feff}b 2;\na 1;\n", "b 2;"), "\u{feff}a 1;\n");
        assert_eq!(removed("{\n  b\n    2;\n  c 3;\n}\n", "b\n    2;"), "{\n  c 3;\n}\n");
        assert_eq!(removed("u { a 1; b 2; }\n", "b 2;"), "u { a 1; }\n");
        assert_eq!(removed("B=2\nA=1 \\\n\nC=3\n", "A=1"), "B=2\n\nC=3\n");
        assert_eq!(removed("  b 2; c 3;\n", "b 2;"), "  c 3;\n");
        assert_eq!(removed("{ a 1;\n  b 2; }\n", "b 2;"), "{ a 1;\n  }\n");
    }

    #[test]
    fn a_word_goes_with_the_blank_before_it_or_with_its_line() {
        let without =
            |text: &str| edited(text, "--b", |anchor, sources| remove_word(anchor.span, sources).unwrap());
        assert_eq!(without("X=a --b c\n"), "X=a c\n");
        assert_eq!(without("X=a --b\n"), "X=a\n");
        assert_eq!(without("X=a \\\n  --b \\\n  c\n"), "X=a \\\n  c\n");
        assert_eq!(without("X=a \\\n  --b\nY=1\n"), "X=a\nY=1\n");
        assert_eq!(without("X=a \\\r\n  --b\r\nY=1\r\n"), "X=a\r\nY=1\r\n");
        assert_eq!(without("X=a \\\n  --b c \\\n  d\n"), "X=a \\\n c \\\n  d\n");
    }

    #[test]
    fn a_statement_that_shares_its_line_gets_company_on_it() {
        assert_eq!(added("location / { b 2; }\n", "b 2;"), "location / { b 2; a 1; }\n");
        assert_eq!(added("  b 2; c 3;\n", "b 2;"), "  b 2; a 1; c 3;\n");
    }
}
