//! What systemd makes of a value.

use super::confine;
use super::kind::{Kind, Limit};
use super::number;
use super::words::Word;
use crate::value::{Duration, Host};

/// What systemd makes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It takes it.
    Taken,
    /// It does as if the line, or this word of it, were not there, and says so.
    Ignored(&'static str),
    /// It refuses the unit.
    Refused(&'static str),
    /// Not known.
    Unknown,
}

use Verdict::{Ignored, Refused, Taken, Unknown};

/// What systemd makes of a value, or of one word of it where the kind is a list. Specifiers are replaced already.
pub fn judge(kind: Kind, text: &str, version: u32) -> Verdict {
    match kind {
        Kind::Any | Kind::Text | Kind::Units => Taken,
        Kind::Bool => taken(boolean(text).is_some(), "Failed to parse boolean value"),
        Kind::BoolOrEmpty => {
            taken(text.is_empty() || boolean(text).is_some(), "Failed to parse boolean value")
        }
        Kind::FatalBool if boolean(text).is_some() => Taken,
        Kind::FatalBool => Refused("Failed to parse boolean value"),
        Kind::Words(words) => word(words, text, version),
        Kind::WordsOrEmpty(words) if !text.is_empty() => word(words, text, version),
        Kind::BoolOr(words) if boolean(text).is_none() => word(words, text, version),
        Kind::WordsOrEmpty(_) | Kind::BoolOr(_) => Taken,
        Kind::Span => taken(Duration::from_systemd(text).is_some(), "Failed to parse time value"),
        Kind::SpanOrEmpty => {
            taken(text.is_empty() || Duration::from_systemd(text).is_some(), "Failed to parse time value")
        }
        Kind::Unsigned => {
            taken(number::unsigned(text, u64::from(u32::MAX)).is_some(), "Failed to parse unsigned value")
        }
        Kind::Integer => {
            let fits = number::signed(text).is_some_and(|it| i32::try_from(it).is_ok());
            taken(fits, "Failed to parse int value")
        }
        Kind::Between(least, most) => {
            let fits = number::signed(text).is_some_and(|it| (least..=most).contains(&it));
            taken(text.is_empty() || fits, "Failed to parse the value")
        }
        Kind::Mode => taken(mode(text).is_some(), "Failed to parse mode value"),
        Kind::Signal => taken(number::signal(text).is_some(), "Failed to parse signal name"),
        Kind::Size => taken(number::bytes(text).is_some(), "Failed to parse size value"),
        Kind::Limit(limit) => resource(limit, text),
        Kind::Memory { zero } => memory(text, zero),
        Kind::Weight { idle } => {
            let fits = number::unsigned(text, 10_000).is_some_and(|weight| weight > 0);
            taken(text.is_empty() || fits || idle && text == "idle", "Invalid weight")
        }
        Kind::Tasks => {
            let share = number::percent(text).is_some_and(|share| share <= 10_000);
            let number = number::unsigned(text, u64::MAX - 1).is_some_and(|number| number > 0);
            taken(text.is_empty() || text == "infinity" || share || number, "Invalid maximum tasks value")
        }
        Kind::Quota => {
            let share = number::percent(text).is_some_and(|share| share > 0);
            taken(text.is_empty() || share, "Invalid CPU quota")
        }
        Kind::Command => Unknown,
        Kind::Rest => Unknown,
        Kind::Condition => {
            let text = text.strip_prefix('|').unwrap_or(text);
            path(text.strip_prefix('!').unwrap_or(text), Ignored)
        }
        Kind::Path => path(text, Ignored),
        Kind::Root => path(text, Refused),
        Kind::Paths => {
            let text = text.strip_prefix('-').unwrap_or(text);
            path_of(text.strip_prefix('+').unwrap_or(text), Ignored)
        }
        Kind::PidFile if text.is_empty() => Taken,
        Kind::PidFile if !is_normalized(text) => Refused("path is not normalized"),
        Kind::PidFile => Taken,
        Kind::Directories => directory(text),
        Kind::WorkingDirectory => match text.strip_prefix('-') {
            _ if text.is_empty() || text == "~" || text == "-~" => Taken,
            Some(text) => path_of(text, Ignored),
            None => path_of(text, Refused),
        },
        Kind::EnvironmentFile if text.is_empty() => Taken,
        Kind::EnvironmentFile => path_of(text.strip_prefix('-').unwrap_or(text), Ignored),
        Kind::Identity if text.is_empty() => Taken,
        Kind::Identity | Kind::Identities => identity(text),
        Kind::Environment => {
            let is_assignment = text.split_once('=').is_some_and(|(name, _)| is_name(name));
            taken(is_assignment, "Invalid environment assignment")
        }
        Kind::Names => taken(is_name(text), "Invalid environment name"),
        Kind::Statuses => match number::unsigned(text, 255) {
            Some(_) => Taken,
            None if number::signal(text).is_some() => Taken,
            // Some statuses have names.
            None if text.starts_with(|c: char| c.is_ascii_uppercase()) => Unknown,
            None => Ignored("Failed to parse value"),
        },
        Kind::Output => output(text),
        Kind::Address => address(text),
        Kind::Sockets => taken(text.ends_with(".socket"), "Unit must be of type socket"),
        Kind::Binds => confine::bind(text),
        Kind::Overlays => path_of(text.split(':').next().unwrap_or_default(), Ignored),
        Kind::Places => path_of(text, Ignored),
        Kind::Families => confine::family(text),
        Kind::Calls => confine::call(text),
        Kind::Networks => confine::network(text),
        Kind::Urls => url(text),
        Kind::Unsets => {
            let name = text.split_once('=').map_or(text, |(name, _)| name);
            taken(is_name(name), "Invalid environment name or assignment")
        }
        Kind::Input => input(text),
        Kind::UnitName => unit_name(text, &UNIT_TYPES),
        Kind::Slice => unit_name(text, &["slice"]),
        Kind::Service if !text.ends_with(".service") => Ignored("Unit must be of type service"),
        Kind::Service => taken(!text.ends_with("@.service"), "Failed to load unit"),
    }
}

pub(super) fn taken(is_taken: bool, reason: &'static str) -> Verdict {
    if is_taken { Taken } else { Ignored(reason) }
}

/// A boolean. Source: `parse_boolean` in `src/basic/parse-util.c` of systemd 252.
pub fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "t" | "on" => Some(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Some(false),
        _ => None,
    }
}

