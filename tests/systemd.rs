//! Unit files as they are in the world: none of them yields a syntax error that systemd would not name.

#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod boot;
mod confined;
mod merged;
mod names;
mod random;
mod sight;
mod snippets;
mod values;
mod verify;
mod world;

use std::path::{Path, PathBuf};

use hoplint::source::{FileId, FileKind, Source};
use hoplint::syntax::systemd;

use crate::real;

/// The text of a file as hoplint reads it.
fn text(path: &Path) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    Some(Source::new(path.to_string_lossy(), FileKind::Systemd, bytes).text)
}

/// Whether the leaves of the parse cover the text.
fn is_tiled(text: &str) -> bool {
    let mut at = 0;
    systemd::tiles(text).into_iter().all(|tile| {
        let follows = tile.start == at;
        at = tile.end;
        follows
    }) && at == text.len()
}

/// The syntax errors of files, as `path:offset: message`.
fn errors(files: &[PathBuf]) -> Vec<String> {
    let mut errors = Vec::new();
    for path in files {
        let Some(text) = text(path) else { continue };
        assert!(is_tiled(&text), "{}", path.display());
        for error in systemd::parse(FileId(0), &text).errors {
            errors.push(format!("{}:{}: {}", path.display(), error.span.start, error.message));
        }
    }
    errors
}

/// The files of the corpus that `MANIFEST.jsonl` counts to a kind; `None` where there is no corpus.
pub(crate) fn corpus(kind: &str) -> Option<Vec<PathBuf>> {
    let root = real::corpus()?;
    let manifest = std::fs::read_to_string(root.join("MANIFEST.jsonl")).expect("the corpus has a manifest");
    let mut files = Vec::new();
    for line in manifest.split_inclusive('\n') {
        let entry: serde_json::Value = serde_json::from_str(line).expect("a line of the manifest is JSON");
        let repository = entry["repo"].as_str().expect("a repository has a name");
        for (file, kinds) in entry["file_kinds"].as_object().expect("files have kinds") {
            let is_meant = kinds.as_array().is_some_and(|kinds| kinds.iter().any(|it| it == kind));
            for name in [repository.to_owned(), repository.replace('/', "__")] {
                let path = root.join("repos").join(name).join(file);
                if is_meant && path.is_file() {
                    files.push(path);
                }
            }
        }
    }
    Some(files)
}

#[test]
fn the_units_of_the_corpus_have_no_syntax_error_that_systemd_does_not_name() {
    let Some(files) = corpus("systemd") else {
        return;
    };
    assert!(files.len() > 200, "only {} units in the corpus", files.len());
    let errors = errors(&files);
    // `systemd-analyze verify` names the same three lines: what follows a line whose `\` was forgotten.
    let (expected, others): (Vec<_>, Vec<_>) =
        errors.iter().partition(|it| it.contains("gitea_backup.service:"));
    assert!(others.is_empty(), "{others:#?}");
    assert_eq!(expected.len(), 3, "{expected:#?}");
}

/// The unit files of this machine.
fn machine() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for directory in ["/usr/lib/systemd/system", "/usr/lib/systemd/user", "/etc/systemd/system"] {
        let Ok(entries) = std::fs::read_dir(directory) else { continue };
        files.extend(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()));
    }
    if files.is_empty() {
        eprintln!("SKIPPED: there are no units on this machine");
    }
    files
}

#[test]
fn the_units_of_this_machine_have_no_syntax_error() {
    let files = machine();
    let errors = errors(&files);
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    eprintln!("{} units of this machine read", files.len());
}

/// Time spans of all sorts, right and wrong, against `systemd-analyze timespan`.
#[test]
fn time_spans_are_read_as_systemd_reads_them() {
    let Some(analyze) = real::systemd_analyze() else { return };
    let numbers = ["5", "1.5", ".25", "0", "+3", "-1", "1.", "1.2.3", ""];
    let units =
        ["", "s", " s", "ms", "m", "M", "min", "Min", "h", "hr", "d", "w", "y", "us", "foo", "minutes"];
    let ends = ["", "30", " 30", "1h", " 2m", "."];
    let spans: Vec<String> = numbers
        .iter()
        .flat_map(|number| units.iter().map(move |unit| format!("{number}{unit}")))
        .flat_map(|start| ends.iter().map(move |end| format!("{start}{end}")))
        .collect();
    // It reports each span on its own and goes on after one that it cannot read.
    for span in spans {
        let output = std::process::Command::new(&analyze).args(["timespan", "--", &span]).output();
        let output =
            String::from_utf8(output.expect("systemd-analyze runs").stdout).expect("it prints UTF-8");
        let microseconds: Option<u64> = output
            .split_inclusive('\n')
            .find_map(|line| line.trim().strip_prefix("μs: ").and_then(|number| number.parse().ok()));
        let read = hoplint::value::Duration::from_systemd(&span).map(|it| it.milliseconds);
        assert_eq!(read, microseconds.map(|it| it.div_ceil(1000)), "{span:?}");
    }
}
