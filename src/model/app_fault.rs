//! What Gunicorn refuses when it starts, or passes over without a word.

use std::collections::BTreeMap;

use super::{Deployment, Mend, Version};
use crate::source::Span;

/// A mistake in what Gunicorn is told that can be told from it alone. It is certain: it holds for every value that is still
/// possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppFault {
    /// What sort of mistake it is.
    pub kind: AppFaultKind,
    /// Where it stands.
    pub place: Span,
    /// The setting that it is about: its name or, on a command line, its option; empty where it is about none.
    pub setting: String,
    /// Gunicorn's own words where it refuses to start: `invalid literal for int() with base 0: '30s'`; else what is wrong.
    pub message: String,
    /// The value, as Python prints it; of an address, its text.
    pub value: String,
    /// The release that this is said of, where another may take it.
    pub version: Option<Version>,
    /// What to do, where that is not evident from the message.
    pub help: Option<String>,
    /// The mend, where there is one.
    pub mend: Option<Mend>,
}

/// The sorts of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AppFaultKind {
    /// A value in a configuration file that the setting's validator refuses.
    FileValue,
    /// A value of a command line or of the environment that the option or the setting's validator refuses.
    Value,
    /// A word of a command line that is refused.
    Word,
    /// No application is named.
    NoApplication,
    /// An option took the application's name for its value.
    EatenApplication,
    /// An address that Gunicorn cannot read, or that no socket can be bound to.
    Bind,
    /// A worker class that the release does not have.
    WorkerClass,
    /// A name in a configuration file that is no setting, and all but one.
    UnknownSetting,
}

impl AppFault {
    /// A fault of which nothing more is known than what it is.
    pub fn new(kind: AppFaultKind, place: Span, setting: &str, value: &str, message: String) -> AppFault {
        let (setting, value) = (setting.into(), value.into());
        AppFault { kind, place, setting, message, value, version: None, help: None, mend: None }
    }

    /// Who it is that refuses: Gunicorn, or one release of it.
    pub fn subject(&self) -> String {
        match self.version {
            Some(version) => format!("Gunicorn {version}"),
            None => "Gunicorn".into(),
        }
    }
}

impl Deployment {
    /// The faults of some kinds of all apps, in the order of their places. What stands in a file that several apps read is
    /// one.
    pub fn app_faults(&self, kinds: &[AppFaultKind]) -> Vec<&AppFault> {
        let mut by_place: BTreeMap<(Span, AppFaultKind, &str), &AppFault> = BTreeMap::new();
        for fault in self.apps.iter().flat_map(|app| &app.faults).filter(|fault| kinds.contains(&fault.kind))
        {
            by_place.entry((fault.place, fault.kind, &fault.value)).or_insert(fault);
        }
        by_place.into_values().collect()
    }
}
