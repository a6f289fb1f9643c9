//! What each file turns out to be, looked at side by side and kept in their order.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::Found;
use super::limited::{Total, limit_of};
use super::tree::Tree;
use crate::limits::{Limit, Limits};
use crate::source::{FileId, FileKind, Source};

/// How many files are looked at side by side, while as many that were are kept: all of these are held in memory, however large.
const AT_ONCE: usize = 32;

/// What a file turned out to be.
pub(super) enum Look {
    /// Something to read.
    Source(Source),
    /// Nothing of ours.
    Nothing,
    /// It cannot be read, and why.
    Unread(String),
}

/// Looks at files side by side, some at a time, and keeps what those before turned out to be, in their order.
pub(super) fn in_turn<T: Send>(
    files: &[PathBuf],
    look: impl Fn(&PathBuf) -> T + Sync,
    mut keep: impl FnMut(&PathBuf, T) -> Result<(), String> + Send,
) -> Result<(), String> {
    let mut keep_all = |(files, looks): (&[PathBuf], Vec<T>)| {
        files.iter().zip(looks).try_for_each(|(path, it)| keep(path, it))
    };
    let mut before: (&[PathBuf], Vec<T>) = (&[], Vec::new());
    for files in files.chunks(AT_ONCE) {
        let (looks, kept) = rayon::join(|| files.par_iter().map(&look).collect(), || keep_all(before));
        kept?;
        before = (files, looks);
    }
    keep_all(before)
}

/// Looks into a file; `kind` tells from its text what it is.
pub(super) fn look_at(path: &Path, tree: &Tree, kind: impl Fn(&str) -> Option<FileKind>) -> Look {
    let bytes = match tree.bytes(path) {
        Ok(bytes) => bytes,
        Err(error) => return Look::Unread(error.to_string()),
    };
    // What it is, is told by the text.
    let mut source = Source::new(tree.shown(path), FileKind::Launcher, bytes);
    let Some(kind) = kind(&source.text) else { return Look::Nothing };
    if source.text.len() as u64 > tree.limits.get(limit_of(kind)) {
        return Look::Unread(tree.limits.too_large(limit_of(kind)));
    }
    if kind == FileKind::Nginx && has_too_many(&source.text, tree.limits) {
        let raised = tree.limits.raised(Limit::Directives);
        return Look::Unread(format!("it has more directives than are followed{raised}"));
    }
    source.kind = kind;
    Look::Source(source)
}

/// Whether a text of nginx's has more directives than are followed, going by what ends one. It takes longer to read a text of
/// nothing but that than any other.
fn has_too_many(text: &str, limits: &Limits) -> bool {
    let most = limits.get(Limit::Directives);
    let ends = || text.bytes().filter(|byte| matches!(byte, b';' | b'{' | b'}')).count() as u64;
    text.len() as u64 > most && ends() > most
}

/// Keeps what was read of a file, or the note that it was not.
pub(super) fn keep(
    path: &Path,
    look: Look,
    tree: &Tree,
    total: &mut Total,
    found: &mut Found,
) -> Option<FileId> {
    match look {
        Look::Source(source) if total.takes(&source.path, source.text.len()) => {
            let id = found.sources.add(source);
            found.files.insert(id, path.to_owned());
            Some(id)
        }
        Look::Source(source) => {
            found.sources.note_unread(source.path);
            None
        }
        Look::Nothing => None,
        Look::Unread(why) => {
            found.note_unread(tree.shown(path), &why);
            None
        }
    }
}
