//! Directives and what ends them: a `;` where the name calls for a block, and a `{` where it calls for a `;`.

use super::{Body, Builder, MOST_ERRORS};
use crate::directives::Name;
use crate::source::Span;
use crate::syntax::SyntaxError;
use crate::syntax::nginx::names::{holds_directives, may_open_block, never_opens_block};
use crate::syntax::nginx::{Directive, Item, Word};

/// Into which blocks a fragment may belong, as far as its directives show.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Within {
    /// Even into one whose lines are keys and values, like `map`.
    Any,
    /// Into one that holds directives, `upstream` too.
    Directives,
    /// Into one that holds directives, but not into `upstream`.
    NoUpstream,
}

impl<'i> Builder<'i> {
    /// A directive that a `;` ends.
    pub(super) fn simple(&mut self, mut words: Vec<Word<'i>>, end: u32, flawed: bool) {
        let Some(first) = words.first() else { return };
        let is_outside = self.stack.len() == 1;
        let known = Name::of(&first.text);
        let calls_for_block = (known.always_opens_block() || holds_keys(&first.text)) && self.in_directives()
            || first.text == "server" && (is_outside || self.is_in("http"));
        if flawed && calls_for_block && self.opens_behind(end) {
            self.pending_block = Some(words);
            return;
        }
        if flawed || !calls_for_block {
            return self.push(Item::Directive(Directive::known(known, words, end, Body::Simple)));
        }
        let first = first.clone();
        let error = SyntaxError {
            span: first.span,
            message: format!("directive \"{}\" has no opening \"{{\"", first.text),
            hint: None,
            ignored: false,
        };
        // A file of a `map` may hold the key `http`, and one of an `upstream` a `server`.
        let needed = if first.text == "server" { Within::NoUpstream } else { Within::Directives };
        let header = self.header(&words);
        let goes_on = words.get(header).is_some_and(|next| self.indentation(next.span).is_some());
        if is_outside && !goes_on && words.len() > 1 {
            self.excess_closes += 1;
            self.if_directives.push((needed, error));
            return self.push_simple(words, end);
        }
        self.brace_error(error);
        if header == words.len() && self.text[end as usize..].trim_start_matches([' ', '\t']).starts_with('{')
        {
            // `location /;{`: the block is there.
            self.pending_block = Some(words);
            return;
        }
        if header == words.len() {
            self.excess_closes += 1;
            return self.push_simple(words, end);
        }
        // Only its brace is missing: what follows stands in the block.
        let rest = words.split_off(header);
        self.excess_opens += 1;
        self.open(words, rest.first().map_or(first.span, |word| word.span));
        self.simple(rest, end, true);
    }

    /// How many of these words name the block; those behind are of its first directive.
    fn header(&self, words: &[Word]) -> usize {
        let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
        let most = match text(0) {
            "http" | "server" | "events" | "stream" | "mail" | "types" => 1,
            "upstream" => 2,
            "location" if matches!(text(1), "=" | "~" | "~*" | "^~") => 3,
            "location" => 2,
            "map" | "split_clients" | "charset_map" => 3,
            "geo" if text(2).starts_with('$') => 3,
            "geo" => 2,
            "if" => words.iter().position(|it| it.text.ends_with(')')).map_or(words.len(), |at| at + 1),
            _ => words.len(),
        };
        most.min(words.len())
    }

    /// A directive that a `{` ends.
    pub(super) fn block(&mut self, words: Vec<Word<'i>>, brace: Span, flawed: bool) {
        let Some(first) = words.first() else { return self.open(words, brace) };
        if flawed {
            self.told_until = Some(brace.end as usize);
        }
        let (name, start) = (first.text.clone(), first.span.start);
        if self.in_keys() {
            return self.block_in_keys(words, brace, flawed);
        }
        if name == "server" && self.is_in("upstream") && words.len() == 1 {
            let message = format!("directive \"{name}\" is not terminated by \";\"");
            self.not_closed(message, brace, start, flawed);
            return self.open(words, brace);
        }
        let is_server = name == "server" && self.is_in("upstream");
        if !(is_server || calls_for_semicolon(&name) && self.in_directives()) {
            return self.open(words, brace);
        }
        self.misplaced(&name, words, brace, flawed);
    }

    /// A `{` where only keys and values stand.
    fn block_in_keys(&mut self, mut words: Vec<Word<'i>>, brace: Span, flawed: bool) {
        // A mistake that was told may have hidden the `}` before.
        let hidden = self.excess_opens > 0;
        self.excess_opens -= usize::from(hidden);
        let flawed = flawed || hidden;
        let message = "unexpected \"{\"".to_owned();
        let opens = |at: &usize| {
            let begins = *at == 0 || self.indentation(words[*at].span).is_some();
            begins && (may_open_block(&words[*at].text) || holds_keys(&words[*at].text))
        };
        if let Some(at) = (0..words.len()).find(opens) {
            let rest = words.split_off(at);
            if let Some(last) = words.last() {
                let end = last.span.end;
                self.push_simple(words, end);
            }
            let end = rest.first().map_or(brace.start, |word| word.span.start);
            self.not_closed(message, brace, end, flawed);
            return self.block(rest, brace, true);
        }
        let told = self.stack.last_mut().is_some_and(|frame| std::mem::replace(&mut frame.told, true));
        if !flawed && !told {
            let hint = Some("no block may stand in this one".into());
            self.brace_error(SyntaxError { span: brace, message, hint, ignored: false });
        }
        self.take_for_semicolon(words, brace);
    }

