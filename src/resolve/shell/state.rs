//! What a shell knows: its variables, its directory, its parameters.

use std::collections::{BTreeMap, BTreeSet};

use super::unknown;
use crate::model::{Origin, OriginKind, Setting};
use crate::resolve::launch::{Argument, Environment};
use crate::source::Span;
use crate::value::Possible;

/// Variables that shells set by themselves, to values that no file tells.
const BY_SHELL: [&str; 27] = [
    "_",
    "BASH",
    "BASHOPTS",
    "BASHPID",
    "BASH_VERSION",
    "DIRSTACK",
    "EPOCHSECONDS",
    "EUID",
    "GROUPS",
    "HOSTNAME",
    "HOSTTYPE",
    "IFS",
    "LINENO",
    "MACHTYPE",
    "OLDPWD",
    "OPTARG",
    "OPTERR",
    "OPTIND",
    "OSTYPE",
    "PATH",
    "PPID",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "SHLVL",
    "TERM",
    "UID",
];

/// What is known while a script runs.
#[derive(Clone, Debug)]
pub(in crate::resolve) struct State {
    /// The variables that programs get.
    pub(super) environment: Environment,
    /// Values that the shell's own variables have where programs do not get them, or perhaps not.
    pub(super) own: BTreeMap<String, Possible<Option<String>>>,
    /// Variables of which it is not known whether programs get them.
    pub(super) perhaps_exported: BTreeSet<String>,
    /// Variables that a function of the script assigns: whenever it is called.
    pub(super) restless: BTreeSet<String>,
    /// The directory.
    pub(super) directory: Setting<String>,
    /// `$0`.
    pub(super) name: Possible<String>,
    /// `$1` and so on.
    pub(super) parameters: Vec<Argument>,
    /// Whether what is assigned is exported: `set -a`.
    pub(super) exports_all: bool,
    /// Whether words are parted in the usual way.
    pub(super) parts_usually: bool,
    /// The functions of the script, each with whether it may start the program that is looked for.
    pub(super) functions: BTreeMap<String, bool>,
    /// Where the variables are noted that change, if somebody asks.
    pub(super) touched: Option<Vec<String>>,
}

impl State {
    /// A shell as it starts.
    pub(in crate::resolve) fn new(
        environment: Environment,
        directory: Setting<String>,
        name: Possible<String>,
        parameters: Vec<Argument>,
    ) -> State {
        let mut state = State {
            environment,
            own: BTreeMap::new(),
            perhaps_exported: BTreeSet::new(),
            restless: BTreeSet::new(),
            directory,
            name,
            parameters,
            exports_all: false,
            parts_usually: true,
            functions: BTreeMap::new(),
            touched: None,
        };
        // Shells pass these on, bash more of them than others.
        for name in ["PWD", "OLDPWD", "SHLVL", "_"] {
            let set = Setting::unknown("the shell sets it", Origin::DEFAULT);
            state.environment.set(name.into(), set);
            state.environment.firm.insert(name.into());
        }
        state
    }

    /// Sets `set -a`.
    pub(in crate::resolve) fn export_all(&mut self) {
        self.exports_all = true;
    }

    /// The shell reads files first that are not known.
    pub(in crate::resolve) fn distrust(&mut self, why: &str) {
        self.environment.open.get_or_insert(why.into());
        self.environment.firm.clear();
        self.own.clear();
        self.perhaps_exported.clear();
        if let Some(touched) = &mut self.touched {
            touched.clear();
        }
    }

    /// Anything may have changed.
    pub(super) fn lose(&mut self, why: &str) {
        self.distrust(why);
        self.exports_all = false;
        self.directory = Setting::unknown(why, Origin::DEFAULT);
        self.lose_parameters(why);
    }

