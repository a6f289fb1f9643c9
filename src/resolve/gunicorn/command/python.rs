//! `python OPTIONS -m gunicorn`, `python manage.py COMMAND`, `python /venv/bin/gunicorn`.
//!
//! Source: python(1) of CPython 3.11 for the options.

use super::{Start, Step, found, is_gunicorn, other, table, wrapper};

/// Whether a program is a Python.
pub(super) fn is_python(name: &str) -> bool {
    ["python", "pypy"].iter().any(|it| {
        name.strip_prefix(it)
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
    })
}

/// Takes the interpreter off.
pub(super) fn take_off(start: &mut Start) -> Step {
    let mut at = 1;
    while let Some(text) = start.word(at).map(str::to_owned) {
        let Some(letters) = text.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            return script(start, at, &text);
        };
        if let Some(rest) = text.strip_prefix("--") {
            match rest {
                "check-hash-based-pycs" => at += 2,
                _ => return Step::Other(None),
            }
            continue;
        }
        // `-uO`, `-Xdev`, `-mgunicorn`: letters, of which one may take the rest or the next word.
        let mut rest = letters.chars();
        loop {
            match rest.next() {
                None => {
                    at += 1;
                    break;
                }
                Some('m') => {
                    let attached = rest.as_str().to_owned();
                    let (module, at) = if attached.is_empty() {
                        (start.word(at + 1).unwrap_or_default().to_owned(), at + 1)
                    } else {
                        (attached, at)
                    };
                    return self::module(start, &module, at);
                }
                Some('W' | 'X') => {
                    at += if rest.as_str().is_empty() { 2 } else { 1 };
                    break;
                }
                // They keep variables of Python's own out, and nothing that bears on Gunicorn.
                Some(
                    'u' | 'O' | 'B' | 'E' | 's' | 'S' | 'I' | 'q' | 'v' | 'b' | 'd' | 'i' | 'P' | 'R' | 't',
                ) => {}
                Some(_) => return Step::Other(None),
            }
        }
    }
    match start.arguments.get(at) {
        Some(_) => other("which program it runs is not known"),
        None => Step::Other(None),
    }
}

/// `python -m MODULE`.
fn module(start: &mut Start, module: &str, at: usize) -> Step {
    match module {
        "gunicorn" | "gunicorn.__main__" | "gunicorn.app.wsgiapp" => found(start, at),
        "celery" if !start.mentions("flower") => Step::Silent,
        // Modules that are wrappers when they are run.
        "poetry" | "pipenv" | "pdm" | "uv" | "hatch" | "dotenv" => match table::of(module) {
            Some(row) => {
                start.arguments.drain(..at);
                wrapper::take_off(start, row)
            }
            None => Step::Other(None),
        },
        _ => Step::Other(None),
    }
}

/// `python FILE`.
fn script(start: &mut Start, at: usize, text: &str) -> Step {
    match text.rsplit('/').next() {
        Some(name) if is_gunicorn(name) => found(start, at),
        Some("manage.py") => manage(start, at + 1),
        Some("celery") if !start.mentions("flower") => Step::Silent,
        Some(name) if text.contains("bin/") && table::is_of_python(name) => {
            start.arguments.drain(..at);
            Step::Again
        }
        _ => Step::Other(None),
    }
}

/// Django's own commands that answer no requests.
pub(super) fn manage(start: &Start, at: usize) -> Step {
    match start.word(at) {
        Some(
            "migrate" | "makemigrations" | "collectstatic" | "check" | "clearsessions" | "compilemessages"
            | "compress" | "createcachetable" | "loaddata" | "dumpdata" | "flush" | "createsuperuser"
            | "qcluster" | "rqworker" | "rqscheduler" | "process_tasks" | "db_worker" | "run_huey"
            | "rundramatiq" | "crontab" | "update_index",
        ) => Step::Silent,
        _ => Step::Other(None),
    }
}
