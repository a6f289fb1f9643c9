//! Real starts: what cannot be bound or loaded is refused in the words that are known, and what is mended starts.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use hoplint::check::{Report, check};
use hoplint::config::Settings;
use hoplint::edit::Applicability;
use hoplint::finding::Severity;
use hoplint::fix::fix;
use hoplint::model::{App, AppFaultKind, Version};
use hoplint::source::{FileKind, Source, Sources};

use super::app_of;
use super::cases::case;
use crate::page::{pages, without_markers};
use crate::real;
use crate::support::{free_port, write};

/// How a start ended.
#[derive(Debug)]
enum End {
    /// It listens there.
    Listening(Vec<String>),
    /// It ended with an error, and said this.
    Refused(String),
}

/// Starts Gunicorn, waits until it listens or ends, and stops it. Some files name no port, or one that another start may have for
/// a while: those that meet it try again one after the other.
fn start(program: &Path, directory: &Path, variables: &[(String, String)], words: &[String]) -> End {
    static AGAIN: Mutex<()> = Mutex::new(());
    let attempt = || started(program, directory, variables, words);
    let is_taken = |end: &End| matches!(end, End::Refused(said) if said.contains("Address already in use"));
    let first = attempt();
    if !is_taken(&first) {
        return first;
    }
    let _alone = AGAIN.lock().unwrap_or_else(PoisonError::into_inner);
    (0..5).map(|_| attempt()).find(|end| !is_taken(end)).unwrap_or(first)
}

fn started(program: &Path, directory: &Path, variables: &[(String, String)], words: &[String]) -> End {
    let log = directory.join("said.log");
    let file = std::fs::File::create(&log).unwrap();
    let mut child = Command::new(program)
        .args(words)
        .current_dir(directory)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        // A file that is mended within a second, byte for byte as long, would be taken for the one before.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(variables.iter().cloned())
        .stdin(Stdio::null())
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .spawn()
        .unwrap();
    let begun = Instant::now();
    loop {
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        if let Some(status) = child.try_wait().unwrap() {
            assert!(!status.success(), "it ended without an error: {said}");
            return End::Refused(std::fs::read_to_string(&log).unwrap());
        }
        // `Listening at: http://127.0.0.1:8000,unix:/run/a.sock (12)`
        if let Some((_, rest)) = said.split_once("Listening at: ")
            && let Some((addresses, _)) = rest.split_once(" (")
        {
            Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
            child.wait().unwrap();
            let plain = |address: &str| address.trim_start_matches("http://").to_string();
            return End::Listening(addresses.split(',').map(plain).collect());
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{words:?}: neither up nor down: {said}");
        sleep(Duration::from_millis(50));
    }
}

/// Does something for every job, some at a time: most of the time each waits.
fn for_each<T: Sync>(jobs: &[T], work: impl Fn(usize, &T) -> Option<String> + Sync) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::SeqCst);
                    let Some(job) = jobs.get(at) else { break };
                    if let Some(why) = work(at, job) {
                        wrong.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    wrong.into_inner().unwrap()
}

