//! Names that no upstream has, though one has all but that name.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::found::Found;
use super::trouble::Refusal;
use crate::edit::Applicability;
use crate::model::{FaultKind, Gateway};
use crate::resolve::whole::Whole;
use crate::value::{Endpoint, Host, nearest};

/// The most upstreams without a pass that a name is compared with.
const MANY: usize = 100;

/// What tells whether a name may be a host's.
pub(super) struct Names<'a> {
    whole: &'a Whole<'a>,
    /// The hosts that passes name, and the variables that they may have, in lower case.
    passed: BTreeSet<Cow<'a, str>>,
    /// What is a host's name for nginx elsewhere: an upstream's server, a pass with a port, a name of a server, an address
    /// that is said to be external.
    hosts: BTreeSet<Cow<'a, str>>,
}

/// A name in lower case. Hardly any is written otherwise.
pub(super) fn lower(name: &str) -> Cow<'_, str> {
    match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => name.to_ascii_lowercase().into(),
        false => name.into(),
    }
}

impl<'a> Names<'a> {
    pub(super) fn new(found: &'a Found, external: &'a [Endpoint], whole: &'a Whole<'a>) -> Names<'a> {
        let passes = found.passes.iter().filter_map(|pass| pass.arguments.first());
        let assigned = found.assignments.iter().filter_map(|it| it.value.as_ref());
        let mapped = found.maps.iter().filter_map(|map| map.values.as_ref()).flatten();
        let (mut passed, mut hosts) = (BTreeSet::new(), BTreeSet::new());
        for word in passes.chain(assigned).chain(mapped) {
            let address = word.text.split_once("://").map_or(word.text.as_str(), |(_, rest)| rest);
            let address = address.split(['/', '?', '$']).next().unwrap_or_default();
            if let Some((host, _)) = address.split_once(':') {
                hosts.insert(lower(host));
            }
            passed.insert(lower(address.split(':').next().unwrap_or_default()));
        }
        let peers = found.nginx.upstreams.iter().flat_map(|it| it.peers.iter());
        for address in peers.filter_map(|peer| peer.address.known()).chain(external) {
            if let Endpoint::Tcp(Host::Name(name), _) = address {
                hosts.insert(lower(name));
            }
        }
        let names = found.nginx.servers.iter().flat_map(|it| &it.names);
        hosts.extend(names.map(|name| lower(name)));
        Names { whole, passed, hosts }
    }

    /// Whether no pass goes to an upstream of a name.
    pub(super) fn is_unused(&self, upstream: &str) -> bool {
        !self.passed.contains(&*lower(upstream))
    }

    /// What is wrong with a pass to a host without a port that is no upstream's name: it is all but the name of the one
    /// upstream of `unused`, those of the complete block that the pass stands in and that no pass goes to. In `http` a name may
    /// be a host's; one without a dot that nothing in the tree speaks of is not.
    pub(super) fn undefined<'n>(
        &self,
        host: &str,
        gateway: Gateway,
        unused: impl Iterator<Item = &'n str>,
    ) -> Option<Refusal> {
        let name = &*lower(host);
        let may_be_a_host = matches!(gateway, Gateway::Http | Gateway::Https);
        let is_named = || self.hosts.contains(name) || self.whole.is_mentioned(host);
        if name.contains(['.', '[', ':']) || name == "localhost" || may_be_a_host && is_named() {
            return None;
        }
        // Among so many names, many mistakes would cost more than they are worth.
        let unused: Vec<&str> = unused.take(MANY + 1).collect();
        if unused.len() > MANY {
            return None;
        }
        let near = nearest(name, unused)?;
        let message = match may_be_a_host {
            true => format!("host not found in upstream \"{host}\""),
            false => format!("no port in upstream \"{host}\""),
        };
        let refusal = Refusal::new(FaultKind::UndefinedUpstream, &message);
        Some(Refusal { mend: Some((0..host.len(), near.to_owned(), Applicability::Safe)), ..refusal })
    }
}
