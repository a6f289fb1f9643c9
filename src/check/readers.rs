//! What no fix of a unit file may do, whatever rule it is of: change what other units read too, or take away a comment.

use std::collections::{BTreeMap, BTreeSet};

use crate::edit::{Applicability, Edit};
use crate::finding::Finding;
use crate::model::Deployment;
use crate::source::{FileId, FileKind, Sources};

/// The rule whose fixes make a text readable which systemd refuses, whoever reads it.
const ALIKE: &str = "exec-quoting";

/// Trusts fixes less that change a file which several units read, and drops those that take a comment away.
///
/// A rule finds what is wrong with one unit, and its fix is right for that one. A drop-in of `service.d` or `shop-.service.d`
/// changes all others as well, whether they are in the tree or not, and some of them may start something else; then the fix
/// is only shown. The instances of a template differ less.
pub(super) fn hold_back(deployment: &Deployment, sources: &Sources, findings: &mut [Finding]) {
    if findings.is_empty() {
        return;
    }
    let limits = limits(deployment, sources);
    for finding in findings {
        for held in [&mut finding.fix, &mut finding.fix_at_app] {
            let Some(fix) = held else { continue };
            if fix.edits().iter().any(|edit| takes_comment(edit, sources)) {
                *held = None;
                continue;
            }
            if finding.rule == ALIKE {
                continue;
            }
            let least = fix.edits().iter().filter_map(|edit| limits.get(&edit.span.file)).min();
            fix.applicability = least.map_or(fix.applicability, |limit| fix.applicability.min(*limit));
        }
    }
}

/// How far a fix may be trusted that changes a file, where several units read that.
fn limits(deployment: &Deployment, sources: &Sources) -> BTreeMap<FileId, Applicability> {
    let mut readers: BTreeMap<FileId, BTreeSet<&[FileId]>> = BTreeMap::new();
    for unit in &deployment.units {
        for file in &unit.files {
            // Instances that read the same files are the same text.
            readers.entry(*file).or_default().insert(&unit.files);
        }
    }
    let limit = |(file, readers): (FileId, BTreeSet<&[FileId]>)| {
        let units: BTreeSet<&FileId> = readers.iter().filter_map(|files| files.first()).collect();
        let limit = match units.len() > 1 || is_for_many(&sources.get(file).path) {
            true => Applicability::Manual,
            false => Applicability::Unsafe,
        };
        (limit == Applicability::Manual || readers.len() > 1).then_some((file, limit))
    };
    readers.into_iter().filter_map(limit).collect()
}

/// Whether a file is a drop-in for all units of a type, or for all whose names begin alike.
fn is_for_many(path: &str) -> bool {
    let folder = path.rsplit('/').nth(1).and_then(|folder| folder.strip_suffix(".d"));
    folder.is_some_and(|units| match units.rsplit_once('.') {
        Some((stem, _)) => stem.split('@').next().is_some_and(|prefix| prefix.ends_with('-')),
        None => ["service", "socket", "target", "timer"].contains(&units),
    })
}

/// Whether an edit of a unit file takes a comment away that stands between continued lines.
fn takes_comment(edit: &Edit, sources: &Sources) -> bool {
    let is_comment = |line: &str| line.trim_start().starts_with(['#', ';']);
    let text = sources.text(edit.span);
    sources.get(edit.span.file).kind == FileKind::Systemd
        && text.split('\n').skip(1).any(|line| is_comment(line) && !edit.replacement.contains(line.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, Span};

    #[test]
    fn drop_ins_for_many_units() {
        for (path, expected) in [
            ("etc/systemd/system/service.d/a.conf", true),
            ("shop-.service.d/a.conf", true),
            ("shop-@.service.d/a.conf", true),
            ("shop.service.d/a.conf", false),
            ("shop@.service.d/a.conf", false),
            ("conf.d/shop.service", false),
            ("shop.service", false),
        ] {
            assert_eq!(is_for_many(path), expected, "{path}");
        }
    }

    #[test]
    fn comments_between_continued_lines_stay() {
        let taken = |text: &str, replacement: &str| {
            let mut sources = Sources::default();
            let file = sources.add(Source::new("a.service", FileKind::Systemd, text.into()));
            let span = Span::new(file, 0..text.len());
            takes_comment(&Edit { span, replacement: replacement.into() }, &sources)
        };
        assert!(taken("ExecStart=a \\\n  # why\n  b\n", "ExecStart=a b\n"));
        assert!(taken("A=a \\\n;why\nb", ""));
        assert!(!taken("A=a \\\n;why\nb", "A=a \\\n;why\nc"));
        assert!(!taken("A=a \\\n  b\n", ""));
        assert!(!taken("# A=a\n", ""));
    }
}
