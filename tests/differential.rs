//! What the real nginx says of configurations that are made up, and changed in one place.
//!
//! A run asks a few hundred questions; with HOPLINT_LONG=1 it asks 20,000, or as many as the variable says, and
//! HOPLINT_SEED says which ones. The nginx of HOPLINT_NGINX is asked, and the one of HOPLINT_NGINX_OLD where it is set.
//! The shares are printed with `--nocapture`, and with HOPLINT_SHOW what has more than one error:
//!
//! ```console
//! $ HOPLINT_LONG=1 HOPLINT_SEED=2 tests/run differential --nocapture
//! ```
//!
//! nginx stops at its first error, whatever its kind, and at the line up to which it has read. So these must hold:
//!
//! - where nginx reads to the end, we have no error;
//! - where it stops at something that is no syntax, we have none before that line;
//! - where it stops at the syntax, our first error is on its line or on that of the cause: see [`cause`].

mod generate;
mod mutate;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use hoplint::source::{FileId, FileKind, Source};
use hoplint::syntax::SyntaxError;
use hoplint::syntax::nginx;
use rayon::prelude::*;

use crate::real;
use crate::support::{Dice, asking};

use self::generate::{configuration, soup};
use self::mutate::{Mutant, mutate};

/// What nginx says of a file.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// It read all of it.
    All,
    /// It stopped at this line because of the syntax.
    Syntax(usize, String),
    /// It stopped at this line because of something else; 0 is no line.
    Other(usize, String),
}

/// How one answer compares.
struct Outcome {
    /// In one word, for the shares.
    share: &'static str,
    /// How many errors we have, where it is the syntax.
    errors: Option<usize>,
    /// What is wrong, if anything.
    wrong: Option<String>,
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|it| it.parse().ok())
}

/// Compares a number of cases with each nginx that there is; gives how many errors we have where it is the syntax.
fn compare_all(shortly: u64, make: fn(&mut Dice) -> Mutant) -> Vec<Vec<usize>> {
    let long = number("HOPLINT_LONG").map(|it| if it == 1 { 20_000 } else { it });
    let (cases, seed) = (long.unwrap_or(shortly), number("HOPLINT_SEED").unwrap_or(1));
    let compare_with = |nginx: PathBuf| {
        let outcomes: Vec<Outcome> = asking().install(|| {
            (0..cases)
                .into_par_iter()
                .map_init(|| Asked::new(&nginx), |asked, case| compare(asked, seed * 1_000_003 + case, make))
                .collect()
        });
        let mut shares: BTreeMap<&str, usize> = BTreeMap::new();
        outcomes.iter().for_each(|it| *shares.entry(it.share).or_default() += 1);
        eprintln!("{}: {shares:?}", nginx.display());
        let wrong: Vec<&str> = outcomes.iter().filter_map(|it| it.wrong.as_deref()).collect();
        assert!(wrong.is_empty(), "{} of {cases}:\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n"));
        let refused: Vec<usize> = outcomes.iter().filter_map(|it| it.errors).collect();
        assert!(refused.len() * 5 > outcomes.len(), "most cases are no mistakes");
        refused
    };
    real::nginx().into_iter().chain(real::old_nginx()).map(compare_with).collect()
}

#[test]
fn syntax_is_what_nginx_calls_it() {
    for refused in compare_all(400, changed) {
        let single = refused.iter().filter(|it| **it == 1).count();
        eprintln!("one error for {single} of {} mistakes", refused.len());
        assert!(single * 100 > refused.len() * 96, "one mistake is several errors too often");
    }
}

#[test]
fn words_are_what_nginx_calls_words() {
    compare_all(400, stirred);
}

/// An nginx and a scratch directory to ask it in.
struct Asked<'a> {
    nginx: &'a Path,
    scratch: tempfile::TempDir,
}

impl<'a> Asked<'a> {
    fn new(nginx: &'a PathBuf) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        // nginx gets as far as the second line only where it has read all of the file, and never opens a socket or a log.
        std::fs::write(scratch.path().join("main.conf"), "include case.conf;\nthe_end;\n").unwrap();
        Asked { nginx, scratch }
    }

    fn ask(&self, bytes: &[u8]) -> Said {
        std::fs::write(self.scratch.path().join("case.conf"), bytes).unwrap();
        let mut command = Command::new(self.nginx);
        command.args(["-t", "-q", "-e", "stderr", "-c", "main.conf", "-p"]).arg(self.scratch.path());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // `[emerg] 12#12: message in file:line`, where the message may show a part of the file.
        let emerg = said.split_once("[emerg] ").and_then(|(_, emerg)| emerg.split_once("#"));
        let emerg = emerg.and_then(|(_, emerg)| emerg.split_once(": ")).map(|(_, emerg)| emerg);
        let place = format!(" in {}/", self.scratch.path().display());
        let emerg = emerg.unwrap_or_else(|| panic!("no answer: {said}"));
        // What it finds out at the end of `http` has no place.
        let Some((message, place)) = emerg.split_once(&place) else {
            return Said::Other(0, emerg.to_owned());
        };
        if message == "unknown directive \"the_end\"" && place.starts_with("main.conf:2\n") {
            return Said::All;
        }
        let number = place.split_once(':').map_or("", |(_, number)| number);
        let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        let line = number[..end].parse().unwrap_or_else(|_| panic!("no line: {said}"));
        let message = message.to_owned();
        // `unexpected "x" in condition` is another thing.
        let one = message.strip_prefix("unexpected \"").and_then(|it| it.strip_suffix('"'));
        let is_syntax = one.is_some_and(|it| it.chars().count() == 1)
            || message.starts_with("unexpected end of file")
            || message.starts_with("too long parameter")
            || message.contains("is not terminated by \";\"")
            || message.contains("has no opening \"{\"");
        if is_syntax { Said::Syntax(line, message) } else { Said::Other(line, message) }
    }
}

