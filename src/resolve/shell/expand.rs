//! Words to what programs get: parameters, substitutions, and the parting of words.
//!
//! Source: XCU 2.6 of POSIX.1-2017; `tests/shell.rs` compares with dash and bash.

use super::substitute;
use super::{Dialect, Placing, State};
use crate::resolve::launch::Argument;
use crate::resolve::systemd::is_placeholder;
use crate::source::Span;
use crate::syntax::shell::{Operation, Parameter, Piece, Word};
use crate::value::Possible;

/// The longest word that is put together, in bytes: Linux takes no longer one.
const MAX_WORD: usize = 1 << 17;

/// How a script is read.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub(super) dialect: Dialect,
    pub(super) placing: Placing,
}

/// A word on the way to be several.
struct Fields {
    done: Vec<Argument>,
    /// The text so far; `None` where nothing began.
    text: Option<String>,
    /// Why the word is not known.
    doubt: Option<String>,
    splits: bool,
    /// Where the words are written that come next.
    span: Span,
    /// Where the word as a whole is written.
    own: Span,
}

impl Fields {
    fn push(&mut self, text: &str) {
        let word = self.text.get_or_insert_default();
        if word.len() + text.len() > MAX_WORD {
            self.doubt.get_or_insert("the word is longer than a process can be given".into());
        } else {
            word.push_str(text);
        }
    }

    fn lose(&mut self, why: impl Into<String>, splits: bool) {
        self.text.get_or_insert_default();
        self.doubt.get_or_insert(why.into());
        self.splits |= splits;
    }

    fn finish(&mut self) {
        let Some(text) = self.text.take() else { return };
        let text = self.doubt.take().map_or(Possible::Known(text), Possible::Unknown);
        self.done.push(Argument { text, span: self.span, splits: std::mem::take(&mut self.splits) });
        self.span = self.own;
    }

    /// A value without quotes around it: blanks in it part words.
    fn part(&mut self, value: &str) {
        if value.contains(['*', '?', '[']) {
            return self.lose("it may stand for the names of files", true);
        }
        let blank = |c: char| matches!(c, ' ' | '\t' | '\n');
        if value.starts_with(blank) {
            self.finish();
        }
        for (at, word) in value.split(blank).filter(|word| !word.is_empty()).enumerate() {
            if at > 0 {
                self.finish();
            }
            self.push(word);
        }
        if value.ends_with(blank) && !value.trim_matches(blank).is_empty() {
            self.finish();
        }
    }
}

/// The words that a word of a command gives.
pub(super) fn words(word: &Word, state: &mut State, reading: Reading) -> Vec<Argument> {
    let span = reading.placing.span(&word.range);
    let mut fields = Fields { done: Vec::new(), text: None, doubt: None, splits: false, span, own: span };
    // dash makes empty words of blanks in a value that stands beside `"$@"`.
    let bare = |piece: &Piece| match piece {
        Piece::Parameter(parameter) => !parameter.quoted && !matches!(parameter.name.as_str(), "@" | "*"),
        Piece::Substitution { quoted, .. } => !quoted,
        _ => false,
    };
    let passes_on =
        |piece: &Piece| matches!(piece, Piece::Parameter(it) if matches!(it.name.as_str(), "@" | "*"));
    if reading.dialect != Dialect::Bash && word.pieces.iter().any(passes_on) && word.pieces.iter().any(bare) {
        fields.lose("shells part it differently", true);
    }
    for (at, piece) in word.pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) => {
                if let Some((why, splits)) = is_special(text, at == 0) {
                    fields.lose(why, splits);
                }
                fields.push(text);
            }
            Piece::Quoted(text) => fields.push(text),
            Piece::Template => {
                fields.lose("a template engine fills it in", word.pieces.len() == 1);
                fields.push("{{}}");
            }
            Piece::Odd(quoted) => fields.lose("what the shell makes of it is not read", !quoted),
            Piece::Parameter(parameter) if matches!(parameter.name.as_str(), "@" | "*") => {
                all(parameter, state, &mut fields);
            }
            Piece::Parameter(parameter) => {
                let value = self::parameter(parameter, state, reading, span);
                put(value, parameter.quoted, state, &mut fields);
            }
            Piece::Substitution { text, quoted } => {
                let value = substitute::value(text, state, reading);
                put(value, *quoted, state, &mut fields);
            }
        }
    }
    if fields.text.as_deref().is_some_and(is_placeholder) {
        fields.lose("a mark in it is still to be replaced", false);
    }
    fields.finish();
    fields.done
}

