//! What the lab has proven, run by run, for docs/proven.md.
//!
//! A whole run leaves a line for each run of a case below target/lab, in a file for each test. tests/lab-all begins with none.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use super::matrix::is_whole;
use crate::support::root;

/// One run of a case. What has no part in it is empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Record {
    pub(crate) rule: String,
    /// The name of the test.
    pub(crate) test: String,
    pub(crate) nginx: String,
    pub(crate) gunicorn: String,
    pub(crate) class: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// Where the records of a whole run are.
pub(crate) fn directory() -> PathBuf {
    root().join("target/lab")
}

/// Keeps what a run of the current test has shown.
pub(crate) fn record(record: &Record) {
    if !is_whole() {
        return;
    }
    let thread = std::thread::current();
    let test = thread.name().unwrap();
    std::fs::create_dir_all(directory()).unwrap();
    let path = directory().join(test.replace("::", "."));
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    let Record { rule, nginx, gunicorn, class, before, after, .. } = record;
    let name = test.rsplit("::").next().unwrap();
    writeln!(file, "{rule}\t{name}\t{nginx}\t{gunicorn}\t{class}\t{before}\t{after}").unwrap();
}

/// The worker class that files name, by its short name: `sync` where they name none.
pub(crate) fn class_in(text: &str) -> String {
    let after = |key: &str| -> Option<String> {
        let rest = text.split_once(key)?.1.trim_start_matches([' ', '=', '"', '\'']);
        Some(rest.split(|c: char| c.is_whitespace() || "\"'".contains(c)).next()?.to_owned())
    };
    let class = after("worker_class").or_else(|| after(" -k ")).or_else(|| after("--worker-class"));
    let threads = after("threads").or_else(|| after("--threads"));
    match class.as_deref() {
        Some(class) if class.contains("uvicorn") => "uvicorn".into(),
        Some(class) if class != "sync" => class.into(),
        _ if threads.is_some_and(|it| it.parse::<u32>().is_ok_and(|it| it > 1)) => "gthread".into(),
        _ => "sync".into(),
    }
}
