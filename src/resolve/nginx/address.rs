//! Addresses as nginx reads them: `ngx_parse_url` of `src/core/ngx_inet.c`, 1.31.3.

use std::ops::Range;

use crate::model::Gateway;
use crate::value::{Endpoint, Host, normalize_path};

/// Where a pass or an upstream's `server` leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// The bytes of the argument that are the address: `127.0.0.1:8000`, `unix:/run/app.sock`.
    pub(super) range: Range<usize>,
    /// What they say.
    pub(super) form: Form,
}

/// What an address says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A whole address.
    Endpoint(Endpoint),
    /// A host without a port, which may be the name of an upstream.
    Bare(String),
}

/// The argument of a pass: its protocol and its address.
///
/// Variables are taken where they can only stand in the URI; an address that depends on one is an error, as what nginx
/// refuses is.
pub(super) fn pass(directive: &str, text: &str) -> Result<(Gateway, Address), String> {
    let (schemes, bare): (&[(&str, Gateway)], Option<Gateway>) = match directive {
        "proxy_pass" => (&[("http://", Gateway::Http), ("https://", Gateway::Https)], None),
        "grpc_pass" => (&[("grpc://", Gateway::Grpc), ("grpcs://", Gateway::Grpc)], Some(Gateway::Grpc)),
        "uwsgi_pass" => {
            (&[("uwsgi://", Gateway::Uwsgi), ("suwsgi://", Gateway::Uwsgi)], Some(Gateway::Uwsgi))
        }
        "scgi_pass" => (&[], Some(Gateway::Scgi)),
        _ => (&[], Some(Gateway::Fastcgi)),
    };
    let scheme = schemes.iter().find(|(scheme, _)| starts_with(text, scheme));
    let (gateway, start) = match (scheme, bare) {
        (Some((scheme, gateway)), _) => (*gateway, scheme.len()),
        (None, Some(gateway)) => (gateway, 0),
        (None, None) => return Err(no_scheme(text)),
    };
    let takes_uri = directive == "proxy_pass";
    let end = start + if takes_uri { address_length(&text[start..])? } else { text.len() - start };
    let form = form(&text[start..end])?;
    Ok((gateway, Address { range: start..end, form }))
}

/// The first argument of an upstream's `server`; without a port, port 80 is meant.
pub(super) fn server(text: &str) -> Result<Endpoint, String> {
    match form(text)? {
        Form::Endpoint(endpoint) => Ok(endpoint),
        Form::Bare(host) => Ok(Endpoint::Tcp(Host::parse(&host), 80)),
    }
}

/// The first argument of `listen`.
pub(super) fn listen(text: &str) -> Result<Endpoint, String> {
    let wildcard = Host::parse("0.0.0.0");
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Endpoint::Tcp(wildcard, port(text)?));
    }
    let is_range =
        |text: &str| text.contains('-') && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if is_range(text.rsplit(':').next().unwrap_or(text)) {
        return Err("ranges of ports are not handled yet".into());
    }
    if text == "*" {
        return Ok(Endpoint::Tcp(wildcard, 80));
    }
    if let Some(number) = text.strip_prefix("*:") {
        return Ok(Endpoint::Tcp(wildcard, port(number)?));
    }
    server(text)
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn no_scheme(text: &str) -> String {
    if text.contains('$') {
        "it depends on a variable".into()
    } else {
        "nginx refuses it: invalid URL prefix".into()
    }
}

/// How much of what follows the scheme is the address; the rest is the URI.
fn address_length(text: &str) -> Result<usize, String> {
    if starts_with(text, "unix:") {
        let path = &text["unix:".len()..];
        return Ok("unix:".len() + path.find(':').unwrap_or(path.len()));
    }
    let Some(end) = text.find(['/', '?', '$']) else { return Ok(text.len()) };
    match text[end..].strip_prefix('$') {
        Some(rest) if !begins_uri(rest) => Err("it depends on a variable".into()),
        _ => Ok(end),
    }
}

/// Whether a variable, without its dollar, always begins with a slash or a question mark, or is empty.
fn begins_uri(text: &str) -> bool {
    const URIS: [&str; 4] = ["request_uri", "uri", "document_uri", "is_args"];
    let name = match text.strip_prefix('{') {
        Some(braced) => braced.split('}').next().unwrap_or_default(),
        None => text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default(),
    };
    URIS.contains(&name)
}

