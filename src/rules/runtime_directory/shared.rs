//! A directory of several services, or of the instances of one: whichever stops takes the sockets of the others with it.

use std::collections::BTreeMap;

use super::{Directories, binders, directory_of, mends, warning};
use crate::finding::{Finding, Label};
use crate::model::{App, Manager, Unit};
use crate::rules::Context;
use crate::value::environment;

/// How many services that share a directory are compared with each that has a socket in it.
const MAX_COMPARED: usize = 16;

pub(super) fn findings(context: &Context, directories: &Directories) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut sockets: BTreeMap<&str, Vec<(&Unit, &App)>> = BTreeMap::new();
    for (app, unit, paths) in binders(context) {
        for directory in paths.into_iter().filter_map(directory_of) {
            sockets.entry(directory).or_default().push((unit, app));
        }
    }
    for (directory, units) in &directories.by_services {
        let makers: Vec<&Unit> = units.iter().map(|id| context.deployment.unit(*id)).collect();
        let makers = &makers[..makers.len().min(MAX_COMPARED)];
        let there = sockets.get(directory.as_str()).map_or(&[][..], Vec::as_slice);
        let pair = there.iter().take(MAX_COMPARED).find_map(|(unit, app)| {
            let other = makers.iter().find(|other| takes_from(context, other, unit))?;
            Some((*other, *unit, *app))
        });
        if let Some((other, unit, app)) = pair {
            findings.push(finding(context, directory, other, unit, app, makers));
        }
    }
    findings.extend(of_templates(context));
    findings
}

/// Whether a service takes a directory away in which another one has its socket.
fn takes_from(context: &Context, other: &Unit, unit: &Unit) -> bool {
    let path = |unit: &Unit| unit.files.first().map_or("", |file| context.sources.get(*file).path.as_str());
    let folder = |unit| path(unit).rsplit_once('/').map_or("", |(folder, _)| folder);
    other.name != unit.name
        && other.kind() == "service"
        && other.manager == Manager::System
        && mends::goes(other)
        && folder(other) == folder(unit)
        && environment(path(other)) == environment(path(unit))
        && [other, unit].iter().all(|unit| runs(unit) && !unit.settings.contains_key("Conflicts"))
}

/// Whether a service is certainly run: it is enabled, an instance that something names, or done when it has run.
fn runs(unit: &Unit) -> bool {
    let is_enabled =
        ["WantedBy", "RequiredBy", "UpheldBy"].iter().any(|key| unit.settings.contains_key(*key));
    let is_instance = unit.name.contains('@') && !unit.name.contains("@.");
    let is_done = unit.setting::<String>("Type").value.must(|kind| kind.as_deref() == Some("oneshot"));
    let is_conditional =
        unit.settings.keys().any(|key| key.starts_with("Condition") || key.starts_with("Assert"));
    (is_enabled || is_instance || is_done) && !is_conditional
}

fn finding(
    context: &Context,
    directory: &str,
    other: &Unit,
    unit: &Unit,
    app: &App,
    makers: &[&Unit],
) -> Finding {
    let message = format!(
        "`{}` and `{}` share {directory}, and systemd removes it whenever one of them stops: with `{}` goes the socket of \
         `{}`, which runs on, and nginx answers for it with a 502",
        other.name, unit.name, other.name, unit.name
    );
    let place = |unit: &Unit| unit.settings.get("RuntimeDirectory").and_then(|it| it.origin.place);
    let primary = Label {
        span: place(other).unwrap_or(other.place),
        text: format!("{directory} goes when `{}` stops", other.name),
    };
    let socket = Label {
        span: app.listeners.origin.place.unwrap_or(app.place),
        text: format!("the socket of `{}` is in it", unit.name),
    };
    let mut finding = warning(message, primary, vec![socket]);
    finding.outcome = "502 after a stop or a restart of the other".into();
    finding.help = Some(
        "give each a directory of its own, or let it stay: `RuntimeDirectoryPreserve=yes` in each of the units".into(),
    );
    let going = makers.iter().copied().filter(|unit| mends::goes(unit));
    finding.fix = mends::keep(context, going);
    finding
}

/// Templates whose instances have sockets of their own in a directory that they share, where no instance is named.
fn of_templates(context: &Context) -> Vec<Finding> {
    let mut findings = Vec::new();
    for app in &context.deployment.apps {
        let Some(unit) = app.unit.map(|id| context.deployment.unit(id)) else { continue };
        if !unit.name.contains("@.") || unit.manager != Manager::System || !mends::goes(unit) {
            continue;
        }
        let bind = app.settings.get("bind");
        let text = bind.and_then(|bind| bind.origin.place).map_or("", |place| context.sources.text(place));
        let is_each = text.contains("%i") || text.contains("%I");
        let shared = unit.runtime_directories().unwrap_or_default();
        let directory = shared.iter().find(|it| text.contains(&format!("{}/%", it.trim_start_matches('/'))));
        let Some((directory, setting)) =
            directory.zip(unit.settings.get("RuntimeDirectory")).filter(|_| is_each)
        else {
            continue;
        };
        let message = format!(
            "the instances of `{}` share {directory}, and systemd removes it whenever one of them stops: with it go the \
             sockets of the others, which run on, and nginx answers for them with a 502",
            unit.name
        );
        let primary = Label {
            span: setting.origin.place.unwrap_or(unit.place),
            text: format!("{directory} goes when any instance stops"),
        };
        let mut finding = warning(message, primary, Vec::new());
        finding.outcome = "502 after a stop or a restart of another instance".into();
        finding.help = Some(
            "give each a directory of its own, with `%i` in its name, or let it stay: `RuntimeDirectoryPreserve=yes`".into(),
        );
        finding.fix = mends::keep(context, std::iter::once(unit));
        findings.push(finding);
    }
    findings
}
