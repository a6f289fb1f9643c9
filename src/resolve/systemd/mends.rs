//! How lines that systemd does not take are mended, where there is one way to read them.

use super::judged::Objection;
use super::merge::{Line, Merged};
use super::specifiers::is_placeholder;
use crate::edit::{Applicability, Edit};
use crate::model::{Mend, UnitFaultKind};
use crate::resolve::gunicorn::takes_a_word;
use crate::source::Span;
use crate::units::{self, Kind, Row, Specifiers};

/// The mend of a part of a value that systemd objects to.
pub(super) fn mend(unit: &Merged<'_>, line: &Line<'_>, row: &Row, objection: &Objection) -> Option<Mend> {
    match (row.kind, objection.kind) {
        (Kind::Command, UnitFaultKind::Quoting) => {
            percent(line, objection).or_else(|| close(line, objection))
        }
        (Kind::Command, UnitFaultKind::Program) => absolute(unit, line, objection),
        (Kind::Environment, UnitFaultKind::Value) => quote(line),
        (_, UnitFaultKind::Comment) => {
            let mend = edit(line, objection, "do without the comment".into(), String::new());
            Some(Mend { applicability: comment(line), ..mend })
        }
        (Kind::WorkingDirectory, UnitFaultKind::Value) => unquote(line, objection),
        _ => None,
    }
}

/// A mend of a part of a value. What makes systemd refuse the unit changes nothing of what runs today.
fn edit(line: &Line<'_>, objection: &Objection, title: String, replacement: String) -> Mend {
    let span = line.value().span_of(objection.range.clone());
    let applicability = if objection.refused { Applicability::Safe } else { Applicability::Unsafe };
    Mend { title, applicability, edits: vec![Edit { span, replacement }] }
}

/// A missing file or directory behind a `-` does not keep the service from starting.
fn comment(line: &Line<'_>) -> Applicability {
    if line.value().text.starts_with('-') { Applicability::Unsafe } else { Applicability::Safe }
}

/// Doubles each `%` of a word in which nothing is a specifier that systemd knows: `+%F` of `date`.
fn percent(line: &Line<'_>, objection: &Objection) -> Option<Mend> {
    let written = line.value().text.get(objection.range.clone())?;
    let is_unknown = |letter: char| {
        let specifier = format!("%{letter}");
        units::unknown_specifier(&specifier, Specifiers::All, u32::MAX).is_some()
    };
    let mut letters = written.match_indices('%').map(|(at, _)| written[at + 1..].chars().next());
    let is_meant = written.contains('%') && letters.all(|letter| letter.is_some_and(is_unknown));
    is_meant.then(|| {
        let start = objection.range.start;
        let doubled = written.match_indices('%').map(|(at, _)| Edit {
            span: line.value().span_of(start + at..start + at + 1),
            replacement: "%%".into(),
        });
        let title = format!("write `{}`", written.replace('%', "%%"));
        Mend { edits: doubled.collect(), ..edit(line, objection, title, String::new()) }
    })
}

/// Closes the quote of a script that a shell is given as the last word: `sh -c 'cd /srv && run`.
fn close(line: &Line<'_>, objection: &Objection) -> Option<Mend> {
    let text = line.value().text.as_str();
    let written = text.get(objection.range.clone())?;
    let quote = written.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    let option = text[..objection.range.start].split(super::words::BLANKS).rfind(|word| !word.is_empty())?;
    let is_script = option.starts_with('-') && option.ends_with('c');
    let is_alone = written.matches(quote).count() == 1 && !written.ends_with('\\');
    (is_script && is_alone).then(|| {
        let end = objection.range.start + written.trim_end_matches(super::words::BLANKS).len();
        let last = line.value().span_of(end - 1..end);
        let behind = Edit { span: Span { start: last.end, ..last }, replacement: quote.into() };
        let title = format!("close the quote at the end with `{quote}`");
        Mend { edits: vec![behind], ..edit(line, objection, title, String::new()) }
    })
}

/// Writes a program that is given relative to `WorkingDirectory=` with its whole path, or the slash before one where that is
/// all that is missing.
fn absolute(unit: &Merged<'_>, line: &Line<'_>, objection: &Objection) -> Option<Mend> {
    let written = line.value().text.get(objection.range.clone())?;
    let signs = written.len() - written.trim_start_matches(['-', '@', ':', '+', '!', '|']).len();
    let (signs, given) = written.split_at(signs);
    let program = given.strip_prefix("./").unwrap_or(given);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+');
    if !program.contains('/') && !written.contains("./") || !program.chars().all(is_plain) {
        return None;
    }
    if program.ends_with('/') || program.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return None;
    }
    let directory = unit.list("Service", "WorkingDirectory").pop()?;
    let directory = directory.value().text.as_str();
    let is_sure = directory.starts_with('/') && directory.chars().all(is_plain) && !is_placeholder(directory);
    let directory = directory.trim_end_matches('/');
    let rooted = format!("/{program}");
    let is_below = rooted.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'));
    let is_explicit = given.starts_with("./");
    let program = match program.split('/').next() {
        // The first slash is forgotten.
        Some(first) if !is_explicit && (is_below || first == "usr") => rooted,
        Some("etc" | "home" | "mnt" | "opt" | "root" | "srv" | "tmp" | "var") if !is_explicit => return None,
        _ => format!("{directory}/{program}"),
    };
    is_sure.then(|| edit(line, objection, format!("write `{program}`"), format!("{signs}{program}")))
}

/// Puts quotes around an assignment whose value goes on behind a blank: `A=b c`.
///
/// What was not in force comes into force, in an app that may run without it. It does not where Gunicorn gets an option without
/// its value, if nothing else gives it its options.
fn quote(line: &Line<'_>) -> Option<Mend> {
    let assignment = torn(line)?;
    let mut words = assignment.split(super::words::BLANKS).filter(|word| !word.is_empty());
    let option = words.next()?.strip_prefix("GUNICORN_CMD_ARGS=");
    let is_cut_off = option.is_some_and(takes_a_word) && words.next().is_some_and(|it| !it.starts_with('-'));
    let applicability = if is_cut_off { Applicability::Safe } else { Applicability::Unsafe };
    Some(Mend {
        title: "put quotes around the whole assignment".into(),
        applicability,
        edits: vec![Edit { span: line.value().span, replacement: format!("\"{assignment}\"") }],
    })
}

/// All of a line with one assignment, where what stands behind that is evidently the rest of its value.
fn torn<'a>(line: &Line<'a>) -> Option<&'a str> {
    let text = line.value().text.as_str();
    let is_one_line = line.value().span.end - line.value().span.start == text.len() as u32;
    let mut words = text.split(super::words::BLANKS).filter(|word| !word.is_empty());
    let is_assignment =
        |word: &str| word.split_once('=').is_some_and(|(name, _)| super::environment::is_name(name));
    let is_torn = words.next().is_some_and(is_assignment)
        && !words.any(|word| is_assignment(word) || word.starts_with('#'));
    (is_torn && is_one_line && !text.contains(['"', '\\'])).then_some(text)
}

/// Takes the quotes from a path.
fn unquote(line: &Line<'_>, objection: &Objection) -> Option<Mend> {
    let text = line.value().text.as_str();
    let inner = ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))?;
    let is_plain = inner.starts_with('/') && !inner.contains(['"', '\'', '\\']) && !inner.contains("..");
    is_plain.then(|| edit(line, objection, format!("write `{inner}`"), inner.to_owned()))
}
