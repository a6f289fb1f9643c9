//! Gunicorn's configuration file, which is Python: a text to statements and expressions.
//!
//! The reader knows what such files hold and keeps the rest as opaque pieces. It reports a syntax error only where
//! CPython certainly refuses the text, and none in a text that a template engine is still to fill in.

mod blocks;
mod brackets;
mod encoding;
mod expression;
mod grammar;
mod lines;
mod literal;
mod statement;
mod strings;
mod tree;

use std::ops::Range;

use encoding::{declares_encoding, masked};
use grammar::{Grammar, Rule};
use pest::Parser;

use super::Parsed;
use crate::source::FileId;

pub use encoding::undecodable;
pub use tree::{
    Clause, Comprehension, Expression, ExpressionKind, Header, Import, Keyword, Makes, Names, Parameters,
    Part, Piece, Statement, StatementKind, Trailer, Tree,
};

/// Reads a configuration file.
pub fn parse(file: FileId, text: &str) -> Parsed<Tree> {
    let masked = if declares_encoding(text) { Some(masked(text)) } else { None };
    let text = masked.as_deref().unwrap_or(text);
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
mod tests;
