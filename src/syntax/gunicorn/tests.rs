//! Texts to trees and errors.

use super::*;

fn errors(text: &str) -> Vec<(String, u32)> {
    parse(FileId(0), text).errors.into_iter().map(|error| (error.message, error.span.start)).collect()
}

#[test]
fn the_leaves_tile_every_text() {
    for text in [
        "",
        "\u{FEFF}bind = '127.0.0.1:8000'\r\nworkers = 3 # three\r\n",
        "a = \"\"\"x\n'y'\n\"\"\" \\\n  'b'\n",
        "a = 'open\nb = 2\n",
        "a = \"\"\"never closed\n",
        "x = {{ y }}\n{% if a %}\n<% end %>",
        "?$`!\\ \u{1a} é = ('(' [ ) }",
        "f(x)\\",
    ] {
        let mut at = 0;
        for range in tiles(text) {
            assert_eq!(range.start, at, "{text:?}");
            assert!(range.end > at, "{text:?}");
            at = range.end;
        }
        assert_eq!(at, text.len(), "{text:?}");
    }
}

#[test]
fn an_error_is_what_cpython_certainly_refuses() {
    for (text, message, at) in [
        ("bind = 'x\nworkers = 2\n", "unterminated string literal", 7),
        ("bind = '''x\nworkers = 2\n", "unterminated triple-quoted string literal", 7),
        ("bind = ['a'\nworkers = 2\n", "'[' was never closed", 7),
        ("bind = 'a']\n", "unmatched ']'", 10),
        ("bind = ['a')\n", "closing parenthesis ')' does not match opening parenthesis '['", 11),
        ("workers = 2\n  timeout = 3\n", "unexpected indent", 14),
        ("if x:\n    a = 1\n  b = 2\n", "unindent does not match any outer indentation level", 18),
        ("if x:\nb = 2\n", "expected an indented block after 'if' statement", 6),
        ("def f():\n", "expected an indented block after 'def' statement", 9),
    ] {
        assert_eq!(errors(text), [(message.to_string(), at)], "{text:?}");
    }
}

#[test]
fn what_is_not_known_is_no_error() {
    for text in [
        "print 'x'\n",
        "exec 'x' in y\n",
        "x = f\"{d[\"a\"]}\"\n",
        "x = f\"{d[\"it's\"]}\"\n",
        "if a: b = 1; c = 2\nelse: b = 3\n",
        "match = 3\ncase = 4\nmatch.x(1)\n",
        "match a:\n    case 1: pass\n    case -1 | 2:\n        b = 1\n",
        "async def f(x: int = 3, *a, **k) -> int:\n\treturn 1\n",
        "@a.b(c)\ndef f(): pass\n",
        "if (y := f(x)) > 1:\n    pass\n",
        "x: int = 3\ny: list[str]\n",
        "x = [i for i in range(3) if i]\nz = {**a, 'b': lambda x=1: (x, 2)}\n",
        "def f():\n    # only\n\n    return\n\n  # comment\nx = 1\n",
        "try:\n  import a\nexcept ImportError as e:\n  a = None\nfinally:\n  pass\n",
        "x = (1 +\n# why\n  2)\ny = 1 + \\\n  2\n",
        "bind = {{ address }}\n{% if x %}\n    workers = 3\n{% endif %}\n",
        "{% for a in b %}\nx = '{{ a }}\n{% endfor %}\n",
        "x = <%= @y %>\n",
        "class A(B, metaclass=C):\n    x = 1\n    def f(self): return [\n1]\n",
        "x = 1 if a else 2 if b else 3\n",
        "\n\n   \n# c\n",
    ] {
        assert_eq!(errors(text), [], "{text:?}");
    }
}

