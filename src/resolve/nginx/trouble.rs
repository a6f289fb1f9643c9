//! What is wrong with an address, and what was evidently meant.

use std::ops::Range;

use super::address::starts_with;
use crate::edit::Applicability;
use crate::model::FaultKind;

/// Why an address does not say where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It cannot be told, for this reason.
    Unknown(String),
    /// nginx refuses it.
    Refused(Refusal),
}

/// What nginx refuses, or takes otherwise than it is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) kind: FaultKind,
    /// nginx's own words; what is wrong, where it takes it.
    pub(super) message: String,
    /// The bytes of the argument that have to give way, what they give way to, and how certain that is.
    pub(super) mend: Option<(Range<usize>, String, Applicability)>,
}

impl Refusal {
    pub(super) fn new(kind: FaultKind, message: &str) -> Refusal {
        Refusal { kind, message: message.into(), mend: None }
    }

    fn mended(self, range: Range<usize>, text: impl Into<String>) -> Refusal {
        Refusal { mend: Some((range, text.into(), Applicability::Safe)), ..self }
    }

    /// The same with its mend so many bytes further into the argument.
    pub(super) fn behind(self, start: usize) -> Refusal {
        let mend = self.mend.map(|(range, text, how)| (range.start + start..range.end + start, text, how));
        Refusal { mend, ..self }
    }

    /// The same with the mend of an address that stands so many bytes into the argument.
    pub(super) fn at(self, address: &str, start: usize) -> Refusal {
        match (self.kind, address.rfind(':')) {
            (FaultKind::PortOfUpstream, Some(colon)) => self.mended(start + colon..start + address.len(), ""),
            // Which absolute path is meant is for those to say who know the apps.
            (FaultKind::UnixRelative, Some(_)) => {
                let absolute = format!("unix:/{}", address.get("unix:".len()..).unwrap_or_default());
                let whole = start..start + address.len();
                Refusal { mend: Some((whole, absolute, Applicability::Manual)), ..self }
            }
            _ => self,
        }
    }
}

impl Trouble {
    /// What nginx refuses of a host's address.
    pub(super) fn refused(message: &str) -> Trouble {
        Trouble::Refused(Refusal::new(FaultKind::Address, message))
    }

    /// The same as nginx says it of a whole URL, which begins so many bytes into the argument: its scheme is left out.
    pub(super) fn of(self, url: &str, start: usize) -> Trouble {
        let Trouble::Refused(refusal) = self else { return self };
        let path = url.starts_with('/').then(|| socket_length(url)).flatten();
        let refusal = match path {
            // `http:///run/app.sock`
            Some(_) => Refusal { kind: FaultKind::UnixRefused, ..refusal }.mended(start..start, "unix:"),
            None => refusal,
        };
        Trouble::Refused(Refusal { message: format!("{} in upstream \"{url}\"", refusal.message), ..refusal })
    }

    /// The same of an upstream's `server`, which takes no URL.
    pub(super) fn or_server(self, text: &str) -> Trouble {
        let Trouble::Refused(refusal) = self else { return self };
        let refusal = match scheme_length(text) {
            Some(length) if !starts_with(text, "https") => refusal.mended(0..length, ""),
            _ if text.starts_with('/') => {
                let message = format!("invalid host in upstream \"{text}\"");
                Refusal { message, kind: FaultKind::UnixRefused, ..refusal }.mended(0..0, "unix:")
            }
            _ if text.ends_with('/') && text.find('/') == Some(text.len() - 1) => {
                refusal.mended(text.len() - 1..text.len(), "")
            }
            _ => refusal,
        };
        Trouble::Refused(refusal)
    }

    /// Why the address is not known, for `map`.
    pub(super) fn why(&self) -> String {
        match self {
            Trouble::Unknown(why) => why.clone(),
            Trouble::Refused(refusal) if refusal.kind == FaultKind::UnixRelative => refusal.message.clone(),
            Trouble::Refused(refusal) => format!("nginx refuses it: {}", refusal.message),
        }
    }
}

