//! Every directive with many values: hoplint and systemd object to the same.

use std::collections::BTreeMap;

use hoplint::units::{self, Kind, Row, Since, Specifiers, Verdict};

use super::verify::{Asked, hoplint_says, systemd_says, version};
use crate::real;

/// Right and wrong values of all kinds.
const VALUES: &[&str] = &[
    "",
    "maybe",
    "yes",
    "TRUE",
    "Yes",
    "ON",
    "T",
    "0",
    "5",
    "-1",
    "-5",
    "+5",
    "+0",
    "08",
    "0700",
    "0x10",
    "0o7",
    "0x",
    "33",
    "9",
    "3600",
    "8080",
    "77777",
    "12345678901",
    "99999999999999999999",
    "1.5",
    "0.5",
    "5M",
    "5Min",
    "1.5h",
    "1h30",
    "1 h",
    "1min 30s",
    "1y",
    "1w",
    "2d",
    "s",
    "1K",
    "1k",
    "1Ki",
    "1G",
    "1T",
    "1P",
    "1E",
    "1.5G",
    "1G 500M",
    "500M 1G",
    "50%",
    "12.5%",
    "150%",
    "0%",
    "infinity",
    "infinity:infinity",
    "5:6",
    "6:5",
    "soft:5",
    "1:2:3",
    "SIGTERM",
    "TERM",
    "term",
    "SIGRTMIN+1",
    "SIGRTMIN+31",
    "SIGFOO",
    "65",
    "/a",
    "a/b",
    "-/a",
    "+/a",
    "-+/a",
    "+-/a",
    "~",
    "~/x",
    " ~",
    "/a/../b",
    "../a",
    "/a b",
    "\"/a b\"",
    "\"",
    "a='b",
    "a b",
    "a=b",
    "a-b=c",
    "%Z",
    "%n",
    "%D/x",
    "/%Z",
    "%",
    "%%a",
    "a\\x20b",
    "$X",
    "${X}",
    "none",
    "inherit",
    "auto",
    "always",
    "Always",
    "on-failure",
    "on_failure",
    "simple",
    "notify-reload",
    "main",
    "full",
    "strict",
    "read-only",
    "tmpfs",
    "restart",
    "control-group",
    "mixed",
    "process",
    "reboot",
    "soft-reboot",
    "stop",
    "kill",
    "idle",
    "@x",
    "@",
    "127.0.0.1:80",
    "127.0.0.1",
    "[::]:80",
    "[::1]:0",
    "::1:80",
    "localhost:80",
    "65536",
    "vsock::1",
    "foo.service",
    "foo.socket",
    "foo@.service",
    "foo@x.service",
    "file:/a",
    "file:a",
    "append:/a",
    "journal",
    "syslog",
    "fd:x",
    "0022",
    "10000",
    "-20",
    "20",
    "-1000",
    "1001",
    "65535",
    "4294967295",
    "www-data",
    "a:b",
    "private",
    "a/b c",
    "!/a",
    "|!/a",
    "!|/a",
    "143 SIGTERM",
    "256",
    "143 foo",
    "A=b c=d",
    "A=b 1c",
    "/a:/b",
    "/a:/b:rbind",
    "/a:/b:foo",
    "-/a:b",
    "/a:",
    "/a:ro,mode=0755",
    "af_inet af_unix",
    "~af_inet",
    "af_foo",
    "@system-service",
    "~@privileged",
    "@nosuch",
    "any localhost",
    "10.0.0.0/8 ::1/64",
    "10.0.0.0/33",
    "10.0.0",
    "https://example.org man:a(1)",
    "https://",
    "ftp://example.org",
    "file:///a",
    "data",
    "tty-force",
    "file:/%n",
    "foo.slice",
    "foo.timer",
    "foo.bar",
    "sctp",
];

/// The type of unit that has a section, and what makes a unit of it complete.
const TYPES: [(&str, &str, &str); 10] = [
    ("Unit", "service", "[Service]\nType=oneshot\nExecStart=/bin/true\n"),
    ("Install", "service", "[Service]\nType=oneshot\nExecStart=/bin/true\n"),
    ("Service", "service", "[Service]\nType=oneshot\nExecStart=/bin/true\n"),
    ("Socket", "socket", "[Socket]\nListenStream=1234\nAccept=no\nService=x.service\n"),
    ("Timer", "timer", "[Timer]\nOnBootSec=1\nUnit=x.service\n"),
    ("Path", "path", "[Path]\nPathExists=/\nUnit=x.service\n"),
    ("Mount", "mount", "[Mount]\nWhat=tmpfs\nWhere=/p\n"),
    ("Automount", "automount", "[Automount]\nWhere=/p\n"),
    ("Swap", "swap", "[Swap]\nWhat=/p\n"),
    ("Slice", "slice", "[Slice]\n"),
];

