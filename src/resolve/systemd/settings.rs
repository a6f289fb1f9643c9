//! What the keys of a unit mean, and what holds where nothing is written.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use super::judged;
use super::merge::{HOLE, Line, Merged};
use super::words::Escapes;
use crate::model::{Datum, Manager, Origin, Setting};
use crate::units::{self, Kind, Row};
use crate::value::{Duration, Possible};

/// The settings of a unit, by systemd's own names. Units share the defaults.
pub(super) type Settings = BTreeMap<&'static str, Arc<Setting<Datum>>>;

/// The settings of a unit.
pub(super) fn settings(unit: &Merged<'_>, version: u32) -> Settings {
    let mut settings = Settings::new();
    if unit.masked {
        return settings;
    }
    let own = own_section(unit.name.kind);
    for section in ["Install", own, "Unit"] {
        let mut by_name: BTreeMap<&'static str, Vec<(Line<'_>, &'static Row)>> = BTreeMap::new();
        for line in unit.lines().iter().filter(|line| line.section == section) {
            // A directive that systemd does not know sets nothing.
            let row = units::find(section, &line.entry.key);
            let Some(row) = row.filter(|row| units::has(row, version) != Some(false)) else { continue };
            for name in names(row) {
                by_name.entry(name).or_default().push((*line, row));
            }
        }
        for (name, lines) in by_name {
            let setting = match adds_up(name) {
                Some(of_words) => list(unit, &lines, of_words, version),
                None => scalar(unit, name, &lines, version),
            };
            if let Some(setting) = setting {
                settings.insert(name, Arc::new(setting));
            }
        }
    }
    for (name, setting) in defaults(unit, &settings) {
        settings.entry(name).or_insert(setting);
    }
    if let Some(why) = open(unit) {
        // Whatever is written or not written may be overridden.
        let unknown = || Possible::Unknown(why.clone());
        settings.values_mut().for_each(|setting| Arc::make_mut(setting).value = unknown());
    }
    settings
}

/// Why settings of a unit may be others than those that are written, if they may.
pub(super) fn open(unit: &Merged<'_>) -> Option<String> {
    let sections = ["Install", own_section(unit.name.kind), "Unit"];
    sections.iter().any(|section| unit.hole(section).is_some()).then(|| HOLE.into())
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

/// The names that a directive sets: `TimeoutSec` is two, and some have an older name.
fn names(row: &'static Row) -> &'static [&'static str] {
    match row.name {
        "TimeoutSec" => &["TimeoutStartSec", "TimeoutStopSec"],
        "StartLimitInterval" => &["StartLimitIntervalSec"],
        "BindTo" => &["BindsTo"],
        "ReadWriteDirectories" => &["ReadWritePaths"],
        "ReadOnlyDirectories" => &["ReadOnlyPaths"],
        "InaccessibleDirectories" => &["InaccessiblePaths"],
        _ => std::slice::from_ref(&row.name),
    }
}

/// Whether the assignments to a key add up, and then whether each is a list of words; else each is one item.
fn adds_up(name: &str) -> Option<bool> {
    match name {
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
        | "RestartPreventExitStatus" => Some(true),
        "Environment" | "EnvironmentFile" | "Documentation" | "IPAddressAllow" | "IPAddressDeny" => {
            Some(false)
        }
        _ if name.starts_with("Exec") || name.starts_with("Listen") => Some(false),
        _ if name.starts_with("Condition") || name.starts_with("Assert") => Some(false),
        _ => None,
    }
}

/// The last assignment that systemd takes: one that it cannot read is ignored, and what was before it stays.
fn scalar(unit: &Merged<'_>, name: &str, lines: &[(Line<'_>, &Row)], version: u32) -> Option<Setting<Datum>> {
    let mut setting = None;
    for (line, row) in lines {
        if let Some(why) = line.doubt() {
            setting = Some(Setting::unknown(why, line.origin()));
            continue;
        }
        if !judged::objections(unit, line, row, version).is_empty() {
            continue;
        }
        let text = &line.value().text;
        if text.is_empty() {
            setting = None;
            continue;
        }
        let value = match read(row.kind, name, text) {
            Some(datum) => Possible::Known(datum),
            // What is read in a certain way and is not taken for wrong is still to be filled in.
            None if reads(row.kind) => Possible::Unknown("a mark in it is still to be replaced".into()),
            None => unit.expand(text).map(Datum::Text),
        };
        setting = Some(Setting { value, origin: line.origin() });
    }
    setting
}

