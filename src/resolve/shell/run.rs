//! The commands of a script one after the other.

mod list;
mod perhaps;

use list::List;

use super::builtins::{self, Done, assignment};
use super::command::{is_activation, may_start, program};
use super::expand::{self, Reading, plain};
use super::{Dialect, Placing, Ran, State, World, unknown};
use crate::model::{Origin, OriginKind, Setting};
use crate::resolve::launch::Argument;
use crate::resolve::paths::{Mapped, is_example};
use crate::source::{FileKind, Span};
use crate::syntax::shell::{self, Command, Join, Piece, Place, Script, Way, Word};
use crate::value::Possible;

/// How many commands of scripts are followed for one launch.
const MAX_COMMANDS: usize = 4_000;

/// How deep files that scripts read may read others.
const MAX_READ: usize = 4;

/// The largest script that is followed, in bytes.
pub(in crate::resolve) const MAX_SCRIPT: usize = 128 * 1024;

/// What a program that a script runs has to do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::resolve) enum Verdict {
    /// It is what the script is there for.
    Wanted,
    /// The script goes on behind it.
    Passing,
}

/// What a script comes to.
pub(in crate::resolve) enum Outcome {
    /// This program.
    Runs(Box<Ran>),
    /// None that is wanted.
    Nothing,
}

struct Walk<'a, 'b> {
    world: World<'a>,
    state: &'b mut State,
    verdict: &'b mut dyn FnMut(&Ran) -> Verdict,
    left: usize,
}

/// Follows a script up to a program that takes the shell's place, or that is wanted. `Err` with the reason where it is not
/// known whether or how one runs.
pub(in crate::resolve) fn run(
    script: &Script,
    placing: Placing,
    dialect: Dialect,
    world: World<'_>,
    state: &mut State,
    verdict: &mut dyn FnMut(&Ran) -> Verdict,
) -> Result<Outcome, String> {
    let mut walk = Walk { world, state, verdict, left: MAX_COMMANDS };
    walk.script(script, Reading { dialect, placing }, 0)
}

impl Walk<'_, '_> {
    fn script(&mut self, script: &Script, reading: Reading, depth: usize) -> Result<Outcome, String> {
        let mut list = List::default();
        let mut function: Option<String> = None;
        for (at, command) in script.commands.iter().enumerate() {
            self.left = self.left.checked_sub(1).ok_or("the script is too long to be followed")?;
            if command.join == Join::Start {
                list.end(self.state, reading.placing.span(&command.range));
            }
            match command.way {
                Way::Unread => return Err("a part of the script is not read".into()),
                Way::Definition => {
                    function = command.words.first().and_then(Word::literal).map(str::to_owned);
                    if let Some(name) = &function {
                        self.state.functions.insert(name.clone(), false);
                    }
                    continue;
                }
                _ => {}
            }
            if command.bash_only && reading.dialect != Dialect::Bash {
                return Err("not every shell reads a redirection of the script".into());
            }
            match command.place {
                Place::Function => self.in_function(command, function.as_deref(), reading),
                Place::Perhaps | Place::Apart => self.perhaps(command, reading)?,
                Place::Straight => {
                    list.follow(command.join, self.state);
                    if list.behind_or {
                        self.perhaps(command, reading)?;
                        continue;
                    }
                    let rest = &script.commands[at + 1..];
                    match self.command(command, rest, &list, reading, depth)? {
                        Step::On(sure) => list.sure = sure,
                        Step::Ends if list.dependent => {}
                        Step::Ends => return Ok(Outcome::Nothing),
                        Step::Runs(ran) => return Ok(Outcome::Runs(ran)),
                    }
                }
            }
        }
        Ok(Outcome::Nothing)
    }

    /// A command that stands straight in the script.
    fn command(
        &mut self,
        command: &Command,
        rest: &[Command],
        list: &List,
        reading: Reading,
        depth: usize,
    ) -> Result<Step, String> {
        let assignments: Vec<_> = command.words.iter().map_while(assignment).collect();
        if assignments.len() == command.words.len() {
            let mut sure = true;
            for (word, (name, value)) in command.words.iter().zip(&assignments) {
                sure &=
                    !value.pieces.iter().any(|it| matches!(it, Piece::Substitution { .. } | Piece::Odd(_)));
                let value = expand::text(value, self.state, reading).map(Some);
                if command.way == Way::Plain {
                    self.state.set(name, value, reading.placing.span(&word.range));
                }
            }
            return Ok(Step::On(sure));
        }
        let mut words = self.words(command, assignments.len(), reading);
        let mut replaces = false;
        while let Some(word) = words.first().and_then(|word| word.text.known()).map(String::as_str) {
            match word {
                "command" => {
                    words.remove(0);
                    if words.first().and_then(|it| it.text.known()).is_some_and(|it| it.starts_with('-')) {
                        return Ok(Step::On(false));
                    }
                }
                "exec" => {
                    words.remove(0);
                    replaces = true;
                    match words.first().and_then(|it| it.text.known()).map(String::as_str) {
                        Some("--") => drop(words.remove(0)),
                        Some(option) if option.starts_with('-') => {
                            return Err("an option of `exec` is not followed".into());
                        }
                        _ => {}
                    }
                }
                _ => break,
            }
        }
        if words.is_empty() {
            self.keep_perhaps(&assignments, command, reading);
            return Ok(Step::On(true));
        }
        if let Some(starts) = self.called(&words) {
            if starts {
                return Err("a function of the script may start it".into());
            }
            self.keep_perhaps(&assignments, command, reading);
            return Ok(Step::On(false));
        }
        let alone = command.way == Way::Plain;
        if !replaces && alone {
            let done = builtins::run(&words, command, self.state, reading);
            if done != Done::Not {
                self.keep_perhaps(&assignments, command, reading);
            }
            match done {
                Done::Surely => return Ok(Step::On(true)),
                Done::Somehow => return Ok(Step::On(false)),
                Done::Ends => return Ok(Step::Ends),
                Done::Reads => return self.read(&words, command, reading, depth),
                Done::Not => {}
            }
        }
        let directory = self.state.directory.clone();
        let ends = rest.is_empty() && alone && depth == 0;
        let first = words.first().map(|word| word.span).filter(|_| ends && !replaces);
        // No program is behind `time` that `exec` could be one more word of.
        let exec = first.filter(|_| matches!(reading.placing, Placing::File(..)) && !command.timed);
        let ran = Ran {
            environment: self.environment(&assignments, command, reading),
            words,
            directory,
            place: reading.placing.span(&command.range),
            replaces: replaces && alone,
            last: ends && !command.redirected,
            exec: exec.map(|word| Span::new(word.file, word.start as usize..word.start as usize)),
        };
        let is_wanted = (self.verdict)(&ran) == Verdict::Wanted;
        if !is_wanted && !replaces {
            return Ok(Step::On(false));
        }
        if command.way == Way::Background {
            return Err("the script starts it in the background".into());
        }
        if list.dependent && rest.iter().any(may_start) {
            return Err("the script may start one thing or another".into());
        }
        Ok(Step::Runs(Box::new(ran)))
    }

