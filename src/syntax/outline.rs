//! Where comments stand in a file, and which lines belong together, whatever the language.

use std::ops::Range;

use super::{gunicorn, nginx, systemd};
use crate::source::{FileId, FileKind, Source};

/// The shape of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The comments, each from its mark to the end of its line, in the order of the text.
    pub comments: Vec<Range<usize>>,
    /// The statements, sorted by where they begin. In a file of a language that is not read as a tree there are none.
    pub statements: Vec<Statement>,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// All of it; of one that opens a block, what stands before the block.
    pub head: Range<usize>,
    /// All of one that opens a block, with the block: a directive of nginx, a section of a unit, a compound statement of
    /// Python.
    pub block: Option<Range<usize>>,
}

impl Outline {
    /// The shape of a file.
    pub fn of(file: FileId, source: &Source) -> Outline {
        let text = &source.text;
        let (tiles, statements) = match source.kind {
            FileKind::Nginx => (nginx::tiles(text), directives(&nginx::parse(file, text).tree)),
            FileKind::Systemd => {
                (systemd::tiles(text), entries(&systemd::parse(file, text).tree, text.len()))
            }
            FileKind::Gunicorn => (gunicorn::tiles(text), python(&gunicorn::parse(file, text).tree)),
            _ => (lines(text), Vec::new()),
        };
        let marks: &[char] = if source.kind == FileKind::Systemd { &['#', ';'] } else { &['#'] };
        let is_comment = |tile: &Range<usize>| text[tile.clone()].starts_with(marks);
        let until_end = |tile: Range<usize>| {
            let length = text[tile.clone()].trim_end_matches(['\r', '\n']).len();
            tile.start..tile.start + length
        };
        let comments = tiles.into_iter().filter(is_comment).map(until_end).collect();
        let mut outline = Outline { comments, statements };
        outline.statements.sort_by_key(|statement| statement.head.start);
        outline
    }
}

/// The lines of a text, each from its first character that is no blank.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut at = 0;
    let lines = text.split_inclusive('\n').map(|line| {
        let blank = line.len() - line.trim_start().len();
        let range = at + blank..at + line.len();
        at += line.len();
        range
    });
    lines.collect()
}

fn directives(tree: &nginx::Tree) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut open: Vec<&nginx::Item> = tree.items.iter().collect();
    while let Some(item) = open.pop() {
        let nginx::Item::Directive(directive) = item else { continue };
        statements.push(match directive.body {
            nginx::Body::Simple => Statement { head: directive.span().range(), block: None },
            _ => Statement { head: directive.header().range(), block: Some(directive.span().range()) },
        });
        open.extend(directive.items());
    }
    statements
}

fn entries(tree: &systemd::Tree, end: usize) -> Vec<Statement> {
    let mut statements = Vec::new();
    for (at, section) in tree.sections.iter().enumerate() {
        let head = section.span.range();
        let end = tree.sections.get(at + 1).map_or(end, |next| next.span.range().start);
        statements.push(Statement { block: Some(head.start..end), head });
        statements
            .extend(section.entries.iter().map(|entry| Statement { head: entry.span.range(), block: None }));
    }
    statements
}

fn python(tree: &gunicorn::Tree) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut open: Vec<&gunicorn::Statement> = tree.statements.iter().collect();
    while let Some(statement) = open.pop() {
        let head = statement.span.range();
        let mut block = None;
        if let gunicorn::StatementKind::Block { body, .. } = &statement.kind {
            open.extend(body);
            // What stands behind the colon may end before the line does: `try: a;`.
            block = Some(head.start..python_end(statement).max(head.end));
        }
        statements.push(Statement { head, block });
    }
    statements
}

/// Where the last line of a compound statement ends.
fn python_end(statement: &gunicorn::Statement) -> usize {
    let mut last = statement;
    while let gunicorn::StatementKind::Block { body, .. } = &last.kind {
        let Some(inner) = body.last() else { break };
        last = inner;
    }
    last.span.range().end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The comments and the statements of a text, as they are written; a block behind `|`.
    fn shape(kind: FileKind, text: &str) -> (Vec<String>, Vec<String>) {
        let outline = Outline::of(FileId(0), &Source::new("x", kind, text.into()));
        let written = |range: &Range<usize>| text[range.clone()].to_owned();
        let statements = outline.statements.iter().map(|it| match &it.block {
            None => written(&it.head),
            Some(block) => format!("{}|{}", written(&it.head), written(block)),
        });
        (outline.comments.iter().map(written).collect(), statements.collect())
    }

    #[test]
    fn comments_and_blocks_of_each_language() {
        let (comments, statements) =
            shape(FileKind::Nginx, "# one\r\na '# no' # two\n b;\nc { d 1; # three\n}\n");
        assert_eq!(comments, ["# one", "# two", "# three"]);
        assert_eq!(statements, ["a '# no' # two\n b;", "c|c { d 1; # three\n}", "d 1;"]);
        let (comments, statements) = shape(FileKind::Systemd, "[A]\n; one\nb=1 \\\n# two\n 2 # no\n[C]\n");
        assert_eq!(comments, ["; one", "# two"]);
        assert_eq!(
            statements,
            ["[A]|[A]\n; one\nb=1 \\\n# two\n 2 # no\n", "b=1 \\\n# two\n 2 # no", "[C]|[C]\n"]
        );
        let (comments, statements) =
            shape(FileKind::Gunicorn, "a = '# no'  # one\nif a:\n    b = [\n        1,  # two\n    ]\nc = 2");
        assert_eq!(comments, ["# one", "# two"]);
        let block = "if a:|if a:\n    b = [\n        1,  # two\n    ]";
        assert_eq!(statements, ["a = '# no'", block, "b = [\n        1,  # two\n    ]", "c = 2"]);
        let (_, statements) = shape(FileKind::Gunicorn, "if a: b = 1;\n");
        assert_eq!(statements, ["if a: b = 1;|if a: b = 1;", "b = 1"]);
        let (comments, statements) = shape(FileKind::Compose, "a: 1 # no\n  # one\n");
        assert_eq!((comments, statements), (vec!["# one".into()], vec![]));
    }
}
