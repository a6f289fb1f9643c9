//! A program that systemd does not take, does not find, or whose failure it passes over.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{
    App, AppKind, Mend, ShellSyntax, Unit, UnitCommand, UnitFault, UnitFaultKind, shell_syntax,
};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "exec-path",
    category: Category::Systemd,
    severity: Severity::Error,
    summary: "a program by a relative path, by a name that is not in systemd's own path, or behind a `-`",
    outcome: "start-up failure",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/exec-path.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut all = Vec::new();
    for unit in &context.deployment.units {
        let mut faults = unit.faults.iter().filter(|fault| fault.kind == UnitFaultKind::Program).peekable();
        if faults.peek().is_some() {
            let shells = lines_for_a_shell(context, unit);
            let is_last = starts_nothing(unit);
            let faults = faults.filter(|fault| !shells.contains(&fault.line));
            all.extend(faults.map(|fault| refused(context, unit, fault, is_last)));
        }
        all.extend(unit.commands.iter().filter_map(|it| in_quotes(context, unit, it)));
        all.extend(passed_over(unit));
    }
    for app in context.deployment.apps.iter().filter(|app| app.kind == AppKind::Gunicorn) {
        all.extend(app.unit.and_then(|id| by_name(context, app, context.deployment.unit(id))));
    }
    // A drop-in may be for several units, and a template has instances.
    let mut seen = BTreeSet::new();
    findings.extend(all.into_iter().filter(|it| seen.insert(it.primary.span)));
}

/// The lines whose program is a shell's own: that is another mistake.
fn lines_for_a_shell(context: &Context, unit: &Unit) -> BTreeSet<Span> {
    let is_for_a_shell = |command: &&UnitCommand| {
        matches!(shell_syntax(command, context.sources), Some(ShellSyntax::Builtin | ShellSyntax::Assignment))
    };
    unit.commands.iter().filter(is_for_a_shell).filter_map(|it| it.line.place).collect()
}

/// Whether no command is left where those are ignored whose program is wrong: a service that neither starts nor stops anything
/// is refused as a whole.
fn starts_nothing(unit: &Unit) -> bool {
    let programs = unit.faults.iter().filter(|it| it.kind == UnitFaultKind::Program);
    let ignored: BTreeSet<Span> = programs.map(|it| it.line).collect();
    let action = unit.setting::<String>("SuccessAction").value;
    unit.open.is_none()
        && unit.commands_of("ExecStart").all(|it| it.line.place.is_some_and(|line| ignored.contains(&line)))
        && unit.commands_of("ExecStop").next().is_none()
        && action.must(|it| it.as_deref().is_none_or(|it| it == "none"))
}

/// No absolute path, and no name either. `is_last` says that no command is left.
fn refused(context: &Context, unit: &Unit, fault: &UnitFault, is_last: bool) -> Finding {
    let written = context.sources.text(fault.place).trim_start_matches(['-', '@', ':', '+', '!', '|']);
    let is_last = is_last && fault.directive == "ExecStart";
    let message = match fault.refused || is_last {
        true => format!("systemd refuses `{}`: {}", unit.name, fault.message),
        false => format!("systemd ignores this `{}=`: {}", fault.directive, fault.message),
    };
    let text = if written.starts_with('/') { "signs that do not go together" } else { "no absolute path" };
    let label = Label { span: fault.place, text: text.into() };
    let mut finding = RULE.finding(message, label, Vec::new());
    if fault.refused || is_last {
        finding.outcome = "unit refused".into();
    } else {
        (finding.severity, finding.outcome) = (Severity::Warning, "the command does not run".into());
    }
    let why = match written.chars().next() {
        Some('/') => "one of `+`, `!` and `!!` is enough",
        Some('~') => "`~` is not replaced; write the whole path of the program",
        Some('$') => "variables are not replaced in the first word; write the whole path of the program",
        _ => "`WorkingDirectory=` does not count for it; write the whole path of the program",
    };
    finding.help = Some(why.into());
    finding.fix = fault.mend.clone().and_then(Mend::fix);
    finding
}

/// A whole command line in quotes, which makes a single word of it.
fn in_quotes(context: &Context, unit: &Unit, command: &UnitCommand) -> Option<Finding> {
    let [program] = command.words.as_slice() else { return None };
    let text = program.text.known().filter(|text| text.starts_with('/'))?;
    let (path, rest) = text.split_once(' ')?;
    // A directory's name may have a blank and a dash in it too.
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_program = ["gunicorn", "python", "uvicorn"].iter().any(|it| name.starts_with(it));
    let is_option = |word: &str| {
        word.strip_prefix('-').is_some_and(|it| it.starts_with(|c: char| c.is_ascii_alphabetic() || c == '-'))
    };
    if !is_program || !rest.split(' ').any(is_option) {
        return None;
    }
    let written = context.sources.text(command.place);
    let inner = ['"', '\''].iter().find_map(|quote| written.strip_prefix(*quote)?.strip_suffix(*quote))?;
    let message = format!("`{}` looks for a program that is called `{text}`, options included", unit.name);
    let label = Label { span: command.place, text: "one word".into() };
    let mut finding = RULE.finding(message, label, Vec::new());
    finding.help = Some("do without the quotes around the line; systemd logs `status=203/EXEC`".into());
    if inner == text {
        let edit = Edit { span: command.place, replacement: inner.into() };
        finding.fix = Fix::new("do without the quotes", Applicability::Safe, vec![edit]);
    }
    Some(finding)
}

