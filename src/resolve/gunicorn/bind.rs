//! Addresses as Gunicorn's `bind` takes them.
//!
//! Source: `parse_address` in `gunicorn/util.py` of 20.1.0 and 27.0.1, which agree, and the sockets that came of them.

use std::net::Ipv4Addr;

use super::validate::absolute;
use crate::value::{Endpoint, Host, Possible, normalize_path};

/// The address that a `bind` means. Relative socket paths are seen from `directory`.
pub(super) fn endpoint(text: &str, directory: &Possible<String>) -> Result<Endpoint, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        // What stands behind the last `unix:` or `unix://` counts.
        let path = path.rsplit("unix:").next().unwrap_or(path);
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err("Gunicorn refuses a socket without a path".into());
        }
        if path.starts_with('/') {
            return Ok(Endpoint::Unix(normalize_path(path)));
        }
        return absolute(path, directory).map(|path| Endpoint::Unix(normalize_path(&path)));
    }
    if text.starts_with("fd://") {
        return Err("it listens on a file descriptor that it is handed".into());
    }
    let text = text.strip_prefix("tcp://").unwrap_or(text);
    let refuse = || format!("Gunicorn refuses the address `{text}`");
    let (host, port) = if text.contains('[') && text.contains(']') {
        let host = text.split(']').next().and_then(|it| it.get(1..)).unwrap_or_default();
        (host, text.split("]:").nth(1).unwrap_or("8000"))
    } else if text.contains(':') {
        let mut parts = text.split(':');
        (parts.next().unwrap_or_default(), parts.next().unwrap_or("8000"))
    } else if text.is_empty() {
        ("0.0.0.0", "8000")
    } else {
        (text, "8000")
    };
    // Port 0 is whichever the system gives.
    let port =
        super::validate::int(port, false).and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
    let port = port.ok_or_else(refuse)?;
    Ok(Endpoint::Tcp(host_of(host, text.contains('[')).ok_or_else(refuse)?, port))
}

fn host_of(host: &str, bracketed: bool) -> Option<Host> {
    if bracketed {
        return match Host::parse(host) {
            Host::V6(address) => Some(Host::V6(address)),
            _ => None,
        };
    }
    match host {
        // The C library takes an empty host for any address, and `0` for 0.0.0.0.
        "" | "0" => Some(Host::V4(Ipv4Addr::UNSPECIFIED)),
        _ if host.eq_ignore_ascii_case("localhost") => Some(Host::V4(Ipv4Addr::LOCALHOST)),
        _ => match Host::parse(host) {
            Host::V6(_) => None,
            // A number is an address in another notation (`8001` is 0.0.31.65), and a path or `$PORT` is none.
            Host::Name(name) => {
                let plain = name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
                let number = name
                    .rsplit('.')
                    .next()
                    .is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
                (plain && !number).then_some(Host::Name(name))
            }
            v4 => Some(v4),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let at = Possible::Known("/srv/app".to_string());
        for (text, endpoint_text) in [
            ("127.0.0.1:8000", "127.0.0.1:8000"),
            ("127.0.0.1", "127.0.0.1:8000"),
            ("app", "app:8000"),
            (":8001", "0.0.0.0:8001"),
            ("0:8001", "0.0.0.0:8001"),
            ("", "0.0.0.0:8000"),
            ("LOCALHOST:80", "127.0.0.1:80"),
            ("[::]:80", "[::]:80"),
            ("[::1]", "[::1]:8000"),
            ("tcp://0.0.0.0:5000", "0.0.0.0:5000"),
            ("127.0.0.1:1:9", "127.0.0.1:1"),
            ("unix:/run/a.sock", "unix:/run/a.sock"),
            ("unix:///run/a.sock", "unix:/run/a.sock"),
            ("unix:/var/run/a.sock", "unix:/run/a.sock"),
            ("unix://run/a.sock", "unix:/srv/app/run/a.sock"),
            ("unix:a.sock", "unix:/srv/app/a.sock"),
            ("unix:./a.sock", "unix:/srv/app/a.sock"),
            ("unix:@a", "unix:/srv/app/@a"),
        ] {
            assert_eq!(
                endpoint(text, &at).map(|it| it.to_string()).as_deref(),
                Ok(endpoint_text),
                "{text:?}"
            );
        }
        for text in [
            "8001",
            "::1:80",
            "/run/a.sock",
            "http://a:80",
            "a:",
            "a:$PORT",
            "a:1,b:2",
            "a:99999",
            "a:0",
            "fd://3",
            "unix:",
            "$ADDRESS",
            "a:-1",
            "UNIX:/a",
            "[a]:80",
        ] {
            assert!(endpoint(text, &at).is_err(), "{text:?}");
        }
        assert!(endpoint("unix:a.sock", &Possible::Unknown("?".into())).is_err());
    }
}
