//! The names of a module while it is followed, and the environment that it sees.

use std::collections::{BTreeMap, BTreeSet};

use super::value::Value;
use crate::model::{Anchor, Dialect};
use crate::resolve::launch::Environment;
use crate::source::Span;
use crate::value::Possible;

/// What is known of a name: `None` where it is not bound.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) value: Possible<Option<Value>>,
    /// Where it was last bound.
    pub(super) place: Span,
    /// The one assignment that it has its value from, if there is only one.
    pub(super) anchor: Option<Anchor>,
}

/// The largest value that a name may keep, in bytes, about.
const MAX_WEIGHT: usize = 4096;

/// All that is known at a point of a module.
#[derive(Clone, Debug)]
pub(super) struct Scope<'a> {
    pub(super) names: BTreeMap<String, Name>,
    /// Those of them that may be lists or hold some.
    lists: BTreeSet<String>,
    /// Why names that are not listed may be bound too.
    pub(super) open: Option<String>,
    /// The environment of the process; `None` where nobody is known to start it.
    environment: Option<&'a Environment>,
    /// Why the environment may not be that of the process any more.
    pub(super) changed: Option<String>,
    /// Whether the file itself writes to the environment: then defaults of variables say nothing any more.
    pub(super) writes: bool,
    /// Names that functions rebind: their values are never known.
    volatile: BTreeSet<String>,
    /// Whether it is a module that the configuration imports.
    imported: bool,
}

impl<'a> Scope<'a> {
    pub(super) fn new(environment: Option<&'a Environment>, volatile: BTreeSet<String>) -> Scope<'a> {
        Scope {
            names: BTreeMap::new(),
            lists: BTreeSet::new(),
            open: None,
            environment,
            changed: None,
            writes: false,
            volatile,
            imported: false,
        }
    }

    /// The scope of a module that is imported here: no names, and the environment as it is now.
    pub(super) fn module(&self, volatile: BTreeSet<String>) -> Scope<'a> {
        let (changed, writes) = (self.changed.clone(), self.writes);
        Scope { changed, writes, imported: true, ..Scope::new(self.environment, volatile) }
    }

    /// Binds what `from module import *` takes from a module without `__all__`, and takes the environment as it left it.
    pub(super) fn take(&mut self, module: &Scope) {
        for (name, bound) in &module.names {
            if name.starts_with('_') {
                continue;
            }
            match module.bound(name) {
                Possible::Known(None) => {}
                value => {
                    let value = value.try_map(|value| match value {
                        Some(value) => value.outside().map(Some),
                        None => Err(format!("`{name}` may not be bound where it is imported from")),
                    });
                    self.bind(name, value, bound.place);
                }
            }
        }
        self.changed.clone_from(&module.changed);
        self.writes = module.writes;
    }

    /// The value of a name that is read.
    pub(super) fn lookup(&self, name: &str) -> Possible<Value> {
        match self.bound(name) {
            Possible::Known(None) if name == "__name__" && self.imported => {
                Possible::Unknown("what a module is called is not followed".into())
            }
            Possible::Known(None) if name == "__name__" => Possible::Known(Value::Text("__config__".into())),
            Possible::Known(None) => Possible::Known(Value::Path(format!("builtins.{name}"))),
            other => other.try_map(|value| value.ok_or_else(|| format!("`{name}` may not be bound"))),
        }
    }

    /// What is known of a name at this point.
    pub(super) fn bound(&self, name: &str) -> Possible<Option<Value>> {
        if self.volatile.contains(name) {
            return Possible::Unknown(format!("a function rebinds `{name}`"));
        }
        match (self.names.get(name), &self.open) {
            (Some(name), _) => name.value.clone(),
            (None, Some(why)) => Possible::Unknown(why.clone()),
            (None, None) => Possible::Known(None),
        }
    }

    /// Binds a name by an assignment of its own.
    pub(super) fn assign(&mut self, name: &str, value: Possible<Value>, statement: Span, written: Span) {
        let anchor = Anchor { span: statement, value: written, dialect: Dialect::Python };
        self.put(name, value.map(Some), statement, Some(anchor));
    }

    /// Binds a name in another way.
    pub(super) fn bind(&mut self, name: &str, value: Possible<Option<Value>>, place: Span) {
        self.put(name, value, place, None);
    }

    fn put(&mut self, name: &str, value: Possible<Option<Value>>, place: Span, anchor: Option<Anchor>) {
        let value = value.try_map(|value| match value {
            Some(value) if value.weight() > MAX_WEIGHT => Err("its value is too large to be followed".into()),
            Some(Value::Iterator(_)) => Err("an iterator is not followed".into()),
            value => Ok(value),
        });
        if value.likely().iter().flatten().any(Value::is_changeable) {
            self.lists.insert(name.into());
        }
        self.names.insert(name.into(), Name { value, place, anchor });
    }

    /// A name that may have any value from here on.
    pub(super) fn lose(&mut self, name: &str, why: &str, place: Span) {
        self.bind(name, Possible::Unknown(why.into()), place);
    }

    /// Something of a module is replaced: nothing is known of what any name takes from there.
    pub(super) fn lose_module(&mut self, module: &str, why: &str) {
        for name in self.names.values_mut() {
            let of_it = |value: &Option<Value>| {
                let Some(Value::Path(path)) = value else { return false };
                path.split('.').next() == Some(module)
            };
            if name.value.likely().iter().any(of_it) {
                name.value = Possible::Unknown(why.into());
            }
        }
    }

