//! nginx does not stand between slow clients and workers that do one thing at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{
    ANSWERS_WHEN_KILLED, Anchor, App, AppId, AppKind, Buffers, Gateway, LevelId, LevelKind, Methods, Nginx,
    Origin, OriginKind, Route, RouteId, Setting, Statements, Tally, Version, WorkerClass,
};
use crate::source::Span;
use crate::value::{Duration, Size};

pub(super) const RULE: Rule = Rule {
    name: "unbuffered-sync-worker",
    category: Category::Buffer,
    severity: Severity::Warning,
    summary: "sync workers wait for slow clients, since nginx does not buffer for them",
    outcome: "cut answers, 500, 502 or 504",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/unbuffered-sync-worker.md"),
    check,
};

/// Memory for answers that is no longer taken for an oversight: whoever gives a request that much has done without a file
/// on purpose.
const AMPLE: u64 = 1 << 20;

/// What nginx does not keep for a slow client.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// Answers, but for one buffer: `proxy_buffering off`.
    Answers,
    /// What of answers is beyond this much memory: `proxy_max_temp_file_size 0`.
    Rest(Size),
    /// Uploads: `proxy_request_buffering off`.
    Uploads,
}

impl Missing {
    /// The directive, and the value with which nginx keeps it, which is the default.
    fn kept_by(self) -> (&'static str, &'static str) {
        match self {
            Missing::Answers => ("proxy_buffering", "on"),
            Missing::Rest(_) => ("proxy_max_temp_file_size", "1024m"),
            Missing::Uploads => ("proxy_request_buffering", "on"),
        }
    }
}

/// One place where buffering is turned off, with the routes to sync workers that it is in force for.
struct Unbuffered {
    missing: Missing,
    app: AppId,
    anchor: Anchor,
    origin: Origin,
    routes: BTreeSet<RouteId>,
}

/// What a fix has to look at besides.
struct Around<'a> {
    statements: Statements<'a>,
    uses: Tally,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let mut places: BTreeMap<Span, Unbuffered> = BTreeMap::new();
    let methods = Methods::new(&deployment.nginx);
    for hop in &deployment.hops {
        let Some(id) = hop.app() else { continue };
        let (app, route) = (deployment.app(id), deployment.route(hop.route));
        let is_sync = app.worker_class.value.must(|class| *class == WorkerClass::Sync);
        let is_http = matches!(route.gateway, Gateway::Http | Gateway::Https);
        if app.kind != AppKind::Gunicorn || !is_sync || !is_http {
            continue;
        }
        // What nginx asks for on its own account, no client takes slowly; and where some methods do not get through there may
        // be no uploads.
        if deployment.nginx.level(route.level).internal || methods.are_limited(route.level) {
            continue;
        }
        for (missing, origin) in missing(&deployment.nginx, route, deployment.target.nginx) {
            let Some(anchor) = origin.anchor else { continue };
            let is_own = origin.kind == OriginKind::Written;
            let place = places.entry(anchor.span).or_insert_with(|| Unbuffered {
                missing,
                app: id,
                anchor,
                origin: origin.clone(),
                routes: BTreeSet::new(),
            });
            if is_own {
                place.origin = origin;
            }
            place.routes.insert(hop.route);
        }
    }
    if places.is_empty() {
        return;
    }
    let around = Around {
        statements: Statements::new(&deployment.nginx),
        uses: uses(&deployment.nginx, deployment.target.nginx, &places),
    };
    findings.extend(places.values().map(|it| finding(context, it, &around)));
}

/// What nginx certainly does not keep of what passes on a route, and where that is written.
fn missing(nginx: &Nginx, route: &Route, version: Version) -> Vec<(Missing, Origin)> {
    let flag = |name: &str| -> Setting<bool> { nginx.setting(route.level, name, version) };
    let size = |name: &str| -> Setting<Size> { nginx.setting(route.level, name, version) };
    let mut missing = Vec::new();
    let (answers, file) = (flag("proxy_buffering"), size("proxy_max_temp_file_size"));
    let memory: Setting<Buffers> = nginx.setting(route.level, "proxy_buffers", version);
    if answers.value.must(|is_on| !is_on) {
        missing.push((Missing::Answers, answers.origin));
    } else if answers.value.must(|is_on| *is_on)
        && file.value.must(|size| size.bytes == 0)
        // What is kept in a cache or a file of its own is taken as a whole.
        && !writes(nginx, route.level, &["proxy_cache", "proxy_store"])
        && let Some(memory) = memory.value.known().map(|it| it.total()).filter(|it| it.bytes < AMPLE)
    {
        missing.push((Missing::Rest(memory), file.origin));
    }
    let uploads = flag("proxy_request_buffering");
    let has_body = !writes(nginx, route.level, &["proxy_set_body"]);
    if has_body
        && uploads.value.must(|is_on| !is_on)
        && flag("proxy_pass_request_body").value.must(|is_on| *is_on)
    {
        missing.push((Missing::Uploads, uploads.origin));
    }
    missing
}

/// Whether a directive is written at a level or around it.
fn writes(nginx: &Nginx, level: LevelId, names: &[&str]) -> bool {
    let mut at = Some(level);
    while let Some(id) = at {
        let level = nginx.level(id);
        if level.written.iter().any(|it| names.contains(&it.name)) {
            return true;
        }
        at = level.parent;
    }
    false
}

