//! Which apps something may tie to an address that nobody serves, without holding each address against each app.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use super::ties::{Words, is_short, parts};
use crate::model::{App, AppId};
use crate::value::Endpoint;

/// How many look-ups and apps are paid for in a stack. Where very many addresses and apps all say the same of themselves, each
/// would be held against each.
const BUDGET: usize = 4_000_000;

/// Apps by what may tie an address to them: never too few, so that whoever asks looks closer.
pub(super) struct Index<'a> {
    ports: BTreeMap<u16, Vec<AppId>>,
    directories: BTreeMap<&'a str, Vec<AppId>>,
    /// By the names of sockets, and what is left of these without one of their letters: two names that are one slip apart have
    /// one of these in common.
    names: BTreeMap<u64, Vec<AppId>>,
    words: BTreeMap<&'a str, Vec<AppId>>,
}

/// What is left of the [`BUDGET`].
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Budget {
        Budget(BUDGET)
    }
}

impl Budget {
    /// Pays for something; `None` where it is spent.
    pub(super) fn pay(&mut self, cost: usize) -> Option<()> {
        let left = self.0.checked_sub(cost);
        self.0 = left.unwrap_or_default();
        left.map(drop)
    }
}

impl<'a> Index<'a> {
    pub(super) fn new(left: &'a BTreeMap<AppId, Words>, apps: &'a [App]) -> Index<'a> {
        let mut index = Index {
            ports: BTreeMap::new(),
            directories: BTreeMap::new(),
            names: BTreeMap::new(),
            words: BTreeMap::new(),
        };
        for (id, words) in left {
            let app = &apps[id.0 as usize];
            let addresses = [&app.binds.value, &app.listeners.value].map(|it| it.known());
            for address in addresses.into_iter().flatten().flatten() {
                match address {
                    Endpoint::Tcp(_, port) => note(index.ports.entry(*port).or_default(), *id),
                    Endpoint::Unix(path) => {
                        let (directory, name) = parts(path);
                        if let Some(directory) = directory {
                            note(index.directories.entry(directory).or_default(), *id);
                        }
                        for name in slips(name) {
                            note(index.names.entry(name).or_default(), *id);
                        }
                    }
                }
            }
            for word in words.iter() {
                note(index.words.entry(word).or_default(), *id);
            }
        }
        index
    }

    /// The apps that an address or some words may be tied to; `None` where the budget does not allow to say.
    pub(super) fn tied<'b>(
        &self,
        addresses: impl IntoIterator<Item = &'b Endpoint>,
        words: impl IntoIterator<Item = &'b str>,
        budget: &mut Budget,
    ) -> Option<BTreeSet<AppId>> {
        let mut found = BTreeSet::new();
        let mut add = |apps: Option<&Vec<AppId>>| {
            let apps = apps.map_or(&[][..], Vec::as_slice);
            budget.pay(1 + apps.len())?;
            found.extend(apps);
            Some(())
        };
        for address in addresses {
            match address {
                Endpoint::Tcp(_, port) => {
                    near_ports(*port).into_iter().try_for_each(|port| add(self.ports.get(&port)))?;
                }
                Endpoint::Unix(path) => {
                    let (directory, name) = parts(path);
                    add(directory.and_then(|it| self.directories.get(it)))?;
                    slips(name).into_iter().try_for_each(|name| add(self.names.get(&name)))?;
                }
            }
        }
        words.into_iter().try_for_each(|word| add(self.words.get(word)))?;
        Some(found)
    }
}

/// Apps come one after the other.
fn note(apps: &mut Vec<AppId>, app: AppId) {
    if apps.last() != Some(&app) {
        apps.push(app);
    }
}

/// A name, and it without each one of its letters, as hashes.
fn slips(name: &str) -> BTreeSet<u64> {
    let name = name.as_bytes();
    let hash = |before: &[u8], behind: &[u8]| {
        let mut hasher = fnv::FnvHasher::default();
        before.iter().chain(behind).for_each(|byte| byte.hash(&mut hasher));
        hasher.finish()
    };
    let shorter = (0..name.len()).filter(|_| is_short(name)).map(|at| hash(&name[..at], &name[at + 1..]));
    shorter.chain([hash(name, &[])]).collect()
}

/// A port, and all that one slip in its digits makes of it.
fn near_ports(port: u16) -> BTreeSet<u16> {
    let digits = port.to_string().into_bytes();
    let mut made = vec![digits.clone()];
    for at in 0..=digits.len() {
        for digit in b'0'..=b'9' {
            made.push([&digits[..at], &[digit], &digits[at..]].concat());
            if at < digits.len() {
                made.push([&digits[..at], &[digit], &digits[at + 1..]].concat());
            }
        }
        if at < digits.len() {
            made.push([&digits[..at], &digits[at + 1..]].concat());
        }
        if at + 1 < digits.len() {
            made.push([&digits[..at], &[digits[at + 1], digits[at]], &digits[at + 2..]].concat());
        }
    }
    made.iter().filter_map(|digits| std::str::from_utf8(digits).ok()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::link::ties::{is_near_name, is_near_port};

    #[test]
    fn what_is_near_is_found() {
        for port in [1, 80, 443, 8000, 8010, 8080, 9999, 65_535] {
            let found = near_ports(port);
            let missing = (0..=u16::MAX).find(|other| is_near_port(port, *other) && !found.contains(other));
            assert_eq!(missing, None, "{port}");
        }
        let names = ["shop", "shopp", "hsop", "sho", "shap", "xshop", "shop1", "spoh", "", "s", "web", "wbe"];
        for (a, b) in names.iter().flat_map(|a| names.iter().map(move |b| (a, b))) {
            let meet = !slips(a).is_disjoint(&slips(b));
            assert!(meet || !is_near_name(a, b), "{a} {b}");
        }
        let long = "a".repeat(1000);
        assert_eq!(slips(&long).len(), 1);
        assert!(is_near_name(&long, &long) && !is_near_name(&long, &long[1..]));
    }
}
