//! What the text of a module tells of the names that it binds, without reading it as Python: only what is certain of any
//! Python.

use crate::model::Interface;

/// Words by which a module may bind names that do not stand in it.
pub(super) const DYNAMIC: [&str; 9] =
    ["exec", "eval", "globals", "locals", "vars", "setattr", "__getattr__", "__dict__", "modules"];

/// Callables that make applications: their names, the packages that they are from, and what comes of them.
const MAKERS: [(&str, &str, Interface); 7] = [
    ("FastAPI", "fastapi", Interface::Asgi),
    ("Starlette", "starlette", Interface::Asgi),
    ("Quart", "quart", Interface::Asgi),
    ("ProtocolTypeRouter", "channels", Interface::Asgi),
    ("get_asgi_application", "django", Interface::Asgi),
    ("Flask", "flask", Interface::Wsgi),
    ("get_wsgi_application", "django", Interface::Wsgi),
];

/// Whether a text is a name in Python, as far as ASCII goes.
pub(super) fn is_identifier(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain && text.starts_with(|c: char| !c.is_ascii_digit())
}

/// A module's text with blanks for the bytes of strings and comments; `None` where a string does not end.
pub(super) fn code(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut code = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let end = match byte {
            b'#' => {
                bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
            }
            b'"' | b'\'' => string_end(bytes, at)?,
            _ => {
                code.push(*byte);
                at += 1;
                continue;
            }
        };
        code.extend(bytes[at..end].iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }));
        at = end;
    }
    String::from_utf8(code).ok()
}

/// Where a string ends that begins at an offset.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = bytes[start];
    let triple = bytes[start..].starts_with(&[quote; 3]);
    let mut at = start + if triple { 3 } else { 1 };
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            b'\n' if !triple => return None,
            _ if triple && bytes[at..].starts_with(&[quote; 3]) => return Some(at + 3),
            byte if !triple && *byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// The names and keywords of code, each with where it begins.
pub(super) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + code[at..].find(is_word)?;
        let end = code[start..].find(|c| !is_word(c)).map_or(code.len(), |length| start + length);
        at = end;
        Some((start, &code[start..end]))
    })
}

/// Whether a module certainly has no such name: it stands nowhere in the code, and nothing there may bind names that do not.
pub(super) fn certainly_lacks(text: &str, name: &str) -> bool {
    let Some(code) = code(text) else { return false };
    let opens = |(at, word): (usize, &str)| {
        let star = word == "import" && code[at + word.len()..].trim_start().starts_with(['*', '(']);
        DYNAMIC.contains(&word)
            || star && code[at + word.len()..].trim_start_matches([' ', '(']).starts_with('*')
    };
    !words(&code).any(|(_, word)| word == name) && !words(&code).any(opens)
}

/// The name of the one application that a module certainly makes, if there is one.
pub(super) fn application(text: &str) -> Option<&'static str> {
    let mut found = ["app", "application"].into_iter().filter(|name| made(text, name).is_some());
    match (found.next(), found.next()) {
        (Some(name), None) => Some(name),
        _ => None,
    }
}

