//! A Gunicorn that leaves the process that systemd watches.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, Dialect, OriginKind, Setting, Unit, Version, remove_word};
use crate::source::{FileId, Span};

pub(super) const RULE: Rule = Rule {
    name: "daemon-under-manager",
    category: Category::Systemd,
    severity: Severity::Error,
    summary: "a Gunicorn that goes into the background, where systemd does not follow it",
    outcome: "dead at once, 502",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/daemon-under-manager.md"),
    check,
};

/// What becomes of a service whose Gunicorn goes into the background.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The process that was started ends well, and all others are killed.
    Over,
    /// systemd waits for a word of the process that was started, and that has ended.
    Failed,
    /// systemd guesses which process is the service's, and that ends.
    Lost,
    /// It runs, and systemd takes the service for ended.
    Alone,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut readers: BTreeMap<FileId, usize> = BTreeMap::new();
    for file in context.deployment.apps.iter().filter_map(|app| app.config) {
        *readers.entry(file).or_default() += 1;
    }
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    for (app, unit) in context.deployment.services() {
        let daemon: Setting<bool> = app.setting("daemon");
        let place = daemon.origin.place.filter(|_| daemon.value.must(|daemon| *daemon));
        // What a shell does when its command has ended is its own matter.
        let (Some(place), None) = (place, &app.behind) else { continue };
        let Some((kind, fate)) = fate(unit) else { continue };
        if seen.insert(place) {
            let shared = app.config.is_some_and(|file| readers[&file] > 1);
            let mut finding = finding(app, unit, (&kind, fate), &daemon, place);
            finding.fix = fix(context, unit, &daemon, (place, shared), fate);
            findings.push(finding);
        }
    }
}

/// The type of a service, and what becomes of it. Source: `service_sigchld_event` and `service_enter_running` in
/// `src/core/service.c`, systemd 252.
fn fate(unit: &Unit) -> Option<(String, Fate)> {
    let text = |name: &str| unit.setting::<String>(name).value.known().cloned().flatten();
    let is = |name: &str, wanted: bool| {
        unit.setting::<bool>(name).value.must(|value| value.unwrap_or(false) == wanted)
    };
    let kind = text("Type")?;
    let kill_mode = text("KillMode")?;
    let all_end = matches!(kill_mode.as_str(), "control-group" | "mixed");
    let ends = is("RemainAfterExit", false);
    if !ends && !is("RemainAfterExit", true) {
        return None;
    }
    let fate = match kind.as_str() {
        // With `RemainAfterExit=` and a word from any process it may be up after all.
        "notify" | "notify-reload" if ends && all_end => Fate::Failed,
        "notify" | "notify-reload" => return None,
        // Without a guess it is up for as long as there is a process.
        "forking" if !is("GuessMainPID", true) || !not_set(unit, "PIDFile") => return None,
        "forking" if ends && all_end => Fate::Lost,
        "simple" | "exec" | "idle" | "oneshot" if ends && all_end => Fate::Over,
        "simple" | "exec" | "idle" | "oneshot" | "forking" => Fate::Alone,
        _ => return None,
    };
    Some((kind, fate))
}

/// Whether a setting is certainly not set.
fn not_set(unit: &Unit, name: &str) -> bool {
    unit.setting::<String>(name).value.must(Option::is_none)
}

fn finding(
    app: &App,
    unit: &Unit,
    (kind, fate): (&str, Fate),
    daemon: &Setting<bool>,
    place: Span,
) -> Finding {
    let name = &unit.name;
    let message = match fate {
        Fate::Over => format!(
            "`{name}` is over as soon as it is started: with `daemon` the process that systemd started ends at once, and of a \
             service of `Type={kind}` that is the end; systemd kills what it leaves behind"
        ),
        Fate::Failed => format!(
            "`{name}` fails to start: with `daemon` the process from which `Type={kind}` waits for a word ends at once, and systemd \
             kills what it leaves behind"
        ),
        Fate::Lost => format!(
            "`{name}` is over as soon as it is started: `daemon` forks twice, and without a `PIDFile=` systemd takes a process for \
             the service's that ends at once, and kills the others"
        ),
        Fate::Alone => format!(
            "`{name}` counts as ended while Gunicorn runs: with `daemon` systemd does not follow it, and neither sees that it fails \
             nor starts it again"
        ),
    };
    let text = format!("Gunicorn goes into the background, {}", daemon.origin.describe("Gunicorn"));
    let mut related = Vec::new();
    let by = ["KillMode", "RemainAfterExit"].iter().find_map(|name| {
        let origin = &unit.settings.get(*name)?.origin;
        origin.place.filter(|_| fate == Fate::Alone && origin.is_written())
    });
    if let Some(span) = by {
        related.push(Label { span, text: "this leaves Gunicorn alone".into() });
    } else if let Some(span) = unit.settings.get("Type").and_then(|kind| kind.origin.place) {
        related.push(Label { span, text: format!("the service is of `Type={kind}`") });
    }
    if daemon.origin.kind != OriginKind::CommandLine {
        related.push(Label { span: app.place, text: "started here, as a service".into() });
    }
    let mut finding = RULE.finding(message, Label { span: place, text }, related);
    if fate == Fate::Alone {
        finding.severity = Severity::Warning;
        finding.outcome = "502 until somebody starts it".into();
    }
    finding.help =
        Some("do without `daemon`: in front, Gunicorn is the process that systemd watches and stops".into());
    finding
}

/// Takes the option away, or turns the setting off in a file that nobody else reads; of a service that is told to expect a
/// fork the type becomes another.
fn fix(
    context: &Context,
    unit: &Unit,
    daemon: &Setting<bool>,
    (place, shared): (Span, bool),
    fate: Fate,
) -> Option<Fix> {
    let mut edits = vec![in_front(context, daemon, place, shared)?];
    if let Some(edit) = instead_of_forking(context, unit) {
        edits.push(edit?);
    }
    let applicability = if fate == Fate::Alone { Applicability::Unsafe } else { Applicability::Safe };
    Fix::new("keep Gunicorn in front", applicability, edits)
}

/// Keeps Gunicorn in front.
fn in_front(context: &Context, daemon: &Setting<bool>, place: Span, shared: bool) -> Option<Edit> {
    match (daemon.origin.kind, daemon.origin.anchor) {
        (OriginKind::CommandLine, _) if matches!(context.sources.text(place), "-D" | "--daemon") => {
            remove_word(place, context.sources)
        }
        (OriginKind::Written, Some(anchor)) if anchor.dialect == Dialect::Python && !shared => {
            Some(anchor.set("False"))
        }
        _ => None,
    }
}

/// Another type in the place of `forking`; `None` where the service is of another one anyway, and `Some(None)` where it
/// cannot be written.
fn instead_of_forking(context: &Context, unit: &Unit) -> Option<Option<Edit>> {
    let kind: Setting<Option<String>> = unit.setting("Type");
    kind.value.must(|kind| kind.as_deref() == Some("forking")).then(|| {
        // Gunicorn says since 20.0 that it is up.
        let says = context.deployment.target.gunicorn >= Version(20, 0, 0);
        Some(kind.origin.anchor?.set(if says { "notify" } else { "simple" }))
    })
}
