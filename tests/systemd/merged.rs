//! Units as the service manager merges them: `systemd --test --user` prints what it read, hoplint has the same.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use hoplint::check::check;
use hoplint::model::{Datum, Unit};
use hoplint::value::Duration;

use crate::support::{read, write};

/// Files by path and text; `-> x` is a symbolic link. Directories: `e` is /etc/systemd/user, `r` is /run, `u` /usr/lib.
type Files = &'static [(&'static str, &'static str)];

/// The unit that is looked at, and the files.
const TREES: &[(&str, Files)] = &[
    // One file.
    ("a.service", &[("e/a.service", "[Service]\nExecStart=/bin/true\n")]),
    (
        "a.service",
        &[(
            "e/a.service",
            "[Service]\nExecStart=/bin/true\nType=notfy\nRestart=yes\nUMask=8\nKillMode=foo\n",
        )],
    ),
    (
        "a.service",
        &[("e/a.service", "[Service]\nExecStart=/bin/true\nRestart=always\nRestart=foo\nRestart=\n")],
    ),
    (
        "a.service",
        &[("e/a.service", "[Service]\nExecStart=/bin/true\nTimeoutStopSec=5\nTimeoutStopSec=5Min\n")],
    ),
    (
        "a.service",
        &[("e/a.service", "[Service]\nExecStart=/bin/true\nTimeoutStopSec=0\nTimeoutStartSec=5M\n")],
    ),
    ("a.service", &[("e/a.service", "[Service]\nExecStart=/bin/true\nTimeoutSec=1h 5\nRestartSec=2\n")]),
    ("a.service", &[("e/a.service", "[Service]\nExecStart=/bin/true\nTimeoutSec=7\nTimeoutStopSec=\n")]),
    (
        "a.service",
        &[("e/a.service", "[Service]\nExecStart=/bin/true\nTimeoutStopSec=8\nTimeoutSec=infinity\n")],
    ),
    (
        "a.service",
        &[("e/a.service", "[Service]\nExecStart=/bin/true\nKillSignal=QUIT\nKillMode=mixed\nKillMode=\n")],
    ),
    (
        "a.service",
        &[(
            "e/a.service",
            "[Service]\nExecStart=/bin/true\nKillSignal=3\nKillSignal=quit\nSendSIGKILL=off\n",
        )],
    ),
    (
        "a.service",
        &[(
            "e/a.service",
            "[Service]\nExecStart=/bin/true\nUMask=77\nRuntimeDirectoryMode=0o7\nGuessMainPID=N\n",
        )],
    ),
    (
        "a.service",
        &[(
            "e/a.service",
            "[Service]\nExecStart=/bin/true\nRuntimeDirectory=a /b ../c d/e\nRuntimeDirectory=f\n",
        )],
    ),
    (
        "a.service",
        &[(
            "e/a.service",
            "[Service]\nExecStart=/bin/true\nRuntimeDirectory=a\nRuntimeDirectory=\nRuntimeDirectory=b\n",
        )],
    ),
    (
        "a.service",
        &[(
            "e/a.service",
            "[Service]\nExecStart=/bin/true\nRuntimeDirectory=%p-%n \"c d\"\nRuntimeDirectoryPreserve=restart\n",
        )],
    ),
    (
        "a.service",
        &[(
            "e/a.service",
            "[Service]\nExecStart=/bin/true\nProtectSystem=strict\nProtectHome=read-only\nPrivateTmp=y\n",
        )],
    ),
    (
        "a.service",
        &[(
            "e/a.service",
            "[Service]\nExecStart=/bin/true\nProtectSystem=1\nProtectHome=foo\nPrivateTmp=2\n",
        )],
    ),
    ("a.service", &[("e/a.service", "[Service]\nExecStart=/bin/true\nType=oneshot\nRemainAfterExit=yes\n")]),
    (
        "a.service",
        &[(
            "e/a.service",
            "[Service]\nExecStart=/bin/true\nType=notify\nNotifyAccess=all\nNotifyAccess=some\n",
        )],
    ),
    (
        "a.service",
        &[(
            "e/a.service",
            "[Service]\nExecStart=/bin/true\n[Unit]\nFoo=b\n[Service]\nRestart=on-abort\n[X]\nRestart=no\n",
        )],
    ),
    (
        "a.service",
        &[("e/a.service", "[Service]\nExecStart=/bin/true\nRestart=al\\\nways\nUMask=\\\n# why\n  0027\n")],
    ),
    (
        "a.service",
        &[(
            "e/a.service",
            "[Service]\nExecStart=/bin/true\nrestart=always\nRestart =on-failure\n Restart= on-success \n",
        )],
    ),
    // Where it is read from.
    (
        "a.service",
        &[
            ("e/a.service", "[Service]\nExecStart=/bin/true\nUMask=1\n"),
            ("u/a.service", "[Service]\nExecStart=/bin/true\nUMask=2\nRestart=always\n"),
        ],
    ),
    (
        "a.service",
        &[
            ("r/a.service", "[Service]\nExecStart=/bin/true\nUMask=1\n"),
            ("u/a.service", "[Service]\nExecStart=/bin/true\nUMask=2\n"),
        ],
    ),
    (
        "a.service",
        &[
            ("e/a.service", "[Service]\nExecStart=/bin/true\nUMask=1\n"),
            ("r/a.service", "[Service]\nExecStart=/bin/true\nUMask=2\n"),
        ],
    ),
    ("a.service", &[("u/a.service", "[Service]\nExecStart=/bin/true\nUMask=1\n"), ("e/a.service", "")]),
    (
        "a.service",
        &[("u/a.service", "[Service]\nExecStart=/bin/true\nUMask=1\n"), ("e/a.service", "-> /dev/null")],
    ),
    (
        "a.service",
        &[("e/a.service", "[Service]\nExecStart=/bin/true\nUMask=1\n"), ("u/a.service", "-> /dev/null")],
    ),
    // Drop-ins.
    ("a.service", &[("e/a.service", A), ("e/a.service.d/1.conf", "[Service]\nUMask=1\n")]),
    (
        "a.service",
        &[
            ("e/a.service", A),
            ("e/a.service.d/1", "[Service]\nUMask=1\n"),
            ("e/a.service.d/1.conf.bak", "[Service]\nUMask=2\n"),
        ],
    ),
    (
        "a.service",
        &[
            ("e/a.service", A),
            ("e/a.service.d/50.conf", "[Service]\nUMask=1\n"),
            ("u/a.service.d/90.conf", "[Service]\nUMask=2\n"),
        ],
    ),
    (
        "a.service",
        &[
            ("e/a.service", A),
            ("e/a.service.d/9.conf", "[Service]\nUMask=1\n"),
            ("u/a.service.d/10.conf", "[Service]\nUMask=2\n"),
        ],
    ),
    (
        "a.service",
        &[
            ("e/a.service", A),
            ("e/a.service.d/a.conf", "[Service]\nUMask=1\n"),
            ("e/a.service.d/B.conf", "[Service]\nUMask=2\n"),
        ],
    ),
    (
        "a.service",
        &[
            ("e/a.service", A),
            ("e/a.service.d/1.conf", "[Service]\nUMask=1\n"),
            ("u/a.service.d/1.conf", "[Service]\nUMask=2\nRestart=always\n"),
        ],
    ),
    (
        "a.service",
        &[
            ("e/a.service", A),
            ("r/a.service.d/1.conf", "[Service]\nUMask=1\n"),
            ("u/a.service.d/1.conf", "[Service]\nUMask=2\nRestart=always\n"),
        ],
    ),
    (
        "a.service",
        &[
            ("e/a.service", A),
            ("e/a.service.d/1.conf", ""),
            ("u/a.service.d/1.conf", "[Service]\nUMask=2\nRestart=always\n"),
        ],
    ),
    (
        "a.service",
        &[
            ("e/a.service", A),
            ("e/a.service.d/1.conf", "-> /dev/null"),
            ("u/a.service.d/1.conf", "[Service]\nUMask=2\n"),
        ],
    ),
    ("a.service", &[("e/a.service", A), ("e/service.d/1.conf", "[Service]\nUMask=1\n")]),
    (
        "a.service",
        &[
            ("e/a.service", A),
            ("e/service.d/1.conf", "[Service]\nUMask=1\n"),
            ("u/a.service.d/1.conf", "[Service]\nUMask=2\n"),
        ],
    ),
    (
        "a.service",
        &[
            ("e/a.service", A),
            ("e/service.d/2.conf", "[Service]\nUMask=1\n"),
            ("u/a.service.d/1.conf", "[Service]\nUMask=2\n"),
        ],
    ),
    (
        "a-b-c.service",
        &[
            ("e/a-b-c.service", A),
            ("e/a-.service.d/1.conf", "[Service]\nUMask=1\n"),
            ("u/a-b-.service.d/1.conf", "[Service]\nUMask=2\n"),
        ],
    ),
    (
        "a-b-c.service",
        &[
            ("e/a-b-c.service", A),
            ("e/a-b-.service.d/1.conf", "[Service]\nUMask=1\n"),
            ("u/a-b-c.service.d/1.conf", "[Service]\nUMask=2\n"),
        ],
    ),
    (
        "a-b.service",
        &[
            ("e/a-b.service", A),
            ("e/a.service.d/1.conf", "[Service]\nUMask=1\n"),
            ("e/a-b-.service.d/1.conf", "[Service]\nUMask=2\n"),
        ],
    ),
    (
        "a.service",
        &[
            ("e/a.service", A),
            ("e/a.service.d/1.conf", "[Service]\nRuntimeDirectory=x\n"),
            ("e/a.service.d/2.conf", "[Service]\nRuntimeDirectory=\nRuntimeDirectory=y z\n"),
        ],
    ),
    (
        "a.service",
        &[("e/a.service", A), ("e/a.service.d/1.conf", "[Service]\nUMask=9\nRestart=foo\nKillMode=\n")],
    ),
    // Templates and instances.
    ("a@1.service", &[("e/a@.service", "[Service]\nExecStart=/bin/true\nRuntimeDirectory=%p-%i\n")]),
    ("a@b-c.service", &[("e/a@.service", "[Service]\nExecStart=/bin/true\nRuntimeDirectory=%j-%i-%n-%N\n")]),
    ("a@1.service", &[("e/a@.service", A), ("e/a@1.service", "[Service]\nExecStart=/bin/true\nUMask=1\n")]),
    ("a@1.service", &[("u/a@1.service", "[Service]\nExecStart=/bin/true\nUMask=1\n"), ("e/a@.service", A)]),
    ("a@1.service", &[("e/a@.service", A), ("e/a@.service.d/1.conf", "[Service]\nUMask=1\n")]),
    (
        "a@1.service",
        &[
            ("e/a@.service", A),
            ("e/a@.service.d/1.conf", "[Service]\nUMask=1\n"),
            ("u/a@1.service.d/1.conf", "[Service]\nUMask=2\n"),
        ],
    ),
    ("a@1.service", &[("e/a@1.service", A), ("e/a@.service.d/1.conf", "[Service]\nUMask=1\n")]),
    ("a@1.service", &[("e/a@.service", A), ("e/a@2.service.d/1.conf", "[Service]\nUMask=1\n")]),
    ("a@1.service", &[("e/a@.service", A), ("e/a.service.d/1.conf", "[Service]\nUMask=1\n")]),
    (
        "a-b@1.service",
        &[
            ("e/a-b@.service", A),
            ("e/a-@.service.d/1.conf", "[Service]\nUMask=1\n"),
            ("u/a-.service.d/1.conf", "[Service]\nUMask=2\n"),
        ],
    ),
    (
        "a-b@1.service",
        &[
            ("e/a-b@.service", A),
            ("e/a-@1.service.d/1.conf", "[Service]\nUMask=1\n"),
            ("e/a-b@.service.d/1.conf", "[Service]\nUMask=2\n"),
        ],
    ),
    ("a@1.service", &[("e/a@.service", A), ("e/a@1.service", "-> a@.service")]),
    // Other names.
    (
        "a.service",
        &[
            ("e/a.service", A),
            ("e/b.service", "-> a.service"),
            ("e/b.service.d/1.conf", "[Service]\nUMask=1\n"),
        ],
    ),
    (
        "a.service",
        &[
            ("e/a.service", A),
            ("e/b.service", "-> a.service"),
            ("e/b.service.d/1.conf", "[Service]\nUMask=1\n"),
            ("e/a.service.d/1.conf", "[Service]\nUMask=2\n"),
        ],
    ),
    (
        "b.service",
        &[
            ("e/b.service", A),
            ("e/a.service", "-> b.service"),
            ("e/a.service.d/1.conf", "[Service]\nUMask=1\n"),
            ("e/b.service.d/1.conf", "[Service]\nUMask=2\n"),
        ],
    ),
];

