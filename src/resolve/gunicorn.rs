//! What Gunicorn would do with its command line, its environment and its configuration file.

mod absorb;
mod addresses;
mod application;
mod apps;
mod argparse;
mod bind;
mod body_limit;
mod calls;
mod choices;
mod command;
mod comprehension;
mod config_file;
mod effects;
mod evaluate;
mod faults;
mod format;
mod help;
mod imports;
mod layers;
mod listens;
mod literal;
mod machine;
mod mends;
mod methods;
mod module;
mod module_text;
mod number;
mod operators;
mod percent;
mod posix;
mod python;
mod scope;
mod strays;
mod survey;
mod table;
mod templates;
mod temporary;
#[cfg(test)]
mod tests;
mod unloaded;
mod validate;
mod value;
mod view;
mod words;
mod worker_class;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use rayon::prelude::*;

use super::launch::Launch;
use super::paths::Paths;
use crate::model::{App, Datum, Target, Unresolved, Version};
use crate::source::{FileId, Sources, Span};
use crate::syntax::Parsed;
use crate::syntax::gunicorn::Tree;
use crate::value::{Endpoint, Possible};

/// The apps of a stack.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// What each launch starts, in the order of the launches, and then the configuration files that none of them reads.
    pub apps: Vec<App>,
    /// What could not be understood.
    pub unresolved: Vec<Unresolved>,
}

pub use command::{Program, Start};

/// A launch, and what it runs.
#[derive(Clone, Debug)]
pub struct Started<'a> {
    /// The launch.
    pub launch: &'a Launch,
    /// What it runs.
    pub program: Program,
}

/// What each launch runs, in their order. Of those whose end is waited for only a Gunicorn counts.
pub fn started<'a>(launches: &'a [Launch], paths: &Paths, sources: &Sources) -> Vec<Started<'a>> {
    let started = |launch| Started { launch, program: command::find(launch, paths, sources) };
    launches.par_iter().map(started).filter(|it| !it.launch.passing || it.program.serves()).collect()
}

/// Whether an option of the command line takes a word behind it, and is refused without one.
pub fn takes_a_word(option: &str) -> bool {
    use table::Action::{Append, AutoInt, Int, Store};
    let version = Target::NEWEST.gunicorn;
    let row = table::of_flag(option, version);
    row.is_some_and(|row| matches!(table::action(row, version), Append | AutoInt | Int | Store))
}

/// Whether a name is that of a setting, in whichever release.
pub fn is_setting(name: &str) -> bool {
    table::of_name(name).is_some()
}

/// What a value as it is written makes of a setting: a text in quotes or not, or a whole number.
pub(super) fn read_setting(name: &str, text: &str, version: Version) -> Option<Datum> {
    let row = table::of_name(name)?;
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let inside = quote.and_then(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    let value = match (inside, text.parse::<i64>().ok()) {
        (Some(inside), _) if inside.contains(['"', '\'', '\\']) => return None,
        (Some(inside), _) => value::Value::Text(inside.to_owned()),
        (None, Some(number)) => value::Value::Int(number),
        (None, None) if text.contains(['"', '\'', '[', '(', ' ']) => return None,
        (None, None) => value::Value::Text(text.to_owned()),
    };
    validate::validate(row, version, &value, &Possible::Unknown("not asked".into())).ok()
}

/// The address that a `bind` means.
pub(super) fn read_bind(text: &str, directory: &Possible<String>) -> Option<Endpoint> {
    bind::endpoint(text, directory).ok()
}

/// Whether the Flask of a stack may read a body before it refuses it.
pub fn reads_bodies_first(files: &[FileId], sources: &Sources) -> bool {
    body_limit::is_read_first(files, sources)
}

/// The commands of scripts that were followed to a Gunicorn, sorted: what they start is known.
pub fn followed(started: &[Started]) -> Vec<Span> {
    let starts = started.iter().filter_map(|it| match &it.program {
        Program::Gunicorn(start) => Some(&start.commands),
        Program::Silent | Program::Other(_) => None,
    });
    let mut spans: Vec<Span> = starts.flatten().copied().collect();
    spans.sort_unstable();
    spans.dedup();
    spans
}

/// The apps that launches start and that configuration files are for.
///
/// `started` is what [`started`] tells of the launches. `files` are the stack's configuration files of Gunicorn, and `trees` holds them. `unread_launcher` is why options may
/// be given to Gunicorn that no launch shows: something in the tree starts it and is not read.
pub fn resolve(
    started: &[Started],
    files: &[FileId],
    trees: &BTreeMap<FileId, Parsed<Tree>>,
    unread_launcher: Option<&str>,
    paths: &Paths,
    sources: &Sources,
    target: &Target,
) -> Resolved {
    let modules = application::Modules::new(paths.root(), sources);
    let imported = imports::named(trees);
    let (folders, version) = (OnceLock::new(), target.gunicorn);
    let standard = layers::standard(version);
    let stack = apps::Stack { files, trees, paths, sources, modules, imported, folders, version, standard };
    let mut resolved = Resolved { apps: Vec::new(), unresolved: Vec::new() };
    let claims = apps::claims(&stack, started);
    let launched: Vec<apps::Launched> =
        started.par_iter().filter_map(|it| apps::of_launch(&stack, it, &claims)).collect();
    let mut judged: BTreeSet<FileId> = launched.iter().filter_map(|it| it.app.config).collect();
    for apps::Launched { mut app, read, unresolved } in launched {
        for file in read {
            if judged.insert(file) {
                app.faults.extend(apps::of_candidate(&stack, file));
            }
        }
        resolved.apps.push(app);
        resolved.unresolved.extend(unresolved);
    }
    // A module that another file imports is no configuration of its own.
    let loose = files.par_iter().filter(|file| !judged.contains(file) && !stack.is_imported(**file));
    let of_files: Vec<App> = loose.filter_map(|file| apps::of_file(&stack, *file, unread_launcher)).collect();
    resolved.apps.extend(of_files);
    resolved
}

/// The names that a text leaves behind as Gunicorn would run it with no variable set, and their values as `repr()` gives
/// them: for tests against CPython.
#[doc(hidden)]
pub fn evaluated(text: &str) -> BTreeMap<String, Possible<String>> {
    let tree = crate::syntax::gunicorn::parse(FileId(0), text).tree;
    let environment = super::launch::Environment::default();
    let scope = module::run(&tree, Some(&environment));
    let value = |name: &String| {
        scope
            .bound(name)
            .try_map(|value| value.map_or(Err("it is not bound".into()), |value| format::repr(&value)))
    };
    scope.names.keys().map(|name| (name.clone(), value(name))).collect()
}
