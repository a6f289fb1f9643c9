//! `os.path` on texts alone; what asks the machine is not here.
//!
//! Source: `Lib/posixpath.py` of CPython.

use super::value::Value;

/// A function of `os.path`.
pub(super) fn call(name: &str, arguments: &[Value]) -> Option<Value> {
    let texts: Vec<&str> = arguments
        .iter()
        .map(|argument| match argument {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let text = |text: &str| Value::Text(text.into());
    Some(match (name, texts.as_slice()) {
        ("join", [first, rest @ ..]) => join(first, rest),
        ("dirname", [path]) => text(split(path).0),
        ("basename", [path]) => text(split(path).1),
        ("split", [path]) => Value::Tuple(vec![text(split(path).0), text(split(path).1)]),
        ("isabs", [path]) => Value::Bool(path.starts_with('/')),
        ("normpath", [path]) => Value::Text(normal(path)),
        // A relative one hangs on the directory.
        ("abspath", [path]) if path.starts_with('/') => Value::Text(normal(path)),
        ("splitext", [path]) => {
            let name = path.rfind('/').map_or(0, |at| at + 1);
            let leading = path[name..].len() - path[name..].trim_start_matches('.').len();
            let at = path[name + leading..].rfind('.').map_or(path.len(), |dot| name + leading + dot);
            Value::Tuple(vec![text(&path[..at]), text(&path[at..])])
        }
        _ => return None,
    })
}

fn split(path: &str) -> (&str, &str) {
    let (head, tail) = path.split_at(path.rfind('/').map_or(0, |at| at + 1));
    let bare = head.trim_end_matches('/');
    (if bare.is_empty() { head } else { bare }, tail)
}

fn join(first: &str, rest: &[&str]) -> Value {
    let mut path = first.to_string();
    for part in rest {
        if part.starts_with('/') {
            path = part.to_string();
        } else {
            if !path.is_empty() && !path.ends_with('/') {
                path.push('/');
            }
            path.push_str(part);
        }
    }
    Value::Text(path)
}

fn normal(path: &str) -> String {
    if path.is_empty() {
        return ".".into();
    }
    // Two slashes at the head stay two, three are one.
    let head = match path.len() - path.trim_start_matches('/').len() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if !head.is_empty() => {}
            part => parts.push(part),
        }
    }
    let whole = format!("{head}{}", parts.join("/"));
    if whole.is_empty() { ".".into() } else { whole }
}