/// The text of a word where nothing parts it: in an assignment.
pub(super) fn text(word: &Word, state: &mut State, reading: Reading) -> Possible<String> {
    let span = reading.placing.span(&word.range);
    let mut text = String::new();
    for (at, piece) in word.pieces.iter().enumerate() {
        let value = match piece {
            // Behind `=` and each `:`, a tilde is the home of somebody.
            Piece::Text(part) if part.starts_with('~') && at == 0 || part.contains(":~") => {
                Possible::Unknown("it names somebody's home".into())
            }
            Piece::Text(part) | Piece::Quoted(part) => Possible::Known(part.clone()),
            Piece::Template => Possible::Unknown("a template engine fills it in".into()),
            Piece::Odd(_) => Possible::Unknown("what the shell makes of it is not read".into()),
            Piece::Parameter(it) if matches!(it.name.as_str(), "@" | "*") => match plain(&state.parameters) {
                Ok(texts) => Possible::Known(texts.join(" ")),
                Err(why) => Possible::Unknown(why),
            },
            Piece::Parameter(it) => parameter(it, state, reading, span),
            Piece::Substitution { text, .. } => substitute::value(text, state, reading),
        };
        match value {
            Possible::Known(part) if text.len() + part.len() <= MAX_WORD => text.push_str(&part),
            Possible::Known(_) => {
                return Possible::Unknown("the word is longer than a process can be given".into());
            }
            Possible::Unknown(why) => return Possible::Unknown(why),
            Possible::OneOf(_) | Possible::Usually(_) => {
                return Possible::Unknown("it may be several things".into());
            }
        }
    }
    if is_placeholder(&text) {
        return Possible::Unknown("a mark in it is still to be replaced".into());
    }
    Possible::Known(text)
}

fn put(value: Possible<String>, quoted: bool, state: &State, fields: &mut Fields) {
    match value {
        Possible::Known(value) if quoted => fields.push(&value),
        Possible::Known(value) if state.parts_usually => fields.part(&value),
        Possible::Known(_) => fields.lose("`IFS` says how it is parted", true),
        Possible::OneOf(_) | Possible::Usually(_) => fields.lose("it may be several things", !quoted),
        Possible::Unknown(why) => fields.lose(why, !quoted),
    }
}

/// `"$@"` and its kin.
fn all(parameter: &Parameter, state: &State, fields: &mut Fields) {
    if parameter.operation != Operation::Value {
        return fields.lose("what the shell makes of it is not read", true);
    }
    if parameter.quoted && parameter.name == "*" {
        return match plain(&state.parameters) {
            Ok(texts) if state.parts_usually => fields.push(&texts.join(" ")),
            Ok(_) => fields.lose("`IFS` says how it is joined", false),
            Err(why) => fields.lose(why, false),
        };
    }
    for (at, argument) in state.parameters.iter().enumerate() {
        if at > 0 {
            fields.finish();
        }
        // A parameter that is passed on as it is points to where it was written.
        if parameter.quoted && fields.text.is_none() {
            fields.span = argument.span;
        }
        match &argument.text {
            Possible::Known(text) if parameter.quoted => fields.push(text),
            Possible::Known(text) if state.parts_usually => fields.part(text),
            Possible::Known(_) => fields.lose("`IFS` says how it is parted", true),
            Possible::OneOf(_) | Possible::Usually(_) => {
                fields.lose("it may be several things", !parameter.quoted)
            }
            Possible::Unknown(why) => fields.lose(why.clone(), argument.splits || !parameter.quoted),
        }
    }
}

/// The texts of words that are all known.
pub(super) fn plain(arguments: &[Argument]) -> Result<Vec<&str>, String> {
    let text = |argument: &'_ Argument| match &argument.text {
        Possible::Known(_) if argument.splits => Err("it may be several words".to_owned()),
        Possible::Known(_) => Ok(()),
        Possible::OneOf(_) | Possible::Usually(_) => Err("it may be several things".to_owned()),
        Possible::Unknown(why) => Err(why.clone()),
    };
    arguments.iter().try_for_each(text)?;
    Ok(arguments.iter().filter_map(|argument| argument.text.known()).map(String::as_str).collect())
}

