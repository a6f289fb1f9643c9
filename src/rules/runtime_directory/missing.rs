//! A directory that nothing makes.

use super::{Directories, RULE, binders, directory_of, ignored, mends};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, Sight, Unit};
use crate::rules::Context;

/// Directories of /run that the system or the packages of other programs make.
const OF_OTHERS: [&str; 24] = [
    "apache2",
    "credentials",
    "dbus",
    "docker",
    "gunicorn3",
    "httpd",
    "initctl",
    "lock",
    "log",
    "mysqld",
    "nginx",
    "php",
    "php-fpm",
    "podman",
    "postgresql",
    "redis",
    "screen",
    "shm",
    "supervisor",
    "sudo",
    "systemd",
    "udev",
    "user",
    "uwsgi",
];

/// What lets a service see another /run than the machine's.
const OTHER_ROOTS: [&str; 7] = [
    "BindPaths",
    "BindReadOnlyPaths",
    "MountImages",
    "RootDirectory",
    "RootImage",
    "TemporaryFileSystem",
    "AmbientCapabilities",
];

pub(super) fn findings(context: &Context, directories: &Directories) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (app, unit, paths) in binders(context) {
        let is_plain = !OTHER_ROOTS.iter().any(|key| unit.settings.contains_key(*key))
            && unit.open.is_none()
            && !unit.prepares_unseen();
        let own = unit.runtime_directories();
        let Some(own) = own.filter(|_| is_plain && !changes_user(app)) else { continue };
        // What the unit itself makes read-only is what keeps the socket from being made.
        let is_free = |path: &&str| matches!(unit.sandbox.sight(path), Sight::Plain | Sight::Unknown);
        for path in paths.into_iter().filter(is_free) {
            match directory_of(path) {
                Some("/run") => findings.extend(at_the_top(context, app, unit, path)),
                Some(directory)
                    if !is_of_others(directory)
                        && !ignored::names(context, unit, directory)
                        && !directories.may_be_made(context, directory) =>
                {
                    findings.push(not_made(context, directories, app, unit, path, &own));
                }
                _ => {}
            }
        }
    }
    findings
}

/// Whether something before Gunicorn may make it another user: a wrapper such as `sudo`. A shell does not.
fn changes_user(app: &App) -> bool {
    app.behind.as_deref().is_some_and(|why| !why.contains("shell"))
}

fn is_of_others(directory: &str) -> bool {
    directory.split('/').nth(2).is_some_and(|first| OF_OTHERS.contains(&first))
}

fn label(app: &App, text: String) -> Label {
    Label { span: app.listeners.origin.place.unwrap_or(app.place), text }
}

/// A socket in /run itself, where only root may make one.
fn at_the_top(context: &Context, app: &App, unit: &Unit, path: &str) -> Option<Finding> {
    let user = unit.user();
    let name = user.known()?.as_ref()?;
    let message = format!(
        "`{}` runs as `{name}` and binds {path}, and only root may make files in /run: Gunicorn says `Can't connect to \
         {path}` and ends with exit status 1",
        unit.name
    );
    let primary = label(app, "this is in /run itself".into());
    let mut finding = RULE.finding(message, primary, Vec::new());
    finding.outcome = "start-up failure, 502".into();
    let stem = unit.stem();
    finding.help = Some(format!(
        "with `RuntimeDirectory={stem}` systemd makes /run/{stem} for the service, and the socket can be there"
    ));
    finding.fix = mends::move_down(context, app, unit, path);
    Some(finding)
}

/// A directory below /run that nothing in the tree makes.
fn not_made(
    context: &Context,
    directories: &Directories,
    app: &App,
    unit: &Unit,
    path: &str,
    own: &[String],
) -> Finding {
    let directory = directory_of(path).unwrap_or_default();
    let name = directory.trim_start_matches("/run/");
    let consequence = format!("Gunicorn says `Can't connect to {path}` and ends with exit status 1");
    let written = unit.settings.get("RuntimeDirectory").and_then(|it| it.origin.place);
    let (message, related) = match (own.last(), written) {
        (Some(made), Some(span)) => (
            format!(
                "`{}` binds its socket in {directory}, and systemd makes {made} for it: {consequence}",
                unit.name
            ),
            vec![Label { span, text: format!("makes {made}") }],
        ),
        _ => (
            format!(
                "`{}` binds its socket in {directory}, which nothing makes, and /run is empty after each boot: {consequence}",
                unit.name
            ),
            Vec::new(),
        ),
    };
    let is_another = !related.is_empty();
    let mut finding = RULE.finding(message, label(app, format!("the socket is in {directory}")), related);
    if is_another {
        finding.outcome = "start-up failure, 502".into();
    } else {
        finding.severity = Severity::Warning;
        finding.outcome = "502 after a boot".into();
    }
    finding.help = Some(format!(
        "with `RuntimeDirectory={name}` systemd makes it before the service starts, for the service's user"
    ));
    finding.fix = mends::make(context, directories, unit, name, own);
    finding
}
