//! Addresses as Gunicorn's `bind` takes them.
//!
//! Source: `parse_address` in `gunicorn/util.py` of 20.1.0, 23.0.0 and 27.0.1, which agree, and the sockets that came of
//! them.

use std::net::Ipv4Addr;

use super::python::repr;
use super::validate::{Trouble, absolute, int, is_no_int};
use super::value::Value;
use crate::value::{Endpoint, Host, Possible, normalize_path};

/// What a text means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// A socket at a path.
    Unix(String),
    /// A descriptor that is handed over.
    Descriptor,
    /// A host in lower case, and a port, which may be out of its range.
    Tcp(String, i64),
}

/// The longest path that a socket may have on Linux, in bytes.
const MAX_PATH: usize = 107;

/// `parse_address`.
pub(super) fn parse(text: &str, default_port: &str) -> Result<Parsed, Trouble> {
    if text.starts_with("unix:") {
        // What stands behind the last `unix:` or `unix://` counts.
        let path = text.rsplit("unix:").next().unwrap_or(text);
        return Ok(Parsed::Unix(path.strip_prefix("//").unwrap_or(path).into()));
    }
    if let Some(number) = text.strip_prefix("fd://") {
        return match number {
            _ if int(number, false).is_some() => Ok(Parsed::Descriptor),
            _ if is_no_int(number, false) => {
                Err(Trouble::Refused(format!("{} is not a valid file descriptor.", quoted(number))))
            }
            _ => Err(Trouble::Unknown(format!("`{text}` is not followed"))),
        };
    }
    let text = match text.strip_prefix("tcp://") {
        Some(rest) => rest.split("tcp://").next().unwrap_or(rest),
        None => text,
    };
    let (host, port) = if text.contains('[') && text.contains(']') {
        let first = text.split(']').next().unwrap_or_default();
        let host = first.char_indices().nth(1).map_or("", |(at, _)| &first[at..]);
        (host, text.split("]:").nth(1).unwrap_or(default_port))
    } else if text.contains(':') {
        let mut parts = text.split(':');
        (parts.next().unwrap_or_default(), parts.next().unwrap_or(default_port))
    } else if text.is_empty() {
        ("0.0.0.0", default_port)
    } else {
        (text, default_port)
    };
    match int(port, false) {
        Some(port) => Ok(Parsed::Tcp(host.to_lowercase(), port)),
        None if is_no_int(port, false) => {
            Err(Trouble::Refused(format!("{} is not a valid port number.", quoted(port))))
        }
        None => Err(Trouble::Unknown(format!("`{text}` is not followed"))),
    }
}

fn quoted(text: &str) -> String {
    repr(&Value::Text(text.into()))
}

/// The address that a `bind` means. Relative socket paths are seen from `directory`.
pub(super) fn endpoint(text: &str, directory: &Possible<String>) -> Result<Endpoint, String> {
    if no_socket(text).is_some() {
        return Err(format!("Gunicorn refuses the address `{text}`"));
    }
    match parse(text, "8000") {
        Ok(Parsed::Unix(path)) if path.starts_with('/') => Ok(Endpoint::Unix(normalize_path(&path))),
        Ok(Parsed::Unix(path)) => {
            absolute(&path, directory).map(|path| Endpoint::Unix(normalize_path(&path)))
        }
        Ok(Parsed::Descriptor) => Err("it listens on a file descriptor that it is handed".into()),
        Ok(Parsed::Tcp(_, 0)) => Err("the system chooses the port".into()),
        Ok(Parsed::Tcp(host, port)) => match (host_of(&host), u16::try_from(port)) {
            (Some(host), Ok(port)) => Ok(Endpoint::Tcp(host, port)),
            _ => Err(format!("what `{text}` is bound to is not known")),
        },
        Err(Trouble::Refused(_)) => Err(format!("Gunicorn refuses the address `{text}`")),
        Err(Trouble::Unknown(why)) => Err(why),
    }
}

