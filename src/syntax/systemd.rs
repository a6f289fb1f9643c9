//! Unit files and drop-ins.
//!
//! The tree holds statements as systemd sees them, with continued lines joined, and knows for each byte of a joined
//! value where it stands in the file. What a key means and which keys there are is no matter of the syntax.

mod build;
mod grammar;
mod template;
mod value;

use std::ops::Range;

use super::Parsed;
use crate::source::{FileId, Span};

pub use value::Value;

/// A unit file or a drop-in.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The sections, in the order of the file. A name may occur several times: the entries add up.
    pub sections: Vec<Section>,
    /// Places outside of all sections where a template engine puts lines that are not known.
    pub holes: Vec<Span>,
}

/// A section: `[Service]`, and what stands below it.
#[derive(Clone, Debug)]
pub struct Section {
    /// The name between the brackets.
    pub name: String,
    /// The header, brackets included.
    pub span: Span,
    /// The assignments, in the order of the file.
    pub entries: Vec<Entry>,
    /// Places where a template engine puts lines that are not known.
    pub holes: Vec<Span>,
}

/// An assignment: `ExecStart=/usr/bin/gunicorn app:app`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key, without blanks around it.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// What is assigned.
    pub value: Value,
    /// The whole statement, from the key to the end of the value.
    pub span: Span,
    /// Whether a template engine decides if the statement is there at all.
    pub conditional: bool,
}

/// Reads a unit file or a drop-in.
///
/// An error is what `systemd-analyze verify` complains of while it reads the lines: a section header that is not closed
/// and a text that is not UTF-8 make systemd refuse the file; an assignment outside of a section and a line without
/// `=` are ignored by it. Sections and keys that it does not know are no matter of the syntax.
///
/// Source: `parse_line` and `config_parse` in `src/shared/conf-parser.c` of systemd 252, and `systemd-analyze verify`.
pub fn parse(file: FileId, text: &str) -> Parsed<Tree> {
    build::build(file, text)
}

