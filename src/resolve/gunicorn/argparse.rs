//! Words to options as Python's argparse takes them.
//!
//! Source: `argparse` of Python 3.11, and `Config.parser` in `gunicorn/config.py`.

mod classify;

use std::collections::BTreeMap;

use self::classify::{Class, Matched, classify, exact};
use super::python::repr;
use super::table::{self, Action, Row};
use super::validate::{int, is_no_int};
use super::value::Value;
use crate::model::{AppFault, AppFaultKind, Version};
use crate::resolve::launch::Argument;
use crate::source::Span;
use crate::value::Possible;

/// What a command line says.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    given: BTreeMap<&'static str, Given>,
    /// Why options that are not listed may be given too.
    uncertain: Option<String>,
    /// Why argparse gives up.
    pub(super) refused: Option<String>,
    /// What argparse certainly refuses, in its own words.
    pub(super) faults: Vec<AppFault>,
    /// The words that it does not recognise, and where each stands.
    extras: Vec<(String, Span)>,
    /// The first word that is no option: the application.
    pub(super) target: Option<(Possible<String>, Span)>,
    /// The values that hold a `$`.
    pub(super) dollars: Vec<Dollar>,
}

/// A value with a `$` in it, which no shell saw.
#[derive(Clone, Debug)]
pub(super) struct Dollar {
    /// The setting that it is for.
    pub(super) row: &'static Row,
    /// The value, as Gunicorn gets it.
    pub(super) text: String,
    /// The word that holds it.
    pub(super) place: Span,
}

/// An option that is given.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// What the setting gets, before it is validated.
    pub(super) value: Possible<Value>,
    /// The word that holds the value, or the option itself.
    pub(super) place: Span,
    /// How many bytes at the end of that word are the value; `None` where there is none, or several.
    pub(super) tail: Option<usize>,
    /// The word before that, which names the option, where they are two.
    pub(super) option: Option<Span>,
}

impl Options {
    /// Options of which nothing is known.
    pub(super) fn unknown(why: impl Into<String>) -> Options {
        Options { uncertain: Some(why.into()), ..Options::default() }
    }

    /// Options that argparse does not get to see, and what is said of them.
    pub(super) fn refusal(why: String, place: Span, words: &str) -> Options {
        let mut options = Options { refused: Some(why), ..Options::default() };
        options.fault(AppFaultKind::Word, place, "", "", words.into());
        options
    }

    /// What is given for a setting.
    pub(super) fn get(&self, row: &Row) -> Option<&Given> {
        self.given.get(row.name)
    }

    /// Why a setting may be given although it is not listed.
    pub(super) fn doubt(&self, row: &Row) -> Option<&str> {
        self.uncertain.as_deref().filter(|_| !row.flags.is_empty())
    }
}

/// Reads a command line without the program's name.
pub(super) fn parse(words: &[Argument], version: Version) -> Options {
    let mut options = Options::default();
    let mut at = 0;
    let mut only_words = false;
    let mut group_ended = false;
    while let Some(word) = words.get(at) {
        at += 1;
        let text = match &word.text {
            // A piece for a template engine may become any word.
            Possible::Known(text)
                if !word.splits && !["{{", "{%", "<%"].iter().any(|it| text.starts_with(it)) =>
            {
                text
            }
            _ => {
                options.doubt_all(word);
                continue;
            }
        };
        match if only_words { Class::Word } else { classify(text, version) } {
            Class::Separator => only_words = true,
            Class::Word if group_ended && options.uncertain.is_none() => {
                options.extras.push((text.clone(), word.span));
            }
            Class::Word if options.uncertain.is_some() => {
                options.target =
                    Some((Possible::Unknown("an option before it may take it".into()), word.span));
            }
            Class::Word => {
                options.target.get_or_insert((Possible::Known(text.clone()), word.span));
            }
            Class::Unrecognized => {
                group_ended = options.target.is_some();
                options.extras.push((text.clone(), word.span));
            }
            Class::Refused(why) => {
                options.refuse(word.span, why);
                return options;
            }
            Class::Option(option) => {
                group_ended = options.target.is_some();
                at = options.option(word, option, words, at, version);
                if options.refused.is_some() {
                    return options;
                }
            }
        }
    }
    options.refuse_extras();
    options
}

