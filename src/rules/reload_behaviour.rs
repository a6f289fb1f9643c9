//! A service that does not load its app anew when it is told to.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, Receiver, Setting, Signal, Unit, UnitCommand, Version, WorkerClass};

pub(super) const RULE: Rule = Rule {
    name: "reload-behaviour",
    category: Category::Systemd,
    severity: Severity::Warning,
    summary: "a service that stops, or goes on as before, when it is told to load its app anew",
    outcome: "502",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/reload-behaviour.md"),
    check,
};

/// What loads a Gunicorn anew.
const RELOAD: &str = "/bin/kill -HUP $MAINPID";

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let is_proxied = !context.deployment.nginx.routes.is_empty();
    // A drop-in may be for several units, and a template has instances.
    let mut seen = BTreeSet::new();
    for (app, unit) in context.deployment.services() {
        if unit.masked || unit.is_refused() {
            continue;
        }
        let commands: Vec<&UnitCommand> = unit.commands_of("ExecReload").collect();
        let found = match commands.as_slice() {
            [] if is_proxied => none(context, app, unit),
            [command] => command.signal.as_ref().and_then(|signal| wrong(app, unit, command, signal)),
            // Several commands may do in steps what one cannot.
            _ => None,
        };
        findings.extend(found.filter(|finding| seen.insert(finding.primary.span)));
    }
}

/// A command that sends a signal, and not the one that is meant.
fn wrong(app: &App, unit: &Unit, command: &UnitCommand, signal: &Signal) -> Option<Finding> {
    let name = signal.name.as_str();
    let hup = || signal.instead("HUP");
    let what = match &signal.receiver {
        Receiver::Nobody(place) => {
            let edit = place.map(|span| Edit { span, replacement: "$MAINPID".into() });
            let what = "fails, since `kill` gets a word that is no number: nothing is loaded anew";
            Some((what, edit, Applicability::Safe))
        }
        // Whether it reaches Gunicorn is the matter of what stays in front of it.
        Receiver::Main if app.behind.is_some() => None,
        Receiver::Main | Receiver::PidFile => {
            by_signal(app, unit, name).map(|(what, how)| (what, hup(), how))
        }
        Receiver::Named(whom) if !signal.receiver.is_any_gunicorn() || whom.contains("master") => None,
        Receiver::Named(_) if name == "SIGHUP" => {
            let edit = app.behind.is_none().then(|| Edit { span: command.place, replacement: RELOAD.into() });
            let what = "reaches each process of every Gunicorn: the workers end at once, with the requests that they are serving, \
                        which is a 502";
            Some((what, edit, Applicability::Unsafe))
        }
        Receiver::Named(_) => by_signal(app, unit, name).map(|(what, _)| (what, None, Applicability::Manual)),
    };
    let (what, edit, how) = what?;
    let mut related = Vec::new();
    if app.place.file != command.place.file {
        related.push(Label { span: app.place, text: "Gunicorn is started here".into() });
    }
    let message = format!("a reload of `{}` {what}", unit.name);
    let label = match (&signal.receiver, signal.is_written) {
        (Receiver::Nobody(_), _) => "nothing replaces the variable here".into(),
        (_, true) => format!("{name} is sent here"),
        (_, false) => format!("{name} is what `kill` sends if nothing else is written"),
    };
    let mut finding = RULE.finding(message, Label { span: command.place, text: label }, related);
    if name == "SIGUSR1" {
        // Somebody may want just this, when logs are rotated.
        finding.severity = Severity::Note;
    }
    finding.help =
        Some(format!("Gunicorn loads its workers anew when it gets SIGHUP: `ExecReload={RELOAD}`"));
    finding.fix = edit.and_then(|edit| Fix::new("load it anew with SIGHUP", how, vec![edit]));
    Some(finding)
}

