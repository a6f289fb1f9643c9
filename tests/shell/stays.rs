//! Whether a shell stays in front of what it starts, as hoplint says and as dash and bash do.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use hoplint::model::{Origin, Setting, Shell};
use hoplint::resolve::gunicorn::{Program, started};
use hoplint::resolve::launch::{Activation, Argument, Environment, Launch};
use hoplint::resolve::paths::Paths;
use hoplint::source::{FileKind, Source, Sources, Span};
use hoplint::value::Possible;

use crate::support::write;

/// What stands behind `-c`; `gunicorn` waits for as many seconds as it is told.
const SCRIPTS: [&str; 18] = [
    "gunicorn 5",
    "exec gunicorn 5",
    "cd / && gunicorn 5",
    "cd / && exec gunicorn 5",
    "cd /; gunicorn 5",
    "A=1 gunicorn 5",
    "A=1 exec gunicorn 5",
    "export A=1; cd /; gunicorn 5",
    "gunicorn 5 > /dev/null",
    "gunicorn 5 2>&1",
    "exec gunicorn 5 > /dev/null",
    "gunicorn 5; true",
    "gunicorn 5 && true",
    "gunicorn 5 || true",
    "gunicorn 5 | cat",
    "set -e; gunicorn 5",
    "set -e; cd /; exec gunicorn 5; echo never",
    "umask 022; ulimit -n 256; gunicorn 5",
];

/// What is said of the shell in front.
fn said(shell: &str, words: &[&str], script: Option<&str>) -> Option<Shell> {
    let mut sources = Sources::default();
    if let Some(script) = script {
        sources.add(Source::new("sub/go.sh", FileKind::Launcher, script.into()));
    }
    let unit = sources.add(Source::new("a.service", FileKind::Systemd, Vec::new()));
    let place = Span::new(unit, 0..0);
    let argument = |word: &str| Argument { text: Possible::Known(word.into()), span: place, splits: false };
    let launch = Launch {
        unit: None,
        place,
        arguments: [shell].iter().chain(words).map(|word| argument(word)).collect(),
        environment: Environment::default(),
        working_directory: Setting::known("/srv".to_owned(), Origin::DEFAULT),
        sockets: Activation::None,
        passing: false,
    };
    let paths = Paths::new("", sources.iter().map(|(id, _)| id), &sources);
    match started(&[launch], &paths, &sources).remove(0).program {
        Program::Gunicorn(start) => start.shell,
        Program::Silent | Program::Other(_) => panic!("{words:?} is not followed"),
    }
}

/// Whether the process that was started is still the shell after a moment.
fn stays(shell: &str, words: &[&str], bin: &str) -> bool {
    let mut command = Command::new(shell);
    command
        .args(words)
        .env("PATH", format!("{bin}:/usr/bin:/bin"))
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    sleep(Duration::from_millis(300));
    let line = std::fs::read(format!("/proc/{}/cmdline", child.id())).unwrap();
    let _ = child.kill();
    let _ = child.wait();
    !line.starts_with(b"gunicorn\0")
}

#[test]
fn a_shell_is_said_to_stay_where_it_does() {
    let scratch = tempfile::tempdir().unwrap();
    let bin = scratch.path().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::os::unix::fs::symlink("/bin/sleep", bin.join("gunicorn")).unwrap();
    let (bin, root) = (bin.to_str().unwrap(), scratch.path().to_str().unwrap());
    let file = format!("{root}/sub/go.sh");
    for shell in ["dash", "bash"] {
        if Command::new(shell).args(["-c", ":"]).status().is_err() {
            eprintln!("SKIPPED: {shell} is not here");
            continue;
        }
        for script in SCRIPTS {
            let ours = said(shell, &["-c", script], None);
            // bash that is not known to be bash: either may be so.
            let of_sh = said("sh", &["-c", script], None);
            let really = stays(shell, &["-c", script], bin);
            assert_eq!(ours.as_ref().is_some_and(|shell| shell.surely), really, "{shell} -c '{script}'");
            match of_sh {
                Some(shell) if shell.surely => assert!(really, "sh -c '{script}'"),
                Some(_) => assert_eq!(really, shell == "dash", "sh -c '{script}'"),
                None => assert!(!really, "sh -c '{script}'"),
            }
            write(std::path::Path::new(&file), format!("{script}\n"));
            let ours = said(shell, &[&file], Some(&format!("{script}\n")));
            let really = stays(shell, &[&file], bin);
            assert_eq!(ours.is_some_and(|shell| shell.surely), really, "{shell} with '{script}' in a file");
        }
    }
}
