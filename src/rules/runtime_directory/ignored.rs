//! A name that systemd does not take: an absolute path, or one with `..`.

use std::collections::BTreeMap;

use super::{Directories, RULE, binders, directory_of};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, Unit, UnitFault, UnitFaultKind};
use crate::rules::Context;
use crate::value::normalize_path;

/// Whether this rule speaks of a fault of a unit.
pub(in crate::rules) fn is_here(fault: &UnitFault) -> bool {
    fault.directive == "RuntimeDirectory" && fault.kind == UnitFaultKind::Value && !fault.refused
}

/// Whether a directory stands in a line of a unit that systemd ignores: that is the mistake then.
pub(super) fn names(context: &Context, unit: &Unit, directory: &str) -> bool {
    unit.faults
        .iter()
        .any(|fault| is_here(fault) && normalize_path(context.sources.text(fault.place)) == directory)
}

pub(super) fn findings(context: &Context, directories: &Directories) -> Vec<Finding> {
    let units = context.deployment.units.iter();
    let faults = units.flat_map(|unit| unit.faults.iter().filter(|it| is_here(it)).map(move |it| (unit, it)));
    let mut faults = faults.peekable();
    let mut sockets = Sockets::new();
    if faults.peek().is_some() {
        for (app, unit, paths) in binders(context) {
            sockets.entry(&unit.name).or_default().extend(paths.into_iter().map(|path| (app, path)));
        }
    }
    faults.map(|(unit, fault)| finding(context, directories, &sockets, unit, fault)).collect()
}

/// The sockets below /run that the Gunicorns of a service open, by its name.
type Sockets<'a> = BTreeMap<&'a str, Vec<(&'a App, &'a str)>>;

fn finding(
    context: &Context,
    directories: &Directories,
    sockets: &Sockets,
    unit: &Unit,
    fault: &UnitFault,
) -> Finding {
    let written = context.sources.text(fault.place);
    let meant = normalize_path(written);
    let name = meant.strip_prefix("/run/").filter(|name| !name.is_empty() && !name.contains(".."));
    let mut message =
        format!("systemd ignores `RuntimeDirectory={written}`, which is to be a name below /run");
    let own = sockets.get(unit.name.as_str()).into_iter().flatten();
    let socket = own.copied().find(|(_, path)| directory_of(path) == Some(meant.as_str()));
    let mut related = Vec::new();
    let mut severity = Severity::Warning;
    let mut outcome = "no directory is made";
    if let Some((app, path)) = socket
        && !directories.may_be_made(context, &meant)
    {
        message += &format!(
            ": nothing makes {meant}, Gunicorn says `Can't connect to {path}` and ends with exit status 1"
        );
        related.push(Label {
            span: app.listeners.origin.place.unwrap_or(app.place),
            text: format!("the socket is in {meant}"),
        });
        (severity, outcome) = (Severity::Error, "start-up failure, 502");
    }
    let primary = Label { span: fault.place, text: "this makes no directory".into() };
    let mut finding = RULE.finding(message, primary, related);
    finding.severity = severity;
    finding.outcome = outcome.into();
    finding.help = name.map(|name| format!("write `RuntimeDirectory={name}`, which makes /run/{name}"));
    let edit = |name: &str| Edit { span: fault.place, replacement: name.into() };
    finding.fix =
        name.and_then(|name| Fix::new(format!("write `{name}`"), Applicability::Safe, vec![edit(name)]));
    finding
}
