//! Command lines: `ExecStart=` to the words that the process gets.
//!
//! Source: `config_parse_exec` in `src/core/load-fragment.c` and `replace_env_argv` in `src/basic/env-util.c` of
//! systemd 252; the words were checked with `systemd --user --test`.

use std::collections::BTreeMap;
use std::ops::Range;

use super::environment::is_name;
use super::merge::{Line, Merged};
use super::signals;
use super::specifiers;
use super::words::{self, Escapes, Word};
use crate::model::{Argument, UnitCommand};
use crate::resolve::launch::Environment;
use crate::source::{Sources, Span};
use crate::units::{self, Kind};
use crate::value::Possible;

/// How much of a command line is looked at, in bytes: Linux takes no more than about so much.
const MAX_SIZE: usize = 1 << 21;

/// How many lines of one directive are looked at: each is held against the others.
const MAX_LINES: usize = 1000;

/// The longest word that Linux takes, in bytes.
const MAX_WORD: usize = 1 << 17;

/// One command of a line.
#[derive(Debug)]
pub(super) struct Command {
    /// From its first to its last word.
    pub(super) place: Span,
    /// The signs before the program.
    pub(super) prefix: String,
    /// Its words, the program first.
    pub(super) arguments: Vec<Argument>,
}

/// The commands of all `Exec` directives of a service, but for lines that systemd refuses or that a template engine decides
/// on: in the order of the directives' names, and then in the one in which they run.
pub(super) fn of_unit(unit: &Merged<'_>, environment: &Environment, sources: &Sources) -> Vec<UnitCommand> {
    let mut directives: BTreeMap<&str, Vec<Line<'_>>> = BTreeMap::new();
    for line in unit.lines().iter().filter(|line| line.section == "Service") {
        let is_command =
            units::find(line.section, &line.entry.key).is_some_and(|row| row.kind == Kind::Command);
        if is_command && line.value().text.is_empty() && !line.entry.conditional {
            directives.remove(line.entry.key.as_str());
        } else if is_command {
            directives.entry(&line.entry.key).or_default().push(*line);
        }
    }
    let mut all = Vec::new();
    let lines = directives.into_values().flat_map(|lines| lines.into_iter().take(MAX_LINES));
    for line in lines.filter(|line| !line.entry.conditional) {
        let commands = commands(unit, &line, environment).unwrap_or_default();
        all.extend(commands.into_iter().map(|command| UnitCommand {
            directive: line.entry.key.clone(),
            prefix: command.prefix,
            signal: signals::sent(&command.arguments, sources),
            words: command.arguments,
            place: command.place,
            line: line.origin(),
        }));
    }
    all
}

/// The commands of one `ExecStart=`: a `;` between blanks begins another. `Err` with the reason where systemd refuses
/// the line.
pub(super) fn commands(
    unit: &Merged<'_>,
    line: &Line<'_>,
    environment: &Environment,
) -> Result<Vec<Command>, String> {
    let value = line.value();
    let mut commands = Vec::new();
    let mut words: Vec<Word> = Vec::new();
    let mut at = 0;
    let unbalanced = |_| "systemd refuses it: unbalanced quoting".to_owned();
    while let Some((word, next)) =
        words::next(&value.text, at, &value.templates, Escapes::Kept).map_err(unbalanced)?
    {
        at = next;
        let raw = &value.text[word.range.clone()];
        if raw == ";" {
            commands.extend(command(unit, line, std::mem::take(&mut words), environment));
        } else if raw == r"\;" {
            words.push(Word { text: Some(";".into()), ..word });
        } else {
            words.push(word);
        }
    }
    commands.extend(command(unit, line, words, environment));
    Ok(commands)
}