const A: &str = "[Service]\nExecStart=/bin/true\nUMask=0\n";

/// What is compared: the name that the manager prints and that of the setting.
const FIELDS: [&str; 19] = [
    "Type",
    "Restart",
    "NotifyAccess",
    "RestartSec",
    "TimeoutStartSec",
    "TimeoutStopSec",
    "KillMode",
    "KillSignal",
    "SendSIGKILL",
    "UMask",
    "PrivateTmp",
    "PrivateNetwork",
    "ProtectHome",
    "ProtectSystem",
    "RemainAfterExit",
    "GuessMainPID",
    "RuntimeDirectoryMode",
    "RuntimeDirectoryPreserve",
    "RuntimeDirectory",
];

/// What the manager prints of a unit, by its words for it; `None` where it did not load it.
fn manager_says(scratch: &Path, unit: &str) -> Option<BTreeMap<String, Vec<String>>> {
    let home = scratch.join("home");
    std::fs::create_dir_all(&home).expect("a home");
    let program = "/usr/lib/systemd/systemd";
    let is_root =
        std::fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0);
    // The manager does not run as root for a test.
    let mut command = if is_root {
        std::os::unix::fs::chown(&home, Some(65534), Some(65534)).expect("root may give it away");
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", program]);
        command
    } else {
        Command::new(program)
    };
    let paths: Vec<String> =
        ["e", "r", "u"].iter().map(|root| scratch.join(root).display().to_string()).collect();
    command.args(["--test", "--user", &format!("--unit={unit}")]);
    command.env("HOME", &home).env("XDG_RUNTIME_DIR", &home);
    command.env("SYSTEMD_UNIT_PATH", format!("{}:", paths.join(":"))).env("SYSTEMD_LOG_TARGET", "console");
    let output = command.stdin(std::process::Stdio::null()).output().ok()?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, of_unit) = printed.split_once(&format!("-> Unit {unit}:\n"))?;
    let of_unit = of_unit.split("-> Unit ").next().unwrap_or_default();
    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in of_unit.split('\n') {
        if let Some((name, value)) = line.trim().split_once(": ") {
            said.entry(name.into()).or_default().push(value.into());
        }
    }
    said.get("Unit Load State").is_some_and(|state| state[0] == "loaded").then_some(said)
}

