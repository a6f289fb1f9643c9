//! What holds for every text.

use std::ops::Range;

use hoplint::check::check;
use hoplint::config::Settings;
use hoplint::edit::{Applicability, Edit, Fix, apply};
use hoplint::finding::Severity;
use hoplint::fix::fix;
use hoplint::source::{FileId, FileKind, Source, Sources, Span};
use hoplint::syntax::{gunicorn, nginx, systemd};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::corpus::stacks;
use crate::support::read;

/// Asserts that the leaves of the parse of a text cover it without gap or overlap, if it is in a language with a grammar.
pub(crate) fn assert_tiled(kind: FileKind, text: &str, name: &str) {
    let tiles: Vec<Range<usize>> = match kind {
        FileKind::Nginx => nginx::tiles(text),
        FileKind::Gunicorn => gunicorn::tiles(text),
        FileKind::Systemd => systemd::tiles(text),
        FileKind::Compose | FileKind::Packages | FileKind::Machine | FileKind::Launcher => return,
    };
    let mut end = 0;
    for tile in tiles {
        assert_eq!(tile.start, end, "{name}: the tiles of the {kind:?} parse are not side by side");
        end = tile.end;
    }
    assert_eq!(end, text.len(), "{name}: the tiles of the {kind:?} parse do not cover the text");
}

/// The files of corpus/ that are written in a language with a grammar.
fn seeds() -> Vec<(FileKind, String)> {
    let mut seeds = Vec::new();
    for stack in stacks() {
        let (sources, _) = read(&stack);
        seeds.extend(sources.iter().map(|(_, source)| (source.kind, source.text.clone())));
    }
    seeds.retain(|(kind, _)| matches!(kind, FileKind::Nginx | FileKind::Gunicorn | FileKind::Systemd));
    assert!(seeds.len() > 20);
    seeds
}

/// Words that mean something to a parser.
const WORDS: [&str; 32] = [
    "{",
    "}",
    ";",
    "\"",
    "'",
    "\"\"\"",
    "#",
    "\\",
    "\\\n",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "(",
    "[",
    "=",
    "$",
    "${",
    "%",
    "%i",
    "{{",
    "}}",
    "{% if x %}",
    "\u{feff}",
    "\u{1a}",
    "é",
    "include *;",
    "server {",
    "[Service]",
    "if x:\n",
    "0",
    "lambda: ",
];

