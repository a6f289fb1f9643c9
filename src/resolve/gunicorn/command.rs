//! What program a command line runs, behind interpreters, wrappers and shells.

use std::borrow::Cow;

use super::words;
use crate::model::{Origin, OriginKind, Setting};
use crate::resolve::launch::{Activation, Argument, Environment, Launch};
use crate::source::Span;
use crate::value::Possible;

/// What a command line runs.
pub(super) enum Program<'a> {
    /// Gunicorn.
    Gunicorn(Box<Start<'a>>),
    /// Something that a proxy has no business with.
    Silent,
    /// Something else, or not known; with the reason where there is one.
    Other(Option<String>),
}

/// How Gunicorn is started.
pub(super) struct Start<'a> {
    /// The word that names it.
    pub(super) place: Span,
    /// The words behind that.
    pub(super) arguments: Vec<Argument>,
    /// Its environment.
    pub(super) environment: Cow<'a, Environment>,
    /// The directory that it starts in.
    pub(super) working_directory: Setting<String>,
    /// The sockets that it is handed.
    pub(super) sockets: Activation,
}

/// How many wrappers around a program are looked through.
const MAX_WRAPPERS: usize = 8;

/// What a command line runs.
pub(super) fn find(launch: &Launch) -> Program<'_> {
    let mut start = Start {
        place: launch.place,
        arguments: launch.arguments.clone(),
        environment: Cow::Borrowed(&launch.environment),
        working_directory: launch.working_directory.clone(),
        sockets: launch.sockets.clone(),
    };
    for _ in 0..MAX_WRAPPERS {
        match step(&mut start) {
            Step::Again => {}
            Step::Found => return Program::Gunicorn(Box::new(start)),
            Step::Silent => return Program::Silent,
            Step::Other(why) => return Program::Other(why),
        }
    }
    Program::Other(None)
}

enum Step {
    /// A wrapper was taken off.
    Again,
    Found,
    Silent,
    Other(Option<String>),
}

fn step(start: &mut Start) -> Step {
    let Some(first) = start.arguments.first() else { return Step::Other(None) };
    let (Possible::Known(program), false) = (&first.text, first.splits) else {
        return Step::Other(Some("which program it runs is not known".into()));
    };
    let name = program.rsplit('/').next().unwrap_or(program).to_string();
    match name.as_str() {
        "gunicorn" | "gunicorn3" => found(start, 0),
        "env" => env(start),
        "poetry" | "uv" | "pipenv" | "pdm" => runner(start, &name, "run"),
        "newrelic-admin" => runner(start, &name, "run-program"),
        "ddtrace-run" | "opentelemetry-instrument" => wrapper(start, &name),
        "sh" | "bash" | "dash" => shell(start, &name),
        "manage.py" => manage(start, 1),
        _ if is_python(&name) => python(start),
        _ if is_silent(&name, start) => Step::Silent,
        _ => {
            Step::Other(is_script(program).then(|| format!("what the script `{program}` starts is not read")))
        }
    }
}

/// The program is the word at an index.
fn found(start: &mut Start, at: usize) -> Step {
    start.place = start.arguments[at].span;
    start.arguments.drain(..=at);
    Step::Found
}

/// The word at an index, if it is known and one word.
fn word<'a>(start: &'a Start, at: usize) -> Option<&'a str> {
    let argument = start.arguments.get(at).filter(|argument| !argument.splits)?;
    argument.text.known().map(String::as_str)
}

fn is_python(name: &str) -> bool {
    ["python", "pypy"].iter().any(|it| {
        name.strip_prefix(it)
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
    })
}

fn is_script(program: &str) -> bool {
    program.ends_with(".sh") || program.rsplit('/').next().is_some_and(|name| name.contains("gunicorn"))
}

/// `python OPTIONS -m gunicorn`, `python manage.py COMMAND`, `python /venv/bin/gunicorn`.
fn python(start: &mut Start) -> Step {
    let mut at = 1;
    while let Some(text) = word(start, at) {
        match text {
            "-m" => {
                return match word(start, at + 1) {
                    Some("gunicorn" | "gunicorn.app.wsgiapp") => found(start, at + 1),
                    Some("celery") if !mentions(start, "flower") => Step::Silent,
                    _ => Step::Other(None),
                };
            }
            "-W" | "-X" => at += 2,
            // They keep variables of Python's own out, and nothing that bears on Gunicorn.
            "-u" | "-O" | "-OO" | "-B" | "-E" | "-s" | "-S" | "-I" | "-q" | "-v" => at += 1,
            _ if text.starts_with('-') => return Step::Other(None),
            _ => {
                return match text.rsplit('/').next() {
                    Some("gunicorn") => found(start, at),
                    Some("manage.py") => manage(start, at + 1),
                    Some("celery") if !mentions(start, "flower") => Step::Silent,
                    _ => Step::Other(None),
                };
            }
        }
    }
    Step::Other(None)
}