/// What made the application of a name, and what it speaks, where that is certain: it is bound once, at the module's level, by a
/// call of a known maker, whose package is told, or by a function that takes what such an application is given.
pub(super) fn made(text: &str, name: &str) -> Option<(Option<&'static str>, Interface)> {
    let code = code(text)?;
    let mut bindings = words(&code).filter(|(at, word)| *word == name && binds(&code, *at, word));
    let (at, _) = bindings.next().filter(|_| bindings.next().is_none())?;
    let line_start = code[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let behind = &code[at + name.len()..];
    match &code[line_start..at] {
        "" => by_call(&code, behind.trim_start_matches([' ', '\t']).strip_prefix('=')?),
        "async def " => {
            let (parameters, _) = parenthesis(behind)?;
            let three = parameters.split(',').filter(|it| is_identifier(it.trim())).count() == 3;
            (three && parameters.split(',').count() == 3 && !is_decorated(&code, line_start))
                .then_some((None, Interface::Asgi))
        }
        "def " => {
            let (parameters, _) = parenthesis(behind)?;
            let names: Vec<&str> = parameters.split(',').map(str::trim).collect();
            (names == ["environ", "start_response"] && !is_decorated(&code, line_start))
                .then_some((None, Interface::Wsgi))
        }
        _ => None,
    }
}

/// Whether a name that stands somewhere may be bound there, by an assignment or otherwise. What is passed to a call is not, as
/// far as one line shows; anything else that looks like a binding counts as one, and then nothing is said.
fn binds(code: &str, at: usize, name: &str) -> bool {
    let line = &code[code[..at].rfind('\n').map_or(0, |newline| newline + 1)..at];
    let before = line.trim_end_matches([' ', '\t']);
    let behind = code[at + name.len()..].trim_start_matches([' ', '\t']);
    if before.ends_with('.') {
        return false;
    }
    let count = |brackets: [char; 3]| before.matches(brackets).count();
    let passed =
        count(['(', '[', '{']) > count([')', ']', '}']) && !line.trim_start().starts_with(['(', '[']);
    let last = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let assigned = behind.starts_with('=') && !behind.starts_with("==");
    let changed = behind.split_once('=').is_some_and(|(operator, _)| {
        !operator.is_empty()
            && operator.len() <= 3
            && operator.bytes().all(|byte| b"+-*/@|&^<>%".contains(&byte))
    });
    // One of several names, on a line or on a line of its own.
    let alone = line.trim().is_empty() && behind.starts_with(['\n', '\r', ')']);
    let one_of_several = behind.starts_with(',') || before.ends_with(',') || alone;
    let by_word = ["def", "class", "as", "import", "for", "global", "nonlocal", "del"].contains(&last);
    by_word || behind.starts_with(':') || !passed && (assigned || changed || one_of_several)
}

/// What a call makes that stands alone behind an equals sign.
fn by_call(code: &str, value: &str) -> Option<(Option<&'static str>, Interface)> {
    let value = value.trim_start_matches([' ', '\t']);
    let open = value.find('(')?;
    let maker = &value[..open];
    let (_, rest) = parenthesis(&value[open..])?;
    let ends = rest.split('\n').next().unwrap_or_default().trim().is_empty();
    let name = maker.rsplit('.').next().unwrap_or(maker);
    let (_, package, interface) = MAKERS.iter().find(|(maker, ..)| *maker == name).filter(|_| ends)?;
    let lines = || code.split('\n');
    let imported = match maker == name {
        true => lines().any(|line| {
            let from = line.strip_prefix("from ").and_then(|rest| rest.split_once(" import"));
            from.is_some_and(|(module, _)| module.split('.').next() == Some(*package))
        }),
        false => {
            lines().any(|line| line.trim_end() == format!("import {package}"))
                && maker.split('.').next() == Some(*package)
        }
    };
    // Nobody else gives something of his own this name.
    let own = words(code).any(|(at, word)| {
        let last = code[..at].trim_end().rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let behind = code[at + word.len()..].trim_start_matches([' ', '\t']);
        word == name
            && (["class", "def", "as"].contains(&last)
                || behind.starts_with('=') && !behind.starts_with("=="))
    });
    (imported && !own).then_some((Some(*package), *interface))
}

/// What stands in the parentheses that a text begins with, and what stands behind them.
fn parenthesis(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches([' ', '\t']);
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return text.starts_with('(').then(|| (&text[1..at], &text[at + 1..]));
                }
            }
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Whether the line before is a decorator's.
fn is_decorated(code: &str, line_start: usize) -> bool {
    let before = code[..line_start].trim_end();
    before
        .rsplit('\n')
        .next()
        .is_some_and(|line| line.starts_with('@') || line.starts_with([')', ' ']) && before.contains("\n@"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_module_certainly_lacks() {
        for (text, expected) in [
            ("application = 1\n", true),
            ("# app\n\"\"\"the app\"\"\"\nx = 'app'\n", true),
            ("if x:\n    app = 1\n", false),
            ("from x import *\n", false),
            ("from x import (\n  a)\n", true),
            ("def __getattr__(name): ...\n", false),
            ("globals()['a' + 'pp'] = 1\n", false),
            ("x = 'open\n", false),
            ("import app.x\n", false),
        ] {
            assert_eq!(certainly_lacks(text, "app"), expected, "{text:?}");
        }
    }

    #[test]
    fn what_applications_speak() {
        use Interface::{Asgi, Wsgi};
        for (text, expected) in [
            ("from fastapi import FastAPI\napp = FastAPI(title=\"x\",\n  version=1)\n", Some(Asgi)),
            ("import fastapi\napp = fastapi.FastAPI()\n", Some(Asgi)),
            (
                "from flask import Flask, g\n\napp = Flask(__name__)\n@app.route('/')\ndef f(): ...\n",
                Some(Wsgi),
            ),
            ("from django.core.wsgi import get_wsgi_application\napp = get_wsgi_application()\n", Some(Wsgi)),
            ("async def app(scope, receive, send):\n    pass\n", Some(Asgi)),
            ("def app(environ, start_response):\n    pass\n", Some(Wsgi)),
            ("@wrap\nasync def app(scope, receive, send):\n    pass\n", None),
            ("async def app(scope):\n    pass\n", None),
            ("def app(request, response):\n    pass\n", None),
            ("from fastapi import FastAPI\napp = FastAPI()\napp = Wrap(app)\n", None),
            ("from fastapi import FastAPI\napp = FastAPI() if x else y\n", None),
            ("from fastapi import FastAPI\nif x:\n    app = FastAPI()\n", None),
            ("from mine import FastAPI\napp = FastAPI()\n", None),
            ("from flask import Flask\nclass Flask(Flask): ...\napp = Flask()\n", None),
            ("from flask import Flask\napp, x = Flask(), 1\n", None),
            ("from flask import Flask\napp = Flask(__name__)\napp.wsgi_app = P(app.wsgi_app)\n", Some(Wsgi)),
            ("from flask import Flask\napp = Flask(__name__)\nwith x as app: ...\n", None),
            ("from flask import Flask\napp = Flask(__name__)\napp: X = y\n", None),
            ("from flask import Flask\napp = Flask(__name__)\nMigrate(app, db)\nX(app=app)\n", Some(Wsgi)),
            ("from flask import Flask\napp = Flask(__name__)\n(app, x) = y\n", None),
            ("app = make()\n", None),
        ] {
            assert_eq!(made(text, "app").map(|it| it.1), expected, "{text:?}");
        }
    }
}
