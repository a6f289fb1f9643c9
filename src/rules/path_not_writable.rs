//! A pid file, a log or a directory of Gunicorn's that the unit's user certainly cannot make.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppKind, Setting, Sight, Unit, parent};
use crate::source::Span;
use crate::value::{Endpoint, normalize_path};

pub(super) const RULE: Rule = Rule {
    name: "path-not-writable",
    category: Category::Systemd,
    severity: Severity::Warning,
    summary: "a pid file, a log or a directory of Gunicorn's that the unit's user cannot make",
    outcome: "start-up failure",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/path-not-writable.md"),
    check,
};

/// Directories in which every system lets root alone make files.
const OF_ROOT: [&str; 13] = [
    "/",
    "/boot",
    "/etc",
    "/home",
    "/root",
    "/run",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/share",
    "/var",
    "/var/cache",
    "/var/lib",
];

/// Directories below /run that the system or a package makes.
const OF_SYSTEM: [&str; 20] = [
    "apache2",
    "cloud-init",
    "dbus",
    "docker",
    "httpd",
    "lock",
    "log",
    "mount",
    "mysqld",
    "nginx",
    "php",
    "php-fpm",
    "postgresql",
    "redis",
    "screen",
    "shm",
    "sshd",
    "systemd",
    "udev",
    "user",
];

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let made = made(context);
    let mut seen = BTreeSet::new();
    for app in context.deployment.apps.iter().filter(|app| app.kind == AppKind::Gunicorn) {
        let Some(unit) = app.unit.map(|id| context.deployment.unit(id)) else { continue };
        if !is_limited(unit, app) {
            continue;
        }
        for name in ["pidfile", "errorlog", "accesslog", "worker_tmp_dir"] {
            let Some(file) = file(unit, app, name) else { continue };
            let Some(why) = why(context, unit, &made, &file) else { continue };
            // The socket that is to be there is what fails first.
            if matches!(why, Why::Missing(_)) && binds_in(app, parent(&file.path)) {
                continue;
            }
            if seen.insert((file.place, file.path.clone())) {
                findings.push(finding(context, unit, &file, &why));
            }
        }
    }
}

/// Whether Gunicorn listens on a socket in a directory.
fn binds_in(app: &App, directory: &str) -> bool {
    let in_it = |address: &Endpoint| matches!(address, Endpoint::Unix(path) if parent(path) == directory);
    app.listeners.value.may(|addresses| addresses.iter().any(in_it))
}

/// The directories below /run that units make; `None` where it is not known which those are.
fn made(context: &Context) -> Option<BTreeSet<String>> {
    let mut made = BTreeSet::new();
    for unit in context.deployment.units.iter().filter(|unit| !unit.masked) {
        made.extend(unit.runtime_directories()?);
        for listener in &unit.listeners {
            match listener.address.known()? {
                Endpoint::Unix(path) => made.insert(parent(path).to_owned()),
                Endpoint::Tcp(..) => false,
            };
        }
    }
    Some(made)
}

/// Whether the app certainly runs as another user than root, and may do no more than that user.
fn is_limited(unit: &Unit, app: &App) -> bool {
    let ambient: Setting<Option<Vec<String>>> = unit.setting("AmbientCapabilities");
    let binds = |name: &String| name.eq_ignore_ascii_case("CAP_NET_BIND_SERVICE");
    let harmless = |names: &Option<Vec<String>>| names.as_ref().is_none_or(|names| names.iter().all(binds));
    unit.is_unprivileged()
        && unit.confinement().is_some()
        && app.behind.is_none()
        && ambient.value.must(harmless)
}

/// A path that Gunicorn makes something at.
struct File {
    name: &'static str,
    /// The path of the file, or a file in the directory.
    path: String,
    place: Span,
}

fn file(unit: &Unit, app: &App, name: &'static str) -> Option<File> {
    let setting: Setting<Option<String>> = app.setting(name);
    let path = setting.value.known()?.as_deref().filter(|path| !path.is_empty() && *path != "-")?;
    let place = setting.origin.place?;
    let path = match path.strip_prefix('/') {
        Some(_) => path.to_owned(),
        None => format!("{}/{path}", app.directory.known()?),
    };
    let path = normalize_path(&if name == "worker_tmp_dir" { format!("{path}/wgunicorn") } else { path });
    let class: Setting<String> = app.setting("logger_class");
    let own = class.value.must(|class| class == "gunicorn.glogging.Logger");
    // What the unit itself changes there is its own matter.
    let is_plain = matches!(unit.sandbox.sight(&path), Sight::Plain);
    (is_plain && (own || !name.ends_with("log"))).then_some(File { name, path, place })
}

