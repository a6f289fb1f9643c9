//! Gunicorn's configuration where the walk does not go: what is ignored or excluded may lie on the machine all the same.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::tree::Tree;
use crate::resolve::paths::template_free;
use crate::source::{FileKind, Sources};

/// Directories of packages, of git and of what is built, in which no app has its configuration.
const PASSED_OVER: [&str; 12] = [
    ".git",
    "node_modules",
    "site-packages",
    "__pycache__",
    "target",
    "build",
    "dist",
    ".tox",
    ".nox",
    ".venv",
    "venv",
    ".cache",
];

/// The files of a tree that Gunicorn would read by their name alone and that were not read, as they are shown, if something may
/// start a Gunicorn.
pub(super) fn unread(tree: &Tree, is_read: impl Fn(&Path) -> bool, sources: &Sources) -> BTreeSet<String> {
    let starts = |kind| matches!(kind, FileKind::Systemd | FileKind::Launcher);
    let all = || sources.iter().map(|(_, source)| source);
    let is_started = all().any(|it| starts(it.kind) && it.text.contains("gunicorn"))
        && all().any(|it| it.kind == FileKind::Systemd);
    if !is_started {
        return BTreeSet::new();
    }
    let walk = WalkBuilder::new(tree.root)
        .standard_filters(false)
        .filter_entry(|entry| !PASSED_OVER.iter().any(|name| entry.file_name() == *name))
        .build();
    let is_one = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        template_free(name) == "gunicorn.conf.py" && !is_read(path)
    };
    // What cannot be read was said by the first walk, or is nothing that anybody asked for.
    let files = walk.flatten().filter(|entry| entry.file_type().is_some_and(|it| !it.is_dir()));
    files.map(ignore::DirEntry::into_path).filter(is_one).map(|path| tree.shown(&path)).collect()
}

/// Notes the files that [`unread`] gives. What is known of a link is said by the link.
pub(super) fn note(mut unread: BTreeSet<String>, sources: &mut Sources) {
    for (link, _) in sources.links() {
        unread.remove(link);
    }
    unread.into_iter().for_each(|path| sources.note_configuration(path));
}