fn form(text: &str) -> Result<Form, String> {
    if text.contains('$') {
        return Err("it depends on a variable".into());
    }
    if text.contains(['{', '}', '<', '>', '%', '@']) {
        return Err("it is filled in by a template".into());
    }
    if let Some(name) = placeholder(text) {
        return Err(format!("`{name}` looks like something that is filled in"));
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("it holds white space".into());
    }
    if starts_with(text, "unix:") {
        return unix(&text["unix:".len()..]).map(Form::Endpoint);
    }
    if text.contains(['/', '?']) {
        return Err("nginx refuses it: invalid host".into());
    }
    let (host, number) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (host, rest) = bracketed.split_once(']').ok_or("nginx refuses it: invalid host")?;
            if !matches!(Host::parse(host), Host::V6(_)) {
                return Err("nginx refuses it: invalid IPv6 address".into());
            }
            match rest.strip_prefix(':') {
                None if rest.is_empty() => (text, None),
                None => return Err("nginx refuses it: invalid host".into()),
                Some(number) => (&text[..host.len() + 2], Some(number)),
            }
        }
        None => match text.split_once(':') {
            Some((host, number)) => (host, Some(number)),
            None => (text, None),
        },
    };
    if host.is_empty() {
        return Err("nginx refuses it: no host".into());
    }
    match number {
        Some(number) => Ok(Form::Endpoint(Endpoint::Tcp(Host::parse(host), port(number)?))),
        None => Ok(Form::Bare(host.into())),
    }
}

/// A word in capitals with a separator in it, as scripts that know no template language fill them in: `__DIR__`,
/// `APP_HOST`, `--DOMAIN--`.
fn placeholder(text: &str) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    text.split(|c| !is_part(c)).find(|word| {
        let capitals = word.chars().filter(char::is_ascii_uppercase).count();
        capitals >= 2 && word.contains(['_', '-']) && !word.contains(|c: char| c.is_ascii_lowercase())
    })
}

fn unix(path: &str) -> Result<Endpoint, String> {
    if path.is_empty() {
        return Err("nginx refuses it: no path in the unix domain socket".into());
    }
    if !path.starts_with('/') {
        return Err("the path is relative to the directory that nginx is started in".into());
    }
    // A slash at the end makes it a directory, which nothing listens on; it is not the same path.
    let slash = if path.ends_with('/') { "/" } else { "" };
    Ok(Endpoint::Unix(format!("{}{slash}", normalize_path(path))))
}

