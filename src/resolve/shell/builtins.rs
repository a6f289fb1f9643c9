//! The commands of the shell itself that change what it knows.

use super::expand::{self, Reading, plain};
use super::state::State;
use super::substitute::joined;
use super::unknown;
use crate::model::{Origin, OriginKind, Setting};
use crate::resolve::launch::Argument;
use crate::resolve::systemd::is_name;
use crate::source::Span;
use crate::syntax::shell::{Command, Piece, Word};
use crate::value::Possible;

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// The shell did it, and it certainly succeeds.
    Surely,
    /// The shell did it.
    Somehow,
    /// The script ends here.
    Ends,
    /// A file is read: the word behind `.`.
    Reads,
    /// It is a program.
    Not,
}

/// An assignment: the name, and the word of its value.
pub(super) fn assignment(word: &Word) -> Option<(String, Word)> {
    let Some(Piece::Text(text)) = word.pieces.first() else { return None };
    let (name, rest) = text.split_once('=')?;
    let (name, adds) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
    if !is_name(name) {
        return None;
    }
    let mut pieces = word.pieces.clone();
    if rest.is_empty() {
        pieces.remove(0);
    } else {
        pieces[0] = Piece::Text(rest.to_owned());
    }
    if adds {
        // What was there before is not looked up.
        pieces.push(Piece::Odd(true));
    }
    let start = word.range.end - (word.range.len() - (text.len() - rest.len()));
    Some((name.to_owned(), Word { pieces, range: start..word.range.end }))
}

/// The names that a command may assign or export, whatever comes of it.
pub(super) fn assigned(command: &Command) -> Vec<String> {
    let literal = |word: &Word| match word.pieces.as_slice() {
        [Piece::Text(text)] => Some(text.clone()),
        _ => None,
    };
    let mut names: Vec<String> = Vec::new();
    for word in &command.words {
        names.extend(assignment(word).map(|(name, _)| name));
        names.extend(word.pieces.iter().filter_map(|piece| match piece {
            Piece::Parameter(parameter) if parameter.operation.may_assign() => Some(parameter.name.clone()),
            _ => None,
        }));
    }
    let program = command.words.iter().find(|word| assignment(word).is_none()).and_then(literal);
    if program.as_deref().is_some_and(|program| NAMING.contains(&program)) {
        names.extend(command.words.iter().filter_map(literal).filter(|word| is_name(word)));
        names.push("REPLY".into());
    }
    names
}

/// Commands whose words may be names of variables that they set.
const NAMING: [&str; 13] = [
    "export",
    "unset",
    "read",
    "readonly",
    "declare",
    "typeset",
    "local",
    "getopts",
    "mapfile",
    "readarray",
    "printf",
    "let",
    "wait",
];

/// Commands behind which nothing of a shell is known.
const WILD: [&str; 20] = [
    "eval",
    "alias",
    "unalias",
    "builtin",
    "enable",
    "workon",
    "conda",
    "mamba",
    "micromamba",
    "nvm",
    "rvm",
    "module",
    "ml",
    "use",
    "deactivate",
    "pushd",
    "popd",
    "env_parallel",
    "virtualenvwrapper",
    "shopt",
];

/// Whether a command may change everything, or what programs are found.
pub(super) fn is_wild(program: &str) -> bool {
    WILD.contains(&program)
}

/// Does what a command of the shell does.
pub(super) fn run(words: &[Argument], command: &Command, state: &mut State, reading: Reading) -> Done {
    let place = reading.placing.span(&command.range);
    let Some(Possible::Known(program)) = words.first().map(|word| &word.text) else { return Done::Not };
    let arguments = &words[1..];
    match program.as_str() {
        ":" | "true" | "echo" | "umask" | "ulimit" | "trap" | "wait" | "hash" | "times" => Done::Surely,
        "test" | "[" | "[[" | "false" | "type" | "jobs" | "kill" => Done::Somehow,
        "printf" if !plain(arguments).is_ok_and(|it| it.first() == Some(&"-v")) => Done::Surely,
        "cd" => {
            match plain(arguments) {
                Ok(arguments) => state.change_directory(&arguments, place),
                Err(why) => {
                    state.directory = Setting::unknown(why, Origin::at(OriginKind::CommandLine, place))
                }
            }
            Done::Surely
        }
        "export" | "readonly" | "declare" | "typeset" | "local" => declare(program, command, state, reading),
        "unset" => {
            for word in arguments {
                match &word.text {
                    Possible::Known(name) if is_name(name) => state.set(name, Possible::Known(None), place),
                    Possible::Known(option) if option.starts_with('-') => {}
                    _ => state.lose("what `unset` takes away is not known"),
                }
            }
            Done::Surely
        }
        "set" => {
            set(arguments, state);
            Done::Surely
        }
        "shift" => {
            let count = match plain(arguments).as_deref() {
                Ok([]) => Some(1),
                Ok([count]) => count.parse().ok(),
                _ => None,
            };
            match count {
                Some(count) if state.parameters.iter().take(count).all(|it| !it.splits) => {
                    state.parameters.drain(..count.min(state.parameters.len()));
                }
                _ => state.lose_parameters("how far `shift` goes is not known"),
            }
            Done::Somehow
        }
        "read" | "getopts" | "mapfile" | "readarray" | "printf" | "let" => {
            for name in assigned(command) {
                state.set(&name, unknown(format!("`{program}` sets it")), place);
            }
            Done::Somehow
        }
        "exit" | "return" | "logout" | "break" | "continue" => Done::Ends,
        "." | "source" => Done::Reads,
        program if is_wild(program) => {
            state.lose(&format!("what `{program}` does is not known"));
            Done::Somehow
        }
        _ => Done::Not,
    }
}

