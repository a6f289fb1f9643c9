//! Settings as a configuration that means the same.

use toml::{Table, Value};

use super::selector::Selector;
use super::versions::Program;
use super::{Settings, StackSettings};
use crate::finding::Severity;
use crate::limits::Limit;

/// The settings as the table of a `hoplint.toml`. Keys that hold nothing by default are left out where they hold nothing.
pub fn written(settings: &Settings) -> Table {
    let mut table = Table::new();
    let mut put = |key: &str, value: Value| drop(table.insert(key.into(), value));
    let everything = [Selector::All];
    put("select", names(if settings.select.is_empty() { &everything } else { &settings.select }));
    if !settings.ignore.is_empty() {
        put("ignore", names(&settings.ignore));
    }
    put("fail-on", settings.fail_on.name().into());
    put("pedantic", settings.pedantic.into());
    if let Some(path) = &settings.baseline_file {
        put("baseline", path.to_string_lossy().into_owned().into());
    }
    put("external", settings.external.iter().map(ToString::to_string).collect::<Vec<_>>().into());
    put("exclude", settings.exclude.clone().into());
    put("include", settings.include.clone().into());
    let off = |severity: Option<Severity>| severity.map_or("off", Severity::name);
    let severities =
        settings.severity.iter().map(|(name, severity)| (name.name(), Value::from(off(*severity))));
    let ignores =
        settings.per_path_ignores.iter().map(|(globs, silent)| (globs.written.join(" "), names(silent)));
    let target = settings.target;
    let versions = [
        ("nginx", Program::Nginx, target.nginx),
        ("gunicorn", Program::Gunicorn, target.gunicorn),
        ("systemd", Program::Systemd, target.systemd),
    ];
    let versions = versions.map(|(name, program, version)| (name, Value::from(program.shown(version))));
    let limits = Limit::ALL.map(|limit| {
        let value = settings.limits.get(limit);
        let number = i64::try_from(value).ok().filter(|_| !limit.is_size());
        (limit.name(), number.map_or_else(|| Value::from(limit.written(value)), Value::from))
    });
    let files = &settings.files;
    let files = [("nginx", &files.nginx), ("gunicorn", &files.gunicorn), ("systemd", &files.systemd)];
    for (key, inner) in [
        ("severity", of(severities)),
        ("per-path-ignores", of(ignores)),
        ("fix", of([("truth", Value::from(settings.truth.name()))])),
        ("target", of(versions)),
        ("limits", of(limits)),
        ("files", of(files.map(|(name, globs)| (name, Value::from(globs.clone()))))),
    ] {
        if !inner.is_empty() {
            put(key, inner.into());
        }
    }
    if !settings.stacks.is_empty() {
        put("stack", settings.stacks.iter().map(stack).collect::<Vec<Table>>().into());
    }
    table
}

fn of<K: Into<String>>(entries: impl IntoIterator<Item = (K, Value)>) -> Table {
    entries.into_iter().map(|(key, value)| (key.into(), value)).collect()
}

fn names(selectors: &[Selector]) -> Value {
    selectors.iter().map(|selector| selector.name()).collect::<Vec<_>>().into()
}

fn stack(stack: &StackSettings) -> Table {
    let mut table = of([
        ("root", Value::from(stack.root.clone())),
        ("include", stack.include.clone().into()),
        ("exclude", stack.exclude.clone().into()),
    ]);
    if !stack.paths.is_empty() {
        let paths = stack.paths.iter().map(|(deployed, path)| (deployed.clone(), Value::from(path.clone())));
        table.insert("paths".into(), of(paths).into());
    }
    table
}
