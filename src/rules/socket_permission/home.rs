//! A socket in somebody's home, which is closed to others on most systems.

use super::{Way, log};
use crate::finding::{Finding, Label, Severity};
use crate::rules::Context;

pub(super) fn finding(context: &Context, way: &Way) -> Option<Finding> {
    let machine = &context.deployment.machine;
    let (home, user) = home(way.path)?;
    let is_open = machine.unknown_directories.is_some() || machine.handled.contains_key(home);
    let hides = way.unit.setting::<bool>("ProtectHome").value;
    if is_open || way.client.may_be(user) || !hides.must(|hides| *hides == Some(false)) {
        return None;
    }
    let closed = match user {
        "root" => "is closed to all others on every system",
        _ => "is closed to others where the system makes homes so, as Debian 12, Ubuntu 21.04 and Fedora do",
    };
    let message = format!(
        "the socket of `{}` is in {home}, which {closed}: {} may not enter it then: {}",
        way.unit.name,
        way.client.name(),
        log(way.path)
    );
    let place = way.app.listeners.origin.place.unwrap_or(way.app.place);
    let primary = Label { span: place, text: format!("the socket is in {home}") };
    let mut finding = way.finding(message, primary, Vec::new());
    if user != "root" {
        // What a home's mode is on the machine cannot be told.
        finding.severity = Severity::Note;
    }
    finding.help =
        Some("let systemd make a directory with `RuntimeDirectory=`, and put the socket there".into());
    Some(finding)
}

/// The home that a path is in, and whose it is.
fn home(path: &str) -> Option<(&str, &str)> {
    if path.starts_with("/root/") {
        return Some(("/root", "root"));
    }
    let inside = path.strip_prefix("/home/")?;
    let (user, _) = inside.split_once('/')?;
    Some((&path[.."/home/".len() + user.len()], user))
}
