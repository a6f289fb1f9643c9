//! What `hoplint init` writes: a configuration in which nothing is in force yet, with what was found in the tree, and a hook.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::check::Report;
use crate::config::{KEYS, Key, Takes};
use crate::fingerprint::path;
use crate::model::{Deployment, Joined};
use crate::source::Sources;

/// The columns of a line of prose.
const WIDTH: usize = 100;

/// The most addresses that are proposed.
const MANY: usize = 10;

/// Names of directories in which files are not there to be deployed.
const ASIDE: [&str; 10] =
    ["example", "examples", "fixtures", "sample", "samples", "spec", "specs", "test", "testdata", "tests"];

/// The hook of pre-commit, as an entry of its `repos`. It runs the hoplint that is installed.
pub const HOOK: &str = "  - repo: local
    hooks:
      - id: hoplint
        name: hoplint
        entry: hoplint check --ignore-unknown
        language: system
        types: [file]
        require_serial: true
";

/// A `hoplint.toml` for a tree that was read without one. A line that begins with `#` and goes on without a space is a key
/// that changes something once the `#` is taken away.
pub fn starter(report: &Report, sources: &Sources) -> String {
    let mut text = String::from(
        "# The configuration of hoplint. Nothing is in force yet: take the `#` away before a key and before its `[table]`.\n\
         # `hoplint config` shows what is in force, `hoplint rules` lists the rules and their categories.\n",
    );
    for key in KEYS {
        let (lines, found) = proposed(key, report, sources);
        let _ = write!(text, "\n{}", prose(&format!("{}{found}", key.about)));
        for line in lines {
            let _ = writeln!(text, "#{line}");
        }
    }
    text
}

/// What is proposed for a key, and what was found that speaks for it.
fn proposed(key: &Key, report: &Report, sources: &Sources) -> (Vec<String>, &'static str) {
    let list = |found: BTreeSet<String>, example: &str| match found.is_empty() {
        true => format!("{} = [\"{example}\"]", key.name),
        false => {
            let quoted = found.into_iter().map(|it| toml::Value::from(it).to_string());
            format!("{} = [{}]", key.name, quoted.collect::<Vec<_>>().join(", "))
        }
    };
    let table = |line: &str| vec![format!("[{}]", key.name), line.to_owned()];
    match key.name {
        "ignore" => (vec!["ignore = [\"small-backlog\"]".into()], ""),
        "baseline" => (
            vec!["baseline = \"hoplint-baseline.json\"".into()],
            " `hoplint check --write-baseline` writes it.",
        ),
        "external" => {
            let found = unanswered(report);
            let why = if found.is_empty() { "" } else { " Who answers at these was not found in the tree:" };
            (vec![list(found, "127.0.0.1:3000")], why)
        }
        "exclude" => {
            let found = aside(report, sources);
            let why = if found.is_empty() { "" } else { " These do not look as if they were deployed:" };
            (vec![list(found, "tests/fixtures/")], why)
        }
        "include" => (vec!["include = [\"build/nginx/**\"]".into()], ""),
        "severity" => (table("restart-policy = \"error\""), ""),
        "per-path-ignores" => (table("\"tests/**\" = [\"all\"]"), ""),
        "target" => {
            let pinned = report.stacks.iter().any(|stack| stack.pinned.is_some());
            let why = if pinned { " Which Gunicorn is meant this tree says itself." } else { "" };
            (fixed(key), why)
        }
        "stack" => stacks(report),
        _ => (fixed(key), ""),
    }
}

/// A key or the keys of a table with what holds without them.
fn fixed(key: &Key) -> Vec<String> {
    match key.takes {
        Takes::Table(keys) => {
            let keys = keys.iter().map(|key| format!("{} = {}", key.name, key.default));
            std::iter::once(format!("[{}]", key.name)).chain(keys).collect()
        }
        _ => vec![format!("{} = {}", key.name, key.default)],
    }
}

/// The machines that were found, but for what lies in none of their directories.
fn stacks(report: &Report) -> (Vec<String>, &'static str) {
    let root = |stack: &Deployment| path(&stack.root, &report.trees).trim_end_matches('/').to_owned();
    let roots: BTreeSet<String> = report.stacks.iter().map(root).filter(|root| !root.is_empty()).collect();
    let machine = |root: &str| ["[[stack]]".to_owned(), format!("root = {}", toml::Value::from(root))];
    if roots.is_empty() {
        (machine("hosts/*").into(), " This tree was read as one machine.")
    } else {
        (roots.iter().flat_map(|root| machine(root)).collect(), " These were found:")
    }
}

/// Addresses of the machine itself of which nothing in the tree tells who answers there.
fn unanswered(report: &Report) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for stack in &report.stacks {
        for hop in stack.hops.iter().filter(|hop| matches!(hop.joined, Joined::Unknown(_))) {
            let peer = &stack.route(hop.route).peers[hop.peer];
            let address = peer.address.known().filter(|it| it.is_local() && !peer.down);
            let listens =
                |address| stack.apps.iter().any(|app| app.listeners.value.may(|it| it.contains(address)));
            found.extend(address.filter(|it| !listens(it)).map(ToString::to_string));
        }
    }
    if found.len() > MANY { BTreeSet::new() } else { found }
}

/// The outermost directories with configuration that look like tests' or examples.
fn aside(report: &Report, sources: &Sources) -> BTreeSet<String> {
    let files = sources.iter().filter(|(_, source)| source.kind.is_configuration());
    let directory = |file: &str| {
        let parts: Vec<&str> = file.split('/').collect();
        let (_, directories) = parts.split_last()?;
        let at = directories.iter().position(|name| ASIDE.contains(&name.to_ascii_lowercase().as_str()))?;
        Some(format!("/{}/", directories[..=at].join("/")))
    };
    files.filter_map(|(_, source)| directory(&path(&source.path, &report.trees))).collect()
}

/// Lines of prose behind a `#` and a space.
fn prose(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(lines, "{line}");
            line = String::from("#");
        }
        let _ = write!(line, " {word}");
    }
    let _ = writeln!(lines, "{line}");
    lines
}