/// The value of a parameter other than `@` and `*`.
fn parameter(parameter: &Parameter, state: &mut State, reading: Reading, span: Span) -> Possible<String> {
    let value = raw(&parameter.name, state, reading);
    match &parameter.operation {
        Operation::Value | Operation::Required => value.map(Option::unwrap_or_default),
        Operation::Other => Possible::Unknown("what the shell makes of it is not read".into()),
        Operation::Directory => value.map(|text| {
            let text = text.unwrap_or_default();
            text.rfind('/').map_or(text.clone(), |at| text[..at].to_owned())
        }),
        Operation::Name => value.map(|text| {
            let text = text.unwrap_or_default();
            text.rsplit('/').next().unwrap_or_default().to_owned()
        }),
        Operation::Default { word, colon, assign } => match value {
            Possible::Known(Some(text)) if !(*colon && text.is_empty()) => Possible::Known(text),
            Possible::Known(_) => {
                let default = default(word, parameter.quoted, state, reading);
                if *assign {
                    state.set(&parameter.name, default.clone().map(Some), span);
                }
                default
            }
            Possible::OneOf(_) | Possible::Usually(_) | Possible::Unknown(_) => {
                if *assign {
                    state.doubt(&parameter.name, "it is assigned unless it is set", span);
                }
                match value {
                    Possible::Unknown(why) => Possible::Unknown(why),
                    _ => Possible::Unknown("it may be several things".into()),
                }
            }
        },
    }
}

fn raw(name: &str, state: &State, reading: Reading) -> Possible<Option<String>> {
    match name {
        "0" => state.name.clone().map(Some),
        "BASH_SOURCE" | "BASH_SOURCE[0]" if reading.dialect == Dialect::Bash => state.name.clone().map(Some),
        "BASH_SOURCE" | "BASH_SOURCE[0]" => Possible::Unknown("not every shell knows it".into()),
        "#" => match plain(&state.parameters) {
            Ok(texts) => Possible::Known(Some(texts.len().to_string())),
            Err(why) => Possible::Unknown(why),
        },
        "?" | "-" | "$" | "!" => Possible::Unknown(format!("`${name}` is of the moment")),
        _ if name.ends_with(']') => Possible::Unknown("arrays are not followed".into()),
        _ => match name.parse::<usize>() {
            Ok(number) => {
                // What stands behind a word that may be several has no known number.
                let before = state.parameters.iter().take(number);
                if let Some(splits) = before.clone().find(|it| it.splits) {
                    let why =
                        if let Possible::Unknown(why) = &splits.text { why.as_str() } else { "not known" };
                    return Possible::Unknown(why.into());
                }
                match number.checked_sub(1).map(|at| state.parameters.get(at)) {
                    Some(Some(argument)) => argument.text.clone().map(Some),
                    Some(None) => Possible::Known(None),
                    None => Possible::Unknown("not every shell takes `00` for `0`".into()),
                }
            }
            Err(_) => state.get(name),
        },
    }
}

/// The default in `${NAME:-WORD}`, where it is plain enough.
fn default(word: &str, quoted: bool, state: &State, reading: Reading) -> Possible<String> {
    let plain = |text: &str| !text.contains(['"', '\'', '\\', '$', '`', '{', '}', '*', '?', '[', '~']);
    if plain(word) {
        return Possible::Known(word.into());
    }
    // Within double quotes most characters stand for themselves.
    if quoted && !word.contains(['"', '\\', '$', '`', '{', '}']) {
        return Possible::Known(word.into());
    }
    let name = word
        .strip_prefix('$')
        .map(|name| name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name));
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if let Some(name) = name.filter(|name| is_name(name)) {
        return raw(name, state, reading).map(Option::unwrap_or_default);
    }
    for quote in ['"', '\''] {
        let inner = word.strip_prefix(quote).and_then(|inner| inner.strip_suffix(quote));
        // Blanks in it would not part words, and those of a value do.
        if let Some(inner) =
            inner.filter(|inner| !quoted && plain(inner) && !inner.contains([' ', '\t', '\n']))
        {
            return Possible::Known(inner.into());
        }
    }
    Possible::Unknown("what the shell makes of it is not read".into())
}

/// Why unquoted text is not what it says, and whether it may be several words.
fn is_special(text: &str, first: bool) -> Option<(&'static str, bool)> {
    if text.contains(['*', '?', '[']) {
        return Some(("it may stand for the names of files", true));
    }
    if first && text.starts_with('~') || text.contains("=~") || text.contains(":~") {
        return Some(("it names somebody's home", false));
    }
    // `a{b,c}` of bash. A brace alone is one.
    if text.contains('{') && (text.contains(',') || text.contains("..")) {
        return Some(("bash makes several words of it", true));
    }
    None
}
