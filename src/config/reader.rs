//! From the text of a configuration to settings, with all that is wrong with it told at once.

use std::collections::BTreeMap;
use std::ops::Range;

use similar::get_close_matches;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Settings;
use super::fault::{Fault, position, shown};
use super::keys::{KEYS, Key, Takes};
use super::selector::Selector;

/// A value and its place.
pub(super) type Value<'a> = Spanned<DeValue<'a>>;

/// Which of the two files a configuration stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// `hoplint.toml`: all of it.
    Hoplint,
    /// `pyproject.toml`: its table `[tool.hoplint]`.
    Pyproject,
}

/// Reads a configuration; `None` is a `pyproject.toml` that has none. `name` is how the file is called in what is said.
///
/// # Errors
/// If the text is no TOML, or holds a key or a value that means nothing. All mistakes are told, each with its line and with
/// what may stand there.
pub fn read(file: File, name: &str, text: &str) -> Result<Option<Settings>, String> {
    let document = DeTable::parse(text).map_err(|error| {
        let message = error.message().replace('\n', ", ");
        let fault = Fault {
            span: error.span().unwrap_or(0..0),
            message: format!("this is no TOML: {message}"),
            help: None,
        };
        shown(name, text, vec![fault])
    })?;
    let mut settings = Settings::default();
    let mut reader =
        Reader { name, text, file, path: Vec::new(), faults: Vec::new(), origins: BTreeMap::new() };
    match file {
        File::Hoplint => reader.keys(document.get_ref(), KEYS, &mut settings),
        File::Pyproject => {
            let tool = document.get_ref().get("tool").and_then(|tool| tool.get_ref().as_table());
            let Some(table) = tool.and_then(|tool| tool.get("hoplint")) else { return Ok(None) };
            match table.get_ref().as_table() {
                Some(table) => reader.keys(table, KEYS, &mut settings),
                None => reader.fault(table.span(), "`tool.hoplint` has to be a table".into(), None),
            }
        }
    }
    if !reader.faults.is_empty() {
        return Err(shown(name, text, reader.faults));
    }
    settings.origins = reader.origins;
    settings.settle();
    Ok(Some(settings))
}

/// What is being read.
pub(super) struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    file: File,
    /// The keys that lead to what is being read.
    path: Vec<String>,
    faults: Vec<Fault>,
    origins: BTreeMap<String, String>,
}

