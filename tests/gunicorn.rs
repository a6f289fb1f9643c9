//! Gunicorn: what is resolved against what the program itself and CPython say.
#![allow(clippy::print_stdout, reason = "what is skipped and what was measured is told to whoever runs it")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use hoplint::model::{App, Datum, Origin, Setting, Target, Version};
use hoplint::resolve::gunicorn::resolve;
use hoplint::resolve::launch::{Activation, Argument, Environment, Launch};
use hoplint::resolve::paths::Paths;
use hoplint::source::{FileKind, Source, Sources, Span};
use hoplint::syntax::gunicorn::parse;
use hoplint::value::Possible;

use crate::real;

/// A start of Gunicorn: its `gunicorn.conf.py`, the variables that are set, and the words behind `gunicorn`.
struct Case {
    file: Option<&'static str>,
    variables: &'static [(&'static str, &'static str)],
    line: &'static [&'static str],
}

const fn case(
    file: Option<&'static str>,
    variables: &'static [(&'static str, &'static str)],
    line: &'static [&'static str],
) -> Case {
    Case { file, variables, line }
}

const APP: &[&str] = &["app:app"];

/// The application is `app:app` of the directory that it starts in, which holds `other.py` too.
static CASES: &[Case] = &[
    case(None, &[], APP),
    case(Some("bind = '127.0.0.1:9000'\nworkers = 3\n"), &[], APP),
    case(Some("workers = 3\n"), &[], &["-w", "4", "app:app"]),
    case(Some("workers = 3\n"), &[("GUNICORN_CMD_ARGS", "--workers=5 -b :1")], APP),
    case(Some("workers = 3\n"), &[("GUNICORN_CMD_ARGS", "--workers=5 -t 7")], &["-w4", "app:app"]),
    case(None, &[("PORT", "5000")], APP),
    case(Some("bind = []\n"), &[("PORT", "5000")], APP),
    case(None, &[("WEB_CONCURRENCY", "7")], APP),
    case(None, &[("WEB_CONCURRENCY", "7"), ("FORWARDED_ALLOW_IPS", "*")], &["-w", "2", "app:app"]),
    case(None, &[("WEB_CONCURRENCY", "seven")], APP),
    case(None, &[], &["-b", "a:1", "-b", "b:2", "app:app"]),
    case(Some("bind = ['a:1', 'b:2']\n"), &[], &["-b", "c:3", "app:app"]),
    case(Some("bind = 'a:1,b:2'\n"), &[], APP),
    case(Some("bind = ('a:1',)\ntimeout = '0x10'\nreload = ' TRUE '\n"), &[], APP),
    case(Some("timeout = True\nkeepalive = False\n"), &[], APP),
    case(Some("timeout = '30s'\n"), &[], APP),
    case(Some("workers = 3,\n"), &[], APP),
    case(Some("workers = 1.5\n"), &[], APP),
    case(Some("timeout = -1\n"), &[], APP),
    case(Some("reload = 1\n"), &[], APP),
    case(Some("Timeout = 99\nworker = 3\n"), &[], APP),
    case(Some("import os\nworkers = int(os.environ.get('W', 2)) * 2 + 1\n"), &[], APP),
    case(Some("import os\nworkers = int(os.environ.get('W', 2)) * 2 + 1\n"), &[("W", "4")], APP),
    case(Some("from os import environ as e\nbind = '0.0.0.0:' + e['P']\n"), &[("P", "81")], APP),
    case(Some("import os\nbind = '0.0.0.0:' + os.environ['P']\n"), &[], APP),
    case(Some("import os\nif os.getenv('D'):\n    timeout = 0\nelse:\n    timeout = 60\n"), &[], APP),
    case(Some("import os\nif os.getenv('D') == 'x': timeout = 0\nelif 1: timeout = 5\n"), &[("D", "x")], APP),
    case(
        Some("import multiprocessing\nworkers = multiprocessing.cpu_count() * 2 + 1\ntimeout = 5\n"),
        &[],
        APP,
    ),
    case(Some("a = b = 5\ntimeout = a ** 2 - -b // 2 % 3\nthreads = 7 // -2 + 10\n"), &[], APP),
    case(
        Some("timeout = 2 ** 3 ** 2 // 3 << 1 | 1\nworkers = -2 ** 2 + 10\nthreads = 1 + (not 0)\n"),
        &[],
        APP,
    ),
    case(Some("bind = '%s:%d' % ('127.0.0.1', 8000)\nproc_name = '{}-{}'.format('a', 1)\n"), &[], APP),
    case(Some("bind = ['127.0.0.1:8000']\nbind.append('127.0.0.1:8001')\ntimeout = 9\n"), &[], APP),
    case(Some("timeout = 5\ntimeout += 5\nworkers = 2\n"), &[], APP),
    case(Some("for timeout in [1, 2, 3]:\n    pass\nworkers = 2\n"), &[], APP),
    case(Some("from other import *\nworkers = 2\n"), &[], APP),
    case(Some("timeout = 3\nfrom other import *\n"), &[], APP),
    case(Some("try:\n    timeout = 4\nexcept Exception:\n    timeout = 5\n"), &[], APP),
    case(Some("with open('/dev/null') as f:\n    timeout = 4\n"), &[], APP),
    case(Some("timeout = 1\ndef f():\n    global timeout\n    timeout = 2\nf()\n"), &[], APP),
    case(Some("globals()['timeout'] = 8\n"), &[], APP),
    case(Some("timeout = 8\ndel timeout\n"), &[], APP),
    case(Some("exec('timeout = 8')\nworkers = 2\n"), &[], APP),
    case(Some("import os\nos.environ['X'] = '5'\ntimeout = int(os.environ.get('X', 1))\n"), &[], APP),
    case(Some("import other\nimport os\ntimeout = int(os.environ.get('FROM_OTHER', 1))\n"), &[], APP),
    case(Some("timeout, workers = 9, 3\n"), &[], APP),
    case(Some("(timeout := 9)\nworkers = 3\n"), &[], APP),
    case(Some("timeout: int = 9\nworkers: int\n"), &[], APP),
    case(Some("timeout = 9; workers = 3 if timeout > 8 else 4\n"), &[], APP),
    case(
        Some("timeout = 1 if 0 else 2 if [] else 3\nthreads = None or 4\nworkers = 0 or '' or 2\n"),
        &[],
        APP,
    ),
    case(Some("timeout = max(3, 9, 4)\nthreads = min([2, 1])\nworkers = len('abc')\n"), &[], APP),
    case(Some("x = {'a': 1}\ntimeout = x['a']\nworkers = [1, 2, 3][-1]\n"), &[], APP),
    case(
        Some("umask = 0o22\nloglevel = 'de' 'bug'\nproc_name = r'a\\b'\npidfile = '\\x2ftmp\\x2fp'\n"),
        &[],
        APP,
    ),
    case(Some("umask = '0007'\n"), &[], APP),
    case(None, &[], &["-m", "007", "app:app"]),
    case(None, &[], &["-m", "22", "app:app"]),
    case(None, &[], &["-t", "010", "app:app"]),
    case(None, &[], &["-t", "0x10", "app:app"]),
    case(None, &[], &["--timeo=50", "--preload", "app:app", "--log-lev", "debug"]),
    case(None, &[], &["app:app", "extra", "words"]),
    case(None, &[], &["app:app", "-w", "2", "words"]),
    case(None, &[], &["--work", "2", "app:app"]),
    case(None, &[], &["-Dw3", "app:app"]),
    case(None, &[], &["--no-sendfile", "--reuse-port", "app:app"]),
    case(None, &[], &["--log-file=-", "--access-logfile", "-", "app:app"]),
    case(None, &[], &["--nope", "app:app"]),
    case(None, &[], &["--proxy-protocol", "app:app"]),
    case(None, &[], &["app:app", "--proxy-protocol"]),
    case(Some("timeout = 3\n"), &[], &["-c", "other.py", "app:app"]),
    case(Some("timeout = 3\n"), &[], &["-c", "file:./other.py", "app:app"]),
    case(Some("timeout = 3\n"), &[], &["-c", "python:other", "app:app"]),
    case(Some("timeout = 3\n"), &[("GUNICORN_CMD_ARGS", "-c other.py")], APP),
    case(Some("timeout = 3\n"), &[], &["-c", "missing.py", "app:app"]),
    case(Some("timeout = 3\nchdir = '/tmp'\n"), &[], APP),
    case(Some("wsgi_app = 'app:app'\nproc_name = ' x '\n"), &[], &[]),
    case(Some("forwarded_allow_ips = '10.0.0.1, 10.0.0.2,'\nuser = None\n"), &[], APP),
    case(Some("worker_class = 'gthread'\nthreads = 4\nthreads = 2\n"), &[], APP),
    case(Some("if __name__ == '__main__':\n    timeout = 1\nelse:\n    timeout = 2\n"), &[], APP),
    case(Some("\u{feff}timeout = 2\r\nworkers = (1 +\r\n 2)\r\n"), &[], APP),
    case(Some("timeout = 2 +\nworkers = 3\n"), &[], APP),
    case(Some("timeout = 'a\nworkers = 3\n"), &[], APP),
    case(Some("def when_ready(server):\n    server.cfg.set('timeout', 5)\nworkers = 2\n"), &[], APP),
    case(Some("class A:\n    timeout = 4\nworkers = 2\n"), &[], APP),
    case(Some("import os\np = os.path.join('/run', 'app', 'x.sock')\nbind = 'unix:' + p\n"), &[], APP),
    case(
        Some("timeout = 5\nif timeout == 5 and 'a' in 'abc' and not None is None:\n    timeout = 6\n"),
        &[],
        APP,
    ),
    case(Some("raw_env = ['A=1']\nbacklog = 1_000\nlimit_request_line = 0b11\n"), &[], APP),
    case(Some("timeout = 3 < 4 < 2\n"), &[], APP),
    case(
        Some("timeout = int('5') if str(5) == '5' else 6\nworkers = int(2.9)\nthreads = abs(-2)\n"),
        &[],
        APP,
    ),
    case(Some("x = [1]\ny = x\ny.append(2)\nworkers = len(x)\n"), &[], APP),
    case(Some("while True:\n    timeout = 5\n    break\nelse:\n    timeout = 6\n"), &[], APP),
    case(Some("import threading as timeout\n"), &[], APP),
    case(Some("from importlib import reload\n"), &[], APP),
    case(None, &[], &["--bind=unix:/tmp/a b.sock", "app:app"]),
    case(None, &[("GUNICORN_CMD_ARGS", "--name 'a b' ignored:app")], APP),
    case(None, &[("GUNICORN_CMD_ARGS", "'")], APP),
    case(None, &[], &["--", "app:app"]),
];