/// Why the file cannot be made.
enum Why {
    /// Only root may write in the directory.
    OfRoot,
    /// Nothing makes this directory below /run.
    Missing(String),
}

fn why(context: &Context, unit: &Unit, made: &Option<BTreeSet<String>>, file: &File) -> Option<Why> {
    let directory = parent(&file.path);
    if is_prepared(unit, &file.path) {
        return None;
    }
    // A log that is there already may belong to the user; /run is empty after each boot.
    let is_log = file.name.ends_with("log");
    if OF_ROOT.contains(&directory) && (!is_log || directory == "/run") {
        return (!is_log || !may_be_made(context, &file.path, file.place)).then_some(Why::OfRoot);
    }
    let below = directory.strip_prefix("/run/")?;
    let first = below.split('/').next()?;
    let is_made = OF_SYSTEM.contains(&first)
        || may_be_made(context, directory, file.place)
        || made.as_ref()?.contains(directory);
    (!is_made).then(|| Why::Missing(below.to_owned()))
}

/// Whether something may make a path that is no unit. That Gunicorn's own line speaks of it does not count.
fn may_be_made(context: &Context, path: &str, own: Span) -> bool {
    let machine = &context.deployment.machine;
    let is_own = |span: &Span| span.file == own.file && span.start <= own.start && own.end <= span.end;
    let handled = machine.handled.get(path).is_some_and(|span| !is_own(span));
    handled || machine.unknown_directories.is_some() || machine.directories.contains_key(path)
}

/// Whether a command of the unit that runs before speaks of the file or its directory.
fn is_prepared(unit: &Unit, path: &str) -> bool {
    let before = |directive: &str| matches!(directive, "ExecStartPre" | "ExecCondition");
    let speaks = |text: &String| text.contains(path) || normalize_path(text) == parent(path);
    let commands = unit.commands.iter().filter(|command| before(&command.directive));
    unit.prepares_unseen() || commands.flat_map(|command| &command.words).any(|word| word.text.may(speaks))
}

fn finding(context: &Context, unit: &Unit, file: &File, why: &Why) -> Finding {
    let user: Setting<Option<String>> = unit.setting("User");
    let name = user.value.known().and_then(Option::as_deref).unwrap_or("a user without privileges");
    let (directory, what) = (parent(&file.path), file.name);
    let message = match why {
        Why::OfRoot => format!(
            "`{}` runs as {name}, who cannot make files in {directory}: Gunicorn does not start without its `{what}`",
            unit.name
        ),
        Why::Missing(_) => format!(
            "nothing makes {directory}, which is gone after each boot: Gunicorn does not start without its `{what}`"
        ),
    };
    let primary = Label { span: file.place, text: format!("the `{what}` is in {directory}") };
    let by = user.origin.place.map(|span| Label { span, text: format!("it runs as {name}") });
    let mut finding = RULE.finding(message, primary, by.into_iter().collect());
    let says = match (why, what) {
        (Why::OfRoot, "pidfile" | "worker_tmp_dir") => "[Errno 13] Permission denied".to_owned(),
        (Why::Missing(_), "pidfile") => format!("{directory} doesn't exist. Can't create pidfile."),
        (Why::Missing(_), "worker_tmp_dir") => format!("{directory} doesn't exist. Can't create workertmp."),
        _ => format!("Error: '{}' isn't writable", file.path),
    };
    let stem = unit.name.split(['.', '@']).next().unwrap_or_default();
    finding.help = Some(match why {
        Why::OfRoot => format!(
            "put it into a directory that systemd makes for the service: /run/{stem} with `RuntimeDirectory={stem}`; Gunicorn \
             says `{says}`"
        ),
        Why::Missing(below) => format!(
            "`RuntimeDirectory={below}` makes it for the service's user each time that it starts; Gunicorn says `{says}`"
        ),
    });
    if let Why::Missing(below) = why {
        finding.fix = fix(context, unit, below);
    }
    finding
}

/// Lets systemd make the directory.
fn fix(context: &Context, unit: &Unit, below: &str) -> Option<Fix> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte);
    if !below.bytes().all(plain) {
        return None;
    }
    let setting: Setting<Option<Vec<String>>> = unit.setting("RuntimeDirectory");
    let edit = match setting.value.known()? {
        Some(_) => {
            let anchor = setting.origin.anchor?;
            anchor.set(&format!("{} {below}", context.sources.text(anchor.value)))
        }
        None => {
            let line = ["User", "DynamicUser"].iter().find_map(|key| unit.settings.get(*key)?.origin.anchor);
            line?.add_after(context.sources, &[("RuntimeDirectory", below.to_owned())])?
        }
    };
    Fix::new(format!("let systemd make /run/{below}"), Applicability::Safe, vec![edit])
}
