//! What holds for every text.

use hoplint::config::{Settings, Truth};
use hoplint::edit::{Applicability, Edit, Fix, apply};
use hoplint::fix::fix;
use hoplint::source::{FileId, FileKind, Source, Sources, Span};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::corpus::stacks;
use crate::sound::{TARGETS, Target, assert_tiled, is_checked, is_mended};
use crate::support::read;

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
    let how = sources.iter().map(|(_, source)| source.bytes().len()).sum::<usize>() as u8;
    is_checked(sources, how);
    is_mended(sources, Applicability::Unsafe, if how & 1 == 0 { Truth::App } else { Truth::Proxy });
}

/// Parses, judges and mends a text that takes its time.
fn ends(sources: &Sources) {
    for (_, source) in sources.iter() {
        assert_tiled(source.kind, &source.text, &source.path);
    }
    fix(sources, &Settings::default(), Applicability::Unsafe);
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
    proptest!(config(192), |(files in prop::collection::vec(file, 1..5))| survives(&sources(files)));
}

#[test]
fn seeds_that_went_wrong_do_no_harm() {
    let seeds: Vec<(Target, String)> = TARGETS
        .iter()
        .flat_map(|target| {
            let seeds = crate::seeds::seeds(20).remove(target.0).unwrap_or_default();
            seeds.into_iter().map(|seed| (*target, String::from_utf8_lossy(&seed).into_owned()))
        })
        .collect();
    let input = (select(seeds), prop::collection::vec(mutation(), 1..5));
    proptest!(config(512), |(input in input)| {
        let ((target, text), mutations) = input;
        (target.1)(mutated(&text, &mutations).as_bytes());
    });
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
        ends(&sources(vec![(kind, text.into_bytes())]));
    }
    let indented: String = (0..1000).map(|depth| " ".repeat(depth) + "if x:\n").collect();
    ends(&sources(vec![(FileKind::Gunicorn, indented.into_bytes())]));
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