const OTHER: &str = "import os\nos.environ['FROM_OTHER'] = '77'\ntimeout = 77\n";

fn launch_of(directory: &str, case: &Case, sources: &mut Sources) -> Launch {
    let text = std::iter::once("gunicorn").chain(case.line.iter().copied()).collect::<Vec<_>>().join(" ");
    let file = sources.add(Source::new("app.service", FileKind::Systemd, text.clone().into_bytes()));
    let mut at = 0;
    let mut arguments = Vec::new();
    for word in std::iter::once("gunicorn").chain(case.line.iter().copied()) {
        let span = Span::new(file, at..at + word.len());
        arguments.push(Argument { text: Possible::Known(word.into()), span, splits: false });
        at += word.len() + 1;
    }
    let known = |value: &str| Setting::known(value.to_string(), Origin::DEFAULT);
    Launch {
        unit: None,
        place: Span::new(file, 0..text.len()),
        arguments,
        environment: Environment {
            variables: case.variables.iter().map(|(name, value)| (name.to_string(), known(value))).collect(),
            open: None,
        },
        working_directory: known(directory),
        sockets: Activation::None,
    }
}

fn app_of(directory: &Path, case: &Case, version: Version) -> App {
    let mut sources = Sources::default();
    let launch = launch_of(&directory.to_string_lossy(), case, &mut sources);
    let mut trees = BTreeMap::new();
    let mut files = Vec::new();
    let texts = [("gunicorn.conf.py", case.file), ("other.py", Some(OTHER))];
    for (name, text) in texts.into_iter().filter_map(|(name, text)| Some((name, text?))) {
        let id = sources.add(Source::new(name, FileKind::Gunicorn, text.into()));
        trees.insert(id, parse(id, text));
        files.push(id);
    }
    let paths = Paths::new("", sources.iter().map(|(id, _)| id), &sources);
    let target = Target { gunicorn: version, ..Target::NEWEST };
    resolve(&[launch], &files, &trees, None, &paths, &sources, &target).apps.remove(0)
}

