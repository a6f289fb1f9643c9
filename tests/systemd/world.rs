//! Units as they are in the world: hoplint and systemd object to the same lines.

use std::path::{Path, PathBuf};

use super::verify::{Asked, hoplint_says, systemd_says, version};
use super::{corpus, machine, text};
use crate::real;

/// The type of a unit file or of a drop-in; `None` for what is neither by its name.
fn kind(path: &Path) -> Option<&'static str> {
    const KINDS: [&str; 9] =
        ["service", "socket", "timer", "path", "target", "slice", "mount", "automount", "swap"];
    let of = |name: &str| {
        let name = [".example", ".template", ".j2", ".erb", ".in", ".tmpl", ".txt"]
            .iter()
            .find_map(|ending| name.strip_suffix(ending))
            .unwrap_or(name);
        KINDS.into_iter().find(|kind| name == *kind || name.ends_with(&format!(".{kind}")))
    };
    let name = path.file_name()?.to_str()?;
    let directory = path.parent()?.file_name()?.to_str()?;
    of(name).or_else(|| name.strip_suffix(".conf").and_then(|_| of(directory.strip_suffix(".d")?)))
}

/// Whether something in a text is still to be filled in: there hoplint says less than systemd.
fn is_template(text: &str) -> bool {
    ["{{", "{%", "<%", "${", "__", "<", "{", "_DIR"].iter().any(|mark| text.contains(mark))
}

/// Compares what is said of files; the differences, as `path:line`.
fn differences(files: &[PathBuf]) -> (usize, Vec<String>) {
    let Some(analyze) = real::systemd_analyze() else { return (0, Vec::new()) };
    let version = version(&analyze);
    let mut units = Vec::new();
    let mut paths = Vec::new();
    for path in files {
        if let (Some(kind), Some(text)) = (kind(path), text(path)) {
            let instance = path.to_string_lossy().contains('@');
            units.push(Asked { kind, text, instance });
            paths.push(path);
        }
    }
    let (theirs, ours) = (systemd_says(&analyze, &units), hoplint_says(&units, version));
    let mut wrong = Vec::new();
    let count: usize = ours.iter().map(|our| our.lines.len()).sum();
    eprintln!("{count} lines that hoplint objects to");
    for ((path, unit), (their, our)) in paths.iter().zip(&units).zip(theirs.iter().zip(&ours)) {
        // A refused unit is read no further.
        let last = their.lines.last().copied().unwrap_or_default();
        let is_hidden = |line: usize| their.refused && line > last;
        let more = our.lines.difference(&their.lines).filter(|line| !is_hidden(**line));
        let more = more.map(|line| format!("{}:{line}: hoplint objects: {:?}", path.display(), our.words));
        let less = their.lines.difference(&our.lines).filter(|_| !is_template(&unit.text));
        let less = less.map(|line| format!("{}:{line}: systemd objects: {:?}", path.display(), their.words));
        wrong.extend(more.chain(less));
    }
    (units.len(), wrong)
}

#[test]
fn hoplint_and_systemd_object_to_the_same_lines_of_the_corpus() {
    let Some(files) = corpus("systemd") else { return };
    let (count, wrong) = differences(&files);
    eprintln!("{count} units of the corpus compared");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn hoplint_and_systemd_object_to_the_same_lines_of_this_machine() {
    let (count, wrong) = differences(&machine());
    eprintln!("{count} units of this machine compared");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