impl Options {
    /// Argparse gives up at a word, for a reason that is told in its words.
    fn refuse(&mut self, place: Span, words: String) {
        self.refused = Some(format!("Gunicorn refuses its command line: {words}"));
        self.fault(AppFaultKind::Word, place, "", "", words);
    }

    /// Argparse goes on behind a word that it does not recognise, and says so in the end.
    fn refuse_extras(&mut self) {
        let Some((first, place)) = self.extras.first().cloned() else { return };
        let all: Vec<&str> = self.extras.iter().map(|(word, _)| word.as_str()).collect();
        let words = format!("unrecognized arguments: {}", all.join(" "));
        self.refused = Some(format!("Gunicorn refuses its command line: {words}"));
        self.fault(AppFaultKind::Word, place, &first, "", words);
    }

    /// What is refused if the words are all known: unknown ones may make of the others what they like.
    fn fault(&mut self, kind: AppFaultKind, place: Span, setting: &str, value: &str, message: String) {
        if self.uncertain.is_none() {
            self.faults.push(AppFault::new(kind, place, setting, value, message));
        }
    }

    /// A word that may be any option: what was given before it may be overridden.
    fn doubt_all(&mut self, word: &Argument) {
        let why = match &word.text {
            Possible::Unknown(why) => format!("the command line is not fully known: {why}"),
            _ => "the command line is not fully known".to_string(),
        };
        self.given.clear();
        self.uncertain.get_or_insert(why);
        self.target = Some((Possible::Unknown("the command line is not fully known".into()), word.span));
    }

    /// Takes an option and what belongs to it; gives the index of the next word.
    fn option(
        &mut self,
        word: &Argument,
        option: Matched,
        words: &[Argument],
        next: usize,
        version: Version,
    ) -> usize {
        let Matched { mut row, mut explicit, short } = option;
        loop {
            let Some(setting) = row else {
                self.refused = Some("Gunicorn prints its help or its version and ends".into());
                return next;
            };
            let action = table::action(setting, version);
            let flag = match action {
                Action::True => Some(true),
                Action::False => Some(false),
                _ => None,
            };
            if let Some(value) = flag {
                self.given.insert(setting.name, Given::implied(Value::Bool(value), word.span));
                // `-Dw3` is `-D -w3`.
                let Some(rest) = explicit.take() else { return next };
                let letter = rest.chars().next().map(|letter| format!("-{letter}"));
                match letter.and_then(|letter| exact(&letter, version)).filter(|_| short) {
                    Some(following) => {
                        let rest: String = rest.chars().skip(1).collect();
                        row = following;
                        explicit = (!rest.is_empty()).then_some(rest);
                        continue;
                    }
                    None => {
                        let names = setting.flags.join("/");
                        let text = repr(&Value::Text(rest));
                        self.refuse(word.span, format!("argument {names}: ignored explicit argument {text}"));
                        return next;
                    }
                }
            }
            if let Some(text) = explicit {
                let tail = Some(text.len());
                self.store(setting, action, Possible::Known(text), word.span, tail, None);
                return next;
            }
            return self.following(setting, action, word, words.get(next), next, version);
        }
    }

