//! Pointing a peer at another address.

use super::Peer;
use crate::edit::Edit;
use crate::source::{Sources, Span};
use crate::value::{Endpoint, Host};

impl Peer {
    /// Lets nginx connect to where an app on the same machine listens. Inside a URL the path of a unix socket is ended by a
    /// colon where a URI follows: `http://unix:/run/app.sock:/api/`.
    ///
    /// `None` where the listener cannot be written down there: a path with characters that nginx reads otherwise, a host
    /// name, which nginx would have to look up, or a value of `set` that would become a path or cease to be one, since
    /// what follows it stands elsewhere.
    pub fn connect_to(&self, listener: &Endpoint, sources: &Sources) -> Option<Edit> {
        let text = &sources.get(self.anchor.span.file).text;
        let mut span = self.anchor.value;
        let in_url = text[..span.start as usize].ends_with("://");
        let was_unix = sources.text(span).starts_with("unix:");
        if in_url && was_unix && text[span.end as usize..].starts_with(':') {
            span = Span { end: span.end + 1, ..span };
        }
        let is_unix = matches!(listener, Endpoint::Unix(_));
        let in_variable = sources.text(self.anchor.span).starts_with("set");
        if in_variable && was_unix != is_unix {
            return None;
        }
        let uri_follows = in_url && text[span.end as usize..].starts_with(['/', '$', '?']);
        let separator = if uri_follows && is_unix { ":" } else { "" };
        Some(Edit { span, replacement: format!("{}{separator}", reachable(listener)?) })
    }
}

/// The address by which a process on the same machine reaches a listener: a wildcard is no address to connect to.
fn reachable(listener: &Endpoint) -> Option<String> {
    match listener {
        Endpoint::Tcp(Host::V4(address), port) if address.is_unspecified() => {
            Some(format!("127.0.0.1:{port}"))
        }
        Endpoint::Tcp(Host::V6(address), port) if address.is_unspecified() => {
            Some(format!("127.0.0.1:{port}"))
        }
        Endpoint::Tcp(Host::Name(name), port) if name == "localhost" => Some(format!("127.0.0.1:{port}")),
        Endpoint::Tcp(Host::Name(_), _) => None,
        Endpoint::Unix(path) if !path.bytes().all(is_plain) => None,
        other => Some(other.to_string()),
    }
}

/// Whether a byte stands for itself in a path of nginx's, whatever is around it.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/._-+,=@%~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::apply;
    use crate::model::{Anchor, Dialect};
    use crate::source::{FileKind, Source};
    use crate::value::Possible;

    fn connected(text: &str, address: &str, listener: &Endpoint) -> Option<String> {
        let mut sources = Sources::default();
        let file = sources.add(Source::new("a", FileKind::Nginx, text.into()));
        let start = text.find(address).unwrap();
        let value = Span::new(file, start..start + address.len());
        let anchor = Anchor { span: Span::new(file, 0..text.len()), value, dialect: Dialect::Nginx };
        let peer = Peer::new(Possible::Unknown(String::new()), anchor);
        let edit = peer.connect_to(listener, &sources)?;
        Some(String::from_utf8(apply(text.as_bytes(), [&edit])).unwrap())
    }

    #[test]
    fn a_socket_in_a_url_is_ended_before_the_uri() {
        let tcp = Endpoint::Tcp(Host::parse("0.0.0.0"), 8001);
        let unix = Endpoint::Unix("/run/a.sock".into());
        for (text, address, listener, expected) in [
            ("proxy_pass http://127.0.0.1:1;", "127.0.0.1:1", &tcp, "proxy_pass http://127.0.0.1:8001;"),
            (
                "proxy_pass http://127.0.0.1:1/b/;",
                "127.0.0.1:1",
                &unix,
                "proxy_pass http://unix:/run/a.sock:/b/;",
            ),
            ("proxy_pass http://127.0.0.1:1;", "127.0.0.1:1", &unix, "proxy_pass http://unix:/run/a.sock;"),
            ("proxy_pass http://unix:/x:/b/;", "unix:/x", &tcp, "proxy_pass http://127.0.0.1:8001/b/;"),
            ("proxy_pass http://unix:/x:/b/;", "unix:/x", &unix, "proxy_pass http://unix:/run/a.sock:/b/;"),
            ("proxy_pass http://unix:/x;", "unix:/x", &unix, "proxy_pass http://unix:/run/a.sock;"),
            ("server unix:/x fail_timeout=0;", "unix:/x", &tcp, "server 127.0.0.1:8001 fail_timeout=0;"),
        ] {
            assert_eq!(connected(text, address, listener).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_cannot_be_written_there_is_not() {
        let tcp = Endpoint::Tcp(Host::parse("127.0.0.1"), 8001);
        let unix = |path: &str| Endpoint::Unix(path.into());
        // What follows `$b` in the pass is not seen here: `http://unix:/run/a.sock/x/` is another path.
        assert_eq!(connected("set $b 127.0.0.1:1;", "127.0.0.1:1", &unix("/run/a.sock")), None);
        assert_eq!(connected("set $b unix:/x;", "unix:/x", &tcp), None);
        assert!(connected("set $b 127.0.0.1:1;", "127.0.0.1:1", &tcp).is_some());
        let pass = |listener: &Endpoint| connected("proxy_pass http://127.0.0.1:1;", "127.0.0.1:1", listener);
        for path in ["/run/a b", "/run/a;b", "/run/a$b", "/run/a:b", "/run/{a}", "/run/a'", "/run/a\\"] {
            assert_eq!(pass(&unix(path)), None, "{path}");
        }
        assert_eq!(pass(&Endpoint::Tcp(Host::parse("app.internal"), 80)), None);
    }
}
