//! Variables on a command line that systemd hands on as they are written.
//!
//! `$NAME` is replaced only where it is the whole word, and `${NAME:-value}` nowhere; Gunicorn gets the text and, where it
//! wants a number, an address or a path, refuses it.

use super::argparse::{Dollar, Options};
use super::bind;
use super::table::{Action, action};
use crate::model::{LiteralVariable, Version};
use crate::resolve::launch::{Activation, Environment};
use crate::source::{Sources, Span};
use crate::value::Possible;

/// What of the values that hold a `$` is a variable that Gunicorn certainly refuses.
pub(super) fn variables(
    options: &Options,
    environment: &Environment,
    sockets: &Activation,
    sources: &Sources,
    version: Version,
) -> Vec<LiteralVariable> {
    // Of several values of an option with a text the last one counts.
    let counts = |dollar: &&Dollar| {
        action(dollar.row, version) != Action::Store
            || options.doubt(dollar.row).is_none()
                && options.get(dollar.row).is_some_and(|given| given.place == dollar.place)
    };
    let found = options.dollars.iter().filter(counts).filter_map(|dollar| {
        let refusal = refusal(dollar, sockets, version)?;
        let written = sources.text(dollar.place);
        let (range, name, braced) = variable(written)?;
        // In the script of a shell the place is all of the script.
        if !written.trim_end_matches(['"', '\'']).ends_with(&dollar.text) {
            return None;
        }
        let start = dollar.place.start + u32::try_from(range.start).ok()?;
        let end = dollar.place.start + u32::try_from(range.end).ok()?;
        let is_set =
            environment.get(&name).known().map(|it| it.as_ref().is_some_and(|value| !value.is_empty()));
        let span = Span { file: dollar.place.file, start, end };
        Some(LiteralVariable { span, name, braced, is_set, refusal })
    });
    found.collect()
}

/// What Gunicorn says of a value, if it refuses it for certain.
fn refusal(dollar: &Dollar, sockets: &Activation, version: Version) -> Option<String> {
    let flags = dollar.row.flags.join("/");
    match action(dollar.row, version) {
        Action::Int => Some(format!("argument {flags}: invalid int value: '{}'", dollar.text)),
        Action::AutoInt => Some(format!("argument {flags}: invalid auto_int value: '{}'", dollar.text)),
        Action::Append if dollar.row.name == "bind" => {
            let nowhere = Possible::Unknown("not asked".into());
            if dollar.text.starts_with("unix:") || bind::endpoint(&dollar.text, &nowhere).is_ok() {
                return None;
            }
            let port = dollar.text.split(':').nth(1).filter(|port| port.contains('$'));
            match port {
                Some(port) => Some(format!("'{port}' is not a valid port number.")),
                // What is handed over replaces what cannot be bound, and a port is judged all the same.
                None if *sockets != Activation::None => None,
                None => Some(format!("Can't connect to ('{}', ...)", dollar.text.to_lowercase())),
            }
        }
        // Nobody has a directory of such a name.
        Action::Store if dollar.row.name == "chdir" => Some(format!("can't chdir to '.../{}'", dollar.text)),
        Action::Store if dollar.row.name == "config" && !dollar.text.starts_with("python:") => {
            Some(format!("'{}' doesn't exist", dollar.text))
        }
        _ => None,
    }
}

/// The first variable of a text: where it stands, its name, and whether it has braces.
fn variable(written: &str) -> Option<(std::ops::Range<usize>, String, bool)> {
    let at = written.find('$')?;
    let rest = &written[at + 1..];
    let (start, braced) = match rest.strip_prefix('{') {
        Some(_) => (2, true),
        None => (1, false),
    };
    let name = &written[at + start..];
    let length = name.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let name = &name[..length];
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end = match braced {
        true => at + written[at..].find('}')? + 1,
        false => at + start + length,
    };
    named.then(|| (at..end, name.to_owned(), braced))
}
