//! Addresses by port and host, so that not all of one port are looked at for each that is looked up.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::value::Host;

/// Addresses that are listened on, by their ports and hosts; without a host wildcards, and names of which it is not known what
/// they stand for.
pub(super) type ByHost<T> = BTreeMap<(u16, Option<Host>), Vec<T>>;

/// What an address is kept by that is listened on.
pub(super) fn key(host: &Host, port: u16) -> (u16, Option<Host>) {
    let host = host.mapped().unwrap_or_else(|| host.clone());
    let is_any = match &host {
        Host::V4(at) => at.is_unspecified(),
        Host::V6(at) => at.is_unspecified(),
        Host::Name(name) if name == "localhost" => return (port, Some(Host::V4(Ipv4Addr::LOCALHOST))),
        Host::Name(_) => true,
    };
    (port, Some(host).filter(|_| !is_any))
}

/// All that a connection to an address may arrive at, and perhaps more.
pub(super) fn reached<'a, T>(
    all: &'a ByHost<T>,
    target: &Host,
    port: u16,
) -> Box<dyn Iterator<Item = &'a T> + 'a> {
    let target = target.mapped().unwrap_or_else(|| target.clone());
    let (v4, v6) = (Host::V4(Ipv4Addr::LOCALHOST), Host::V6(Ipv6Addr::LOCALHOST));
    let hosts = match &target {
        Host::Name(name) if name == "localhost" => vec![v4, v6],
        Host::Name(_) => {
            let of_port = all.range((port, None)..).take_while(move |((at, _), _)| *at == port);
            return Box::new(of_port.flat_map(|(_, found)| found));
        }
        Host::V4(to) if to.is_unspecified() => vec![v4],
        Host::V6(to) if to.is_unspecified() => vec![v6],
        Host::V4(_) | Host::V6(_) => vec![target],
    };
    let keys = hosts.into_iter().map(Some).chain([None]);
    Box::new(keys.filter_map(move |host| all.get(&(port, host))).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Endpoint, Reach};

    #[test]
    fn none_is_missed() {
        let hosts = [
            "127.0.0.1",
            "127.0.0.2",
            "0.0.0.0",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:0.0.0.0]",
            "10.0.0.1",
            "localhost",
            "app",
            "db",
            "[2001:db8::1]",
        ]
        .map(Host::parse);
        let mut all = ByHost::default();
        for host in &hosts {
            all.entry(key(host, 80)).or_default().push(host.clone());
        }
        all.entry(key(&hosts[0], 81)).or_default().push(hosts[0].clone());
        let at = |host: &Host| Endpoint::Tcp(host.clone(), 80);
        for target in &hosts {
            let arrives = |bound: &&Host| at(target).reaches(&at(bound)) != Reach::No;
            let mut found: Vec<_> = reached(&all, target, 80).filter(arrives).collect();
            let mut expected: Vec<_> = hosts.iter().filter(arrives).collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{target}");
        }
        // A wildcard and what is bound to the host itself, and no other host.
        assert_eq!(reached(&all, &hosts[7], 80).filter(|it| matches!(it, Host::V4(_))).count(), 2);
    }
}
