//! The worker class in force.

use super::layers::Settings;
use crate::model::{Datum, Origin, Setting, WorkerClass};
use crate::value::Possible;

/// The class in force: threads make a `gthread` worker of a `sync` one.
///
/// Source: `Config.worker_class_str` in `gunicorn/config.py`.
pub(super) fn worker_class(settings: &Settings) -> Setting<WorkerClass> {
    let Some(class) = settings.get("worker_class") else {
        return Setting::unknown("not resolved", Origin::DEFAULT);
    };
    let threads = settings.get("threads").map(|setting| setting.value.clone());
    let origin = class.origin.clone();
    let Some(classes) = class.value.candidates() else {
        return Setting::unknown(class.value.doubt().unwrap_or_default(), origin);
    };
    let mut possible = Vec::new();
    for class in classes {
        let Datum::Text(name) = class else {
            return Setting::unknown("Gunicorn refuses this worker class", origin);
        };
        let parsed = WorkerClass::parse(name);
        if name != "sync" && !name.ends_with("SyncWorker") {
            possible.push(parsed);
            continue;
        }
        match threads.as_ref().and_then(|threads| threads.candidates()) {
            Some(threads) => possible.extend(threads.iter().flat_map(|threads| match threads {
                Datum::Int(threads) if *threads > 1 => vec![WorkerClass::Gthread],
                Datum::PerMachine(threads) if threads.low > 1 => vec![WorkerClass::Gthread],
                Datum::PerMachine(threads) if threads.high.is_none_or(|high| high > 1) => {
                    vec![parsed.clone(), WorkerClass::Gthread]
                }
                _ => vec![parsed.clone()],
            })),
            None => possible.extend([parsed, WorkerClass::Gthread]),
        }
    }
    Setting { value: Possible::one_of(possible), origin }
}
