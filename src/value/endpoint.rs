//! Addresses that a server listens on or a proxy connects to.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// One address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// A TCP port.
    Tcp(Host, u16),
    /// A unix socket, by its absolute normalised path (see [`normalize_path`]).
    Unix(String),
}

/// The host part of a TCP address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// A literal IPv4 address.
    V4(Ipv4Addr),
    /// A literal IPv6 address, written in brackets.
    V6(Ipv6Addr),
    /// A name, in lower case.
    Name(String),
}

/// Whether a connection to one address arrives at a listener on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// It cannot.
    No,
    /// It depends on name resolution or on the addresses that the machine has.
    Maybe,
    /// It does.
    Yes,
}

impl Host {
    /// A host as written, with or without brackets around an IPv6 address.
    pub fn parse(text: &str) -> Host {
        let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse() {
            Host::V4(address)
        } else if let Ok(address) = bare.parse() {
            Host::V6(address)
        } else {
            Host::Name(bare.to_ascii_lowercase())
        }
    }

    /// Whether a connection to this host stays on the machine, whatever addresses the machine has.
    pub fn is_local(&self) -> bool {
        match self {
            Host::V4(address) => address.is_loopback() || address.is_unspecified(),
            Host::V6(address) => match address.to_ipv4_mapped() {
                Some(address) => Host::V4(address).is_local(),
                None => address.is_loopback() || address.is_unspecified(),
            },
            Host::Name(name) => name == "localhost",
        }
    }

    /// The IPv4 address that an IPv6 one stands for: `[::ffff:127.0.0.1]` is 127.0.0.1.
    pub fn mapped(&self) -> Option<Host> {
        match self {
            Host::V6(address) => address.to_ipv4_mapped().map(Host::V4),
            Host::V4(_) | Host::Name(_) => None,
        }
    }
}

impl Endpoint {
    /// Whether a connection to this address stays on the machine, whatever addresses the machine has.
    pub fn is_local(&self) -> bool {
        match self {
            Endpoint::Tcp(host, _) => host.is_local(),
            Endpoint::Unix(_) => true,
        }
    }

    /// Whether what answers at one of two addresses certainly may be what answers at the other one: `localhost:3000` and
    /// `[::1]:3000`.
    pub fn is_same_place(&self, other: &Endpoint) -> bool {
        self == other || self.reaches(other) == Reach::Yes || other.reaches(self) == Reach::Yes
    }

    /// Whether a connection to `self` arrives at a server that listens on `listener`, both on one machine.
    ///
    /// `0.0.0.0` listens on every IPv4 address and `[::]` on IPv4 too; a target of `0.0.0.0` is the loopback address.
    /// `localhost` as a listener is 127.0.0.1 alone, as Gunicorn binds it; as a target it is whichever of 127.0.0.1 and
    /// ::1 answers (nginx tries both).
    pub fn reaches(&self, listener: &Endpoint) -> Reach {
        match (self, listener) {
            (Endpoint::Unix(target), Endpoint::Unix(bound)) if target == bound => Reach::Yes,
            (Endpoint::Tcp(target, to), Endpoint::Tcp(bound, at)) if to == at => host_reaches(target, bound),
            _ => Reach::No,
        }
    }
}

fn host_reaches(target: &Host, bound: &Host) -> Reach {
    if target == bound {
        return Reach::Yes;
    }
    let mapped = (target.mapped(), bound.mapped());
    if mapped.0.is_some() || mapped.1.is_some() {
        return host_reaches(mapped.0.as_ref().unwrap_or(target), mapped.1.as_ref().unwrap_or(bound));
    }
    let loopback4 = Host::V4(Ipv4Addr::LOCALHOST);
    match (target, bound) {
        // What a name stands for is only known of localhost.
        (_, Host::Name(name)) if name == "localhost" => host_reaches(target, &loopback4),
        (_, Host::Name(_)) => Reach::Maybe,
        (Host::Name(name), _) if name == "localhost" => {
            host_reaches(&loopback4, bound).max(host_reaches(&Host::V6(Ipv6Addr::LOCALHOST), bound))
        }
        (Host::Name(_), _) => Reach::Maybe,
        (Host::V4(to), _) if to.is_unspecified() => host_reaches(&loopback4, bound),
        (Host::V6(to), _) if to.is_unspecified() => host_reaches(&Host::V6(Ipv6Addr::LOCALHOST), bound),
        // A wildcard listener has every address of the machine; whether another machine is meant is not known.
        (Host::V4(to), Host::V4(at)) if at.is_unspecified() => yes_if(to.is_loopback()),
        (Host::V4(to), Host::V6(at)) if at.is_unspecified() => yes_if(to.is_loopback()),
        (Host::V6(to), Host::V6(at)) if at.is_unspecified() => yes_if(to.is_loopback()),
        _ => Reach::No,
    }
}

