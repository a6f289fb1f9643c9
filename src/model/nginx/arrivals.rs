//! Whether requests reach a server over TLS.

use std::collections::BTreeMap;

use super::super::{Setting, Version};
use super::{Nginx, Server};
use crate::value::Endpoint;

/// What the addresses speak that servers listen on. `ssl` in one `listen` goes for the address, whichever server it is of.
#[derive(Clone, Debug)]
pub struct Arrivals<'a> {
    nginx: &'a Nginx,
    addresses: BTreeMap<&'a Endpoint, Encryption>,
    /// Whether there is an address that is not known: it may be any, and encrypted.
    is_open: bool,
}

/// Whether connections to an address are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Encryption {
    No,
    Maybe,
    Yes,
}

/// How requests reach a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schemes {
    /// Whether some certainly come over plain HTTP.
    pub plain: bool,
    /// Whether some certainly come over TLS.
    pub tls: bool,
    /// Whether others may come in the other way.
    pub open: bool,
}

impl<'a> Arrivals<'a> {
    /// All addresses of the servers of `http`.
    pub fn new(nginx: &'a Nginx, version: Version) -> Arrivals<'a> {
        let mut arrivals = Arrivals { nginx, addresses: BTreeMap::new(), is_open: false };
        for server in &nginx.servers {
            // `ssl on` is for all that the server listens on; nginx 1.25.1 has dropped it.
            let old: Setting<bool> = nginx.setting(server.level, "ssl", version);
            let may_be_on = old.value.may(|is_on| *is_on);
            for listen in &server.listen {
                let encryption = match listen.ssl {
                    true => Encryption::Yes,
                    false if listen.open || may_be_on => Encryption::Maybe,
                    false => Encryption::No,
                };
                match listen.address.known() {
                    Some(address) => {
                        let known = arrivals.addresses.entry(address).or_insert(encryption);
                        *known = encryption.max(*known);
                    }
                    None => arrivals.is_open = true,
                }
            }
        }
        arrivals
    }

    /// How requests reach a server.
    pub fn of(&self, server: usize) -> Schemes {
        let Server { listen, .. } = &self.nginx.servers[server];
        let mut schemes = Schemes { plain: false, tls: false, open: false };
        for listen in listen {
            let encryption = listen.address.known().and_then(|address| self.addresses.get(address));
            match encryption {
                Some(Encryption::Yes) => schemes.tls = true,
                Some(Encryption::No) if !self.is_open => schemes.plain = true,
                _ => schemes.open = true,
            }
        }
        schemes
    }
}