/// Makes a case up: a configuration, most often changed in one place.
fn changed(dice: &mut Dice) -> Mutant {
    let text = configuration(dice);
    match dice.below(10) {
        0 => Mutant { bytes: text.into_bytes(), at: 0, how: "nothing" },
        _ => mutate(dice, &text),
    }
}

/// Makes a case up: words, and what is none.
fn stirred(dice: &mut Dice) -> Mutant {
    let pieces = [("{{", "}}"), ("{#", "#}")];
    loop {
        let text = soup(dice);
        // What may be a piece of a template is judged with more care than by nginx.
        if !pieces.iter().any(|(opener, closer)| text.contains(opener) && text.contains(closer)) {
            let at = text.find('\n').map_or(0, |at| at + 1);
            return Mutant { bytes: text.into_bytes(), at, how: "soup" };
        }
    }
}

/// Asks nginx for a case, and compares the answers.
fn compare(asked: &Asked<'_>, case: u64, make: fn(&mut Dice) -> Mutant) -> Outcome {
    let mut dice = Dice(case);
    // The first numbers of neighbours are alike.
    (0..8).for_each(|_| _ = dice.below(2));
    let mutant = make(&mut dice);
    let said = asked.ask(&mutant.bytes);
    let source = Source::new("case.conf", FileKind::Nginx, mutant.bytes.clone());
    let parsed = nginx::parse(FileId(0), &source.text);
    let line = |at: u32| source.position(at).0;
    let first = parsed.errors.first().map(|error| (line(error.span.start), error));
    let (share, right) = match (&said, first) {
        (Said::All, None) => ("read to the end", true),
        (Said::All, Some(_)) => ("read to the end", false),
        (Said::Other(0, _), _) => ("stopped without a place", true),
        (Said::Other(stop, _), found) => {
            ("stopped at no syntax", found.is_none_or(|(line, _)| line >= *stop))
        }
        // `http {{server {}}}` may be nginx's and may be a template's.
        (Said::Syntax(stop, message), None)
            if message == "unexpected \"{\"" && in_template(&source, *stop) =>
        {
            ("syntax, or a template", true)
        }
        (Said::Syntax(..), None) => ("syntax", false),
        (Said::Syntax(stop, _), Some((line, _))) if line == *stop => ("syntax, the same line", true),
        (Said::Syntax(stop, message), Some((found, error))) => {
            let changed = line(mutant.at.min(source.text.len()) as u32);
            cause(&source, *stop, message, found, error, changed)
                .map_or(("syntax", false), |cause| (cause, true))
        }
    };
    let right = right && (mutant.how != "nothing" || said == Said::All);
    let describe = || {
        let ours: Vec<_> = parsed.errors.iter().map(|it| (line(it.span.start), &it.message)).collect();
        let (how, at) = (mutant.how, line(mutant.at as u32));
        let text = shown(&source.text);
        format!("case {case}, {how} at line {at}: nginx says {said:?}, and we say {ours:?} of\n{text}")
    };
    let wrong = (!right).then(describe);
    let errors = matches!(said, Said::Syntax(..)).then_some(parsed.errors.len());
    if errors.is_some_and(|it| it > 1) && std::env::var_os("HOPLINT_SHOW").is_some() {
        eprintln!("several errors: {}", describe());
    }
    Outcome { share, errors, wrong }
}

/// Whether the brackets of a template begin on a line and end there or behind it.
fn in_template(source: &Source, stop: usize) -> bool {
    let is_here = |at: usize| source.position(at as u32).0 == stop;
    let opener = source.text.match_indices("{{").map(|(at, _)| at).find(|at| is_here(*at));
    opener.is_some_and(|at| source.text[at..].contains("}}"))
}

/// Where the quote that opens here is closed.
fn closes(text: &str, open: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = open + 1;
    while *bytes.get(at)? != bytes[open] {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    Some(at)
}

/// Why an error of ours may stand on another line than that up to which nginx has read: it says what nginx was reading
/// for, and, but for quotes, what was changed lies between the two, or its end right before them.
fn cause(
    source: &Source,
    stop: usize,
    message: &str,
    found: usize,
    error: &SyntaxError,
    changed: usize,
) -> Option<&'static str> {
    // A quote is told where it opens; nginx reads on to where it is closed, and what stands there is wrong, or to the end.
    if error.message.starts_with("this quote is not closed") {
        let read_on = closes(&source.text, error.span.start as usize).map(|at| source.position(at as u32).0);
        let is_end = message.starts_with("unexpected end of file");
        return (read_on == Some(stop) || read_on.is_none() && is_end).then_some("syntax, an open quote");
    }
    if !(found..=stop + 1).contains(&(changed + 1)) {
        return None;
    }
    // A directive without its end is told where its last word stands; nginx reads on to the next `{`.
    if error.message.contains("is not terminated by \";\"") && message == error.message {
        return Some("syntax, no semicolon");
    }
    // A block without its brace is told where its name stands; nginx reads on to the next `;`.
    if error.message.contains("has no opening \"{\"") && message == error.message {
        return Some("syntax, no brace");
    }
    None
}

/// A text with the numbers of its lines.
fn shown(text: &str) -> String {
    let lines = text.split('\n').enumerate();
    lines
        .map(|(at, line)| {
            format!("{:3} {}\n", at + 1, line.chars().take(150).collect::<String>().escape_debug())
        })
        .collect()
}
