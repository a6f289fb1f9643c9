//! Drop-ins that are not read, since another one of the same name is.

use std::collections::{BTreeMap, BTreeSet};

use super::layout::DropIns;
use crate::model::Shadowed;
use crate::source::FileId;
use crate::syntax::Parsed;
use crate::syntax::systemd::{Entry, Tree};

/// The hidden drop-ins of a unit that set something which the one in their place does not set.
///
/// To hide is a way of overriding, too: the file of one directory in another root takes the place of a vendor's, an empty
/// file and a link to /dev/null take it away, and one that sets the same directives sets them otherwise.
pub(super) fn shadowed(drop_ins: &DropIns<'_>, trees: &BTreeMap<FileId, Parsed<Tree>>) -> Vec<Shadowed> {
    let mut shadowed = Vec::new();
    for hidden in &drop_ins.hidden {
        // What is for all units of a type is overridden so on purpose.
        if hidden.directory.matches('.').count() == 1 {
            continue;
        }
        let by = drop_ins.read.iter().find(|it| it.name == hidden.name && it.directory != hidden.directory);
        let (Some(file), Some(instead)) = (hidden.file, by.and_then(|by| by.file)) else { continue };
        let (lost, instead) = (&trees[&file].tree, &trees[&instead].tree);
        let is_open = |tree: &Tree| {
            !tree.holes.is_empty() || tree.sections.iter().any(|section| !section.holes.is_empty())
        };
        let set: BTreeSet<(&str, &str)> =
            assignments(instead).map(|(section, it)| (section, it.key.as_str())).collect();
        let Some(head) = instead.sections.first().filter(|_| !set.is_empty() && !is_open(instead)) else {
            continue;
        };
        let lost: Vec<&Entry> = assignments(lost)
            .filter(|(section, entry)| !entry.conditional && !set.contains(&(*section, entry.key.as_str())))
            .map(|(_, entry)| entry)
            .collect();
        let Some(first) = lost.first() else { continue };
        let mut names: Vec<String> = lost.iter().map(|entry| entry.key.clone()).collect();
        names.dedup();
        shadowed.push(Shadowed { place: first.span, by: head.span, lost: names });
    }
    shadowed
}

/// The assignments of a file, each with the name of its section.
fn assignments(tree: &Tree) -> impl Iterator<Item = (&str, &Entry)> {
    let sections = tree.sections.iter();
    sections.flat_map(|section| section.entries.iter().map(|entry| (section.name.as_str(), entry)))
}
