//! Addresses as the configuration writes them.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::value::{Endpoint, Host, normalize_path};

/// The address of a text: `127.0.0.1:3000`, `[::1]:3000`, `grafana:3000`, `unix:/run/other.sock`.
///
/// # Errors
/// If it is none; the sentence says how it is written.
pub(super) fn parse(text: &str) -> Result<Endpoint, String> {
    let fault = |why: &str| Err(format!("`{text}` is no address: {why}"));
    if text.contains("://") {
        return fault("it goes without a scheme, as `127.0.0.1:3000`");
    }
    if let Some(path) = text.strip_prefix("unix:") {
        return match path.starts_with('/') && path.len() > 1 {
            true => Ok(Endpoint::Unix(normalize_path(path))),
            false => fault("the path of a socket is absolute, as `unix:/run/other.sock`"),
        };
    }
    if text.starts_with('/') {
        return fault("the path of a socket follows `unix:`, as `unix:/run/other.sock`");
    }
    if text.contains('/') {
        return fault("a host and a port are meant, as `10.0.0.5:3000`, and no network and no URI");
    }
    let Some((host, port)) = text.rsplit_once(':').filter(|(host, _)| !is_bare_v6(text, host)) else {
        return fault("a host and a port are meant, as `127.0.0.1:3000` or `[::1]:3000`");
    };
    let is_number = port.bytes().all(|it| it.is_ascii_digit()) && !port.starts_with('0');
    let Some(port) = port.parse::<u16>().ok().filter(|_| is_number) else {
        return fault("a port is a number from 1 to 65535");
    };
    match is_host(host) {
        true => Ok(Endpoint::Tcp(Host::parse(host), port)),
        false => fault("a host is an address, `[::1]`, or a name"),
    }
}

/// Whether a text is an IPv6 address without brackets, of which the last part is no port.
fn is_bare_v6(text: &str, host: &str) -> bool {
    host.contains(':') && !host.starts_with('[') || text.ends_with(']')
}

fn is_host(host: &str) -> bool {
    if let Some(inside) = host.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
        return inside.parse::<Ipv6Addr>().is_ok();
    }
    if host.bytes().all(|it| it.is_ascii_digit() || it == b'.') {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_'))
    };
    host.split('.').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, expected) in [
            ("127.0.0.1:3000", "127.0.0.1:3000"),
            ("[::1]:3000", "[::1]:3000"),
            ("Grafana.internal:3000", "grafana.internal:3000"),
            ("unix:/var/run/other.sock", "unix:/run/other.sock"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_is_no_address_is_told() {
        for (text, said) in [
            ("http://127.0.0.1:3000", "without a scheme"),
            ("unix:run/a.sock", "absolute"),
            ("/run/a.sock", "`unix:`"),
            ("10.0.0.0/8", "no network"),
            ("grafana", "a port"),
            ("::1", "`[::1]:3000`"),
            ("[::1]", "`[::1]:3000`"),
            ("127.0.0.1:0", "from 1 to"),
            ("127.0.0.1:70000", "from 1 to"),
            ("127.0.0.1:+80", "from 1 to"),
            ("300.0.0.1:80", "a host is"),
            ("a b:80", "a host is"),
            ("*:80", "a host is"),
            (":80", "a host is"),
        ] {
            assert!(parse(text).unwrap_err().contains(said), "{text}: {:?}", parse(text));
        }
    }
}
