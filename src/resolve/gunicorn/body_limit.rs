//! What a Flask application takes of a body: `MAX_CONTENT_LENGTH`, where it is certainly the one that is written.
//!
//! Source: `Request.max_content_length` in `flask/wrappers.py` of 3.1.3, and `get_input_stream` in `werkzeug/wsgi.py` of 3.1.9.

use std::collections::BTreeSet;

use super::evaluate::evaluate;
use super::module_text::{DYNAMIC, code, words};
use super::scope::Scope;
use super::value::Value;
use crate::model::Version;
use crate::resolve::versions;
use crate::source::{FileId, Sources};
use crate::syntax::gunicorn::{self, Expression, ExpressionKind, Keyword, Statement, StatementKind, Trailer};
use crate::value::Possible;

const NAME: &str = "MAX_CONTENT_LENGTH";

/// The first Flask that wants a Werkzeug of the same number, and the first Werkzeug that refuses a large body without reading
/// all of it first. Seen with 2.2.3, 2.3.0 and 3.1.9.
const REFUSES_UNREAD: Version = Version(2, 3, 0);

/// Other words by which a module gives requests a limit of their own, or takes the body away before.
const OTHERS: [&str; 6] = [
    "request_class",
    "max_content_length",
    "patch_request_class",
    "flask_uploads",
    "wsgi.input",
    "from_prefixed_env",
];

/// Whether a stack may have a Flask that reads a body before it refuses it.
pub(super) fn is_read_first(files: &[FileId], sources: &Sources) -> bool {
    ["flask", "werkzeug"]
        .iter()
        .any(|package| versions::may_be_older(files, sources, package, REFUSES_UNREAD))
}

/// The limit that a module sets for its application of a name, which is Flask's: by a statement of its own at the module's
/// level, of numbers alone, which nothing in the module may undo.
pub(super) fn set(text: &str, name: &str) -> Option<u64> {
    let mut mentions = text.matches(NAME);
    if mentions.next().is_none() || mentions.next().is_some() || OTHERS.iter().any(|it| text.contains(it)) {
        return None;
    }
    // Nobody looks at the places of what is read here.
    let parsed = gunicorn::parse(FileId(0), text);
    let is_open =
        |it: &Statement| matches!(it.kind, StatementKind::Template(_) | StatementKind::ImportAll(_));
    if !parsed.errors.is_empty() || parsed.tree.statements.iter().any(is_open) {
        return None;
    }
    let statements = parsed.tree.statements;
    let (at, limit) = statements.iter().enumerate().find_map(|(at, it)| Some((at, limit_of(it, name)?)))?;
    let bytes = number(limit)?;
    let code = code(text)?;
    if words(&code).any(|(_, word)| DYNAMIC.contains(&word)) {
        return None;
    }
    let (begin, end) = (statements[at].span.start as usize, statements[at].span.end as usize);
    // What runs when it is called runs later.
    let is_later = |place: usize| {
        let statement = statements.iter().rev().find(|it| it.span.start as usize <= place);
        let is_called = |it: &Statement| match &it.kind {
            StatementKind::Block { keyword, .. } => matches!(keyword, Keyword::Def | Keyword::Class),
            _ => false,
        };
        place >= end || statement.is_some_and(is_called)
    };
    let mut uses = words(&code).filter(|(place, word)| {
        *word == name && !(begin..end).contains(place) && is_later(*place) && !code[..*place].ends_with('.')
    });
    uses.all(|(place, _)| keeps(text, &code, place, name)).then_some(bytes)
}

/// What a statement sets as the limit of an application: `app.config["MAX_CONTENT_LENGTH"] = value`, or one of the two calls
/// that set several.
fn limit_of<'a>(statement: &'a Statement, name: &str) -> Option<&'a Expression> {
    let config = |it: &'a Expression| -> Option<&'a [Trailer]> {
        let ExpressionKind::Trailed(head, trailers) = &it.kind else { return None };
        let is_app = matches!(&head.kind, ExpressionKind::Name(it) if it == name);
        match trailers.as_slice() {
            [Trailer::Attribute(first), rest @ ..] if is_app && first == "config" => Some(rest),
            _ => None,
        }
    };
    match &statement.kind {
        StatementKind::Assign { targets, value } => {
            let [target] = targets.as_slice() else { return None };
            let [Trailer::Subscript(key)] = config(target)? else { return None };
            matches!(&key.kind, ExpressionKind::Text(key) if key == NAME).then_some(value)
        }
        StatementKind::Evaluate(call) => {
            let [Trailer::Attribute(method), Trailer::Call(arguments)] = config(call)? else { return None };
            let is_known = matches!(method.as_str(), "update" | "from_mapping");
            let mut named = arguments.iter().filter(|(key, _)| key.as_deref() == Some(NAME));
            named.next().filter(|_| is_known).map(|(_, value)| value)
        }
        _ => None,
    }
}

/// The number that an expression of numbers alone is.
fn number(expression: &Expression) -> Option<u64> {
    let mut names = Vec::new();
    expression.mentions(&mut names);
    match evaluate(&Scope::new(None, BTreeSet::new()), expression) {
        Possible::Known(Value::Int(number)) if names.is_empty() => u64::try_from(number).ok(),
        _ => None,
    }
}

