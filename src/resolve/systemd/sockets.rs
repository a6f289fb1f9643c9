//! Whether a service is handed listening sockets, and which.

use std::collections::{BTreeMap, BTreeSet};

use super::judged;
use super::merge::{HOLE, Line, Merged};
use super::name::UnitName;
use crate::model::{Handed, UnitId, UnitListener, UnitSocket};
use crate::resolve::launch::Activation;
use crate::source::Span;
use crate::units;
use crate::value::{Endpoint, Host, Possible, normalize_path};

/// The socket units, by the names of the services that they are for.
pub(super) struct ByService<'a, 'b> {
    units: &'a [Merged<'b>],
    sockets: BTreeMap<String, Vec<usize>>,
    /// The services by their names: a repository may have several of one.
    services: BTreeMap<&'a str, Vec<&'a Merged<'b>>>,
    /// Why it is not known of one of them which service it is for.
    doubt: Option<String>,
}

impl<'a, 'b> ByService<'a, 'b> {
    pub(super) fn of(units: &'a [Merged<'b>]) -> ByService<'a, 'b> {
        let (sockets, services) = (BTreeMap::new(), BTreeMap::new());
        let mut all = ByService { units, sockets, services, doubt: None };
        for (at, unit) in units.iter().enumerate() {
            match unit.name.kind {
                "service" => all.services.entry(unit.name.text.as_str()).or_default().push(unit),
                "socket" if !unit.masked && all.doubt.is_none() => match for_services(unit) {
                    Ok(names) => {
                        names.into_iter().for_each(|name| all.sockets.entry(name).or_default().push(at))
                    }
                    Err(why) => all.doubt = Some(why),
                },
                _ => {}
            }
        }
        all
    }
}

/// The socket units of a service.
///
/// A service gets the descriptors of its socket unit for certain where it pulls the socket unit in or where nothing but
/// the socket starts it. A service that can be started on its own, and whose socket is then not yet there, binds for
/// itself: seen with systemd 252 and 257.
///
/// # Errors
/// If it is not known which they are.
pub(super) fn of_service(
    service: &Merged<'_>,
    all: &ByService<'_, '_>,
    started: &BTreeSet<String>,
) -> Result<Vec<UnitSocket>, String> {
    if let Some(why) = &all.doubt {
        return Err(why.clone());
    }
    let mut sockets = Vec::new();
    let mut elsewhere = false;
    let of_name = all.services.get(service.name.text.as_str()).map_or(&[][..], Vec::as_slice);
    let homes: BTreeSet<_> = of_name.iter().map(|unit| &unit.home).collect();
    for at in all.sockets.get(&service.name.text).into_iter().flatten() {
        let socket = &all.units[*at];
        let beside = socket.home == service.home;
        if beside || !homes.contains(&socket.home) {
            // Units that are spread over a repository. Which of several services of one name is meant is not known.
            elsewhere |= !beside && of_name.len() > 1;
            sockets.push((*at, socket));
        }
    }
    if elsewhere {
        return Err("its socket unit lies elsewhere, beside several units of this name".into());
    }
    if sockets.is_empty() && !service.list("Service", "Sockets").is_empty() {
        return Err("`Sockets=` names a unit that is not in the tree".into());
    }
    // What bears the service's name and is asked for is on the machine.
    let own = service.name.with_kind("socket");
    let mut asked = STARTING.iter().flat_map(|key| service.list("Unit", key));
    if sockets.is_empty() && asked.any(|line| words(&line).any(|word| word == own)) {
        return Err(format!("`{own}`, which the service asks for, is not in the tree"));
    }
    let of = |(at, socket): (usize, &Merged<'_>)| UnitSocket {
        unit: UnitId(at as u32),
        handed: handed(service, socket, started),
    };
    Ok(sockets.into_iter().map(of).collect())
}

