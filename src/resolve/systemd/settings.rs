//! What the keys of a unit mean, and what holds where nothing is written.

use std::collections::BTreeMap;

use super::merge::{HOLE, Line, Merged};
use super::specifiers::Scope;
use crate::model::{Datum, Origin, Setting};
use crate::value::{Duration, Possible};

type Settings = BTreeMap<String, Setting<Datum>>;

/// How the value of a key is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// On or off.
    Bool,
    /// A time span.
    Span,
    /// A time span of which 0 means no limit.
    Limit,
    /// One of these words; anything else is ignored.
    Word(&'static [&'static str]),
    /// A file mode in octal; anything else is ignored.
    Mode,
    /// Assignments add up, and each is a list of words.
    Words,
    /// Assignments add up, and each is one item.
    Lines,
    /// Any text.
    Text,
}

/// The settings of a unit.
pub(super) fn settings(unit: &Merged<'_>) -> Settings {
    let mut settings = Settings::new();
    if unit.masked {
        return settings;
    }
    let own = own_section(unit.name.kind);
    for section in ["Install", own, "Unit"] {
        let mut by_name: BTreeMap<&str, Vec<Line<'_>>> = BTreeMap::new();
        for line in unit.lines().iter().filter(|line| line.section == section) {
            for name in names(&line.entry.key) {
                by_name.entry(name).or_default().push(*line);
            }
        }
        for (name, lines) in by_name {
            let setting = match kind(name) {
                Kind::Words | Kind::Lines => list(unit, name, &lines),
                kind => scalar(unit, kind, &lines),
            };
            if let Some(setting) = setting {
                settings.insert(name.into(), setting);
            }
        }
    }
    for (name, datum) in defaults(unit, &settings) {
        settings.entry(name.into()).or_insert_with(|| Setting::known(datum, Origin::DEFAULT));
    }
    if ["Install", own, "Unit"].iter().any(|section| unit.hole(section).is_some()) {
        // Whatever is written or not written may be overridden.
        settings.values_mut().for_each(|setting| setting.value = Possible::Unknown(HOLE.into()));
    }
    settings
}

/// The section that is named after the unit's type; a target and a device have none.
fn own_section(kind: &str) -> &'static str {
    match kind {
        "service" => "Service",
        "socket" => "Socket",
        "timer" => "Timer",
        "path" => "Path",
        "slice" => "Slice",
        "mount" => "Mount",
        "automount" => "Automount",
        "swap" => "Swap",
        "scope" => "Scope",
        _ => "Unit",
    }
}

/// The names that a key sets: `TimeoutSec` is two, and some have an older name.
fn names(key: &str) -> Vec<&str> {
    match key {
        "TimeoutSec" => vec!["TimeoutStartSec", "TimeoutStopSec"],
        "StartLimitInterval" => vec!["StartLimitIntervalSec"],
        "BindTo" => vec!["BindsTo"],
        _ => vec![key],
    }
}

