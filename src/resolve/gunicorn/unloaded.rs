//! Configuration files that Gunicorn does not find, because it looks for them before it goes to another directory.
//!
//! Source: `Application.load_config` and `get_default_config_file`: both the file of `-c` and `./gunicorn.conf.py` are sought
//! from where Gunicorn starts, and `--chdir` counts only afterwards.

use super::apps::Stack;
use super::argparse::{Given, Options};
use super::command::Start;
use super::config_file::{DEFAULT_NAME, has_directory};
use super::table;
use super::validate::absolute;
use super::value::Value;
use crate::model::UnloadedFile;
use crate::resolve::paths::is_example;
use crate::resolve::variants;
use crate::value::Possible;

/// The file of the tree that is meant for a launch and certainly not where that looks for it: the only one of its name, in the
/// directory that the launch then goes to.
pub(super) fn find(stack: &Stack, line: &Options, variable: &Options, start: &Start) -> Option<UnloadedFile> {
    let place = start.place;
    let directory = &start.working_directory.value;
    let started_in = directory.known()?;
    let option = |options: &Options, name: &str| -> Result<Option<Given>, ()> {
        let row = table::of_version(stack.version).find(|row| row.name == name).ok_or(())?;
        match options.doubt(row) {
            Some(_) => Err(()),
            None => Ok(options.get(row).cloned()),
        }
    };
    let text = |given: &Given| match given.value.known() {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    if option(variable, "config").ok()?.is_some() {
        return None;
    }
    let config = option(line, "config").ok()?;
    let wanted = match &config {
        Some(given) => text(given).filter(|path| !path.starts_with('/') && !path.contains(':'))?,
        None => DEFAULT_NAME.to_owned(),
    };
    if let Some(given) = &config
        && is_nowhere(stack, start)
    {
        return in_root(stack, start, given, &wanted);
    }
    let goes_to = ["chdir", "pythonpath"].iter().find_map(|name| {
        let given = option(line, name).ok()??;
        let path = text(&given).filter(|path| !path.contains(','))?;
        absolute(&path, directory).ok()
    })?;
    let started_in = absolute(started_in, directory).ok()?;
    let looked_for = absolute(&wanted, &Possible::Known(started_in.clone())).ok()?;
    let path = absolute(&wanted, &Possible::Known(goes_to.clone())).ok()?;
    if path == looked_for || !are_parts(stack, &started_in, &goes_to) {
        return None;
    }
    let name = path.rsplit('/').next()?;
    let [(inside, file)] = stack.paths.named(name) else { return None };
    let own = stack.sources.get(*file).path.as_str();
    let launcher = stack.sources.get(place.file).path.as_str();
    let is_read = stack.trees.contains_key(file) && !is_example(own) && !variants::conflict(own, launcher);
    (is_read && lies_at(stack, inside, &path) && !lies_at(stack, inside, &looked_for)).then(|| UnloadedFile {
        file: *file,
        path: Some(path),
        looked_for,
        option: config.map(|given| (given.place, given.tail)),
    })
}

/// Whether a service starts in `/` since nothing says where else, and the tree is not what lies there.
fn is_nowhere(stack: &Stack, start: &Start) -> bool {
    let directory = &start.working_directory;
    !directory.origin.is_written()
        && directory.value.known().is_some_and(|it| it == "/")
        && !has_directory(stack, "etc")
}

/// The file of a relative `-c` of a service that starts in `/`, where no project has its files.
fn in_root(stack: &Stack, start: &Start, given: &Given, wanted: &str) -> Option<UnloadedFile> {
    let name = wanted.rsplit('/').next()?;
    let [(_, file)] = stack.paths.named(name) else { return None };
    let own = stack.sources.get(*file).path.as_str();
    let launcher = stack.sources.get(start.place.file).path.as_str();
    let is_read = stack.trees.contains_key(file) && !is_example(own) && !variants::conflict(own, launcher);
    let wanted = wanted.trim_start_matches("./");
    is_read.then(|| UnloadedFile {
        file: *file,
        path: None,
        looked_for: format!("/{wanted}"),
        option: Some((given.place, given.tail)),
    })
}

/// Whether it is known of both directories what they are to each other: one holds the other, or the first is a part of the
/// tree.
fn are_parts(stack: &Stack, started_in: &str, goes_to: &str) -> bool {
    let holds = |outer: &str, inner: &str| {
        inner.strip_prefix(outer.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
    };
    let last = started_in.rsplit('/').next().unwrap_or_default();
    started_in != goes_to
        && (holds(started_in, goes_to) || holds(goes_to, started_in) || has_directory(stack, last))
}

/// Whether a file of the tree may lie at a path on the machine: in a directory of that name, or in the root of the tree, which
/// is that directory.
fn lies_at(stack: &Stack, inside: &str, path: &str) -> bool {
    let folder = |path: &str| path.rsplit('/').nth(1).map(str::to_owned);
    match folder(inside) {
        Some(own) => folder(path) == Some(own),
        None => folder(path).is_some_and(|name| !name.is_empty() && !has_directory(stack, &name)),
    }
}
