//! Scripts of a shell: what is made of them against what dash and bash do.
//!
//! Each script runs in the real shells with a Gunicorn that only writes down its words, its directory and its
//! environment. Whatever is said to be known must be so; what is not known is counted.
#![allow(clippy::print_stdout, reason = "what is skipped and what was measured is told to whoever runs it")]

mod scripts;
mod stays;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use hoplint::model::{Origin, Setting};
use hoplint::resolve::gunicorn::{Program, Start, started};
use hoplint::resolve::launch::{Activation, Argument, Launch};
use hoplint::resolve::paths::Paths;
use hoplint::source::{FileKind, Source, Sources, Span};
use hoplint::value::Possible;

use self::scripts::{NAMES, SCRIPTS, VARIABLES, generated};
use crate::support::{Dice, copy_program, write};

/// What a Gunicorn got.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    words: Vec<String>,
    directory: String,
    environment: BTreeMap<String, String>,
}

/// The parameters of every script.
const PARAMETERS: [&str; 3] = ["-w", "3", "a b"];

/// A directory to run scripts in.
struct Laboratory {
    directory: tempfile::TempDir,
}

impl Laboratory {
    fn new() -> Laboratory {
        let laboratory = Laboratory { directory: tempfile::tempdir().unwrap() };
        let root = laboratory.root();
        let stub = format!(
            "#!/bin/sh\n[ -e '{root}/out' ] && exit\nfor word in \"$@\"; do printf 'w%s\\0' \"$word\"; done >> '{root}/part'\n\
             printf 'd%s\\0' \"$(pwd -P)\" >> '{root}/part'\nenv -0 >> '{root}/part'\nmv '{root}/part' '{root}/out'\n"
        );
        let written = Path::new(&root).join("bin/stub");
        write(&written, stub);
        std::fs::set_permissions(&written, std::fs::Permissions::from_mode(0o755)).unwrap();
        copy_program(&written, &written.with_file_name("gunicorn"));
        write(&Path::new(&root).join("sub/vars.env"), scripts::READ);
        write(&Path::new(&root).join("vars.env"), scripts::READ);
        laboratory
    }

    fn root(&self) -> String {
        self.directory.path().canonicalize().unwrap().to_str().unwrap().to_owned()
    }