/// `invalid URL prefix`: what stands where `http://` should.
pub(super) fn no_scheme(text: &str) -> Refusal {
    let unix = text.contains("unix:");
    let kind =
        if unix || socket_length(text).is_some() { FaultKind::UnixRefused } else { FaultKind::Address };
    let refusal = Refusal::new(kind, "invalid URL prefix");
    for broken in ["http:/", "http:", "http//", "http/", "htttp://", "htpp://", "ttp://"] {
        if starts_with(text, broken) && !text[broken.len()..].starts_with('/') {
            return refusal.mended(0..broken.len(), "http://");
        }
    }
    let host = text.split(['/', ':']).next().unwrap_or_default();
    match () {
        () if starts_with(text, "unix:/") => refusal.mended(0..0, "http://"),
        () if text.starts_with('/') && socket_length(text).is_some() => refusal.mended(0..0, "http://unix:"),
        // `127.0.0.1:8000`, `app:8000/x`, `app`; `ftp://x` and `grpc://x` are for others.
        () if !host.is_empty() && !text.contains("://") && !text.starts_with("//") && !unix => {
            refusal.mended(0..0, "http://")
        }
        () => refusal,
    }
}

/// `http://unix:/run/app.sock/api/`: without a colon behind the path all of it is the path. `address` is what nginx takes
/// for it, which begins so many bytes into the argument.
pub(super) fn uri_in_path(address: &str, start: usize) -> Option<Refusal> {
    let path = address.get("unix:".len()..).filter(|_| starts_with(address, "unix:"))?;
    let length = socket_length(path).or_else(|| path.strip_suffix('/').map(str::len))?;
    // A socket in a directory that is named like one is a socket.
    if length >= path.len() || length == 0 || path.ends_with(".sock") || path.ends_with(".socket") {
        return None;
    }
    let at = start + "unix:".len() + length;
    let message = format!("`{}` is taken for the path of the socket, since no colon ends the path", path);
    let refusal = Refusal::new(FaultKind::UnixUri, &message);
    Some(Refusal { mend: Some((at..at, ":".into(), Applicability::Unsafe)), ..refusal })
}

/// `server unix:/run/app.sock:`: in an upstream the colon belongs to the path.
pub(super) fn colon_in_path(text: &str) -> Option<Refusal> {
    let path = text.get("unix:".len()..).filter(|_| starts_with(text, "unix:"))?;
    let name = path.strip_suffix(':').filter(|name| name.starts_with('/') && !name.ends_with(':'))?;
    let message = format!("`{name}:` is taken for the path of the socket, the colon included");
    Some(Refusal::new(FaultKind::UnixColon, &message).mended(text.len() - 1..text.len(), ""))
}

/// How much of a path is that of a socket by its name: up to and with the first component that ends in `.sock` or
/// `.socket`.
fn socket_length(path: &str) -> Option<usize> {
    let mut end = 0;
    for component in path.split('/') {
        end += component.len();
        if component.ends_with(".sock") || component.ends_with(".socket") {
            return Some(end);
        }
        end += 1;
    }
    None
}

fn scheme_length(text: &str) -> Option<usize> {
    ["http://", "https://"].iter().find(|scheme| starts_with(text, scheme)).map(|scheme| scheme.len())
}

/// Why an address is not known because somebody fills it in, if that is so.
pub(super) fn filled_in(text: &str) -> Option<String> {
    if text.contains('$') {
        return Some("it depends on a variable".into());
    }
    if text.bytes().any(|it| matches!(it, b'{' | b'}' | b'<' | b'>' | b'%')) {
        return Some("it is filled in by a template".into());
    }
    // `@` stands for itself in the path of a socket alone.
    if text.contains('@') && !starts_with(text, "unix:") {
        return Some("it is filled in by a template".into());
    }
    if let Some(name) = placeholder(text) {
        return Some(format!("`{name}` looks like something that is filled in"));
    }
    text.contains(|c: char| c.is_whitespace() || c.is_control()).then(|| "it holds white space".into())
}

/// A word in capitals with a separator in it, as scripts that know no template language fill them in: `__DIR__`,
/// `APP_HOST`, `--DOMAIN--`; and `PORT` where a number should be.
fn placeholder(text: &str) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    text.split(|c| !is_part(c)).find(|word| {
        let capitals = word.chars().filter(char::is_ascii_uppercase).count();
        let is_port = matches!(*word, "PORT" | "HOST" | "DOMAIN" | "SOCKET");
        is_port
            || capitals >= 2 && word.contains(['_', '-']) && !word.contains(|c: char| c.is_ascii_lowercase())
    })
}
