//! Addresses that a template fills in: equal expressions are equal whatever they are filled in with.

use crate::model::{App, AppKind, Nginx, Peer};
use crate::resolve::ansible::{Scope, Variables, is_filled_in, written};
use crate::source::{FileId, Sources};
use crate::value::{Endpoint, Host, Reach, normalize_path};

/// An address with expressions in it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Symbol {
    Tcp(String, String),
    Unix(String),
    /// One expression is all of it.
    Whole(String),
}

/// Who listens at addresses that a template fills in: each with the directory that its names are for, the app, and the file that says so.
pub(super) struct Symbols<'a> {
    apps: Vec<(Symbol, String, usize, FileId)>,
    /// Whether an expression may be the name of an upstream.
    names: bool,
    variables: &'a Variables,
    sources: &'a Sources,
}

impl<'a> Symbols<'a> {
    pub(super) fn new(
        nginx: &Nginx,
        apps: &[App],
        variables: &'a Variables,
        sources: &'a Sources,
    ) -> Symbols<'a> {
        let symbol = |(at, app): (usize, &App)| {
            let (text, span) = written(&app.listeners, sources)?;
            let scope = variables.scope(sources.get(span.file));
            let text = unquoted(text)?;
            let symbol = read(&scope.symbol(text)?).filter(|symbol| is_absolute(symbol, text, &scope))?;
            Some((symbol, scope.home().to_owned(), at, span.file))
        };
        let gunicorns = apps.iter().enumerate().filter(|(_, app)| app.kind == AppKind::Gunicorn);
        let names = nginx.upstreams.iter().any(|upstream| upstream.name.contains("{{"));
        Symbols { apps: gunicorns.filter_map(symbol).collect(), names, variables, sources }
    }

    /// The apps that listen at the address of a peer, for certain, each with the file that says so: those whose address is
    /// the same expression in the same role.
    pub(super) fn answerers(&self, peer: &Peer) -> Vec<(usize, FileId)> {
        if self.apps.is_empty() || !is_filled_in(&peer.address) {
            return Vec::new();
        }
        let span = peer.anchor.value;
        let scope = self.variables.scope(self.sources.get(span.file));
        let symbol = address(self.sources.text(span))
            .and_then(|text| read(&scope.symbol(text)?).filter(|symbol| is_absolute(symbol, text, &scope)));
        let Some(symbol) = symbol else {
            return Vec::new();
        };
        if self.names && matches!(symbol, Symbol::Whole(_)) {
            return Vec::new();
        }
        let there = self.apps.iter().filter(|(bound, of, ..)| of == scope.home() && symbol.reaches(bound));
        there.map(|(_, _, app, file)| (*app, *file)).collect()
    }
}

impl Symbol {
    /// Whether a connection to `self` arrives at what listens on `bound`, for certain.
    fn reaches(&self, bound: &Symbol) -> bool {
        match (self, bound) {
            (Symbol::Tcp(target, to), Symbol::Tcp(host, at)) if to == at && target != host => {
                let literal =
                    |host: &str| (!host.contains("{{")).then(|| Endpoint::Tcp(Host::parse(host), 1));
                let both = literal(target).zip(literal(host));
                both.is_some_and(|(target, host)| target.reaches(&host) == Reach::Yes)
            }
            _ => self == bound,
        }
    }
}

/// Whether nothing is known that makes a path a relative one, which differs from program to program.
fn is_absolute(symbol: &Symbol, text: &str, scope: &Scope<'_>) -> bool {
    let Symbol::Unix(path) = symbol else { return true };
    let usual = scope.usual(text).map(|(values, _)| values).unwrap_or_default();
    path.starts_with('/')
        || usual.iter().all(|value| value.rsplit("unix:").next().is_some_and(|it| it.starts_with('/')))
}

/// The address of what nginx is told: a URL without its scheme and what follows, or the address itself.
fn address(text: &str) -> Option<&str> {
    let url = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let Some(url) = url else { return Some(text) };
    if let Some(path) = url.strip_prefix("unix:") {
        let end = outside(path, ':').unwrap_or(path.len());
        return Some(&url[.."unix:".len() + end]);
    }
    Some(&url[..outside(url, '/').unwrap_or(url.len())])
}

