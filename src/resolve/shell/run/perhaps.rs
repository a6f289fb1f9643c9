//! Commands that may not run, or run at another time.

use super::super::Ran;
use super::super::builtins::{self, assigned, assignment};
use super::super::command::{is_activation, may_export_all, program};
use super::super::expand::Reading;
use super::{Verdict, Walk};
use crate::model::{Origin, OriginKind, Setting};
use crate::syntax::shell::{Command, Place, Way, Word};

impl Walk<'_, '_> {
    /// A command that may or may not run.
    pub(super) fn perhaps(&mut self, command: &Command, reading: Reading) -> Result<(), String> {
        if self.may_be_wanted(command, reading) {
            return Err("the script may start one thing or another".into());
        }
        let is_apart =
            command.place == Place::Apart || command.way == Way::Piped || command.way == Way::Background;
        if is_apart {
            return Ok(());
        }
        let place = reading.placing.span(&command.range);
        for name in assigned(command) {
            self.state.doubt(&name, "the script may or may not set it", place);
        }
        if command.way == Way::Loop
            && let Some(name) = command.words.first().and_then(Word::literal)
        {
            self.state.doubt(name, "a loop sets it", place);
        }
        match program(command) {
            Some("cd") => {
                let why = "the script may or may not change the directory";
                self.state.directory = Setting::unknown(why, Origin::at(OriginKind::CommandLine, place));
            }
            Some("shift" | "set") => {
                self.state.lose_parameters("the script may or may not change its parameters");
                if program(command) == Some("set") && command.words.iter().any(may_export_all) {
                    self.state.lose("the script may or may not export everything");
                }
            }
            Some("." | "source") if !is_activation(command) => {
                self.state.lose("the script may or may not read another");
            }
            Some(name) if builtins::is_wild(name) => {
                self.state.lose(&format!("what `{name}` does is not known"))
            }
            _ => {}
        }
        Ok(())
    }

    /// A command of a function: what it changes may change at any time.
    pub(super) fn in_function(&mut self, command: &Command, function: Option<&str>, reading: Reading) {
        if self.may_be_wanted(command, reading)
            && let Some(starts) = function.and_then(|name| self.state.functions.get_mut(name))
        {
            *starts = true;
        }
        let names = assigned(command).into_iter();
        let names = names.chain(
            command
                .words
                .first()
                .filter(|_| command.way == Way::Loop)
                .and_then(Word::literal)
                .map(str::to_owned),
        );
        self.state.restless.extend(names);
        match program(command) {
            Some("cd" | "set" | "." | "source") => {
                self.state.lose("a function of the script may change it");
                self.state.restless.insert("PWD".into());
            }
            Some(name) if builtins::is_wild(name) => {
                self.state.lose(&format!("what `{name}` does is not known"))
            }
            _ => {}
        }
    }

    /// Whether a command that may not run at all, or at another time, may be what is looked for.
    fn may_be_wanted(&mut self, command: &Command, reading: Reading) -> bool {
        if program(command) == Some("exec") && command.words.len() > 1 {
            return true;
        }
        let assignments = command.words.iter().map_while(assignment).count();
        let words = self.words(command, assignments, reading);
        if words.is_empty() || matches!(command.way, Way::Loop) {
            return false;
        }
        if let Some(starts) = self.called(&words) {
            return starts;
        }
        let ran = Ran {
            environment: Default::default(),
            words,
            directory: self.state.directory.clone(),
            place: reading.placing.span(&command.range),
            replaces: false,
            last: false,
            exec: None,
        };
        (self.verdict)(&ran) == Verdict::Wanted
    }
}
