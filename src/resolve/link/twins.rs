//! Copies of one unit: a repository may keep a file twice, and means one app by it.

use std::collections::BTreeMap;

use crate::model::{App, AppId};
use crate::source::Sources;

/// For each app the first one that it is a copy of, which is mostly itself.
///
/// Copies are started by files of one name with the same bytes, and nothing that lies beside one of them makes it different.
pub(super) fn firsts(apps: &[App], sources: &Sources) -> Vec<AppId> {
    let mut seen: BTreeMap<(&str, &str, u32), AppId> = BTreeMap::new();
    let mut firsts = Vec::new();
    for (at, app) in apps.iter().enumerate() {
        let id = AppId(at as u32);
        let file = sources.get(app.place.file);
        let key = (file.name(), file.text.as_str(), app.place.start);
        let first = if app.unit.is_some() { *seen.entry(key).or_insert(id) } else { id };
        let is_copy = is_copy(&apps[first.0 as usize], app);
        firsts.push(if is_copy { first } else { id });
    }
    firsts
}

fn is_copy(first: &App, app: &App) -> bool {
    let settings = || first.settings.iter().zip(&app.settings);
    first.kind == app.kind
        && first.place.file != app.place.file
        && first.config == app.config
        && first.listeners.value == app.listeners.value
        && first.target.value == app.target.value
        && first.directory == app.directory
        && settings().all(|((name, a), (other, b))| name == other && a.value == b.value)
}