    /// An option whose value is the next word.
    fn following(
        &mut self,
        row: &'static Row,
        action: Action,
        word: &Argument,
        next: Option<&Argument>,
        at: usize,
        version: Version,
    ) -> usize {
        match next {
            Some(argument) if argument.splits => {
                // It may be no word at all, and the one behind it the value.
                self.doubt_all(argument);
                at + 1
            }
            Some(Argument { text: Possible::Known(text), span, .. })
                if matches!(classify(text, version), Class::Word) =>
            {
                let tail = Some(text.len());
                self.store(row, action, Possible::Known(text.clone()), *span, tail, Some(word.span));
                at + 1
            }
            Some(Argument { text, span, .. }) if text.known().is_none() => {
                self.store(row, action, text.clone(), *span, None, Some(word.span));
                at + 1
            }
            Some(Argument { text: Possible::Known(text), .. }) if text == "--" => {
                // What stands behind it is the value, or the application.
                self.doubt_all(word);
                at + 1
            }
            _ if action == Action::Optional => {
                self.given.insert(row.name, Given::implied(Value::Text("auto".into()), word.span));
                at
            }
            _ => {
                let names = row.flags.join("/");
                self.refuse(word.span, format!("argument {names}: expected one argument"));
                at
            }
        }
    }

    fn store(
        &mut self,
        row: &'static Row,
        action: Action,
        text: Possible<String>,
        place: Span,
        tail: Option<usize>,
        option: Option<Span>,
    ) {
        let option = option.filter(|_| self.uncertain.is_none());
        let refused = match (action, text.known()) {
            (Action::Int, Some(text)) if is_no_int(text, false) => Some(("int", text)),
            (Action::AutoInt, Some(text)) if is_no_int(&octal(text), true) => Some(("auto_int", text)),
            _ => None,
        };
        let refused = refused.map(|(name, text)| {
            let names = row.flags.join("/");
            format!("argument {names}: invalid {name} value: {}", repr(&Value::Text(text.clone())))
        });
        if let (Some(words), Some(text)) = (&refused, text.known()) {
            self.fault(AppFaultKind::Value, place, row.flags[0], text, words.clone());
        }
        if let Some(text) = text.known().filter(|text| text.contains('$') && self.uncertain.is_none()) {
            self.dollars.push(Dollar { row, text: text.clone(), place });
        }
        let convert = |text: String| -> Result<Value, String> {
            let refuse = || format!("Gunicorn refuses `{text}` as a value of `{}`", row.flags[0]);
            match action {
                Action::Int => int(&text, false).map(Value::Int).ok_or_else(refuse),
                Action::AutoInt => int(&octal(&text), true).map(Value::Int).ok_or_else(refuse),
                Action::Append => Ok(Value::List(vec![Value::Text(text)])),
                _ => Ok(Value::Text(text)),
            }
        };
        let value = text.try_map(convert);
        if action != Action::Append {
            self.given.insert(row.name, Given { value, place, tail, option });
            return;
        }
        let (value, tail) = match (self.given.remove(row.name), &self.uncertain) {
            (_, Some(why)) => (Possible::Unknown(why.clone()), None),
            (None, None) => (value, tail),
            (Some(before), None) => (joined(before.value, value), None),
        };
        self.given.insert(row.name, Given { value, place, tail, option });
    }
}

impl Given {
    /// What an option says that has no value.
    fn implied(value: Value, place: Span) -> Given {
        Given { value: Possible::Known(value), place, tail: None, option: None }
    }
}

/// What `auto_int` of Gunicorn makes of a text before `int(text, 0)`: a leading zero means octal.
fn octal(text: &str) -> String {
    let is_octal = text.starts_with('0') && text[1..].starts_with(|c: char| c.is_ascii_digit());
    if is_octal { text.replacen('0', "0o", 1) } else { text.into() }
}