/// How a key is read. Source: the table of keys in `src/core/load-fragment-gperf.gperf.in` of systemd 252.
fn kind(name: &str) -> Kind {
    match name {
        "TimeoutStartSec" | "TimeoutStopSec" => Kind::Limit,
        "RestartSec" | "RuntimeMaxSec" | "WatchdogSec" | "StartLimitIntervalSec" | "TimeoutAbortSec" => {
            Kind::Span
        }
        "Type" => {
            Kind::Word(&["simple", "exec", "forking", "oneshot", "dbus", "notify", "notify-reload", "idle"])
        }
        "Restart" => Kind::Word(&[
            "no",
            "on-success",
            "on-failure",
            "on-abnormal",
            "on-watchdog",
            "on-abort",
            "always",
        ]),
        "KillMode" => Kind::Word(&["control-group", "process", "mixed", "none"]),
        "NotifyAccess" => Kind::Word(&["none", "main", "exec", "all"]),
        "UMask" | "RuntimeDirectoryMode" | "SocketMode" | "DirectoryMode" => Kind::Mode,
        "Accept"
        | "DynamicUser"
        | "GuessMainPID"
        | "PrivateNetwork"
        | "PrivateTmp"
        | "RemainAfterExit"
        | "RemoveOnStop"
        | "SendSIGHUP"
        | "SendSIGKILL"
        | "NoNewPrivileges"
        | "PrivateDevices"
        | "DefaultDependencies"
        | "NonBlocking"
        | "FreeBind"
        | "ReusePort"
        | "RootDirectoryStartOnly" => Kind::Bool,
        "After"
        | "Before"
        | "Wants"
        | "Requires"
        | "Requisite"
        | "BindsTo"
        | "PartOf"
        | "Upholds"
        | "Conflicts"
        | "JoinsNamespaceOf"
        | "WantedBy"
        | "RequiredBy"
        | "Also"
        | "Alias"
        | "Sockets"
        | "RuntimeDirectory"
        | "StateDirectory"
        | "CacheDirectory"
        | "LogsDirectory"
        | "ConfigurationDirectory"
        | "ReadWritePaths"
        | "ReadOnlyPaths"
        | "InaccessiblePaths"
        | "ExecPaths"
        | "NoExecPaths"
        | "BindPaths"
        | "BindReadOnlyPaths"
        | "TemporaryFileSystem"
        | "SupplementaryGroups"
        | "PassEnvironment"
        | "UnsetEnvironment"
        | "AmbientCapabilities"
        | "CapabilityBoundingSet"
        | "RestrictAddressFamilies"
        | "SystemCallFilter"
        | "SuccessExitStatus"
        | "RestartPreventExitStatus" => Kind::Words,
        "Environment" | "EnvironmentFile" | "Documentation" | "IPAddressAllow" | "IPAddressDeny" => {
            Kind::Lines
        }
        _ if name.starts_with("Exec") || name.starts_with("Listen") => Kind::Lines,
        _ if name.starts_with("Condition") || name.starts_with("Assert") => Kind::Lines,
        _ => Kind::Text,
    }
}

/// The last assignment that systemd takes: one that it cannot read is ignored, and what was before it stays.
fn scalar(unit: &Merged<'_>, kind: Kind, lines: &[Line<'_>]) -> Option<Setting<Datum>> {
    let mut setting = None;
    for line in lines {
        if let Some(why) = line.doubt() {
            setting = Some(Setting::unknown(why, line.origin()));
            continue;
        }
        let text = &line.value().text;
        if text.is_empty() {
            if kind == Kind::Text {
                setting = None;
            }
            continue;
        }
        let value = match kind {
            Kind::Text => unit.expand(text).map(Datum::Text),
            _ => match read(kind, text) {
                Some(datum) => Possible::Known(datum),
                // A value that is still to be filled in is not ignored in the end.
                None if super::specifiers::is_placeholder(text) || (unit.envsubst && text.contains('$')) => {
                    Possible::Unknown("a mark in it is still to be replaced".into())
                }
                None => continue,
            },
        };
        setting = Some(Setting { value, origin: line.origin() });
    }
    setting
}

fn read(kind: Kind, text: &str) -> Option<Datum> {
    match kind {
        Kind::Bool => boolean(text).map(Datum::Bool),
        Kind::Span => Duration::from_systemd(text).map(Datum::Duration),
        Kind::Limit => Duration::from_systemd(text)
            .map(|span| if span == Duration::seconds(0) { Duration::INFINITY } else { span })
            .map(Datum::Duration),
        Kind::Word(words) => words.contains(&text).then(|| Datum::Text(text.into())),
        Kind::Mode => {
            let octal = text.len() <= 6 && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
            let mode = u32::from_str_radix(text, 8).ok().filter(|mode| octal && *mode <= 0o7777)?;
            Some(Datum::Text(format!("{mode:04o}")))
        }
        Kind::Words | Kind::Lines | Kind::Text => None,
    }
}

/// A boolean as systemd reads it. Source: `parse_boolean` in `src/basic/parse-util.c` of systemd 252.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "t" | "on" => Some(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Some(false),
        _ => None,
    }
}

