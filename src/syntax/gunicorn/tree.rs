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
        /// `+` of `+=`.
        operator: &'static str,
        /// By what.
        value: Expression,
    },
    /// An expression that stands alone, and every statement that is not known: an opaque expression.
    Evaluate(Expression),
    /// `@value`, above what it decorates.
    Decorator(Expression),
    /// `return value`.
    Return(Option<Expression>),
    /// `raise value from cause`.
    Raise(Vec<Expression>),
    /// `assert condition, value`.
    Assert(Vec<Expression>),
    /// `break` or `continue`.
    Jump,
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
        /// What stands between the keyword and the colon.
        header: Header,
        /// What it holds.
        body: Vec<Statement>,
    },
}

/// What stands between the keyword of a compound statement and its colon.
#[derive(Clone, Debug)]
pub enum Header {
    /// Nothing: `else`, `try`, `finally`, and `except` for everything.
    Nothing,
    /// The condition of an `if`, `elif` or `while`; what a `match` or `case` has, and whatever is not known, is opaque.
    Expression(Expression),
    /// `for target in values`.
    For(Expression, Expression),
    /// `with value as target, value`.
    With(Vec<(Expression, Option<Expression>)>),
    /// `except value as name`.
    Except(Expression, Option<String>),
    /// `def name(parameters)`.
    Def(String, Parameters),
    /// `class name(arguments)`.
    Class(String, Vec<(Option<String>, Expression)>),
}

/// The parameters of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// How many are given by their place, those with a default included.
    pub by_place: usize,
    /// All names, in their order.
    pub names: Vec<String>,
}

/// The parameters of a function, and what is worked out where it is defined.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    /// The parameters.
    pub takes: Names,
    /// Defaults and type hints.
    pub evaluated: Vec<Expression>,
    /// Whether it is `async`: then a call gives something to wait for.
    pub is_async: bool,
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
    /// `{a, b}`.
    Set(Vec<Expression>),
    /// `{a: b, **c}`: pairs of a key and a value; what is spread has no key.
    Dict(Vec<(Option<Expression>, Expression)>),
    /// `[a for b in c if d]` and its kin.
    Comprehension(Box<Comprehension>),
    /// `*a` among items or arguments.
    Starred(Box<Expression>),
    /// `**a` among arguments.
    Spread(Box<Expression>),
    /// `name := a`.
    Walrus(String, Box<Expression>),
    /// `lambda a: lambda b: c`: the parameters of each, and the innermost body.
    Lambda(Vec<Parameters>, Box<Expression>),
    /// `yield a`.
    Yield(Option<Box<Expression>>),
    /// `f"{a!r:>{b}}"`.
    Format(Vec<Piece>),
    /// `a:b:c` in a subscript.
    Slice(Box<[Option<Expression>; 3]>),
    /// `...`.
    Ellipsis,
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
    /// `(a, b=c)`, `*d` and `**e` as expressions of these kinds.
    Call(Vec<(Option<String>, Expression)>),
    /// `[a]`.
    Subscript(Expression),
    /// Brackets that hold something else.
    Opaque(Expression),
}

/// A comprehension, or a generator.
#[derive(Clone, Debug)]
pub struct Comprehension {
    /// What it makes.
    pub makes: Makes,
    /// The item; of a dict its key.
    pub item: Expression,
    /// A dict's value.
    pub value: Option<Expression>,
    /// From the outermost loop to the innermost.
    pub clauses: Vec<Clause>,
}

/// What a comprehension makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Makes {
    /// `[...]`.
    List,
    /// `{...}` without a colon.
    Set,
    /// `{...}` with a colon.
    Dict,
    /// `(...)`.
    Generator,
}

/// `for target in values if condition if condition`.
#[derive(Clone, Debug)]
pub struct Clause {
    /// What is bound.
    pub target: Expression,
    /// What is gone through.
    pub values: Expression,
    /// All of which have to hold.
    pub conditions: Vec<Expression>,
}

/// A piece of an f-string.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Text that stands for itself.
    Text(String),
    /// A field.
    Field {
        /// What is shown.
        value: Expression,
        /// `r` of `!r`.
        conversion: Option<char>,
        /// What stands behind the colon.
        format: Vec<Piece>,
        /// The expression as written, up to the `=` of `{value=}`.
        shown: Option<String>,
    },
}