fn joined(before: Possible<Value>, more: Possible<Value>) -> Possible<Value> {
    match (before, more) {
        (Possible::Known(Value::List(mut items)), Possible::Known(Value::List(more))) => {
            items.extend(more);
            Possible::Known(Value::List(items))
        }
        (Possible::Unknown(why), _) | (_, Possible::Unknown(why)) => Possible::Unknown(why),
        _ => Possible::Unknown("one of its values is not known".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;
    use crate::source::FileId;

    fn words(line: &[&str]) -> Vec<Argument> {
        line.iter()
            .enumerate()
            .map(|(at, word)| Argument {
                text: if word.starts_with('?') {
                    Possible::Unknown("a variable".into())
                } else {
                    Possible::Known(word.to_string())
                },
                span: Span::new(FileId(0), at..at + 1),
                splits: *word == "?*",
            })
            .collect()
    }

    fn read(line: &[&str], name: &str) -> String {
        let version = Target::NEWEST.gunicorn;
        let options = parse(&words(line), version);
        if options.refused.is_some() {
            return "refused".into();
        }
        if name == "app" {
            return match options.target {
                Some((Possible::Known(text), _)) => text,
                Some(_) => "unknown".into(),
                None => "none".into(),
            };
        }
        let row = table::of_version(version).find(|row| row.name == name).unwrap();
        match (options.get(row).map(|given| given.value.clone()), options.doubt(row)) {
            (Some(Possible::Known(value)), _) => format!("{value:?}"),
            (Some(_), _) | (None, Some(_)) => "unknown".into(),
            (None, None) => "none".into(),
        }
    }

    #[test]
    fn command_lines() {
        let two = "List([Text(\"a:1\"), Text(\"b:2\")])";
        for (line, name, value) in [
            (&["a:b"][..], "app", "a:b"),
            (&["-w", "4", "a:b"], "workers", "Int(4)"),
            (&["-w", "4", "a:b"], "app", "a:b"),
            (&["-w4"], "workers", "Int(4)"),
            (&["-w=4"], "workers", "Int(4)"),
            (&["--workers=4"], "workers", "Int(4)"),
            (&["--workers", "4"], "workers", "Int(4)"),
            (&["--timeo", "50"], "timeout", "Int(50)"),
            (&["-t", "010"], "timeout", "Int(10)"),
            (&["-w", "0x4"], "workers", "unknown"),
            (&["-w", "1.5"], "workers", "unknown"),
            (&["--work", "4"], "workers", "refused"),
            (&["-b", "a:1", "-b", "b:2"], "bind", two),
            (&["--bind=a:1", "--bin", "b:2"], "bind", two),
            (&["-m", "007"], "umask", "Int(7)"),
            (&["-m", "0022"], "umask", "Int(18)"),
            (&["-m", "22"], "umask", "Int(22)"),
            (&["--log-file", "x"], "errorlog", "Text(\"x\")"),
            (&["--log-file=-"], "errorlog", "Text(\"-\")"),
            (&["--log-file", "-"], "errorlog", "Text(\"-\")"),
            (&["--preload", "a:b"], "preload_app", "Bool(true)"),
            (&["--preload=1"], "preload_app", "refused"),
            (&["-Dw3"], "workers", "Int(3)"),
            (&["-Dw3"], "daemon", "Bool(true)"),
            (&["--no-sendfile"], "sendfile", "Bool(false)"),
            (&["a:b", "c", "d"], "app", "a:b"),
            (&["a:b", "-w", "2", "c"], "app", "refused"),
            (&["--", "a:b"], "app", "a:b"),
            (&["-w"], "workers", "refused"),
            (&["-w", "-t", "3"], "workers", "refused"),
            (&["-t", "-5"], "timeout", "Int(-5)"),
            (&["--nope"], "workers", "refused"),
            (&["--proxy-protocol", "a:b"], "app", "none"),
            (&["--proxy-protocol=v1", "a:b"], "app", "a:b"),
            (&["--version"], "app", "refused"),
            (&["-w", "2", "?", "-t", "5"], "workers", "unknown"),
            (&["-w", "2", "?", "-t", "5"], "timeout", "Int(5)"),
            (&["-w", "2", "?", "-b", "a:1"], "bind", "unknown"),
            (&["-b", "?", "-w", "2", "a:b"], "bind", "unknown"),
            (&["-b", "?", "-w", "2", "a:b"], "workers", "Int(2)"),
            (&["-b", "?", "-w", "2", "a:b"], "app", "a:b"),
            (&["-b", "?*", "-w", "2", "a:b"], "timeout", "unknown"),
            (&["?*", "a:b"], "app", "unknown"),
        ] {
            assert_eq!(read(line, name), value, "{line:?}");
        }
    }
}