/// What hoplint has of it.
fn hoplint_says(scratch: &Path, unit: &str) -> Option<(Unit, Vec<String>)> {
    let tree = scratch.join("tree");
    let places = [("e", "etc/systemd/user"), ("r", "run/systemd/user"), ("u", "usr/lib/systemd/user")];
    for (from, to) in places {
        let to = tree.join(to);
        std::fs::create_dir_all(to.parent().expect("it has one")).expect("a directory");
        std::fs::rename(scratch.join(from), to).expect("it can be moved");
    }
    // An instance is made because something wants it.
    write(&tree.join("etc/systemd/user/z.target"), format!("[Unit]\nWants={unit}\n"));
    let (sources, settings) = read(&tree);
    let stacks = check(&sources, &settings).stacks;
    let found = stacks.into_iter().flat_map(|stack| stack.units).find(|it| it.name == unit)?;
    let drop_ins = found.files[1..].iter().map(|file| {
        let path = &sources.get(*file).path;
        let at = places.iter().find_map(|(from, to)| Some((from, path.find(to)?, to.len())));
        at.map_or_else(|| path.clone(), |(from, start, length)| format!("{from}{}", &path[start + length..]))
    });
    let drop_ins = drop_ins.collect();
    Some((found, drop_ins))
}

/// Whether a value is the one that is printed.
fn is_same(datum: &Datum, printed: &[String]) -> bool {
    match datum {
        Datum::Bool(value) => printed == [if *value { "yes" } else { "no" }],
        Datum::Duration(value) => Duration::from_systemd(&printed[0]) == Some(*value),
        Datum::List(values) => values == printed,
        other => printed == [other.to_string()],
    }
}

