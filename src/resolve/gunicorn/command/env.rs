//! `env OPTIONS NAME=VALUE... PROGRAM`.
//!
//! Source: env(1) of GNU coreutils 9.

use super::super::words;
use super::{Start, Step, other};
use crate::model::{Origin, OriginKind, Setting};
use crate::resolve::launch::{Argument, Environment};
use crate::resolve::systemd::is_name;
use crate::value::Possible;

/// Takes `env` off.
pub(super) fn take_off(start: &mut Start) -> Step {
    let mut at = 1;
    let mut options = true;
    while at < start.arguments.len() {
        // The value of a variable need not be known.
        let Some(text) = start.word(at).map(str::to_owned) else {
            return other("which program it runs is not known");
        };
        if options && text == "--" {
            options = false;
        } else if options && text.len() > 1 && text.starts_with('-') || text == "-" {
            match option(start, &text, at) {
                Some(taken) => at += taken,
                None => return other(format!("`env {text}` is not followed")),
            }
        } else if let Some((name, value)) = text.split_once('=') {
            options = false;
            start.set(at, name, value.to_string());
        } else {
            start.arguments.drain(..at);
            return Step::Again;
        }
        at += 1;
    }
    other("which program it runs is not known")
}

/// Does what an option says; how many further words it takes, or `None` where it is not known.
fn option(start: &mut Start, text: &str, at: usize) -> Option<usize> {
    let long = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
    // An option that takes a value: attached, or the next word.
    let valued = |short: &str, long_name: &str, start: &Start| -> Option<(String, usize)> {
        match long {
            (name, Some(value)) if name == long_name => Some((value.to_owned(), 0)),
            (name, None) if name == long_name || name == short => Some((start.word(at + 1)?.to_owned(), 1)),
            _ => text.strip_prefix(short).filter(|_| !text.starts_with("--")).map(|it| (it.to_owned(), 0)),
        }
    };
    match text {
        "-" | "-i" | "--ignore-environment" => start.environment = Environment::default(),
        "-v" | "--debug" => {}
        _ if matches!(long.0, "--block-signal" | "--default-signal" | "--ignore-signal") => {}
        _ => {
            if let Some((name, taken)) = valued("-u", "--unset", start) {
                start.environment.forget(&name);
                start.environment.firm.insert(name).then_some(())?;
                return Some(taken);
            }
            if let Some((directory, taken)) = valued("-C", "--chdir", start) {
                let origin = Origin::at(OriginKind::CommandLine, start.arguments[at].span);
                start.working_directory = if directory.starts_with('/') {
                    Setting::known(directory, origin)
                } else {
                    Setting::unknown("the directory is relative", origin)
                };
                return Some(taken);
            }
            if let Some((string, taken)) = valued("-S", "--split-string", start) {
                // It knows escapes and variables of its own.
                let parts = words::split(&string).filter(|_| !string.contains(['\\', '$', '#']))?;
                let span = start.arguments[at].span;
                let parts = parts.into_iter().map(|text| Argument {
                    text: Possible::Known(text),
                    span,
                    splits: false,
                });
                start.arguments.splice(at + 1..at + 1 + taken, parts);
                return Some(0);
            }
            return None;
        }
    }
    Some(0)
}

/// Whether a word assigns a variable.
pub(super) fn assigns(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| is_name(name))
}
