//! The environment that a service's processes get.

use std::sync::LazyLock;

use super::merge::{HOLE, Line, Merged};
use super::specifiers;
use super::words::{self, Escapes};
use super::{Stack, env_file, judged};
use crate::edit::{Applicability, Edit};
use crate::model::{
    Manager, Mend, Origin, OriginKind, Setting, UnitFault, UnitFaultKind, Unresolved, Variables,
};
use crate::resolve::launch::{Environment, Given};
use crate::resolve::paths::{Mapped, is_example};
use crate::source::{FileKind, Span};
use crate::value::Possible;

/// Variables that systemd itself may set, to values that no file tells. Source: systemd.exec(5), "Environment
/// variables set or propagated by the service manager".
const BY_SYSTEMD: [&str; 36] = [
    "CACHE_DIRECTORY",
    "CONFIGURATION_DIRECTORY",
    "CREDENTIALS_DIRECTORY",
    "EXIT_CODE",
    "EXIT_STATUS",
    "FDSTORE",
    "HOME",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LOGNAME",
    "LOGS_DIRECTORY",
    "LOG_NAMESPACE",
    "MAINPID",
    "MANAGERPID",
    "MEMORY_PRESSURE_WATCH",
    "MEMORY_PRESSURE_WRITE",
    "NOTIFY_SOCKET",
    "PATH",
    "PIDFILE",
    "REMOTE_ADDR",
    "REMOTE_PORT",
    "RUNTIME_DIRECTORY",
    "SERVICE_RESULT",
    "SHELL",
    "STATE_DIRECTORY",
    "SYSTEMD_EXEC_PID",
    "TERM",
    "USER",
    "WATCHDOG_USEC",
];

static GIVEN: LazyLock<Given> = LazyLock::new(|| {
    BY_SYSTEMD.into_iter().map(|name| (name, Setting::unknown("systemd sets it", Origin::DEFAULT))).collect()
});

/// The environment of a service: what systemd sets, under `Environment=`, under the files of `EnvironmentFile=`,
/// whatever the order of the lines.
pub(super) fn environment(
    unit: &Merged<'_>,
    stack: &Stack<'_>,
    unresolved: &mut Vec<Unresolved>,
    faults: &mut Vec<UnitFault>,
) -> Environment {
    let mut environment = Environment::of(&GIVEN);
    if unit.hole("Service").is_some() {
        environment.open = Some(HOLE.into());
    }
    if unit.manager == Manager::User {
        environment.open = Some("a user's service manager passes its own environment on".into());
    }
    assign_all(unit, &mut environment);
    for line in unit.list("Service", "EnvironmentFile") {
        if let Err(why) = read_file(unit, &line, stack, &mut environment, faults) {
            unresolved.push(Unresolved {
                span: line.entry.span,
                what: format!("EnvironmentFile={}", line.value().text),
                why: format!("{why}; it may set any variable"),
            });
            environment.open.get_or_insert(why);
        }
    }
    for key in ["PassEnvironment", "UnsetEnvironment"] {
        if !unit.list("Service", key).is_empty() {
            environment.open.get_or_insert(format!("`{key}=` changes it"));
        }
    }
    environment
}

/// What the lines of `Environment=` alone assign.
pub(super) fn variables(unit: &Merged<'_>) -> Variables {
    let mut environment = Environment::default();
    environment.open = unit.hole("Service").map(|_| HOLE.into());
    assign_all(unit, &mut environment);
    let values = environment.added().map(|(name, it)| (name.clone(), it.value.clone()));
    Variables { values: values.collect(), open: environment.open }
}

fn assign_all(unit: &Merged<'_>, environment: &mut Environment) {
    for line in unit.list("Service", "Environment") {
        assign(unit, &line, environment);
    }
}

