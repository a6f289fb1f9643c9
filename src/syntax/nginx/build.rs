//! From the flat parse to a tree: blocks are matched up, and what nginx would stop at is noted.

mod blocks;
mod directives;
mod statements;
mod templates;

use std::ops::Range;

use pest::Token;
use pest::iterators::Tokens;

use self::directives::Within;
use super::{Body, Directive, Item, Parsed, Rule, SyntaxError, Tree, Word};
use crate::source::{FileId, Span};

/// How many errors of a file are kept. nginx itself stops at the first.
const MOST_ERRORS: usize = 100;

/// The tree of a file's items, from the beginnings and the ends of its rules.
pub(super) fn tree<'i>(file: FileId, text: &'i str, mut tokens: Tokens<'_, Rule>) -> Parsed<Tree<'i>> {
    let mut builder = Builder {
        file,
        text,
        stack: vec![Frame::default()],
        items: Vec::new(),
        skipped: 0,
        errors: Vec::new(),
        brace_errors: Vec::new(),
        open_tags: 0,
        has_tags: false,
        entangled: false,
        suspect: None,
        pending: None,
        pending_block: None,
        excess_closes: 0,
        told_until: None,
        in_conflict: false,
        unended: false,
        blocks: 0,
        includes: Vec::new(),
        excess_opens: 0,
        if_directives: Vec::new(),
    };
    while let Some(token) = tokens.next() {
        let Token::Start { rule, pos } = token else { continue };
        match rule {
            Rule::file | Rule::odd_file | Rule::lua_file => {}
            Rule::line => builder.line(pos.pos(), &mut tokens),
            Rule::named | Rule::statement => builder.statement(pos.pos(), &mut tokens),
            Rule::raw => builder.raw(&mut tokens),
            rule => {
                let end = end(&mut tokens, text);
                builder.item(rule, pos.pos()..end);
            }
        }
    }
    builder.finish()
}

/// Where the rule ends that has just begun and holds no other.
fn end(tokens: &mut Tokens<'_, Rule>, text: &str) -> usize {
    match tokens.next() {
        Some(Token::Start { pos, .. } | Token::End { pos, .. }) => pos.pos(),
        None => text.len(),
    }
}

struct Builder<'i> {
    file: FileId,
    text: &'i str,
    /// The blocks that are open, outermost first; the first is the file.
    stack: Vec<Frame<'i>>,
    /// What stands in the blocks that are open, those of each behind those of the one around it.
    items: Vec<Item<'i>>,
    /// How many blocks below [`MAX_DEPTH`] are open.
    skipped: usize,
    errors: Vec<SyntaxError>,
    /// Errors that mean nothing in a template, which may be unbalanced by design.
    brace_errors: Vec<SyntaxError>,
    open_tags: usize,
    has_tags: bool,
    entangled: bool,
    /// How many blocks were closed.
    blocks: usize,
    /// The arguments of its includes.
    includes: Vec<Word<'i>>,
    /// The first block that was closed by a brace of another depth.
    suspect: Option<Span>,
    /// The words of a directive that nothing ended yet, and whether an error was noted of one of them.
    pending: Option<(Vec<Word<'i>>, bool)>,
    /// The words of a block whose `{` comes next.
    pending_block: Option<Vec<Word<'i>>>,
    /// How many braces may close more than is open, because of a mistake that was noted.
    excess_closes: usize,
    /// The end of the last brace that was told to be unexpected: what stands right behind it is a part of the mistake.
    told_until: Option<usize>,
    /// Whether a quote that was told to be open has no partner: nginx sees none of the braces behind it.
    unended: bool,
    /// Whether a conflict of a merge was told that has not ended.
    in_conflict: bool,
    /// How many blocks may be left open, because of a mistake that was noted.
    excess_opens: usize,
    /// What is wrong of directives outside of all blocks, if the file holds directives of a block that has such.
    if_directives: Vec<(Within, SyntaxError)>,
}

#[derive(Default)]
struct Frame<'i> {
    /// What opened the block; none for the file.
    opener: Option<Vec<Word<'i>>>,
    /// Where its items begin among those of all.
    first: usize,
    /// How many tags were open when it began.
    open_tags: usize,
    /// Whether it was told that no block may stand in it.
    told: bool,
}

impl<'i> Builder<'i> {
    fn item(&mut self, rule: Rule, range: Range<usize>) {
        let text = self.text;
        let text = &text[range.clone()];
        let span = Span::new(self.file, range);
        if !matches!(rule, Rule::close | Rule::EOI) {
            self.give_up_pending(None);
        }
        match rule {
            Rule::mark => self.error(SyntaxError {
                span,
                message: "nginx takes the byte order mark for a part of the first word: unknown directive"
                    .into(),
                hint: Some("save the file without a byte order mark".into()),
                ignored: false,
            }),
            Rule::comment => self.comment(span, text),
            Rule::template => self.template(span, text),
            Rule::conflict => self.conflict(span, text),
            Rule::close => self.close(span),
            Rule::stray | Rule::certain => self.stray(span, text),
            Rule::other => self.unexpected(span, text, None),
            _ => {}
        }
    }

    fn push(&mut self, item: Item<'i>) {
        if self.skipped > 0 {
            return;
        }
        if let Item::Directive(directive) = &item
            && let [name, argument] = &*directive.words
            && name.text == "include"
        {
            self.includes.push(argument.clone());
        }
        self.items.push(item);
    }

    fn error(&mut self, error: SyntaxError) {
        if self.errors.len() < MOST_ERRORS {
            self.errors.push(error);
        }
    }

    fn brace_error(&mut self, error: SyntaxError) {
        if self.brace_errors.len() < MOST_ERRORS {
            self.brace_errors.push(error);
        }
    }

    fn unexpected(&mut self, span: Span, what: &str, hint: Option<String>) {
        self.brace_error(SyntaxError {
            span,
            message: format!("unexpected \"{what}\""),
            hint,
            ignored: false,
        });
    }

    fn push_simple(&mut self, words: Vec<Word<'i>>, end: u32) {
        self.push(Item::Directive(Directive::new(words, end, Body::Simple)));
    }
}

/// A text for a message: its first line, and not too much of that.
fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let line = text.split('\n').next().unwrap_or_default().trim_end();
    match line.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line.into(),
    }
}
