//! nginx's configuration language: from text to a tree of directives.
//!
//! Words end, quotes close and escapes mean what `ngx_conf_read_token` of `src/core/ngx_conf_file.c` (1.31.3) makes of
//! them. Beside what nginx reads, the pieces of template engines are known (Jinja, Go, ERB, `${NAME}`, `__NAME__`), so
//! that a file that nginx will only see after the engine did its work is no mistake.
//!
//! The grammar is flat and blocks are matched up here with a stack of its own, so that the depth of a file costs no
//! recursion.

mod build;
mod names;
mod template;
#[cfg(test)]
mod tests;
mod word;

/// What pest makes of the grammar; the macro writes no documentation.
#[allow(missing_docs, unreachable_pub)]
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "grammar/nginx.pest"]
    pub struct Grammar;
}

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memchr_iter;
use memchr::memmem::Finder;
use pest::Parser;

use self::grammar::{Grammar, Rule};
pub use self::word::{Text, Word};
use super::{Parsed, SyntaxError};
use crate::directives::{Directive as Row, Name};
use crate::source::{FileId, Span};

/// Blocks inside blocks are read up to this depth. No real file comes near it.
pub const MAX_DEPTH: usize = 100;

/// A file of nginx configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree<'s> {
    /// What stands in it, in order.
    pub items: Vec<Item<'s>>,
    /// Whether tags of a template engine and blocks of nginx cross, so that which block a directive stands in depends on
    /// how the template is filled in.
    pub entangled: bool,
    /// How many blocks it has, at whatever depth.
    pub blocks: usize,
    /// The argument of each `include` with a single one, at whatever depth.
    pub includes: Vec<Word<'s>>,
}

/// One thing of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item<'s> {
    /// A directive, with the block that it opens.
    Directive(Directive<'s>),
    /// `# text`, up to the end of its line, or a template engine's comment.
    Comment(Span),
    /// A piece of a template where a directive could stand.
    Template(Template),
}

/// A directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive<'s> {
    /// Its name and its arguments; never empty.
    pub words: Box<[Word<'s>]>,
    /// Where it ends, the `;` or the block included.
    end: u32,
    known: Name,
    /// What ends it.
    pub body: Body<'s>,
}

/// What ends a directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body<'s> {
    /// A `;`.
    Simple,
    /// A block of directives.
    Block(Box<[Item<'s>]>),
    /// A block in another language: what stands between the braces.
    Raw(Span),
}

/// A piece of a template where a directive could stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    /// All of it.
    pub span: Span,
    /// What it does to the text around it.
    pub kind: TemplateKind,
}

/// What a piece of a template does to the text around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateKind {
    /// What follows may be left out or repeated, up to the matching [`TemplateKind::Close`]: `{% if x %}`.
    Open,
    /// The next branch: `{% else %}`.
    Middle,
    /// The end of it: `{% endif %}`.
    Close,
    /// It gives way to a text that is not known: `{{ extra_directives }}`, `{% include 'ssl.conf' %}`.
    Text,
    /// It leaves no text and changes none: `{% set x = 1 %}`.
    Nothing,
}

impl<'s> Directive<'s> {
    fn new(words: Vec<Word<'s>>, end: u32, body: Body<'s>) -> Directive<'s> {
        let known = words.first().map_or(Name::of(""), |first| Name::of(&first.text));
        Directive::known(known, words, end, body)
    }

    /// One whose name was looked up.
    fn known(known: Name, words: Vec<Word<'s>>, end: u32, body: Body<'s>) -> Directive<'s> {
        Directive { words: words.into(), end, known, body }
    }

    /// The rows of its name in the table of nginx's own directives.
    pub fn rows(&self) -> &'static [Row] {
        self.known.rows()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.words.first().map_or("", |word| &word.text)
    }

    /// The words behind its name.
    pub fn arguments(&self) -> &[Word<'s>] {
        self.words.get(1..).unwrap_or_default()
    }

    /// All of it, the `;` or the block included.
    pub fn span(&self) -> Span {
        Span { end: self.end, ..self.header() }
    }

    /// Its words.
    pub fn header(&self) -> Span {
        words_span(&self.words).unwrap_or(Span { file: FileId(0), start: self.end, end: self.end })
    }

    /// What stands in its block; nothing where it opens none.
    pub fn items(&self) -> &[Item<'s>] {
        match &self.body {
            Body::Block(items) => items,
            Body::Simple | Body::Raw(_) => &[],
        }
    }
}

/// From the first to the last of some words.
fn words_span(words: &[Word]) -> Option<Span> {
    Some(words.first()?.span.to(words.last()?.span))
}

/// Reads a file. Where nginx would stop with an error, an error is noted and reading goes on behind it.
pub fn parse(file: FileId, text: &str) -> Parsed<Tree<'_>> {
    match Grammar::parse(start(text), text) {
        Ok(pairs) => build::tree(file, text, pairs.tokens()),
        Err(error) => {
            let message = format!("this text cannot be read: {}", error.variant.message());
            let errors = vec![SyntaxError {
                span: Span::new(file, 0..text.len()),
                message,
                hint: None,
                ignored: false,
            }];
            Parsed { tree: Tree::default(), errors }
        }
    }
}

/// The rule to begin with: most files hold nothing odd, and looking for it before each directive takes its time. What is read
/// line by line looks ahead to the end of its line for each directive, so that one long line would take its square.
fn start(text: &str) -> Rule {
    static LUA: LazyLock<Finder> = LazyLock::new(|| Finder::new("_by_lua_block"));
    static ODD: LazyLock<[Finder; 4]> =
        LazyLock::new(|| ["<%", "<<<<<<<", ">>>>>>>", "|||||||"].map(Finder::new));
    const LONG: usize = 4096;
    let text = text.as_bytes();
    if LUA.find(text).is_some() {
        return Rule::lua_file;
    }
    let mut line = 0;
    let mut lines =
        memchr_iter(b'\n', text).chain([text.len()]).map(|end| end - std::mem::replace(&mut line, end + 1));
    let is_long = text.len() > LONG && lines.any(|length| length > LONG);
    if is_long || ODD.iter().any(|odd| odd.find(text).is_some()) { Rule::odd_file } else { Rule::file }
}

/// The leaves of the parse, in order, and the white space and the ends of statements between them. They cover the text
/// without gap or overlap.
pub fn tiles(text: &str) -> Vec<Range<usize>> {
    let Ok(pairs) = Grammar::parse(start(text), text) else { return Vec::new() };
    let leaves = pairs
        .flatten()
        .filter(|pair| pair.clone().into_inner().next().is_none())
        .map(|pair| pair.as_span().start()..pair.as_span().end());
    let mut tiles = Vec::new();
    let mut at = 0;
    for leaf in leaves {
        let between = text.get(at..leaf.start).unwrap_or_default();
        if matches!(between.trim_matches([' ', '\n', '\t', '\r']), "" | ";" | "{") {
            tiles.push(at..leaf.start);
        }
        at = leaf.end;
        tiles.push(leaf);
    }
    tiles.retain(|range| !range.is_empty());
    tiles
}
