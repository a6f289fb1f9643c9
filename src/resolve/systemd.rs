//! Units as systemd merges them, and the processes that they start.

mod command;
mod count;
mod denied;
mod env_file;
mod environment;
mod exec;
mod faults;
mod instances;
mod judged;
mod layout;
mod mends;
mod merge;
mod name;
mod sandbox;
mod settings;
mod shadow;
mod signals;
mod sockets;
pub(super) mod specifiers;
#[cfg(test)]
mod tests;
mod unread;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use merge::{HOLE, Line, Merged};
use rayon::prelude::*;
use settings::Settings;

pub(super) use environment::is_name;
pub(super) use specifiers::is_placeholder;
pub(super) use unread::server as unread_server;

use super::ansible::Variables;
use super::launch::{Activation, Argument, Environment, Launch};
use super::paths::Paths;
use crate::model::{Manager, Origin, Setting, Unit, UnitId, Unresolved, Version};
use crate::source::{FileId, Sources, Span};
use crate::syntax::Parsed;
use crate::syntax::systemd::Tree;
use crate::value::{Endpoint, Possible};

/// What the units of a stack come to.
#[derive(Debug, Default)]
pub struct Resolved {
    /// The units; [`UnitId`]s count from the first of them.
    pub units: Vec<Unit>,
    /// The processes that services keep running.
    pub launches: Vec<Launch>,
    /// What the socket units listen on, whichever service they are for.
    pub sockets: Vec<Possible<Endpoint>>,
    /// What could not be understood.
    pub unresolved: Vec<Unresolved>,
}

/// How many commands of one service are told apart: each gets its environment.
const MAX_COMMANDS: usize = 64;

/// What the parts of this module look things up in.
struct Stack<'a> {
    paths: &'a Paths,
    sources: &'a Sources,
}

/// Merges the units of a stack and works out what they start.
///
/// `files` are the files of the stack; those that have no tree are no units. A template stands once for each instance
/// that the stack names, and once without an instance where it names none or only `DefaultInstance=` does.
pub fn resolve(
    files: &[FileId],
    trees: &BTreeMap<FileId, Parsed<Tree>>,
    paths: &Paths,
    variables: &Variables,
    sources: &Sources,
    version: Version,
) -> Resolved {
    let stack = Stack { paths, sources };
    let layout = layout::layout(files, trees, paths.root(), sources);
    let mut merged = instances::merge(&layout, trees, sources);
    for unit in &mut merged {
        unit.words = unit.files.first().map(|file| variables.scope(sources.get(*file)));
    }
    let mut resolved = Resolved { unresolved: layout.unresolved, ..Resolved::default() };
    let applied: BTreeSet<FileId> = merged.iter().flat_map(|unit| unit.files.iter().copied()).collect();
    for drop_in in &layout.drop_ins {
        if let Some(file) = drop_in.file.filter(|file| !applied.contains(file)) {
            resolved.unresolved.push(Unresolved {
                span: Span::new(file, 0..0),
                what: sources.get(file).path.clone(),
                why: "it is not known which unit of the tree this drop-in changes, if any".into(),
            });
        }
    }
    resolved.sockets = sockets::addresses(&merged);
    let started = sockets::started(&merged);
    let by_service = sockets::ByService::of(&merged);
    let others = sandbox::Others::of(&merged);
    let own = |(at, unit): (usize, &Merged)| {
        let settings = settings::settings(unit, version.0);
        let mut commands = Vec::new();
        let (mut sockets, mut launches, mut unresolved) = (Vec::new(), Vec::new(), Vec::new());
        let mut faults = faults::faults(unit, version.0);
        if unit.name.kind == "service" && !unit.masked {
            let found = sockets::of_service(unit, &by_service, &started);
            let environment = environment::environment(unit, &stack, &mut unresolved, &mut faults);
            commands = exec::of_unit(unit, &environment, sources);
            let activation = sockets::activation(&found, unit, &merged);
            let unknown;
            (launches, unknown) = started_by(unit, UnitId(at as u32), &settings, activation, environment);
            unresolved.extend(unknown);
            sockets = found.unwrap_or_default();
        }
        faults.extend(count::fault(unit, &settings, &commands, &faults, sources));
        let unit = Unit {
            name: unit.name.text.clone(),
            files: unit.files.clone(),
            place: unit.place,
            variables: environment::variables(unit),
            sandbox: sandbox::sandbox(unit, &settings, &others),
            settings,
            open: settings::open(unit),
            masked: unit.masked,
            manager: unit.manager,
            commands,
            listeners: sockets::lines(unit),
            sockets,
            shadowed: unit.shadowed.clone(),
            faults,
        };
        (unit, launches, unresolved)
    };
    let of_units: Vec<(Unit, Vec<Launch>, Vec<Unresolved>)> =
        merged.par_iter().enumerate().map(own).collect();
    for (unit, launches, unresolved) in of_units {
        resolved.units.push(unit);
        resolved.launches.extend(launches);
        resolved.unresolved.extend(unresolved);
    }
    resolved
}