    /// What a shell does with a script: what Gunicorn got, if it ran.
    fn run(&self, shell: &str, script: &str) -> Option<Seen> {
        let root = self.root();
        let _ = std::fs::remove_file(format!("{root}/out"));
        let _ = std::fs::remove_file(format!("{root}/part"));
        std::fs::write(format!("{root}/sub/start"), script).unwrap();
        Command::new(shell)
            .arg(format!("{root}/sub/start"))
            .args(PARAMETERS)
            .env_clear()
            .env("PATH", format!("{root}/bin:/usr/bin:/bin"))
            .envs(VARIABLES)
            .current_dir(&root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        let bytes = std::fs::read(format!("{root}/out")).ok()?;
        let text = String::from_utf8(bytes).unwrap();
        let mut seen = Seen { words: Vec::new(), directory: String::new(), environment: BTreeMap::new() };
        for part in text.split_terminator('\0') {
            match (seen.directory.is_empty(), part.split_at(1)) {
                (true, ("w", word)) => seen.words.push(word.into()),
                (true, (_, directory)) => seen.directory = directory.into(),
                (false, _) => {
                    let (name, value) = part.split_once('=').unwrap();
                    seen.environment.insert(name.into(), value.into());
                }
            }
        }
        Some(seen)
    }

    /// What is made of the script.
    fn resolved(&self, shell: &str, script: &str) -> Option<Box<Start>> {
        let root = self.root();
        let mut sources = Sources::default();
        sources.add(Source::new("sub/start", FileKind::Launcher, script.into()));
        sources.add(Source::new("sub/vars.env", FileKind::Launcher, scripts::READ.into()));
        sources.add(Source::new("vars.env", FileKind::Launcher, scripts::READ.into()));
        let unit = sources.add(Source::new("a.service", FileKind::Systemd, Vec::new()));
        let place = Span::new(unit, 0..0);
        let path = format!("{root}/sub/start");
        let words = [shell, &path].into_iter().chain(PARAMETERS);
        let argument =
            |word: &str| Argument { text: Possible::Known(word.into()), span: place, splits: false };
        let set = |value: &str| Setting::known(value.to_owned(), Origin::DEFAULT);
        let launch = Launch {
            unit: None,
            place,
            arguments: words.map(argument).collect(),
            environment: VARIABLES.iter().map(|(name, value)| ((*name).to_owned(), set(value))).collect(),
            working_directory: set(&root),
            sockets: Activation::None,
            passing: false,
        };
        let paths = Paths::new("", sources.iter().map(|(id, _)| id), &sources);
        match started(&[launch], &paths, &sources).remove(0).program {
            Program::Gunicorn(start) => Some(start),
            Program::Silent | Program::Other(_) => None,
        }
    }
}

/// What is said to be known and is not so.
fn lies(start: &Start, seen: &Seen) -> Vec<String> {
    let mut lies = Vec::new();
    let several = start.arguments.iter().position(|argument| argument.splits);
    let certain = &start.arguments[..several.unwrap_or(start.arguments.len())];
    for (at, argument) in certain.iter().enumerate() {
        let real = seen.words.get(at);
        if argument.text.known().is_some_and(|text| Some(text) != real) || real.is_none() {
            lies.push(format!("word {at}: {:?}, really {real:?}", argument.text));
        }
    }
    if several.is_none() && start.arguments.len() != seen.words.len() {
        lies.push(format!("{} words, really {:?}", start.arguments.len(), seen.words));
    }
    if start.working_directory.value.known().is_some_and(|directory| *directory != seen.directory) {
        lies.push(format!("directory {:?}, really {}", start.working_directory.value, seen.directory));
    }
    let names: BTreeSet<&str> = NAMES.iter().copied().chain(["PWD", "HOME", "GUNICORN_CMD_ARGS"]).collect();
    for name in names {
        let real = seen.environment.get(name);
        if let Possible::Known(value) = start.environment.get(name)
            && value.as_ref() != real
        {
            lies.push(format!("{name}={value:?}, really {real:?}"));
        }
    }
    lies
}

/// How much is known of what scripts start.
#[derive(Default)]
struct Tally {
    ran: usize,
    found: usize,
    words: usize,
    unknown: usize,
}

/// Compares one script in one shell; what is wrong goes to `wrong`.
fn compare(
    laboratory: &Laboratory,
    shell: &str,
    real: &str,
    script: &str,
    tally: &mut Tally,
    wrong: &mut Vec<String>,
) {
    let start = laboratory.resolved(shell, script);
    let Some(seen) = laboratory.run(real, script) else { return };
    tally.ran += 1;
    let Some(start) = start else { return };
    tally.found += 1;
    tally.words += start.arguments.len();
    tally.unknown += start.arguments.iter().filter(|argument| argument.text.known().is_none()).count();
    let lies = lies(&start, &seen);
    if !lies.is_empty() {
        wrong.push(format!("{real}, as {shell}:\n{script}\n  {}", lies.join("\n  ")));
    }
}

/// The shells that are there, each with what it is called on a command line: `sh` may be any of them.
fn shells() -> Vec<(&'static str, &'static str)> {
    let is_there = |shell: &str| Command::new(shell).args(["-c", ":"]).status().is_ok();
    let shells = [("sh", "sh"), ("sh", "dash"), ("sh", "bash"), ("bash", "bash")];
    let (there, missing): (Vec<_>, Vec<_>) = shells.into_iter().partition(|(_, real)| is_there(real));
    for (_, real) in missing {
        eprintln!("skipped: there is no {real}");
        assert!(std::env::var_os("CI").is_none(), "{real} is missing");
    }
    there
}

#[test]
fn scripts_start_what_the_shells_start() {
    let laboratory = Laboratory::new();
    let (mut wrong, mut tally) = (Vec::new(), Tally::default());
    for (shell, real) in shells() {
        for script in SCRIPTS {
            compare(&laboratory, shell, real, script, &mut tally, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    println!(
        "{} of {} starts are found, with {} of {} words unknown",
        tally.found, tally.ran, tally.unknown, tally.words
    );
    assert!(tally.found * 4 >= tally.ran * 3, "{} of {}", tally.found, tally.ran);
}

#[test]
fn generated_scripts_start_what_the_shells_start() {
    let rounds = std::env::var("HOPLINT_ROUNDS").ok().and_then(|it| it.parse().ok()).unwrap_or(150);
    let laboratory = Laboratory::new();
    let (mut wrong, mut tally) = (Vec::new(), Tally::default());
    let shells = shells();
    let mut dice = Dice(4);
    for _ in 0..rounds {
        let script = generated(&mut dice);
        for (shell, real) in shells.iter().filter(|(_, real)| *real != "sh") {
            compare(&laboratory, shell, real, &script, &mut tally, &mut wrong);
        }
    }
    wrong.truncate(5);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    println!(
        "{} of {} starts are found, with {} of {} words unknown",
        tally.found, tally.ran, tally.unknown, tally.words
    );
}