/// What is known to differ, and why.
const EXPLAINED: &[(&str, &str, &str)] = &[
    // Taken in services, slices and scopes alone.
    ("ManagedOOMMemoryPressure", "", ""),
    ("ManagedOOMSwap", "", ""),
    // A process that a oneshot service restarts for ever: a matter of two lines, not of this one.
    ("Restart", "always", "with Type=oneshot"),
    ("RestartForceExitStatus", "", "with Type=oneshot"),
];

/// Whether nothing is said of a value because nothing is known.
fn is_open(row: &Row, value: &str, version: u32) -> bool {
    let judged = |text: &str| units::judge(row.kind, text, version) == Verdict::Unknown;
    let percent = value.contains('%') && row.kind.specifiers() != Specifiers::None;
    row.kind == Kind::Rest
        || percent && units::unknown_specifier(value, row.kind.specifiers(), version).is_none()
        // Which system calls there are is not known, and this one is `ax20b`.
        || row.kind == Kind::Calls && value.contains('\\')
        || row.kind != Kind::Command && (judged(value) || value.split_whitespace().any(judged))
}

#[test]
fn values_are_taken_and_ignored_as_systemd_does() {
    let Some(analyze) = real::systemd_analyze() else { return };
    let version = version(&analyze);
    // Lines that systemd refuses the unit for end the reading of it, so each gets a unit of its own.
    let mut lines: Vec<(&Row, &str, &str)> = Vec::new();
    let mut units: Vec<Asked> = Vec::new();
    let mut places: Vec<(usize, usize)> = Vec::new();
    for (section, kind, rest) in TYPES {
        let rows = || units::all().iter().filter(|row| units::find(section, row.name) == Some(*row));
        // What other types share with services is asked for once.
        let is_shared = |row: &Row| section != "Service" && units::find("Service", row.name) == Some(row);
        let rows =
            || rows().filter(|row| row.since == Since::Old && row.kind != Kind::Rest && !is_shared(row));
        let of_section =
            |text: String| Asked { kind, text: format!("[{section}]\n{text}{rest}"), instance: false };
        for value in VALUES {
            let alone: Vec<&Row> = rows().filter(|row| refuses(row, value, version)).collect();
            let mut together = String::new();
            for row in rows().filter(|row| !alone.contains(row)) {
                together.push_str(&format!("{}={value}\n", row.name));
                places.push((units.len(), 1 + together.matches('\n').count()));
                lines.push((row, section, value));
            }
            units.push(of_section(together));
            for row in alone {
                places.push((units.len(), 2));
                lines.push((row, section, value));
                units.push(of_section(format!("{}={value}\n", row.name)));
            }
        }
    }
    let (theirs, ours) = (systemd_says(&analyze, &units), hoplint_says(&units, version));
    let mut wrong: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let (mut compared, mut open) = (0, 0);
    for ((row, section, value), (unit, line)) in lines.iter().zip(&places) {
        let explained =
            EXPLAINED.iter().any(|(name, of, _)| *name == row.name && (of.is_empty() || of == value));
        if is_open(row, value, version) || explained {
            open += 1;
            continue;
        }
        compared += 1;
        let (their, our) = (&theirs[*unit], &ours[*unit]);
        let is_alone = refuses(row, value, version);
        if their.lines.contains(line) != our.lines.contains(line) || is_alone && their.refused != our.refused
        {
            let said = their.words.iter().find(|words| words.starts_with(&format!("{line}:")));
            let mark = if our.lines.contains(line) { "hoplint objects" } else { "systemd objects" };
            wrong.entry(row.name).or_default().push(format!("[{section}] {value:?}: {mark}: {said:?}"));
        }
    }
    eprintln!("{compared} values compared, {open} open");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(compared > 20_000, "{compared}");
}

/// Whether a unit is refused for a value, by what hoplint knows.
fn refuses(row: &Row, value: &str, version: u32) -> bool {
    let judged = |text: &str| matches!(units::judge(row.kind, text, version), Verdict::Refused(_));
    let specifier = units::unknown_specifier(value, row.kind.specifiers(), version).is_some();
    row.kind == Kind::Command || judged(value) || row.kind.refuses() && specifier
}