/// What a service runs: its `ExecStart=`. Commands of a `Type=oneshot` are done when it is up, and what they leave behind
/// lives on only with `RemainAfterExit=`. Where it is not known, a launch of which nothing is known, and what is not resolved.
fn started_by(
    unit: &Merged<'_>,
    id: UnitId,
    settings: &Settings,
    sockets: Activation,
    environment: Environment,
) -> (Vec<Launch>, Option<Unresolved>) {
    let lines = unit.list("Service", "ExecStart");
    let is_oneshot =
        settings.get("Type").is_some_and(|it| it.read::<String>().value.must(|kind| kind == "oneshot"));
    let remains =
        settings.get("RemainAfterExit").is_some_and(|it| it.read::<bool>().value.may(|remains| *remains));
    let Some(first) = lines.first() else { return (Vec::new(), None) };
    let working_directory = working_directory(unit);
    let launch = |place, arguments| Launch {
        unit: Some(id),
        place,
        arguments,
        environment: environment.clone(),
        working_directory: working_directory.clone(),
        sockets: sockets.clone(),
        passing: is_oneshot && !remains,
    };
    match commands(unit, &lines, is_oneshot, &environment) {
        Ok(commands) => (commands.into_iter().map(|it| launch(it.place, it.arguments)).collect(), None),
        Err(_) if is_oneshot && !remains => (Vec::new(), None),
        Err((line, why)) => {
            let unknown = launch(first.value().span, vec![unknown(first, &why)]);
            let what = format!("ExecStart={}", line.value().text);
            (vec![unknown], Some(Unresolved { span: line.entry.span, what, why }))
        }
    }
}

/// The commands of a service; `Err` with the line and the reason where it is not known what they are.
fn commands<'a>(
    unit: &Merged<'a>,
    lines: &[Line<'a>],
    is_oneshot: bool,
    environment: &Environment,
) -> Result<Vec<exec::Command>, (Line<'a>, String)> {
    if let Some(line) = lines.first().filter(|_| unit.is_changed) {
        return Err((*line, "a drop-in that was not read may set another".into()));
    }
    if let Some(line) = lines.iter().find(|line| line.entry.conditional) {
        return Err((*line, "a template engine decides whether this is set".into()));
    }
    let mut commands = Vec::new();
    for line in lines {
        commands.extend(exec::commands(unit, line, environment).map_err(|why| (*line, why))?);
    }
    match lines.last() {
        Some(last) if commands.len() > MAX_COMMANDS => {
            Err((*last, "these are more commands than are told apart".into()))
        }
        Some(last) if commands.len() > 1 && !is_oneshot => {
            let why = "systemd refuses the unit: only `Type=oneshot` may have more than one command";
            Err((*last, why.into()))
        }
        _ => Ok(commands),
    }
}

/// A command line of which nothing is known.
fn unknown(line: &Line<'_>, why: &str) -> Argument {
    Argument { text: Possible::Unknown(why.into()), span: line.value().span, splits: true }
}

/// The directory that the processes start in. Source: `config_parse_working_directory` in
/// `src/core/load-fragment.c` of systemd 252.
fn working_directory(unit: &Merged<'_>) -> Setting<String> {
    let default = match unit.manager {
        Manager::User => Setting::unknown("a user's services start in the user's home", Origin::DEFAULT),
        Manager::System | Manager::Unknown => Setting::known("/".to_owned(), Origin::DEFAULT),
    };
    let list = unit.list("Service", "WorkingDirectory");
    let mut setting = list.last().map_or(default, |line| {
        let text = line.value().text.as_str();
        let path = text.strip_prefix('-').unwrap_or(text);
        let value = match (line.doubt(), unit.expand(path)) {
            (Some(why), _) => Possible::Unknown(why.into()),
            (None, _) if path == "~" => Possible::Unknown("it is the home of the unit's user".into()),
            (None, Possible::Known(path)) if !path.starts_with('/') => {
                Possible::Unknown("systemd refuses a directory that is not absolute".into())
            }
            (None, Possible::Known(path)) if path.contains("# ") => {
                Possible::Unknown("a comment behind it may be a part of it".into())
            }
            // With the dash a directory that is missing is passed over.
            (None, Possible::Known(_)) if text.starts_with('-') => {
                Possible::Unknown("it is `/` where the directory is missing".into())
            }
            (None, value) => value.map(|path| match path.trim_end_matches('/') {
                "" => "/".into(),
                path => path.into(),
            }),
        };
        Setting { value, origin: line.origin() }
    });
    let moved = ["RootDirectory", "RootImage"].iter().find(|key| !unit.list("Service", key).is_empty());
    if let Some(key) = moved {
        setting.value = Possible::Unknown(format!("`{key}=` moves the root"));
    }
    if unit.hole("Service").is_some() {
        setting.value = Possible::Unknown(HOLE.into());
    }
    setting
}
