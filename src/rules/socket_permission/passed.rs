//! A socket that a socket unit makes: its mode, its directory, and what becomes of it in the directory of the service.

use super::gate::{ENTER, Gate, WRITE};
use super::own::octal;
use super::{Way, first_group, log};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label};
use crate::model::{Handed, Setting, Unit, UnitListener};
use crate::rules::Context;
use crate::source::Span;
use crate::value::{Endpoint, Possible};

pub(super) fn finding(context: &Context, way: &Way) -> Option<Finding> {
    let sockets = way.unit.sockets.iter().filter(|socket| socket.handed == Handed::Always);
    let units = sockets.map(|socket| context.deployment.unit(socket.unit));
    let is_here = |listener: &&UnitListener| match &listener.address {
        Possible::Known(Endpoint::Unix(path)) => path == way.path,
        _ => false,
    };
    let (socket, listener) =
        units.into_iter().find_map(|unit| Some((unit, unit.listeners.iter().find(is_here)?)))?;
    of_mode(context, way, socket).or_else(|| of_directory(context, way, socket, listener))
}

/// The mode of a socket unit's socket, where it is written, with the place.
fn mode(socket: &Unit, name: &str) -> Option<(u32, Span)> {
    let mode: Setting<Option<String>> = socket.setting(name);
    Some((octal(mode.value.known()?.as_ref()?)?, mode.origin.place?))
}

fn of_mode(context: &Context, way: &Way, socket: &Unit) -> Option<Finding> {
    let (mode, place) = mode(socket, "SocketMode")?;
    let named = |key: &str| socket.setting::<String>(key).value.known().cloned();
    let owner = named("SocketUser")?.unwrap_or_else(|| "root".into());
    // `SocketUser=` alone gives the socket that user's group.
    let group = match named("SocketGroup")? {
        Some(group) => Some(group),
        None if owner == "root" => Some("root".into()),
        None => first_group(context, &owner),
    };
    let gate = Gate { mode, owner: &owner, group: group.as_deref() };
    if !gate.shuts_out(context, &way.client, WRITE) {
        return after_start(context, way, mode, place);
    }
    let message = format!(
        "`{}` makes {} with {}, and {} may not connect, which takes the right to write: {}",
        socket.name,
        way.path,
        gate.describe(),
        way.client.name(),
        log(way.path)
    );
    let primary = Label { span: place, text: "shuts nginx out".into() };
    let mut finding = way.finding(message, primary, Vec::new());
    finding.help = Some(format!(
        "name nginx's user: `SocketUser={}`; without `SocketMode=` everybody may connect",
        way.user_of_nginx()
    ));
    if let Some((name, _)) = &way.client.known
        && owner == "root"
        && group.as_deref() == Some("root")
        && mode & 0o200 != 0
    {
        let anchor = socket.settings.get("SocketMode").and_then(|it| it.origin.anchor)?;
        let edit = anchor.add_after(context.sources, &[("SocketUser", name.clone())])?;
        finding.fix = Fix::new(format!("give the socket to `{name}`"), Applicability::Safe, vec![edit]);
    }
    Some(finding)
}

/// In the directory of its service, a socket is given to the service's user when that starts: whom it let through at first
/// it may then shut out.
fn after_start(context: &Context, way: &Way, mode: u32, place: Span) -> Option<Finding> {
    let directories = way.unit.runtime_directories()?;
    let user = way.unit.user().known()?.clone()?;
    let group = way.group().or_else(|| first_group(context, &user));
    let gate = Gate { mode, owner: &user, group: group.as_deref() };
    let is_inside = directories.iter().any(|directory| directory == way.directory());
    if !is_inside || !gate.shuts_out(context, &way.client, WRITE) {
        return None;
    }
    let message = format!(
        "systemd gives {} and all that is in it to `{user}` when `{}` starts: {} then has {}, and {} may connect once and not \
         again: {}",
        way.directory(),
        way.unit.name,
        way.path,
        gate.describe(),
        way.client.name(),
        log(way.path)
    );
    let related = way.unit.settings.get("RuntimeDirectory").and_then(|it| it.origin.place);
    let related = related.map(|span| Label { span, text: "given to the service's user".into() });
    let primary = Label { span: place, text: "shuts nginx out once the service runs".into() };
    let mut finding = way.finding(message, primary, related.into_iter().collect());
    finding.outcome = "502 from the second request on".into();
    finding.help = Some("let the socket unit listen elsewhere in /run, or leave `SocketMode=` out".into());
    Some(finding)
}

/// A directory that the socket unit makes is closed to nginx.
fn of_directory(context: &Context, way: &Way, socket: &Unit, listener: &UnitListener) -> Option<Finding> {
    let (mode, place) = mode(socket, "DirectoryMode")?;
    let directory = way.directory();
    let units = &context.deployment.units;
    let is_made = !directory.starts_with("/run/")
        || context.deployment.machine.may_make(directory)
        || units
            .iter()
            .any(|unit| unit.runtime_directories().is_none_or(|made| made.iter().any(|it| it == directory)));
    let gate = Gate { mode, owner: "root", group: Some("root") };
    if is_made || !gate.shuts_out(context, &way.client, ENTER) {
        return None;
    }
    let message = format!(
        "`{}` makes {directory} with {}, and {} may not enter it: {}",
        socket.name,
        gate.describe(),
        way.client.name(),
        log(way.path)
    );
    let primary = Label { span: place, text: "closed to others".into() };
    let related = vec![Label { span: listener.place, text: "the socket is in it".into() }];
    let mut finding = way.finding(message, primary, related);
    finding.help = Some("leave it out: 0755 is the default, and the socket has a mode of its own".into());
    let anchor = socket.settings.get("DirectoryMode").and_then(|it| it.origin.anchor);
    let edit = anchor.map(|anchor| anchor.set("0755"));
    finding.fix = edit.and_then(|edit| Fix::new("let others enter", Applicability::Safe, vec![edit]));
    Some(finding)
}