/// The assignments of one `Environment=`. A word that is none is ignored, and so is all behind a mistake in quoting.
///
/// Source: `config_parse_environ` in `src/core/load-fragment.c` of systemd 252; seen with `systemd --user --test`.
fn assign(unit: &Merged<'_>, line: &Line<'_>, environment: &mut Environment) {
    let value = line.value();
    if line.entry.conditional || value.conditional {
        let why = "a template engine decides on a part of it";
        environment.open.get_or_insert(why.into());
        return;
    }
    let mut at = 0;
    // What comes of a value that lost its second half is no mistake of its own.
    let mut torn: Vec<String> = Vec::new();
    let mut last: Option<String> = None;
    loop {
        let (word, next) = match words::next(&value.text, at, &value.templates, Escapes::Strict) {
            Ok(Some(found)) => found,
            Ok(None) => break,
            Err(_) => {
                // A quote that is not closed belongs to an assignment of its own, or to the one before.
                let begins =
                    value.text[at..].split_once('=').is_some_and(|(name, _)| is_name(name.trim_start()));
                torn.extend(last.take().filter(|_| !begins));
                break;
            }
        };
        at = next;
        let span = value.span_of(word.range.clone());
        let template = words::touching(&value.templates, &word.range);
        let name = word.text.as_deref().and_then(|text| text.split_once('=')).map(|(name, _)| name);
        let (Some(name), Some(text)) = (name, &word.text) else {
            if template.is_some() || word.text.as_deref().is_some_and(specifiers::is_placeholder) {
                environment.open.get_or_insert("a template engine fills in an assignment".into());
            }
            let is_comment = word.text.as_deref().is_some_and(|text| text.starts_with('#'));
            torn.extend(last.take().filter(|_| !is_comment));
            continue;
        };
        if !is_name(name) {
            torn.extend(last.take());
            if template.is_some() || name.contains('%') || specifiers::is_placeholder(name) {
                environment.open.get_or_insert("the name of a variable is filled in".into());
            }
            continue;
        }
        let origin = Origin::at(OriginKind::Environment, span);
        let assigned = &text[name.len() + 1..];
        let setting = if template.is_some() {
            Setting::unknown("a template engine fills in the value", Origin::at(OriginKind::Template, span))
        } else {
            match unit.expand(assigned) {
                Possible::Known(text)
                    if text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\n')) =>
                {
                    continue;
                }
                value => Setting { value, origin },
            }
        };
        environment.set(name.into(), setting);
        last = Some(name.into());
    }
    for name in torn {
        let origin = Origin::at(OriginKind::Environment, value.span);
        let setting = Setting::unknown("systemd takes only a part of what is evidently meant", origin);
        environment.set(name, setting);
    }
}

/// The assignments of one `EnvironmentFile=`; `Err` with the reason where they are not known.
fn read_file(
    unit: &Merged<'_>,
    line: &Line<'_>,
    stack: &Stack<'_>,
    environment: &mut Environment,
    faults: &mut Vec<UnitFault>,
) -> Result<(), String> {
    if let Some(why) = line.doubt() {
        return Err(why.into());
    }
    let written = line.value().text.as_str();
    let path = match unit.expand(written.strip_prefix('-').unwrap_or(written)) {
        Possible::Known(path) => path,
        Possible::OneOf(_) | Possible::Usually(_) => {
            return Err("it may be one of several files".into());
        }
        Possible::Unknown(why) => return Err(why),
    };
    if judged::is_named_directory(&path) {
        return Err("a mark in it is still to be replaced".into());
    }
    if !path.starts_with('/') && !unit.envsubst {
        // systemd ignores what is not absolute.
        return Ok(());
    }
    let not_here = || format!("`{path}` is not in the tree");
    let Mapped::File(file) = stack.paths.find(&path) else { return Err(not_here()) };
    let source = stack.sources.get(file);
    // Every project has an `.env`: one that lies in another directory, or an example, is not this one.
    if !stack.paths.is_beside(file, &path, stack.sources) || is_example(&source.path) {
        return Err(not_here());
    }
    // A file of another language bears the name by chance.
    if source.kind != FileKind::Launcher || source.name().ends_with(".sh") || source.text.starts_with("#!") {
        return Err(not_here());
    }
    if ["{{", "{%", "<%", "\x1a"].iter().any(|mark| source.text.contains(mark)) {
        return Err(format!("`{path}` is a template"));
    }
    let read =
        env_file::parse(&source.text).ok_or_else(|| format!("versions of systemd differ on `{path}`"))?;
    for part in read.dropped {
        let written = &source.text[part.clone()];
        let Some(name) = written.strip_prefix("export").map(str::trim_start).filter(|it| is_name(it)) else {
            continue;
        };
        let place = Span::new(file, part);
        let exported = Setting::unknown("systemd drops it", Origin::at(OriginKind::Environment, place));
        if environment.listed(name).is_none() {
            environment.set(name.into(), exported);
        }
        faults.push(dropped(place, written, name));
    }
    for (name, value) in read.assignments {
        let origin = Origin::at(OriginKind::Environment, line.entry.span);
        let setting = if specifiers::is_placeholder(&value) {
            Setting::unknown("a mark in it is still to be replaced", origin)
        } else {
            Setting::known(value, origin)
        };
        environment.set(name, setting);
    }
    Ok(())
}

/// A line of a file of assignments that a shell would read.
fn dropped(place: Span, written: &str, name: &str) -> UnitFault {
    let end = place.end - name.len() as u32;
    UnitFault {
        kind: UnitFaultKind::Value,
        place,
        line: place,
        directive: "EnvironmentFile".into(),
        message: format!("Ignoring invalid environment assignment '{written}=...'"),
        refused: false,
        meant: Some(name.into()),
        // A script may read the same file, and the variable was never in force.
        mend: Some(Mend {
            title: "do without `export`".into(),
            applicability: Applicability::Unsafe,
            edits: vec![Edit { span: Span { end, ..place }, replacement: String::new() }],
        }),
    }
}

/// Whether a text can name a variable. Source: `env_name_is_valid` in `src/basic/env-util.c` of systemd 252.
pub(in crate::resolve) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
