//! Texts to trees: all files of a run, each in its language, side by side.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::source::{FileId, FileKind, Source, Sources};
use crate::syntax::{Parsed, compose, gunicorn, systemd};

/// The trees of files in one language.
pub(super) type Trees<T> = BTreeMap<FileId, Parsed<T>>;

/// What starts apps, and what they read.
pub(super) struct Apps {
    pub(super) gunicorn: Trees<gunicorn::Tree>,
    pub(super) systemd: Trees<systemd::Tree>,
    pub(super) compose: Trees<compose::Tree>,
}

enum Tree {
    Gunicorn(Parsed<gunicorn::Tree>),
    Systemd(Parsed<systemd::Tree>),
    Compose(Parsed<compose::Tree>),
}

/// What nginx reads.
pub(super) fn nginx(sources: &Sources) -> super::nginx::Trees<'_> {
    let trees = read(sources, |id, source| match source.kind {
        FileKind::Nginx => Some(super::nginx::parsed(id, sources)),
        _ => None,
    });
    trees.into_iter().collect()
}

impl Apps {
    pub(super) fn of(sources: &Sources) -> Apps {
        let trees = read(sources, |id, source| match source.kind {
            FileKind::Gunicorn => {
                let mut parsed = gunicorn::parse(id, &source.text);
                gunicorn::undecodable(id, &source.text, source.bytes(), &mut parsed);
                Some(Tree::Gunicorn(parsed))
            }
            FileKind::Systemd => Some(Tree::Systemd(systemd::parse(id, &source.text))),
            FileKind::Compose => Some(Tree::Compose(compose::parse(id, &source.text))),
            FileKind::Nginx | FileKind::Packages | FileKind::Machine | FileKind::Launcher => None,
        });
        let mut apps = Apps { gunicorn: Trees::new(), systemd: Trees::new(), compose: Trees::new() };
        for (id, tree) in trees {
            match tree {
                Tree::Gunicorn(tree) => drop(apps.gunicorn.insert(id, tree)),
                Tree::Systemd(tree) => drop(apps.systemd.insert(id, tree)),
                Tree::Compose(tree) => drop(apps.compose.insert(id, tree)),
            }
        }
        apps
    }
}

/// What a parser makes of each file that is for it, in the order of the files.
fn read<'s, T: Send>(
    sources: &'s Sources,
    parse: impl Fn(FileId, &'s Source) -> Option<T> + Sync,
) -> Vec<(FileId, T)> {
    let files: Vec<(FileId, &Source)> = sources.iter().collect();
    files.into_par_iter().filter_map(|(id, source)| Some((id, parse(id, source)?))).collect()
}