/// A command from its words; `None` where there is none.
fn command(
    unit: &Merged<'_>,
    line: &Line<'_>,
    words: Vec<Word>,
    environment: &Environment,
) -> Option<Command> {
    let value = line.value();
    let (first, last) = (words.first()?.range.start, words.last()?.range.end);
    let mut rest = words.into_iter();
    let program = rest.next()?;
    let text = program.text.clone().unwrap_or_default();
    let prefix: usize = text.len() - text.trim_start_matches(['-', '@', ':', '+', '!', '|']).len();
    if text[..prefix].contains('@') {
        // The next word is what the process is told to be called; what runs is the program all the same.
        rest.next();
    }
    let expands = !text[..prefix].contains(':');
    let unsure = unsure(value.conditional.then_some(value.templates.as_slice()), value.text.len());
    // A prefix is part of the word as written, not of the program's name.
    let written_prefix =
        if value.text[program.range.clone()].starts_with(&text[..prefix]) { prefix } else { 0 };
    let span = value.span_of(program.range.start + written_prefix..program.range.end);
    let mut arguments = vec![Argument {
        text: program_name(unit, &text[prefix..], &program.range, &unsure, &value.templates),
        span,
        splits: false,
    }];
    let mut size = 0;
    for word in rest {
        let span = value.span_of(word.range.clone());
        if size > MAX_SIZE {
            let why = "the command line is longer than a process can be given";
            arguments.push(Argument { text: Possible::Unknown(why.into()), span, splits: true });
            break;
        }
        let argument = |text, splits| Argument { text, span, splits };
        if unsure.start < word.range.end && unsure.end > word.range.start {
            let why = "a template engine decides on a part of the command line";
            arguments.push(argument(Possible::Unknown(why.into()), true));
            continue;
        }
        if let Some(template) = words::touching(&value.templates, &word.range) {
            // An expression that is a word of its own may be filled in with several; the value of an option that a variable
            // gives is one.
            let expression = &value.text[template.clone()];
            let follows_option =
                arguments.last().and_then(|it| it.text.known()).is_some_and(|text| text.starts_with('-'));
            let is_word =
                follows_option && unit.words.as_ref().is_some_and(|words| words.is_word(expression));
            let splits = *template == word.range && !is_word;
            arguments.push(argument(Possible::Unknown("a template engine fills it in".into()), splits));
            continue;
        }
        let Some(text) = word.text else {
            arguments.push(argument(Possible::Unknown("it is not UTF-8".into()), false));
            continue;
        };
        match unit.expand(&text) {
            Possible::Known(text) if expands => {
                for (text, splits) in variables(&text, environment) {
                    size += 1 + text.known().map_or(0, String::len);
                    arguments.push(argument(text, splits));
                }
            }
            Possible::Unknown(why) if unit.envsubst => {
                arguments.push(argument(Possible::Unknown(why), true));
            }
            text => {
                size += 1 + text.known().map_or(0, String::len);
                arguments.push(argument(text, false));
            }
        }
    }
    Some(Command { place: value.span_of(first..last), prefix: text[..prefix].into(), arguments })
}

/// The part of a line that marks of a template engine decide on: from the first to the last of them.
fn unsure(templates: Option<&[Range<usize>]>, length: usize) -> Range<usize> {
    match templates {
        None => 0..0,
        Some([]) => 0..length,
        Some([first, .., last]) => first.start..last.end,
        Some([only]) => only.clone(),
    }
}

/// The program. Variables are not replaced in it. Where only its directory is filled in, by whatever way, its name is
/// known, and that is what tells which program it is: then it stands as written.
fn program_name(
    unit: &Merged<'_>,
    text: &str,
    range: &Range<usize>,
    unsure: &Range<usize>,
    templates: &[Range<usize>],
) -> Possible<String> {
    let is_template = words::touching(templates, range).is_some();
    let name = text.rsplit('/').next().unwrap_or(text);
    let plain = text.contains('/')
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+'))
        && !specifiers::is_placeholder(name);
    if unsure.start < range.end && unsure.end > range.start {
        return Possible::Unknown("a template engine decides on the program".into());
    }
    match (is_template, unit.expand(text)) {
        (false, Possible::Known(text)) => Possible::Known(text),
        _ if plain => Possible::Known(text.into()),
        (true, _) => Possible::Unknown("a template engine fills it in".into()),
        (false, unknown) => unknown,
    }
}

