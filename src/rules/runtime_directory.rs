//! A socket in a directory below /run that is not there, or does not stay.

mod emptied;
mod ignored;
mod mends;
mod missing;
mod shared;

pub(super) use ignored::is_here;

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppKind, Manager, Unit, UnitId};
use crate::value::{Endpoint, Possible};

pub(super) const RULE: Rule = Rule {
    name: "runtime-directory",
    category: Category::Systemd,
    severity: Severity::Error,
    summary: "a socket in a directory of /run that nothing makes, or that goes with another service",
    outcome: "502",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/runtime-directory.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let directories = Directories::new(context);
    let mut seen = BTreeSet::new();
    let mut all = ignored::findings(context, &directories);
    all.extend(missing::findings(context, &directories));
    all.extend(shared::findings(context, &directories));
    all.extend(emptied::findings(context));
    // The instances of a template share its text, and the first that is said of a line is the cause of the rest.
    findings.extend(all.into_iter().filter(|finding| seen.insert(finding.primary.span)));
}

/// Who makes which directory below /run.
struct Directories {
    /// The services whose `RuntimeDirectory=` makes a directory.
    by_services: BTreeMap<String, Vec<UnitId>>,
    /// Directories that socket units make for their sockets.
    by_sockets: BTreeSet<String>,
    /// The names of the services whose Gunicorns have sockets below a directory, of each no more than two: whether there is
    /// another one is all that is asked.
    bound_below: BTreeMap<String, BTreeSet<String>>,
    /// Whether there is a unit of which it is not known what it makes.
    unknown: bool,
}

impl Directories {
    fn new(context: &Context) -> Directories {
        let mut all = Directories {
            by_services: BTreeMap::new(),
            by_sockets: BTreeSet::new(),
            bound_below: BTreeMap::new(),
            unknown: false,
        };
        for (_, unit, paths) in binders(context) {
            for directory in paths.into_iter().flat_map(directories_around) {
                let units = all.bound_below.entry(directory.to_owned()).or_default();
                if units.len() < 2 {
                    units.insert(unit.name.clone());
                }
            }
        }
        for (at, unit) in context.deployment.units.iter().enumerate().filter(|(_, unit)| !unit.masked) {
            let addresses = unit.listeners.iter().map(|listener| &listener.address);
            for address in addresses {
                match address {
                    Possible::Known(Endpoint::Unix(path)) => {
                        all.by_sockets.extend(directory_of(path).map(str::to_owned));
                    }
                    Possible::Known(Endpoint::Tcp(..)) => {}
                    _ => all.unknown = true,
                }
            }
            match unit.runtime_directories() {
                Some(directories) => {
                    for directory in directories {
                        all.by_services.entry(directory).or_default().push(UnitId(at as u32));
                    }
                }
                None => all.unknown = true,
            }
        }
        all
    }

    /// Whether a service other than this one has a socket below a directory.
    fn is_anothers(&self, unit: &Unit, directory: &str) -> bool {
        self.bound_below.get(directory).is_some_and(|units| units.iter().any(|name| *name != unit.name))
    }

    /// Whether anything makes a directory, or may.
    fn may_be_made(&self, context: &Context, directory: &str) -> bool {
        self.unknown
            || self.by_services.contains_key(directory)
            || self.by_sockets.contains(directory)
            || context.deployment.machine.may_make(directory)
    }
}

/// The directories around a path, but for the outermost.
fn directories_around(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').skip(1).take(32).map(|(at, _)| &path[..at])
}

/// The directory of a socket below /run: `/run` itself, or `/run/shop`.
fn directory_of(path: &str) -> Option<&str> {
    path.rsplit_once('/')
        .map(|(directory, _)| directory)
        .filter(|it| *it == "/run" || it.starts_with("/run/"))
}

/// The Gunicorns that certainly open a socket below /run themselves, each with its unit and the paths of these sockets.
fn binders<'a>(context: &Context<'a>) -> impl Iterator<Item = (&'a App, &'a Unit, Vec<&'a str>)> {
    let deployment = context.deployment;
    let apps = deployment.apps.iter().filter(|app| app.kind == AppKind::Gunicorn && app.binds_itself());
    apps.filter_map(|app| {
        let unit = deployment.unit(app.unit?);
        let addresses = app.listeners.value.known()?;
        let paths: Vec<&str> = addresses.iter().filter_map(path_in_run).collect();
        (unit.manager == Manager::System && !unit.is_refused() && !paths.is_empty())
            .then_some((app, unit, paths))
    })
}

/// A finding of what fails only after a boot or a restart.
fn warning(message: String, primary: Label, related: Vec<Label>) -> Finding {
    Finding { severity: Severity::Warning, ..RULE.finding(message, primary, related) }
}

fn path_in_run(address: &Endpoint) -> Option<&str> {
    match address {
        Endpoint::Unix(path) => directory_of(path).map(|_| path.as_str()),
        Endpoint::Tcp(..) => None,
    }
}
