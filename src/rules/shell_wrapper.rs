//! A shell that gets the signals that are meant for Gunicorn.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule, service_type};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Handed, Patience, Receiver, Setting, Shell, Unit};
use crate::source::Span;
use crate::value::Duration;

pub(super) const RULE: Rule = Rule {
    name: "shell-wrapper",
    category: Category::Systemd,
    severity: Severity::Warning,
    summary: "a shell as the main process of a service, which hands no signal on to Gunicorn",
    outcome: "lost signals",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/shell-wrapper.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    // A template has instances, and a script may be run by several units.
    let mut seen = BTreeSet::new();
    for (app, unit) in context.deployment.services() {
        // That it is not handed the sockets of a socket unit is told by another rule.
        let is_told = unit.sockets.iter().any(|socket| socket.handed == Handed::Always);
        if is_told && consequences(unit).is_empty() {
            continue;
        }
        // Where systemd waits for a word of Gunicorn's, the service does not start at all.
        let is_here = unit.stops(app) && !service_type::is_unheard(context, app, unit);
        // What `forking` waits for is the end of the shell.
        let may_end = unit.setting::<String>("Type").value.may(|kind| kind.as_deref() == Some("forking"));
        let Some(shell) = app.shell.as_ref().filter(|_| is_here && !may_end) else { continue };
        if seen.insert((shell.command, unit.place)) {
            let graceful: Setting<Duration> = app.setting("graceful_timeout");
            let patience = unit.waits(&graceful.value, context.sources);
            findings.push(finding(unit, shell, patience));
        }
    }
}

/// What comes of it that the shell gets a signal and dies of it, and where that is written.
///
/// Seen with dash 0.5.12 and bash 5.2, and with systemd 252 and 257: with `mixed` the other processes get no SIGTERM, and
/// are killed as soon as the main process has ended.
fn consequences(unit: &Unit) -> Vec<(&'static str, Span, &'static str)> {
    let mut found = Vec::new();
    let signal: Setting<Option<String>> = unit.setting("KillSignal");
    let is_ended = signal.value.must(|signal| signal.as_deref().is_none_or(ends)) && unit.stops_main_alone();
    let mode = unit.settings.get("KillMode").and_then(|mode| mode.origin.place).filter(|_| is_ended);
    let kills: Setting<Option<bool>> = unit.setting("SendSIGKILL");
    if let Some(place) = mode.filter(|_| unit.must_be("KillMode", &["mixed"]))
        && kills.value.must(|it| *it == Some(true))
    {
        let what = "a stop or a restart ends the shell, and Gunicorn is killed at once with the requests that it is serving, which is \
                    a 502";
        found.push((what, place, "only the main process is told to stop"));
    }
    if let Some(place) = mode.filter(|_| unit.must_be("KillMode", &["process"])) {
        let what =
            "a stop or a restart ends the shell, and Gunicorn goes on with the old code and keeps its port";
        found.push((what, place, "only the main process is stopped"));
    }
    let reload = unit.commands_of("ExecReload").find(|command| {
        command.signal.as_ref().is_some_and(|signal| signal.receiver == Receiver::Main && ends(&signal.name))
    });
    if let Some(command) = reload {
        let what = "a reload ends the shell, and with it the service: nginx answers with a 502 until somebody starts it";
        found.push((what, command.place, "this signal gets the shell"));
    }
    found
}

/// Whether a shell that waits for a program ends by a signal, whichever shell it is. Both live on after `SIGINT`, and bash after
/// `SIGQUIT`.
fn ends(signal: &str) -> bool {
    !matches!(
        signal,
        "SIGINT"
            | "SIGQUIT"
            | "SIGWINCH"
            | "SIGCHLD"
            | "SIGCONT"
            | "SIGURG"
            | "SIGTSTP"
            | "SIGTTIN"
            | "SIGTTOU"
            | "SIGSTOP"
    )
}

fn finding(unit: &Unit, shell: &Shell, patience: Patience) -> Finding {
    let consequences = consequences(unit);
    // The user and the group of this name are Debian's and Ubuntu's, where `sh` is dash.
    let is_debian = unit.must_be("User", &["www-data"]) || unit.must_be("Group", &["www-data"]);
    let what: Vec<&str> = consequences.iter().map(|(what, ..)| *what).collect();
    let what = if what.is_empty() {
        "what is sent to the main process does not reach Gunicorn".to_owned()
    } else {
        what.join("; ")
    };
    let Shell { called, .. } = shell;
    let stays = format!("{called} stays in front of Gunicorn as the main process of `{}`", unit.name);
    let message = if shell.surely {
        format!("{stays}: {what}")
    } else {
        format!("where `sh` is dash, as on Debian and Ubuntu, {stays}: {what}")
    };
    let primary = Label { span: shell.command, text: "the shell waits for this".into() };
    let related = consequences.iter().map(|(_, span, text)| Label { span: *span, text: (*text).into() });
    let mut finding = RULE.finding(message, primary, related.collect());
    if consequences.is_empty() || !(shell.surely || is_debian) {
        finding.severity = Severity::Note;
    }
    finding.help = Some(match shell.exec {
        Some(_) if shell.alone => "with `exec` before the command it takes the shell's place".into(),
        _ if !shell.alone => "let the unit start Gunicorn itself: the shell is not all that stays in front of it".into(),
        _ => "let the unit start Gunicorn itself, or let `exec` before it be the last thing that the shell does".into(),
    });
    finding.fix = fix(unit, shell, patience);
    finding
}

/// Lets Gunicorn take the shell's place, and mends what only the shell had kept from counting.
pub(super) fn fix(unit: &Unit, shell: &Shell, patience: Patience) -> Option<Fix> {
    let place = shell.exec.filter(|_| shell.alone)?;
    let mut edits = vec![Edit { span: place, replacement: "exec ".into() }];
    if unit.must_be("KillMode", &["process"]) {
        edits.push(unit.settings.get("KillMode")?.origin.anchor?.set("mixed"));
    }
    if let Patience::Short(longer) = patience
        && !unit.must_be("KillMode", &["control-group"])
    {
        edits.push(longer?);
    }
    Fix::new("let Gunicorn take the shell's place", Applicability::Safe, edits)
}
