//! A command of a service that removes the socket of its socket unit.

use super::RULE;
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Unit, UnitCommand, UnitListener};
use crate::rules::Context;
use crate::value::{Endpoint, normalize_path};

/// The commands that run when a service starts; and when it stops, or does not start.
const AT_START: [&str; 2] = ["ExecStartPre", "ExecStartPost"];
const AT_STOP: [&str; 2] = ["ExecStop", "ExecStopPost"];

pub(super) fn findings(context: &Context) -> Vec<Finding> {
    let mut findings = Vec::new();
    for unit in context.deployment.units.iter().filter(|unit| !unit.is_refused()) {
        let sockets = unit.sockets.iter().map(|socket| context.deployment.unit(socket.unit));
        let listeners: Vec<(&Unit, &UnitListener)> =
            sockets.flat_map(|socket| socket.listeners.iter().map(move |it| (socket, it))).collect();
        if listeners.is_empty() {
            continue;
        }
        for command in unit.commands.iter().filter(|command| removes(unit, command)) {
            let removed = listeners.iter().find(|(_, listener)| match listener.address.known() {
                Some(Endpoint::Unix(path)) => names(command, path),
                _ => false,
            });
            if let Some((socket, listener)) = removed {
                findings.push(finding(context, unit, command, socket, listener));
            }
        }
    }
    findings
}

/// Whether a command certainly removes the files that it names: others than root may not do so everywhere.
fn removes(unit: &Unit, command: &UnitCommand) -> bool {
    let is_named = AT_START.iter().chain(&AT_STOP).any(|directive| command.directive == *directive);
    let program = command.words.first().and_then(|word| word.text.known());
    let name = program.map_or("", |program| program.rsplit('/').next().unwrap_or_default());
    let is_root = command.prefix.contains(['+', '!']) || unit.user().known() == Some(&None);
    is_named && is_root && matches!(name, "rm" | "unlink")
}

fn names(command: &UnitCommand, path: &str) -> bool {
    command
        .words
        .iter()
        .skip(1)
        .any(|word| word.text.known().is_some_and(|word| normalize_path(word) == path))
}

fn finding(
    context: &Context,
    unit: &Unit,
    command: &UnitCommand,
    socket: &Unit,
    listener: &UnitListener,
) -> Finding {
    let is_start = AT_START.contains(&command.directive.as_str());
    let when = if is_start { "starts" } else { "stops" };
    let message = format!(
        "`{}` removes the socket of `{}` when it {when}: the socket unit goes on listening where nobody finds it",
        unit.name, socket.name
    );
    let primary = Label { span: command.place, text: "removes the socket".into() };
    let related = vec![Label { span: listener.place, text: "made here, and not again".into() }];
    let mut finding = RULE.finding(message, primary, related);
    finding.outcome = if is_start { "502" } else { "502 after a restart" }.into();
    if !is_start {
        finding.severity = Severity::Warning;
    }
    finding.help =
        Some("the socket is the socket unit's: it makes it, and `RemoveOnStop=yes` there removes it".into());
    let edit = command.line.anchor.map(|anchor| anchor.remove(context.sources));
    finding.fix = edit.and_then(|edit| Fix::new("leave the socket alone", Applicability::Safe, vec![edit]));
    finding
}