fn finding(context: &Context, unbuffered: &Unbuffered, around: &Around) -> Finding {
    let deployment = context.deployment;
    let app = deployment.app(unbuffered.app);
    let (directive, _) = unbuffered.missing.kept_by();
    let message = message(unbuffered.missing, app, deployment.target.gunicorn);
    let text = format!("`{directive}` is turned off, {}", unbuffered.origin.describe("nginx"));
    let primary = Label { span: unbuffered.anchor.span, text };
    let class = &app.worker_class.origin;
    let text = match class.place {
        Some(_) => format!("the worker class is sync, {}", class.describe("Gunicorn")),
        None => "the worker class is sync, Gunicorn's default".into(),
    };
    let mut related = vec![Label { span: class.place.unwrap_or(app.place), text }];
    let timeout: Setting<Duration> = app.setting("timeout");
    if let Some((span, time)) = timeout.origin.place.zip(timeout.value.known())
        && time.milliseconds > 0
    {
        let text = format!("`timeout` is {time}, {}", timeout.origin.describe("Gunicorn"));
        related.push(Label { span, text });
    }
    let passes: BTreeSet<Span> =
        unbuffered.routes.iter().map(|id| deployment.route(*id).anchor.span).collect();
    if unbuffered.origin.kind != OriginKind::Written {
        let text = "for requests that are handed on here".to_owned();
        related.extend(passes.first().map(|span| Label { span: *span, text }));
    }
    let mut finding = RULE.finding(message, primary, related);
    finding.help = Some(help(unbuffered.missing, passes.len()));
    finding.fix = fix(context, unbuffered, around);
    finding
}

fn message(missing: Missing, app: &App, gunicorn: Version) -> String {
    let what = match missing {
        Missing::Answers => "nginx takes this app's answers no faster than the client does".to_owned(),
        Missing::Rest(memory) => format!(
            "nginx keeps {memory} of this app's answer and takes the rest no faster than the client does"
        ),
        Missing::Uploads => "nginx hands uploads on no faster than the client sends them".to_owned(),
    };
    let timeout: Setting<Duration> = app.setting("timeout");
    let time = match timeout.value.known() {
        Some(time) if time.milliseconds == 0 => {
            return format!(
                "{what}: a slow client holds up a sync worker, which serves nobody else meanwhile"
            );
        }
        Some(time) if timeout.origin.is_written() => format!("the worker's `timeout` of {time}"),
        Some(time) => format!("the worker's `timeout` of {time}, Gunicorn's default,"),
        None => "the worker's `timeout`".to_owned(),
    };
    let end = match missing {
        Missing::Answers | Missing::Rest(_) => {
            format!("an answer that the client does not take within {time} is cut off")
        }
        Missing::Uploads if gunicorn >= ANSWERS_WHEN_KILLED => {
            format!("an upload that takes longer than {time} gets a 500 (before Gunicorn 22 a 502)")
        }
        Missing::Uploads => {
            format!("an upload that takes longer than {time} gets a 502 (from Gunicorn 22 on a 500)")
        }
    };
    format!("{what}: a slow client holds up a sync worker, which serves nobody else meanwhile, and {end}")
}

fn help(missing: Missing, passes: usize) -> String {
    let (directive, value) = missing.kept_by();
    let where_it_streams = match missing {
        Missing::Answers | Missing::Rest(_) => "answers that have to arrive piece by piece need",
        Missing::Uploads => "uploads that have to arrive while they are sent need",
    };
    let scope = match passes {
        0 | 1 => String::new(),
        n => format!("; {n} routes are meant"),
    };
    format!(
        "let nginx buffer with `{directive} {value}`, its default, which frees the worker as soon as it is done; \
         {where_it_streams} workers that can wait, such as those of `--threads 4`; Gunicorn's log says `WORKER \
         TIMEOUT`{scope}"
    )
}

/// Whether each place that buffering is turned off in goes for routes to sync workers alone.
fn uses(nginx: &Nginx, version: Version, places: &BTreeMap<Span, Unbuffered>) -> Tally {
    let mut uses = Tally::default();
    for (at, route) in nginx.routes.iter().enumerate() {
        let id = RouteId(at as u32);
        for directive in ["proxy_buffering", "proxy_max_temp_file_size", "proxy_request_buffering"] {
            if let Some(place) = nginx.datum(route.level, directive, version).origin.place {
                uses.count(place, places.get(&place).is_some_and(|it| it.routes.contains(&id)));
            }
        }
    }
    uses
}

/// Turns buffering on where it is turned off, if that goes for no other route; beside the passes where it is inherited.
fn fix(context: &Context, unbuffered: &Unbuffered, around: &Around) -> Option<Fix> {
    let nginx = &context.deployment.nginx;
    let (directive, value) = unbuffered.missing.kept_by();
    let edits: Vec<Edit> = if unbuffered.origin.kind == OriginKind::Written {
        let all = around.uses.is_whole(unbuffered.anchor.span);
        all.then(|| vec![unbuffered.anchor.set(value)])?
    } else {
        let takes_it = |id: &LevelId| nginx.level(*id).kind == LevelKind::Location;
        let setting = (directive, value.to_owned());
        let add = |anchor: &Anchor| {
            let levels = around.statements.levels(anchor.span);
            let may_stand = around.statements.may_add(anchor.span, directive) && levels.iter().all(takes_it);
            may_stand.then(|| anchor.add_after(context.sources, std::slice::from_ref(&setting))).flatten()
        };
        let anchors = unbuffered.routes.iter().map(|id| context.deployment.route(*id).anchor);
        let anchors: BTreeMap<Span, Anchor> = anchors.map(|it| (it.span, it)).collect();
        anchors.values().map(add).collect::<Option<_>>()?
    };
    Fix::new(format!("set `{directive} {value}`"), Applicability::Unsafe, edits)
}