/// The ranges of the leaves of the grammar's parse, in order: they cover the text without gap or overlap.
pub fn tiles(text: &str) -> Vec<Range<usize>> {
    grammar::parse(text)
        .into_iter()
        .flat_map(|file| file.into_inner().flatten())
        .filter(|pair| pair.clone().into_inner().next().is_none())
        .map(|pair| pair.as_span().start()..pair.as_span().end())
        .filter(|range| !range.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Parsed<Tree> {
        let mut at = 0;
        for tile in tiles(text) {
            assert_eq!(tile.start, at, "gap or overlap in {text:?}");
            at = tile.end;
        }
        assert_eq!(at, text.len(), "the tiles of {text:?} end early");
        parse(FileId(0), text)
    }

    fn entries(text: &str) -> Vec<String> {
        let sections = read(text).tree.sections;
        let show = |entry: &Entry| {
            let mark = if entry.conditional || entry.value.is_template() { "?" } else { "" };
            format!("{}={}{mark}", entry.key, entry.value.text)
        };
        sections
            .iter()
            .flat_map(|section| {
                let head = format!("[{}]{}", section.name, "*".repeat(section.holes.len()));
                std::iter::once(head).chain(section.entries.iter().map(show))
            })
            .collect()
    }

    #[test]
    fn statements() {
        for (text, expected) in [
            ("[Service]\nA=b\n", vec!["[Service]", "A=b"]),
            ("\u{feff}[Service]\r\n A = b c \r\n", vec!["[Service]", "A=b c"]),
            ("  [Service]  \n\n# A=b\n ;A=b\nA=\nB= ", vec!["[Service]", "A=", "B="]),
            ("[S]\nA=b#c ; d", vec!["[S]", "A=b#c ; d"]),
            ("[S]\nA=b \\\n  c \\\n# x \\\n;y\n  d\nB=c", vec!["[S]", "A=b    c    d", "B=c"]),
            ("[S]\nA=b \\\n\nB=c", vec!["[S]", "A=b", "B=c"]),
            ("[S]\nA=b\\\\\nB=c\\", vec!["[S]", "A=b\\\\", "B=c"]),
            ("[S]\nA=\\\n b\n", vec!["[S]", "A=b"]),
            ("[S]\nA=\\\r\n b\\\r\n c\r\n", vec!["[S]", "A=b  c"]),
            ("[S]\nEx\\\nec=b\\\n c\n", vec!["[S]", "Ex ec=b  c"]),
            ("[S]\rA=b\rB=c", vec!["[S]", "A=b", "B=c"]),
            ("[S\\\nT]\nA=b", vec!["[S T]", "A=b"]),
            ("[S]\nA=b=c\n[T]\n[S]\nA=d", vec!["[S]", "A=b=c", "[T]", "[S]", "A=d"]),
        ] {
            assert_eq!(entries(text), expected, "{text:?}");
            assert_eq!(read(text).errors, [], "{text:?}");
        }
    }

    #[test]
    fn templates() {
        for (text, expected) in [
            ("[S]\nA={{ b }}\nB=c", vec!["[S]", "A={{ b }}?", "B=c"]),
            ("[S]\n{% if a %}\nA=b\n{% else %}\nA=c\n{% endif %}\nB=c", vec!["[S]", "A=b?", "A=c?", "B=c"]),
            ("[S]\n{% if a %}A=b{% endif %}\nB=c", vec!["[S]", "A=b{% endif %}?", "B=c"]),
            ("[S]\n{{ lines }}\nB=c", vec!["[S]*", "B=c"]),
            ("[S]\n{{ key }}=c\nB=c", vec!["[S]*", "B=c"]),
            ("[S]\n{{ if .A }}\nA=b\n{{ end }}\nB=c", vec!["[S]", "A=b?", "B=c"]),
            ("[S]\n<% if a -%>\nA=b\n<% end -%>\nB=<%= c %>", vec!["[S]", "A=b?", "B=<%= c %>?"]),
            ("[S]\nA=b \\\n{% if a %}\n c \\\n{% endif %}\n d\nB=c", vec!["[S]", "A=b   c   d?", "B=c"]),
            ("[S]\n# {% if a %}\nA=b\n# {% endif %}\nB=c", vec!["[S]", "A=b?", "B=c"]),
            ("{% if a %}\n[S]\nA=b\n{% endif %}\n[T]\nB=c", vec!["[S]", "A=b?", "[T]", "B=c"]),
            ("[S]\n{% if a %}\nfoo\n{% endif %}\nB=c", vec!["[S]*", "B=c"]),
            ("{#\n[X]\nfoo\n#}\n[S]\nB=c", vec!["[S]", "B=c"]),
            ("[S]\nA={{ x\n | y }}\nB=c", vec!["[S]", "A={{ x\n | y }}?", "B=c"]),
            ("{{ head }}\nA=b\n[S]\nB=c", vec!["[S]", "B=c"]),
        ] {
            assert_eq!(entries(text), expected, "{text:?}");
            assert_eq!(read(text).errors, [], "{text:?}");
        }
    }

    /// Seen with `systemd-analyze verify` of systemd 252.
    #[test]
    fn errors_as_systemd_says_them() {
        assert_eq!(read("[X-Mine]\nfoo\n[Mine]\nfoo\n=a").errors, []);
        for (text, at, message) in [
            ("[Unit]\nfoo bar\n", "foo bar", "Missing '=', ignoring line."),
            ("[Unit]\n=x\n", "=x", "Missing key name before '=', ignoring line."),
            ("foo\n[S]\n", "foo", "Assignment outside of section. Ignoring."),
            ("A=b\n[S]\n", "A=b", "Assignment outside of section. Ignoring."),
            ("[Unit\nA=b", "[Unit", "Invalid section header '[Unit'"),
            ("[S] # x\n", "[S] # x", "Invalid section header '[S] # x'"),
            ("[S\"x]\n", "[S\"x]", "Bad characters in section header '[S\"x]'"),
            ("[Unit]\nA=b \\ \n --c\n", "--c", "Missing '=', ignoring line."),
            ("[S]\nA=\x1a\n", "A=\x1a", "String is not UTF-8 clean, ignoring assignment: A"),
        ] {
            let errors = read(text).errors;
            let found: Vec<(&str, &str)> = errors
                .iter()
                .map(|error| (&text[error.span.range()], error.message.as_str()))
                .filter(|(_, found)| !found.starts_with("Assignment") || *found == message)
                .collect();
            assert_eq!(found, [(at, message)], "{text:?}");
        }
    }

    #[test]
    fn a_part_of_a_value_is_found_in_the_file_across_joined_lines() {
        let text = "[S]\nA =  one \\\n# why\n\ttwo\\\\ \\\n  three  \n";
        let parsed = read(text);
        let entry = &parsed.tree.sections[0].entries[0];
        assert_eq!(&text[entry.key_span.range()], "A");
        assert_eq!(&text[entry.value.span.range()], "one \\\n# why\n\ttwo\\\\ \\\n  three");
        assert_eq!(entry.span, entry.key_span.to(entry.value.span));
        for word in ["one", "two\\\\", "three"] {
            let at = entry.value.text.find(word).unwrap();
            assert_eq!(&text[entry.value.span_of(at..at + word.len()).range()], word);
        }
    }

    #[test]
    fn hostile_texts_are_read_in_linear_time() {
        for unit in ["{{", "{%", "{#", "<%=", "\\\n", "\\", "[", "=", "{% if %}\n", "a\\\n#\n", "\n\r", "\0"]
        {
            let text = unit.repeat(4_000);
            read(&text);
            read(&format!("[S]\nA={text}"));
        }
    }
}