impl Reader<'_> {
    /// Notes a mistake.
    pub(super) fn fault(&mut self, span: Range<usize>, message: String, help: Option<String>) {
        self.faults.push(Fault { span, message, help });
    }

    /// How many mistakes there are so far.
    pub(super) fn faults(&self) -> usize {
        self.faults.len()
    }

    /// Reads the keys of a table.
    pub(super) fn keys(&mut self, table: &DeTable, keys: &'static [Key], settings: &mut Settings) {
        for (name, value) in table {
            match keys.iter().find(|key| key.name == name.get_ref()) {
                Some(key) => self.at(name, |reader| (key.read)(reader, value, settings)),
                None => self.unknown(name, keys),
            }
        }
    }

    /// Reads what a key leads to, and notes where that stands.
    pub(super) fn at(&mut self, name: &Spanned<std::borrow::Cow<str>>, read: impl FnOnce(&mut Self)) {
        self.path.push(name.get_ref().clone().into_owned());
        let line = position(self.text, name.span().start).0;
        self.origins.insert(self.path.join("."), format!("{}:{line}", self.name));
        read(self);
        self.path.pop();
    }

    /// Reads the elements of an array of tables.
    pub(super) fn tables(&mut self, value: &Value, mut read: impl FnMut(&mut Self, &DeTable, Range<usize>)) {
        let Some(array) = value.get_ref().as_array() else {
            let name = self.path.join(".");
            return self.fault(
                value.span(),
                format!("`{name}` has to be a list of tables, each below a `[[{name}]]`"),
                None,
            );
        };
        for (at, element) in array.iter().enumerate() {
            let Some(table) = element.get_ref().as_table() else {
                self.fault(element.span(), "this has to be a table".into(), None);
                continue;
            };
            self.path.push(at.to_string());
            read(self, table, element.span());
            self.path.pop();
        }
    }

    /// A table, or `None` with the mistake noted.
    pub(super) fn table<'v, 'i>(&mut self, value: &'v Value<'i>) -> Option<&'v DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            let name = self.path.join(".");
            self.fault(
                value.span(),
                format!("`{name}` has to be a table: write `[{}]` above its keys", self.full(&name)),
                None,
            );
        }
        table
    }

    /// A text that means something, or `None` with the mistake noted.
    pub(super) fn text<T>(&mut self, value: &Value, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(value, "a text in quotes");
            return None;
        };
        match parse(text) {
            Ok(parsed) => Some(parsed),
            Err(message) => {
                self.fault(value.span(), message, None);
                None
            }
        }
    }

    /// One of a few words.
    pub(super) fn word<T>(&mut self, value: &Value, words: &[(&str, T)]) -> Option<T>
    where
        T: Clone,
    {
        let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        let key = self.path.join(".");
        self.text(value, |text| {
            let found = words.iter().find(|(name, _)| *name == text).map(|(_, meant)| meant.clone());
            found.ok_or_else(|| {
                let near = get_close_matches(text, &names, 1, 0.6).first().copied();
                let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                format!("`{key}` cannot be \"{text}\": expected {}{hint}", either(&names))
            })
        })
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, value: &Value) -> Option<bool> {
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(value, "`true` or `false`, without quotes");
        }
        flag
    }

    /// A list of texts that each mean something; what is wrong is left out, and noted.
    pub(super) fn list<T>(&mut self, value: &Value, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(value, "a list of texts, as `[\"one\", \"another\"]`");
            return Vec::new();
        };
        array.iter().filter_map(|element| self.text(element, &parse)).collect()
    }

    /// A list of rules and categories that is not empty.
    pub(super) fn selectors(&mut self, value: &Value) -> Vec<Selector> {
        if value.get_ref().as_array().is_some_and(|it| it.is_empty()) {
            let message =
                "this names no rule, and so says nothing: name rules or categories, or leave the key out";
            self.fault(value.span(), message.into(), None);
        }
        self.list(value, Selector::parse)
    }

    /// Notes that a value is of another type than it has to be.
    pub(super) fn wrong_type(&mut self, value: &Value, expected: &str) {
        let found = match value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "`true` or `false`",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let name = self.path.join(".");
        self.fault(value.span(), format!("`{name}` has to be {expected}, and this is {found}"), None);
    }

    fn unknown(&mut self, name: &Spanned<std::borrow::Cow<str>>, keys: &[Key]) {
        let written = name.get_ref().as_ref();
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        let hint = match self.home(written) {
            Some(home) => format!("; it {home}"),
            None => {
                let near = get_close_matches(written, &names, 1, 0.6).first().copied();
                near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
            }
        };
        let help = format!("keys that may stand here: {}", listed(&names));
        self.fault(name.span(), format!("there is no key `{written}` here{hint}"), Some(help));
    }

    /// Where a key belongs that stands at the wrong place.
    fn home(&self, name: &str) -> Option<String> {
        let here = self.path.first().map(String::as_str);
        if here.is_some() && KEYS.iter().any(|key| key.name == name) {
            let belongs = match self.file {
                File::Hoplint => "belongs above the first `[table]` of the file",
                File::Pyproject => "belongs below `[tool.hoplint]`, above its first sub-table",
            };
            return Some(belongs.into());
        }
        let tables = KEYS.iter().filter(|key| Some(key.name) != here);
        let (table, brackets) = tables.into_iter().find_map(|key| match key.takes {
            Takes::Table(keys) if keys.iter().any(|it| it.name == name) => Some((key.name, ("[", "]"))),
            Takes::Tables(keys) if keys.iter().any(|it| it.name == name) => Some((key.name, ("[[", "]]"))),
            _ => None,
        })?;
        Some(format!("belongs below `{}{}{}`", brackets.0, self.full(table), brackets.1))
    }

    /// The name of a table as its header has it.
    fn full(&self, table: &str) -> String {
        match self.file {
            File::Hoplint => table.into(),
            File::Pyproject => format!("tool.hoplint.{table}"),
        }
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Words of which one is meant: `` `app` or `proxy` ``.
fn either(names: &[&str]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} or `{last}`", listed(first)),
        _ => listed(names),
    }
}