#[test]
fn nesting_costs_no_stack() {
    for (open, close) in [("(", ")"), ("[", "]"), ("f(", ")"), ("{", "}"), ("a[", "]")] {
        for depth in [lines::MAX_DEPTH - 1, lines::MAX_DEPTH, lines::MAX_DEPTH + 1, 150] {
            let text = format!("a = {}1{}\n", open.repeat(depth), close.repeat(depth));
            assert_eq!(errors(&text), [], "{depth} of {open}");
        }
        let text = format!("a = {}1{}\n", open.repeat(10_000), close.repeat(10_000));
        // `{{` is a template's.
        assert!(open == "{" || errors(&text)[0].0.contains("too many nested"), "{open}");
    }
    for text in [
        format!("a = {}1\n", "not ".repeat(10_000)),
        format!("a = 1{}\n", " + 1".repeat(10_000)),
        format!("a = 1{}\n", " if 1 else 1".repeat(5_000)),
        format!("a = b{}\n", "()".repeat(5_000)),
        format!("a = {}1\n", "lambda: ".repeat(5_000)),
        format!("{}a = 1\n", "a = ".repeat(5_000)),
        (0..90).map(|n| format!("{}if x:\n", " ".repeat(n))).collect::<String>()
            + &" ".repeat(90)
            + "x = 1\n",
    ] {
        assert_eq!(errors(&text), []);
    }
    let text = (0..5000).map(|n| format!("{}if x:\n", " ".repeat(n))).collect::<String>();
    assert!(errors(&text)[0].0.contains("too many levels of indentation"));
}

/// What the one statement of a text is, in short: the kinds of expressions as they lie in each other.
fn shape(text: &str) -> String {
    let parsed = parse(FileId(0), text);
    assert!(parsed.errors.is_empty(), "{text}");
    let [statement] = &parsed.tree.statements[..] else { panic!("{text}: {:?}", parsed.tree.statements) };
    match &statement.kind {
        StatementKind::Assign { value, .. } => kinds(value),
        StatementKind::Evaluate(value) => format!("evaluate {}", kinds(value)),
        StatementKind::Block { keyword, header, .. } => {
            let mut parts = Vec::new();
            header.each(&mut |value| parts.push(kinds(value)));
            let more = match header {
                Header::Def(name, parameters) => format!(" {name}/{}", parameters.takes.by_place),
                Header::Class(name, _) => format!(" {name}"),
                Header::For(target, _) => format!(" {}", kinds(target)),
                _ => String::new(),
            };
            format!("{}{more} {}", keyword.name(), parts.join(" "))
        }
        other => format!("{other:?}").split(['(', ' ', '{']).next().unwrap_or_default().to_lowercase(),
    }
}

fn kinds(value: &Expression) -> String {
    let name = match &value.kind {
        ExpressionKind::Name(name) => return name.clone(),
        ExpressionKind::Int(number) => return number.to_string(),
        ExpressionKind::Text(text) => return format!("{text:?}"),
        ExpressionKind::Tuple(_) => "tuple",
        ExpressionKind::List(_) => "list",
        ExpressionKind::Set(_) => "set",
        ExpressionKind::Dict(_) => "dict",
        ExpressionKind::Comprehension(it) => match it.makes {
            Makes::List => "each-list",
            Makes::Set => "each-set",
            Makes::Dict => "each-dict",
            Makes::Generator => "each",
        },
        ExpressionKind::Starred(_) => "star",
        ExpressionKind::Spread(_) => "spread",
        ExpressionKind::Walrus(..) => "walrus",
        ExpressionKind::Lambda(heads, _) => return format!("lambda/{}", heads[0].takes.by_place),
        ExpressionKind::Yield(_) => "yield",
        ExpressionKind::Format(_) => "format",
        ExpressionKind::Slice(_) => "slice",
        ExpressionKind::Trailed(..) => "trailed",
        ExpressionKind::Row(_) => "row",
        ExpressionKind::Choice(..) => "choice",
        ExpressionKind::Opaque { .. } => "opaque",
        ExpressionKind::Template => "template",
        _ => "constant",
    };
    let mut inner = Vec::new();
    value.each(&mut |part| inner.push(kinds(part)));
    format!("{name}({})", inner.join(" "))
}

