//! Units that are made up: hoplint and systemd object to the same lines, and refuse the same units.
//!
//! A run asks for a few hundred; with HOPLINT_LONG=1 it is 20,000, or as many as the variable says, and HOPLINT_SEED says which.

use std::collections::BTreeSet;

use super::verify::{Asked, Said, hoplint_says, systemd_says, version};
use crate::real;
use crate::support::Dice;

const HEADERS: &[&str] = &[
    "[Unit]",
    "[Service]",
    "[Service]",
    "[Service]",
    "[Install]",
    "[service]",
    "[X-Own]",
    "[Socket]",
    " [Service] ",
    "[Unit",
];

/// Keys of all kinds, and some that there are not.
const KEYS: &[&str] = &[
    "ExecStart",
    "ExecStart",
    "ExecStart",
    "ExecStartPre",
    "ExecReload",
    "ExecStop",
    "Environment",
    "Environment",
    "EnvironmentFile",
    "WorkingDirectory",
    "User",
    "Group",
    "Restart",
    "RestartSec",
    "TimeoutStopSec",
    "Type",
    "KillMode",
    "KillSignal",
    "UMask",
    "RuntimeDirectory",
    "RuntimeDirectoryMode",
    "ReadWritePaths",
    "BindPaths",
    "PrivateTmp",
    "ProtectSystem",
    "ProtectHome",
    "LimitNOFILE",
    "RestrictAddressFamilies",
    "SystemCallFilter",
    "IPAddressAllow",
    "PIDFile",
    "StandardOutput",
    "SuccessExitStatus",
    "After",
    "Wants",
    "Description",
    "ConditionPathExists",
    "StartLimitIntervalSec",
    "WantedBy",
    "X-Own",
    "execstart",
    "Restrat",
    "TemporaryFileSystem",
    "DynamicUser",
    "UnsetEnvironment",
    "SupplementaryGroups",
    "CPUQuota",
    "MemoryMax",
    "Nice",
    "OOMScoreAdjust",
    "RootDirectory",
];

/// What values are made of.
const PIECES: &[&str] = &[
    "/bin/true",
    "/bin/sh",
    "-",
    "@",
    ":",
    "+",
    "!",
    "!!",
    "-c",
    "a",
    "b",
    "A=b",
    "1A=b",
    "A=",
    "=",
    "'",
    "\"",
    "\\",
    "\\x20",
    "\\n",
    "\\q",
    "\\\"",
    "\\'",
    "%n",
    "%i",
    "%%",
    "%Z",
    "%",
    "$A",
    "${A}",
    "$$",
    ";",
    "\\;",
    "#",
    "&&",
    ">",
    " ",
    " ",
    " ",
    "  ",
    "\t",
    "/",
    "//",
    "..",
    "/run/a",
    "run/a",
    "~",
    "~/a",
    "5",
    "0",
    "-1",
    "5s",
    "5Min",
    "1h",
    "infinity",
    "yes",
    "no",
    "on-failure",
    "always",
    "notify",
    "simple",
    "mixed",
    "SIGTERM",
    "TERM",
    "0022",
    "8",
    "strict",
    "full",
    "true",
    "AF_INET",
    "@system-service",
    "any",
    "10.0.0.0/8",
    "inherit",
    "journal",
    "file:/a",
    "a.service",
    "a@.service",
    "www-data",
    "65536",
    "50%",
    "1G",
    "1024:2048",
    "ä",
];

/// How a line goes on, if it does.
const ENDS: &[&str] = &[
    "\n",
    "\n",
    "\n",
    "\n",
    "\n",
    "\n",
    "\r\n",
    " \n",
    "\\\n",
    " \\\n",
    "\\\n# why\n",
    "\\\n\n",
    " \\ \n",
    "\n\n",
];

fn unit(dice: &mut Dice) -> String {
    let mut text = String::from(if dice.below(20) == 0 { "\u{feff}" } else { "" });
    for section in 0..1 + dice.below(3) {
        text.push_str(if section == 0 { "[Service]" } else { dice.roll::<&str>(HEADERS) });
        text.push('\n');
        for _ in 0..dice.below(5) {
            match dice.below(12) {
                0 => text.push_str("# why"),
                1 => text.push_str("  ; why"),
                _ => {
                    text.push_str(dice.roll::<&str>(KEYS));
                    text.push_str(dice.roll::<&str>(&["=", "=", "=", " = ", "= "]));
                    for _ in 0..dice.below(6) {
                        text.push_str(dice.roll::<&str>(PIECES));
                    }
                }
            }
            text.push_str(dice.roll::<&str>(ENDS));
        }
    }
    // An empty line ends whatever a mark at the end of a line goes on with.
    text.push_str("\n\n");
    text.push_str("[Service]\nType=simple\nExecStart=\nExecStart=/bin/true\n");
    text
}

/// Whether hoplint says nothing of a line because what it means is not known or is still to be filled in.
fn is_open(line: &str) -> bool {
    let is_told = |at: usize| line[at + 1..].starts_with(|c: char| c.is_ascii_alphanumeric() && c != 'Z');
    line.matches('@').count() > 1
        || line.contains("AF_")
        || line.contains("TERM/")
        || line.contains("%\\")
        // systemd 252 speaks of an empty word there, and loses nothing.
        || line.starts_with("Bind") && [" \t", "\t ", "  "].iter().any(|blanks| line.contains(blanks))
        || line.match_indices('%').any(|(at, _)| is_told(at))
        || ["SystemCallFilter", "SuccessExitStatus"].iter().any(|key| line.starts_with(key))
        || line.starts_with("RuntimeDirectory") && line.contains(['\\', ':'])
}

/// Whether the lines that are objected to are the same, as far as systemd reads.
fn agree(unit: &str, their: &Said, our: &Said) -> bool {
    let last = their.lines.last().copied().unwrap_or_default();
    let ours: BTreeSet<usize> =
        our.lines.iter().copied().filter(|line| !their.refused || *line <= last).collect();
    if unit.split('\n').any(is_open) {
        return ours.is_subset(&their.lines);
    }
    let refused_otherwise = their.refused && their.lines.is_empty();
    ours == their.lines && (refused_otherwise || our.refused == their.refused)
}

#[test]
fn units_that_are_made_up_are_read_as_systemd_reads_them() {
    let Some(analyze) = real::systemd_analyze() else { return };
    let version = version(&analyze);
    let number = |name: &str| std::env::var(name).ok().and_then(|it| it.parse::<u64>().ok());
    let count = number("HOPLINT_LONG").map_or(800, |count| if count == 1 { 20_000 } else { count });
    let mut dice = Dice(number("HOPLINT_SEED").unwrap_or(1));
    let all: Vec<Asked> = (0..count)
        .map(|_| Asked { kind: "service", text: unit(&mut dice), instance: dice.below(3) == 0 })
        .collect();
    let (theirs, ours) = (systemd_says(&analyze, &all), hoplint_says(&all, version));
    let mut wrong = Vec::new();
    for (unit, (their, our)) in all.iter().zip(theirs.iter().zip(&ours)) {
        if !agree(&unit.text, their, our) {
            wrong.push(format!("{:?}\n  hoplint: {our:?}\n  systemd: {their:?}", unit.text));
        }
    }
    let objected = theirs.iter().filter(|said| !said.lines.is_empty()).count();
    let refused = theirs.iter().filter(|said| said.refused).count();
    eprintln!("{count} units: {objected} with lines that are objected to, {refused} refused");
    wrong.sort_by_key(String::len);
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}
