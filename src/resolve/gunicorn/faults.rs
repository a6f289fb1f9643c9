//! What Gunicorn refuses of its settings as they are in the end, when it starts.
//!
//! Source: `Arbiter.setup` in `gunicorn/arbiter.py`, `create_sockets` in `gunicorn/sock.py` and `load_class` in
//! `gunicorn/util.py` of 20.1.0, 23.0.0 and 27.0.1.

use super::bind::{self, Parsed};
use super::layers::Settings;
use super::listens::Listens;
use super::validate::Trouble;
use super::{help, mends, table};
use crate::model::{AppFault, AppFaultKind, Datum, Origin, Setting, Version};
use crate::resolve::launch::Activation;
use crate::resolve::systemd::specifiers;
use crate::source::{Sources, Span};

/// What is refused of the settings in force.
pub(super) fn of_start(version: Version, settings: &Settings, listens: &Listens) -> Vec<AppFault> {
    let mut faults = Vec::new();
    faults.extend(settings.get("worker_class").and_then(|class| worker_class(version, class)));
    if let Some(bind) = settings.get("bind") {
        faults.extend(addresses(bind, listens.sockets));
    }
    faults.extend(settings.get("raw_env").and_then(|it| variables(it)));
    faults
}

/// Gunicorn does not start without an application.
pub(super) fn of_application(place: Span, settings: &Settings) -> Option<AppFault> {
    let is_unset = |name: &str| settings.get(name).is_some_and(|it| it.value.must(|it| *it == Datum::Unset));
    // Before 20.1.0 there was no `wsgi_app`.
    let message = "No application module specified.".into();
    (is_unset("paste") && is_unset("wsgi_app"))
        .then(|| AppFault::new(AppFaultKind::NoApplication, place, "", "", message))
}

fn place_of(origin: &Origin) -> Option<Span> {
    origin.anchor.map(|anchor| anchor.value).or(origin.place)
}

/// The addresses of which none can be listened on, whichever list is the one.
fn addresses(bind: &Setting<Datum>, sockets: &Activation) -> Vec<AppFault> {
    let (Some(place), Some(lists)) = (place_of(&bind.origin), bind.value.candidates()) else {
        return Vec::new();
    };
    let refused = |datum: &Datum| -> Vec<(String, String)> {
        let Datum::List(all) = datum else { return Vec::new() };
        // Nothing is bound where descriptors are handed over.
        let descriptor = |text: &String| matches!(bind::parse(text, "8000"), Ok(Parsed::Descriptor));
        let binds = *sockets == Activation::None && !all.iter().any(descriptor);
        let judge = |text: &String| {
            let words = match bind::parse(text, "8000") {
                Err(Trouble::Refused(words)) => Some(words),
                _ if binds => bind::no_socket(text),
                _ => None,
            };
            words.map(|words| (text.clone(), words))
        };
        all.iter().filter_map(judge).collect()
    };
    let each: Vec<Vec<(String, String)>> = lists.iter().map(refused).collect();
    if each.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    let first = each.into_iter().next().unwrap_or_default();
    let one =
        |(text, words): (String, String)| AppFault::new(AppFaultKind::Bind, place, "bind", &text, words);
    first.into_iter().map(one).collect()
}

/// The short names of classes, each with the releases that have it: since, and until before.
const CLASSES: [(&str, Version, Option<Version>); 7] = [
    ("sync", Version(0, 0, 0), None),
    ("gthread", Version(19, 0, 0), None),
    ("gevent", Version(0, 0, 0), None),
    ("gevent_wsgi", Version(0, 0, 0), None),
    ("gevent_pywsgi", Version(0, 0, 0), None),
    ("tornado", Version(0, 0, 0), None),
    ("eventlet", Version(0, 0, 0), Some(Version(26, 0, 0))),
];

/// The release that brought `asgi`.
const ASGI: Version = Version(24, 0, 0);

/// A class that the release does not have. What stands behind a dot, `egg:` or `#` is not looked for.
fn worker_class(version: Version, class: &Setting<Datum>) -> Option<AppFault> {
    let place = place_of(&class.origin)?;
    let names = class.value.candidates()?;
    let judged: Option<Vec<(&String, bool)>> = names.iter().map(|name| missing(version, name)).collect();
    let judged = judged?;
    let (name, by_version) = judged.first()?;
    let message = format!("class uri '{name}' invalid or not found:");
    let mut fault = AppFault::new(AppFaultKind::WorkerClass, place, "worker_class", name, message);
    fault.version = by_version.then_some(version);
    Some(fault)
}

