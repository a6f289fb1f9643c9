//! Gunicorn's configuration file, which is Python: a text to statements and expressions.
//!
//! The reader knows what such files hold and keeps the rest as opaque pieces. It reports a syntax error only where
//! CPython certainly refuses the text, and none in a text that a template engine is still to fill in.

mod blocks;
mod brackets;
mod expression;
mod grammar;
mod lines;
mod literal;
mod statement;
mod strings;
mod tree;

use std::ops::Range;

use grammar::{Grammar, Rule};
use pest::Parser;

use super::Parsed;
use crate::source::FileId;

pub use tree::{
    Clause, Comprehension, Expression, ExpressionKind, Header, Import, Keyword, Makes, Names, Parameters,
    Part, Piece, Statement, StatementKind, Trailer, Tree,
};

/// Reads a configuration file.
pub fn parse(file: FileId, text: &str) -> Parsed<Tree> {
    let words = lines::words(text);
    let templated = lines::has_templates(text, &words);
    let (lines, mut errors) = lines::logical(file, text, &words);
    let tree = blocks::build(file, text, lines, &mut errors);
    if templated {
        // What the engine makes of the text is not known, and so neither is what is wrong with it.
        errors.clear();
    }
    errors.sort_by_key(|error| error.span);
    Parsed { tree, errors }
}

/// The ranges of the leaves of the parse in their order; together they are the text, whatever it holds.
pub fn tiles(text: &str) -> Vec<Range<usize>> {
    lines::words(text).into_iter().map(|word| word.range).collect()
}

/// The words of the grammar's first level, with a word for what it should not have read: there is no such text.
fn leaves(text: &str) -> Vec<(Rule, Range<usize>)> {
    let Ok(pairs) = Grammar::parse(Rule::file, text) else {
        return vec![(Rule::stray, 0..text.len())];
    };
    pairs
        .flat_map(|file| file.into_inner())
        .filter(|pair| pair.as_rule() != Rule::EOI)
        .map(|pair| (pair.as_rule(), pair.as_span().start()..pair.as_span().end()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> Vec<(String, u32)> {
        parse(FileId(0), text).errors.into_iter().map(|error| (error.message, error.span.start)).collect()
    }

    #[test]
    fn the_leaves_tile_every_text() {
        for text in [
            "",
            "\u{FEFF}bind = '127.0.0.1:8000'\r\nworkers = 3 # three\r\n",
            "a = \"\"\"x\n'y'\n\"\"\" \\\n  'b'\n",
            "a = 'open\nb = 2\n",
            "a = \"\"\"never closed\n",
            "x = {{ y }}\n{% if a %}\n<% end %>",
            "?$`!\\ \u{1a} é = ('(' [ ) }",
            "f(x)\\",
        ] {
            let mut at = 0;
            for range in tiles(text) {
                assert_eq!(range.start, at, "{text:?}");
                assert!(range.end > at, "{text:?}");
                at = range.end;
            }
            assert_eq!(at, text.len(), "{text:?}");
        }
    }

    #[test]
    fn an_error_is_what_cpython_certainly_refuses() {
        for (text, message, at) in [
            ("bind = 'x\nworkers = 2\n", "unterminated string literal", 7),
            ("bind = '''x\nworkers = 2\n", "unterminated triple-quoted string literal", 7),
            ("bind = ['a'\nworkers = 2\n", "'[' was never closed", 7),
            ("bind = 'a']\n", "unmatched ']'", 10),
            ("bind = ['a')\n", "closing parenthesis ')' does not match opening parenthesis '['", 11),
            ("workers = 2\n  timeout = 3\n", "unexpected indent", 14),
            ("if x:\n    a = 1\n  b = 2\n", "unindent does not match any outer indentation level", 18),
            ("if x:\nb = 2\n", "expected an indented block after 'if' statement", 6),
            ("def f():\n", "expected an indented block after 'def' statement", 9),
        ] {
            assert_eq!(errors(text), [(message.to_string(), at)], "{text:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_no_error() {
        for text in [
            "print 'x'\n",
            "exec 'x' in y\n",
            "x = f\"{d[\"a\"]}\"\n",
            "x = f\"{d[\"it's\"]}\"\n",
            "if a: b = 1; c = 2\nelse: b = 3\n",
            "match = 3\ncase = 4\nmatch.x(1)\n",
            "match a:\n    case 1: pass\n    case -1 | 2:\n        b = 1\n",
            "async def f(x: int = 3, *a, **k) -> int:\n\treturn 1\n",
            "@a.b(c)\ndef f(): pass\n",
            "if (y := f(x)) > 1:\n    pass\n",
            "x: int = 3\ny: list[str]\n",
            "x = [i for i in range(3) if i]\nz = {**a, 'b': lambda x=1: (x, 2)}\n",
            "def f():\n    # only\n\n    return\n\n  # comment\nx = 1\n",
            "try:\n  import a\nexcept ImportError as e:\n  a = None\nfinally:\n  pass\n",
            "x = (1 +\n# why\n  2)\ny = 1 + \\\n  2\n",
            "bind = {{ address }}\n{% if x %}\n    workers = 3\n{% endif %}\n",
            "{% for a in b %}\nx = '{{ a }}\n{% endfor %}\n",
            "x = <%= @y %>\n",
            "class A(B, metaclass=C):\n    x = 1\n    def f(self): return [\n1]\n",
            "x = 1 if a else 2 if b else 3\n",
            "\n\n   \n# c\n",
        ] {
            assert_eq!(errors(text), [], "{text:?}");
        }
    }

    #[test]
    fn nesting_costs_no_stack() {
        for (open, close) in [("(", ")"), ("[", "]"), ("f(", ")"), ("{", "}"), ("a[", "]")] {
            for depth in [lines::MAX_DEPTH - 1, lines::MAX_DEPTH, lines::MAX_DEPTH + 1, 150] {
                let text = format!("a = {}1{}\n", open.repeat(depth), close.repeat(depth));
                assert_eq!(errors(&text), [], "{depth} of {open}");
            }
            let text = format!("a = {}1{}\n", open.repeat(10_000), close.repeat(10_000));
            // `{{` is a template's.
            assert!(open == "{" || errors(&text)[0].0.contains("too many nested"), "{open}");
        }
        for text in [
            format!("a = {}1\n", "not ".repeat(10_000)),
            format!("a = 1{}\n", " + 1".repeat(10_000)),
            format!("a = 1{}\n", " if 1 else 1".repeat(5_000)),
            format!("a = b{}\n", "()".repeat(5_000)),
            format!("a = {}1\n", "lambda: ".repeat(5_000)),
            format!("{}a = 1\n", "a = ".repeat(5_000)),
            (0..90).map(|n| format!("{}if x:\n", " ".repeat(n))).collect::<String>()
                + &" ".repeat(90)
                + "x = 1\n",
        ] {
            assert_eq!(errors(&text), []);
        }
        let text = (0..5000).map(|n| format!("{}if x:\n", " ".repeat(n))).collect::<String>();
        assert!(errors(&text)[0].0.contains("too many levels of indentation"));
    }
}
