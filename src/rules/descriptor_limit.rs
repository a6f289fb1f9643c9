//! More connections than the process may open files.

use std::collections::BTreeMap;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{
    App, Dialect, LevelId, Main, Manager, Origin, OriginKind, Setting, Statements, Unit, WorkerClass,
};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "descriptor-limit",
    category: Category::Capacity,
    severity: Severity::Warning,
    summary: "more connections are allowed than the process may open files",
    outcome: "500, 502 or dropped connections",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/descriptor-limit.md"),
    check,
};

/// What an app's service is given at least: as many as nobody misses.
const AMPLE: u64 = 65_536;

/// How many files systemd and Linux let a service ask for without more ado: the hard limit of systemd 252 and later.
const MOST: u64 = 524_288;

/// How many files may be open, and where that is said.
struct Limit<'a> {
    files: u64,
    origin: Origin,
    /// The unit that says it; `None` where nginx does.
    unit: Option<&'a Unit>,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut found: BTreeMap<Span, Finding> = BTreeMap::new();
    let mains = &context.deployment.nginx.mains;
    for main in mains {
        if let Some(finding) = of_nginx(context, main, mains.len() == 1) {
            found.entry(finding.primary.span).or_insert(finding);
        }
    }
    for (app, unit) in context.deployment.services() {
        if let Some(finding) = of_app(context, app, unit) {
            found.entry(finding.primary.span).or_insert(finding);
        }
    }
    findings.extend(found.into_values());
}

/// nginx's connections and its files. It warns where the limit that it is started with is too low and it has none of its own:
/// `NUMBER worker_connections exceed open file resource limit`.
fn of_nginx(context: &Context, main: &Main, is_only: bool) -> Option<Finding> {
    let deployment = context.deployment;
    let (nginx, version) = (&deployment.nginx, deployment.target.nginx);
    let connections: Setting<i64> = nginx.setting(main.events?, "worker_connections", version);
    let anchor = connections.origin.anchor?;
    let number = *connections.value.candidates()?.iter().min()?;
    let own: Setting<Option<i64>> = nginx.setting(main.level, "worker_rlimit_nofile", version);
    let own_is_written = own.origin.is_written();
    let limit = match own.value.known()? {
        Some(files) => Limit { files: (*files).try_into().ok()?, origin: own.origin, unit: None },
        None if is_only => limit_of(context, unit_of_nginx(context)?)?,
        None => return None,
    };
    if u64::try_from(number).ok()? <= limit.files {
        return None;
    }
    let files = limit.files;
    let message = format!(
        "nginx may open {number} connections in each worker, but only {files} files, of which every connection is one: when \
         they are used up, requests get a 500, and new clients wait or are dropped"
    );
    let primary = Label { span: anchor.span, text: format!("{number} connections, set here") };
    let mut finding = RULE.finding(message, primary, vec![label(&limit, anchor.span)]);
    finding.outcome = "500 or dropped connections".into();
    finding.help = Some(format!(
        "let each worker open twice as many files as connections with `worker_rlimit_nofile`; nginx's error log says \
         `(24: Too many open files)`{}",
        match own_is_written {
            true => String::new(),
            false => format!(
                ", and when it starts `{number} worker_connections exceed open file resource limit: {files}`"
            ),
        }
    ));
    let wanted = u64::try_from(number).ok()?.checked_mul(2).filter(|wanted| *wanted <= MOST)?;
    finding.fix = nginx_edit(context, main.level, &limit, wanted)
        .and_then(|edit| Fix::new(format!("let nginx open {wanted} files"), Applicability::Safe, vec![edit]));
    Some(finding)
}

/// The one unit of the tree that starts nginx, where it is there as a whole.
fn unit_of_nginx<'a>(context: &Context<'a>) -> Option<&'a Unit> {
    let starts = |unit: &&Unit| {
        let mut programs = unit.commands_of("ExecStart").filter_map(|command| command.words.first());
        programs.any(|word| word.text.known().is_some_and(|it| it.rsplit('/').next() == Some("nginx")))
    };
    let mut units = context.deployment.units.iter().filter(starts);
    units.next().filter(|unit| units.next().is_none() && reads_the_main_file(unit))
}

/// Whether a unit's nginx reads its usual file, and nothing on its command line says more than whether it is a daemon.
fn reads_the_main_file(unit: &Unit) -> bool {
    let says_more = |text: &String| {
        matches!(text.as_str(), "-c" | "-p")
            || text.starts_with("-c/")
            || text.starts_with("-p/")
            || text.contains("worker_")
    };
    let mut words = unit.commands_of("ExecStart").flat_map(|command| &command.words);
    words.all(|word| word.text.must(|text| !says_more(text)))
}

