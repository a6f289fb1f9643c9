//! The configuration of hoplint itself: `hoplint.toml`, or `[tool.hoplint]` in `pyproject.toml`.

mod address;
mod fault;
mod glob;
mod keys;
mod limits;
mod reader;
mod schema;
mod selector;
mod typed;
mod versions;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

pub use self::keys::{KEYS, Key, Takes};
pub use self::reader::{File, read};
pub use self::schema::schema;
pub use self::selector::{Selector, level, level_names};
pub use self::typed::Typed;
pub use self::written::written;
use crate::baseline::Baseline;
use crate::finding::Severity;
use crate::limits::Limits;
use crate::model::Target;
use crate::rules::rule;
use crate::source::Root;
use crate::value::{Endpoint, Globs};

/// What a run goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What is on; everything where there is nothing.
    pub select: Vec<Selector>,
    /// What is off.
    pub ignore: Vec<Selector>,
    /// What findings are instead of what their rules say; `None` is off.
    pub severity: Vec<(Selector, Option<Severity>)>,
    /// What is not reported of the files that globs name.
    pub per_path_ignores: Vec<(Globs, Vec<Selector>)>,
    /// Whether notes are shown.
    pub pedantic: bool,
    /// The mildest severity that is shown.
    pub show: Severity,
    /// The mildest severity that makes a run fail.
    pub fail_on: Severity,
    /// Which end of a hop is right where the two disagree, and both could be mended.
    pub truth: Truth,
    /// The versions that are meant.
    pub target: Target,
    /// Addresses that something outside the tree serves.
    pub external: Vec<Endpoint>,
    /// The file of the configuration as it is called in what is said, if there is one.
    pub file: Option<String>,
    /// The directory of the configuration, if there is one.
    pub directory: Option<PathBuf>,
    /// Whether it is for many repositories, so that globs and paths of files are seen from each tree.
    pub is_for_many: bool,
    /// The trees of the run. Each is read as machines of its own.
    pub trees: Vec<Root>,
    /// Globs of files that are not read at all, as in a .gitignore beside the configuration.
    pub exclude: Vec<String>,
    /// Globs of files that are read even where .gitignore leaves them out or their name tells nothing.
    pub include: Vec<String>,
    /// Files that are of a language whatever they look like.
    pub files: FileKinds,
    /// How much is read.
    pub limits: Limits,
    /// The machines that are named.
    pub stacks: Vec<StackSettings>,
    /// The files that are reported on; all where there is nothing.
    pub only: Option<Vec<String>>,
    /// Where the findings that are known are listed, from the directory of the configuration.
    pub baseline_file: Option<PathBuf>,
    /// The files that fixes may change; all where there is nothing.
    pub may_change: Option<BTreeSet<String>>,
    /// The findings that are known, and not shown.
    pub baseline: Option<Baseline>,
    /// Where each value comes from that is no default, by its key: `fix.truth`, `stack.0.root`.
    pub origins: BTreeMap<String, String>,
}

impl Settings {
    /// Whether fixes may change the file of this path.
    pub fn may_change(&self, path: &str) -> bool {
        self.may_change.as_ref().is_none_or(|paths| paths.contains(path))
    }

    /// Whether a rule is asked. What names a rule goes before what names its category, and that before `all`; of two that
    /// are alike, `ignore` wins. A rule whose severity is off is off.
    pub fn is_on(&self, name: &str) -> bool {
        let Some(rule) = rule(name) else { return false };
        let selected = match self.select.as_slice() {
            [] => Some(Selector::All.rank()),
            some => selector::closest(some, rule).map(Selector::rank),
        };
        let ignored = selector::closest(&self.ignore, rule).map(Selector::rank);
        selected.is_some() && selected > ignored && self.severity_of(name) != Some(None)
    }

    /// What findings of a rule are, if that was said: `Some(None)` is off.
    pub fn severity_of(&self, name: &str) -> Option<Option<Severity>> {
        let rule = rule(name)?;
        let named = self.severity.iter().filter(|(selector, _)| selector.covers(rule));
        // Of two that are alike, the last one was said last.
        named.max_by_key(|(selector, _)| selector.rank()).map(|(_, severity)| *severity)
    }

    /// Whether a rule is silent about a file, named from the directory of the configuration.
    pub fn is_ignored_at(&self, name: &str, path: &str) -> bool {
        let Some(rule) = rule(name) else { return false };
        let mut all = self.per_path_ignores.iter();
        all.any(|(globs, silent)| silent.iter().any(|it| it.covers(rule)) && globs.matches(path))
    }

    /// Works out what follows from the rest.
    pub fn settle(&mut self) {
        self.show = if self.pedantic { Severity::Note } else { Severity::Warning.min(self.fail_on) };
    }
}

/// Globs of files that are of a language whatever they look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileKinds {
    /// Of nginx's.
    pub nginx: Vec<String>,
    /// Of Gunicorn's.
    pub gunicorn: Vec<String>,
    /// Of systemd's units.
    pub systemd: Vec<String>,
}

/// What is said of a machine, or of several whose directories one pattern names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackSettings {
    /// The directories, relative to the directory of the configuration, or to a tree that does not lie below it; `*` stands
    /// for one component.
    pub root: String,
    /// Globs of files elsewhere that belong to it too, from the directory of the configuration.
    pub include: Vec<String>,
    /// Globs of files below `root` that do not belong to it.
    pub exclude: Vec<String>,
    /// Absolute directories and files of the machine, each with the path that it has from the directory of the
    /// configuration.
    pub paths: Vec<(String, String)>,
}

/// Which end of a hop is right where the two disagree: fixes make the other one follow it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Truth {
    /// The app: nginx is made to follow.
    #[default]
    App,
    /// The proxy: Gunicorn is made to follow.
    Proxy,
}

impl Truth {
    /// Both of them.
    pub const ALL: [Truth; 2] = [Truth::App, Truth::Proxy];

    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Truth::App => "app",
            Truth::Proxy => "proxy",
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            select: Vec::new(),
            ignore: Vec::new(),
            severity: Vec::new(),
            per_path_ignores: Vec::new(),
            pedantic: false,
            show: Severity::Warning,
            fail_on: Severity::Warning,
            truth: Truth::App,
            target: Target::NEWEST,
            external: Vec::new(),
            file: None,
            directory: None,
            is_for_many: false,
            trees: vec![Root::default()],
            exclude: Vec::new(),
            include: Vec::new(),
            files: FileKinds::default(),
            limits: Limits::default(),
            stacks: Vec::new(),
            only: None,
            baseline_file: None,
            may_change: None,
            baseline: None,
            origins: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests;
