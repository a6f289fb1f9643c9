//! Command lines that systemd does not take, whatever the words mean to the program.
//!
//! Source: `config_parse_exec` in `src/core/load-fragment.c` of systemd 252; tried with `systemd-analyze verify`.

use super::judged::{self, Objection};
use super::merge::{Line, Merged};
use super::specifiers::is_placeholder;
use super::words::{self, Escapes, Word};
use crate::model::UnitFaultKind;
use crate::units::{self, Specifiers};
use crate::value::Possible;

/// What systemd objects to in a command line, if it does for certain.
pub(super) fn objection(unit: &Merged<'_>, line: &Line<'_>, version: u32) -> Option<Objection> {
    let text = line.value().text.as_str();
    if line.doubt().is_some() || is_placeholder(text) || (unit.envsubst && text.contains('$')) {
        return None;
    }
    let mut at = 0;
    let mut command: Vec<Word> = Vec::new();
    loop {
        match words::next(text, at, &[], Escapes::Kept) {
            // The words behind a lone `;` are another command.
            Ok(Some((word, next))) if &text[word.range.clone()] == ";" => {
                at = next;
                if let Some(found) = of_command(unit, &std::mem::take(&mut command), version) {
                    return Some(found);
                }
            }
            Ok(Some((word, next))) => {
                at = next;
                command.push(word);
            }
            Ok(None) => return of_command(unit, &command, version),
            Err(_) => {
                // In the first word it is only this line that is lost.
                let first = command.first().and_then(|word| word.text.as_deref());
                let refused = first.is_some_and(|first| !Prefix::of(first, version).passes_over);
                let message = "Unbalanced quoting".to_owned();
                let (range, kind) = (at..text.len(), UnitFaultKind::Quoting);
                return Some(Objection { range, message, refused, kind });
            }
        }
    }
}

/// What systemd objects to in one command.
fn of_command(unit: &Merged<'_>, words: &[Word], version: u32) -> Option<Objection> {
    let first = words.first()?;
    let prefix = Prefix::of(first.text.as_deref()?, version);
    let object = |word: &Word, message: String, kind| {
        let refused = !prefix.passes_over;
        Some(Objection { range: word.range.clone(), message, refused, kind })
    };
    for word in words {
        let text = word.text.as_deref().unwrap_or_default();
        if let Some(letter) = units::unknown_specifier(text, Specifiers::All, version) {
            let message = format!("Failed to resolve unit specifiers in `{text}`: there is no `%{letter}`");
            return object(word, message, UnitFaultKind::Quoting);
        }
    }
    let Possible::Known(program) = unit.expand(&first.text.as_deref()?[prefix.length..]) else {
        return None;
    };
    if program.is_empty() {
        return object(first, "Empty path in command line".into(), UnitFaultKind::Program);
    }
    let is_name = !program.contains('/') && !matches!(program.as_str(), "." | "..");
    if !program.starts_with('/') && !is_name && !judged::is_named_directory(&program) {
        let message = format!("Neither a valid executable name nor an absolute path: {program}");
        return object(first, message, UnitFaultKind::Program);
    }
    // Source: `string_is_safe` in `src/basic/string-util.c` of systemd 252.
    if program.chars().any(|c| c.is_ascii_control() || matches!(c, '\\' | '"' | '\'')) {
        let message = format!("Executable name contains special characters: {program}");
        return object(first, message, UnitFaultKind::Program);
    }
    if program.ends_with('/') {
        return object(
            first,
            format!("Executable path specifies a directory: {program}"),
            UnitFaultKind::Program,
        );
    }
    if prefix.names && words.len() < 2 {
        return object(first, "Empty executable name or zeroeth argument".into(), UnitFaultKind::Program);
    }
    None
}

/// The signs before a program.
struct Prefix {
    /// How long they are, in bytes.
    length: usize,
    /// Whether a failure is passed over: `-`.
    passes_over: bool,
    /// Whether the next word is the name that the process sees: `@`.
    names: bool,
}

impl Prefix {
    /// Each sign counts once, and `+` and `!` do not go together; what comes then belongs to the program.
    fn of(text: &str, version: u32) -> Prefix {
        let mut seen = String::new();
        for sign in text.chars() {
            let is_sign = match sign {
                '-' | '@' | ':' => !seen.contains(sign),
                '+' => !seen.contains(['+', '!']),
                '!' => !seen.contains('+') && seen.matches('!').count() < 2,
                // A login shell, which came after 252.
                '|' => version > 252 && !seen.contains('|'),
                _ => false,
            };
            if !is_sign {
                break;
            }
            seen.push(sign);
        }
        Prefix { length: seen.len(), passes_over: seen.contains('-'), names: seen.contains('@') }
    }
}
