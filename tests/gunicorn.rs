//! Gunicorn: what is resolved against what the program itself and CPython say.
#![allow(clippy::print_stdout, reason = "what is skipped and what was measured is told to whoever runs it")]

mod cases;
mod starts;
mod strays;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use hoplint::model::{App, AppFault, AppFaultKind, Datum, Origin, OriginKind, Setting, Target, Version};
use hoplint::resolve::gunicorn::{resolve, started};
use hoplint::resolve::launch::{Activation, Argument, Launch};
use hoplint::resolve::paths::Paths;
use hoplint::source::{FileKind, Source, Sources, Span};
use hoplint::syntax::gunicorn::parse;
use hoplint::value::Possible;

use self::cases::{CASES, Case, OTHER};
use crate::real;
use crate::support::{root, write};

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
    let place = Span::new(file, 0..text.len());
    let known = |value: &str| Setting::known(value.to_string(), Origin::DEFAULT);
    let set = |value: &str| Setting::known(value.to_string(), Origin::at(OriginKind::Environment, place));
    Launch {
        unit: None,
        place,
        arguments,
        environment: case.variables.iter().map(|(name, value)| (name.to_string(), set(value))).collect(),
        working_directory: known(directory),
        sockets: Activation::None,
        passing: false,
    }
}

/// What is made of a case, and whether a file of it is refused as a whole.
fn app_of(directory: &Path, case: &Case, version: Version) -> (App, bool) {
    let mut sources = Sources::default();
    let launch = launch_of(&directory.to_string_lossy(), case, &mut sources);
    let mut trees = BTreeMap::new();
    let mut files = Vec::new();
    let texts = [("gunicorn.conf.py", case.file), ("other.py", Some(OTHER))];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name, text?)));
    for (name, text) in texts.chain(case.files.iter().copied()) {
        let is_configuration = !name.ends_with("app.py");
        let kind = if is_configuration { FileKind::Gunicorn } else { FileKind::Launcher };
        let id = sources.add(Source::new(name, kind, text.into()));
        if is_configuration {
            trees.insert(id, parse(id, text));
            files.push(id);
        }
    }
    let paths = Paths::new("", sources.iter().map(|(id, _)| id), &sources);
    let target = Target { gunicorn: version, ..Target::NEWEST };
    let launches = [launch];
    let started = started(&launches, &paths, &sources);
    let app = resolve(&started, &files, &trees, None, &paths, &sources, &target).apps.remove(0);
    (app, trees.values().any(|parsed| !parsed.errors.is_empty()))
}

/// A value as `--print-config` prints it.
fn printed(name: &str, datum: &Datum) -> String {
    match datum {
        Datum::Unset => "None".into(),
        Datum::Bool(true) => "True".into(),
        Datum::Bool(false) => "False".into(),
        Datum::Int(number) => number.to_string(),
        Datum::Duration(duration) => (duration.milliseconds / 1000).to_string(),
        Datum::List(items) => {
            format!("[{}]", items.iter().map(|item| format!("'{item}'")).collect::<Vec<_>>().join(", "))
        }
        Datum::Text(text) if name == "statsd_host" => {
            let (host, port) = text.rsplit_once(':').unwrap();
            format!("('{host}', {port})")
        }
        Datum::Text(text) if matches!(name, "user" | "group") && text == "root" => "0".into(),
        other => other.to_string(),
    }
}

/// What a Gunicorn answers to one case.
struct Answer {
    status: i64,
    output: String,
    errors: String,
}

