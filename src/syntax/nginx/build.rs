//! From the flat parse to a tree: blocks are matched up, and what nginx would stop at is noted.

mod blocks;
mod directives;

use std::ops::Range;

use pest::Token;
use pest::iterators::Tokens;

use self::directives::Within;
use super::template::{kind, tags};
use super::word::closing_quote;
use super::{Body, Directive, Item, Parsed, Rule, SyntaxError, Template, TemplateKind, Tree, Word};
use crate::source::{FileId, Span};

/// `NGX_CONF_BUFFER` of src/core/ngx_conf_file.c, 1.31.3, in bytes.
const BUFFER: u32 = 4096;

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

/// What was read of a directive.
#[derive(Default)]
struct Statement<'i> {
    words: Vec<Word<'i>>,
    /// What nginx would not take of it, first of all.
    flaw: Option<SyntaxError>,
    /// The tags that began or ended in it and have no partner there.
    tags: Vec<TemplateKind>,
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

    fn comment(&mut self, span: Span, text: &str) {
        // `# {% if x %}` does its work in a remark as well.
        let tags = tags(text);
        if tags.is_empty()
            && let Some(error) = too_long(span, self.text)
        {
            self.error(error);
        }
        let works = |kind: &TemplateKind| !matches!(kind, TemplateKind::Nothing | TemplateKind::Text);
        if !tags.iter().any(works) {
            return self.push(Item::Comment(span));
        }
        for kind in tags {
            self.tag(kind);
            self.push(Item::Template(Template { span, kind }));
        }
    }

    fn template(&mut self, span: Span, text: &str) {
        if text.starts_with("{#") {
            return self.push(Item::Comment(span));
        }
        // A switch for its line, which then may or may not be there: `%{enabled}    }`.
        self.entangled |= text.starts_with("%{");
        let kinds = if text.starts_with(['{', '<']) { tags(text) } else { vec![kind(text)] };
        for kind in kinds {
            // `$name` alone on its line may as well be a word in the wrong place.
            if !text.starts_with('$') {
                self.tag(kind);
            }
            self.push(Item::Template(Template { span, kind }));
        }
    }

    /// Keeps the book of open tags.
    fn tag(&mut self, kind: TemplateKind) {
        self.has_tags |= kind != TemplateKind::Nothing;
        let base = self.stack.last().map_or(0, |frame| frame.open_tags);
        match kind {
            TemplateKind::Open => self.open_tags += 1,
            TemplateKind::Close if self.open_tags > base => self.open_tags -= 1,
            TemplateKind::Close => self.entangled = true,
            TemplateKind::Middle => self.entangled |= self.open_tags <= base,
            TemplateKind::Text | TemplateKind::Nothing => {}
        }
    }

    /// Notes a conflict once; our side of it is read.
    fn conflict(&mut self, span: Span, text: &str) {
        let ends = text.starts_with('>') || text.contains("\n>>>>>>>");
        let told = self.in_conflict;
        self.in_conflict = !ends;
        if !told || text.starts_with('<') {
            let marker = &text[..7];
            self.error(SyntaxError {
                span: Span { end: span.start + 7, ..span },
                message: format!("unknown directive \"{marker}\""),
                hint: Some("a merge was not finished here: keep one side and take the markers away".into()),
                ignored: false,
            });
        }
    }

    fn stray(&mut self, span: Span, what: &str) {
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
    fn swallow(&mut self, text: &str) {
        let (opens, closes) = (text.matches('{').count(), text.matches('}').count());
        self.excess_closes += opens.saturating_sub(closes) + 1;
        self.excess_opens += closes.saturating_sub(opens) + 1;
    }

    /// Does the same for the quoted words of a wrong directive that go over several lines.
    fn swallow_lines(&mut self, words: &[Word]) {
        for word in words {
            let written = &self.text[word.span.range()];
            if written.contains('\n') {
                self.swallow(written);
            }
        }
    }

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

    fn raw(&mut self, tokens: &mut Tokens<'_, Rule>) {
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
        self.push(Item::Directive(Directive { words: words.into(), end: end as u32, body }));
    }

    /// A directive of plain words alone, which white space parts.
    fn line(&mut self, start: usize, tokens: &mut Tokens<'_, Rule>) {
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

    fn statement(&mut self, start: usize, tokens: &mut Tokens<'_, Rule>) {
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

    /// Keeps the book of tags inside a directive; `open` becomes the ones that have no partner in it.
    fn tags_inside(&mut self, text: &str, open: &mut Vec<TemplateKind>) {
        for kind in tags(text) {
            self.tag(kind);
            match kind {
                TemplateKind::Close if open.last() == Some(&TemplateKind::Open) => {
                    open.pop();
                }
                TemplateKind::Open | TemplateKind::Close => open.push(kind),
                TemplateKind::Middle | TemplateKind::Text | TemplateKind::Nothing => {}
            }
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

    fn push_simple(&mut self, words: Vec<Word<'i>>, end: u32) {
        self.push(Item::Directive(Directive { words: words.into(), end, body: Body::Simple }));
    }
}

/// The words of a piece of a text, where white space parts them.
fn words_inside(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = range.start;
    text[range].split([' ', '\t', '\r']).filter_map(move |word| {
        let start = at;
        at += word.len() + 1;
        (!word.is_empty()).then(|| start..start + word.len())
    })
}

/// Whether nginx gives up on a word or a remark: its buffer has to hold all of it, and what it has to read behind it to
/// see its end, which is one byte, or two if the first of them is white space. What the file ends with fits.
fn too_long(span: Span, text: &str) -> Option<SyntaxError> {
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

/// A text for a message: its first line, and not too much of that.
fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let line = text.split('\n').next().unwrap_or_default().trim_end();
    match line.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line.into(),
    }
}