fn host_of(host: &str) -> Option<Host> {
    match host {
        // The C library takes an empty host for any address, and `0` for 0.0.0.0.
        "" | "0" => Some(Host::V4(Ipv4Addr::UNSPECIFIED)),
        "localhost" => Some(Host::V4(Ipv4Addr::LOCALHOST)),
        _ => match Host::parse(host) {
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
            address => Some(address),
        },
    }
}

/// Why an address that can be read is certainly none that a socket of this machine can be bound to, in the words that
/// Gunicorn or Python say then. It does not hold where Gunicorn is handed its sockets.
pub(super) fn no_socket(text: &str) -> Option<String> {
    let (host, port) = match parse(text, "8000").ok()? {
        Parsed::Unix(path) if path.is_empty() || path.len() > MAX_PATH => {
            return Some(format!("Can't connect to {path}"));
        }
        Parsed::Unix(_) | Parsed::Descriptor => return None,
        Parsed::Tcp(host, port) => (host, port),
    };
    // `8001` is 0.0.31.65, and no machine has an address of that network.
    let is_number = host.parse::<u16>().is_ok_and(|number| number > 0) && !host.starts_with('0');
    if no_name(&host) || is_number {
        return Some(format!("Can't connect to ({}, {port})", quoted(&host)));
    }
    (!(0..=65_535).contains(&port)).then(|| "bind(): port must be 0-65535.".into())
}

/// Whether no name service can know a host of this name, and it is no address.
fn no_name(host: &str) -> bool {
    let parts: Vec<&str> = host.split('.').collect();
    let decimal = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let too_large = |part: &&str| !part.starts_with('0') && part.parse::<u32>().is_ok_and(|it| it > 255);
    let no_address = parts.len() == 4 && parts.iter().all(decimal) && parts.iter().any(too_large);
    host.contains(['/', '*', ' ']) || no_address
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
            ("[127.0.0.1]:80", "127.0.0.1:80"),
            ("[a]:80", "a:80"),
            ("tcp://tcp://127.0.0.1:80", "0.0.0.0:8000"),
            ("[::]80", "[::]:8000"),
            ("a:0_80", "a:80"),
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
        ] {
            assert!(endpoint(text, &at).is_err(), "{text:?}");
        }
        assert!(endpoint("unix:a.sock", &Possible::Unknown("?".into())).is_err());
    }

    #[test]
    fn refusals_in_their_own_words() {
        let long = format!("unix:/run/{}", "a".repeat(110));
        for (text, words) in [
            ("::1:80", "'' is not a valid port number."),
            ("http://a:80", "'//a' is not a valid port number."),
            ("UNIX:/a", "'/a' is not a valid port number."),
            ("a:1,b:2", "'1,b' is not a valid port number."),
            ("fd://x", "'x' is not a valid file descriptor."),
            ("/run/a.sock", "Can't connect to ('/run/a.sock', 8000)"),
            ("*:80", "Can't connect to ('*', 80)"),
            ("256.1.1.1:80", "Can't connect to ('256.1.1.1', 80)"),
            ("8001", "Can't connect to ('8001', 8000)"),
            ("a:99999", "bind(): port must be 0-65535."),
            ("a:-1", "bind(): port must be 0-65535."),
            ("unix:", "Can't connect to "),
            (&long, &format!("Can't connect to {}", &long[5..])),
        ] {
            let said = match parse(text, "8000") {
                Err(Trouble::Refused(said)) => Some(said),
                _ => no_socket(text),
            };
            assert_eq!(said.as_deref(), Some(words), "{text:?}");
        }
        for text in
            ["127.0.0.1:80", "0:80", "localhost", "[::]:80", "unix:a", "a:0", "127.1:80", "0x7f000001"]
        {
            assert_eq!((parse(text, "8000").is_ok(), no_socket(text)), (true, None), "{text:?}");
        }
    }
}
