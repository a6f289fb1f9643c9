//! A socket that Gunicorn makes itself: its umask, and the directory.

use super::gate::{ENTER, Gate, WRITE};
use super::{Way, first_group, log};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label};
use crate::model::Setting;
use crate::rules::{Context, decimal_umask};

pub(super) fn finding(context: &Context, way: &Way) -> Option<Finding> {
    // A wrapper such as `sudo` makes it another user, and so may Gunicorn itself.
    let changes = way.app.behind.as_deref().is_some_and(|why| !why.contains("shell"));
    let may_change = |name: &str| way.app.settings.get(name).is_none_or(|it| it.origin.is_written());
    if !way.app.binds_itself() || changes || may_change("user") || may_change("group") {
        return None;
    }
    let user = way.unit.user();
    let owner = user.known()?.clone().unwrap_or_else(|| "root".into());
    let group = way.group().or_else(|| first_group(context, &owner));
    of_umask(context, way, &owner, group.as_deref())
        .or_else(|| of_runtime_directory(context, way, &owner, group.as_deref()))
        .or_else(|| of_boot_directory(context, way))
}

/// Gunicorn's umask takes from others what nginx needs.
fn of_umask(context: &Context, way: &Way, owner: &str, group: Option<&str>) -> Option<Finding> {
    let umask: Setting<i64> = way.app.setting("umask");
    let value = u32::try_from(*umask.value.known()?).ok()?;
    let place = umask.origin.place?;
    let gate = Gate { mode: 0o777 & !value, owner, group };
    if !gate.shuts_out(context, &way.client, WRITE) || decimal_umask::is_of(context, way.app) {
        return None;
    }
    let message = format!(
        "with this `umask` Gunicorn makes {} with {}, and {} may not connect, which takes the right to write: {}",
        way.path,
        gate.describe(),
        way.client.name(),
        log(way.path)
    );
    let primary =
        Label { span: place, text: format!("0o{value:03o}, {}", umask.origin.describe("Gunicorn")) };
    let mut finding = way.finding(message, primary, Vec::new());
    finding.help = Some(
        "leave `umask` out, with which everybody may connect, or take 0o007 and give the unit nginx's group: `Group=www-data`"
            .into(),
    );
    Some(finding)
}

/// The unit's directory is closed to nginx.
fn of_runtime_directory(context: &Context, way: &Way, owner: &str, group: Option<&str>) -> Option<Finding> {
    let names: Setting<Option<Vec<String>>> = way.unit.setting("RuntimeDirectory");
    let name = way.directory().strip_prefix("/run/")?;
    let is_own = names.value.known()?.as_ref()?.iter().any(|it| it.split(':').next() == Some(name));
    let mode: Setting<Option<String>> = way.unit.setting("RuntimeDirectoryMode");
    let place = mode.origin.place.filter(|_| is_own)?;
    let gate = Gate { mode: octal(mode.value.known()?.as_ref()?)?, owner, group };
    if !gate.shuts_out(context, &way.client, ENTER) {
        return None;
    }
    let message = format!(
        "systemd makes {} with {}, and {} may not enter it: {}",
        way.directory(),
        gate.describe(),
        way.client.name(),
        log(way.path)
    );
    let primary = Label { span: place, text: "closed to others".into() };
    let mut finding = way.finding(message, primary, Vec::new());
    finding.help = Some("leave it out: 0755 is the default, and the socket has a mode of its own".into());
    let edit = mode.origin.anchor.map(|anchor| anchor.set("0755"));
    finding.fix = edit.and_then(|edit| Fix::new("let others enter", Applicability::Safe, vec![edit]));
    Some(finding)
}

/// A directory that `tmpfiles.d` makes is closed to nginx.
fn of_boot_directory(context: &Context, way: &Way) -> Option<Finding> {
    let machine = &context.deployment.machine;
    let [made] = machine.directories.get(way.directory())?.as_slice() else { return None };
    let gate = Gate { mode: made.mode?, owner: &made.user, group: Some(&made.group) };
    let is_handled = machine.unknown_directories.is_some() || machine.handled.contains_key(way.directory());
    if is_handled || !gate.shuts_out(context, &way.client, ENTER) {
        return None;
    }
    let message = format!(
        "`tmpfiles.d` makes {} with {}, and {} may not enter it: {}",
        way.directory(),
        gate.describe(),
        way.client.name(),
        log(way.path)
    );
    let place = way.app.listeners.origin.place.unwrap_or(way.app.place);
    let primary = Label { span: place, text: format!("the socket is in {}", way.directory()) };
    let mut finding = way.finding(message, primary, Vec::new());
    finding.help = Some("make it with the mode 0755: the socket has a mode of its own".into());
    Some(finding)
}

pub(super) fn octal(mode: &str) -> Option<u32> {
    u32::from_str_radix(mode, 8).ok()
}
