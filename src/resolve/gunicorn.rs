//! What Gunicorn would do with its command line, its environment and its configuration file.

mod absorb;
mod addresses;
mod application;
mod apps;
mod argparse;
mod bind;
mod calls;
mod choices;
mod command;
mod config_file;
mod effects;
mod evaluate;
mod faults;
mod help;
mod layers;
mod literal;
mod machine;
mod mends;
mod module;
mod module_text;
mod python;
mod scope;
mod strays;
mod survey;
mod table;
mod templates;
#[cfg(test)]
mod tests;
mod unloaded;
mod validate;
mod value;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use super::launch::Launch;
use super::paths::Paths;
use crate::model::{App, Target, Unresolved};
use crate::source::{FileId, Sources};
use crate::syntax::Parsed;
use crate::syntax::gunicorn::Tree;

/// The apps of a stack.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// What each launch starts, in the order of the launches, and then the configuration files that none of them reads.
    pub apps: Vec<App>,
    /// What could not be understood.
    pub unresolved: Vec<Unresolved>,
}

/// The apps that launches start and that configuration files are for.
///
/// `files` are the stack's configuration files of Gunicorn, and `trees` holds them. `unread_launcher` is why options may
/// be given to Gunicorn that no launch shows: something in the tree starts it and is not read.
pub fn resolve(
    launches: &[Launch],
    files: &[FileId],
    trees: &BTreeMap<FileId, Parsed<Tree>>,
    unread_launcher: Option<&str>,
    paths: &Paths,
    sources: &Sources,
    target: &Target,
) -> Resolved {
    let modules = application::Modules::new(paths.root(), sources);
    let stack = apps::Stack { files, trees, paths, sources, modules, version: target.gunicorn };
    let mut resolved = Resolved { apps: Vec::new(), unresolved: Vec::new() };
    let mut read: Vec<apps::Read> = Vec::new();
    let claims = apps::claims(&stack, launches);
    for launch in launches {
        apps::of_launch(&stack, launch, &claims, &mut resolved, &mut read);
    }
    let mut judged: BTreeSet<FileId> = resolved.apps.iter().filter_map(|app| app.config).collect();
    for apps::Read { file, app } in &read {
        if judged.insert(*file) {
            let faults = apps::of_candidate(&stack, *file);
            resolved.apps[*app].faults.extend(faults);
        }
    }
    for file in files.iter().filter(|file| !judged.contains(file)) {
        resolved.apps.extend(apps::of_file(&stack, *file, unread_launcher));
    }
    resolved
}
