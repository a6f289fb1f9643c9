//! Blocks: what opens one, what closes it, which braces are too many, and what is left open at the end of the file.

use super::{Builder, Frame, MOST_ERRORS, shown};
use crate::source::Span;
use crate::syntax::nginx::names::must_open_block;
use crate::syntax::nginx::{Body, Directive, Item, MAX_DEPTH, Text, Tree, Word, words_span};
use crate::syntax::{Parsed, SyntaxError};

impl<'i> Builder<'i> {
    pub(super) fn open(&mut self, words: Vec<Word<'i>>, brace: Span) {
        if self.stack.len() > MAX_DEPTH {
            if self.skipped == 0 {
                self.error(SyntaxError {
                    span: brace,
                    message: format!(
                        "blocks are nested more than {MAX_DEPTH} deep, and this one is not read"
                    ),
                    hint: None,
                    ignored: false,
                });
            }
            self.skipped += 1;
            return;
        }
        self.stack.push(Frame {
            opener: Some(words),
            first: self.items.len(),
            open_tags: self.open_tags,
            told: false,
        });
    }

    pub(super) fn close(&mut self, span: Span) {
        // `location / } {`: the brace is too much, and the block begins behind it.
        let opens = self.opens_behind(span.end);
        if let Some((words, flawed)) = self.pending.take_if(|_| opens) {
            if !flawed {
                self.unexpected(span, "}", None);
            }
            self.pending_block = Some(words);
            return;
        }
        self.give_up_pending(Some(span));
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        if self.stack.len() == 1 && self.excess_closes > 0 {
            self.excess_closes -= 1;
            return;
        }
        if self.stack.len() == 1 {
            let hint = match self.errors.is_empty() && self.brace_errors.is_empty() {
                true => {
                    Some("no block is open here: there is one `}` too many, or a `{` is missing above".into())
                }
                false => None,
            };
            self.unexpected(span, "}", hint);
            self.told_until = Some(span.end as usize);
            return;
        }
        let words = self.stack.last().and_then(|frame| frame.opener.as_ref());
        if self.suspect.is_none()
            && let Some(words) = words
            && let Some(first) = words.first()
            && let (Some(opened), Some(closed)) = (self.indentation(first.span), self.indentation(span))
            && opened > closed
        {
            self.suspect = words_span(words);
        }
        self.leave(span.end);
    }

    pub(super) fn stray(&mut self, span: Span, what: &str) {
        let at = span.start as usize;
        if let Some(words) = self.pending_block.take() {
            return self.block(words, span, true);
        }
        let before = self.text[..at].trim_end();
        if what == ";" {
            // `};` may close once more than was meant, and a `;` alone may stand for a `}`.
            self.excess_closes += usize::from(before.ends_with('}'));
            self.excess_opens += 1;
        }
        if self.told_until == Some(before.len()) {
            self.told_until = Some(span.end as usize);
            if what == "{" {
                self.excess_opens += 1;
                self.open(Vec::new(), span);
            }
            return;
        }
        let doubled = before.ends_with(['{', ';']);
        let hint = doubled.then(|| format!("there is one `{what}` too many"));
        self.unexpected(span, what, hint);
        // A second brace right behind the first is one mistake; any other opens something that will be closed.
        if what == "{" && self.text[..at].ends_with('{') {
            self.excess_closes += 1;
        } else if what == "{" {
            // It may stand for a `}`: then one more is open.
            self.excess_opens += 2;
            self.open(Vec::new(), span);
        }
    }

    /// Keeps the book of the braces that a wrong quote hides, or that it should have hidden: one more than are seen.
    pub(super) fn swallow(&mut self, text: &str) {
        let (opens, closes) = (text.matches('{').count(), text.matches('}').count());
        self.excess_closes += opens.saturating_sub(closes) + 1;
        self.excess_opens += closes.saturating_sub(opens) + 1;
    }

    /// Does the same for the quoted words of a wrong directive that go over several lines.
    pub(super) fn swallow_lines(&mut self, words: &[Word]) {
        for word in words {
            let written = &self.text[word.span.range()];
            if written.contains('\n') {
                self.swallow(written);
            }
        }
    }

    /// Ends the block around.
    pub(super) fn leave(&mut self, end: u32) {
        if self.stack.len() == 1 {
            return;
        }
        let Some(frame) = self.stack.pop() else { return };
        self.entangled |= frame.open_tags != self.open_tags;
        self.push_block(frame, end);
    }

    fn push_block(&mut self, frame: Frame<'i>, end: u32) {
        let words = frame.opener.unwrap_or_default();
        if words.is_empty() {
            // Opened by a stray brace: what stands in it belongs to what encloses it.
            return;
        }
        self.blocks += 1;
        let body = Body::Block(self.items.drain(frame.first..).collect());
        self.push(Item::Directive(Directive::new(words, end, body)));
    }