    /// Any name may be bound from here on by something that is not seen. What is known of names holds unless it is.
    pub(super) fn doubt_all(&mut self, what: &str, does: &str) {
        let why = format!("{what} may {does} it");
        let condition = format!("{what} {does}s it");
        for name in self.names.values_mut() {
            let value = std::mem::replace(&mut name.value, Possible::Known(None));
            name.value = value.unless(&condition);
        }
        self.open.get_or_insert_with(|| why.clone());
        self.changed.get_or_insert(why);
    }

    /// Nothing is known from here on.
    pub(super) fn lose_all(&mut self, why: &str) {
        self.names.clear();
        self.lists.clear();
        self.open.get_or_insert_with(|| why.into());
        self.changed.get_or_insert_with(|| why.into());
    }

    /// The file may have changed the environment here.
    pub(super) fn write_environment(&mut self, why: &str) {
        self.changed.get_or_insert_with(|| why.into());
        self.writes = true;
    }

    /// Lists may have been changed: which names share them is not followed.
    pub(super) fn lose_lists(&mut self, why: &str) {
        for list in std::mem::take(&mut self.lists) {
            if let Some(name) = self.names.get_mut(&list) {
                name.value = Possible::Unknown(why.into());
            }
        }
    }

    /// Lists may have been changed by something that is not told to.
    pub(super) fn doubt_lists(&mut self, condition: &str) {
        for list in &self.lists {
            if let Some(name) = self.names.get_mut(list) {
                let value = std::mem::replace(&mut name.value, Possible::Known(None));
                name.value = value.unless(condition);
            }
        }
    }

    /// Whether a name may stand for a list.
    pub(super) fn holds_list(&self, name: &str) -> bool {
        self.lists.contains(name)
    }

    /// What is known of a variable of the environment.
    pub(super) fn variable(&self, name: &str) -> Possible<Option<String>> {
        let Some(environment) = self.environment else {
            return Possible::Unknown("what starts it is not known".into());
        };
        match &self.changed {
            Some(why) => Possible::Unknown(why.clone()),
            None => variable(environment, name),
        }
    }

    /// Whether nothing in the file may have changed the environment.
    pub(super) fn keeps_environment(&self) -> bool {
        self.changed.is_none()
    }

    /// What is known after one of two ways was taken, and which of them usually is, if one is.
    pub(super) fn merge(mut self, other: Scope<'a>, usual: &Usual) -> Scope<'a> {
        let missing = |scope: &Scope, place: Span| Name {
            value: scope.open.clone().map_or(Possible::Known(None), Possible::Unknown),
            place,
            anchor: None,
        };
        let mut theirs = other.names.clone();
        for (key, name) in &mut self.names {
            let their = theirs.remove(key).unwrap_or_else(|| missing(&other, name.place));
            *name = either(name, their, usual);
        }
        for (key, name) in theirs {
            let mine = missing(&self, name.place);
            self.names.insert(key, either(&mine, name, usual));
        }
        self.lists.extend(other.lists);
        self.open = self.open.or(other.open);
        self.changed = self.changed.or(other.changed);
        self.writes |= other.writes;
        self
    }
}

/// Which of two ways is usually taken, and unless what.
pub(super) enum Usual {
    Neither,
    First(String),
    Second(String),
}

fn either(a: &Name, b: Name, usual: &Usual) -> Name {
    let same = a.anchor.is_some() && a.anchor == b.anchor;
    let value = match (a.value.clone().or(b.value.clone()), usual) {
        (Possible::Unknown(_), Usual::First(unless)) => a.value.clone().unless(unless),
        (Possible::Unknown(_), Usual::Second(unless)) => b.value.unless(unless),
        (value, _) => value,
    };
    Name { value, place: a.place.max(b.place), anchor: if same { b.anchor } else { None } }
}

/// What is known of a variable that a service manager gives to a process. Some it sets by itself.
///
/// Source: "Environment Variables Set or Propagated by the Service Manager" in systemd.exec(5).
pub(super) fn variable(environment: &Environment, name: &str) -> Possible<Option<String>> {
    const BY_ITSELF: [&str; 34] = [
        "PATH",
        "LANG",
        "LANGUAGE",
        "USER",
        "LOGNAME",
        "HOME",
        "SHELL",
        "INVOCATION_ID",
        "XDG_RUNTIME_DIR",
        "RUNTIME_DIRECTORY",
        "STATE_DIRECTORY",
        "CACHE_DIRECTORY",
        "LOGS_DIRECTORY",
        "CONFIGURATION_DIRECTORY",
        "CREDENTIALS_DIRECTORY",
        "MAINPID",
        "MANAGERPID",
        "LISTEN_FDS",
        "LISTEN_PID",
        "LISTEN_FDNAMES",
        "NOTIFY_SOCKET",
        "WATCHDOG_PID",
        "WATCHDOG_USEC",
        "SYSTEMD_EXEC_PID",
        "TERM",
        "COLORTERM",
        "NO_COLOR",
        "LOG_NAMESPACE",
        "JOURNAL_STREAM",
        "SERVICE_RESULT",
        "EXIT_CODE",
        "EXIT_STATUS",
        "REMOTE_ADDR",
        "PWD",
    ];
    let by_itself = BY_ITSELF.contains(&name)
        || ["LC_", "MONITOR_", "MEMORY_PRESSURE_", "TRIGGER_", "XDG_"].iter().any(|it| name.starts_with(it));
    match environment.get(name) {
        Possible::Known(None) if by_itself => {
            Possible::Unknown(format!("`{name}` may be set by the service manager"))
        }
        other => other,
    }
}