/// A change of a text by which real files go wrong.
#[derive(Clone, Debug)]
enum Mutation {
    Delete(Index, usize),
    Insert(Index, &'static str),
    Repeat(Index, usize, usize),
    Truncate(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        (any::<Index>(), 1..40_usize).prop_map(|(at, length)| Mutation::Delete(at, length)),
        (any::<Index>(), select(&WORDS[..])).prop_map(|(at, word)| Mutation::Insert(at, word)),
        (any::<Index>(), 1..60_usize, 2..5_usize)
            .prop_map(|(at, length, times)| Mutation::Repeat(at, length, times)),
        any::<Index>().prop_map(Mutation::Truncate),
    ]
}

fn mutated(text: &str, mutations: &[Mutation]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for mutation in mutations {
        let size = chars.len() + 1;
        match *mutation {
            Mutation::Delete(at, length) => {
                let at = at.index(size);
                chars.drain(at..(at + length).min(size - 1));
            }
            Mutation::Insert(at, word) => {
                let at = at.index(size);
                chars.splice(at..at, word.chars());
            }
            Mutation::Repeat(at, length, times) => {
                let at = at.index(size);
                let part = chars[at..(at + length).min(size - 1)].repeat(times);
                chars.splice(at..at, part);
            }
            Mutation::Truncate(at) => chars.truncate(at.index(size)),
        }
    }
    chars.into_iter().collect()
}

fn sources(files: Vec<(FileKind, Vec<u8>)>) -> Sources {
    let mut sources = Sources::default();
    for (at, (kind, bytes)) in files.into_iter().enumerate() {
        let path = match kind {
            FileKind::Nginx => format!("nginx/{at}.conf"),
            FileKind::Gunicorn => "gunicorn.conf.py".into(),
            FileKind::Systemd => format!("systemd/{at}.service"),
            FileKind::Compose => "compose.yaml".into(),
            FileKind::Packages => "requirements.txt".into(),
            FileKind::Machine => format!("tmpfiles.d/{at}.conf"),
            FileKind::Launcher => format!("{at}.sh"),
        };
        sources.add(Source::new(path, kind, bytes));
    }
    sources
}

/// Parses, judges and mends, and asserts what must hold of any files.
fn survives(sources: &Sources) {
    for (_, source) in sources.iter() {
        assert_tiled(source.kind, &source.text, &source.path);
        assert_eq!(source.text.len(), source.bytes().len());
    }
    let settings = Settings { show: Severity::Note, ..Settings::default() };
    let report = check(sources, &settings);
    for finding in &report.findings {
        for label in std::iter::once(&finding.primary).chain(&finding.related) {
            let text = &sources.get(label.span.file).text;
            assert!(text.get(label.span.range()).is_some(), "{}: {:?} is no place", finding.rule, label);
        }
    }
    let outcome = fix(sources, &settings, Applicability::Unsafe);
    let again = fix(&outcome.sources, &settings, Applicability::Unsafe);
    assert!(again.changed(&outcome.sources).is_empty(), "a second fix changes it again");
}

fn config(cases: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(cases);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn kinds() -> impl Strategy<Value = FileKind> {
    select(&FileKind::ALL[..])
}

#[test]
fn random_bytes_do_no_harm() {
    let files = prop::collection::vec((kinds(), prop::collection::vec(any::<u8>(), 0..400)), 1..4);
    proptest!(config(256), |(files in files)| survives(&sources(files)));
}

#[test]
fn random_words_do_no_harm() {
    let text =
        prop::collection::vec(select(&WORDS[..]), 0..60).prop_map(|words| words.join(" ").into_bytes());
    proptest!(config(256), |(files in prop::collection::vec((kinds(), text), 1..4))| survives(&sources(files)));
}

#[test]
fn configuration_that_went_wrong_does_no_harm() {
    let seeds = seeds();
    let file = (select(seeds), prop::collection::vec(mutation(), 0..5))
        .prop_map(|((kind, text), mutations)| (kind, mutated(&text, &mutations).into_bytes()));
    proptest!(config(384), |(files in prop::collection::vec(file, 1..5))| survives(&sources(files)));
}

#[test]
fn deep_nesting_is_no_harm() {
    const DEPTH: usize = 20_000;
    for (kind, opening, closing) in [
        (FileKind::Nginx, "location / {", "}"),
        (FileKind::Nginx, "if ($x) {\n", ""),
        (FileKind::Gunicorn, "bind = [", "]"),
        (FileKind::Gunicorn, "(", ""),
        (FileKind::Gunicorn, "{1:", "}"),
        (FileKind::Gunicorn, "not ", ""),
        (FileKind::Gunicorn, "-", ""),
        (FileKind::Gunicorn, "x = lambda: ", ""),
        (FileKind::Gunicorn, "f'{", ""),
        (FileKind::Gunicorn, "a if b else ", ""),
        (FileKind::Gunicorn, "2**", "2"),
        (FileKind::Systemd, "[", "]"),
        (FileKind::Systemd, "Environment=\\\n", ""),
        (FileKind::Compose, "[", "]"),
        (FileKind::Compose, "a: {", "}"),
    ] {
        let text = opening.repeat(DEPTH) + &closing.repeat(DEPTH);
        eprintln!("{kind:?}: {opening:?}");
        survives(&sources(vec![(kind, text.into_bytes())]));
    }
    let indented: String = (0..1000).map(|depth| " ".repeat(depth) + "if x:\n").collect();
    survives(&sources(vec![(FileKind::Gunicorn, indented.into_bytes())]));
}

#[test]
fn edits_touch_nothing_else() {
    let pieces = prop::collection::vec((".{0,12}", prop::option::of(".{0,6}")), 0..12);
    proptest!(config(256), |(pieces in pieces)| {
        let (mut before, mut expected, mut edits) = (String::new(), String::new(), Vec::new());
        for (piece, replacement) in &pieces {
            let start = before.len();
            before.push_str(piece);
            expected.push_str(replacement.as_ref().unwrap_or(piece));
            if let Some(replacement) = replacement {
                let span = Span::new(FileId(0), start..before.len());
                edits.push(Edit { span, replacement: replacement.clone() });
            }
        }
        // Edits may be named in any order; of two at one place no fix is made.
        edits.reverse();
        if let Some(fix) = Fix::new("mend", Applicability::Safe, edits) {
            prop_assert_eq!(apply(before.as_bytes(), fix.edits()), expected.into_bytes());
        }
    });
}