/// `export NAME=VALUE` and its kin.
fn declare(program: &str, command: &Command, state: &mut State, reading: Reading) -> Done {
    let mut exports = program == "export";
    let mut is_plain = true;
    let words = command.words.iter().skip_while(|word| assignment(word).is_some()).skip(1);
    for word in words {
        let place = reading.placing.span(&word.range);
        if let Some((name, value)) = assignment(word) {
            let value = expand::text(&value, state, reading);
            let value = if is_plain { value } else { Possible::Unknown("its kind is not followed".into()) };
            // A value that is not quoted is parted by dash, which then exports other names besides.
            let bare = word.pieces.iter().any(|piece| match piece {
                Piece::Parameter(parameter) => !parameter.quoted,
                Piece::Substitution { quoted, .. } => !quoted,
                _ => false,
            });
            let parted = value.known().is_none_or(|text| text.contains([' ', '\t', '\n', '*', '?', '[']));
            if bare && parted && reading.dialect != super::Dialect::Bash {
                state.set(&name, unknown("shells part this value differently"), place);
            } else {
                state.set(&name, value.map(Some), place);
            }
            if exports {
                state.export(&name, place);
            }
            continue;
        }
        for argument in expand::words(word, state, reading) {
            match &argument.text {
                Possible::Known(option) if option.starts_with('-') || option.starts_with('+') => {
                    match option.as_str() {
                        "-x" => exports = true,
                        "-r" | "-g" | "-p" | "--" => {}
                        _ => is_plain = false,
                    }
                }
                Possible::Known(name) if is_name(name) => {
                    if !is_plain || matches!(program, "local" | "declare" | "typeset") {
                        state.doubt(name, "its kind is not followed", place);
                    } else if exports {
                        state.export(name, place);
                    }
                }
                _ => state.lose(&format!("what `{program}` sets is not known")),
            }
        }
    }
    Done::Surely
}

/// `set -e`, `set -a`, `set -- WORDS`.
fn set(arguments: &[Argument], state: &mut State) {
    let mut at = 0;
    while let Some(argument) = arguments.get(at) {
        let Possible::Known(text) = &argument.text else {
            return state.lose("what `set` sets is not known");
        };
        if text == "--" {
            state.parameters = arguments[at + 1..].to_vec();
            return;
        }
        let Some(sign @ (b'-' | b'+')) = text.bytes().next() else {
            state.parameters = arguments[at..].to_vec();
            return;
        };
        for letter in text[1..].chars() {
            match letter {
                'a' => state.exports_all = sign == b'-',
                'e' | 'u' | 'x' | 'v' | 'm' | 'b' | 'C' | 'E' | 'T' | 'h' | 'B' | 'H' | 'f' => {}
                'o' => {
                    at += 1;
                    match arguments.get(at).and_then(|it| it.text.known()).map(String::as_str) {
                        Some("allexport") => state.exports_all = sign == b'-',
                        Some("posix" | "keyword") | None => {
                            state.lose("what `set -o` changes is not followed")
                        }
                        Some(_) => {}
                    }
                }
                _ => state.lose("what `set` changes is not followed"),
            }
        }
        at += 1;
    }
}

impl State {
    /// `cd`, which is taken to succeed.
    pub(super) fn change_directory(&mut self, arguments: &[&str], place: Span) {
        let origin = Origin::at(OriginKind::CommandLine, place);
        let path = match arguments {
            ["--" | "-P" | "-L" | "-e", path] | [path] if !path.starts_with('-') && !path.is_empty() => *path,
            [] => {
                let home = self.get("HOME").map(Option::unwrap_or_default);
                self.directory = Setting { value: home, origin };
                return;
            }
            _ => {
                self.directory = Setting::unknown("where `cd` goes is not known", origin);
                return;
            }
        };
        let is_plain = path.starts_with('/') || path.starts_with('.');
        let value = if path.starts_with('/') {
            Possible::Known(joined("/", path))
        } else if !is_plain && self.get("CDPATH") != Possible::Known(None) {
            Possible::Unknown("`CDPATH` says where `cd` goes".into())
        } else {
            self.directory.value.clone().map(|directory| joined(&directory, path))
        };
        self.directory = Setting { value, origin };
    }
}
