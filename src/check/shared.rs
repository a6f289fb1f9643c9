//! Findings about files that several stacks share: told once, and mended only where that is right for all of them.

use std::collections::BTreeMap;

use crate::edit::{Applicability, Fix};
use crate::finding::Finding;
use crate::model::Deployment;
use crate::source::FileId;

/// What a finding says, and its mend.
type Said = (String, Option<Fix>);

/// The files that several stacks share, each with these stacks.
pub(super) struct Shared(BTreeMap<FileId, Vec<usize>>);

impl Shared {
    pub(super) fn new(stacks: &[Deployment]) -> Shared {
        let mut owners: BTreeMap<FileId, Vec<usize>> = BTreeMap::new();
        for (at, stack) in stacks.iter().enumerate() {
            for file in &stack.files {
                owners.entry(*file).or_default().push(at);
            }
        }
        owners.retain(|_, stacks| stacks.len() > 1);
        Shared(owners)
    }

    /// Only shows the fixes that change a shared file, unless each of its stacks has the same finding with the same fix:
    /// nobody looked at what it does to the others. `found` are the findings of each stack.
    pub(super) fn hold_back(&self, found: &mut [Vec<Finding>]) {
        let mut held: Vec<(usize, usize)> = Vec::new();
        for (stack, findings) in found.iter().enumerate() {
            for (at, finding) in findings.iter().enumerate() {
                let Some(fix) = &finding.fix else { continue };
                let owners = fix.edits().iter().filter_map(|edit| self.0.get(&edit.span.file)).flatten();
                let mut others = owners.filter(|other| **other != stack);
                let has_same = |other: &usize| {
                    found[*other].iter().any(|it| it.rule == finding.rule && it.fix.as_ref() == Some(fix))
                };
                if !others.all(has_same) {
                    held.push((stack, at));
                }
            }
        }
        for (stack, at) in held {
            if let Some(fix) = &mut found[stack][at].fix {
                fix.applicability = Applicability::Manual;
            }
        }
    }

    /// Lets findings of one place in a shared file say of which machine they are, where they do not say the same of all.
    pub(super) fn tell_apart(&self, found: &mut [Vec<Finding>], stacks: &[Deployment]) {
        let is_shared = |finding: &&Finding| self.0.contains_key(&finding.primary.span.file);
        let key = |finding: &Finding| (finding.primary.span, finding.rule);
        // What each machine says of a place.
        let mut said: BTreeMap<_, BTreeMap<usize, Vec<Said>>> = BTreeMap::new();
        for (at, findings) in found.iter().enumerate() {
            for finding in findings.iter().filter(is_shared) {
                let of_machine = said.entry(key(finding)).or_default().entry(at).or_default();
                of_machine.push((finding.message.clone(), finding.fix.clone()));
            }
        }
        said.retain(|_, by_machine| by_machine.values().any(|it| Some(it) != by_machine.values().next()));
        for (findings, stack) in found.iter_mut().zip(stacks) {
            for finding in findings.iter_mut().filter(|it| said.contains_key(&key(it))) {
                finding.message = format!("{} (on the machine of `{}`)", finding.message, stack.place());
            }
        }
    }

    /// Leaves one of the findings that are alike, or that say the same of the same place in a shared file. They are sorted by
    /// place, rule and message.
    pub(super) fn tell_once(&self, findings: &mut Vec<Finding>) {
        let says_the_same = |a: &Finding, b: &Finding| {
            self.0.contains_key(&a.primary.span.file)
                && a.rule == b.rule
                && a.primary.span == b.primary.span
                && a.message == b.message
                && a.fix == b.fix
        };
        let mut told: Vec<Finding> = Vec::with_capacity(findings.len());
        for finding in findings.drain(..) {
            let place = finding.primary.span;
            let is_near =
                |it: &&Finding| it.primary.span.file == place.file && it.primary.span.start == place.start;
            let mut near = told.iter().rev().take_while(is_near);
            if !near.any(|it| *it == finding || says_the_same(it, &finding)) {
                told.push(finding);
            }
        }
        *findings = told;
    }
}