/// Whether a service is handed what one of its socket units listens on.
fn handed(service: &Merged<'_>, socket: &Merged<'_>, started: &BTreeSet<String>) -> Handed {
    let name = &socket.name.text;
    if pulled_in(service, socket) || !service.has_section("Install") {
        return Handed::Always;
    }
    if ["Install", "Service", "Unit"].iter().any(|section| service.hole(section).is_some()) {
        return Handed::Unknown(HOLE.into());
    }
    let names = |unit: &Merged<'_>, key, wanted: &str| {
        let lines = unit.list("Install", key);
        lines.iter().any(|line| line.doubt().is_some() || words(line).any(|word| word == wanted))
    };
    if names(service, "Also", name)
        || ["WantedBy", "RequiredBy"].iter().any(|key| names(socket, key, &service.name.text))
    {
        return Handed::Unknown(format!("enabling brings `{name}` with it"));
    }
    match started.contains(name) {
        true => Handed::Unknown(format!("another unit starts `{name}`")),
        false => Handed::IfFirst,
    }
}

/// The units that other units start with themselves, by their names.
pub(super) fn started(units: &[Merged<'_>]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for unit in units {
        for line in STARTING.iter().flat_map(|key| unit.list("Unit", key)) {
            names.extend(words(&line).filter_map(|word| unit.expand(word).known().cloned()));
        }
    }
    names
}

/// The dependencies by which starting one unit starts another.
const STARTING: [&str; 5] = ["Requires", "BindsTo", "Wants", "Requisite", "Upholds"];

fn words<'a>(line: &Line<'a>) -> impl Iterator<Item = &'a str> {
    line.value().text.split(super::words::BLANKS)
}

/// What a service is handed by its socket units.
pub(super) fn activation(
    sockets: &Result<Vec<UnitSocket>, String>,
    service: &Merged<'_>,
    units: &[Merged<'_>],
) -> Activation {
    let sockets = match sockets {
        Ok(sockets) if sockets.is_empty() => return Activation::None,
        Ok(sockets) => sockets,
        Err(why) => return Activation::Unknown(why.clone()),
    };
    let mut passed = Vec::new();
    for UnitSocket { unit, .. } in sockets {
        let socket = &units[unit.0 as usize];
        match listeners(socket) {
            Ok(listeners) => passed.extend(listeners),
            Err(why) => return Activation::Unknown(why),
        }
        if !pulled_in(service, socket) && service.has_section("Install") {
            let why = format!(
                "`{}` passes its sockets only if it runs before the service: nothing here requires it",
                socket.name.text
            );
            return Activation::Unknown(why);
        }
    }
    Activation::Passed(passed)
}

/// What a socket unit listens on for streams, line by line; nothing of what a template may put there.
pub(super) fn lines(socket: &Merged<'_>) -> Vec<UnitListener> {
    let address = |line: &Line<'_>| match endpoint(socket, line) {
        Ok(endpoint) => Possible::Known(endpoint),
        Err(why) => Possible::Unknown(why),
    };
    let listener = |line: &Line<'_>| UnitListener { address: address(line), place: line.value().span };
    match socket.masked || socket.name.kind != "socket" {
        true => Vec::new(),
        false => streams(socket).iter().map(listener).collect(),
    }
}

/// What the socket units listen on for streams. Units that hand connections to services that are not in the tree
/// listen, too.
pub(super) fn addresses(units: &[Merged<'_>]) -> Vec<Possible<Endpoint>> {
    let mut addresses = Vec::new();
    for socket in units.iter().filter(|unit| unit.name.kind == "socket" && !unit.masked) {
        if socket.hole("Socket").is_some() {
            addresses.push(Possible::Unknown(HOLE.into()));
        }
        if !socket.list("Socket", "Symlinks").is_empty() {
            addresses.push(Possible::Unknown("`Symlinks=` gives the socket more names".into()));
        }
        let lines = streams(socket);
        addresses.extend(
            lines.iter().map(|line| endpoint(socket, line).map_or_else(Possible::Unknown, Possible::Known)),
        );
    }
    addresses
}

/// The streams that a socket unit listens on: what is no address is ignored.
fn streams<'a>(socket: &Merged<'a>) -> Vec<Line<'a>> {
    let mut lines = socket.list("Socket", "ListenStream");
    if let Some(row) = units::find("Socket", "ListenStream") {
        // No release reads addresses in another way.
        lines.retain(|line| judged::objections(socket, line, row, u32::MAX).is_empty());
    }
    lines
}

