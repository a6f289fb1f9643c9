//! How directories below /run are made by systemd, or kept.

use super::Directories;
use crate::edit::{Applicability, Edit, Fix};
use crate::model::{Anchor, App, Joined, OriginKind, Unit};
use crate::rules::Context;
use crate::source::Span;
use crate::value::{Endpoint, Possible};

/// Lets systemd make a directory for a service. None where other services have their sockets in it: when this one stops,
/// these would go.
pub(super) fn make(
    context: &Context,
    directories: &Directories,
    unit: &Unit,
    name: &str,
    own: &[String],
) -> Option<Fix> {
    if directories.is_anothers(unit, &format!("/run/{name}")) {
        return None;
    }
    let title = format!("let systemd make /run/{name}");
    let edit = match own.last() {
        None => beside(context, unit, ("RuntimeDirectory", name.to_owned()))?,
        Some(made) if is_served_from(context, made) => return None,
        Some(made) => {
            let anchor = unit.settings.get("RuntimeDirectory")?.origin.anchor?;
            let written = context.sources.text(anchor.value);
            match is_used(context, unit, made) {
                true => anchor.set(&format!("{written} {name}")),
                false if own.len() == 1 => anchor.set(name),
                false => return None,
            }
        }
    };
    Fix::new(title, Applicability::Safe, vec![edit])
}

/// Whether nginx connects to a socket in a directory: then it is the other end that is wrong.
fn is_served_from(context: &Context, directory: &str) -> bool {
    let peers = context.deployment.nginx.routes.iter().flat_map(|route| route.peers.iter());
    let below = format!("{directory}/");
    peers.filter_map(|peer| peer.address.known()).any(|address| match address {
        Endpoint::Unix(path) => path.starts_with(&below),
        Endpoint::Tcp(..) => false,
    })
}

/// Whether anything else in a unit speaks of a directory.
fn is_used(context: &Context, unit: &Unit, directory: &str) -> bool {
    let places = unit.settings.values().filter_map(|setting| setting.origin.place);
    let name = directory.trim_start_matches('/');
    places.into_iter().any(|place| context.sources.text(place).contains(name))
}

/// Puts a setting into the section of a service.
pub(super) fn beside(context: &Context, unit: &Unit, setting: (&str, String)) -> Option<Edit> {
    const NEIGHBOURS: [&str; 4] = ["Group", "User", "WorkingDirectory", "ExecStart"];
    let anchor = NEIGHBOURS.iter().find_map(|key| unit.settings.get(*key)?.origin.anchor)?;
    anchor.add_after(context.sources, &[setting])
}

/// Moves a socket from /run into a directory that systemd makes, and nginx with it.
pub(super) fn move_down(context: &Context, app: &App, unit: &Unit, path: &str) -> Option<Fix> {
    let directories = unit.runtime_directories()?;
    let stem = unit.stem();
    if !directories.is_empty()
        || stem.contains('@')
        || !stem.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it))
    {
        return None;
    }
    let file = path.trim_start_matches("/run/");
    let moved = format!("/run/{stem}/{file}");
    let mut edits = vec![
        beside(context, unit, ("RuntimeDirectory", stem.to_owned()))?,
        in_place(context, app, file, &moved)?,
    ];
    let mut is_served = false;
    for hop in &context.deployment.hops {
        let route = context.deployment.route(hop.route);
        let peer = &route.peers[hop.peer];
        let is_here = |address: &Endpoint| *address == Endpoint::Unix(path.into());
        match &peer.address {
            Possible::Known(address) if is_here(address) => {
                let joined =
                    matches!(hop.joined, Joined::App(id) if std::ptr::eq(context.deployment.app(id), app));
                if !joined {
                    return None;
                }
                is_served = true;
                edits.push(peer.connect_to(&Endpoint::Unix(moved.clone()), context.sources)?);
            }
            _ => {}
        }
    }
    let title = format!("move the socket into /run/{stem}, which systemd makes");
    // Who else goes by the old path is not seen to here: a command that waits for the socket, a check, a path unit.
    let how = match context.stands_elsewhere(path, &edits) {
        true => Applicability::Manual,
        false => Applicability::Safe,
    };
    is_served.then(|| Fix::new(title, how, edits))?
}

/// Writes another path where the app's one address stands.
fn in_place(context: &Context, app: &App, file: &str, moved: &str) -> Option<Edit> {
    let origin = &app.listeners.origin;
    let is_editable = matches!(origin.kind, OriginKind::Written | OriginKind::CommandLine);
    let span = origin.anchor.map(|anchor: Anchor| anchor.value).or(origin.place).filter(|_| is_editable)?;
    let text = context.sources.text(span);
    let written = [format!("/var/run/{file}"), format!("/run/{file}")];
    let written = written.iter().find(|written| text.matches(written.as_str()).count() == 1)?;
    let at = span.start as usize + text.find(written.as_str())?;
    Some(Edit { span: Span::new(span.file, at..at + written.len()), replacement: moved.into() })
}

/// Lets the directories of services stay when these stop.
pub(super) fn keep<'a>(context: &Context, units: impl Iterator<Item = &'a Unit>) -> Option<Fix> {
    let mut edits = Vec::new();
    for unit in units {
        let preserve = unit.settings.get("RuntimeDirectoryPreserve")?;
        edits.push(match (preserve.origin.anchor, preserve.origin.is_written()) {
            (Some(anchor), true) => anchor.set("yes"),
            (None, true) => return None,
            (_, false) => {
                let anchor = unit.settings.get("RuntimeDirectory")?.origin.anchor?;
                anchor.add_after(context.sources, &[("RuntimeDirectoryPreserve", "yes".into())])?
            }
        });
    }
    Fix::new("keep the directory when a service stops", Applicability::Safe, edits)
}

/// Whether a service's directories certainly go when it stops.
pub(super) fn goes(unit: &Unit) -> bool {
    unit.setting::<bool>("RuntimeDirectoryPreserve").value.must(|keeps| *keeps == Some(false))
}