/// A value as `--print-config` prints it.
fn printed(datum: &Datum) -> String {
    match datum {
        Datum::Unset => "None".into(),
        Datum::Bool(true) => "True".into(),
        Datum::Bool(false) => "False".into(),
        Datum::Int(number) => number.to_string(),
        Datum::Duration(duration) => (duration.milliseconds / 1000).to_string(),
        Datum::List(items) => {
            format!("[{}]", items.iter().map(|item| format!("'{item}'")).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Each case under the real Gunicorn, and under all of them that HOPLINT_GUNICORN names.
#[test]
fn settings_are_those_that_gunicorn_prints() {
    let mut wrong = Vec::new();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for (version, program) in real::gunicorns() {
        let (mut known, mut unknown, mut refused) = (0, 0, 0);
        for case in CASES {
            let holder = tempfile::tempdir().unwrap();
            let directory = holder.path().join("started");
            std::fs::create_dir(&directory).unwrap();
            std::fs::write(directory.join("app.py"), "def app(environ, start_response): pass\n").unwrap();
            std::fs::write(directory.join("other.py"), OTHER).unwrap();
            if let Some(text) = case.file {
                std::fs::write(directory.join("gunicorn.conf.py"), text).unwrap();
            }
            let output = Command::new(&program)
                .arg("--print-config")
                .args(case.line)
                .current_dir(&directory)
                .env_clear()
                .env("PATH", "/usr/bin:/bin")
                .envs(case.variables.iter().copied())
                .output()
                .unwrap();
            let app = app_of(&directory, case, version);
            let label = format!("{version} {:?} {:?} {:?}", case.file, case.variables, case.line);
            if !output.status.success() {
                refused += 1;
                let unsure = |setting: &Setting<Datum>| match &setting.value {
                    Possible::Unknown(why) => why != "its default hangs on the machine",
                    _ => false,
                };
                if !app.settings.values().any(unsure) && app.listeners.value.known().is_some() {
                    println!("refused, and not seen: {label}: {}", String::from_utf8_lossy(&output.stderr));
                }
                continue;
            }
            let text = String::from_utf8_lossy(&output.stdout);
            let real: BTreeMap<&str, &str> = text
                .split_inclusive('\n')
                .filter_map(|line| line.split_once(" = ").or(line.trim_end_matches('\n').split_once(" =")))
                .map(|(name, value)| (name.trim(), value.trim_end_matches('\n')))
                .collect();
            for (name, setting) in &app.settings {
                let Some(expected) = real.get(name) else {
                    wrong.push(format!("{label}: no `{name}`"));
                    continue;
                };
                match setting.value.candidates() {
                    _ if *name == "print_config" => {}
                    Some(values) if values.iter().any(|value| printed(value) == *expected) => known += 1,
                    Some(_) => wrong.push(format!("{label}: {name} = {expected}, not {:?}", setting.value)),
                    None => {
                        unknown += 1;
                        let machine = ["user", "group", "chdir", "control_socket", "ssl_version"];
                        if !machine.contains(name) {
                            *reasons.entry(format!("{:?}", setting.value)).or_default() += 1;
                        }
                    }
                }
            }
        }
        println!(
            "Gunicorn {version}: {} cases, {refused} refused; {known} settings known, {unknown} unknown",
            CASES.len()
        );
    }
    println!("{reasons:#?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The corpus: every file that CPython parses gives no error, and literals agree with CPython's reading.
#[test]
fn the_corpus_reads_as_cpython_reads_it() {
    let Some(corpus) = real::corpus() else {
        return;
    };
    let listed = std::fs::read_to_string(corpus.join("gunicorn_status.jsonl")).unwrap();
    let (mut files, mut literals, mut settings, mut resolved, mut usual) = (0, 0, 0, 0, 0);
    let mut wrong = Vec::new();
    let mut unsure = Vec::new();
    let mut unresolved = Vec::new();
    for line in listed.split_inclusive('\n') {
        let status: serde_json::Value = serde_json::from_str(line).unwrap();
        let path = status["path"].as_str().unwrap();
        let bytes = std::fs::read(corpus.join(path)).unwrap();
        let mut sources = Sources::default();
        let id = sources.add(Source::new(path, FileKind::Gunicorn, bytes));
        let parsed = parse(id, &sources.get(id).text);
        files += 1;
        if !parsed.errors.is_empty() {
            wrong.push(format!("{path}: {:?}", parsed.errors));
        }
        let trees = BTreeMap::from([(id, parsed)]);
        let paths = Paths::new("", [id], &sources);
        let app = resolve(&[], &[id], &trees, None, &paths, &sources, &Target::NEWEST).apps.remove(0);
        let non_literals: Vec<&str> = status["non_literals"]
            .as_array()
            .map(|all| all.iter().filter_map(|one| one["name"].as_str()).collect())
            .unwrap_or_default();
        for name in status["settings"].as_array().into_iter().flatten().filter_map(|name| name.as_str()) {
            let Some(setting) = app.settings.get(name) else { continue };
            settings += 1;
            resolved += usize::from(!setting.value.likely().is_empty());
            usual += usize::from(matches!(setting.value, Possible::Usually { .. }));
            if setting.value.likely().is_empty() {
                unresolved.push(format!("{path}: {name}: {:?}", setting.value));
            }
            let literal = status["literals"][name].as_str();
            let Some(literal) = literal.filter(|_| !non_literals.contains(&name)) else { continue };
            literals += 1;
            let quoted = literal
                .get(1..literal.len() - 1)
                .unwrap_or_default()
                .replace("\\n", "\n")
                .replace("\\'", "'");
            match setting.value.known().map(printed) {
                Some(text) if text == literal || text == quoted || text == format!("['{quoted}']") => {}
                Some(text) if text.replace('"', "'") == literal.replace('"', "'") => {}
                Some(text) => wrong.push(format!("{path}: {name} = {literal}, not {text}")),
                None => unsure.push(format!("{path}: {name} = {literal}: {:?}", setting.value)),
            }
        }
    }
    println!("{}", unsure.join("\n"));
    println!("not resolved:\n{}", unresolved.join("\n"));
    println!(
        "{files} files, {literals} literals; {resolved} of {settings} settings resolved, {usual} of them unless \
         something else sets them"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
