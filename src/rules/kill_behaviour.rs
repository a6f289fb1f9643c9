//! A service that is not stopped in the way in which Gunicorn lets its requests end.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, Patience, Receiver, Setting, Unit, UnitCommand};
use crate::value::{Duration, Endpoint};

pub(super) const RULE: Rule = Rule {
    name: "kill-behaviour",
    category: Category::Systemd,
    severity: Severity::Warning,
    summary: "a service that is stopped in another way than by letting its requests end",
    outcome: "502",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/kill-behaviour.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    // A drop-in may be for several units, and a template has instances.
    let mut seen = BTreeSet::new();
    for (app, unit) in context.deployment.services().filter(|(app, unit)| unit.stops(app)) {
        let service = Service { context, app, unit };
        let signals = ["KillSignal", "RestartKillSignal"].into_iter().filter_map(|name| service.signal(name));
        let commands = unit.commands_of("ExecStop").filter_map(|command| service.command(command));
        let found = signals.chain(commands).chain(service.mode()).chain(service.no_kill());
        findings.extend(found.filter(|finding| seen.insert(finding.primary.span)));
    }
}

struct Service<'a> {
    context: &'a Context<'a>,
    app: &'a App,
    unit: &'a Unit,
}

/// Whether Gunicorn goes on when it gets a signal, and can still end by another.
fn leaves_running(signal: &str) -> bool {
    matches!(
        signal,
        "SIGHUP"
            | "SIGUSR1"
            | "SIGUSR2"
            | "SIGTTIN"
            | "SIGTTOU"
            | "SIGWINCH"
            | "SIGCHLD"
            | "SIGCONT"
            | "SIGURG"
            | "SIGPIPE"
            | "SIGTSTP"
            | "SIGSTOP"
    )
}

/// What a signal does to Gunicorn instead of letting it stop gracefully, as `SIGTERM` does.
///
/// Source: `Arbiter.SIGNALS` in `gunicorn/arbiter.py`, and what a process does about a signal that it does not handle;
/// `WINCH` is passed over but by a daemon.
fn instead(signal: &str) -> &'static str {
    match signal {
        "SIGINT" | "SIGQUIT" => {
            "makes Gunicorn stop at once: requests that it is serving are cut, which is a 502"
        }
        "SIGHUP" => {
            "makes Gunicorn load its workers anew, and not stop: systemd kills it when its time is up"
        }
        signal if leaves_running(signal) => {
            "does not make Gunicorn stop: systemd kills it when its time is up, with the requests that it is serving"
        }
        _ => "ends Gunicorn at once: requests that it is serving are cut, which is a 502",
    }
}

fn is_path(address: &Endpoint) -> bool {
    matches!(address, Endpoint::Unix(_))
}