    /// The words of a command behind its assignments.
    fn words(&mut self, command: &Command, skipped: usize, reading: Reading) -> Vec<Argument> {
        let mut words: Vec<Argument> = Vec::new();
        for word in &command.words[skipped..] {
            let mut expanded = expand::words(word, self.state, reading);
            // A program in a directory that is not known is known by its name.
            let is_program = words.iter().all(|it| it.text.known().is_some_and(|it| it == "exec"));
            if is_program
                && let [only] = expanded.as_mut_slice()
                && only.text.known().is_none()
                && let Some(Piece::Text(tail) | Piece::Quoted(tail)) = word.pieces.last()
                && let Some((_, name)) = tail.rsplit_once('/')
                && !name.is_empty()
            {
                (only.text, only.splits) = (Possible::Known(tail.clone()), false);
            }
            words.extend(expanded);
        }
        words
    }

    /// Shells differ on whether assignments before a command of theirs, or a function, stay.
    fn keep_perhaps(&mut self, assignments: &[(String, Word)], command: &Command, reading: Reading) {
        for (name, _) in assignments {
            self.state.doubt(name, "shells differ on whether it stays", reading.placing.span(&command.range));
        }
    }

    /// The environment of a program, with the assignments before it.
    fn environment(
        &mut self,
        assignments: &[(String, Word)],
        command: &Command,
        reading: Reading,
    ) -> crate::resolve::launch::Environment {
        let mut environment = self.state.exported();
        for ((name, value), word) in assignments.iter().zip(&command.words) {
            let value = expand::text(value, self.state, reading);
            let origin = Origin::at(OriginKind::Environment, reading.placing.span(&word.range));
            environment.set(name.clone(), Setting { value, origin });
            environment.firm.insert(name.clone());
        }
        environment
    }

    /// Whether some words call a function of the script, and whether that may start something.
    fn called(&self, words: &[Argument]) -> Option<bool> {
        self.state.functions.get(words.first()?.text.known()?).copied()
    }

    /// `. FILE`.
    fn read(
        &mut self,
        words: &[Argument],
        command: &Command,
        reading: Reading,
        depth: usize,
    ) -> Result<Step, String> {
        let place = reading.placing.span(&command.range);
        if is_activation(command) && words.len() == 2 {
            for name in ["VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "PATH", "PS1", "PYTHONHOME", "OLDPATH"] {
                self.state.set(name, unknown("the activation sets it"), place);
            }
            return Ok(Step::On(true));
        }
        let path = match plain(words).as_deref() {
            Ok([_, path]) => (*path).to_owned(),
            _ => {
                self.state.lose("which file the script reads is not known");
                return Ok(Step::On(false));
            }
        };
        let path = match &self.state.directory.value {
            _ if path.starts_with('/') => path,
            Possible::Known(directory) => super::substitute::joined(directory, &path),
            _ => path,
        };
        let found = match self.world.paths.find(&path) {
            // `source` is no command of every shell.
            Mapped::File(_) if reading.dialect != Dialect::Bash && program(command) == Some("source") => None,
            Mapped::File(file) if self.world.paths.is_beside(file, &path, self.world.sources) => Some(file),
            _ => None,
        };
        let source = found.map(|file| (file, self.world.sources.get(file)));
        match source {
            Some((file, source))
                if source.kind == FileKind::Launcher
                    && !is_example(&source.path)
                    && source.text.len() <= MAX_SCRIPT
                    && depth < MAX_READ
                    && !["{%", "<%", "\x1a", "\r"].iter().any(|mark| source.text.contains(mark)) =>
            {
                let script = shell::parse(&source.text);
                let reading = Reading { placing: Placing::File(file, 0), ..reading };
                match self.script(&script, reading, depth + 1)? {
                    Outcome::Runs(ran) => Ok(Step::Runs(ran)),
                    Outcome::Nothing => Ok(Step::On(true)),
                }
            }
            _ => {
                self.state.lose(&format!("`{path}` is not in the tree"));
                Ok(Step::On(false))
            }
        }
    }
}

/// What became of a command.
enum Step {
    /// The script goes on; with whether it certainly succeeded.
    On(bool),
    Ends,
    Runs(Box<Ran>),
}