/// Whether a use of the application leaves its limit as it is: one of its attributes, but for a few; or a call of something
/// that comes from a package of Flask's extensions, none of which sets the limit.
fn keeps(text: &str, code: &str, place: usize, name: &str) -> bool {
    let behind = code[place + name.len()..].trim_start_matches([' ', '\t']);
    let Some(attribute) = behind.strip_prefix('.') else {
        let line = code[code[..place].rfind('\n').map_or(0, |newline| newline + 1)..].trim_start();
        let is_import = line.starts_with("from ") || line.starts_with("import ");
        return is_import || is_extension(code, place);
    };
    let end = attribute.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(attribute.len());
    let rest = attribute[end..].trim_start_matches([' ', '\t']);
    match &attribute[..end] {
        // A key that is written is another one.
        "config" => {
            let written = &text[code.len() - rest.len()..];
            written.strip_prefix('[').is_some_and(|key| key.trim_start().starts_with(['"', '\'']))
        }
        "wsgi_app" => {
            let is_wrapped =
                rest.strip_prefix('=').is_some_and(|it| it.trim_start().starts_with("ProxyFix("));
            is_wrapped || code[..place].trim_end().ends_with("ProxyFix(")
        }
        _ => true,
    }
}

/// Whether the application is what something is called with first that a line `from flask_cors import CORS` brings.
fn is_extension(code: &str, place: usize) -> bool {
    let Some(before) = code[..place].trim_end().strip_suffix('(') else { return false };
    let callee =
        before.rsplit(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').next().unwrap_or_default();
    let imports = code.split('\n').filter(|line| line.starts_with("from flask_")).filter_map(|line| {
        let (_, names) = line.split_once(" import ")?;
        Some(names)
    });
    !callee.is_empty() && imports.flat_map(|names| names.split(',')).any(|name| name.trim() == callee)
}

#[cfg(test)]
mod tests {
    use super::set;

    const HEAD: &str =
        "from flask import Flask\nfrom flask_cors import CORS\nimport os\napp = Flask(__name__)\n";

    #[test]
    fn limits_that_are_certain() {
        for (text, expected) in [
            ("app.config['MAX_CONTENT_LENGTH'] = 16 * 1024 * 1024\n", Some(16 << 20)),
            (
                "app.config[\"MAX_CONTENT_LENGTH\"] = 5 << 20  # five\n@app.route('/')\ndef f(): ...\n",
                Some(5 << 20),
            ),
            ("app.config.update(DEBUG=False, MAX_CONTENT_LENGTH=2 ** 20)\n", Some(1 << 20)),
            ("app.config.from_mapping(MAX_CONTENT_LENGTH=1_000_000)\n", Some(1_000_000)),
            ("app.config.from_object('x')\nload(app)\napp.config['MAX_CONTENT_LENGTH'] = 1\n", Some(1)),
            ("app.config['MAX_CONTENT_LENGTH'] = 1\nCORS(app)\napp.config['X'] = y\n", Some(1)),
            (
                "app.config['MAX_CONTENT_LENGTH'] = 1\napp.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)\n",
                Some(1),
            ),
            ("app.config['MAX_CONTENT_LENGTH'] = 1\nfrom app import views\nif x:\n    app.run()\n", Some(1)),
            ("app.config['MAX_CONTENT_LENGTH'] = None\n", None),
            ("app.config['MAX_CONTENT_LENGTH'] = 1.5\n", None),
            ("app.config['MAX_CONTENT_LENGTH'] = LIMIT\n", None),
            ("app.config['MAX_CONTENT_LENGTH'] = int(os.environ['L'])\n", None),
            ("app.config['MAX_CONTENT_LENGTH'] = int('16')\n", None),
            ("if x:\n    app.config['MAX_CONTENT_LENGTH'] = 1\n", None),
            ("def f():\n    app.config['MAX_CONTENT_LENGTH'] = 1\n", None),
            ("other.config['MAX_CONTENT_LENGTH'] = 1\n", None),
            ("app.config['MAX_CONTENT_LENGTH'] = 1\napp.config['MAX_CONTENT_LENGTH'] = 2\n", None),
            ("app.config['MAX_CONTENT_LENGTH'] = 1\napp.config.from_object('x')\n", None),
            ("app.config['MAX_CONTENT_LENGTH'] = 1\napp.config[key] = 2\n", None),
            ("app.config['MAX_CONTENT_LENGTH'] = 1\nconfig = app.config\n", None),
            ("app.config['MAX_CONTENT_LENGTH'] = 1\nload(app)\n", None),
            ("def f():\n    load(app)\n\napp.config['MAX_CONTENT_LENGTH'] = 1\n", None),
            ("app.config['MAX_CONTENT_LENGTH'] = 1\napp.wsgi_app = Reader(app.wsgi_app)\n", None),
            ("app.config['MAX_CONTENT_LENGTH'] = 1\napp.request_class = Mine\n", None),
            ("app.config['MAX_CONTENT_LENGTH'] = 1\nfrom x import *\n", None),
            ("app.config['MAX_CONTENT_LENGTH'] = 1\nexec(x)\n", None),
            ("{% if x %}\napp.config['MAX_CONTENT_LENGTH'] = 1\n{% endif %}\n", None),
            ("app.config['MAX_CONTENT_LENGTH'] = {{ limit }}\n", None),
            ("x = app.config['MAX_CONTENT_LENGTH']\n", None),
        ] {
            assert_eq!(set(&format!("{HEAD}{text}"), "app"), expected, "{text}");
        }
    }
}