/// Command lines in front of the application. `PORT` is a port of its own for each start.
static LINES: &[&[&str]] = &[
    &["-b", "127.0.0.1:PORT"],
    &["-b", "localhost:PORT"],
    &["-b", "LOCALHOST:PORT"],
    &["-b", ":PORT"],
    &["-b", "0:PORT"],
    &["-b", "[::1]:PORT"],
    &["-b", "[127.0.0.1]:PORT"],
    &["-b", "tcp://127.0.0.1:PORT"],
    &["-b", "127.0.0.1:PORT:9"],
    &["-b", "127.0.0.1:0PORT"],
    &["-b", " 127.0.0.1:PORT "],
    &["-b", "127.0.0.1:PORT", "-b", "unix:two.sock"],
    &["-b", "unix:a.sock"],
    &["-b", "unix://a.sock"],
    &["-b", "unix:@a"],
    &["-b", "unix://sub/a.sock"],
    &["-b", "unix:./sub/../a.sock"],
    &["-b", "UNIX:a.sock"],
    &["-b", "unix:"],
    &["-b", "/tmp/a.sock"],
    &["-b", "PORT"],
    &["-b", "http://127.0.0.1:PORT"],
    &["-b", "::1:PORT"],
    &["-b", ":::PORT"],
    &["-b", "[::1:PORT"],
    &["-b", "*:PORT"],
    &["-b", "256.1.1.1:PORT"],
    &["-b", "127.0.0.1 :PORT"],
    &["-b", "127.0.0.1:"],
    &["-b", "127.0.0.1:99999"],
    &["-b", "127.0.0.1:-1"],
    &["-b", "127.0.0.1:PORT/"],
    &["-b", "127.0.0.1:PORT,127.0.0.2:PORT"],
    &["-b", "fd://x"],
    &["-b", "127.0.0.1:PORT", "-b", "127.0.0.1:x"],
    &[
        "-b",
        "unix:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ],
    &["-b", "127.0.0.1:PORT", "-k", "gthread"],
    &["-b", "127.0.0.1:PORT", "-k", "gunicorn.workers.gthread.ThreadWorker"],
    &["-b", "127.0.0.1:PORT", "-k", "asgi"],
    &["-b", "127.0.0.1:PORT", "-k", "gthreads"],
    &["-b", "127.0.0.1:PORT", "-k", "uvicorn"],
    &["-b", "127.0.0.1:PORT", "-k", "gaiohttp"],
    &["-b", "127.0.0.1:PORT", "-e", "A=1", "-e", "B"],
    &["-b", "127.0.0.1:PORT", "-e", "A=1"],
    &["-b", "127.0.0.1:PORT", "-w", "0"],
];

/// Where a relative path stands in what Gunicorn prints.
fn is_listener(printed: &str, app: &App, directory: &Path) -> bool {
    let Some(listeners) = app.listeners.value.known() else { return false };
    let absolute = match printed.strip_prefix("unix:") {
        Some(path) if !path.starts_with('/') => {
            let path = directory.join(path);
            let parent = path.parent().unwrap().canonicalize().unwrap();
            format!("unix:{}", parent.join(path.file_name().unwrap()).display())
        }
        _ => printed.to_string(),
    };
    listeners.iter().any(|endpoint| endpoint.to_string() == absolute)
}

#[test]
fn what_is_listened_on_and_what_is_refused_at_the_start() {
    let holder = tempfile::tempdir().unwrap();
    // What is between the newest and the oldest reads addresses as both do.
    let mut programs = real::gunicorns();
    if programs.len() > 2 {
        programs.drain(1..programs.len() - 1);
    }
    let jobs: Vec<(Version, PathBuf, &[&str])> = programs
        .into_iter()
        .flat_map(|(version, program)| LINES.iter().map(move |line| (version, program.clone(), *line)))
        .collect();
    let wrong = for_each(&jobs, |at, (version, program, line)| {
        let port = free_port().to_string();
        let directory = holder.path().join(at.to_string()).join("started");
        write(&directory.join("app.py"), "def app(environ, start_response): pass\n");
        write(&directory.join("sub/app.py"), "");
        let words: Vec<String> =
            line.iter().chain(&["app:app"]).map(|word| word.replace("PORT", &port)).collect();
        let plain: Vec<&str> = words.iter().map(String::as_str).collect();
        let (app, _) = app_of(&directory, &case(None, &[], &plain), *version);
        let expected = app.faults.iter().find(|fault| fault.kind != AppFaultKind::UnknownSetting);
        match (start(program, &directory, &[], &words), expected) {
            (End::Listening(printed), None) => {
                let all = printed.iter().all(|address| is_listener(address, &app, &directory));
                (!all).then(|| format!("{version} {words:?}: {printed:?}, not {:?}", app.listeners.value))
            }
            (End::Refused(said), Some(fault)) => (!said.contains(&fault.message))
                .then(|| format!("{version} {words:?}: {:?}, not {said}", fault.message)),
            (end, fault) => Some(format!("{version} {words:?}: {end:?}, not {fault:?}")),
        }
    });
    println!("{} starts", jobs.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A file of a page as it can stand on this machine: paths in a scratch directory, ports that nobody else has.
fn on_this_machine(text: &str, scratch: &Path) -> String {
    let mut text = without_markers(text).replace("800", "2300");
    for folder in ["/srv/", "/run/", "/var/"] {
        for before in ["=", " ", "\"", "'", ":", "://"] {
            text =
                text.replace(&format!("{before}{folder}"), &format!("{before}{}{folder}", scratch.display()));
        }
    }
    text
}

/// How a unit or a configuration file starts Gunicorn: where, with what set, and by which words.
fn launch(source: &Source, scratch: &Path) -> (PathBuf, Vec<(String, String)>, Vec<String>) {
    if source.kind == FileKind::Gunicorn {
        write(&scratch.join(&source.path), &source.text);
        let application = ["-c".to_string(), source.path.clone(), "app:application".to_string()];
        write(&scratch.join("app.py"), "def application(environ, start_response): pass\n");
        return (scratch.into(), Vec::new(), application.into());
    }
    let (mut directory, mut variables, mut words) = (scratch.to_owned(), Vec::new(), Vec::new());
    for line in source.text.split_inclusive('\n').map(str::trim) {
        match line.split_once('=') {
            Some(("WorkingDirectory", path)) => directory = path.into(),
            Some(("Environment", set)) => {
                let (name, value) = set.trim_matches('"').split_once('=').unwrap();
                variables.push((name.to_string(), value.to_string()));
            }
            Some(("ExecStart", command)) => {
                words = command.split_whitespace().skip(1).map(String::from).collect();
            }
            _ => {}
        }
    }
    let package = directory.join(directory.file_name().unwrap());
    for module in ["wsgi.py", "asgi.py", "__init__.py"] {
        write(&package.join(module), "def application(environ, start_response): pass\n");
    }
    (directory, variables, words)
}

/// The pages' examples of what is refused, with the real Gunicorn of the newest release that is there: each is refused in
/// the words of its finding, and starts when it is mended.
#[test]
fn what_the_pages_call_refused_is_and_starts_when_it_is_mended() {
    let Some((_, program)) = real::gunicorns().into_iter().next() else { return };
    let rules = ["gunicorn-invalid-value", "bind-syntax", "worker-class-unavailable", "option-eats-app"];
    let holder = tempfile::tempdir().unwrap();
    let settings = Settings { show: Severity::Note, ..Settings::default() };
    let pages = pages();
    let jobs: Vec<_> = pages
        .iter()
        .filter(|page| rules.contains(&page.rule.name))
        .flat_map(|page| page.examples("Bad").iter().map(|example| (page.rule.name, example)))
        .flat_map(|(rule, example)| (0..example.blocks.len()).map(move |block| (rule, example, block)))
        .collect();
    let mended = AtomicUsize::new(0);
    let wrong = for_each(&jobs, |at, (rule, example, block)| {
        let scratch = holder.path().join(at.to_string());
        let mut sources = Sources::default();
        for block in &example.blocks {
            let text = on_this_machine(&block.text, &scratch);
            write(&scratch.join("srv").join(&block.path), &text);
            if let Some(kind) = block.kind {
                sources.add(Source::new(block.path.as_str(), kind, text.into()));
            }
        }
        for folder in ["run/shop", "srv/shop/run/shop", "var/log"] {
            std::fs::create_dir_all(scratch.join(folder)).unwrap();
        }
        let path = &example.blocks[*block].path;
        let (id, source) = sources.iter().find(|(_, source)| source.path == *path).unwrap();
        let label = format!("{rule}, {}, {path}", example.title);
        let faults = |report: &Report| -> Vec<String> {
            let apps = report.stacks.iter().flat_map(|stack| &stack.apps);
            apps.flat_map(|app| &app.faults)
                .filter(|fault| fault.place.file == id)
                .map(|fault| fault.message.clone())
                .collect()
        };
        let before = faults(&check(&sources, &settings));
        let (directory, variables, words) = launch(source, &scratch);
        match start(&program, &directory, &variables, &words) {
            End::Refused(said) if before.iter().any(|words| said.contains(words)) => {}
            // What two slashes make is elsewhere, or is another's mistake.
            End::Listening(_) if before.is_empty() => {}
            End::Refused(_) if before.is_empty() && example.blocks.len() > 1 => return None,
            end => return Some(format!("{label}: {end:?}, not {before:?}")),
        }
        let outcome = fix(&sources, &settings, Applicability::Unsafe);
        let source = outcome.sources.get(id);
        // The path that two slashes were meant to be is the machine's own.
        if source.text.contains("unix:/run/") {
            return None;
        }
        if source.text == sources.get(id).text || !faults(&check(&outcome.sources, &settings)).is_empty() {
            return None;
        }
        mended.fetch_add(1, Ordering::SeqCst);
        let (directory, variables, words) = launch(source, &scratch);
        match start(&program, &directory, &variables, &words) {
            End::Listening(_) => None,
            End::Refused(said) => Some(format!("{label} is mended, and refused: {said}")),
        }
    });
    println!("{} files, {} of them mended", jobs.len(), mended.load(Ordering::SeqCst));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