    /// The parameters may be any.
    pub(super) fn lose_parameters(&mut self, why: &str) {
        let span = self.parameters.first().map(|it| it.span).or(self.directory.origin.place);
        self.parameters = span
            .map(|span| vec![Argument { text: Possible::Unknown(why.into()), span, splits: true }])
            .unwrap_or_default();
        if self.parameters.is_empty() {
            self.name = Possible::Unknown(why.into());
        }
    }

    /// The value of a variable; `Known(None)` where it is not set.
    pub(super) fn get(&self, name: &str) -> Possible<Option<String>> {
        if self.restless.contains(name) {
            return unknown("a function of the script may change it");
        }
        if let Some(value) = self.own.get(name) {
            return value.clone();
        }
        if name == "PWD" {
            return self.directory.value.clone().map(Some);
        }
        match self.environment.get(name) {
            Possible::Known(None) if BY_SHELL.contains(&name) => unknown("the shell sets it"),
            value => value,
        }
    }

    /// Assigns a variable; `None` takes it away.
    pub(super) fn set(&mut self, name: &str, value: Possible<Option<String>>, place: Span) {
        if let Some(touched) = &mut self.touched {
            touched.push(name.into());
        }
        if name == "IFS" {
            self.parts_usually = false;
        }
        if value == Possible::Known(None) {
            self.environment.forget(name);
            self.environment.firm.insert(name.into());
            self.perhaps_exported.remove(name);
            self.own.insert(name.into(), value);
        } else if self.exports_all || self.is_exported(name) {
            self.put(name, value, place);
        } else {
            if self.environment.open.is_some() && !self.environment.firm.contains(name) {
                self.maybe_export(name, place);
            }
            self.own.insert(name.into(), value);
        }
    }

    /// Whether programs certainly get a variable.
    fn is_exported(&self, name: &str) -> bool {
        let environment = &self.environment;
        environment.listed(name).is_some()
            && !self.perhaps_exported.contains(name)
            && (environment.open.is_none() || environment.firm.contains(name))
    }

    /// It is not known whether programs get a variable.
    fn maybe_export(&mut self, name: &str, place: Span) {
        let origin = Origin::at(OriginKind::Environment, place);
        let setting = Setting::unknown("it is not known whether this is exported", origin);
        self.environment.set(name.into(), setting);
        self.environment.firm.insert(name.into());
        self.perhaps_exported.insert(name.into());
    }

    /// Programs get a variable from now on, with a value that it certainly has.
    fn put(&mut self, name: &str, value: Possible<Option<String>>, place: Span) {
        let value = value.map(Option::unwrap_or_default);
        let setting = Setting { value, origin: Origin::at(OriginKind::Environment, place) };
        self.environment.set(name.into(), setting);
        self.environment.firm.insert(name.into());
        self.perhaps_exported.remove(name);
        self.own.remove(name);
    }

    /// Programs get a variable from now on, if it is set.
    pub(super) fn export(&mut self, name: &str, place: Span) {
        if let Some(touched) = &mut self.touched {
            touched.push(name.into());
        }
        match self.own.get(name).cloned() {
            // Marked, and passed on as soon as it is assigned; nothing is known then.
            Some(Possible::Known(None)) => {
                self.maybe_export(name, place);
            }
            Some(value) => self.put(name, value, place),
            None if self.environment.get(name) == Possible::Known(None) => {
                self.own.insert(name.into(), Possible::Known(None));
                self.maybe_export(name, place);
            }
            None => {}
        }
    }

    /// A variable may have been assigned, or exported, or taken away.
    pub(super) fn doubt(&mut self, name: &str, why: &str, place: Span) {
        if let Some(touched) = &mut self.touched {
            touched.push(name.into());
        }
        self.maybe_export(name, place);
        self.own.insert(name.into(), unknown(why));
    }

    /// The environment that programs get.
    pub(super) fn exported(&self) -> Environment {
        let mut environment = self.environment.clone();
        for name in &self.restless {
            let why = "a function of the script may change it";
            environment.set(name.clone(), Setting::unknown(why, Origin::DEFAULT));
            environment.firm.insert(name.clone());
        }
        environment
    }
}