/// All that is assigned to a list since it was last emptied.
fn list(unit: &Merged<'_>, name: &str, lines: &[Line<'_>]) -> Option<Setting<Datum>> {
    let mut items = Vec::new();
    let mut origin = None;
    let mut doubt = None;
    let mut count = 0;
    for line in lines {
        if line.value().text.is_empty() && !line.entry.conditional {
            (items, origin, doubt, count) = (Vec::new(), None, None, 0);
            continue;
        }
        count += 1;
        origin = Some(line.origin());
        if let Some(why) = line.doubt() {
            doubt = Some(why.to_owned());
            continue;
        }
        let text = line.value().text.as_str();
        let parts: Vec<&str> = match kind(name) {
            Kind::Words => text.split(super::words::BLANKS).filter(|word| !word.is_empty()).collect(),
            _ => vec![text],
        };
        for part in parts {
            // A command line's specifiers are replaced word by word, and an assignment's too; here they are shown as
            // written.
            let as_written = kind(name) == Kind::Lines && !name.starts_with("Listen");
            match if as_written { Possible::Known(part.to_owned()) } else { unit.expand(part) } {
                Possible::Known(item) => items.push(item),
                Possible::OneOf(_) | Possible::Usually { .. } => doubt = Some("it may be several".into()),
                Possible::Unknown(why) => doubt = Some(why),
            }
        }
    }
    let mut origin = origin?;
    if count > 1 {
        // Several assignments cannot be changed as one.
        origin.anchor = None;
    }
    Some(match doubt {
        Some(why) => Setting::unknown(why, origin),
        None => Setting::known(Datum::List(items), origin),
    })
}

/// What holds where nothing is written. Seen with `systemctl show` of systemd 252 and 257.
fn defaults(unit: &Merged<'_>, written: &Settings) -> Vec<(&'static str, Datum)> {
    let text = |text: &str| Datum::Text(text.into());
    if !matches!(unit.name.kind, "service" | "socket") {
        return Vec::new();
    }
    if unit.name.kind == "socket" {
        return vec![
            ("Accept", Datum::Bool(false)),
            ("DirectoryMode", text("0755")),
            ("RemoveOnStop", Datum::Bool(false)),
            ("SocketMode", text("0666")),
        ];
    }
    let kind = match written.get("Type") {
        Some(setting) => setting.read::<String>().value,
        None if written.contains_key("BusName") => Possible::Known("dbus".into()),
        None if written.contains_key("ExecStart") => Possible::Known("simple".into()),
        None => Possible::Known("oneshot".into()),
    };
    let mut defaults = vec![
        ("DynamicUser", Datum::Bool(false)),
        ("GuessMainPID", Datum::Bool(true)),
        ("KillMode", text("control-group")),
        ("KillSignal", text("SIGTERM")),
        ("LimitNOFILE", text("1024:524288")),
        ("PrivateNetwork", Datum::Bool(false)),
        ("PrivateTmp", Datum::Bool(false)),
        ("ProtectHome", text("no")),
        ("ProtectSystem", text("no")),
        ("Restart", text("no")),
        ("RestartSec", Datum::Duration(Duration { milliseconds: 100 })),
        ("RuntimeDirectoryMode", text("0755")),
        ("RuntimeDirectoryPreserve", text("no")),
        ("SendSIGKILL", Datum::Bool(true)),
        ("StartLimitBurst", text("5")),
        ("StartLimitIntervalSec", Datum::Duration(Duration::seconds(10))),
        ("TimeoutStopSec", Datum::Duration(Duration::seconds(90))),
        ("UMask", text("0022")),
    ];
    match kind {
        Possible::Known(kind) => {
            let start = if kind == "oneshot" { Duration::INFINITY } else { Duration::seconds(90) };
            defaults.push(("TimeoutStartSec", Datum::Duration(start)));
            defaults.push(("Type", Datum::Text(kind)));
        }
        Possible::OneOf(_) | Possible::Usually { .. } | Possible::Unknown(_) => {}
    }
    if unit.scope == Scope::System {
        defaults.push(("WorkingDirectory", text("/")));
    }
    defaults
}