/// The name of a class that a release does not have, and whether another has it.
fn missing(version: Version, class: &Datum) -> Option<(&String, bool)> {
    let Datum::Text(name) = class else { return None };
    match name.as_str() {
        "gunicorn.workers.geventlet.EventletWorker" if version >= Version(26, 0, 0) => {
            return Some((name, true));
        }
        "gunicorn.workers.gasgi.ASGIWorker" if version < ASGI => return Some((name, true)),
        "asgi" if version < ASGI => return Some((name, true)),
        "asgi" | "" => return None,
        // Which short names the releases before had was not looked up.
        _ if name.contains(['.', ':', '#']) || version < Version(20, 1, 0) => return None,
        _ => {}
    }
    match CLASSES.iter().find(|(known, ..)| known == name) {
        Some((_, since, until)) => {
            let has = version >= *since && until.is_none_or(|until| version < until);
            (!has).then_some((name, true))
        }
        None => Some((name, false)),
    }
}

/// A variable of `raw_env` without a value.
fn variables(setting: &Setting<Datum>) -> Option<AppFault> {
    let place = place_of(&setting.origin)?;
    let bad = |datum: &Datum| match datum {
        Datum::List(all) => all.iter().find(|text| !text.contains('=')).cloned(),
        _ => None,
    };
    let each: Option<Vec<String>> = setting.value.candidates()?.iter().map(bad).collect();
    let text = each?.into_iter().next()?;
    let message = format!(
        "environment setting {} invalid",
        super::python::repr(&super::value::Value::Text(text.clone()))
    );
    Some(AppFault::new(AppFaultKind::Value, place, "raw_env", &text, message))
}

/// The faults, each once and with its mend, without those of what is evidently filled in before it is used.
pub(super) fn settled(faults: Vec<AppFault>, version: Version, sources: &Sources) -> Vec<AppFault> {
    let mut kept: Vec<AppFault> = Vec::new();
    for mut fault in faults {
        if is_filled_in(&fault) || kept.contains(&fault) {
            continue;
        }
        if fault.help.is_none() {
            fault.help = help(&fault, version);
        }
        if fault.mend.is_none() {
            fault.mend = mends::mend(&fault, version, sources);
        }
        kept.push(fault);
    }
    kept
}

fn help(fault: &AppFault, version: Version) -> Option<String> {
    let row = match fault.kind {
        AppFaultKind::FileValue => table::of_name(&fault.setting),
        AppFaultKind::Value => table::of_flag(&fault.setting, version).or(table::of_name(&fault.setting)),
        _ => None,
    };
    match row {
        Some(row) if row.name == "raw_env" => Some("write `NAME=value`".into()),
        Some(row) => Some(help::takes(row, version)),
        None => None,
    }
}

/// Whether a template engine, `envsubst`, `sed` or a person fills in a piece of the text: `$PORT`, `{{ port }}`, `__PORT__`,
/// `WORKERS`.
fn is_filled_in(fault: &AppFault) -> bool {
    if matches!(fault.kind, AppFaultKind::NoApplication | AppFaultKind::UnknownSetting) {
        return false;
    }
    let is_mark = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_uppercase())
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
            && !matches!(text, "UNIX" | "TCP" | "HTTP")
    };
    [&fault.value, &fault.message].into_iter().any(|text| {
        text.contains('$')
            || ["{{", "{%", "<%", "%("].iter().any(|mark| text.contains(mark))
            // A function is no mark, though Python prints it like one.
            || specifiers::is_placeholder(text) && !text.contains("<function ")
    }) || fault.setting != "raw_env" && fault.value.split([':', '/', ' ', '=']).any(is_mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_by_release() {
        for (name, version, is_missing) in [
            ("sync", Version(20, 1, 0), false),
            ("gevent_wsgi", Version(27, 0, 1), false),
            ("eventlet", Version(25, 3, 0), false),
            ("eventlet", Version(26, 0, 0), true),
            ("gunicorn.workers.geventlet.EventletWorker", Version(25, 3, 0), false),
            ("gunicorn.workers.geventlet.EventletWorker", Version(26, 0, 0), true),
            ("asgi", Version(23, 0, 0), true),
            ("asgi", Version(24, 0, 0), false),
            ("gunicorn.workers.gasgi.ASGIWorker", Version(23, 0, 0), true),
            ("gaiohttp", Version(20, 1, 0), true),
            ("gaiohttp", Version(19, 10, 0), false),
            ("uvicorn", Version(27, 0, 1), true),
            ("uvicorn.workers.UvicornWorker", Version(27, 0, 1), false),
            ("egg:shop#worker", Version(27, 0, 1), false),
        ] {
            let class = Datum::Text(name.into());
            assert_eq!(missing(version, &class).is_some(), is_missing, "{name} of {version}");
        }
    }
}