/// Django's own commands that answer no requests.
fn manage(start: &Start, at: usize) -> Step {
    match word(start, at) {
        Some(
            "migrate" | "makemigrations" | "collectstatic" | "check" | "clearsessions" | "compilemessages"
            | "compress" | "createcachetable" | "loaddata" | "dumpdata" | "flush" | "createsuperuser"
            | "qcluster" | "rqworker" | "rqscheduler" | "process_tasks" | "db_worker" | "run_huey"
            | "rundramatiq" | "crontab" | "update_index",
        ) => Step::Silent,
        _ => Step::Other(None),
    }
}

/// `env NAME=VALUE... PROGRAM`.
fn env(start: &mut Start) -> Step {
    let mut at = 1;
    while let Some(text) = word(start, at) {
        if matches!(text, "-i" | "-" | "--ignore-environment") {
            *start.environment.to_mut() = Environment::default();
        } else if text == "-u" {
            let Some(name) = word(start, at + 1).map(String::from) else { return Step::Other(None) };
            start.environment.to_mut().variables.remove(&name);
            at += 1;
        } else if text.starts_with('-') {
            return Step::Other(None);
        } else if let Some((name, value)) = text.split_once('=') {
            let (name, value) = (name.to_string(), value.to_string());
            set(start, at, &name, value);
        } else {
            start.arguments.drain(..at);
            return Step::Again;
        }
        at += 1;
    }
    Step::Other(Some("which program it runs is not known".into()))
}

/// Sets a variable by the word at an index.
fn set(start: &mut Start, at: usize, name: &str, value: String) {
    let origin = Origin::at(OriginKind::Environment, start.arguments[at].span);
    start.environment.to_mut().variables.insert(name.into(), Setting::known(value, origin));
}

/// `poetry run PROGRAM`.
fn runner(start: &mut Start, name: &str, verb: &str) -> Step {
    match (word(start, 1), word(start, 2)) {
        (Some(given), Some(program)) if given == verb && !program.starts_with('-') => {
            start.arguments.remove(0);
            wrapper(start, name)
        }
        (Some(given), None) if given == verb => {
            Step::Other(Some("which program it runs is not known".into()))
        }
        _ => Step::Other(None),
    }
}

/// A program that runs the one behind it.
fn wrapper(start: &mut Start, name: &str) -> Step {
    if word(start, 1).is_none_or(|program| program.starts_with('-')) {
        return Step::Other(Some(format!("what `{name}` runs is not known")));
    }
    start.arguments.remove(0);
    if name == "pipenv" {
        let why = "`pipenv run` reads a `.env` file".to_string();
        start.environment.to_mut().open.get_or_insert(why);
    }
    if name == "uv" && start.sockets != Activation::None {
        start.sockets =
            Activation::Unknown("`uv run` starts another process, which is not handed them".into());
    }
    Step::Again
}

/// `sh -c SCRIPT`.
fn shell(start: &mut Start, name: &str) -> Step {
    let read = || Some("what the shell starts is not read".to_string());
    let (Some("-c" | "-ec" | "-ce"), Some(script)) = (word(start, 1), word(start, 2)) else {
        return Step::Other(read());
    };
    let Some(simple) = words::simple(script) else { return Step::Other(read()) };
    let span = start.arguments[2].span;
    let argument = |text: &String| Argument { text: Possible::Known(text.clone()), span, splits: false };
    let assigned = simple.words.iter().take_while(|word| is_assignment(word)).count();
    start.arguments = simple.words.iter().map(argument).collect();
    for at in 0..assigned {
        if let Some((name, value)) = simple.words[at].split_once('=') {
            set(start, at, name, value.to_string());
        }
    }
    start.arguments.drain(..assigned);
    if let Some(directory) = simple.directory {
        start.working_directory = Setting::known(directory, Origin::at(OriginKind::CommandLine, span));
    }
    // bash replaces itself with the last command by itself; dash and others may not.
    if !simple.replaces && name != "bash" && start.sockets != Activation::None {
        start.sockets =
            Activation::Unknown("the shell may start another process, which is not handed them".into());
    }
    Step::Again
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn mentions(start: &Start, wanted: &str) -> bool {
    start.arguments.iter().any(|argument| argument.text.may(|text| text == wanted))
}

/// Programs that answer nothing that a proxy for the web would ask.
fn is_silent(name: &str, start: &Start) -> bool {
    match name {
        // Flower, a web page, is one of Celery's commands.
        "celery" => !mentions(start, "flower"),
        "rq" | "rqworker" | "rqscheduler" | "huey_consumer" | "huey_consumer.py" | "nginx" | "certbot"
        | "redis-server" | "postgres" | "mysqld" | "mariadbd" | "memcached" | "rabbitmq-server"
        | "dramatiq" => true,
        _ => false,
    }
}