impl Service<'_> {
    /// `KillSignal=` and `RestartKillSignal=`.
    fn signal(&self, name: &str) -> Option<Finding> {
        let setting: Setting<Option<String>> = self.unit.setting(name);
        let signal = setting.value.known()?.as_deref().filter(|signal| *signal != "SIGTERM")?;
        // What a process in front of Gunicorn does with a signal is its own matter; a whole group gets it all.
        if self.app.behind.is_some() && !self.unit.must_be("KillMode", &["control-group"]) {
            return None;
        }
        if self.unit.must_be("KillMode", &["none"]) || self.is_stopped_before(signal) {
            return None;
        }
        let occasion = if name == "KillSignal" { "stop and restart" } else { "restart" };
        let message = format!(
            "at each {occasion} of `{}` systemd sends {signal}, which {}",
            self.unit.name,
            instead(signal)
        );
        let help = format!(
            "Gunicorn lets its requests end when it gets SIGTERM, which systemd sends without `{name}=`; SIGQUIT is for nginx \
             and uWSGI"
        );
        let edit = setting.origin.anchor.map(|anchor| anchor.set("SIGTERM"));
        let text = format!("`{name}={signal}`, {}", setting.origin.describe("systemd"));
        let label = Label { span: setting.origin.place?, text };
        Some(self.finding(message, label, help, edit, "stop it with SIGTERM"))
    }

    /// Whether a command may have made Gunicorn stop before systemd sends its signal: what another signal does then is no
    /// harm. One that stops it at once still cuts requests where the command does not wait.
    fn is_stopped_before(&self, signal: &str) -> bool {
        self.unit.settings.contains_key("ExecStop")
            && (leaves_running(signal) || !self.unit.stops_main_alone())
    }

    /// An `ExecStop=` that sends a signal.
    fn command(&self, command: &UnitCommand) -> Option<Finding> {
        let signal = command.signal.as_ref()?;
        let reaches = match &signal.receiver {
            Receiver::Main => self.app.behind.is_none(),
            Receiver::PidFile => true,
            Receiver::Nobody(_) => false,
            Receiver::Named(_) => signal.receiver.is_any_gunicorn(),
        };
        if !reaches || !matches!(signal.name.as_str(), "SIGINT" | "SIGQUIT" | "SIGKILL" | "SIGABRT") {
            return None;
        }
        let message = format!(
            "at each stop and restart of `{}` this sends {}, which {}",
            self.unit.name,
            signal.name,
            instead(&signal.name)
        );
        // Whom else a name reaches is not known.
        let edit = signal.instead("TERM").filter(|_| !matches!(signal.receiver, Receiver::Named(_)));
        let help =
            "without `ExecStop=` systemd sends SIGTERM by itself, waits, and kills what is left".into();
        let label = Label { span: command.place, text: format!("{} is sent here", signal.name) };
        Some(self.finding(message, label, help, edit, "stop it with SIGTERM"))
    }

    /// `KillMode=`.
    fn mode(&self) -> Option<Finding> {
        let mode: Setting<Option<String>> = self.unit.setting("KillMode");
        let has_commands = |name: &str| self.unit.settings.contains_key(name);
        let place = mode.origin.place?;
        let label = |text: &str| Label { span: place, text: text.into() };
        let edit = mode.origin.anchor.map(|anchor| anchor.set("mixed"));
        // Who hands over to another Gunicorn by SIGUSR2 needs such a mode.
        let hands_over = self
            .unit
            .commands_of("ExecReload")
            .any(|command| command.signal.as_ref().is_none_or(|signal| signal.name == "SIGUSR2"));
        // A file of a socket is replaced by the next that binds there.
        let keeps = match self.app.listeners.value.known().is_some_and(|all| all.iter().all(is_path)) {
            true => "",
            false => ", and keeps its port",
        };
        const HELP: &str = "with `KillMode=mixed` Gunicorn's master is told to stop, and what is left when the time is up is \
                            killed";
        match mode.value.known()?.as_deref()? {
            "none" if !hands_over && !has_commands("ExecStop") && !has_commands("ExecStopPost") => {
                let message = format!(
                    "nothing stops `{}`: after each stop and restart the old Gunicorn goes on with the old code{keeps}",
                    self.unit.name
                );
                let label = label("systemd kills nothing");
                Some(self.finding(message, label, HELP.into(), edit, "let systemd stop it"))
            }
            "process" if !hands_over && self.app.behind.is_none() => {
                let graceful: Setting<Duration> = self.app.setting("graceful_timeout");
                let (message, severity) = match self.unit.waits(&graceful.value, self.context.sources) {
                    Patience::Enough => (
                        format!(
                            "systemd stops the main process of `{}` alone: what else it started goes on, and Gunicorn's workers \
                             do where its master is killed",
                            self.unit.name
                        ),
                        Severity::Note,
                    ),
                    Patience::Short(_) => (
                        format!(
                            "systemd kills the main process of `{}` alone, and before Gunicorn has ended its workers: they go on \
                             with the old code{}",
                            self.unit.name,
                            if keeps.is_empty() { "" } else { " and keep the port, so that a restart fails" }
                        ),
                        Severity::Warning,
                    ),
                };
                let found = self.finding(
                    message,
                    label("only one process is stopped"),
                    HELP.into(),
                    edit,
                    "stop all of it",
                );
                Some(Finding { severity, ..found })
            }
            _ => None,
        }
    }

    /// `SendSIGKILL=no`.
    fn no_kill(&self) -> Option<Finding> {
        let kills: Setting<Option<bool>> = self.unit.setting("SendSIGKILL");
        let is_off = kills.value.must(|it| *it == Some(false));
        if !is_off || self.unit.must_be("KillMode", &["none"]) {
            return None;
        }
        let graceful: Setting<Duration> = self.app.setting("graceful_timeout");
        let is_short = matches!(self.unit.waits(&graceful.value, self.context.sources), Patience::Short(_));
        let severity = if is_short { Severity::Warning } else { Severity::Note };
        let message = format!(
            "what of `{}` has not ended when its time to stop is up goes on: a Gunicorn that is started then runs beside it",
            self.unit.name
        );
        let label = Label { span: kills.origin.place?, text: "systemd does not kill what is left".into() };
        let help = "systemd kills it without `SendSIGKILL=`".to_owned();
        let mut found = self.finding(message, label, help, None, "");
        let edits = self.edits(kills.origin.anchor.map(|anchor| anchor.set("yes")));
        found.fix = edits.and_then(|it| Fix::new("let systemd kill what is left", Applicability::Unsafe, it));
        Some(Finding { severity, ..found })
    }

    fn finding(
        &self,
        message: String,
        label: Label,
        help: String,
        edit: Option<Edit>,
        title: &str,
    ) -> Finding {
        let mut related = Vec::new();
        if self.app.place.file != label.span.file {
            related.push(Label { span: self.app.place, text: "Gunicorn is started here".into() });
        }
        let mut finding = RULE.finding(message, label, related);
        finding.help = Some(help);
        finding.fix = self.edits(edit).and_then(|edits| Fix::new(title, Applicability::Safe, edits));
        finding
    }

    /// A change to the way in which it is stopped, with the time that Gunicorn then needs.
    fn edits(&self, edit: Option<Edit>) -> Option<Vec<Edit>> {
        let graceful: Setting<Duration> = self.app.setting("graceful_timeout");
        match self.unit.waits(&graceful.value, self.context.sources) {
            Patience::Enough => Some(vec![edit?]),
            Patience::Short(longer) => Some(vec![edit?, longer?]),
        }
    }
}