    /// The block around ends at `end`, though no brace closes it.
    fn not_closed(&mut self, message: String, at: Span, end: u32, flawed: bool) {
        let opener = self.stack.last().and_then(|frame| frame.opener.clone());
        if !flawed {
            let told = self.brace_errors.len() < MOST_ERRORS;
            let hint = opener.as_deref().filter(|_| told).and_then(|words| self.is_not_closed(words));
            self.brace_error(SyntaxError { span: at, message, hint, ignored: false });
        }
        // Should it be closed nevertheless, the brace is one too many.
        self.excess_closes += 1;
        self.leave(end);
    }

    /// A `{` behind a directive that opens no block.
    fn misplaced(&mut self, name: &str, mut words: Vec<Word<'i>>, brace: Span, flawed: bool) {
        self.swallow_lines(&words);
        // Most likely the `;` is missing and the block is that of the directive on the next line.
        let is_next =
            |at: usize| self.indentation(words[at].span).is_some() && may_open_block(&words[at].text);
        if let Some(at) = (1..words.len()).find(|at| is_next(*at)) {
            let rest = words.split_off(at);
            let last = words.last().map_or(brace, |word| word.span);
            let hint = self.not_ended(&words).unwrap_or_default();
            self.not_terminated(name, last, hint, flawed);
            self.push_simple(words, last.end);
            // A `server` behind the last one of an `upstream` is looked at; no more than one word is, so this ends.
            return if rest.len() == 1 { self.block(rest, brace, true) } else { self.open(rest, brace) };
        }
        let behind = self.text[brace.end as usize..].starts_with(|c: char| !c.is_whitespace());
        let before = self.text[..brace.start as usize].ends_with(|c: char| !c.is_whitespace());
        if behind && before {
            let hint = "put the word in quotes: outside of them, `{` begins a block".into();
            self.not_terminated(name, brace, hint, flawed);
            return self.take_for_semicolon(words, brace);
        }
        let hint = format!("`{name}` opens no block: put a `;` at its end");
        self.not_terminated(name, brace, hint, flawed);
        let first = words.first().map_or(brace, |word| word.span);
        if self.is_deeper_behind(brace, first) {
            self.excess_opens += 1;
            return self.open(words, brace);
        }
        self.take_for_semicolon(words, brace);
    }

    /// Takes a `{` that opens nothing for the end of a directive.
    fn take_for_semicolon(&mut self, words: Vec<Word<'i>>, brace: Span) {
        self.excess_closes += 1;
        self.told_until = Some(brace.end as usize);
        self.push_simple(words, brace.end);
    }

    /// Whether what stands behind a brace is on its line or indented deeper than what stands before.
    fn is_deeper_behind(&self, brace: Span, opener: Span) -> bool {
        let after = &self.text[brace.end as usize..];
        let next = after.trim_start();
        let gap = &after[..after.len() - next.len()];
        let Some((_, indentation)) = gap.rsplit_once('\n') else { return true };
        self.indentation(opener).is_none_or(|opener| indentation.len() > opener)
    }

    fn not_terminated(&mut self, name: &str, span: Span, hint: String, flawed: bool) {
        let message = format!("directive \"{name}\" is not terminated by \";\"");
        if !flawed {
            self.brace_error(SyntaxError { span, message, hint: Some(hint), ignored: false });
        }
    }

    /// The name of the block around; none where only the file is.
    fn around(&self) -> Option<&str> {
        let opener = self.stack.last().and_then(|frame| frame.opener.as_ref())?;
        Some(opener.first().map_or("", |first| &first.text))
    }

    /// Whether the block around is one of this name.
    pub(super) fn is_in(&self, name: &str) -> bool {
        self.around() == Some(name)
    }

    /// Whether what stands around is directives, so that the first word of a line is the name of one.
    fn in_directives(&self) -> bool {
        self.around().is_none_or(holds_directives)
    }

    /// Whether the block around holds keys and values alone.
    fn in_keys(&self) -> bool {
        let frames = &self.stack[..self.stack.len() - 1];
        let above = frames.last().and_then(|frame| frame.opener.as_ref()).and_then(|it| it.first());
        self.around().is_some_and(holds_keys) && above.is_none_or(|it| holds_directives(&it.text))
    }

    /// Notes what is wrong outside of all blocks, where the file cannot be one for which it is right.
    pub(super) fn judge_the_file(&mut self) {
        let within = self.items.iter().map(shows).max().unwrap_or(Within::Any);
        for (needed, error) in std::mem::take(&mut self.if_directives) {
            if within >= needed {
                self.brace_error(error);
            }
        }
    }
}

/// Blocks that nginx reads with a handler of their own, `ngx_conf_parse` of src/core/ngx_conf_file.c, 1.31.3: every line
/// is a key and its values, and a `{` is refused.
fn holds_keys(name: &str) -> bool {
    matches!(name, "map" | "geo" | "types" | "split_clients" | "charset_map")
}

/// Whether nginx insists on a `;`; the name of a directive is small letters, digits and underscores.
fn calls_for_semicolon(name: &str) -> bool {
    let is_name = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    is_name && never_opens_block(name)
}

/// What an item outside of all blocks shows of the file.
fn shows(item: &Item) -> Within {
    let Item::Directive(directive) = item else { return Within::Any };
    match (&directive.body, directive.name()) {
        (Body::Simple, "include" | "resolver" | "ip_hash" | "least_conn" | "keepalive") => Within::Any,
        (Body::Simple, name) if name.starts_with("keepalive_") => Within::Any,
        (Body::Simple, name) if calls_for_semicolon(name) => Within::NoUpstream,
        (Body::Block(_), name) if may_open_block(name) || holds_keys(name) => Within::NoUpstream,
        _ => Within::Any,
    }
}