/// A command whose failure counts as success, in a service that is to be started again when it fails.
fn passed_over(unit: &Unit) -> Option<Finding> {
    let restart = unit.setting::<String>("Restart");
    let is_asked_for =
        |value: &Option<String>| matches!(value.as_deref(), Some("on-failure" | "on-abnormal" | "on-abort"));
    let kind = unit.setting::<String>("Type");
    // Of a service that forks, the process that lives on is not the one that the sign is for.
    let is_service =
        kind.value.must(|kind| kind.as_deref().is_some_and(|kind| !["oneshot", "forking"].contains(&kind)));
    let is_forced = unit.settings.contains_key("RestartForceExitStatus");
    if unit.is_refused() || !restart.value.must(is_asked_for) || !is_service || is_forced {
        return None;
    }
    let command = unit.commands_of("ExecStart").next().filter(|it| it.prefix.contains('-'))?;
    let place = command.place;
    let sign = Span { end: place.start + command.prefix.len() as u32, ..place };
    let value = restart.value.known().cloned().flatten().unwrap_or_default();
    let message = format!(
        "`{}` is not started again when it fails: the `-` makes each failure a success, and `Restart={value}` asks for a \
         failure",
        unit.name
    );
    let related = restart.origin.place.map(|span| Label { span, text: "asked for here".into() });
    let label = Label { span: sign, text: "failures are passed over".into() };
    let mut finding = RULE.finding(message, label, related.into_iter().collect());
    (finding.severity, finding.outcome) = (Severity::Warning, "not restarted, 502".into());
    finding.help = Some("do without the `-`".into());
    let edit = Edit { span: sign, replacement: command.prefix.replace('-', "") };
    finding.fix = Fix::new("do without the `-`", Applicability::Safe, vec![edit]);
    Some(finding)
}

/// A name that is meant to be found in the virtual environment that comes first in the unit's own `PATH`.
fn by_name(context: &Context, app: &App, unit: &Unit) -> Option<Finding> {
    let command = unit.commands_of("ExecStart").next()?;
    let program = command.words.first()?;
    let name = program.text.known()?;
    let is_python = name.starts_with("python");
    let is_looked_for = unit.open.is_none() && !unit.settings.contains_key("ExecSearchPath");
    let is_meant = name.starts_with("gunicorn") || is_python;
    if name.contains('/') || !is_meant || !is_looked_for || app.behind.is_some() {
        return None;
    }
    let environment = unit.setting::<Vec<String>>("Environment");
    let variable = |name: &str| unit.variables.get(name).known().cloned().flatten();
    let paths = variable("PATH")?;
    let first = paths.split(':').next()?.trim_end_matches('/');
    let home = first.strip_suffix("/bin")?;
    let is_active = variable("VIRTUAL_ENV").is_some_and(|venv| venv.trim_end_matches('/') == home);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    if !(is_active || is_environment(home)) || !home.starts_with('/') || !home.chars().all(is_plain) {
        return None;
    }
    // Another Python may be shown where the environment's packages are.
    let is_shown = ["PYTHONPATH", "PYTHONHOME"].iter().any(|name| variable(name).is_some());
    if is_python && (is_shown || unit.settings.contains_key("EnvironmentFile")) {
        return None;
    }
    let path = format!("{first}/{name}");
    let instead = if is_python { ", but another one, without its packages" } else { "" };
    let message = format!(
        "systemd looks for `{name}` in a path of its own, not in the unit's `PATH`: it does not start `{path}`{instead}"
    );
    let related =
        environment.origin.place.map(|span| Label { span, text: "`PATH` is for the process".into() });
    let label =
        Label { span: program.span, text: "looked for in /usr/local/bin, /usr/bin and the like".into() };
    let mut finding = RULE.finding(message, label, related.into_iter().collect());
    if is_python {
        finding.severity = Severity::Warning;
        finding.help = Some(format!("write `{path}`, or `/usr/bin/env {name}`"));
    } else {
        finding.help = Some(format!(
            "write `{path}`, or `/usr/bin/env {name}`; systemd logs `status=203/EXEC`, or starts another `{name}`"
        ));
    }
    if context.sources.text(program.span) == name {
        let edit = Edit { span: program.span, replacement: path.clone() };
        // One of the distribution's may be found, and be what runs today.
        finding.fix = Fix::new(format!("write `{path}`"), Applicability::Unsafe, vec![edit]);
    }
    Some(finding)
}

/// Whether a directory is called like a virtual environment, or lies where tools put them.
fn is_environment(home: &str) -> bool {
    let mut parts = home.rsplit('/');
    let name = parts.next().unwrap_or_default();
    let above = parts.next().unwrap_or_default();
    let is_kept = ["virtualenvs", ".virtualenvs", "venvs", ".venvs", "envs"].contains(&above);
    let is_named = name.contains("venv") || name.contains("virtualenv");
    let has_end = ["_env", "-env", "projectenv"].iter().any(|end| name.ends_with(end));
    is_kept || is_named || has_end || matches!(name, "env" | ".env" | "myenv")
}
