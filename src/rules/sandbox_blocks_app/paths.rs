//! Paths that are hidden from Gunicorn, or that it cannot write.

use super::mend;
use super::{Blocked, Confined};
use crate::finding::Label;
use crate::model::{Mount, MountKind, Setting, parent};
use crate::source::Span;
use crate::value::{Endpoint, normalize_path};

/// Kinds of what stands in between through which nothing is seen.
const UNSEEN: [MountKind; 2] = [MountKind::Hidden, MountKind::Empty];

/// Kinds of what stands in between where nothing can be written: below what is hidden or empty there are no directories.
const UNWRITTEN: [MountKind; 3] = [MountKind::Hidden, MountKind::Empty, MountKind::ReadOnly];

/// What it is that a mount does.
fn said(mount: &Mount) -> String {
    let line = format!("`{}={}`", mount.directive, mount.value);
    match mount.kind {
        MountKind::ReadOnly => format!("{line} makes it read-only"),
        MountKind::Empty => format!("{line} puts an empty directory there"),
        _ => format!("{line} hides it"),
    }
}

/// What Python says of a path behind a mount.
fn error(mount: &Mount) -> &'static str {
    match mount.kind {
        MountKind::ReadOnly => "[Errno 30] Read-only file system",
        _ => "[Errno 2] No such file or directory",
    }
}

/// The first of what has to be seen before anything else happens: the directory, the program, and what Gunicorn reads.
pub(super) fn of_start(confined: &Confined) -> Option<Blocked> {
    directory(confined).or_else(|| program(confined)).or_else(|| chdir(confined)).or_else(|| config(confined))
}

fn unseen(
    confined: &Confined,
    path: &str,
    span: Span,
    what: &str,
    message: String,
    help: String,
) -> Option<Blocked> {
    let mount = confined.sandbox.sight(&normalize_path(path)).behind(&UNSEEN)?;
    let below = format!(
        "let the service see it, with `BindReadOnlyPaths={path}` and `ProtectHome=tmpfs`, or move it"
    );
    let help = format!("{help}; {below}");
    let primary = Label { span, text: format!("{what} is at {path}") };
    Some(Blocked {
        message,
        primary,
        line: mount.origin.clone(),
        said: said(mount),
        outcome: None,
        help,
        fix: None,
    })
}

/// `WorkingDirectory=`. One that may be missing begins with a dash.
fn directory(confined: &Confined) -> Option<Blocked> {
    let setting: Setting<Option<String>> = confined.unit.setting("WorkingDirectory");
    let (path, span) = (setting.value.known()?.as_deref()?, setting.origin.place?);
    let message = format!("does not see its own directory {path}, and does not start");
    let help = "systemd says `Changing to the requested working directory failed`, with status 200/CHDIR";
    unseen(confined, path, span, "the working directory", message, help.into())
}

fn program(confined: &Confined) -> Option<Blocked> {
    let word = confined.unit.commands_of("ExecStart").next()?.words.first()?;
    let path = word.text.known()?;
    let message = format!("does not see its program {path}, and does not start");
    let help = "systemd says `Failed to locate executable`, with status 203/EXEC";
    unseen(confined, path, word.span, "the program", message, help.into())
}

fn chdir(confined: &Confined) -> Option<Blocked> {
    let setting: Setting<String> = confined.app.setting("chdir");
    let (path, span) = (setting.value.known()?, setting.origin.place?);
    let message = format!("hides {path} from Gunicorn, which does not start");
    unseen(confined, path, span, "the directory", message, format!("Gunicorn says `can't chdir to '{path}'`"))
}

/// A configuration file that a command line names.
fn config(confined: &Confined) -> Option<Blocked> {
    let setting: Setting<Option<String>> = confined.app.setting("config");
    let (path, span) = (setting.value.known()?.as_deref()?, setting.origin.place?);
    let path = path.strip_prefix("file:").unwrap_or(path);
    if path.starts_with("python:") {
        return None;
    }
    let start = confined.app.working_directory.value.known()?;
    let path = absolute(path, start);
    let message = format!("hides {path} from Gunicorn, which does not start");
    unseen(
        confined,
        &path,
        span,
        "the configuration",
        message,
        format!("Gunicorn says `'{path}' doesn't exist`"),
    )
}

fn absolute(path: &str, directory: &str) -> String {
    normalize_path(&if path.starts_with('/') { path.to_owned() } else { format!("{directory}/{path}") })
}

/// What Gunicorn makes and writes.
pub(super) fn of_files(confined: &Confined) -> Vec<Blocked> {
    let files = [logs(confined, "errorlog"), logs(confined, "accesslog"), pidfile(confined)];
    let others = [socket(confined), worker_tmp_dir(confined), temporary(confined)];
    files.into_iter().chain(others).flatten().collect()
}

