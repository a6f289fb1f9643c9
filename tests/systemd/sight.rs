//! What a service sees of the file system: hoplint and the manager agree.

use std::collections::BTreeMap;
use std::path::Path;

use hoplint::check::check;
use hoplint::config::Settings;
use hoplint::model::{MountKind, Sandbox, Sight};
use hoplint::source::{FileKind, Source, Sources};

use super::boot::{boot, can_boot};
use crate::support::Dice;

/// The directories that are looked at. None of them is empty.
const PATHS: [&str; 19] = [
    "/etc",
    "/home",
    "/home/x",
    "/root",
    "/run",
    "/run/made",
    "/srv",
    "/srv/a",
    "/srv/a/b",
    "/srv/a/b/c",
    "/srv/d",
    "/tmp",
    "/tmp/t",
    "/usr",
    "/usr/lib",
    "/var",
    "/var/lib",
    "/var/tmp",
    "/dev/shm",
];

const PREPARE: &str = "for d in /home/x /run/made /srv/a/b/c /srv/d /tmp/t /var/tmp /dev/shm; do mkdir -p $d; touch $d/here; done\n";

/// Looks at the directories: whether they are there, whether they can be written, and whether anything is in them.
const PROBE: &str = "/bin/sh -c 'for d in PATHS; do s=gone; if [ -d $d ]; then s=read; if [ -w $d ]; then s=write; fi; \
                     if [ -z \"$$(ls -A $d)\" ]; then s=$s-empty; fi; fi; echo $d $s; done'";

/// Some lines that confine a service.
fn lines(dice: &mut Dice) -> Vec<String> {
    const SWITCHES: [(&str, &[&str]); 5] = [
        ("ProtectSystem", &["yes", "full", "strict", "strict", "no"]),
        ("ProtectHome", &["yes", "read-only", "tmpfs", "no"]),
        ("PrivateTmp", &["yes", "no"]),
        ("PrivateDevices", &["yes"]),
        ("RuntimeDirectory", &["made"]),
    ];
    const LISTS: [&str; 9] = [
        "ReadWritePaths",
        "ReadWritePaths",
        "ReadOnlyPaths",
        "ReadOnlyPaths",
        "InaccessiblePaths",
        "TemporaryFileSystem",
        "BindPaths",
        "BindReadOnlyPaths",
        "ReadWriteDirectories",
    ];
    const WHERE: [&str; 15] = [
        "/srv",
        "/srv/a",
        "/srv/a",
        "/srv/a/b",
        "/srv/a/b/c",
        "/srv/d",
        "/home",
        "/home/x",
        "/tmp",
        "/var/tmp",
        "/run",
        "/etc",
        "/var",
        "-/srv/none",
        "/srv/a/",
    ];
    let mut lines = Vec::new();
    for (name, values) in SWITCHES {
        if dice.below(3) == 0 {
            lines.push(format!("{name}={}", dice.roll(values)));
        }
    }
    for _ in 0..dice.below(4) {
        let more = if dice.below(3) == 0 { format!(" {}", dice.roll(&WHERE)) } else { String::new() };
        lines.push(format!("{}={}{more}", dice.roll(&LISTS), dice.roll(&WHERE)));
    }
    if dice.below(12) == 0 {
        lines.push("ReadOnlyPaths=/".into());
    }
    lines
}

fn sandbox(text: &str) -> Sandbox {
    let mut sources = Sources::default();
    sources.add(Source::new("etc/systemd/system/a.service", FileKind::Systemd, text.into()));
    let report = check(&sources, &Settings::default());
    report.stacks[0].units[0].sandbox.clone()
}

/// Whether what is seen is what hoplint says; `None` where it says nothing.
fn agrees(sandbox: &Sandbox, path: &str, seen: &str) -> Option<bool> {
    Some(match sandbox.sight(path) {
        Sight::Unknown => return None,
        Sight::Plain => seen == "write",
        Sight::Behind(mount) => match mount.kind {
            MountKind::ReadOnly => seen == "read",
            MountKind::Hidden if mount.path == path => seen.ends_with("-empty"),
            MountKind::Hidden | MountKind::Empty => seen == "gone",
            MountKind::Private => seen == "write-empty" || (seen == "gone" && path != mount.path),
            MountKind::Made => seen.starts_with("write"),
            MountKind::Unknown | MountKind::Writable => false,
        },
    })
}

#[test]
fn the_manager_shows_a_service_what_hoplint_says() {
    if !can_boot() {
        return;
    }
    let mut dice = Dice(7);
    let probe = PROBE.replace("PATHS", &PATHS.join(" "));
    let confined: Vec<String> = (0..160).map(|_| lines(&mut dice).join("\n")).collect();
    let unit = |(at, lines): (usize, &String)| {
        let text = format!(
            "[Unit]\nDefaultDependencies=no\nBefore=last.service\n[Service]\nType=oneshot\nStandardOutput=append:/mnt/out/{at}\n\
             RuntimeDirectoryPreserve=yes\n{lines}\nExecStart={probe}\n"
        );
        (format!("u{at}.service"), text)
    };
    let mut units: Vec<(String, String)> = confined.iter().enumerate().map(unit).collect();
    let last =
        "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/touch /mnt/out/last\n";
    units.push(("last.service".into(), last.into()));
    let scratch = boot(&units, &[], PREPARE, |out: &Path| out.join("last").exists());
    let (mut asked, mut told, mut failed, mut wrong) = (0, 0, 0, Vec::new());
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (at, lines) in confined.iter().enumerate() {
        let seen = std::fs::read_to_string(scratch.path().join(format!("out/{at}"))).unwrap_or_default();
        // A namespace that cannot be made, of which hoplint says nothing.
        failed += usize::from(seen.is_empty());
        let sandbox = sandbox(&units[at].1);
        for line in seen.split_terminator('\n') {
            let (path, what) = line.split_once(' ').unwrap();
            asked += 1;
            match agrees(&sandbox, path, what) {
                None => continue,
                Some(true) => {}
                Some(false) => wrong.push(format!("{lines}\n{path}: {what}, {:?}", sandbox.sight(path))),
            }
            told += 1;
            *kinds.entry(what.to_owned()).or_default() += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {told}\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(failed * 2 < confined.len() && told * 4 > asked * 3, "{failed} failed, {told} told of {asked}");
    for what in ["write", "read", "gone", "write-empty"] {
        assert!(kinds.get(what).is_some_and(|count| *count > 20), "{kinds:?}");
    }
}
