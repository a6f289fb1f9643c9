//! Small programs of Python that are made up: what configuration files do, and what misleads whoever reads them.

use crate::support::Dice;

/// What an expression is likely to be. Now and then it is something else.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Int,
    Float,
    Text,
    Truth,
    List,
    Dict,
}

const KINDS: [Kind; 6] = [Kind::Int, Kind::Float, Kind::Text, Kind::Truth, Kind::List, Kind::Dict];

/// A program is made of statements, each a string of its own; a compound one has several lines.
pub(super) fn program(dice: &mut Dice) -> Vec<String> {
    let mut maker = Maker { dice, names: Vec::new() };
    let count = 2 + maker.dice.below(5);
    (0..count).map(|_| maker.statement()).collect()
}

struct Maker<'d> {
    dice: &'d mut Dice,
    names: Vec<(String, Kind)>,
}

impl Maker<'_> {
    fn kind(&mut self) -> Kind {
        *self.dice.roll(&KINDS)
    }

    fn one(&mut self, sides: &[&str]) -> String {
        (*self.dice.roll(sides)).to_string()
    }

    /// A new name, or now and then an old one.
    fn target(&mut self, kind: Kind) -> String {
        if !self.names.is_empty() && self.dice.below(4) == 0 {
            let at = self.dice.below(self.names.len());
            self.names[at].1 = kind;
            return self.names[at].0.clone();
        }
        let name = format!("v{}", self.names.len());
        self.names.push((name.clone(), kind));
        name
    }

    fn name(&mut self, kind: Kind) -> Option<String> {
        let fitting: Vec<&String> =
            self.names.iter().filter(|(_, it)| *it == kind).map(|(name, _)| name).collect();
        let at = self.dice.below(fitting.len().max(1));
        fitting.get(at).map(|name| name.to_string())
    }

    fn statement(&mut self) -> String {
        let kind = self.kind();
        let value = self.make(kind, 3);
        match self.dice.below(40) {
            0 => match self.name(Kind::List) {
                Some(list) => {
                    let alias = self.target(Kind::List);
                    let change =
                        self.one(&["append(1)", "sort()", "extend([2])", "pop()", "insert(0, 9)", "clear()"]);
                    format!("{alias} = {list}\n{alias}.{change}")
                }
                None => format!("{} = {value}", self.target(kind)),
            },
            1 => match self.name(kind) {
                Some(name) => {
                    let operator = self.one(&["+=", "-=", "*=", "//=", "|=", "%="]);
                    // Texts and numbers grow no further than this.
                    let value = if operator == "*=" { "2".into() } else { value };
                    format!("{name} {operator} {value}")
                }
                None => format!("{}: object = {value}", self.target(kind)),
            },
            2 => {
                let (a, b) = (self.kind(), self.kind());
                let (first, second) = (self.make(a, 2), self.make(b, 2));
                let (x, y) = (self.target(a), self.target(b));
                format!("{x}, {y} = {first}, {second}")
            }
            3 | 4 => {
                let condition = self.make(Kind::Truth, 2);
                let other = self.make(kind, 2);
                let name = self.target(kind);
                let middle = self.make(Kind::Truth, 1);
                match self.dice.below(3) {
                    0 => format!("if {condition}:\n    {name} = {value}\nelse:\n    {name} = {other}"),
                    1 => format!(
                        "if {condition}:\n    {name} = {value}\nelif {middle}:\n    pass\nelse:\n    {name} = {other}"
                    ),
                    _ => format!("{name} = {other}\nif {condition}: {name} = {value}"),
                }
            }
            5 => {
                let list = self.make(Kind::List, 2);
                let name = self.target(Kind::Int);
                format!("for {name} in {list}:\n    pass")
            }
            6 => {
                let (name, other) = (self.target(kind), self.make(kind, 1));
                format!("{name} = {value}\ndef f(a={name}):\n    global {name}\n    {name} = {other}\nf()")
            }
            7 => {
                let name = self.target(kind);
                let condition = self.make(Kind::Truth, 1);
                format!("if ({name} := {value}) and {condition}:\n    pass")
            }
            8 => {
                let (name, other) = (self.target(kind), self.make(kind, 1));
                format!("try:\n    {name} = {value}\nexcept Exception:\n    {name} = {other}")
            }
            9 => {
                let name = self.target(kind);
                format!("{name} = {value}\nexec('{name} = 5')")
            }
            10 => {
                let name = self.target(kind);
                format!("{name} = {value}\ndel {name}\n{name} = {}", self.make(kind, 1))
            }
            11 => match self.name(Kind::Dict) {
                Some(dict) => format!("{dict}['k'] = {value}"),
                None => format!("{} = {value}", self.target(kind)),
            },
            _ => format!("{} = {value}", self.target(kind)),
        }
    }

    fn make(&mut self, kind: Kind, depth: usize) -> String {
        if self.dice.below(60) == 0 {
            return self.one(&["None", "()", "...", "(lambda x: x)", "{1}", "{3, 4}", "2j", "b'x'", "1e400"]);
        }
        if let Some(name) = self.name(kind).filter(|_| self.dice.below(4) == 0) {
            return name;
        }
        if depth > 0 && self.dice.below(10) == 0 {
            let (a, c, b) =
                (self.make(kind, depth - 1), self.make(Kind::Truth, depth - 1), self.make(kind, depth - 1));
            return match self.dice.below(3) {
                0 => format!("({a} if {c} else {b})"),
                1 => format!("({a} or {b})"),
                _ => format!("({a} and {b})"),
            };
        }
        match kind {
            Kind::Int => self.int(depth),
            Kind::Float => self.float(depth),
            Kind::Text => self.text(depth),
            Kind::Truth => self.truth(depth),
            Kind::List => self.list(depth),
            Kind::Dict => self.dict(depth),
        }
    }

    fn int(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one(&[
                "0",
                "1",
                "-1",
                "2",
                "3",
                "7",
                "-8",
                "10",
                "0x1F",
                "0o17",
                "0b101",
                "1_000",
                "2147483648",
                "True",
                "9007199254740993",
                "4611686018427387904",
                "9223372036854775807",
                "-9223372036854775807 - 1",
                "99999999999999999999",
            ]);
        }
        let (any, number) =
            (self.kind(), *self.dice.roll(&[Kind::Int, Kind::Float, Kind::Text, Kind::Truth]));
        let long = *self.dice.roll(&[Kind::Text, Kind::List, Kind::Dict]);
        let d = depth - 1;
        match self.dice.below(16) {
            0..=3 => {
                let operator = self.one(&["+", "-", "*", "//", "%", "&", "|", "^"]);
                format!("({} {operator} {})", self.make(Kind::Int, d), self.make(Kind::Int, d))
            }
            4 => format!("({} ** {})", self.make(Kind::Int, d), self.one(&["0", "1", "2", "3", "-1"])),
            5 => format!(
                "({} {} {})",
                self.make(Kind::Int, d),
                self.one(&["<<", ">>"]),
                self.one(&["0", "1", "3", "62", "64"])
            ),
            6 => format!("len({})", self.make(long, d)),
            7 => format!("int({})", self.make(number, d)),
            8 => {
                format!("int({}, {})", self.make(Kind::Text, d), self.one(&["0", "10", "16", "8", "2", "36"]))
            }
            9 => {
                let function = self.one(&["max", "min"]);
                let kind = *self.dice.roll(&[Kind::Int, Kind::Float]);
                format!(
                    "{function}({}, {}, {})",
                    self.make(Kind::Int, d),
                    self.make(kind, d),
                    self.make(Kind::Int, d)
                )
            }
            10 => format!("{}({})", self.one(&["sum", "max", "min", "len"]), self.make(Kind::List, d)),
            11 => format!(
                "{}({})",
                self.one(&["abs", "round", "int", "-", "~", "+"]),
                self.make(Kind::Float, d)
            ),
            12 => format!("{}[{}]", self.make(Kind::List, d), self.make(Kind::Int, 0)),
            13 => format!(
                "{}.{}({})",
                self.make(Kind::Text, d),
                self.one(&["find", "count", "index", "rfind"]),
                self.make(Kind::Text, 0)
            ),
            14 => format!(
                "{}.get({}, {})",
                self.make(Kind::Dict, d),
                self.make(any, 0),
                self.make(Kind::Int, d)
            ),
            _ => format!("-{} ** 2 // {}", self.make(Kind::Int, 0).replace('-', ""), self.make(Kind::Int, d)),
        }
    }

    fn float(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one(&[
                "0.1",
                "1.5",
                "2.5",
                "-0.0",
                "1e16",
                "1e15",
                "123456789.125",
                "1e-5",
                "0.0001",
                "1e22",
                "3.",
                ".5",
                "1.0",
                "-2.675",
                "1e300",
            ]);
        }
        let any = self.kind();
        let d = depth - 1;
        match self.dice.below(6) {
            0 | 1 => {
                let operator = self.one(&["+", "-", "*", "/", "//", "%"]);
                format!("({} {operator} {})", self.make(Kind::Float, d), self.make(Kind::Float, d))
            }
            2 => format!("({} / {})", self.make(Kind::Int, d), self.make(Kind::Int, d)),
            3 => format!("float({})", self.make(any, d)),
            4 => format!("round({}, {})", self.make(Kind::Float, d), self.one(&["0", "1", "2", "5", "-1"])),
            _ => format!("{}({})", self.one(&["abs", "-", "+"]), self.make(Kind::Float, d)),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one(&[
                "''",
                "'a'",
                "\"it's\"",
                "'a\"b'",
                "'\\u00e9'",
                "'a\\nb\\t'",
                "'\u{df}'",
                "'\u{661}'",
                "'0x1f'",
                "' 12 '",
                "'1_000'",
                "'None'",
                "'{}'",
                "'%s'",
                "'A b'",
                "'/srv/app'",
                "'x' 'y'",
                "r'a\\b'",
                "'-5'",
                "'1.5e3'",
                "'a,b,,c'",
                "'\\x1f x\\xa0'",
                "'\\\\'",
                "f'{{a}}'",
            ]);
        }
        let any = self.kind();
        let d = depth - 1;
        match self.dice.below(18) {
            0 | 1 => format!("({} + {})", self.make(Kind::Text, d), self.make(Kind::Text, d)),
            2 => format!("({} * {})", self.make(Kind::Text, d), self.one(&["0", "2", "-1", "3"])),
            3 | 4 => format!("{}({})", self.one(&["str", "repr", "format"]), self.make(any, d)),
            5 => {
                let spec = self.one(&[
                    "%s", "%d", "%r", "%5d", "%-5s|", "%05d", "%x", "%.2f", "%+d", "%%", "%5.1f", "% d",
                    "%i%%", "%.3s", "%o",
                ]);
                format!("('{spec}' % {})", self.make(any, d))
            }
            6 => {
                let format = self.one(&["%s-%s", "%d:%s", "%s", "%(k)s", "%s%s%s"]);
                format!("('{format}' % ({}, {}))", self.make(any, d), self.make(Kind::Int, d))
            }
            7 => {
                let format = self.one(&[
                    "{}-{}", "{1}{0}", "{0}", "{a}{}", "{:>5}{}", "{!r}{}", "{{}}{}", "{", "{:05}",
                    "{a!r:6}|",
                ]);
                format!(
                    "'{format}'.format({}, {}, a={})",
                    self.make(any, d),
                    self.make(Kind::Int, d),
                    self.make(Kind::Text, 0)
                )
            }
            8 | 9 => {
                let spec = self.one(&[
                    "",
                    ":5",
                    ":<5",
                    ":>8",
                    ":^7",
                    ":*^9",
                    ":05",
                    ":+",
                    ":x",
                    ":#x",
                    ":.2f",
                    ":,",
                    ":_",
                    ":d",
                    ":s",
                    ":.3",
                    ":%",
                    "!r",
                    "!s:>6",
                    "=",
                    ":08.3f",
                    ":=+6",
                    ":b",
                    ":e",
                    ": ",
                    ":<05",
                    ":{3}",
                    ":>{2 + 3}",
                ]);
                // What is in a field has no braces, backslashes or quotes of the same kind.
                let inner = self.one(&[
                    "1", "-7", "1.5", "True", "None", "12345", "(1, 2)", "1e20", "v0", "[1]", "1 + 2",
                ]);
                format!("f'{inner}: {{{inner}{spec}}}'")
            }
            10 | 11 => {
                let method = self.one(&[
                    "upper()",
                    "lower()",
                    "strip()",
                    "lstrip()",
                    "rstrip()",
                    "title()",
                    "capitalize()",
                    "swapcase()",
                    "zfill(5)",
                    "rjust(4)",
                    "ljust(4)",
                    "replace('a', 'bb')",
                    "replace('', '-')",
                    "replace('b', '', 1)",
                    "strip('a1 ')",
                    "removeprefix('a')",
                    "removesuffix('b')",
                    "casefold()",
                    "rstrip('/')",
                    "center(7)",
                ]);
                format!("{}.{method}", self.make(Kind::Text, d))
            }
            12 => format!("{}.join({})", self.make(Kind::Text, 0), self.make(Kind::List, d)),
            13 => {
                let slice = self.one(&[
                    "[1:]", "[:-1]", "[::-1]", "[-3:2]", "[::2]", "[0]", "[-1]", "[5:1:-2]", "[:100]",
                    "[::0]",
                ]);
                format!("{}{slice}", self.make(Kind::Text, d))
            }
            14 => {
                let function = self.one(&["join", "dirname", "basename", "normpath", "abspath", "splitext"]);
                let texts = [
                    "'/srv//app/'",
                    "'a/../b'",
                    "'x.tar.gz'",
                    "''",
                    "'/'",
                    "'//a'",
                    "'/.x'",
                    "'../..'",
                    "'/a/b'",
                ];
                match function.as_str() {
                    "join" => format!("os.path.join({}, {})", self.one(&texts), self.one(&texts)),
                    "abspath" => format!("os.path.abspath('/' + {})", self.one(&texts)),
                    _ => format!("os.path.{function}({})", self.one(&texts)),
                }
            }
            15 => format!("os.environ.get('HOPLINT_NOT_SET', {})", self.make(Kind::Text, d)),
            16 => format!("{}[{}]", self.make(Kind::Dict, d), self.one(&["'k'", "1", "'a'", "True"])),
            _ => format!(
                "{}.{}",
                self.make(Kind::Text, d),
                self.one(&["partition(',')[0]", "rsplit(',', 1)[-1]", "split()[0]"])
            ),
        }
    }

    fn truth(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one(&["True", "False", "1", "0", "''", "[]", "not 1"]);
        }
        let (a, b) = (self.kind(), self.kind());
        let d = depth - 1;
        match self.dice.below(11) {
            0 | 1 => {
                let operator = self.one(&["==", "!=", "<", "<=", ">", ">="]);
                format!("({} {operator} {})", self.make(a, d), self.make(a, d))
            }
            2 => {
                let (x, y) = (self.one(&["<", "<=", "==", ">"]), self.one(&["<", "!=", ">=", "in"]));
                format!("({} {x} {} {y} {})", self.make(a, d), self.make(a, d), self.make(a, d))
            }
            3 => format!("({} {} {})", self.make(a, d), self.one(&["in", "not in"]), self.make(b, d)),
            4 => format!("({} {} None)", self.make(a, d), self.one(&["is", "is not"])),
            5 => format!("(not {})", self.make(a, d)),
            6 => format!("bool({})", self.make(a, d)),
            7 => {
                let method = self.one(&[
                    "startswith('a')",
                    "endswith(('b', ''))",
                    "isdigit()",
                    "isalpha()",
                    "isspace()",
                    "isupper()",
                    "isalnum()",
                    "islower()",
                    "isnumeric()",
                    "isdecimal()",
                ]);
                format!("{}.{method}", self.make(Kind::Text, d))
            }
            8 => format!("{}({})", self.one(&["any", "all"]), self.make(Kind::List, d)),
            9 => format!(
                "({} {} {})",
                self.make(Kind::Truth, d),
                self.one(&["&", "|", "^"]),
                self.make(Kind::Truth, d)
            ),
            _ => format!(
                "({} {} {})",
                self.make(Kind::Int, d),
                self.one(&["==", "<", ">"]),
                self.make(Kind::Float, d)
            ),
        }
    }

    fn list(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one(&[
                "[]",
                "[1, 2, 3]",
                "['b', 'a']",
                "(1,)",
                "(2, 1)",
                "[True, 1]",
                "[[1], [2]]",
                "[0.5, 1]",
            ]);
        }
        let (a, b) = (self.kind(), self.kind());
        let d = depth - 1;
        match self.dice.below(14) {
            0 | 1 => format!("[{}, {}]", self.make(a, d), self.make(b, d)),
            2 => format!("({} + {})", self.make(Kind::List, d), self.make(Kind::List, d)),
            3 => format!("({} * {})", self.make(Kind::List, d), self.one(&["0", "2", "-1"])),
            4 => format!("{}({})", self.one(&["sorted", "list", "tuple", "set"]), self.make(a, d)),
            5 => format!("list(range({}))", self.one(&["3", "2, 5", "5, 0, -2", "0", "-1", "1, 2, 0"])),
            6 => format!(
                "{}.split({})",
                self.make(Kind::Text, d),
                self.one(&["", "','", "',', 1", "' '", "''", "None"])
            ),
            7 => {
                let item = self.one(&["x", "x * 2", "str(x)", "(x, 1)", "x if x else 0", "f'{x}'", "[x]"]);
                let condition = self.one(&["", " if x", " if x != 1", " if not x", " if x if x"]);
                format!("[{item} for x in {}{condition}]", self.make(Kind::List, d))
            }
            8 => {
                format!("[x + y for x in {} for y in {}]", self.make(Kind::List, 0), self.make(Kind::List, 0))
            }
            9 => {
                let slice = self.one(&["[1:]", "[:-1]", "[::-1]", "[-3:2]", "[::2]", "[9:]", "[2:0:-1]"]);
                format!("{}{slice}", self.make(Kind::List, d))
            }
            10 => format!("[*{}, {}]", self.make(Kind::List, d), self.make(a, d)),
            11 => format!(
                "list({}{})",
                self.make(Kind::Dict, d),
                self.one(&["", ".keys()", ".values()", ".items()"])
            ),
            12 => format!(
                "list({}({}))",
                self.one(&["reversed", "enumerate", "sorted"]),
                self.make(Kind::List, d)
            ),
            _ => format!("sorted({}, reverse=True)", self.make(Kind::List, d)),
        }
    }

    fn dict(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one(&[
                "{}",
                "{'k': 1}",
                "{1: 'a', True: 'b'}",
                "{'a': None, 'k': 'v'}",
                "dict(a=1, k=2)",
            ]);
        }
        let (a, key) = (self.kind(), *self.dice.roll(&[Kind::Text, Kind::Int]));
        let d = depth - 1;
        match self.dice.below(6) {
            0 | 1 => format!("{{'k': {}, {}: 2}}", self.make(a, d), self.make(key, d)),
            2 => format!("{{**{}, 'k': {}}}", self.make(Kind::Dict, d), self.make(a, d)),
            3 => format!("{{x: {} for x in {}}}", self.make(a, d), self.make(Kind::List, d)),
            4 => format!("({} | {})", self.make(Kind::Dict, d), self.make(Kind::Dict, d)),
            _ => format!("dict({})", self.make(Kind::Dict, d)),
        }
    }
}
