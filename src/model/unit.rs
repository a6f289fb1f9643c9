//! Units of the service manager.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    Argument, Datum, FromDatum, Mend, Origin, Sandbox, Setting, Signal, UnitListener, UnitSocket, Variables,
};
use crate::source::{FileId, Span};
use crate::value::Possible;

/// A unit, as an index into [`super::Deployment::units`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitId(pub u32);

/// A unit as systemd merges it from its file and its drop-ins.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its name: `shop.service`, `web@.service`.
    pub name: String,
    /// The unit file and then the drop-ins that apply, in the order in which they are read.
    pub files: Vec<FileId>,
    /// Where to point at: the head of the unit file.
    pub place: Span,
    /// The settings that are written, by systemd's own names (`TimeoutStopSec`), and the defaults of those that bear on
    /// a hop, which the units share. A name that is not here is not set, unless `open` says otherwise.
    pub settings: BTreeMap<&'static str, Arc<Setting<Datum>>>,
    /// Why settings that are not listed may be set all the same: a template engine or a drop-in that may not apply puts
    /// lines here. `None` where the list is complete.
    pub open: Option<String>,
    /// Whether its file is empty or a link to /dev/null: systemd never starts it.
    pub masked: bool,
    /// Which service manager it is for.
    pub manager: Manager,
    /// The commands of a service, of all its `Exec` directives: in the order of the directives' names, and then in the one
    /// in which they run. None where a line is refused.
    pub commands: Vec<UnitCommand>,
    /// What a service gives its processes by `Environment=`.
    pub variables: Variables,
    /// What it keeps from the processes of its service.
    pub sandbox: Sandbox,
    /// What a socket unit listens on for streams, in the order of its lines. None where the unit is masked; what stands in
    /// lines that are not known is not here.
    pub listeners: Vec<UnitListener>,
    /// The socket units of a service; none where it is not known which they are.
    pub sockets: Vec<UnitSocket>,
    /// Drop-ins that are not read since another one of the same name is, where that costs a setting.
    pub shadowed: Vec<Shadowed>,
    /// What systemd says of lines that it ignores or that make it refuse the unit, in the order in which they are read.
    pub faults: Vec<UnitFault>,
}

/// Which service manager a unit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// That of the system.
    System,
    /// That of a user.
    User,
    /// Nothing tells.
    Unknown,
}

/// A drop-in that another one of the same name hides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadowed {
    /// Its first line that is lost.
    pub place: Span,
    /// The drop-in that is read instead: the head of its first section.
    pub by: Span,
    /// The directives that it sets and the other one does not, in the order of the file.
    pub lost: Vec<String>,
}

/// A command of a service.
#[derive(Clone, Debug)]
pub struct UnitCommand {
    /// The directive: `ExecStart`.
    pub directive: String,
    /// The signs before the program: `-`, `+!`.
    pub prefix: String,
    /// Its words as the process gets them, the program first. A program that is only a name is looked up in a path that
    /// systemd was built with.
    pub words: Vec<Argument>,
    /// From the first to the last word.
    pub place: Span,
    /// The assignment that it stands in.
    pub line: Origin,
    /// The signal that it sends, if that is all it does.
    pub signal: Option<Signal>,
}

impl Unit {
    /// Its type: `service` of `shop.service`.
    pub fn kind(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or_default()
    }

    /// Whether systemd certainly refuses to load it.
    pub fn is_refused(&self) -> bool {
        self.faults.iter().any(|fault| fault.refused)
    }

    /// A setting by systemd's own name: `Known(None)` where it is certainly not set and has no default here. A default that is in
    /// force since systemd passes over the line that is for it is as unknown: the line is the mistake, and is told.
    pub fn setting<T: FromDatum>(&self, name: &str) -> Setting<Option<T>> {
        if !self.is_written(name) && self.passes_over(name) {
            return Setting::unknown("systemd passes over the line that is meant for it", Origin::DEFAULT);
        }
        self.in_force(name)
    }

    /// The same as systemd has it, whatever was meant.
    fn in_force<T: FromDatum>(&self, name: &str) -> Setting<Option<T>> {
        match (self.settings.get(name), &self.open) {
            (Some(setting), _) => {
                let Setting { value, origin } = setting.read::<T>();
                Setting { value: value.map(Some), origin }
            }
            (None, Some(why)) => Setting::unknown(why.clone(), Origin::DEFAULT),
            (None, None) => Setting { value: Possible::Known(None), origin: Origin::DEFAULT },
        }
    }

    /// Whether a line that is evidently for a setting is ignored, so that its default is in force against what somebody meant.
    fn passes_over(&self, name: &str) -> bool {
        self.faults.iter().any(|fault| fault.directive == name || fault.meant.as_deref() == Some(name))
    }

    /// Whether a line sets something, rather than systemd's default.
    pub fn is_written(&self, name: &str) -> bool {
        self.settings.get(name).is_some_and(|it| it.origin.is_written())
    }

    /// What it keeps from the processes that it starts, if it is a service that starts any, and keeps it from all of them: a
    /// command with a `+` runs without any of it.
    pub fn confinement(&self) -> Option<&Sandbox> {
        let is_free = self.commands_of("ExecStart").any(|command| command.prefix.contains('+'));
        let runs = self.kind() == "service" && !self.masked && !self.is_refused();
        (runs && !is_free && self.sandbox.open.is_none()).then_some(&self.sandbox)
    }

