//! A `Type=` that waits for what Gunicorn does not do.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule, shell_wrapper};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, Datum, Manager, Origin, Setting, Unit, Version};
use crate::source::Span;
use crate::value::{Duration, Possible};

pub(super) const RULE: Rule = Rule {
    name: "service-type",
    category: Category::Systemd,
    severity: Severity::Error,
    summary: "a `Type=` of a service that waits for what Gunicorn does not do",
    outcome: "the start times out, 502",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/service-type.md"),
    check,
};

/// The first release that says that it is up.
const SAYS_READY: Version = Version(20, 0, 0);

/// What a service waits for in vain.
struct Vain {
    /// What it is, to stand behind "systemd waits".
    wait: String,
    /// Where it is noticed, and what is there.
    label: Label,
    /// The other place that it hangs on.
    related: Option<Label>,
    /// Whether only a reload does.
    reload: bool,
    help: String,
    fix: Option<Fix>,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    for (app, unit) in context.deployment.services() {
        let kind: Setting<Option<String>> = unit.setting("Type");
        let Possible::Known(Some(name)) = &kind.value else { continue };
        let Some(place) = kind.origin.place else { continue };
        let daemon: Setting<bool> = app.setting("daemon");
        let Some(daemon_is) = daemon.value.known().copied() else { continue };
        // A shell that waits for Gunicorn ends no sooner.
        let stays = app.behind.is_none() || app.shell.as_ref().is_some_and(|shell| shell.surely);
        let service = Service { context, app, unit, kind: name, origin: &kind.origin, place };
        if name == "oneshot" && unit.must_be("Restart", &["always", "on-success"]) {
            let is_plain = !daemon_is && stays;
            findings.extend(Some(service.refused(is_plain)).filter(|_| seen.insert(place)));
            continue;
        }
        let vain = match name.as_str() {
            "forking" if app.behind.is_none() && daemon_is => service.other_pid_file(),
            "forking" if !daemon_is && stays => Some(service.no_fork()),
            "oneshot" if !daemon_is && stays => Some(service.no_end()),
            "notify" | "notify-reload" if context.deployment.target.gunicorn < SAYS_READY => {
                Some(service.no_word())
            }
            "notify" | "notify-reload" if is_unheard(context, app, unit) => service.no_hearing(),
            "notify-reload" if app.behind.is_none() && !daemon_is => service.no_reload(),
            _ => None,
        };
        findings.extend(vain.filter(|_| seen.insert(place)).map(|vain| service.finding(vain)));
    }
}

/// Whether systemd waits for a word of a shell, or may do so, and does not hear Gunicorn's behind it. Nothing that the shell
/// runs may say it in its place.
pub(super) fn is_unheard(context: &Context, app: &App, unit: &Unit) -> bool {
    let Some(shell) = &app.shell else { return false };
    let access: Setting<Option<String>> = unit.setting("NotifyAccess");
    let says = context.sources.get(shell.command.file).text.contains("systemd-notify");
    unit.must_be("Type", &["notify", "notify-reload"])
        && access.value.must(|access| !matches!(access.as_deref(), Some("all" | "exec")))
        && app.setting::<bool>("daemon").value.must(|daemon| !daemon)
        && !says
}

/// A service that runs Gunicorn.
struct Service<'a> {
    context: &'a Context<'a>,
    app: &'a App,
    unit: &'a Unit,
    kind: &'a str,
    origin: &'a Origin,
    place: Span,
}

