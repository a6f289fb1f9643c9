//! Logical lines to blocks by their indentation, with a stack of our own.

use std::ops::Range;

use super::lines::{Line, Reading};
use super::statement::{self, Read};
use super::tree::{Header, Keyword, Statement, StatementKind, Tree};
use crate::source::{FileId, Span};
use crate::syntax::SyntaxError;

/// The deepest indentation that CPython reads (`MAXINDENT` in `Parser/lexer/state.h`; seen with 3.11).
const MAX_INDENT: usize = 100;

/// A block that is being filled.
struct Frame {
    indent: Indent,
    /// The statement that opened it; `None` for the module.
    opener: Option<(Span, Keyword, Header)>,
    body: Vec<Statement>,
}

/// An indentation as CPython compares it: with tabs to the next multiple of eight, and with tabs of one column.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Indent {
    columns: usize,
    narrow: usize,
}

/// The tree of a file, and what is wrong with its indentation.
pub(super) fn build(file: FileId, text: &str, lines: Vec<Line>, errors: &mut Vec<SyntaxError>) -> Tree {
    let mut stack = vec![Frame { indent: Indent { columns: 0, narrow: 0 }, opener: None, body: Vec::new() }];
    let mut opener: Option<(Span, Option<Keyword>, Header)> = None;
    let mut skipping_too_deep = false;
    for line in lines {
        let span = Span::new(file, line.range.clone());
        if line.reading == Reading::Template {
            let kind = StatementKind::Template(text[line.range].to_string());
            top(&mut stack).push(Statement { span, kind });
            continue;
        }
        let indent = measure(&text[line.indent.clone()]);
        let current = stack.last().map_or(indent, |frame| frame.indent);
        let deeper = indent.columns > current.columns;
        let mut complain = |message: String| {
            errors.push(SyntaxError {
                span: Span::new(file, first_word(text, &line)),
                message,
                hint: None,
                ignored: false,
            });
        };
        match (opener.take(), deeper) {
            (Some((at, keyword, header)), true) if stack.len() <= MAX_INDENT => {
                stack.push(Frame { indent, opener: keyword.map(|it| (at, it, header)), body: Vec::new() });
            }
            (Some(_), true) => {
                if !skipping_too_deep {
                    complain("too many levels of indentation".into());
                }
                skipping_too_deep = true;
            }
            (Some((at, keyword, header)), false) => {
                if let Some(keyword) = keyword {
                    complain(expected_block(keyword));
                    let kind = StatementKind::Block { keyword, header, body: Vec::new() };
                    top(&mut stack).push(Statement { span: at, kind });
                }
            }
            (None, true) if !skipping_too_deep => complain("unexpected indent".into()),
            (None, _) => {}
        }
        while stack.len() > 1 && stack.last().is_some_and(|frame| frame.indent.columns > indent.columns) {
            close(&mut stack);
        }
        let landed = stack.last().is_some_and(|frame| frame.indent.columns == indent.columns);
        let narrow_too = stack.last().is_some_and(|frame| frame.indent.narrow == indent.narrow);
        if !landed && !deeper && !skipping_too_deep {
            let at = first_word(text, &line);
            errors.push(SyntaxError {
                span: Span::new(file, at),
                message: "unindent does not match any outer indentation level".into(),
                hint: None,
                ignored: false,
            });
        } else if landed && !narrow_too && !skipping_too_deep {
            let at = first_word(text, &line);
            errors.push(SyntaxError {
                span: Span::new(file, at),
                message: "inconsistent use of tabs and spaces in indentation".into(),
                hint: None,
                ignored: false,
            });
        }
        match statement::read(file, text, &line) {
            Read::Statements(statements) => top(&mut stack).extend(statements),
            Read::Opener(keyword, header) => opener = Some((span, Some(keyword), header)),
            Read::OpaqueOpener(statement) => {
                top(&mut stack).push(statement);
                opener = Some((span, None, Header::Nothing));
            }
        }
    }
    if let Some((at, Some(keyword), header)) = opener {
        let end = text.len();
        errors.push(SyntaxError {
            span: Span::new(file, end..end),
            message: expected_block(keyword),
            hint: None,
            ignored: false,
        });
        top(&mut stack)
            .push(Statement { span: at, kind: StatementKind::Block { keyword, header, body: Vec::new() } });
    }
    while stack.len() > 1 {
        close(&mut stack);
    }
    Tree { statements: stack.pop().map(|frame| frame.body).unwrap_or_default() }
}

/// Where the next statement goes.
fn top(stack: &mut [Frame]) -> &mut Vec<Statement> {
    let last = stack.len() - 1;
    &mut stack[last].body
}

/// Ends the innermost block. The body of an opaque statement stands behind that statement.
fn close(stack: &mut Vec<Frame>) {
    let Some(frame) = stack.pop() else { return };
    match frame.opener {
        Some((span, keyword, header)) => {
            top(stack)
                .push(Statement { span, kind: StatementKind::Block { keyword, header, body: frame.body } });
        }
        None => {
            let Some(first) = frame.body.first() else { return };
            let span = first.span;
            let kind =
                StatementKind::Block { keyword: Keyword::While, header: Header::Nothing, body: frame.body };
            top(stack).push(Statement { span, kind });
        }
    }
}

fn expected_block(keyword: Keyword) -> String {
    format!("expected an indented block after '{}' statement", keyword.name())
}

fn first_word(text: &str, line: &Line) -> Range<usize> {
    let start = line.range.start;
    let length = text[line.range.clone()].chars().next().map_or(0, char::len_utf8);
    start..start + length
}

fn measure(indent: &str) -> Indent {
    let (mut columns, mut narrow) = (0, 0);
    for byte in indent.bytes() {
        match byte {
            b'\t' => {
                columns = (columns / 8 + 1) * 8;
                narrow += 1;
            }
            b'\x0c' => (columns, narrow) = (0, 0),
            _ => {
                columns += 1;
                narrow += 1;
            }
        }
    }
    Indent { columns, narrow }
}
