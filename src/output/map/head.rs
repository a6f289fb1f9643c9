//! What a stack is made of: its files, the versions that are meant, and what nginx reads as one.

use std::collections::BTreeMap;
use std::io;

use super::super::paint::{Tone, run};
use super::super::plural;
use super::Page;
use super::words::Words;
use crate::config::Settings;
use crate::model::Reading;
use crate::source::FileKind;

/// Writes the head of a stack.
pub(super) fn head(words: Words<'_>, settings: &Settings, page: &mut Page<'_>) -> io::Result<()> {
    let stack = words.stack;
    let root = stack.place();
    let mut kinds: BTreeMap<FileKind, usize> = BTreeMap::new();
    for file in &stack.files {
        *kinds.entry(words.sources.get(*file).kind).or_default() += 1;
    }
    let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {}", kind.name())).collect();
    let files = plural(stack.files.len(), "file");
    let heading = [
        run(Tone::Bold, format!("stack {root}")),
        run(Tone::Plain, format!(": {files} ({})", kinds.join(", "))),
    ];
    page.paragraph(0, 4, &heading)?;
    page.paragraph(2, 4, &[run(Tone::Plain, format!("for {}", versions(words, settings).join(", ")))])?;
    // Fragments that are read alone are told together.
    let mut alone: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for it in &stack.nginx.readings {
        match it.files.as_slice() {
            [file] if it.block != "main" => {
                alone.entry(it.block).or_default().push(&words.sources.get(*file).path);
            }
            _ => reading(words, it, page)?,
        }
    }
    for (block, paths) in alone {
        let part = if paths.len() == 1 { "part" } else { "parts" };
        let before = run(Tone::Plain, format!("nginx reads as {part} of `{block}`: "));
        page.paragraph(2, 4, &[before, run(Tone::Bold, paths.join(", "))])?;
    }
    Ok(())
}

/// The versions that are meant, and why these.
fn versions(words: Words<'_>, settings: &Settings) -> Vec<String> {
    let meant = words.stack.target;
    let configured = |program: &str| settings.origins.get(&format!("target.{program}"));
    let pinned = words.stack.pinned.map(|place| words.place(place));
    let programs = [
        (format!("nginx {}", meant.nginx), configured("nginx").cloned()),
        (format!("Gunicorn {}", meant.gunicorn), pinned.or_else(|| configured("gunicorn").cloned())),
        (format!("systemd {}", meant.systemd.0), configured("systemd").cloned()),
    ];
    let (mut latest, mut others) = (Vec::new(), Vec::new());
    for (program, place) in programs {
        match place {
            Some(place) => others.push(format!("{program} ({place})")),
            None => latest.push(program),
        }
    }
    if !latest.is_empty() {
        others.push(format!("{}: the newest that hoplint knows", latest.join(", ")));
    }
    others
}

/// What nginx reads as one, in its order.
fn reading(words: Words<'_>, reading: &Reading, page: &mut Page<'_>) -> io::Result<()> {
    let path = |at: usize| words.sources.get(reading.files[at]).path.as_str();
    if reading.files.is_empty() {
        return Ok(());
    }
    let mut runs = vec![run(Tone::Plain, "nginx reads "), run(Tone::Bold, path(0))];
    match reading.block {
        "main" => {}
        block => runs.push(run(Tone::Plain, format!(" as part of `{block}`"))),
    }
    for at in 1..reading.files.len() {
        let before = if at == 1 { ", and by its includes " } else { ", " };
        runs.push(run(Tone::Plain, format!("{before}{}", path(at))));
    }
    page.paragraph(2, 4, &runs)
}