impl<'a> Service<'a> {
    fn finding(&self, vain: Vain) -> Finding {
        let timeout: Setting<Option<Duration>> = self.unit.setting("TimeoutStartSec");
        let timeout = timeout.value.known().copied().flatten();
        let name = &self.unit.name;
        let never = timeout == Some(Duration::INFINITY);
        let (waits, whose) = (vain.wait, self.kind);
        let message = match timeout {
            _ if vain.reload => format!("a reload of `{name}` fails: systemd waits {waits}"),
            Some(Duration::INFINITY) => format!(
                "`{name}` never counts as started: of `Type={whose}` systemd waits {waits}; whatever waits for the service waits for \
                 ever"
            ),
            Some(timeout) => format!(
                "`{name}` does not start: of `Type={whose}` systemd waits {waits}, and kills it after {timeout}"
            ),
            None => {
                format!("`{name}` does not start: of `Type={whose}` systemd waits {waits}, and then kills it")
            }
        };
        let mut finding = RULE.finding(message, vain.label, vain.related.into_iter().collect());
        if vain.reload {
            finding.severity = Severity::Warning;
            finding.outcome = "a reload times out".into();
        } else if self.app.shell.as_ref().is_some_and(|shell| !shell.surely) {
            // Which shell `sh` is, the files do not say.
            finding.severity = Severity::Warning;
        } else if never {
            finding.severity = Severity::Warning;
            finding.outcome = "never counts as started".into();
        }
        finding.help = Some(vain.help);
        finding.fix = vain.fix;
        finding
    }

    /// systemd takes no `oneshot` that is to be started again whenever it ends. `is_plain` is whether Gunicorn stays in front.
    ///
    /// Source: `service_verify` in `src/core/service.c` of systemd 252 and 257.
    fn refused(&self, is_plain: bool) -> Finding {
        let restart: Setting<Option<String>> = self.unit.setting("Restart");
        let value = restart.value.known().cloned().flatten().unwrap_or_default();
        let message = format!(
            "systemd refuses `{}`: `Restart={value}` is not for `Type=oneshot`, whose command is to end; it is not started at all",
            self.unit.name
        );
        let text = format!("`Restart={value}`, {}", restart.origin.describe("systemd"));
        let related = restart.origin.place.map(|span| Label { span, text });
        let mut finding = RULE.finding(message, self.label(), related.into_iter().collect());
        finding.outcome = "unit refused".into();
        let vain = self.no_end();
        finding.help = Some(vain.help);
        finding.fix = vain.fix.filter(|_| is_plain);
        finding
    }

    fn label(&self) -> Label {
        Label { span: self.place, text: format!("`Type={}`, {}", self.kind, self.origin.describe("systemd")) }
    }