/// A piece of a [`ExpressionKind::Row`].
#[derive(Clone, Debug)]
pub enum Part {
    /// `not`, `+`, `-`, `~`, `await` before an operand.
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
            ExpressionKind::Walrus(name, _) => names.push(name),
            ExpressionKind::Lambda(heads, _) => {
                names.extend(heads.iter().flat_map(|head| &head.takes.names).map(String::as_str));
            }
            _ => {}
        }
        if let ExpressionKind::Trailed(head, trailers) = &self.kind {
            head.mentions(names);
            for trailer in trailers {
                if let Trailer::Attribute(name) = trailer {
                    names.push(name);
                }
                trailer.each(&mut |inner| inner.mentions(names));
            }
            return;
        }
        self.each(&mut |inner| inner.mentions(names));
    }

    /// Calls `f` with each expression that it is directly made of, in their order.
    pub fn each<'a>(&'a self, f: &mut dyn FnMut(&'a Expression)) {
        match &self.kind {
            ExpressionKind::Tuple(items) | ExpressionKind::List(items) | ExpressionKind::Set(items) => {
                items.iter().for_each(f);
            }
            ExpressionKind::Dict(entries) => {
                entries.iter().for_each(|(key, value)| key.iter().chain([value]).for_each(&mut *f));
            }
            ExpressionKind::Comprehension(it) => {
                f(&it.item);
                it.value.iter().for_each(&mut *f);
                for clause in &it.clauses {
                    f(&clause.target);
                    f(&clause.values);
                    clause.conditions.iter().for_each(&mut *f);
                }
            }
            ExpressionKind::Starred(inner)
            | ExpressionKind::Spread(inner)
            | ExpressionKind::Walrus(_, inner)
            | ExpressionKind::Yield(Some(inner)) => f(inner),
            ExpressionKind::Lambda(heads, body) => {
                heads.iter().flat_map(|head| &head.evaluated).for_each(&mut *f);
                f(body);
            }
            ExpressionKind::Format(pieces) => pieces.iter().for_each(|piece| piece.each(f)),
            ExpressionKind::Slice(parts) => parts.iter().flatten().for_each(f),
            ExpressionKind::Trailed(head, trailers) => {
                f(head);
                trailers.iter().for_each(|trailer| trailer.each(f));
            }
            ExpressionKind::Row(parts) => {
                for part in parts {
                    if let Part::Operand(operand) = part {
                        f(operand);
                    }
                }
            }
            ExpressionKind::Choice(cases, last) => {
                for (value, condition) in cases {
                    f(value);
                    f(condition);
                }
                f(last);
            }
            ExpressionKind::Text(_)
            | ExpressionKind::Int(_)
            | ExpressionKind::Float(_)
            | ExpressionKind::Bool(_)
            | ExpressionKind::None
            | ExpressionKind::Name(_)
            | ExpressionKind::Yield(None)
            | ExpressionKind::Ellipsis
            | ExpressionKind::Opaque { .. }
            | ExpressionKind::Template => {}
        }
    }
}

impl Trailer {
    fn each<'a>(&'a self, f: &mut dyn FnMut(&'a Expression)) {
        match self {
            Trailer::Attribute(_) => {}
            Trailer::Call(arguments) => arguments.iter().for_each(|(_, value)| f(value)),
            Trailer::Subscript(value) | Trailer::Opaque(value) => f(value),
        }
    }
}

impl Piece {
    fn each<'a>(&'a self, f: &mut dyn FnMut(&'a Expression)) {
        if let Piece::Field { value, format, .. } = self {
            f(value);
            format.iter().for_each(|piece| piece.each(f));
        }
    }
}

impl Header {
    /// Calls `f` with each expression that it is directly made of, in their order, but for what it binds.
    pub fn each<'a>(&'a self, f: &mut dyn FnMut(&'a Expression)) {
        match self {
            Header::Nothing => {}
            Header::Expression(value) | Header::For(_, value) | Header::Except(value, _) => f(value),
            Header::With(items) => items.iter().for_each(|(value, _)| f(value)),
            Header::Def(_, parameters) => parameters.evaluated.iter().for_each(f),
            Header::Class(_, arguments) => arguments.iter().for_each(|(_, value)| f(value)),
        }
    }
}