fn yes_if(certain: bool) -> Reach {
    if certain { Reach::Yes } else { Reach::Maybe }
}

/// A path of a socket or a file in the form that compares: `//` and `/./` folded, `/var/run` as the `/run` that it is a
/// link to. `..` is kept, since what it leads to depends on links.
pub fn normalize_path(path: &str) -> String {
    let mut folded = String::with_capacity(path.len());
    if path.starts_with('/') {
        folded.push('/');
    }
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if !folded.is_empty() && !folded.ends_with('/') {
            folded.push('/');
        }
        folded.push_str(part);
    }
    match folded.strip_prefix("/var/run/") {
        Some(rest) => format!("/run/{rest}"),
        None => folded,
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::V4(address) => write!(f, "{address}"),
            Host::V6(address) => write!(f, "[{address}]"),
            Host::Name(name) => write!(f, "{name}"),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Tcp(host, port) => write!(f, "{host}:{port}"),
            Endpoint::Unix(path) => write!(f, "unix:{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(text: &str) -> Endpoint {
        let (host, port) = text.rsplit_once(':').unwrap();
        Endpoint::Tcp(Host::parse(host), port.parse().unwrap())
    }

    #[test]
    fn who_reaches_whom() {
        use Reach::{Maybe, No, Yes};
        for (target, listener, expected) in [
            ("127.0.0.1:8000", "127.0.0.1:8000", Yes),
            ("127.0.0.1:8000", "127.0.0.1:8001", No),
            ("127.0.0.1:8000", "127.0.0.2:8000", No),
            ("127.0.0.1:8000", "0.0.0.0:8000", Yes),
            ("127.0.0.1:8000", "[::]:8000", Yes),
            ("127.0.0.1:8000", "[::1]:8000", No),
            ("127.0.0.1:8000", "localhost:8000", Yes),
            ("[::1]:8000", "127.0.0.1:8000", No),
            ("[::1]:8000", "0.0.0.0:8000", No),
            ("[::1]:8000", "localhost:8000", No),
            ("[::1]:8000", "[::]:8000", Yes),
            ("localhost:8000", "127.0.0.1:8000", Yes),
            ("localhost:8000", "[::1]:8000", Yes),
            ("localhost:8000", "127.0.0.2:8000", No),
            ("0.0.0.0:8000", "127.0.0.1:8000", Yes),
            ("0.0.0.0:8000", "127.0.0.2:8000", No),
            ("10.0.0.5:8000", "0.0.0.0:8000", Maybe),
            ("10.0.0.5:8000", "127.0.0.1:8000", No),
            ("web:8000", "0.0.0.0:8000", Maybe),
            ("web:8000", "127.0.0.1:8000", Maybe),
            ("web:8000", "127.0.0.1:8001", No),
            ("127.0.0.1:8000", "[::ffff:127.0.0.1]:8000", Yes),
            ("127.0.0.1:8000", "[::ffff:0.0.0.0]:8000", Yes),
            ("[::1]:8000", "[::ffff:0.0.0.0]:8000", No),
            ("[::ffff:127.0.0.1]:8000", "127.0.0.1:8000", Yes),
            ("[::ffff:127.0.0.1]:8000", "[::]:8000", Yes),
            ("[::ffff:127.0.0.1]:8000", "[::1]:8000", No),
        ] {
            assert_eq!(tcp(target).reaches(&tcp(listener)), expected, "{target} to {listener}");
        }
    }

    #[test]
    fn one_place_has_several_addresses() {
        for (a, b, expected) in [
            ("127.0.0.1:3000", "127.0.0.1:3000", true),
            ("127.0.0.1:3000", "localhost:3000", true),
            ("[::1]:3000", "localhost:3000", true),
            ("0.0.0.0:3000", "127.0.0.1:3000", true),
            ("grafana:3000", "GRAFANA:3000", true),
            ("127.0.0.1:3000", "127.0.0.1:3001", false),
            ("127.0.0.1:3000", "127.0.0.2:3000", false),
            ("127.0.0.1:3000", "[::1]:3000", false),
            ("grafana:3000", "127.0.0.1:3000", false),
            ("10.0.0.5:3000", "0.0.0.0:3000", false),
        ] {
            assert_eq!(tcp(a).is_same_place(&tcp(b)), expected, "{a}, {b}");
            assert_eq!(tcp(b).is_same_place(&tcp(a)), expected, "{b}, {a}");
        }
    }

    #[test]
    fn socket_paths_compare_in_one_form() {
        for (written, normal) in [
            ("/run/app.sock", "/run/app.sock"),
            ("/var/run/app.sock", "/run/app.sock"),
            ("//run//./app.sock", "/run/app.sock"),
            ("run/app.sock", "run/app.sock"),
            ("/var/running/app.sock", "/var/running/app.sock"),
        ] {
            assert_eq!(normalize_path(written), normal, "{written}");
        }
    }
}
