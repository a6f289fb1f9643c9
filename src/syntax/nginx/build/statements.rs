//! Directives as they are written: their words, what stands between these, and what ends them.

use std::ops::Range;

use pest::Token;
use pest::iterators::Tokens;

use super::{Builder, end};
use crate::source::Span;
use crate::syntax::SyntaxError;
use crate::syntax::nginx::template::tags;
use crate::syntax::nginx::word::closing_quote;
use crate::syntax::nginx::{Body, Directive, Item, Rule, Template, TemplateKind, Word};

/// `NGX_CONF_BUFFER` of src/core/ngx_conf_file.c, 1.31.3, in bytes.
const BUFFER: u32 = 4096;

/// What was read of a directive.
#[derive(Default)]
struct Statement<'i> {
    words: Vec<Word<'i>>,
    /// What nginx would not take of it, first of all.
    flaw: Option<SyntaxError>,
    /// The tags that began or ended in it and have no partner there.
    tags: Vec<TemplateKind>,
}

impl<'i> Builder<'i> {
    /// Whether the quote of an unclosed word is the last of its kind.
    fn reads_to_the_end(&self, span: Span) -> bool {
        let quote = &self.text[span.range()][..1];
        !self.text[span.end as usize..].contains(quote)
    }

    /// The next rule inside of one, and where it is; where that one ends, if no other is in it.
    fn next_inside(&self, tokens: &mut Tokens<'_, Rule>) -> Result<(Rule, Range<usize>), usize> {
        match tokens.next() {
            Some(Token::Start { rule, pos }) => Ok((rule, pos.pos()..end(tokens, self.text))),
            Some(Token::End { pos, .. }) => Err(pos.pos()),
            None => Err(self.text.len()),
        }
    }

    pub(super) fn raw(&mut self, tokens: &mut Tokens<'_, Rule>) {
        self.give_up_pending(None);
        let mut words = Vec::new();
        let mut body = None;
        let mut closed = false;
        let end = loop {
            match self.next_inside(tokens) {
                Ok((Rule::comment | Rule::open, _)) => {}
                Ok((Rule::close, _)) => closed = true,
                Ok((Rule::lua, range)) => body = Some(Span::new(self.file, range)),
                Ok((rule, range)) => words.push(Word::new(self.file, rule, range, self.text)),
                Err(end) => break end,
            }
        };
        if !closed {
            self.unclosed(Some(&words));
        }
        let body = Body::Raw(body.unwrap_or(Span::new(self.file, end..end)));
        self.push(Item::Directive(Directive::new(words, end as u32, body)));
    }

    /// A directive of plain words alone, which white space parts.
    pub(super) fn line(&mut self, start: usize, tokens: &mut Tokens<'_, Rule>) {
        self.give_up_pending(None);
        let Ok((_, range)) = self.next_inside(tokens) else { return };
        let end = end(tokens, self.text);
        let behind = range.end;
        let count = words_inside(self.text, range.clone()).count();
        let mut read = Statement { words: Vec::with_capacity(count), ..Statement::default() };
        for range in words_inside(self.text, range) {
            self.word(Rule::simple, range, &mut read);
        }
        self.ended(read, start..end, behind);
    }

    pub(super) fn statement(&mut self, start: usize, tokens: &mut Tokens<'_, Rule>) {
        self.give_up_pending(None);
        let mut read = Statement { words: Vec::with_capacity(3), ..Statement::default() };
        // Where the last word or comment ends.
        let mut behind = start;
        let end = loop {
            let (rule, range) = match self.next_inside(tokens) {
                Ok(inner) => inner,
                Err(end) => break end,
            };
            behind = range.end;
            if rule == Rule::comment {
                let written = &self.text[range.clone()];
                let span = Span::new(self.file, range);
                let long = too_long(span, self.text).filter(|_| tags(written).is_empty());
                read.flaw = read.flaw.or(long);
                self.tags_inside(written, &mut read.tags);
                continue;
            }
            self.word(rule, range, &mut read);
        };
        self.ended(read, start..end, behind);
    }