/// What Gunicorn does when it gets another signal than `SIGHUP`, and how sure it is that this is not meant.
///
/// Source: `Arbiter.SIGNALS` in `gunicorn/arbiter.py`.
fn by_signal(app: &App, unit: &Unit, name: &str) -> Option<(&'static str, Applicability)> {
    let daemon: Setting<bool> = app.setting("daemon");
    match name {
        "SIGHUP" => None,
        "SIGTERM" | "SIGINT" | "SIGQUIT" | "SIGKILL" | "SIGABRT" => {
            // A service that is started again whatever happens is restarted by it.
            if unit.must_be("Restart", &["always", "on-success"]) {
                let what = "stops it, and systemd starts it again: meanwhile nginx answers with a 502";
                return Some((what, Applicability::Unsafe));
            }
            let how = if unit.must_be("Restart", &["no", "on-failure"]) {
                Applicability::Safe
            } else {
                Applicability::Unsafe
            };
            Some(("stops it: nginx answers with a 502 until somebody starts it", how))
        }
        // A daemon with a pid file can be replaced so.
        "SIGUSR2" if unit.must_be("Type", &["forking"]) || unit.settings.contains_key("PIDFile") => None,
        "SIGUSR2" if !unit.must_be("KillMode", &["control-group", "mixed"]) => None,
        "SIGUSR2" => Some((
            "starts a second Gunicorn beside the first, which goes on: both answer, with the new code and with the old",
            Applicability::Unsafe,
        )),
        "SIGUSR1" => Some(("only opens the logs anew, and not the app", Applicability::Manual)),
        "SIGWINCH" if daemon.value.may(|daemon| *daemon) => None,
        "SIGWINCH" | "SIGCHLD" | "SIGCONT" | "SIGURG" => {
            Some(("changes nothing: Gunicorn passes the signal over", Applicability::Safe))
        }
        "SIGTTIN" | "SIGTTOU" => {
            Some(("only adds or takes away a worker, and loads nothing anew", Applicability::Unsafe))
        }
        _ => None,
    }
}

/// Whether no request is lost when old workers end for new ones: threads before 24.0 and uvicorn's workers answer one with
/// a 502 now and then.
fn loses_none(context: &Context, app: &App) -> bool {
    let closes_in_time = context.deployment.target.gunicorn >= Version(24, 0, 0);
    app.worker_class.value.must(|class| match class {
        WorkerClass::Sync | WorkerClass::Gevent | WorkerClass::Asgi => true,
        WorkerClass::Gthread => closes_in_time,
        WorkerClass::Eventlet | WorkerClass::Tornado | WorkerClass::Uvicorn | WorkerClass::Other(_) => false,
    })
}

/// No `ExecReload=` at all, where new code comes by a restart, which nobody answers meanwhile.
fn none(context: &Context, app: &App, unit: &Unit) -> Option<Finding> {
    let reload: Setting<Option<Vec<String>>> = unit.setting("ExecReload");
    let is = |name: &str, wanted: bool| {
        let setting: Setting<bool> = app.setting(name);
        setting.value.must(|it| *it == wanted)
    };
    // A socket unit keeps the connections until the app is there again.
    let names_socket = |name: &&str| {
        let units: Setting<Option<Vec<String>>> = unit.setting(name);
        units.value.may(|units| units.iter().flatten().any(|it| it.ends_with(".socket")))
    };
    let has_socket = !unit.sockets.is_empty()
        || ["Sockets", "Requires", "Wants", "BindsTo", "Requisite", "After"].iter().any(names_socket);
    // With `preload_app` a SIGHUP takes in no new code.
    let is_other = is("preload_app", true) || is("daemon", true) || unit.must_be("Type", &["notify-reload"]);
    if reload.value.known() != Some(&None) || has_socket || is_other {
        return None;
    }
    let start = unit.commands_of("ExecStart").next()?;
    let message = format!(
        "`{}` has no `ExecReload=`: new code comes by a restart, and who asks meanwhile gets a 502",
        unit.name
    );
    let label = Label { span: start.place, text: "nothing says how it loads its app anew".into() };
    let mut finding = RULE.finding(message, label, Vec::new());
    finding.severity = Severity::Note;
    let loses = if loses_none(context, app) { "no request is lost" } else { "hardly a request is lost" };
    finding.help = Some(format!(
        "with `ExecReload={RELOAD}` `systemctl reload` starts new workers before the old ones end, and {loses}"
    ));
    let anchor = start.line.anchor.filter(|_| app.behind.is_none() && is("preload_app", false));
    let edit = anchor.and_then(|anchor| anchor.add_after(context.sources, &[("ExecReload", RELOAD.into())]));
    finding.fix =
        edit.and_then(|edit| Fix::new("say how it loads its app anew", Applicability::Safe, vec![edit]));
    Some(finding)
}
