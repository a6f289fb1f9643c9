//! What a configuration file holds.

use crate::source::Span;

/// A file's statements in their order.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The statements at module level.
    pub statements: Vec<Statement>,
}

/// A statement; a compound one holds others, at most 100 deep.
#[derive(Clone, Debug)]
pub struct Statement {
    /// All of it, without the indentation and the comment on its last line. Of a block, its first line.
    pub span: Span,
    /// What it is.
    pub kind: StatementKind,
}

/// The statements as far as they are told apart.
#[derive(Clone, Debug)]
pub enum StatementKind {
    /// `a = b = value`, and `a: type = value`.
    Assign {
        /// What is bound, from left to right.
        targets: Vec<Expression>,
        /// The value.
        value: Expression,
    },
    /// `a += value` and its kin.
    Change {
        /// What is changed.
        target: Expression,
        /// By what.
        value: Expression,
    },
    /// An expression that stands alone, and every statement that is not known: an opaque expression.
    Evaluate(Expression),
    /// `import a.b as c, d`, and `from a import b as c`.
    Import(Vec<Import>),
    /// `from module import *`.
    ImportAll(String),
    /// `del a`.
    Delete(Expression),
    /// `global a, b`.
    Global(Vec<String>),
    /// `pass`, and `a: type`.
    Pass,
    /// A line that is for a template engine: `{% if x %}`, with its delimiters.
    Template(String),
    /// A compound statement.
    Block {
        /// Which one.
        keyword: Keyword,
        /// What stands between the keyword and the colon. Of an `if` or `while` it is the condition; of others opaque.
        header: Option<Expression>,
        /// What it holds.
        body: Vec<Statement>,
    },
}

/// A name that an import binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Where from: `os.path` of `import os.path`, `os` of `from os import getenv`.
    pub module: String,
    /// The name there: `getenv`. `None` where the module itself is imported.
    pub name: Option<String>,
    /// The name here: `os` of `import os.path`.
    pub bound: String,
}

/// How a compound statement begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    /// `if`.
    If,
    /// `elif`, behind its `if`.
    Elif,
    /// `else`, behind whatever it belongs to.
    Else,
    /// `while`.
    While,
    /// `for`.
    For,
    /// `try`.
    Try,
    /// `except`.
    Except,
    /// `finally`.
    Finally,
    /// `with`.
    With,
    /// `def`.
    Def,
    /// `class`.
    Class,
    /// `match`.
    Match,
    /// `case`.
    Case,
}

impl Keyword {
    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Keyword::If => "if",
            Keyword::Elif => "elif",
            Keyword::Else => "else",
            Keyword::While => "while",
            Keyword::For => "for",
            Keyword::Try => "try",
            Keyword::Except => "except",
            Keyword::Finally => "finally",
            Keyword::With => "with",
            Keyword::Def => "def",
            Keyword::Class => "class",
            Keyword::Match => "match",
            Keyword::Case => "case",
        }
    }
}

/// An expression. Only brackets nest, and no deeper than the reader allows.
#[derive(Clone, Debug)]
pub struct Expression {
    /// All of it.
    pub span: Span,
    /// What it is.
    pub kind: ExpressionKind,
}

/// The expressions as far as they are told apart.
#[derive(Clone, Debug)]
pub enum ExpressionKind {
    /// A text, its escapes resolved and its parts joined.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// `True` or `False`.
    Bool(bool),
    /// `None`.
    None,
    /// A name.
    Name(String),
    /// `a, b` and `(a, b)`.
    Tuple(Vec<Expression>),
    /// `[a, b]`.
    List(Vec<Expression>),
    /// `a.b(c)[d]`.
    Trailed(Box<Expression>, Vec<Trailer>),
    /// Operands and operators as they stand, not yet ordered by precedence.
    Row(Vec<Part>),
    /// `a if b else c if d else e`: the pairs (`a`, `b`) and (`c`, `d`), and `e`.
    Choice(Vec<(Expression, Expression)>, Box<Expression>),
    /// A template engine fills it in: `{{ value }}`, or a text that holds such a piece.
    Template,
    /// Anything else.
    Opaque {
        /// Every name and keyword in it, those inside of strings that are evaluated included.
        names: Vec<String>,
        /// Whether it binds names by `:=`.
        binds: bool,
        /// Whether something may be called in it.
        calls: bool,
        /// Whether it holds a piece for a template engine.
        template: bool,
    },
}

/// What stands behind a value.
#[derive(Clone, Debug)]
pub enum Trailer {
    /// `.name`.
    Attribute(String),
    /// `(a, b=c)`.
    Call(Vec<(Option<String>, Expression)>),
    /// `[a]`.
    Subscript(Expression),
    /// Brackets that hold something else.
    Opaque(Expression),
}

/// A piece of a [`ExpressionKind::Row`].
#[derive(Clone, Debug)]
pub enum Part {
    /// `not`, `+`, `-`, `~` before an operand.
    Prefix(&'static str),
    /// An operator between operands, of two words where it is written so: `not in`.
    Infix(&'static str),
    /// An operand.
    Operand(Expression),
}

impl Expression {
    /// Every name that it mentions, attributes and keywords included, into `names`.
    pub fn mentions<'a>(&'a self, names: &mut Vec<&'a str>) {
        match &self.kind {
            ExpressionKind::Name(name) => names.push(name),
            ExpressionKind::Opaque { names: all, .. } => names.extend(all.iter().map(String::as_str)),
            ExpressionKind::Tuple(items) | ExpressionKind::List(items) => {
                items.iter().for_each(|item| item.mentions(names));
            }
            ExpressionKind::Trailed(value, trailers) => {
                value.mentions(names);
                for trailer in trailers {
                    match trailer {
                        Trailer::Attribute(name) => names.push(name),
                        Trailer::Call(arguments) => {
                            arguments.iter().for_each(|(_, value)| value.mentions(names));
                        }
                        Trailer::Subscript(value) | Trailer::Opaque(value) => value.mentions(names),
                    }
                }
            }
            ExpressionKind::Row(parts) => {
                for part in parts {
                    if let Part::Operand(operand) = part {
                        operand.mentions(names);
                    }
                }
            }
            ExpressionKind::Choice(cases, last) => {
                for (value, condition) in cases {
                    value.mentions(names);
                    condition.mentions(names);
                }
                last.mentions(names);
            }
            ExpressionKind::Text(_)
            | ExpressionKind::Int(_)
            | ExpressionKind::Float(_)
            | ExpressionKind::Bool(_)
            | ExpressionKind::None
            | ExpressionKind::Template => {}
        }
    }
}
