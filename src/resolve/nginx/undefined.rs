//! Names that no upstream has, though one has all but that name.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::found::Found;
use super::trouble::Refusal;
use crate::edit::Applicability;
use crate::model::{FaultKind, Gateway};
use crate::source::{FileKind, Sources};
use crate::value::nearest;

/// The most upstreams without a pass that a name is compared with.
const MANY: usize = 100;

/// What tells whether a name may be a host's.
pub(super) struct Names<'a> {
    sources: &'a Sources,
    /// The hosts that passes name, in lower case.
    passed: BTreeSet<String>,
    /// The words of all files that are not nginx's: a Compose file's services, a script's hosts.
    mentioned: OnceCell<BTreeSet<&'a str>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(found: &Found, sources: &'a Sources) -> Names<'a> {
        let words = found.passes.iter().filter_map(|pass| pass.arguments.first());
        let host = |text: &str| {
            let address = text.split_once("://").map_or(text, |(_, rest)| rest);
            address.split(['/', ':', '?', '$']).next().unwrap_or_default().to_ascii_lowercase()
        };
        let passed = words.map(|word| host(&word.text)).collect();
        Names { sources, passed, mentioned: OnceCell::new() }
    }

    /// Whether a file of another program speaks of a name.
    fn is_mentioned(&self, name: &str) -> bool {
        let words = self.mentioned.get_or_init(|| {
            let others = self.sources.iter().filter(|(_, source)| source.kind != FileKind::Nginx);
            let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            others.flat_map(|(_, source)| source.text.split(move |c| !is_part(c))).collect()
        });
        words.contains(name)
    }

    /// What is wrong with a pass to a host without a port that is no upstream's name: it is all but the name of the one
    /// upstream that no pass goes to. In `http` a name may be a host's; one without a dot that nothing in the tree speaks of is
    /// not. `upstreams` are those of the complete block that the pass stands in.
    pub(super) fn undefined<'n>(
        &self,
        host: &str,
        gateway: Gateway,
        upstreams: impl Iterator<Item = &'n str>,
    ) -> Option<Refusal> {
        let name = host.to_ascii_lowercase();
        let may_be_a_host = matches!(gateway, Gateway::Http | Gateway::Https);
        if name.contains(['.', '[', ':']) || name == "localhost" || may_be_a_host && self.is_mentioned(host) {
            return None;
        }
        let unused = upstreams.filter(|upstream| !self.passed.contains(&upstream.to_ascii_lowercase()));
        // Among so many names, many mistakes would cost more than they are worth.
        let unused: Vec<&str> = unused.take(MANY + 1).collect();
        if unused.len() > MANY {
            return None;
        }
        let near = nearest(&name, unused)?;
        let message = match may_be_a_host {
            true => format!("host not found in upstream \"{host}\""),
            false => format!("no port in upstream \"{host}\""),
        };
        let refusal = Refusal::new(FaultKind::UndefinedUpstream, &message);
        Some(Refusal { mend: Some((0..host.len(), near.to_owned(), Applicability::Safe)), ..refusal })
    }
}