#[test]
fn expressions_are_read_as_trees() {
    for (text, expected) in [
        ("x = {'a': 1, **b}\n", "dict(\"a\" 1 b)"),
        ("x = {a, *b}\n", "set(a star(b))"),
        ("x = {}\n", "dict()"),
        ("x = [a for b, c in d if e if f]\n", "each-list(a tuple(b c) d e f)"),
        ("x = {a: b for c in d for e in f}\n", "each-dict(a b c d e f)"),
        ("x = {a for b in c}\n", "each-set(a b c)"),
        ("x = f(a for b in c)\n", "trailed(f each(a b c))"),
        ("x = f(*a, b=c, **d)\n", "trailed(f star(a) c spread(d))"),
        ("x = a[1:2, ::3, :]\n", "trailed(a tuple(slice(1 2) slice(3) slice()))"),
        ("x = a[b:=1]\n", "trailed(a walrus(1))"),
        ("x = lambda a, *, b=1, **c: (a, 2)\n", "lambda/1"),
        ("x = a if b else lambda: c if d else e\n", "choice(a b lambda/0)"),
        ("x = 0 < a < 5 <= b\n", "row(0 a 5 b)"),
        ("x = yield\n", "yield()"),
        ("x = (yield a, b)\n", "yield(tuple(a b))"),
        ("x = *a, b\n", "tuple(star(a) b)"),
        ("x = f'{a}'\n", "format(a)"),
        ("x = f'{a!r:>{b}}' 'c' f'{{d}}'\n", "format(a b)"),
        ("x = f\"{a[\"b\"]}\"\n", "format(trailed(a \"b\"))"),
        ("x = f'{a:%H:%M}{{}}'\n", "format(a)"),
        ("x = f'{a=}'\n", "format(a)"),
        ("x = f'{{a}}'\n", "\"{a}\""),
        ("x = f'{lambda: 1}'\n", "opaque()"),
        ("x = 1j\n", "opaque()"),
        ("x = ...\n", "constant()"),
    ] {
        assert_eq!(shape(text), expected, "{text}");
    }
}

#[test]
fn headers_and_statements_are_read() {
    for (text, expected) in [
        ("def f(a, /, b: int = 1, *c, d=e, **g) -> h:\n    pass\n", "def f/2 int 1 e h"),
        ("async def f(a, b): pass\n", "def f/2 "),
        ("class A[T](B, metaclass=C): pass\n", "class A B C"),
        ("for a, b in c, d: pass\n", "for tuple(a b) tuple(c d)"),
        ("with a as b, c as (d, e): pass\n", "with a c"),
        ("while x := a: pass\n", "while walrus(a)"),
        ("match a:\n    case [1, *b]: pass\n", "match opaque()"),
        ("@a.b(c)\n", "decorator"),
        ("return a, b\n", "return"),
        ("raise a from b\n", "raise"),
        ("assert a, b\n", "assert"),
        ("break\n", "jump"),
        ("print 'x'\n", "evaluate opaque()"),
        ("exec 'x' in y\n", "evaluate opaque()"),
        ("print `x`\n", "evaluate opaque()"),
    ] {
        assert_eq!(shape(text), expected, "{text}");
    }
}

#[test]
fn defaults_of_lambdas_cost_no_stack() {
    for depth in [lines::MAX_DEPTH, 5_000] {
        let text = format!("x = {}1{}\n", "lambda a=".repeat(depth), ": 1".repeat(depth));
        assert_eq!(errors(&text), []);
    }
    for text in [
        format!("x = {}1\n", "1 if 1 else lambda: ".repeat(5_000)),
        format!("x = [1 {}]\n", "for a in b ".repeat(5_000)),
        format!("x = f'{}1{}'\n", "{".repeat(5_001), "}".repeat(5_001)),
        format!("x = {}1{}\n", "f'{".repeat(2_000), "}'".repeat(2_000)),
        format!("x = f'{}'\n", "{a".repeat(5_000)),
    ] {
        assert_eq!(errors(&text), []);
    }
}