/// The mode of a file. Source: `parse_mode` in `src/basic/parse-util.c` of systemd 252.
pub fn mode(text: &str) -> Option<u32> {
    let octal = !text.is_empty() && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    u32::from_str_radix(text, 8).ok().filter(|mode| octal && *mode <= 0o7777)
}

/// Whether a text can name a variable. Source: `env_name_is_valid` in `src/basic/env-util.c` of systemd 252.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn word(words: &[Word], text: &str, version: u32) -> Verdict {
    let fits = words.iter().any(|(word, since)| *word == text && version >= *since);
    // A word that came between two releases that were tried may be known to the one that is meant.
    let perhaps = version > 252 && words.iter().any(|(word, _)| *word == text);
    match (fits, perhaps) {
        (true, _) => Taken,
        (false, true) => Unknown,
        (false, false) => Ignored("Failed to parse the value"),
    }
}

fn resource(limit: Limit, text: &str) -> Verdict {
    let read = |text: &str| match limit {
        _ if text == "infinity" => Some(u64::MAX),
        Limit::Size => number::bytes(text),
        Limit::Number => number::unsigned(text, u64::MAX - 1),
        Limit::Time => Duration::from_systemd(text).map(|span| span.milliseconds),
    };
    let (soft, hard) = match text.split_once(':') {
        Some((soft, hard)) => (read(soft), read(hard.strip_suffix(':').unwrap_or(hard))),
        None => (read(text), read(text)),
    };
    match (soft, hard) {
        (Some(soft), Some(hard)) if soft > hard => {
            Ignored("Soft resource limit chosen higher than hard limit")
        }
        (Some(_), Some(_)) => Taken,
        _ => Ignored("Failed to parse resource value"),
    }
}

fn memory(text: &str, zero: bool) -> Verdict {
    if text.is_empty() || text == "infinity" {
        return Taken;
    }
    let amount = match number::percent(text) {
        Some(share) => Some(share).filter(|share| *share <= 10_000),
        None => number::bytes(text).filter(|bytes| *bytes < u64::MAX),
    };
    match amount {
        Some(0) if !zero => Ignored("Memory limit out of range"),
        Some(_) => Taken,
        None => Ignored("Invalid memory limit"),
    }
}