#[test]
fn units_are_merged_as_the_manager_merges_them() {
    if !Path::new("/usr/lib/systemd/systemd").exists() {
        eprintln!("SKIPPED: there is no service manager on this machine");
        return;
    }
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (unit, files) in TREES {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        std::fs::set_permissions(scratch.path(), std::fs::Permissions::from_mode(0o755)).expect("it is ours");
        for root in ["e", "r", "u"] {
            std::fs::create_dir_all(scratch.path().join(root)).expect("a directory");
        }
        for (path, text) in *files {
            let path = scratch.path().join(path);
            match text.strip_prefix("-> ") {
                Some(target) => {
                    std::fs::create_dir_all(path.parent().expect("it has one")).expect("a directory");
                    symlink(target, &path).expect("a link");
                }
                None => write(&path, text),
            }
        }
        let their = manager_says(scratch.path(), unit);
        let our = hoplint_says(scratch.path(), unit);
        let our = our.filter(|(unit, _)| !unit.settings.is_empty());
        let (Some(their), Some((our, our_drop_ins))) = (&their, &our) else {
            if their.is_some() != our.is_some() {
                wrong.push(format!("{files:?}: systemd {}, hoplint {}", their.is_some(), our.is_some()));
            }
            continue;
        };
        let drop_ins = their.get("DropIn Path").into_iter().flatten();
        let prefix = format!("{}/", scratch.path().display());
        let drop_ins: Vec<String> =
            drop_ins.filter_map(|path| Some(path.strip_prefix(&prefix)?.to_owned())).collect();
        // An empty drop-in is read and says nothing.
        let is_empty = |path: &&String| {
            files.iter().any(|(name, text)| name == *path && (text.is_empty() || *text == "-> /dev/null"))
        };
        let our_drop_ins: Vec<&String> = our_drop_ins.iter().filter(|path| !is_empty(path)).collect();
        let drop_ins: Vec<&String> = drop_ins.iter().filter(|path| !is_empty(path)).collect();
        if drop_ins != our_drop_ins {
            wrong.push(format!("{files:?}: systemd reads {drop_ins:?}, hoplint {our_drop_ins:?}"));
        }
        for field in FIELDS {
            let (Some(printed), Some(setting)) = (their.get(field), our.settings.get(field)) else {
                continue;
            };
            compared += 1;
            if !setting.value.known().is_some_and(|datum| is_same(datum, printed)) {
                wrong.push(format!("{files:?}: {field}: systemd {printed:?}, hoplint {:?}", setting.value));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 500, "only {compared} values were compared");
}
