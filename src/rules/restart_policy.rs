//! A service that stays down when Gunicorn ends.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Anchor, App, Origin, Setting, Unit};
use crate::value::{Duration, Possible};

pub(super) const RULE: Rule = Rule {
    name: "restart-policy",
    category: Category::Systemd,
    severity: Severity::Warning,
    summary: "a service that nothing starts again when Gunicorn fails",
    outcome: "502 until somebody starts it",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/restart-policy.md"),
    check,
};

/// What Gunicorn ends with when it fails, as a number and as systemd calls it, and why it does. Seen with 20.1.0, 23.0.0 and
/// 27.0.1; the names are those of `exit_status_mappings` in `src/shared/exit-status.c`, systemd 252.
const STATUSES: [(&str, &str, &str); 3] = [
    ("1", "FAILURE", "an address that is taken, a file that it cannot write"),
    ("3", "NOTIMPLEMENTED", "workers that do not come up"),
    ("4", "NOPERMISSION", "an application that cannot be loaded"),
];

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let starters = Starters::new(context);
    let mut seen = BTreeSet::new();
    for (app, unit) in context.deployment.services() {
        // What systemd does not load, it does not start at all, and that is told.
        if seen.insert(unit.place) && !unit.is_refused() && !starters.may_start(unit) {
            findings.extend(no_restart(context, app, unit));
            findings.extend(not_for_this(unit, app));
            findings.extend(gives_up(unit));
        }
    }
}

/// The services that other units start when they are not running.
struct Starters {
    /// Their names, without what they are an instance for.
    names: BTreeSet<String>,
    /// Whether it may be any.
    any: bool,
}

impl Starters {
    fn new(context: &Context) -> Starters {
        let mut starters = Starters { names: BTreeSet::new(), any: false };
        for unit in &context.deployment.units {
            let names: Setting<Option<String>> = match unit.kind() {
                "socket" => unit.setting("Service"),
                "timer" | "path" => unit.setting("Unit"),
                _ => Setting { value: Possible::Known(None), origin: Origin::DEFAULT },
            };
            let is_starter = matches!(unit.kind(), "socket" | "timer" | "path");
            match names.value.known() {
                Some(Some(name)) => drop(starters.names.insert(of_any_instance(name))),
                Some(None) if is_starter => drop(starters.names.insert(of_any_instance(&unit.name))),
                Some(None) => {}
                None => starters.any = true,
            }
            if let Some(upheld) = unit.settings.get("Upholds").map(|it| it.read::<Vec<String>>()) {
                match upheld.value.known() {
                    Some(names) => starters.names.extend(names.iter().map(|it| of_any_instance(it))),
                    None => starters.any = true,
                }
            }
        }
        starters
    }

    /// Whether something may start a service again, or deal with its failure, that is not its own `Restart=`.
    fn may_start(&self, unit: &Unit) -> bool {
        let is_set = |name: &str| unit.settings.contains_key(name);
        let names_socket = |name: &&str| {
            let units = unit.settings.get(*name).map(|it| it.read::<Vec<String>>());
            units.is_some_and(|it| it.value.may(|units| units.iter().any(|it| it.ends_with(".socket"))))
        };
        self.any
            || self.names.contains(&of_any_instance(&unit.name))
            || ["OnFailure", "RestartForceExitStatus"].into_iter().any(is_set)
            || unit.is_written("FailureAction")
            || ["Sockets", "Requires", "Wants", "BindsTo", "Requisite", "After", "Also"]
                .iter()
                .any(names_socket)
    }
}

/// The name of a unit without its type and its instance: `web@` of `web@8001.service`.
fn of_any_instance(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.split_once('@').map_or(stem.into(), |(prefix, _)| format!("{prefix}@"))
}

/// Whether a value of `Restart=` starts a service again that ends with an error.
fn is_for_errors(restart: &str) -> bool {
    matches!(restart, "always" | "on-failure")
}

/// A `Restart=` that does not start Gunicorn again when it ends with an error.
fn no_restart(context: &Context, app: &App, unit: &Unit) -> Option<Finding> {
    let restart: Setting<Option<String>> = unit.setting("Restart");
    let value = restart.value.known()?.as_deref().filter(|value| !is_for_errors(value))?;
    let line = unit.settings.get("ExecStart")?.origin.place;
    let place = restart.origin.place.or(line).unwrap_or(unit.place);
    let only = match value {
        "on-success" => " unless it ends well",
        "on-abnormal" => " unless a signal or a timeout ends it",
        "on-abort" => " unless a signal ends it",
        "on-watchdog" => " unless a watchdog ends it",
        _ => "",
    };
    let message = format!(
        "`{}` is not started again{only}: when Gunicorn cannot start, or fails, nginx answers with a 502 until somebody starts \
         it",
        unit.name
    );
    let text = format!("`Restart={value}`, {}", restart.origin.describe("systemd"));
    let related = (app.place.file != place.file)
        .then(|| Label { span: app.place, text: "Gunicorn is started here".into() });
    let primary = Label { span: place, text };
    let mut finding = RULE.finding(message, primary, related.into_iter().collect());
    // Behind a `-` no failure is one.
    let is_passed_over = unit.commands_of("ExecStart").any(|command| command.prefix.contains('-'));
    let wanted = if is_passed_over { "always" } else { "on-failure" };
    finding.help = Some(format!(
        "`Restart={wanted}` starts it again when it fails; with `RestartSec=5` systemd does not give up where that happens \
         five times in ten seconds"
    ));
    const TITLE: &str = "start it again when it fails";
    finding.fix = match (restart.origin.is_written(), restart.origin.anchor) {
        // Somebody may have had a reason.
        (true, anchor) => Fix::new(TITLE, Applicability::Unsafe, vec![anchor?.set(wanted)]),
        (false, _) => neighbour(unit).and_then(|anchor| {
            let edit = anchor.add_after(context.sources, &[("Restart", wanted.into())])?;
            Fix::new(TITLE, Applicability::Safe, vec![edit])
        }),
    };
    Some(finding)
}

