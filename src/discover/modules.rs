//! The Python of an app: which modules there are, and the text of those that a command line names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::limited::bytes_of;
use crate::limits::{Limit, Limits};
use crate::resolve::paths::template_free;
use crate::source::{FileKind, Sources};

/// How many modules are looked for where the walk did not go.
const MAX_LOOKED_FOR: usize = 10_000;

/// Whether a file is a module, or becomes one when a template engine has filled it in or a compiler has read it.
pub(super) fn is_python(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    template_free(name).ends_with(".py") || compiled(name).is_some()
}

/// The name of a module without a text, as its source would have it: `shop.py` of `shop.cpython-311-x86_64-linux-gnu.so`.
fn compiled(name: &str) -> Option<String> {
    let is_one = [".so", ".pyd", ".pyx", ".pyc"].iter().any(|end| name.ends_with(end));
    is_one.then(|| format!("{}.py", name.split('.').next().unwrap_or_default()))
}

/// How the paths of the modules end that units and configurations may name as applications, and of the packages that they
/// are in: `shop/wsgi.py`, `shop/__init__.py`.
pub(super) fn wanted(sources: &Sources) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    let telling = |kind| matches!(kind, FileKind::Systemd | FileKind::Gunicorn);
    for (_, source) in sources.iter().filter(|(_, source)| telling(source.kind)) {
        let starts = source.text.contains("gunicorn");
        for word in source.text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=')) {
            let module = word.split(':').next().unwrap_or_default();
            // Without a dot and a colon it may be any word.
            let named = starts || module.len() < word.len() || module.contains('.');
            let is_name = |part: &str| {
                !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            };
            if named && module.len() <= 200 && module.split('.').all(is_name) {
                modules.insert(module);
            }
        }
    }
    let mut wanted = BTreeSet::new();
    for module in modules {
        let path = module.replace('.', "/");
        for (at, _) in path.match_indices('/').chain([(path.len(), "")]) {
            wanted.insert([&path[..at], "/__init__.py"].concat());
        }
        wanted.insert(path + ".py");
    }
    wanted
}

/// Modules that units may name and that are left out of the tree by a list of files to ignore, beside those of `python`, or
/// with a path of `excluded`: they are there all the same. `shown` gives the path that is shown.
pub(super) fn left_out(
    python: &[PathBuf],
    excluded: &BTreeSet<PathBuf>,
    wanted: &BTreeSet<String>,
    shown: impl Fn(&Path) -> String,
    sources: &mut Sources,
) {
    let mut folders: BTreeMap<&str, BTreeSet<&Path>> = BTreeMap::new();
    for folder in python.iter().filter_map(|path| path.parent()) {
        if let Some(name) = folder.file_name().and_then(|name| name.to_str()) {
            folders.entry(name).or_default().insert(folder);
        }
    }
    let places = wanted.iter().filter_map(|path| path.split_once('/'));
    let places = places.flat_map(|(first, rest)| {
        let there = folders.get(first).into_iter().flatten();
        there.map(move |folder| folder.join(rest))
    });
    let around: BTreeSet<&Path> = excluded.iter().filter_map(|path| path.parent()).collect();
    let around = around.into_iter().chain(excluded.iter().map(PathBuf::as_path));
    let in_excluded = around.flat_map(|folder| wanted.iter().map(move |path| folder.join(path)));
    for path in places.chain(in_excluded).take(MAX_LOOKED_FOR) {
        let name = shown(&path);
        if !sources.has_module(&name) && sources.by_path(&name).is_none() && path.is_file() {
            sources.note_module(name, None);
        }
    }
}

/// Notes a module. What cannot be read is there all the same.
pub(super) fn note(
    path: &Path,
    shown: String,
    wanted: &BTreeSet<String>,
    limits: &Limits,
    sources: &mut Sources,
) {
    let name_at = shown.rfind('/').map_or(0, |at| at + 1);
    if let Some(module) = compiled(&shown[name_at..]) {
        return sources.note_module(format!("{}{module}", &shown[..name_at]), None);
    }
    let plain = format!("{}{}", &shown[..name_at], template_free(&shown[name_at..]));
    let mut ends = plain.match_indices('/').map(|(at, _)| &plain[at + 1..]).chain([plain.as_str()]);
    let asked_for = plain == shown && ends.any(|end| wanted.contains(end));
    drop(ends);
    let most = limits.get(Limit::Source);
    let text = if asked_for { bytes_of(path, most).ok() } else { None };
    let text = text.filter(|bytes| bytes.len() as u64 <= most);
    sources.note_module(plain, text.and_then(|bytes| String::from_utf8(bytes).ok()));
}