/// What stands between the app and a path that it writes to.
fn unwritten<'a>(confined: &'a Confined, path: &str) -> Option<&'a Mount> {
    // What is behind /dev and /proc may be a pipe or a terminal.
    let is_device = ["/dev", "/proc"].contains(&parent(path)) || path.starts_with("/proc/");
    // Whether a file can be made in an empty directory itself hangs on its mode.
    let is_in_empty = |mount: &Mount| mount.kind == MountKind::Empty && mount.path == parent(path);
    confined.sandbox.sight(path).behind(&UNWRITTEN).filter(|mount| !is_device && !is_in_empty(mount))
}

fn blocked(
    confined: &Confined,
    path: &str,
    mount: &Mount,
    span: Span,
    text: String,
    ends: String,
) -> Blocked {
    let verb = if mount.kind == MountKind::ReadOnly { "cannot write to" } else { "does not see" };
    Blocked {
        message: format!("{verb} {}: Gunicorn does not start", parent(path)),
        primary: Label { span, text },
        line: mount.origin.clone(),
        said: said(mount),
        outcome: None,
        help: format!("{}; Gunicorn says `{ends}`", mend::advice(path, mount)),
        fix: mend::writable(confined, path, mount),
    }
}

/// The path of a setting, seen from where Gunicorn is.
fn path_of(confined: &Confined, name: &str) -> Option<(String, Span)> {
    let setting: Setting<Option<String>> = confined.app.setting(name);
    let path = setting.value.known()?.as_deref().filter(|path| !path.is_empty() && *path != "-")?;
    let path = if path.starts_with('/') {
        normalize_path(path)
    } else {
        absolute(path, confined.app.directory.known()?)
    };
    Some((path, setting.origin.place?))
}

/// A log file. Another class than Gunicorn's own may write elsewhere.
fn logs(confined: &Confined, name: &str) -> Option<Blocked> {
    let class: Setting<String> = confined.app.setting("logger_class");
    let (path, span) = path_of(confined, name)?;
    let mount = unwritten(confined, &path)?;
    let own = class.value.must(|class| class == "gunicorn.glogging.Logger");
    let ends = format!("Error: '{path}' isn't writable");
    own.then(|| blocked(confined, &path, mount, span, format!("the `{name}` is {path}"), ends))
}

fn pidfile(confined: &Confined) -> Option<Blocked> {
    let (path, span) = path_of(confined, "pidfile")?;
    let mount = unwritten(confined, &path)?;
    let ends = match mount.kind {
        MountKind::ReadOnly => error(mount).to_owned(),
        _ => format!("{} doesn't exist. Can't create pidfile.", parent(&path)),
    };
    Some(blocked(confined, &path, mount, span, format!("the `pidfile` is {path}"), ends))
}

fn socket(confined: &Confined) -> Option<Blocked> {
    let app = confined.app;
    let addresses = app.listeners.value.known().filter(|_| app.binds_itself())?;
    let (path, mount) = addresses.iter().find_map(|address| match address {
        Endpoint::Unix(path) => Some((path, unwritten(confined, path)?)),
        Endpoint::Tcp(..) => None,
    })?;
    let span = app.listeners.origin.place.unwrap_or(app.place);
    let ends = format!("connection to {path} failed: {}", error(mount));
    Some(blocked(confined, path, mount, span, format!("Gunicorn makes its socket at {path}"), ends))
}

fn worker_tmp_dir(confined: &Confined) -> Option<Blocked> {
    let (directory, span) = path_of(confined, "worker_tmp_dir")?;
    let path = format!("{directory}/wgunicorn");
    let mount = unwritten(confined, &path)?;
    let ends = match mount.kind {
        MountKind::ReadOnly => error(mount).to_owned(),
        _ => format!("{directory} doesn't exist. Can't create workertmp."),
    };
    let text = format!("the workers' files are made in {directory}");
    let fix = None;
    Some(Blocked { fix, ..blocked(confined, &path, mount, span, text, ends) })
}

/// Without `worker_tmp_dir` each worker makes a file in the first directory that can be written.
fn temporary(confined: &Confined) -> Option<Blocked> {
    let app = confined.app;
    let setting: Setting<Option<String>> = app.setting("worker_tmp_dir");
    let directories = app.temporary.known().filter(|_| setting.value.must(Option::is_none))?;
    let mounts: Option<Vec<&Mount>> =
        directories.iter().map(|directory| unwritten(confined, &absolute("x", directory))).collect();
    let mounts = mounts?;
    let mount = mounts.iter().find(|mount| mount.kind == MountKind::ReadOnly)?;
    let message = "has no directory for temporary files: each of Gunicorn's workers needs one, and Gunicorn does not start";
    let ends = format!("FileNotFoundError: [Errno 2] No usable temporary directory found in {directories:?}");
    Some(Blocked {
        message: message.into(),
        primary: Label { span: mount.origin.place?, text: said(mount) },
        line: mount.origin.clone(),
        said: String::new(),
        outcome: None,
        help: format!(
            "give the service a /tmp of its own with `PrivateTmp=yes`, or Gunicorn `--worker-tmp-dir /dev/shm`; it says `{}`, \
             with exit status 255",
            ends.replace('"', "'")
        ),
        fix: mend::private_tmp(confined, mount),
    })
}