/// A line of `[Service]`, where a person would look for `Restart=`: behind what is run, or else the user.
fn neighbour(unit: &Unit) -> Option<Anchor> {
    let own = |anchor: &Anchor| unit.files.first() == Some(&anchor.span.file);
    let lines = ["ExecStop", "ExecReload", "ExecStart", "WorkingDirectory", "Group", "User", "Type"];
    let mut anchors = lines.iter().filter_map(|name| unit.settings.get(*name)?.origin.anchor);
    anchors.find(own)
}

/// A status of Gunicorn's that is said to be a success, or one after which nothing is started again.
fn not_for_this(unit: &Unit, app: &App) -> Option<Finding> {
    let restart: Setting<Option<String>> = unit.setting("Restart");
    let restart = restart.value.known()?.as_deref().filter(|value| is_for_errors(value))?;
    if app.behind.is_some() {
        // The status is another process's.
        return None;
    }
    let find = |name: &'static str, statuses: &'static [(&str, &str, &str)]| {
        let setting = unit.settings.get(name)?;
        let listed: Setting<Vec<String>> = setting.read();
        let listed = listed.value.known()?;
        let status = statuses.iter().find(|(number, word, _)| {
            listed.iter().any(|it| it.trim_start_matches('0') == *number || it == word)
        })?;
        Some((name, *status, setting.origin.place?))
    };
    let as_success = (restart == "on-failure").then(|| find("SuccessExitStatus", &STATUSES[..])).flatten();
    // An application that cannot be loaded is there no sooner at the second time.
    let (name, (number, _, why), place) =
        as_success.or_else(|| find("RestartPreventExitStatus", &STATUSES[..2]))?;
    let message = format!(
        "`{}` is not started again when Gunicorn ends with status {number}, as it does for {why}: nginx answers with a 502 until \
         somebody starts it",
        unit.name
    );
    let text = match name {
        "SuccessExitStatus" => format!("{number} counts as a success here, and `Restart={restart}` does not"),
        _ => format!("`Restart={restart}` does not count for {number} here"),
    };
    let mut finding = RULE.finding(message, Label { span: place, text }, Vec::new());
    finding.help = Some(format!("leave {number} out of `{name}=`: Gunicorn ends with 0 when it is stopped"));
    Some(finding)
}

/// A limit of starts that is set here and reached at once.
fn gives_up(unit: &Unit) -> Option<Finding> {
    let restart: Setting<Option<String>> = unit.setting("Restart");
    let restart = restart.value.known()?.as_deref().filter(|value| is_for_errors(value))?;
    let burst: Setting<Option<String>> = unit.setting("StartLimitBurst");
    let count: u64 = burst.value.known()?.as_ref()?.parse().ok().filter(|count| *count > 0)?;
    let interval: Setting<Option<Duration>> = unit.setting("StartLimitIntervalSec");
    let pause: Setting<Option<Duration>> = unit.setting("RestartSec");
    let (interval_is, pause_is) = (interval.value.known()?.as_ref()?, pause.value.known()?.as_ref()?);
    // What systemd has by itself, ten seconds and five starts, is left alone.
    let place =
        [&interval.origin, &burst.origin].into_iter().find_map(|it| it.place.filter(|_| it.is_written()))?;
    let all = pause_is.milliseconds.checked_mul(count)?;
    if *pause_is == Duration::INFINITY || all >= interval_is.milliseconds {
        return None;
    }
    let starts = if count == 1 { "one start".to_owned() } else { format!("{count} starts") };
    let name = &unit.name;
    let message = match count {
        1 if *interval_is != Duration::INFINITY => {
            let early = Duration { milliseconds: interval_is.milliseconds - pause_is.milliseconds };
            format!(
                "`{name}` stays down when Gunicorn fails within {early} after its start: systemd starts it again {pause_is} later, \
                 and allows one start within {interval_is}; nginx answers with a 502 until somebody starts it"
            )
        }
        _ => format!(
            "`{name}` stays down after {starts} within {interval_is}, and they may come {pause_is} apart: nginx answers with a 502 \
             until somebody starts it"
        ),
    };
    let text = format!("no more than {starts} within {interval_is}, in spite of `Restart={restart}`");
    let mut finding = RULE.finding(message, Label { span: place, text }, Vec::new());
    if count > 1 {
        // Somebody may want just this.
        finding.severity = Severity::Note;
    }
    finding.help = Some(
        "`StartLimitIntervalSec=0` takes the limit away; with `RestartSec=` at the interval divided by the number of starts it is \
         never reached"
            .into(),
    );
    Some(finding)
}