/// Whether [`read`] tells of a value of a kind what it is.
fn reads(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Bool
            | Kind::BoolOrEmpty
            | Kind::FatalBool
            | Kind::BoolOr(_)
            | Kind::Words(_)
            | Kind::WordsOrEmpty(_)
            | Kind::Span
            | Kind::SpanOrEmpty
            | Kind::Mode
            | Kind::Signal
    )
}

fn read(kind: Kind, name: &str, text: &str) -> Option<Datum> {
    match kind {
        Kind::Bool | Kind::BoolOrEmpty | Kind::FatalBool => units::boolean(text).map(Datum::Bool),
        Kind::BoolOr(_) if units::boolean(text).is_some() => units::boolean(text).map(Datum::Bool),
        Kind::BoolOr(words) | Kind::Words(words) | Kind::WordsOrEmpty(words) => {
            words.iter().any(|(word, _)| *word == text).then(|| Datum::Text(text.into()))
        }
        Kind::Span | Kind::SpanOrEmpty => {
            let span = Duration::from_systemd(text)?;
            // 0 is no limit to these.
            let is_limit = matches!(name, "TimeoutStartSec" | "TimeoutStopSec");
            let is_none = is_limit && span == Duration::seconds(0);
            Some(Datum::Duration(if is_none { Duration::INFINITY } else { span }))
        }
        Kind::Mode => units::mode(text).map(|mode| Datum::Text(format!("{mode:04o}"))),
        Kind::Signal => units::signal(text).map(Datum::Text),
        _ => None,
    }
}

