//! Values that confine a process: what it may see, speak and call.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::judge::Verdict::{self, Ignored, Taken, Unknown};
use super::judge::{path_of, taken};

/// A path that is bound elsewhere: `/a`, `/a:/b`, `/a:/b:rbind`, behind a `-` if it may be missing. Source:
/// `config_parse_bind_paths` in `src/core/load-fragment.c` of systemd 252.
pub(super) fn bind(text: &str) -> Verdict {
    let mut parts = text.splitn(3, ':');
    let source = parts.next().unwrap_or_default();
    let paths = [Some(source.strip_prefix('-').unwrap_or(source)), parts.next()];
    let wrong = paths.into_iter().flatten().map(|path| path_of(path, Ignored)).find(|it| *it != Taken);
    let option = parts.next().is_none_or(|option| matches!(option, "" | "rbind" | "norbind"));
    wrong.unwrap_or(taken(option, "Invalid option string"))
}

/// The families of addresses that Linux has, without their `AF_`. Source: `sys/socket.h` of glibc 2.36.
const FAMILIES: [&str; 51] = [
    "ALG",
    "APPLETALK",
    "ASH",
    "ATMPVC",
    "ATMSVC",
    "AX25",
    "BLUETOOTH",
    "BRIDGE",
    "CAIF",
    "CAN",
    "DECNET",
    "ECONET",
    "FILE",
    "IB",
    "IEEE802154",
    "INET",
    "INET6",
    "IPX",
    "IRDA",
    "ISDN",
    "IUCV",
    "KCM",
    "KEY",
    "LLC",
    "LOCAL",
    "MCTP",
    "MPLS",
    "NETBEUI",
    "NETLINK",
    "NETROM",
    "NFC",
    "PACKET",
    "PHONET",
    "PPPOX",
    "QIPCRTR",
    "RDS",
    "ROSE",
    "ROUTE",
    "RXRPC",
    "SECURITY",
    "SMC",
    "SNA",
    "TIPC",
    "UNIX",
    "UNSPEC",
    "VSOCK",
    "WANPIPE",
    "X25",
    "XDP",
    "MAX",
    "SIGNAL",
];

/// A family of addresses. Source: `config_parse_address_families` in `src/core/load-fragment.c` of systemd 252.
pub(super) fn family(text: &str) -> Verdict {
    let text = text.strip_prefix('~').unwrap_or(text);
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("AF_");
    let fits = matches!(text, "" | "none") || name.is_some_and(|name| FAMILIES.contains(&name));
    taken(fits, "Failed to parse address family")
}

/// The groups of system calls. Source: `systemd-analyze syscall-filter` of 252; 257 has one more.
const GROUPS: [&str; 30] = [
    "aio",
    "basic-io",
    "chown",
    "clock",
    "cpu-emulation",
    "debug",
    "default",
    "file-system",
    "io-event",
    "ipc",
    "keyring",
    "known",
    "memlock",
    "module",
    "mount",
    "network-io",
    "obsolete",
    "pkey",
    "privileged",
    "process",
    "raw-io",
    "reboot",
    "resources",
    "sandbox",
    "setuid",
    "signal",
    "swap",
    "sync",
    "system-service",
    "timer",
];

/// A system call or a group of them. Which calls there are hangs on the machine.
pub(super) fn call(text: &str) -> Verdict {
    let text = text.strip_prefix('~').unwrap_or(text);
    let (name, number) = text.split_once(':').map_or((text, None), |(name, number)| (name, Some(number)));
    if name.is_empty() && number.is_none() {
        return Taken;
    }
    if let Some(group) = name.strip_prefix('@')
        && !GROUPS.contains(&group)
    {
        return Ignored("Unknown system call group");
    }
    let is_error = |number: &str| {
        matches!(number, "kill" | "KILL")
            || number.starts_with('E')
            || number.parse::<u32>().is_ok_and(|it| it <= 4095)
    };
    if !number.is_none_or(is_error) {
        return Ignored("Failed to parse syscall:errno");
    }
    let name = name.strip_prefix('@').unwrap_or(name);
    let is_name =
        name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || b"_-".contains(&it));
    if is_name && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') {
        Unknown
    } else {
        Ignored("Failed to parse system call")
    }
}

/// A network: an address with or without the length of its prefix, or a name for several. Source:
/// `config_parse_in_addr_prefixes` in `src/core/ip-address-access.c` of systemd 252.
pub(super) fn network(text: &str) -> Verdict {
    if matches!(text, "any" | "localhost" | "link-local" | "multicast") {
        return Taken;
    }
    let (address, length) = text.split_once('/').map_or((text, None), |(it, length)| (it, Some(length)));
    let most = match (address.parse::<Ipv4Addr>(), address.parse::<Ipv6Addr>()) {
        (Ok(_), _) => 32,
        (_, Ok(_)) => 128,
        _ => return Ignored("Address prefix is invalid"),
    };
    let fits = length.is_none_or(|length| length.parse::<u32>().is_ok_and(|length| length <= most));
    taken(fits, "Address prefix is invalid")
}
