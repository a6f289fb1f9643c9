//! Addresses as nginx reads them: `ngx_parse_url` of `src/core/ngx_inet.c`, 1.31.3.

use std::ops::Range;

use super::trouble::{self, Refusal, Trouble};
use crate::model::{FaultKind, Gateway};
use crate::value::{Endpoint, Host, normalize_path};

/// The longest path of a unix socket, in bytes.
const LONGEST_PATH: usize = 107;

/// Where a pass or an upstream's `server` leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// The bytes of the argument that are the address: `127.0.0.1:8000`, `unix:/run/app.sock`.
    pub(super) range: Range<usize>,
    /// What they say.
    pub(super) form: Form,
    /// What is wrong with it although nginx takes it.
    pub(super) wrong: Option<Refusal>,
}

/// What an address says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A whole address.
    Endpoint(Endpoint),
    /// A host without a port, which may be the name of an upstream.
    Bare(String),
    /// A unix socket by a path that is relative to the directory that nginx runs in.
    Relative(String),
}

/// The argument of a pass: its protocol and its address.
///
/// Variables are taken where they can only stand in the URI; an address that depends on one is not known.
pub(super) fn pass(directive: &str, in_stream: bool, text: &str) -> Result<(Gateway, Address), Trouble> {
    let (schemes, bare): (&[(&str, Gateway)], Option<Gateway>) = match directive {
        "proxy_pass" if in_stream => (&[], Some(Gateway::Stream)),
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
    let takes_uri = matches!(gateway, Gateway::Http | Gateway::Https);
    let url = &text[start..];
    let length = if takes_uri { address_length(url)? } else { url.len() };
    let form = form(&url[..length]).map_err(|trouble| trouble.of(url, start))?;
    let wrong = takes_uri.then(|| trouble::uri_in_path(&url[..length], start)).flatten();
    Ok((gateway, Address { range: start..start + length, form, wrong }))
}

/// The first argument of an upstream's `server`. Without a port, port 80 is meant in `http`, and none in `stream`.
pub(super) fn server(text: &str, in_stream: bool) -> Result<Address, Trouble> {
    let form = match form(text).map_err(|trouble| trouble.of(text, 0).or_server(text))? {
        Form::Bare(_) if in_stream => return Err(Trouble::refused("no port").of(text, 0)),
        Form::Bare(host) => Form::Endpoint(Endpoint::Tcp(Host::parse(&host), 80)),
        form => form,
    };
    Ok(Address { range: 0..text.len(), form, wrong: trouble::colon_in_path(text) })
}

/// The first argument of `listen`: an address for each of its ports, of which there may be so many.
pub(super) fn listen(text: &str, most: u16) -> Result<Vec<Endpoint>, String> {
    let (text, last) = match text.rsplit_once('-') {
        Some((first, last)) if !starts_with(text, "unix:") && is_number(last) => (first, Some(port(last)?)),
        _ => (text, None),
    };
    let first = listen_one(text)?;
    let (Some(last), Endpoint::Tcp(host, from)) = (last, &first) else { return Ok(vec![first]) };
    if last < *from {
        return Err("nginx refuses it: invalid port range".into());
    }
    if last - from >= most {
        return Err(format!("it is a range of more than {most} ports"));
    }
    Ok((*from..=last).map(|port| Endpoint::Tcp(host.clone(), port)).collect())
}

fn listen_one(text: &str) -> Result<Endpoint, String> {
    let wildcard = Host::parse("0.0.0.0");
    if is_number(text) {
        return Ok(Endpoint::Tcp(wildcard, port(text)?));
    }
    if text == "*" {
        return Ok(Endpoint::Tcp(wildcard, 80));
    }
    if let Some(number) = text.strip_prefix("*:") {
        return Ok(Endpoint::Tcp(wildcard, port(number)?));
    }
    match form(text).map_err(|trouble| trouble.why())? {
        Form::Endpoint(endpoint) => Ok(endpoint),
        Form::Bare(host) => Ok(Endpoint::Tcp(Host::parse(&host), 80)),
        Form::Relative(_) => Err(RELATIVE.into()),
    }
}

/// Why the address of a relative path is not known.
pub(super) const RELATIVE: &str = "the path is relative to the directory that nginx is started in";

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn no_scheme(text: &str) -> Trouble {
    match trouble::filled_in(text) {
        Some(why) => Trouble::Unknown(why),
        None => Trouble::Refused(trouble::no_scheme(text)),
    }
}

/// How much of what follows the scheme is the address; the rest is the URI.
fn address_length(text: &str) -> Result<usize, Trouble> {
    if starts_with(text, "unix:") {
        let path = &text["unix:".len()..];
        return Ok("unix:".len() + path.find(':').unwrap_or(path.len()));
    }
    let Some(end) = text.find(['/', '?', '$']) else { return Ok(text.len()) };
    match text[end..].strip_prefix('$') {
        Some(rest) if !begins_uri(rest) => Err(Trouble::Unknown("it depends on a variable".into())),
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

fn form(text: &str) -> Result<Form, Trouble> {
    if let Some(why) = trouble::filled_in(text) {
        return Err(Trouble::Unknown(why));
    }
    if starts_with(text, "unix:") {
        return unix(&text["unix:".len()..]);
    }
    if text.starts_with('/') {
        // Read as a URL it has no host; `of` and `or_server` say it as nginx does.
        return Err(Trouble::refused("no host"));
    }
    if text.contains(['/', '?']) {
        return Err(Trouble::refused("invalid host"));
    }
    let (host, number) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (host, rest) = bracketed.split_once(']').ok_or_else(|| Trouble::refused("invalid host"))?;
            if !matches!(Host::parse(host), Host::V6(_)) {
                return Err(Trouble::refused("invalid IPv6 address"));
            }
            match rest.strip_prefix(':') {
                None if rest.is_empty() => (text, None),
                None => return Err(Trouble::refused("invalid host")),
                Some(number) => (&text[..host.len() + 2], Some(number)),
            }
        }
        None => match text.split_once(':') {
            Some((host, number)) => (host, Some(number)),
            None => (text, None),
        },
    };
    // nginx reads the port first.
    let number = number.map(port).transpose().map_err(|_| Trouble::refused("invalid port"))?;
    if host.is_empty() {
        return Err(Trouble::refused("no host"));
    }
    match number {
        Some(port) => Ok(Form::Endpoint(Endpoint::Tcp(Host::parse(host), port))),
        None => Ok(Form::Bare(host.into())),
    }
}

fn unix(path: &str) -> Result<Form, Trouble> {
    let refused = |what: &str| Trouble::Refused(Refusal::new(FaultKind::UnixRefused, what));
    if path.is_empty() {
        return Err(refused("no path in the unix domain socket"));
    }
    if path.len() > LONGEST_PATH {
        return Err(refused("too long path in the unix domain socket"));
    }
    if !path.starts_with('/') {
        return Ok(Form::Relative(path.into()));
    }
    // A slash at the end makes it a directory, which nothing listens on; it is not the same path.
    let slash = if path.ends_with('/') { "/" } else { "" };
    Ok(Form::Endpoint(Endpoint::Unix(format!("{}{slash}", normalize_path(path)))))
}

fn port(text: &str) -> Result<u16, String> {
    let refused = || format!("nginx refuses it: invalid port `{text}`");
    if !is_number(text) {
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
            Form::Relative(path) => format!("relative {path}"),
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
            ("proxy_pass", "http://unix:a", "Http relative a at unix:a"),
            (
                "proxy_pass",
                "http://unix:",
                "nginx refuses it: no path in the unix domain socket in upstream \"unix:\"",
            ),
            (
                "proxy_pass",
                "http://unix::/x",
                "nginx refuses it: no path in the unix domain socket in upstream \"unix::/x\"",
            ),
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
            ("proxy_pass", "http://HOST:PORT", "`HOST` looks like something that is filled in"),
            (
                "proxy_pass",
                "http://127.0.0.1:8000#x",
                "nginx refuses it: invalid port in upstream \"127.0.0.1:8000#x\"",
            ),
            ("proxy_pass", "http://127.0.0.1:", "nginx refuses it: invalid port in upstream \"127.0.0.1:\""),
            (
                "proxy_pass",
                "http://127.0.0.1:0",
                "nginx refuses it: invalid port in upstream \"127.0.0.1:0\"",
            ),
            (
                "proxy_pass",
                "http://127.0.0.1:+80",
                "nginx refuses it: invalid port in upstream \"127.0.0.1:+80\"",
            ),
            ("proxy_pass", "http://127.0.0.1:080", "Http 127.0.0.1:80 at 127.0.0.1:080"),
            ("proxy_pass", "http://::1", "nginx refuses it: invalid port in upstream \"::1\""),
            ("proxy_pass", "http:///x", "nginx refuses it: no host in upstream \"/x\""),
            ("uwsgi_pass", "unix:///a", "Uwsgi unix:/a at unix:///a"),
            ("uwsgi_pass", "unix:/a:/b", "Uwsgi unix:/a:/b at unix:/a:/b"),
            ("uwsgi_pass", "uwsgi://127.0.0.1:80", "Uwsgi 127.0.0.1:80 at 127.0.0.1:80"),
            ("uwsgi_pass", "127.0.0.1:80/x", "nginx refuses it: invalid host in upstream \"127.0.0.1:80/x\""),
            ("fastcgi_pass", "php", "Fastcgi (php) at php"),
            ("grpc_pass", "GRPCS://127.0.0.1:5", "Grpc 127.0.0.1:5 at 127.0.0.1:5"),
            ("scgi_pass", "localhost:5", "Scgi localhost:5 at localhost:5"),
        ] {
            let found = match pass(directive, false, text) {
                Ok((gateway, it)) => {
                    format!("{gateway:?} {} at {}", shown(&it.form), &text[it.range.clone()])
                }
                Err(trouble) => trouble.why(),
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
            ("8000-8002", Some("0.0.0.0:8000 0.0.0.0:8001 0.0.0.0:8002")),
            ("127.0.0.1:8000-8001", Some("127.0.0.1:8000 127.0.0.1:8001")),
            ("8002-8000", None),
            ("1-9999", None),
            ("unix:/run/a-1", Some("unix:/run/a-1")),
            (":80", None),
            ("99999", None),
            ("$x", None),
            ("{{ port }}", None),
        ] {
            let all =
                |them: Vec<Endpoint>| them.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            assert_eq!(listen(text, 100).ok().map(all).as_deref(), expected, "{text}");
        }
    }
}