    /// Whether its processes certainly run as another user than root, and not by a sign before a command.
    pub fn is_unprivileged(&self) -> bool {
        self.user().must(Option::is_some)
    }

    /// Who the processes of a service run as: nobody named is root, and so is `root`. Who is told by `DynamicUser=` alone
    /// bears the unit's name.
    pub fn user(&self) -> Possible<Option<String>> {
        if self.manager != Manager::System {
            return Possible::Unknown("a user's services run as that user".into());
        }
        // These are left all privileges, or take them from the service by themselves.
        if self.commands_of("ExecStart").any(|command| command.prefix.contains(['+', '!'])) {
            return Possible::Known(None);
        }
        let is_root = |name: &String| name == "root" || name == "0";
        match (self.setting::<String>("User").value, self.setting::<bool>("DynamicUser").value) {
            (Possible::Known(None), Possible::Known(Some(true))) => Possible::Known(Some(self.stem().into())),
            (Possible::Known(None), Possible::Known(_)) => Possible::Known(None),
            (Possible::Known(None), _) => {
                Possible::Unknown("it is not known whether `DynamicUser=` is set".into())
            }
            (user, _) => user.map(|user| user.filter(|name| !is_root(name))),
        }
    }

    /// Its name without the type: `shop` of `shop.service`.
    pub fn stem(&self) -> &str {
        self.name.rsplit_once('.').map_or(&self.name, |(stem, _)| stem)
    }

    /// The directories that systemd makes for it in /run, those above them and links to them included:
    /// `/run/shop`. `None` where it is not known which these are.
    pub fn runtime_directories(&self) -> Option<Vec<String>> {
        const NAME: &str = "RuntimeDirectory";
        // Of a value that means nothing to systemd it is known that nothing is made for it.
        let is_value = |fault: &UnitFault| fault.directive == NAME && fault.kind == UnitFaultKind::Value;
        let setting = match self.faults.iter().any(is_value) {
            true => self.in_force::<Vec<String>>(NAME),
            false => self.setting(NAME),
        };
        let names: Option<Vec<String>> = match setting.value {
            Possible::Known(names) => names,
            _ => return None,
        };
        let mut directories = Vec::new();
        for name in names.unwrap_or_default() {
            // Behind a colon stands a link to it.
            for name in name.split(':').map(|name| name.trim_end_matches('/')).filter(|name| !name.is_empty())
            {
                let path = format!("/run/{name}");
                directories.extend(path.match_indices('/').skip(2).map(|(at, _)| path[..at].to_owned()));
                directories.push(path);
            }
        }
        Some(directories)
    }

    /// Whether a command before the main one may make files as root that nothing here speaks of, as a script does.
    pub fn prepares_unseen(&self) -> bool {
        // These make nothing that they do not name.
        const TOOLS: [&str; 20] = [
            "[", "cat", "chgrp", "chmod", "chown", "cp", "echo", "false", "find", "install", "kill", "ln",
            "ls", "mkdir", "mv", "rm", "sleep", "test", "touch", "true",
        ];
        let all_as_root = !self.is_unprivileged() || self.settings.contains_key("PermissionsStartOnly");
        let mut before = self.commands_of("ExecStartPre").chain(self.commands_of("ExecCondition"));
        before.any(|command| {
            let program = command.words.first().and_then(|word| word.text.known());
            let name = program.map(|path| path.rsplit('/').next().unwrap_or_default());
            (all_as_root || command.prefix.contains(['+', '!']))
                && name.is_none_or(|name| !TOOLS.contains(&name))
        })
    }

    /// The commands of a directive.
    pub fn commands_of<'a>(&'a self, directive: &'a str) -> impl Iterator<Item = &'a UnitCommand> {
        self.commands.iter().filter(move |command| command.directive == directive)
    }
}

/// A line that systemd ignores, as a whole or in part, or for which it refuses the unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitFault {
    /// What sort of mistake it is.
    pub kind: UnitFaultKind,
    /// What is wrong: the header of a section, a key, a value or a word of it.
    pub place: Span,
    /// The assignment that it stands in, or the header.
    pub line: Span,
    /// The directive; empty for a section.
    pub directive: String,
    /// What systemd says, without the place and without what it does about it: `Failed to parse boolean value: maybe`.
    pub message: String,
    /// Whether systemd refuses the whole unit. Else it goes on as if the line or the word were not there: what was set
    /// before stays, or the default.
    pub refused: bool,
    /// What is evidently meant: the nearest name, or the section that has the directive.
    pub meant: Option<String>,
    /// The mend, where there is one.
    pub mend: Option<Mend>,
}

/// The sorts of faults of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnitFaultKind {
    /// A section that units of this type have not.
    Section,
    /// A directive that no section has.
    Unknown,
    /// A directive of another section.
    Misplaced,
    /// A value that means nothing to systemd.
    Value,
    /// A specifier that systemd does not know.
    Specifier,
    /// A command line that systemd cannot read: a quote that is not closed, or a specifier that it does not know.
    Quoting,
    /// A program that is neither a name nor an absolute path.
    Program,
    /// A comment behind a path, which is a part of it to systemd: it takes the line, and there is no such file.
    Comment,
    /// No command where there has to be one, or several where there may be only one.
    Count,
}
