//! Where Gunicorn goes, and what it listens on in the end.

use super::bind;
use super::layers::{self, Settings};
use crate::model::{Datum, Origin, OriginKind, Setting};
use crate::resolve::launch::Activation;
use crate::value::{Endpoint, Possible};

/// Where Gunicorn starts, and the sockets that it is handed.
pub(super) struct Listens<'a> {
    pub(super) directory: &'a Possible<String>,
    pub(super) sockets: &'a Activation,
}

impl Listens<'_> {
    /// The directory that relative paths of sockets are seen from.
    pub(super) fn socket_directory(&self, settings: &Settings) -> Possible<String> {
        launched_in(settings, self.directory)
    }
}

/// The directory that Gunicorn goes to before it loads anything.
pub(super) fn launched_in(settings: &Settings, directory: &Possible<String>) -> Possible<String> {
    match settings.get("chdir").map(|setting| &setting.value) {
        Some(Possible::Known(Datum::Text(chdir))) => Possible::Known(chdir.clone()),
        // Nobody sets it: Gunicorn stays where it starts.
        Some(Possible::Unknown(why)) if why == layers::MACHINE => directory.clone(),
        _ => Possible::Unknown("the directory that it goes to is not known".into()),
    }
}

/// What Gunicorn listens on: the sockets that it is handed, else what `bind` says.
pub(super) fn listeners(settings: &Settings, listens: &Listens) -> Setting<Vec<Endpoint>> {
    let Some(bind) = settings.get("bind") else { return Setting::unknown("not resolved", Origin::DEFAULT) };
    match listens.sockets {
        Activation::Unknown(why) => return Setting::unknown(why.clone(), bind.origin.clone()),
        Activation::Passed(passed) => {
            // With `reuse_port` each worker binds by itself.
            let reuse = settings.get("reuse_port").map(|setting| setting.value.clone());
            let place = passed.first().map(|(_, span)| *span);
            let origin = place.map_or(Origin::DEFAULT, |place| Origin::at(OriginKind::Written, place));
            if reuse != Some(Possible::Known(Datum::Bool(false))) {
                return Setting::unknown("`reuse_port` decides whether the sockets are used", origin);
            }
            return Setting::known(passed.iter().map(|(endpoint, _)| endpoint.clone()).collect(), origin);
        }
        Activation::None => {}
    }
    binds(settings, listens)
}

/// Whether each address that `bind` may have is a path, wherever it is.
pub(super) fn at_paths(settings: &Settings, listens: &Listens) -> bool {
    let Some(bind) = settings.get("bind") else { return false };
    let bind: Setting<Vec<String>> = bind.read();
    let is_path = |address: &String| matches!(bind::parse(address, "8000"), Ok(bind::Parsed::Unix(_)));
    matches!(listens.sockets, Activation::None) && bind.value.must(|addresses| addresses.iter().all(is_path))
}

/// What Gunicorn listens on where it is handed no sockets.
pub(super) fn binds(settings: &Settings, listens: &Listens) -> Setting<Vec<Endpoint>> {
    let Some(bind) = settings.get("bind") else { return Setting::unknown("not resolved", Origin::DEFAULT) };
    let directory = listens.socket_directory(settings);
    let bind: Setting<Vec<String>> = bind.read();
    let value = bind.value.try_map(|addresses| {
        addresses.iter().map(|address| bind::endpoint(address, &directory)).collect::<Result<Vec<_>, _>>()
    });
    let value = match value {
        Possible::OneOf(values) => Possible::one_of(values),
        other => other,
    };
    Setting { value, origin: bind.origin }
}
