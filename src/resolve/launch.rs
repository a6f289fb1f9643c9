//! How a process is started: what a service manager hands to the program.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use crate::model::Argument;
use crate::model::{Setting, UnitId};
use crate::source::Span;
use crate::value::{Endpoint, Possible};

/// One started process, before it is known which program it is.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The unit that starts it.
    pub unit: Option<UnitId>,
    /// The command line as a whole.
    pub place: Span,
    /// The words of the command line as the process gets them, but for the first: that is the program that runs, also
    /// where the manager gives the process another `argv[0]` (`ExecStart=@...`). Where a template or a mark such as
    /// `<path>` fills in nothing but the program's directory, the first word stands as written: its last component is
    /// what tells which program it is.
    pub arguments: Vec<Argument>,
    /// The environment that it gets.
    pub environment: Environment,
    /// The directory that it starts in.
    pub working_directory: Setting<String>,
    /// The listening sockets that it is handed.
    pub sockets: Activation,
    /// Whether the manager waits for its end, and leaves nothing of it behind: a server is no such thing, and whatever else
    /// this runs is of no interest.
    pub passing: bool,
}

/// Environment variables as far as they are known.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// What the manager sets for all of its processes.
    given: Option<&'static Given>,
    /// What is set beside that, and where, or taken away from it (`None`); most processes of a unit share it.
    variables: Arc<BTreeMap<String, Option<Setting<String>>>>,
    /// Why variables that are not listed may be set all the same, and listed ones be overridden: a file of assignments
    /// that is not in the tree. `None` where the list is complete.
    pub open: Option<String>,
    /// Variables that are set or taken away behind that, by the command line or a script: what `open` says does not bear
    /// on these.
    pub firm: BTreeSet<String>,
}

/// What a manager sets for all of its processes.
pub type Given = BTreeMap<&'static str, Setting<String>>;

impl Environment {
    /// Of this nothing has been set or taken away yet.
    pub fn of(given: &'static Given) -> Environment {
        Environment { given: Some(given), ..Environment::default() }
    }

    /// Sets a variable.
    pub fn set(&mut self, name: String, setting: Setting<String>) {
        Arc::make_mut(&mut self.variables).insert(name, Some(setting));
    }

    /// Takes a variable away.
    pub fn forget(&mut self, name: &str) {
        if self.given.is_some_and(|given| given.contains_key(name)) {
            Arc::make_mut(&mut self.variables).insert(name.into(), None);
        } else if self.variables.contains_key(name) {
            Arc::make_mut(&mut self.variables).remove(name);
        }
    }

    /// What a variable is set to, and where; `None` where the list has it not.
    pub fn listed(&self, name: &str) -> Option<&Setting<String>> {
        match self.variables.get(name) {
            Some(setting) => setting.as_ref(),
            None => self.given?.get(name),
        }
    }

    /// What is set beside what the manager sets, in the order of the names.
    pub fn added(&self) -> impl Iterator<Item = (&String, &Setting<String>)> {
        self.variables.iter().filter_map(|(name, setting)| Some((name, setting.as_ref()?)))
    }

    /// What is known of a variable: `Known(None)` where it is certainly not set.
    pub fn get(&self, name: &str) -> Possible<Option<String>> {
        match (&self.open, self.listed(name)) {
            (Some(why), _) if !self.firm.contains(name) => Possible::Unknown(why.clone()),
            (_, Some(setting)) => setting.value.clone().map(Some),
            (_, None) => Possible::Known(None),
        }
    }
}

/// These and no others.
impl FromIterator<(String, Setting<String>)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, Setting<String>)>>(variables: I) -> Environment {
        let variables = variables.into_iter().map(|(name, setting)| (name, Some(setting)));
        Environment { variables: Arc::new(variables.collect()), ..Environment::default() }
    }
}

/// Whether the manager hands listening sockets to the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activation {
    /// No socket unit belongs to the service.
    None,
    /// These, each from a line of a socket unit. They replace whatever the program would bind.
    Passed(Vec<(Endpoint, Span)>),
    /// Perhaps, for this reason.
    Unknown(String),
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::model::Origin;

    #[test]
    fn what_is_given_is_there_until_it_is_taken_away() {
        static GIVEN: LazyLock<Given> =
            LazyLock::new(|| Given::from([("HOME", Setting::unknown("given", Origin::DEFAULT))]));
        let set = |text: &str| Setting::known(text.to_owned(), Origin::DEFAULT);
        let mut environment = Environment::of(&GIVEN);
        environment.set("PORT".into(), set("80"));
        let before = environment.clone();
        assert_eq!(environment.get("HOME"), Possible::Unknown("given".into()));
        environment.forget("HOME");
        environment.forget("PORT");
        assert!(["HOME", "PORT", "PATH"].iter().all(|name| environment.listed(name).is_none()));
        assert_eq!(environment.get("HOME"), Possible::Known(None));
        environment.set("HOME".into(), set("/srv"));
        assert_eq!(environment.get("HOME"), Possible::Known(Some("/srv".into())));
        assert!(environment.added().map(|(name, _)| name).eq(["HOME"]));
        // What goes to another process is its own.
        assert!(before.listed("HOME").is_some() && before.added().map(|(name, _)| name).eq(["PORT"]));
    }
}