    /// Notes a directive that was not ended where a `}` or something that is no word of it comes next.
    pub(super) fn give_up_pending(&mut self, next: Option<Span>) {
        let Some((words, flawed)) = self.pending.take() else { return };
        let Some(last) = words.last() else { return };
        let end = last.span.end;
        if let Some(brace) = next.filter(|_| !flawed) {
            // If it is the brace that is too much, the block is closed once more; if a word hides one, it is not.
            self.excess_closes += 1;
            self.excess_opens += 1;
            self.swallow_lines(&words);
            self.told_until = Some(brace.end as usize);
            let hint = self.not_ended(&words);
            self.unexpected(brace, "}", hint);
            // A block that lacks its `{`, or has a `}` instead.
            let opens = |name: &str| name == "server" && self.is_in("http") || must_open_block(name);
            if words.first().is_some_and(|first| opens(&first.text)) {
                self.open(words, brace);
            } else {
                self.push_simple(words, end);
            }
            return;
        }
        self.push_simple(words, end);
    }

    /// What is wrong with a directive that nothing ends.
    pub(super) fn not_ended(&self, words: &[Word]) -> Option<String> {
        // What is not told costs nothing.
        if self.brace_errors.len() >= MOST_ERRORS {
            return None;
        }
        let written = |word: &Word| &self.text[word.span.range()];
        // A quote that was not closed ends at the next one, and what was in quotes there is not.
        let long =
            words.iter().find(|word| written(word).starts_with(['"', '\'']) && written(word).contains('\n'));
        let Some(long) = long else {
            return Some(format!("put a `;` behind `{}`", shown(written(words.last()?))));
        };
        let first = self.text[..long.span.start as usize].matches('\n').count() + 1;
        let last = first + written(long).matches('\n').count();
        Some(format!(
            "the quote that opens on line {first} is closed on line {last}: is it meant to go that far?"
        ))
    }

    /// Whether a `{` comes next, white space and remarks aside.
    pub(super) fn opens_behind(&self, at: u32) -> bool {
        let mut rest = self.text[at as usize..].trim_start();
        while rest.starts_with('#') {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
        }
        rest.strip_prefix('{').is_some_and(|it| !it.starts_with(['{', '%', '#']))
    }

    pub(super) fn unclosed(&mut self, opener: Option<&[Word]>) {
        let at = self.text.len();
        let hint = opener.and_then(|words| self.is_not_closed(words));
        self.brace_error(SyntaxError {
            span: Span::new(self.file, at..at),
            message: "unexpected end of file, expecting \"}\"".into(),
            hint,
            ignored: false,
        });
    }

    /// The hint that a block is not closed.
    pub(super) fn is_not_closed(&self, opener: &[Word]) -> Option<String> {
        let span = words_span(opener)?;
        let line = self.text[..span.start as usize].matches('\n').count() + 1;
        Some(format!("the block of `{}` on line {line} is not closed", shown(&self.text[span.range()])))
    }

    pub(super) fn finish(mut self) -> Parsed<Tree<'i>> {
        let open = self.stack.len() - 1 + self.skipped;
        if let Some((words, flawed)) = self.pending.take()
            && let Some(last) = words.last()
        {
            let at = self.text.len();
            let error = SyntaxError {
                span: Span::new(self.file, at..at),
                message: "unexpected end of file, expecting \";\" or \"}\"".into(),
                hint: self.not_ended(&words),
                ignored: false,
            };
            let end = last.span.end;
            if !flawed {
                self.brace_error(error);
            }
            self.push_simple(words, end);
        } else if open > self.excess_opens && !self.unended {
            let opener =
                self.suspect_words().or_else(|| self.stack.last().and_then(|frame| frame.opener.clone()));
            self.unclosed(opener.as_deref());
        }
        self.skipped = 0;
        while self.stack.len() > 1 {
            let Some(frame) = self.stack.pop() else { break };
            self.push_block(frame, self.text.len() as u32);
        }
        self.judge_the_file();
        self.entangled |= self.open_tags > 0;
        if self.has_tags {
            self.entangled |= !self.brace_errors.is_empty();
        } else {
            self.errors.append(&mut self.brace_errors);
        }
        self.errors.sort_by_key(|error| error.span);
        one_a_line(&mut self.errors, self.text);
        self.items.shrink_to_fit();
        let Builder { items, entangled, blocks, includes, errors, .. } = self;
        Parsed { tree: Tree { items, entangled, blocks, includes }, errors }
    }

    /// The opener of the block that is likely the one that was never closed.
    fn suspect_words(&self) -> Option<Vec<Word<'i>>> {
        let span = self.suspect?;
        Some(vec![Word::of(span, Text::Written(""), false, false)])
    }

    /// How far something is indented that begins its line.
    pub(super) fn indentation(&self, span: Span) -> Option<usize> {
        let start = span.start as usize;
        let before = self.text[..start].trim_end_matches([' ', '\t']);
        (before.is_empty() || before.ends_with('\n')).then(|| start - before.len())
    }
}

/// Leaves the first error of each line: what else is wrong there is most likely a part of the same mistake.
fn one_a_line(errors: &mut Vec<SyntaxError>, text: &str) {
    let mut line_of = 0;
    let mut first = true;
    errors.retain(|error| {
        let start = error.span.start as usize;
        let keep = std::mem::take(&mut first) || text[line_of..start].contains('\n');
        line_of = start;
        keep
    });
}