/// A word with its variables replaced: any number of words, each with whether it may be any number itself.
///
/// `${NAME}` is replaced wherever it stands; `$NAME` only where it is the whole word, and then split at blanks. A
/// variable that is not set is empty, and as a whole word it is gone.
fn variables(text: &str, environment: &Environment) -> Vec<(Possible<String>, bool)> {
    if let Some(name) = text.strip_prefix('$').filter(|rest| !rest.starts_with(['{', '$'])) {
        if !is_name(name) {
            return vec![(Possible::Unknown(format!("`{text}` is no variable")), true)];
        }
        return match environment.get(name) {
            Possible::Known(None) => Vec::new(),
            Possible::Known(Some(value)) if value.len() > MAX_WORD => {
                vec![(Possible::Unknown(format!("`{text}` is longer than a process can be given")), true)]
            }
            Possible::Known(Some(value)) => match words::all(&value, &[], Escapes::Kept) {
                Ok(words) if !value.contains('\\') => words
                    .into_iter()
                    .map(|word| {
                        (
                            word.text.map_or(Possible::Unknown("it is not UTF-8".into()), Possible::Known),
                            false,
                        )
                    })
                    .collect(),
                _ => vec![(Possible::Unknown(format!("the quotes in `{text}` are not closed")), true)],
            },
            Possible::OneOf(_) | Possible::Usually(_) => {
                vec![(Possible::Unknown(format!("`{text}` may be several things")), true)]
            }
            Possible::Unknown(why) => vec![(Possible::Unknown(why), true)],
        };
    }
    vec![(within(text, environment), false)]
}

/// A word with each `${NAME}` replaced and each `$$` made a `$`.
fn within(text: &str, environment: &Environment) -> Possible<String> {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        replaced.push_str(&rest[..at]);
        if replaced.len() > MAX_WORD {
            return Possible::Unknown("the word is longer than a process can be given".into());
        }
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix('$') {
            replaced.push('$');
            rest = behind;
            continue;
        }
        let name = rest.strip_prefix('{').and_then(|it| it.split_once('}'));
        match name {
            // `${X:-y}` is not understood and stays.
            Some((name, _)) if name.contains(':') => replaced.push('$'),
            Some((name, _)) if !is_name(name) => {
                return Possible::Unknown(format!("`${{{name}}}` is no variable"));
            }
            Some((name, behind)) => match environment.get(name) {
                Possible::Known(value) => {
                    replaced.push_str(&value.unwrap_or_default());
                    rest = behind;
                }
                Possible::OneOf(_) | Possible::Usually(_) => {
                    return Possible::Unknown(format!("`{name}` may be several things"));
                }
                Possible::Unknown(why) => return Possible::Unknown(why),
            },
            None => replaced.push('$'),
        }
    }
    replaced.push_str(rest);
    Possible::Known(replaced)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Origin, Setting};

    #[test]
    fn variables_are_replaced() {
        let mut environment = Environment::default();
        for (name, value) in [("PORT", "8000"), ("ARGS", "-w 3 'a b'"), ("EMPTY", "")] {
            let setting = Setting::known(value.to_owned(), Origin::DEFAULT);
            environment.set(name.into(), setting);
        }
        for (text, expected) in [
            ("$PORT", vec!["8000"]),
            ("$ARGS", vec!["-w", "3", "a b"]),
            ("$EMPTY", vec![]),
            ("$UNSET", vec![]),
            ("${ARGS}", vec!["-w 3 'a b'"]),
            ("${UNSET}", vec![""]),
            ("0.0.0.0:${PORT}", vec!["0.0.0.0:8000"]),
            ("0.0.0.0:$PORT", vec!["0.0.0.0:$PORT"]),
            ("${PORT:-1}", vec!["${PORT:-1}"]),
            ("$$PORT", vec!["$PORT"]),
            ("a$$b${PORT", vec!["a$b${PORT"]),
        ] {
            let words: Vec<_> =
                variables(text, &environment).into_iter().filter_map(|it| it.0.known().cloned()).collect();
            assert_eq!(words, expected, "{text}");
        }
        assert!(matches!(variables("$a/b", &environment)[..], [(Possible::Unknown(_), true)]));
        environment.open = Some("a file".into());
        assert_eq!(variables("$PORT", &environment), [(Possible::Unknown("a file".into()), true)]);
        assert_eq!(variables("a${PORT}", &environment), [(Possible::Unknown("a file".into()), false)]);
    }
}