/// Where a character stands first that is not in an expression.
fn outside(text: &str, wanted: char) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            c if c == wanted && depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// An address in whose expressions there is no blank any more. One without any expression is none.
fn read(text: &str) -> Option<Symbol> {
    let has_one = text.contains("{{");
    if !has_one || text.contains([' ', '"', '\'', '$', ',', '\\', '?', '#']) {
        return None;
    }
    if let Some(path) = text.strip_prefix("unix:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        // A path that begins with an expression begins with a `/`, unless what is usual says otherwise.
        let begins = path.starts_with('/')
            || path.split_once("}}").is_some_and(|(start, rest)| {
                start.starts_with("{{") && (rest.is_empty() || rest.starts_with('/'))
            });
        return (begins && !path.ends_with('/')).then(|| Symbol::Unix(normalize_path(path)));
    }
    if text.contains('/') {
        return None;
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !port.is_empty() => {
            Some(Symbol::Tcp(host.to_ascii_lowercase(), port.to_owned()))
        }
        Some(_) => None,
        None => {
            let is_whole = text.starts_with("{{") && text.find("}}") == Some(text.len() - 2);
            is_whole.then(|| Symbol::Whole(text.to_owned()))
        }
    }
}

/// The text of a string of Python's or a word of a command line, alone or as the only one of a list.
fn unquoted(text: &str) -> Option<&str> {
    let text = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(text);
    let text = text.trim().trim_end_matches(',').trim_end();
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let inside = match quote {
        Some(quote) => text.strip_prefix(quote)?.strip_suffix(quote)?,
        None => text,
    };
    (!inside.contains(['"', '\'', '\\'])).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_expressions_meet() {
        for (target, bound, expected) in [
            ("127.0.0.1:{{p}}", "127.0.0.1:{{p}}", true),
            ("http://127.0.0.1:{{p}}/a/{{b}}", "0.0.0.0:{{p}}", true),
            ("localhost:{{p}}", "127.0.0.1:{{p}}", true),
            ("127.0.0.1:{{p}}", "127.0.0.1:{{q}}", false),
            ("127.0.0.1:{{p}}", "{{h}}:{{p}}", false),
            ("{{h}}:{{p}}", "{{h}}:{{p}}", true),
            ("10.0.0.1:{{p}}", "0.0.0.0:{{p}}", false),
            ("127.0.0.1:80{{p}}", "127.0.0.1:8{{p}}", false),
            ("http://{{a}}/x", "{{a}}", true),
            ("http://{{a}}{{b}}", "{{a}}{{b}}", false),
            ("http://unix:/run/{{n}}.sock:/x", "unix:/var/run/{{n}}.sock", true),
            ("unix:/run/{{n}}.sock", "unix:/run/{{n}}/a.sock", false),
            ("unix:{{n}}.sock", "unix:{{n}}.sock", false),
            ("http://unix:{{n}}:/", "unix:{{n}}", true),
            ("unix:{{d}}/a.sock", "unix:{{d}}/a.sock", true),
            ("unix:{{d}}/", "unix:{{d}}/", false),
            ("127.0.0.1:80", "127.0.0.1:80", false),
        ] {
            let found = address(target).and_then(read).zip(unquoted(bound).and_then(read));
            assert_eq!(found.is_some_and(|(a, b)| a.reaches(&b)), expected, "{target} {bound}");
        }
    }

    #[test]
    fn strings_of_python_are_one_text() {
        for (text, expected) in [
            ("\"a\"", Some("a")),
            ("['a']", Some("a")),
            ("[\n  'a',\n]", Some("a")),
            ("a", Some("a")),
            ("'a', 'b'", None),
            ("f'a'", None),
            ("'a' + b", None),
        ] {
            assert_eq!(unquoted(text), expected, "{text}");
        }
    }
}
