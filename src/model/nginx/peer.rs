//! Pointing a peer at another address.

use super::Peer;
use crate::edit::Edit;
use crate::source::{Sources, Span};
use crate::value::{Endpoint, Host};

impl Peer {
    /// Lets nginx connect to where an app on the same machine listens. Inside a URL the path of a unix socket is ended by a
    /// colon where a URI follows: `http://unix:/run/app.sock:/api/`.
    pub fn connect_to(&self, listener: &Endpoint, sources: &Sources) -> Edit {
        let text = &sources.get(self.anchor.span.file).text;
        let mut span = self.anchor.value;
        let in_url = text[..span.start as usize].ends_with("://");
        let was_unix = sources.text(span).starts_with("unix:");
        if in_url && was_unix && text[span.end as usize..].starts_with(':') {
            span = Span { end: span.end + 1, ..span };
        }
        let uri_follows = in_url && text[span.end as usize..].starts_with(['/', '$', '?']);
        let separator = if uri_follows && matches!(listener, Endpoint::Unix(_)) { ":" } else { "" };
        Edit { span, replacement: format!("{}{separator}", reachable(listener)) }
    }
}

/// The address by which a process on the same machine reaches a listener: a wildcard is no address to connect to.
fn reachable(listener: &Endpoint) -> String {
    match listener {
        Endpoint::Tcp(Host::V4(address), port) if address.is_unspecified() => format!("127.0.0.1:{port}"),
        Endpoint::Tcp(Host::V6(address), port) if address.is_unspecified() => format!("127.0.0.1:{port}"),
        Endpoint::Tcp(Host::Name(name), port) if name == "localhost" => format!("127.0.0.1:{port}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::apply;
    use crate::model::{Anchor, Dialect};
    use crate::source::{FileKind, Source};
    use crate::value::Possible;

    fn connected(text: &str, address: &str, listener: &Endpoint) -> String {
        let mut sources = Sources::default();
        let file = sources.add(Source::new("a", FileKind::Nginx, text.into()));
        let start = text.find(address).unwrap();
        let value = Span::new(file, start..start + address.len());
        let anchor = Anchor { span: Span::new(file, 0..text.len()), value, dialect: Dialect::Nginx };
        let peer = Peer { address: Possible::Unknown(String::new()), anchor, down: false };
        String::from_utf8(apply(text.as_bytes(), [&peer.connect_to(listener, &sources)])).unwrap()
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
            assert_eq!(connected(text, address, listener), expected);
        }
    }
}