/// The names of the services that a socket unit may be for: the one that it names, or that bears its name.
fn for_services(socket: &Merged<'_>) -> Result<Vec<String>, String> {
    let named = socket.assignments("Socket", "Service").rfind(|line| !line.value().text.is_empty());
    match named {
        None => Ok(vec![socket.name.with_kind("service")]),
        Some(line) if line.doubt().is_some() => {
            Err(format!("which service `{}` starts is not known", socket.name.text))
        }
        Some(line) => match socket.expand(&line.value().text) {
            Possible::Known(name) => {
                let instance_of = UnitName::parse(&name).and_then(|name| name.template());
                Ok(instance_of.filter(|it| *it != name).into_iter().chain([name]).collect())
            }
            // A template's `Service=web@%i.service` with the instance unknown on both sides.
            _ => Ok(vec![line.value().text.replace("%i", "")]),
        },
    }
}

/// Whether the service brings its socket unit with it.
fn pulled_in(service: &Merged<'_>, socket: &Merged<'_>) -> bool {
    let names = |section, key| {
        service.list(section, key).into_iter().filter(|line| line.doubt().is_none()).any(|line| {
            line.value().text.split(super::words::BLANKS).any(|word| {
                word == socket.name.text
                    || service.expand(word).known() == Some(&socket.name.text)
                    || (socket.name.is_template() && word.replace("%i", "") == socket.name.text)
            })
        })
    };
    ["Requires", "BindsTo", "Wants", "Requisite"].into_iter().any(|key| names("Unit", key))
        || names("Service", "Sockets")
}

/// What a socket unit listens on.
fn listeners(socket: &Merged<'_>) -> Result<Vec<(Endpoint, Span)>, String> {
    if socket.hole("Socket").is_some() {
        return Err(HOLE.into());
    }
    let of = |key| socket.assignments("Socket", key).next_back();
    if let Some(accept) = of("Accept")
        && (accept.doubt().is_some() || units::boolean(&accept.value().text) != Some(false))
    {
        return Err("`Accept=yes` starts a service for each connection".into());
    }
    if of("Symlinks").is_some() {
        return Err("`Symlinks=` gives the socket more names".into());
    }
    if of("BindIPv6Only").is_some_and(|line| line.value().text != "default" && line.value().text != "both") {
        return Err("`BindIPv6Only=` decides what a port without an address listens on".into());
    }
    let lines = streams(socket);
    if lines.is_empty() {
        return Err(format!("`{}` has no `ListenStream=`", socket.name.text));
    }
    lines.iter().map(|line| Ok((endpoint(socket, line)?, line.value().span))).collect()
}

/// The address of one `ListenStream=`. Source: systemd.socket(5); a bare port is `[::]`, IPv4 included.
fn endpoint(socket: &Merged<'_>, line: &Line<'_>) -> Result<Endpoint, String> {
    if let Some(why) = line.doubt() {
        return Err(why.into());
    }
    let text = match socket.expand(&line.value().text) {
        Possible::Known(text) => text,
        Possible::OneOf(_) | Possible::Usually(_) => return Err("the address may be several".into()),
        Possible::Unknown(why) => return Err(why),
    };
    if text.starts_with('/') {
        return Ok(Endpoint::Unix(normalize_path(&text)));
    }
    let unknown = || format!("`ListenStream={text}` is no address that is understood");
    let (host, port) = text.rsplit_once(':').unwrap_or(("[::]", &text));
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port: u16 = port.parse().ok().filter(|port| *port > 0 && digits).ok_or_else(unknown)?;
    match Host::parse(host) {
        Host::V6(_) if !host.starts_with('[') => Err(unknown()),
        Host::Name(_) => Err(unknown()),
        host => Ok(Endpoint::Tcp(host, port)),
    }
}