/// All that is assigned to a list since it was last emptied, without the words that systemd ignores.
fn list(
    unit: &Merged<'_>,
    lines: &[(Line<'_>, &Row)],
    of_words: bool,
    version: u32,
) -> Option<Setting<Datum>> {
    let mut items = Vec::new();
    let mut origin = None;
    let mut doubt = None;
    let mut count = 0;
    for (line, row) in lines {
        let text = line.value().text.as_str();
        if text.is_empty() && !line.entry.conditional {
            (items, origin, doubt, count) = (Vec::new(), None, None, 0);
            continue;
        }
        let objections = judged::objections(unit, line, row, version);
        let is_ignored = |part: &Range<usize>| {
            objections.iter().any(|it| it.range.start < part.end && part.start < it.range.end)
        };
        let parts: Vec<(String, Range<usize>)> = if !of_words {
            vec![(text.to_owned(), 0..text.len())]
        } else if row.kind.is_list() {
            taken_words(text, Escapes::of(row.kind))
        } else {
            let start = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
            let parts = text.split(super::words::BLANKS).filter(|part| !part.is_empty());
            parts.map(|part| (part.to_owned(), start(part)..start(part) + part.len())).collect()
        };
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(_, range)| row.kind == Kind::Environment || !is_ignored(range))
            .map(|(part, _)| part)
            .collect();
        if parts.is_empty() {
            continue;
        }
        count += 1;
        origin = Some(line.origin());
        if let Some(why) = line.doubt() {
            doubt = Some(why.to_owned());
            continue;
        }
        for part in parts {
            // A command line's specifiers are replaced word by word, and an assignment's too; here they are shown as
            // written.
            let as_written = !of_words && !line.entry.key.starts_with("Listen");
            match if as_written { Possible::Known(part.clone()) } else { unit.expand(&part) } {
                Possible::Known(item) => items.push(item),
                Possible::OneOf(_) | Possible::Usually(_) => doubt = Some("it may be several".into()),
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

/// The words of a list, up to a quote that is not closed, and where they stand.
fn taken_words(text: &str, escapes: Escapes) -> Vec<(String, Range<usize>)> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Ok(Some((word, next))) = super::words::next(text, at, &[], escapes) {
        at = next;
        words.extend(word.text.map(|text| (text, word.range)));
    }
    words
}

/// A setting that holds where nothing is written, which the units share.
type Standard = (&'static str, Arc<Setting<Datum>>);

fn standard(name: &'static str, datum: Datum) -> Standard {
    (name, Arc::new(Setting::known(datum, Origin::DEFAULT)))
}

fn text(text: &str) -> Datum {
    Datum::Text(text.into())
}

static OF_SOCKETS: LazyLock<[Standard; 4]> = LazyLock::new(|| {
    [
        standard("Accept", Datum::Bool(false)),
        standard("DirectoryMode", text("0755")),
        standard("RemoveOnStop", Datum::Bool(false)),
        standard("SocketMode", text("0666")),
    ]
});

static OF_SERVICES: LazyLock<[Standard; 18]> = LazyLock::new(|| {
    [
        standard("DynamicUser", Datum::Bool(false)),
        standard("GuessMainPID", Datum::Bool(true)),
        standard("KillMode", text("control-group")),
        standard("KillSignal", text("SIGTERM")),
        standard("LimitNOFILE", text("1024:524288")),
        standard("PrivateNetwork", Datum::Bool(false)),
        standard("PrivateTmp", Datum::Bool(false)),
        standard("ProtectHome", Datum::Bool(false)),
        standard("ProtectSystem", Datum::Bool(false)),
        standard("Restart", text("no")),
        standard("RestartSec", Datum::Duration(Duration { milliseconds: 100 })),
        standard("RuntimeDirectoryMode", text("0755")),
        standard("RuntimeDirectoryPreserve", Datum::Bool(false)),
        standard("SendSIGKILL", Datum::Bool(true)),
        standard("StartLimitBurst", text("5")),
        standard("StartLimitIntervalSec", Datum::Duration(Duration::seconds(10))),
        standard("TimeoutStopSec", Datum::Duration(Duration::seconds(90))),
        standard("UMask", text("0022")),
    ]
});

/// For a service of any type but `oneshot`.
static START: LazyLock<Standard> =
    LazyLock::new(|| standard("TimeoutStartSec", Datum::Duration(Duration::seconds(90))));

/// For a service of the system's manager.
static DIRECTORY: LazyLock<Standard> = LazyLock::new(|| standard("WorkingDirectory", text("/")));

/// What holds where nothing is written. Seen with `systemctl show` of systemd 252 and 257.
fn defaults(unit: &Merged<'_>, written: &Settings) -> Vec<Standard> {
    match unit.name.kind {
        "socket" => return OF_SOCKETS.to_vec(),
        "service" => {}
        _ => return Vec::new(),
    }
    let kind = match written.get("Type") {
        Some(setting) => setting.read::<String>().value,
        None if written.contains_key("BusName") => Possible::Known("dbus".into()),
        None if written.contains_key("ExecStart") => Possible::Known("simple".into()),
        None => Possible::Known("oneshot".into()),
    };
    let mut defaults = OF_SERVICES.to_vec();
    match kind {
        Possible::Known(kind) => {
            let forever = || standard("TimeoutStartSec", Datum::Duration(Duration::INFINITY));
            defaults.push(if kind == "oneshot" { forever() } else { START.clone() });
            defaults.push(standard("Type", Datum::Text(kind)));
        }
        Possible::OneOf(_) | Possible::Usually(_) | Possible::Unknown(_) => {}
    }
    if unit.manager == Manager::System {
        defaults.push(DIRECTORY.clone());
    }
    defaults
}
