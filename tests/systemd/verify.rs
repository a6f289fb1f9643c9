//! What `systemd-analyze verify` says of units, line by line, and what hoplint says of them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use hoplint::check::check;
use hoplint::config::Settings;
use hoplint::model::UnitFaultKind;
use hoplint::source::{FileKind, Source, Sources};

use crate::support::write;

/// How many units are asked for in one run: each has its name on the command line.
const AT_ONCE: usize = 400;

/// A unit to ask for.
pub(crate) struct Asked {
    /// What its name ends in: `service`.
    pub(crate) kind: &'static str,
    /// Its text.
    pub(crate) text: String,
    /// Whether it is an instance of a template.
    pub(crate) instance: bool,
}

impl Asked {
    /// A name that tells which of all it is: `p7.service`, `p7@1.service`.
    fn name(&self, at: usize) -> String {
        format!("p{at}{}.{}", if self.instance { "@1" } else { "" }, self.kind)
    }
}

/// Which of all a name is of.
fn number(name: &str) -> Option<usize> {
    name.split(['.', '@']).next().and_then(|number| number.parse().ok())
}

/// What is said of one unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// The lines that something is said of, from 1 on.
    pub(crate) lines: BTreeSet<usize>,
    /// Whether the unit is refused for a line.
    pub(crate) refused: bool,
    /// What was said, for the message of a test.
    pub(crate) words: Vec<String>,
}

/// The number of systemd's release: `252`.
pub(crate) fn version(analyze: &Path) -> u32 {
    let output = Command::new(analyze).arg("--version").output().expect("systemd-analyze runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("it has a version")
}

/// What the real systemd says of units.
pub(crate) fn systemd_says(analyze: &Path, units: &[Asked]) -> Vec<Said> {
    let mut all = Vec::new();
    for batch in units.chunks(AT_ONCE) {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let path = |(at, unit): (usize, &Asked)| scratch.path().join(unit.name(at));
        for (at, unit) in batch.iter().enumerate() {
            write(&path((at, unit)), &unit.text);
        }
        let mut command = Command::new(analyze);
        command.args(["verify", "--man=no", "--generators=no", "--recursive-errors=no"]);
        command.args(batch.iter().enumerate().map(path));
        command.env("SYSTEMD_UNIT_PATH", scratch.path());
        command.env("SYSTEMD_LOG_LEVEL", "info").env("SYSTEMD_LOG_TARGET", "console");
        let output = command.output().expect("systemd-analyze runs");
        let mut said = vec![Said::default(); batch.len()];
        for line in String::from_utf8_lossy(&output.stderr).split('\n') {
            note(line, &mut said);
        }
        all.extend(said);
    }
    all
}

/// What it warns of and uses all the same.
const USED: [&str; 4] = [
    "is obsolete",
    "Ignoring unknown escape sequences",
    "Unit uses KillMode=none",
    "references a path below legacy directory",
];

/// `/tmp/x/p7.service:2: Failed to parse ...`, or `Unit p7.service has a bad unit file setting.`
fn note(line: &str, said: &mut [Said]) {
    if USED.iter().any(|words| line.contains(words)) {
        return;
    }
    if let Some((_, rest)) = line.split_once("/p")
        && let Some((name, rest)) = rest.split_once(':')
        && let Some(unit) = number(name).and_then(|at| said.get_mut(at))
        && let Some(at) = rest.split(':').next().and_then(|at| at.parse().ok())
    {
        unit.lines.insert(at);
        unit.words.push(rest.to_owned());
    } else if ["bad unit file setting", "failed to load properly"].iter().any(|it| line.contains(it))
        && let Some((_, rest)) = line.split_once("Unit p").or_else(|| line.split_once("p"))
        && let Some(unit) = number(rest).and_then(|at| said.get_mut(at))
    {
        unit.words.push(line.to_owned());
        unit.refused = true;
    }
}

/// What hoplint says of them.
pub(crate) fn hoplint_says(units: &[Asked], version: u32) -> Vec<Said> {
    let mut sources = Sources::default();
    for (at, unit) in units.iter().enumerate() {
        sources.add(Source::new(unit.name(at), FileKind::Systemd, unit.text.clone().into_bytes()));
    }
    let mut settings = Settings::default();
    settings.target.systemd.0 = version;
    let mut said = vec![Said::default(); units.len()];
    for stack in check(&sources, &settings).stacks {
        let faults = stack.units.iter().flat_map(|unit| &unit.faults);
        // What is wrong with the unit as a whole has no line, and of a comment in a path systemd does not speak.
        let faults = faults.filter(|fault| fault.kind != UnitFaultKind::Comment);
        let faults = faults.map(|fault| {
            let place = Some(fault.place).filter(|_| fault.kind != UnitFaultKind::Count);
            (place, fault.line.file, fault.refused, &fault.message)
        });
        let errors = stack.refusals.iter().map(|it| (Some(it.span), it.span.file, !it.ignored, &it.message));
        for (place, file, refused, message) in faults.chain(errors) {
            let source = sources.get(file);
            let unit = &mut said[number(&source.path[1..]).expect("it is one of these")];
            unit.lines.extend(place.map(|it| line_of(&source.text, it.start as usize)));
            unit.refused |= refused;
            unit.words.push(message.clone());
        }
    }
    said
}

/// Whether a line goes on: it ends in a backslash that none before it takes the meaning from.
fn is_marked(line: &str) -> bool {
    let line = line.strip_suffix('\r').unwrap_or(line);
    (line.len() - line.trim_end_matches('\\').len()) % 2 == 1
}

/// The line of an offset. systemd counts a statement of several lines by the last of them.
fn line_of(text: &str, at: usize) -> usize {
    let mut number = 1 + text[..at].matches('\n').count();
    let mut rest = &text[at..];
    while let Some(end) = rest.find('\n') {
        let is_comment = || text[..text.len() - rest.len()].ends_with('\n') && number > 1;
        let is_continued =
            is_marked(&rest[..end]) || rest[..end].trim_start().starts_with(['#', ';']) && is_comment();
        if !is_continued {
            break;
        }
        number += 1;
        rest = &rest[end + 1..];
    }
    number
}