    /// A word of a directive.
    fn word(&mut self, rule: Rule, range: Range<usize>, read: &mut Statement<'i>) {
        let written = &self.text[range.clone()];
        let word = Word::new(self.file, rule, range, self.text);
        if matches!(rule, Rule::unclosed | Rule::adjoined) {
            self.swallow(written);
            self.unended |= rule == Rule::unclosed && self.reads_to_the_end(word.span);
        }
        if read.flaw.is_none() {
            read.flaw = self.flaw(rule, &word);
        }
        if word.template {
            self.tags_inside(written, &mut read.tags);
        }
        read.words.push(word);
    }

    /// A directive whose last word ends at `behind`.
    fn ended(&mut self, read: Statement<'i>, range: Range<usize>, behind: usize) {
        let Statement { words, flaw, tags } = read;
        // What ends it has no rule of its own: it is the last byte, where that is no white space.
        let terminator = self.text.as_bytes()[behind..range.end].last();
        let span = Span::new(self.file, range);
        let is_flawed = flaw.is_some();
        flaw.into_iter().for_each(|flaw| self.error(flaw));
        match terminator {
            Some(b'{') => {
                let brace = Span { start: span.end - 1, ..span };
                self.entangled |= !tags.is_empty();
                self.block(words, brace, is_flawed);
            }
            Some(b';') => self.simple(words, span.end, is_flawed),
            _ => self.pending = Some((words, is_flawed)),
        }
        // What a tag of the directive began or ended goes for what follows as well.
        for kind in tags {
            self.push(Item::Template(Template { span, kind }));
        }
    }

    /// What nginx would not take of a word.
    fn flaw(&self, rule: Rule, word: &Word) -> Option<SyntaxError> {
        let span = word.span;
        if rule == Rule::unclosed {
            let quote = &self.text[span.range()][..1];
            return Some(SyntaxError {
                span,
                message: format!("this quote is not closed: nginx reads on for the next {quote}"),
                hint: Some(format!("close it with {quote} before the `;`")),
                ignored: false,
            });
        }
        if rule == Rule::adjoined {
            // What is adjoined; a brace stands behind the word.
            let end = closing_quote(&self.text[span.range()])? as u32 + 1;
            let at = span.start + end;
            let next = self.text[at as usize..].chars().next()?;
            let hint = match next {
                '}' => "put a `;` behind the word".into(),
                _ => "a quoted word ends at its quote: quote all of it, and write inner quotes as `\\\"`"
                    .into(),
            };
            return Some(SyntaxError {
                span: Span { start: at, end: at + next.len_utf8() as u32, ..span },
                message: format!("unexpected \"{next}\""),
                hint: Some(hint),
                ignored: false,
            });
        }
        let counted = Span { start: word.inner().start, ..word.span };
        (!word.template).then(|| too_long(counted, self.text)).flatten()
    }
}

/// The words of a piece of a text, where white space parts them.
fn words_inside(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let bytes = &text.as_bytes()[..range.end];
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
    let mut at = range.start;
    std::iter::from_fn(move || {
        let start = at + bytes[at..].iter().position(|byte| !is_blank(byte))?;
        at = bytes[start..].iter().position(is_blank).map_or(bytes.len(), |length| start + length);
        Some(start..at)
    })
}

/// Whether nginx gives up on a word or a remark: its buffer has to hold all of it, and what it has to read behind it to
/// see its end, which is one byte, or two if the first of them is white space. What the file ends with fits.
pub(super) fn too_long(span: Span, text: &str) -> Option<SyntaxError> {
    if span.end - span.start + 1 < BUFFER {
        return None;
    }
    let next = text.as_bytes().get(span.end as usize);
    let is_word = !text[span.range()].starts_with('#');
    let more = u32::from(is_word && next.is_some_and(|it| matches!(it, b' ' | b'\t' | b'\r' | b'\n')));
    let is_long = span.end - span.start + more >= BUFFER && ((span.start + BUFFER) as usize) < text.len();
    is_long.then(|| SyntaxError {
        span,
        message: "too long parameter".into(),
        hint: Some(format!("nginx takes words and remarks of less than {BUFFER} bytes")),
        ignored: false,
    })
}