    /// The type that suits Gunicorn.
    fn suitable(&self) -> &'static str {
        // Of a word that Gunicorn says behind a shell systemd hears nothing.
        if self.app.behind.is_none() && self.context.deployment.target.gunicorn >= SAYS_READY {
            "notify"
        } else {
            "simple"
        }
    }

    /// Another type in the place of the one that is written, and what else has to be changed with it.
    fn change_to(&self, kind: &str, more: Vec<Edit>) -> Option<Fix> {
        // What becomes of a shell that stays is another matter.
        if self.app.shell.is_some() {
            return None;
        }
        let edits = std::iter::once(self.origin.anchor?.set(kind)).chain(more).collect();
        Fix::new(format!("make it `Type={kind}`"), Applicability::Safe, edits)
    }

    fn no_fork(&self) -> Vain {
        let kind = self.suitable();
        Vain {
            wait: "for the process that it started to end, and Gunicorn stays in front".into(),
            label: self.label(),
            related: self.started_here(),
            reload: false,
            help: format!("`Type={kind}` suits a Gunicorn that stays in front, as it does without `daemon`"),
            fix: self.change_to(kind, Vec::new()),
        }
    }

    fn no_end(&self) -> Vain {
        let kind = self.suitable();
        let is_single = self.unit.commands_of("ExecStart").count() == 1;
        Vain {
            wait: "for its command to end, and Gunicorn does not".into(),
            label: self.label(),
            related: self.started_here(),
            reload: false,
            help: format!("`Type={kind}` is for a service that stays"),
            fix: self.change_to(kind, Vec::new()).filter(|_| is_single),
        }
    }

    fn no_word(&self) -> Vain {
        let version = self.context.deployment.target.gunicorn;
        Vain {
            wait: format!("for a word that Gunicorn {version} does not say"),
            label: self.label(),
            related: self.started_here(),
            reload: false,
            help: "Gunicorn says that it is up since 20.0; before that it is `Type=simple`".into(),
            fix: self.change_to("simple", Vec::new()),
        }
    }

    fn no_reload(&self) -> Option<Vain> {
        let reload = self.unit.settings.get("ExecReload");
        let hup = ("ExecReload", "/bin/kill -HUP $MAINPID".to_owned());
        let more = match reload {
            Some(_) => Some(Vec::new()),
            None => (|| {
                let start = self.unit.settings.get("ExecStart")?.origin.anchor?;
                Some(vec![start.add_after(self.context.sources, &[hup])?])
            })(),
        };
        Some(Vain {
            wait: "for Gunicorn to say that it reloads, which it never does".into(),
            label: self.label(),
            related: self.started_here(),
            reload: true,
            help: "`Type=notify` with `ExecReload=/bin/kill -HUP $MAINPID` reloads it".into(),
            fix: more.and_then(|more| self.change_to("notify", more)),
        })
    }

    /// A file with the number of the process that Gunicorn does not write, or writes elsewhere.
    fn other_pid_file(&self) -> Option<Vain> {
        let expected: Setting<Option<String>> = self.unit.setting("PIDFile");
        let expected_at = expected.origin.place?;
        let expected_is = expected.value.known()?.as_deref()?;
        // A command may write the file, and in another root it is elsewhere.
        let is_elsewhere =
            ["ExecStartPost", "RootDirectory", "RootImage"].iter().any(|it| self.unit.is_written(it));
        if is_elsewhere {
            return None;
        }
        let written = self.app.settings.get("pidfile")?;
        let written_is = match written.value.known()? {
            Datum::Unset => None,
            Datum::Text(path) if path.starts_with('/') => Some(path.as_str()),
            _ => return None,
        };
        // The manager of a user takes a relative path from another directory.
        let is_certain = expected_is.starts_with('/') || self.unit.manager == Manager::System;
        if written_is.is_some_and(|path| !is_certain || same_file(expected_is, path)) {
            return None;
        }
        let label =
            Label { span: expected_at, text: format!("systemd looks for `{}`", absolute(expected_is)) };
        let (what, related) = match written_is {
            Some(path) => {
                let place = written.origin.place;
                let label = place.map(|span| Label { span, text: "Gunicorn writes it here".into() });
                (format!("which Gunicorn writes to `{path}`"), label)
            }
            None => ("which Gunicorn writes nowhere without `pidfile`".into(), self.started_here()),
        };
        Some(Vain {
            wait: format!("for the number of the process in `{}`, {what}", absolute(expected_is)),
            label,
            related,
            reload: false,
            help: format!(
                "name one file on both sides; or do without `daemon`, as `Type={}`, which needs none",
                self.suitable()
            ),
            fix: None,
        })
    }

    /// A shell from which systemd waits for a word, and behind which Gunicorn says it.
    fn no_hearing(&self) -> Option<Vain> {
        let shell = self.app.shell.as_ref()?;
        let graceful: Setting<Duration> = self.app.setting("graceful_timeout");
        let patience = self.unit.waits(&graceful.value, self.context.sources);
        let whose = "for a word of the process that it started";
        let wait = match shell.surely {
            true => format!("{whose}, which is {} and not Gunicorn", shell.called),
            false => format!("{whose}, which is {} and not Gunicorn where `sh` is dash", shell.called),
        };
        Some(Vain {
            wait,
            label: Label { span: shell.command, text: "the shell waits for this".into() },
            related: Some(self.label()),
            reload: false,
            help: match shell.alone {
                true => "with `exec` before the command it takes the shell's place; `NotifyAccess=all` lets systemd listen to it \
                         where it is"
                    .into(),
                false => "`NotifyAccess=all` lets systemd listen to it where it is; better is to let the unit start Gunicorn itself"
                    .into(),
            },
            fix: shell_wrapper::fix(self.unit, shell, patience),
        })
    }

    fn started_here(&self) -> Option<Label> {
        Some(Label { span: self.app.place, text: "Gunicorn is started here".into() })
    }
}

/// A path of `PIDFile=` as systemd takes it: what is relative is below /run, and /var/run is /run.
fn absolute(path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("/run/{path}") };
    whole.strip_prefix("/var/run/").map_or(whole.clone(), |rest| format!("/run/{rest}"))
}

fn same_file(expected: &str, written: &str) -> bool {
    let parts = |path: &str| -> Vec<String> {
        let whole = absolute(path);
        whole.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
    };
    parts(expected) == parts(written)
}