fn port(text: &str) -> Result<u16, String> {
    let refused = || format!("nginx refuses it: invalid port `{text}`");
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refused());
    }
    text.parse().ok().filter(|port| *port > 0).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(form: &Form) -> String {
        match form {
            Form::Endpoint(endpoint) => endpoint.to_string(),
            Form::Bare(host) => format!("({host})"),
        }
    }

    /// What nginx takes and refuses of these was seen with `nginx -t` of 1.31.3.
    #[test]
    fn targets_of_passes() {
        for (directive, text, expected) in [
            ("proxy_pass", "http://127.0.0.1:8000", "Http 127.0.0.1:8000 at 127.0.0.1:8000"),
            ("proxy_pass", "HTTPS://127.0.0.1:8000/a/", "Https 127.0.0.1:8000 at 127.0.0.1:8000"),
            ("proxy_pass", "http://127.0.0.1", "Http (127.0.0.1) at 127.0.0.1"),
            ("proxy_pass", "http://app?x", "Http (app) at app"),
            ("proxy_pass", "http://[::1]:80/", "Http [::1]:80 at [::1]:80"),
            ("proxy_pass", "http://[::1]", "Http ([::1]) at [::1]"),
            ("proxy_pass", "http://127.0.0.1:8000$request_uri", "Http 127.0.0.1:8000 at 127.0.0.1:8000"),
            ("proxy_pass", "http://app/$1?$args", "Http (app) at app"),
            ("proxy_pass", "http://unix:/run/a.sock", "Http unix:/run/a.sock at unix:/run/a.sock"),
            ("proxy_pass", "http://unix:/var/run/a.sock:/x", "Http unix:/run/a.sock at unix:/var/run/a.sock"),
            ("proxy_pass", "http://unix:/a.sock:", "Http unix:/a.sock at unix:/a.sock"),
            ("proxy_pass", "http://unix:/a.sock/", "Http unix:/a.sock/ at unix:/a.sock/"),
            ("proxy_pass", "http://UNIX://a", "Http unix:/a at UNIX://a"),
            ("proxy_pass", "http://unix:a", "the path is relative to the directory that nginx is started in"),
            ("proxy_pass", "http://unix:", "nginx refuses it: no path in the unix domain socket"),
            ("proxy_pass", "http://unix::/x", "nginx refuses it: no path in the unix domain socket"),
            ("proxy_pass", "127.0.0.1:8000", "nginx refuses it: invalid URL prefix"),
            ("proxy_pass", "$a", "it depends on a variable"),
            ("proxy_pass", "http://$a:8000", "it depends on a variable"),
            ("proxy_pass", "http://127.0.0.1:8000$a", "it depends on a variable"),
            ("proxy_pass", "http://127.0.0.1:$a/", "it depends on a variable"),
            ("proxy_pass", "http://{{ a }}:8000/", "it is filled in by a template"),
            ("proxy_pass", "http://unix:%path", "it is filled in by a template"),
            ("proxy_pass", "http://unix:__DIR__/sock", "`__DIR__` looks like something that is filled in"),
            (
                "proxy_pass",
                "http://unix:/a/--HOST--/sock",
                "`--HOST--` looks like something that is filled in",
            ),
            ("proxy_pass", "http://APP_HOST:8000", "`APP_HOST` looks like something that is filled in"),
            ("proxy_pass", "http://app_one__x", "Http (app_one__x) at app_one__x"),
            ("proxy_pass", "http://HOST:PORT", "nginx refuses it: invalid port `PORT`"),
            ("proxy_pass", "http://127.0.0.1:8000#x", "nginx refuses it: invalid port `8000#x`"),
            ("proxy_pass", "http://127.0.0.1:", "nginx refuses it: invalid port ``"),
            ("proxy_pass", "http://127.0.0.1:0", "nginx refuses it: invalid port `0`"),
            ("proxy_pass", "http://127.0.0.1:+80", "nginx refuses it: invalid port `+80`"),
            ("proxy_pass", "http://127.0.0.1:080", "Http 127.0.0.1:80 at 127.0.0.1:080"),
            ("proxy_pass", "http://::1", "nginx refuses it: no host"),
            ("proxy_pass", "http:///x", "nginx refuses it: no host"),
            ("uwsgi_pass", "unix:///a", "Uwsgi unix:/a at unix:///a"),
            ("uwsgi_pass", "unix:/a:/b", "Uwsgi unix:/a:/b at unix:/a:/b"),
            ("uwsgi_pass", "uwsgi://127.0.0.1:80", "Uwsgi 127.0.0.1:80 at 127.0.0.1:80"),
            ("uwsgi_pass", "127.0.0.1:80/x", "nginx refuses it: invalid host"),
            ("fastcgi_pass", "php", "Fastcgi (php) at php"),
            ("grpc_pass", "GRPCS://127.0.0.1:5", "Grpc 127.0.0.1:5 at 127.0.0.1:5"),
            ("scgi_pass", "localhost:5", "Scgi localhost:5 at localhost:5"),
        ] {
            let found = match pass(directive, text) {
                Ok((gateway, it)) => {
                    format!("{gateway:?} {} at {}", shown(&it.form), &text[it.range.clone()])
                }
                Err(why) => why,
            };
            assert_eq!(found, expected, "{directive} {text}");
        }
    }

    #[test]
    fn addresses_to_listen_on() {
        for (text, expected) in [
            ("80", Some("0.0.0.0:80")),
            ("*:81", Some("0.0.0.0:81")),
            ("*", Some("0.0.0.0:80")),
            ("[::]:82", Some("[::]:82")),
            ("[::1]", Some("[::1]:80")),
            ("127.0.0.1", Some("127.0.0.1:80")),
            ("localhost:8080", Some("localhost:8080")),
            ("unix:/run/n.sock", Some("unix:/run/n.sock")),
            ("8000-8002", None),
            ("127.0.0.1:8000-8002", None),
            (":80", None),
            ("99999", None),
            ("$x", None),
            ("{{ port }}", None),
        ] {
            assert_eq!(listen(text).ok().map(|it| it.to_string()).as_deref(), expected, "{text}");
        }
    }
}
