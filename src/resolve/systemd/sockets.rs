//! Whether a service is handed listening sockets, and which.

use super::judged;
use super::merge::{HOLE, Line, Merged};
use super::name::UnitName;
use crate::resolve::launch::Activation;
use crate::source::Span;
use crate::units;
use crate::value::{Endpoint, Host, Possible, normalize_path};

/// What a service is handed by the socket units of its stack.
///
/// A service gets the descriptors of its socket unit for certain where it pulls the socket unit in or where nothing but
/// the socket starts it. A service that can be started on its own, and whose socket is then not yet there, binds for
/// itself: seen with systemd 252 and 257.
pub(super) fn activation(service: &Merged<'_>, units: &[Merged<'_>]) -> Activation {
    let mut sockets = Vec::new();
    let mut elsewhere = false;
    for socket in units.iter().filter(|unit| unit.name.kind == "socket" && !unit.masked) {
        match starts(socket, service) {
            Ok(false) => continue,
            Ok(true) => {}
            Err(why) => return Activation::Unknown(why),
        }
        if socket.home == service.home {
            sockets.push(socket);
        } else if !units.iter().any(|unit| unit.home == socket.home && unit.name == service.name) {
            // Units that are spread over a repository. Which of several services of one name is meant is not known.
            elsewhere |= units.iter().filter(|unit| unit.name == service.name).count() > 1;
            sockets.push(socket);
        }
    }
    if elsewhere {
        return Activation::Unknown(
            "its socket unit lies elsewhere, beside several units of this name".into(),
        );
    }
    if sockets.is_empty() {
        return match service.list("Service", "Sockets").first() {
            Some(_) => Activation::Unknown("`Sockets=` names a unit that is not in the tree".into()),
            None => Activation::None,
        };
    }
    let mut passed = Vec::new();
    for socket in sockets {
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

/// What the socket units listen on for streams. Units that hand connections to services that are not in the tree
/// listen, too.
pub(super) fn addresses(units: &[Merged<'_>]) -> Vec<Possible<Endpoint>> {
    let mut addresses = Vec::new();
    for socket in units.iter().filter(|unit| unit.name.kind == "socket" && !unit.masked) {
        if socket.hole("Socket").is_some() {
            addresses.push(Possible::Unknown(HOLE.into()));
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

/// Whether a socket unit is for a service: it names it, or bears its name.
fn starts(socket: &Merged<'_>, service: &Merged<'_>) -> Result<bool, String> {
    let named = socket.assignments("Socket", "Service").rfind(|line| !line.value().text.is_empty());
    match named {
        None => Ok(socket.name.with_kind("service") == service.name.text),
        Some(line) if line.doubt().is_some() => {
            Err(format!("which service `{}` starts is not known", socket.name.text))
        }
        Some(line) => match socket.expand(&line.value().text) {
            Possible::Known(name) => {
                let instance_of = UnitName::parse(&name).and_then(|name| name.template());
                Ok(name == service.name.text || instance_of.as_ref() == Some(&service.name.text))
            }
            // A template's `Service=web@%i.service` with the instance unknown on both sides.
            _ => Ok(line.value().text.replace("%i", "") == service.name.text),
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
        Possible::OneOf(_) | Possible::Usually { .. } => return Err("the address may be several".into()),
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