/// Asks one Gunicorn for its settings in all cases, each in a directory of its own.
fn ask(program: &Path, directories: &[std::path::PathBuf]) -> Vec<Answer> {
    let mut questions = Vec::new();
    for (case, directory) in CASES.iter().zip(directories) {
        let mut environment: BTreeMap<&str, &str> = case.variables.iter().copied().collect();
        environment.insert("PATH", "/usr/bin:/bin");
        questions.push(serde_json::json!({
            "directory": directory, "environment": environment, "arguments": case.line,
        }));
    }
    let mut python = Command::new(real::python_of(program))
        .arg(root().join("tests/data/ask_gunicorn.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = serde_json::to_string(&questions).unwrap();
    python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    let answers: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let text = |answer: &serde_json::Value, key: &str| answer[key].as_str().unwrap().to_string();
    let one = |answer: &serde_json::Value| Answer {
        status: answer["status"].as_i64().unwrap(),
        output: text(answer, "output"),
        errors: text(answer, "errors"),
    };
    answers.iter().map(one).collect()
}

fn prepare(holder: &Path, at: usize, case: &Case) -> std::path::PathBuf {
    let directory = holder.join(at.to_string()).join("started");
    write(&directory.join("app.py"), "def app(environ, start_response): pass\n");
    write(&directory.join("other.py"), OTHER);
    for (name, text) in case.files {
        write(&directory.join(name), text);
    }
    if let Some(text) = case.file {
        write(&directory.join("gunicorn.conf.py"), text);
    }
    directory
}

/// What is decided before `--print-config` prints anything.
fn is_of_loading(fault: &AppFault) -> bool {
    use AppFaultKind::{EatenApplication, FileValue, NoApplication, Value, Word};
    matches!(fault.kind, FileValue | Value | Word | NoApplication | EatenApplication)
        && fault.setting != "raw_env"
}

/// Each case under all the Gunicorns that HOPLINT_GUNICORN names: every setting is as the real one prints it or is
/// unknown; and what is refused is what the real one refuses, in its words.
#[test]
fn settings_and_refusals_are_those_of_gunicorn() {
    let holder = tempfile::tempdir().unwrap();
    let directories: Vec<_> =
        CASES.iter().enumerate().map(|(at, case)| prepare(holder.path(), at, case)).collect();
    let mut wrong = Vec::new();
    let mut unseen = Vec::new();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for (version, program) in real::gunicorns() {
        let (mut known, mut unknown, mut refused) = (0, 0, 0);
        let answers = ask(&program, &directories);
        for ((case, directory), answer) in CASES.iter().zip(&directories).zip(&answers) {
            let (app, is_broken) = app_of(directory, case, version);
            let label = format!("{version} {:?} {:?} {:?}", case.file, case.variables, case.line);
            let mut faults = app.faults.iter().filter(|fault| is_of_loading(fault));
            if answer.status != 0 {
                refused += 1;
                if app.faults.iter().any(is_of_loading) {
                    // An address in the memory is not known.
                    let words = |fault: &AppFault| fault.message.split("0x...").next().map(str::to_string);
                    if !faults.filter_map(words).any(|words| answer.errors.contains(words.trim_end())) {
                        wrong.push(format!("{label}: {:?} and not {}", app.faults, answer.errors));
                    }
                } else if !is_broken && case.unseen.is_none() {
                    unseen.push(format!("{label}: {}", answer.errors.trim_end()));
                }
                continue;
            }
            if let Some(fault) = faults.next() {
                wrong.push(format!("{label} is taken, and not {fault:?}"));
            }
            let real: BTreeMap<&str, &str> = answer
                .output
                .split_inclusive('\n')
                .filter_map(|line| line.split_once(" = ").or(line.trim_end_matches('\n').split_once(" =")))
                .map(|(name, value)| (name.trim(), value.trim_end_matches('\n')))
                .collect();
            for name in real.keys().filter(|name| !app.settings.contains_key(*name)) {
                wrong.push(format!("{label}: `{name}` is missing"));
            }
            for (name, setting) in &app.settings {
                let Some(expected) = real.get(name) else {
                    wrong.push(format!("{label}: no `{name}`"));
                    continue;
                };
                match setting.value.candidates() {
                    _ if *name == "print_config" => {}
                    Some(values) if values.iter().any(|value| printed(name, value) == *expected) => {
                        known += 1
                    }
                    // What it is on this machine is not computed, but its bounds are known.
                    Some([Datum::PerMachine(number)])
                        if expected.parse().is_ok_and(|it: i64| {
                            it >= number.low && number.high.is_none_or(|high| it <= high)
                        }) =>
                    {
                        known += 1;
                    }
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
        let share = f64::from(unknown) * 100.0 / f64::from(known + unknown).max(1.0);
        println!(
            "Gunicorn {version}: {} cases, {refused} refused; {known} settings known, {unknown} unknown ({share:.1} %)",
            CASES.len()
        );
    }
    println!("{reasons:#?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(unseen.is_empty(), "refused, and not seen:\n{}", unseen.join("\n"));
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
            usual += usize::from(matches!(setting.value, Possible::Usually(_)));
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
            match setting.value.known().map(|datum| printed(name, datum)) {
                Some(text) if text == literal || text == quoted || text == format!("['{quoted}']") => {}
                Some(text) if text.replace('"', "'") == literal.replace('"', "'") => {}
                // The one that Gunicorn runs as.
                Some(text)
                    if matches!(name, "user" | "group")
                        && literal == "None"
                        && text.starts_with("os.gete") => {}
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
    assert!(resolved * 100 >= settings * 95, "{resolved} of {settings} settings are resolved");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