/// The limit that a unit gives its processes. The machine may have another default than systemd's.
fn limit_of<'a>(context: &Context, unit: &'a Unit) -> Option<Limit<'a>> {
    let setting: Setting<Option<String>> = unit.setting("LimitNOFILE");
    if !setting.origin.is_written() && context.deployment.machine.file_limit.is_some() {
        return None;
    }
    let text = setting.value.known()?.as_deref()?;
    let files = soft(text)?;
    // A `LimitNOFILE=` that systemd passes over is told as that.
    let is_meant = unit.passes_over("LimitNOFILE");
    let is_run = unit.manager != Manager::User && !unit.masked && !unit.is_refused() && !is_meant;
    is_run.then_some(Limit { files, origin: setting.origin, unit: Some(unit) })
}

/// The soft one of two limits, which is the one that counts: `1024` of `1024:524288`.
fn soft(text: &str) -> Option<u64> {
    match text.split(':').next()?.trim() {
        "infinity" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

/// Raises nginx's own limit, or that of its unit where somebody wrote it down; else gives nginx one.
fn nginx_edit(context: &Context, level: LevelId, limit: &Limit, wanted: u64) -> Option<Edit> {
    if let Some(anchor) = limit.origin.anchor {
        return Some(anchor.set(&wanted.to_string()));
    }
    let nginx = &context.deployment.nginx;
    let statements = Statements::new(nginx);
    let name = "worker_rlimit_nofile";
    let kin = nginx.level(level).written.iter().find(|it| it.name == "worker_processes")?;
    let is_here_alone = statements.levels(kin.anchor.span).len() == 1;
    let may_add = is_here_alone && statements.may_add(kin.anchor.span, name);
    may_add.then(|| kin.anchor.add_after(context.sources, &[(name, wanted.to_string())]))?
}

/// Threads count connections, and a worker ends when it can take none for want of files. It has some more files than these.
///
/// Source: `accept` in `gunicorn/workers/gthread.py` of 20.1.0, 23.0.0 and 27.0.1, which goes on for other errors alone.
fn of_app(context: &Context, app: &App, unit: &Unit) -> Option<Finding> {
    let connections: Setting<i64> = app.setting("worker_connections");
    let place = connections.origin.place?;
    let number = *connections.value.candidates()?.iter().min()?;
    let limit = limit_of(context, unit).filter(|_| is_started_as_it_is(app, unit))?;
    // Its own file is a program, and may ask for more.
    if app.config.is_some_and(|file| context.sources.get(file).text.contains("rlimit")) {
        return None;
    }
    // gevent lets connections wait until there are files again, and the others count none.
    let counts = app.worker_class.value.must(|class| *class == WorkerClass::Gthread);
    if !counts || u64::try_from(number).ok()? < limit.files {
        return None;
    }
    let files = limit.files;
    let message = format!(
        "each worker may have {number} connections, but `{}` may open only {files} files, of which every connection is one: \
         when they are used up, the worker ends, and requests that it has get a 502",
        unit.name
    );
    let text = format!("`worker_connections` is {number}, {}", connections.origin.describe("Gunicorn"));
    let mut finding = RULE.finding(message, Label { span: place, text }, vec![label(&limit, app.place)]);
    finding.outcome = "502".into();
    let wanted = u64::try_from(number).ok()?.checked_mul(2)?.max(AMPLE);
    finding.help = Some(format!(
        "let the service open more files: `LimitNOFILE={wanted}`; Gunicorn's log says `[Errno 24] Too many open files`"
    ));
    let edit = match limit.origin.anchor {
        Some(anchor) => (anchor.dialect == Dialect::Unit).then(|| anchor.set(&wanted.to_string())),
        None => unit.commands_of("ExecStart").next().and_then(|start| {
            start.line.anchor?.add_after(context.sources, &[("LimitNOFILE", wanted.to_string())])
        }),
    };
    finding.fix = edit.filter(|_| wanted <= MOST).and_then(|edit| {
        Fix::new(format!("let the service open {wanted} files"), Applicability::Safe, vec![edit])
    });
    Some(finding)
}

/// Whether the unit starts Gunicorn by itself: a script or a wrapper may set another limit before it does.
fn is_started_as_it_is(app: &App, unit: &Unit) -> bool {
    let mut starts = unit.commands_of("ExecStart");
    let is_direct = |program: &str| {
        let name = program.rsplit('/').next().unwrap_or_default();
        name.starts_with("gunicorn") || name.starts_with("python")
    };
    let first = starts.next().and_then(|it| it.words.first()).and_then(|word| word.text.known());
    app.behind.is_none()
        && unit.files.contains(&app.place.file)
        && starts.next().is_none()
        && first.is_some_and(|it| is_direct(it))
}

/// Where the limit is said; where it is systemd's own, `place` stands for the unit.
fn label(limit: &Limit, place: Span) -> Label {
    let files = limit.files;
    match (limit.origin.place, limit.unit) {
        (Some(span), _) => Label {
            span,
            text: match limit.origin.kind {
                OriginKind::DropIn => format!("at most {files} files, set in this drop-in"),
                _ => format!("at most {files} files, set here"),
            },
        },
        (None, Some(unit)) => Label {
            span: unit.place,
            text: format!("at most {files} files, which is systemd's default of `LimitNOFILE`"),
        },
        (None, None) => Label { span: place, text: format!("at most {files} files") },
    }
}
