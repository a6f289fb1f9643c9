//! The application that a launch names: whether the tree has it, and what it speaks.
//!
//! Source: `import_app` in `gunicorn/util.py` and `chdir` in `gunicorn/app/base.py`: the module is imported with the directory
//! that Gunicorn goes to, and those of `--pythonpath`, before all others.

use std::collections::{BTreeMap, BTreeSet};

use super::{body_limit, module_text};
use crate::model::{BodyLimit, Interface, MissingTarget};
use crate::source::Sources;
use crate::value::{Possible, Size};

/// The Python files of a stack.
pub(super) struct Modules<'a> {
    /// Their paths below the stack's root by the last component, each with its text if it was read.
    by_name: BTreeMap<&'a str, Vec<(&'a str, Option<&'a str>)>>,
    /// All directories, by their paths below the root; the root is empty.
    folders: BTreeSet<&'a str>,
    /// Whether a template engine makes the names of directories.
    templates: bool,
}

impl<'a> Modules<'a> {
    pub(super) fn new(root: &str, sources: &'a Sources) -> Modules<'a> {
        let mut modules =
            Modules { by_name: BTreeMap::new(), folders: BTreeSet::from([""]), templates: false };
        for (path, text) in sources.modules() {
            let Some(inside) = path.strip_prefix(root) else { continue };
            let name = inside.rsplit('/').next().unwrap_or(inside);
            modules.by_name.entry(name).or_default().push((inside, text));
            modules.folders.extend(inside.match_indices('/').map(|(at, _)| &inside[..at]));
            modules.templates |= inside.contains(['{', '<', '$', '%']);
        }
        modules
    }

    /// The files whose path ends so.
    fn ending(&self, end: &str) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        let name = end.rsplit('/').next().unwrap_or(end);
        let end = end.to_owned();
        self.by_name.get(name).into_iter().flatten().copied().filter(move |(path, _)| {
            path.strip_suffix(end.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        })
    }

    /// The text of the file at a path, if it is there: `Some(None)` where it was not read.
    fn at(&self, path: &str) -> Option<Option<&'a str>> {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.by_name.get(name)?.iter().find(|(it, _)| *it == path).map(|(_, text)| *text)
    }

    /// Whether a file of the tree lies directly in a directory and is called so, but for the case of its letters.
    fn respelt(&self, folder: &str, name: &str) -> Option<String> {
        let wanted = format!("{name}.py");
        let names = self.by_name.keys().filter(|it| it.eq_ignore_ascii_case(&wanted) && **it != wanted);
        let mut names = names.filter(|it| self.at(&joined(folder, it)).is_some());
        names.next().and_then(|it| it.strip_suffix(".py")).map(str::to_owned)
    }

    /// The directories of the tree that one on the machine may be: those of its name, and the root.
    fn bases(&self, directory: &str) -> Vec<&'a str> {
        let last = directory.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let named = |folder: &&&str| !last.is_empty() && folder.rsplit('/').next() == Some(last);
        self.folders.iter().filter(named).copied().chain([""]).collect()
    }
}

/// What is known of an application.
#[derive(Default)]
pub(super) struct Application {
    pub(super) missing: Option<MissingTarget>,
    pub(super) interface: Option<Interface>,
    pub(super) framework: Option<&'static str>,
    pub(super) body_limit: Option<BodyLimit>,
}

/// Looks for a target, `module:name`, from the directories that its module is sought in. `alone` is whether no other directory
/// may be one.
pub(super) fn find(
    modules: &Modules,
    target: &str,
    directories: &[Possible<String>],
    alone: bool,
) -> Application {
    let mut application = Application::default();
    let (module, wanted) = target.split_once(':').unwrap_or((target, "application"));
    // `module:create_app()` is a call of the name.
    let name = wanted.split('(').next().unwrap_or_default().trim();
    if !module.split('.').all(module_text::is_identifier) || !module_text::is_identifier(name) {
        return application;
    }
    let known: Option<Vec<&String>> = directories.iter().map(Possible::known).collect();
    let Some(known) = known.filter(|_| !modules.templates) else { return application };
    let bases: BTreeSet<&str> = known.iter().flat_map(|directory| modules.bases(directory)).collect();
    let path = module.replace('.', "/");
    let ends = [format!("{path}.py"), format!("{path}/__init__.py")];
    let files: Vec<(&str, Option<&str>)> = ends.iter().flat_map(|end| modules.ending(end)).collect();
    match files.as_slice() {
        [] => application.missing = missing_module(modules, module, &bases, alone),
        [(file, Some(text))] => {
            let base = ends
                .iter()
                .find_map(|end| file.strip_suffix(end.as_str()))
                .map(|it| it.trim_end_matches('/'));
            if base.is_some_and(|base| bases.contains(base)) {
                if module_text::certainly_lacks(text, name) {
                    application.missing = Some(MissingTarget::Name {
                        module: module.to_owned(),
                        file: (*file).to_owned(),
                        name: name.to_owned(),
                        instead: module_text::application(text)
                            .filter(|other| *other != name)
                            .map(str::to_owned),
                    });
                } else if name == wanted
                    && let Some((framework, interface)) = module_text::made(text, name)
                {
                    (application.framework, application.interface) = (framework, Some(interface));
                    let limit = (framework == Some("flask")).then(|| body_limit::set(text, name)).flatten();
                    application.body_limit =
                        limit.map(|bytes| BodyLimit { size: Size { bytes }, file: (*file).to_owned() });
                }
            }
        }
        _ => {}
    }
    application
}

/// A module that is not in the tree although the package is that it would have to be in, or that is there with letters of
/// another case.
fn missing_module(
    modules: &Modules,
    module: &str,
    bases: &BTreeSet<&str>,
    alone: bool,
) -> Option<MissingTarget> {
    let parts: Vec<&str> = module.split('.').collect();
    let missing = |instead: Option<String>, lacking: usize| MissingTarget::Module {
        module: parts[..=lacking].join("."),
        instead: instead
            .map(|name| [&parts[..lacking], &[name.as_str()], &parts[lacking + 1..]].concat().join(".")),
    };
    for base in bases {
        let mut folder = (*base).to_owned();
        for (at, part) in parts.iter().enumerate() {
            let inside = joined(&folder, part);
            if modules.folders.contains(inside.as_str()) {
                folder = inside;
                continue;
            }
            let instead = modules.respelt(&folder, part);
            if at == 0 {
                // Another directory may hold a module of this name, unless it is evidently this one.
                if parts.len() == 1 && alone && instead.is_some() {
                    return Some(missing(instead, 0));
                }
                break;
            }
            // A package without `__init__.py` may be continued elsewhere, and one may bend its path.
            let package = modules.at(&joined(&folder, "__init__.py")).flatten();
            if package.is_some_and(|text| !text.contains("__path__") && !text.contains("modules")) {
                return Some(missing(instead, at));
            }
            break;
        }
    }
    None
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