/// A path, or nothing.
fn path(text: &str, otherwise: fn(&'static str) -> Verdict) -> Verdict {
    if text.is_empty() { Taken } else { path_of(text, otherwise) }
}

/// The longest path that Linux takes, in bytes.
const MAX_PATH: usize = 4095;

pub(super) fn path_of(text: &str, otherwise: fn(&'static str) -> Verdict) -> Verdict {
    if !text.starts_with('/') {
        otherwise("path is not absolute")
    } else if text.len() > MAX_PATH {
        otherwise("path has invalid length")
    } else if !is_normalized(text) {
        otherwise("path is not normalized")
    } else {
        Taken
    }
}

/// Whether no component is `..`. Source: `path_is_valid` and `path_is_normalized` in `src/basic/path-util.c`.
fn is_normalized(text: &str) -> bool {
    text.split('/').all(|part| part != "..")
}

/// One directory of `RuntimeDirectory=`. Behind a colon stands the name of a link to it, or of several.
fn directory(text: &str) -> Verdict {
    // What stands behind a backslash is unescaped once more.
    if text.contains([':', '\\']) {
        return Unknown;
    }
    let parts = || text.split('/').filter(|part| !part.is_empty() && *part != ".");
    if text.starts_with('/') {
        Ignored("path is absolute")
    } else if !is_normalized(text) || parts().next().is_none() {
        Ignored("path is not normalized")
    } else if parts().next() == Some("private") {
        Ignored("path can't be 'private'")
    } else {
        Taken
    }
}

/// A user or a group. Source: `valid_user_group_name` with `VALID_USER_ALLOW_NUMERIC|VALID_USER_RELAX` in
/// `src/basic/user-util.c` of systemd 252.
fn identity(text: &str) -> Verdict {
    const REFUSED: Verdict = Refused("Invalid user/group name or numeric ID");
    if text.is_empty() || text.starts_with('-') && text[1..].bytes().all(|byte| byte.is_ascii_digit()) {
        return REFUSED;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let plain = text == "0" || !text.starts_with('0');
        // Both are what the kernel has for nobody at all.
        let number = text.parse::<u32>().ok().filter(|id| plain && !matches!(*id, u32::MAX | 0xffff));
        return if number.is_some() { Taken } else { REFUSED };
    }
    let plain = text.trim() == text && !text.contains([':', '/']) && !text.contains(|c: char| c.is_control());
    if plain && text != "." && text != ".." { Taken } else { REFUSED }
}

/// Where standard output goes. Source: systemd.exec(5); `syslog` is taken for `journal`, with a warning.
fn output(text: &str) -> Verdict {
    const WORDS: [&str; 11] = [
        "inherit",
        "null",
        "tty",
        "journal",
        "kmsg",
        "journal+console",
        "kmsg+console",
        "socket",
        "fd",
        "syslog",
        "syslog+console",
    ];
    if let Some(path) = ["file:", "append:", "truncate:"].iter().find_map(|prefix| text.strip_prefix(prefix))
    {
        return if path.contains('%') && path.starts_with('/') { Unknown } else { path_of(path, Ignored) };
    }
    if text.starts_with("fd:") {
        return Unknown;
    }
    taken(WORDS.contains(&text), "Failed to parse output specifier")
}

/// Where standard input comes from. Source: `config_parse_exec_input` in `src/core/load-fragment.c` of systemd 252.
fn input(text: &str) -> Verdict {
    const WORDS: [&str; 7] = ["null", "tty", "tty-force", "tty-fail", "socket", "fd", "data"];
    match text.strip_prefix("file:") {
        Some(path) => path_of(path, Ignored),
        None if text.starts_with("fd:") => Unknown,
        None => taken(WORDS.contains(&text), "Failed to parse input specifier"),
    }
}

/// The address of a document. Source: `documentation_url_is_valid` in `src/basic/web-util.c` of systemd 252.
fn url(text: &str) -> Verdict {
    const SCHEMES: [&str; 5] = ["http://", "https://", "file:/", "info:", "man:"];
    let rest = SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme));
    taken(rest.is_some_and(|rest| !rest.is_empty()), "Invalid URL")
}

const UNIT_TYPES: [&str; 11] = [
    "service",
    "socket",
    "target",
    "device",
    "mount",
    "automount",
    "swap",
    "timer",
    "path",
    "slice",
    "scope",
];

/// The name of a unit of one of these types.
fn unit_name(text: &str, types: &[&str]) -> Verdict {
    let fits = |(name, kind): (&str, &str)| !name.is_empty() && types.contains(&kind);
    match text.rsplit_once('.') {
        Some((name, _)) if !name.bytes().all(|it| it.is_ascii_alphanumeric() || b":-_.@\\".contains(&it)) => {
            Unknown
        }
        parts => taken(parts.is_some_and(fits), "Unit name is not valid"),
    }
}

/// An address of a stream or of datagrams. Source: `socket_address_parse` in `src/shared/socket-netlink.c` of systemd 252.
fn address(text: &str) -> Verdict {
    const IGNORED: Verdict = Ignored("Failed to parse address value");
    /// The longest path of a socket, in bytes.
    const MAX_SOCKET: usize = 107;
    let port = |text: &str| number::unsigned(text, 65_535).is_some_and(|port| port > 0);
    if text.is_empty() {
        return Taken;
    }
    if text.starts_with(['/', '@']) {
        return taken(text.len() > 1 && text.len() <= MAX_SOCKET, "Failed to parse address value");
    }
    if text.starts_with("vsock") || text.contains('%') {
        return Unknown;
    }
    match text.rsplit_once(':') {
        None if port(text) => Taken,
        Some((host, number)) if port(number) && number.starts_with(|c: char| c.is_ascii_digit()) => {
            match Host::parse(host) {
                Host::V4(_) => Taken,
                Host::V6(_) if host.starts_with('[') => Taken,
                _ => IGNORED,
            }
        }
        _ => IGNORED,
    }
}
