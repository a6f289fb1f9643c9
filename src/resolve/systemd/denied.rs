//! What a service may not do: address families, system calls, the network.
//!
//! Only what is certain is told: a line that a template engine fills in leaves all of its directive out.

use std::collections::{BTreeMap, BTreeSet};

use super::merge::{Line, Merged};
use super::settings::Settings;
use crate::model::{Denial, Facility};

/// What is certainly denied, and by which line. `joins`: whether its network may be that of another unit.
pub(super) fn denied(unit: &Merged<'_>, settings: &Settings, joins: bool) -> BTreeMap<Facility, Denial> {
    let mut denied = BTreeMap::new();
    let mut deny = |facility, directive, line: &Line<'_>| {
        denied.insert(facility, Denial { directive, origin: line.origin() });
    };
    if let Some((families, last)) = families(unit) {
        let all = [("AF_UNIX", Facility::Unix), ("AF_INET", Facility::Inet), ("AF_INET6", Facility::Inet6)];
        for (name, facility) in all {
            if !families.allows(name) {
                deny(facility, "RestrictAddressFamilies", &last);
            }
        }
    }
    if let Some(line) = chown(unit) {
        deny(Facility::Chown, "SystemCallFilter", &line);
    }
    if let Some(line) = packets(unit) {
        deny(Facility::Packets, "IPAddressDeny", &line);
    }
    let is_private = settings.get("PrivateNetwork").is_some_and(|it| it.read::<bool>().value.must(|on| *on));
    let elsewhere = joins || settings.contains_key("NetworkNamespacePath");
    if let Some(line) = unit.assignments("Service", "PrivateNetwork").next_back()
        && is_private
        && !elsewhere
    {
        deny(Facility::Network, "PrivateNetwork", &line);
    }
    denied
}

/// The lines of a list, with their values, if all of them are known. Each word is looked at by itself: two sets in a row,
/// `@privileged @resources`, are no mark to be replaced.
fn known<'a>(unit: &Merged<'a>, key: &str) -> Option<Vec<(Line<'a>, String)>> {
    let mut known = Vec::new();
    for line in unit.list("Service", key).into_iter() {
        let words = line.value().text.split_whitespace();
        let words: Option<Vec<String>> = words.map(|word| unit.expand(word).known().cloned()).collect();
        known.push((line, words.filter(|_| line.doubt().is_none())?.join(" ")));
    }
    Some(known)
}

/// Which families may be used.
struct Families {
    /// Whether only those that are named are.
    only: bool,
    named: BTreeSet<String>,
}

impl Families {
    fn allows(&self, family: &str) -> bool {
        self.named.contains(family) == self.only
    }
}

/// `config_parse_address_families` in `src/core/load-fragment.c` of systemd 252; `None` where nothing is restricted. With
/// the last line, which is to blame.
fn families<'a>(unit: &Merged<'a>) -> Option<(Families, Line<'a>)> {
    let lines = known(unit, "RestrictAddressFamilies")?;
    let mut families: Option<Families> = None;
    for (_, text) in &lines {
        if text == "none" {
            families = Some(Families { only: true, named: BTreeSet::new() });
            continue;
        }
        let (inverted, words) = inverted(text);
        let set = families.get_or_insert_with(|| Families { only: !inverted, named: BTreeSet::new() });
        for word in words.split_whitespace() {
            if inverted != set.only {
                set.named.insert(word.into());
            } else {
                set.named.remove(word);
            }
        }
    }
    Some((families?, lines.last()?.0))
}

/// A list without the sign that turns it round, and whether that is there.
fn inverted(text: &str) -> (bool, &str) {
    text.strip_prefix('~').map_or((false, text), |rest| (true, rest))
}

/// Sets of system calls without `chown`. `systemd-analyze syscall-filter` of systemd 252 and 257 shows what is in them.
const WITHOUT: [&str; 25] = [
    "@default",
    "@aio",
    "@basic-io",
    "@clock",
    "@cpu-emulation",
    "@debug",
    "@file-system",
    "@io-event",
    "@ipc",
    "@keyring",
    "@memlock",
    "@module",
    "@mount",
    "@network-io",
    "@obsolete",
    "@pkey",
    "@process",
    "@raw-io",
    "@reboot",
    "@resources",
    "@sandbox",
    "@setuid",
    "@signal",
    "@swap",
    "@timer",
];

/// Sets with it.
const WITH: [&str; 4] = ["@chown", "@privileged", "@system-service", "@known"];

/// The line that denies `chown`, as Python calls it: `chown` on x86-64, `fchownat` on ARM.
///
/// Source: `config_parse_syscall_filter` in `src/core/load-fragment.c` and `seccomp_parse_syscall_filter` in
/// `src/shared/seccomp-util.c` of systemd 252: the first line says whether all else is allowed.
fn chown<'a>(unit: &Merged<'a>) -> Option<Line<'a>> {
    let lines = known(unit, "SystemCallFilter")?;
    let is_allow_list = !inverted(&lines.first()?.1).0;
    let mut allowed = [!is_allow_list; 2];
    let mut blamed = is_allow_list.then(|| lines[0].0);
    for (line, text) in &lines {
        let (is_denied, words) = inverted(text);
        for word in words.split_whitespace() {
            let (name, error) =
                word.split_once(':').map_or((word, None), |(name, error)| (name, Some(error)));
            let meant = match name {
                _ if WITH.contains(&name) => [true; 2],
                _ if WITHOUT.contains(&name) => [false; 2],
                "@sync" => [false; 2],
                _ if name.starts_with('@') => return None,
                _ => [name == "chown", name == "fchownat"],
            };
            if error.is_some() && !is_denied && meant.contains(&true) {
                return None;
            }
            for (allowed, _) in allowed.iter_mut().zip(meant).filter(|(_, meant)| *meant) {
                *allowed = !is_denied;
            }
            if is_denied && meant.contains(&true) {
                blamed = Some(*line);
            }
        }
    }
    if allowed == [false; 2] { blamed } else { None }
}

/// The line that lets no packet through: all addresses are denied, and none is allowed here or by a slice.
fn packets<'a>(unit: &Merged<'a>) -> Option<Line<'a>> {
    let others = ["IPAddressAllow", "Slice", "Delegate"];
    if others.iter().any(|key| !unit.list("Service", key).is_empty()) {
        return None;
    }
    let lines = known(unit, "IPAddressDeny")?;
    let all = lines.iter().find(|(_, text)| text.split_whitespace().any(|word| word == "any"))?;
    Some(all.0)
}
