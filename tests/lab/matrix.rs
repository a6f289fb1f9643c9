//! Which programs a case is run with.
//!
//! A quick run takes the newest programs that a case is about. HOPLINT_LAB=all takes all of them: each nginx with each
//! Gunicorn and each worker class.

use std::path::PathBuf;

use hoplint::model::Version;

use super::Case;
use crate::real;

/// The programs of one run.
#[derive(Clone, Debug)]
pub(crate) struct On {
    pub(crate) nginx: Version,
    pub(crate) gunicorn: Version,
    /// The worker class by the short name that a case gives it; empty where its configuration says it.
    pub(crate) class: &'static str,
    pub(crate) nginx_at: PathBuf,
    pub(crate) gunicorn_at: PathBuf,
}

impl std::fmt::Display for On {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "nginx {}, Gunicorn {}", self.nginx, self.gunicorn)?;
        if self.class.is_empty() { Ok(()) } else { write!(f, ", {}", self.class) }
    }
}

/// What is seen instead with some programs.
pub(crate) struct Instead<'a> {
    pub(crate) when: fn(&On) -> bool,
    pub(crate) before: &'a str,
    pub(crate) log: &'a str,
}

/// Whether everything is run.
pub(crate) fn is_whole() -> bool {
    std::env::var("HOPLINT_LAB").is_ok_and(|it| it == "all")
}

/// The Gunicorns that are run by themselves, or behind one nginx: all in a whole run, else the newest that is asked for.
pub(crate) fn gunicorns(is_meant: impl Fn(Version) -> bool) -> Vec<(Version, PathBuf)> {
    let mut gunicorns = real::gunicorns();
    gunicorns.retain(|(version, _)| is_meant(*version));
    gunicorns.truncate(if is_whole() { gunicorns.len() } else { 1 });
    gunicorns
}

/// The programs that a case is run with.
pub(crate) fn runs_of(case: &Case) -> Vec<On> {
    let gunicorns = real::gunicorns();
    let mut runs = Vec::new();
    for (nginx, nginx_at) in real::nginxes() {
        for (gunicorn, gunicorn_at) in &gunicorns {
            for class in case.classes {
                let (nginx_at, gunicorn_at) = (nginx_at.clone(), gunicorn_at.clone());
                runs.push(On { nginx, gunicorn: *gunicorn, class, nginx_at, gunicorn_at });
            }
        }
    }
    runs.retain(|on| (case.runs)(on));
    // nginx refuses its configuration whatever is behind it.
    if case.gunicorn.is_empty() || case.before == "does not start" {
        runs.dedup_by_key(|on| on.nginx);
    }
    if !is_whole() {
        runs.truncate(1);
    }
    runs
}

/// The configuration and the app of a case with a worker class.
pub(crate) fn with_class(case: &Case, class: &str) -> (String, String) {
    let named = |name: &str| format!("{}worker_class = \"{name}\"\n", case.gunicorn);
    match class {
        "" => (case.gunicorn.to_owned(), case.app.to_owned()),
        "uvicorn" => (named("uvicorn.workers.UvicornWorker"), case.app.replace("stub:app", "stub:socket")),
        "asgi" => (named("asgi"), case.app.replace("stub:app", "stub:socket")),
        name => (named(name), case.app.to_owned()),
    }
}
