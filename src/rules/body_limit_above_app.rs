//! nginx lets bodies through that the app refuses without reading them.

use std::collections::BTreeMap;

use super::{Category, Context, Fixable, Rule, more_routes};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{
    App, AppId, AppKind, BodyLimit, Datum, Deployment, Gateway, LevelKind, Methods, OriginKind, Route,
    RouteId, Setting, Statements, Tally, Version, WorkerClass,
};
use crate::source::Span;
use crate::value::Size;

pub(super) const RULE: Rule = Rule {
    name: "body-limit-above-app",
    category: Category::Buffer,
    severity: Severity::Warning,
    summary: "nginx lets larger bodies through than the app takes, and the app's 413 is lost",
    outcome: "502 instead of 413",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/body-limit-above-app.md"),
    check,
};

const DIRECTIVE: &str = "client_max_body_size";

/// A body that is larger does not go into the buffers between nginx and the app: of bodies below 300 KB hardly one is lost.
const LARGE: Size = Size::kibibytes(1 << 10);

/// The first Gunicorn whose threads read no rest of a body, though nginx keeps the connection. 23.0.0 and 20.1.0 do.
const THREADS_READ_NO_REST: Version = Version(27, 0, 1);

/// The routes that let more through than one app takes, for one reason.
struct Wide<'a> {
    routes: Vec<&'a Route>,
    allowed: Setting<Size>,
    app: &'a App,
    limit: &'a BodyLimit,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    if deployment.apps.iter().all(|app| app.body_limit.is_none()) {
        return;
    }
    let methods = Methods::new(&deployment.nginx);
    // Routes that inherit one value, or have the default in one file, are one mistake.
    let mut found: BTreeMap<(AppId, Option<Span>, Span), Wide> = BTreeMap::new();
    let mut uses = Tally::default();
    for (at, route) in deployment.nginx.routes.iter().enumerate() {
        let allowed: Setting<Size> =
            deployment.nginx.setting(route.level, DIRECTIVE, deployment.target.nginx);
        let limited = limited(deployment, route, RouteId(at as u32), &methods);
        let limited = limited.filter(|(_, limit)| is_above(&allowed, limit));
        for statement in [Some(route.anchor.span), allowed.origin.place].into_iter().flatten() {
            uses.count(statement, limited.is_some());
        }
        let Some((id, limit)) = limited else { continue };
        let file = Span { start: 0, end: 0, ..route.anchor.span };
        let key = (id, allowed.origin.place, file);
        let wide = Wide { routes: Vec::new(), allowed, app: deployment.app(id), limit };
        let wide = found.entry(key).or_insert(wide);
        if !wide.routes.iter().rev().any(|it| it.anchor.span == route.anchor.span) {
            wide.routes.push(route);
        }
    }
    if found.is_empty() {
        return;
    }
    let statements = Statements::new(&deployment.nginx);
    findings.extend(found.values().map(|wide| finding(context, wide, &statements, &uses)));
}

/// Whether nginx certainly lets through what an app refuses, and what is large enough to be lost. A 0 is no limit.
fn is_above(allowed: &Setting<Size>, limit: &BodyLimit) -> bool {
    limit.size.bytes > 0 && allowed.value.must(|it| it.bytes == 0 || *it > limit.size && *it >= LARGE)
}

/// The first of the apps that answer a route and the most that any of them takes, if each certainly refuses more than that
/// and reads no more of it.
fn limited<'a>(
    deployment: &'a Deployment,
    route: &Route,
    id: RouteId,
    methods: &Methods,
) -> Option<(AppId, &'a BodyLimit)> {
    let nginx = &deployment.nginx;
    let version = deployment.target.nginx;
    let passes: Setting<bool> = nginx.setting(route.level, "proxy_pass_request_body", version);
    let body: Setting<Option<String>> = nginx.setting(route.level, "proxy_set_body", version);
    let is_passed = passes.value.must(|it| *it) && body.value.must(Option::is_none);
    let is_answered =
        route.gateway == Gateway::Http && route.open.is_none() && !nginx.rescues(route.level).unreached;
    if !is_passed || !is_answered || methods.may_be_get_alone(route) {
        return None;
    }
    let mut all = Vec::new();
    for hop in deployment.hops_of(id).iter().filter(|hop| !route.peers[hop.peer].down) {
        let app = hop.app()?;
        let limit = deployment.app(app).body_limit.as_ref();
        all.push((app, limit.filter(|_| leaves_the_rest(deployment, route, deployment.app(app)))?));
    }
    all.into_iter().rev().max_by_key(|(_, limit)| limit.size)
}

/// Whether the workers of an app certainly end the connection with the rest of a body unread. Where nginx keeps the connection,
/// they read it before the next request, and nothing is lost.
fn leaves_the_rest(deployment: &Deployment, route: &Route, app: &App) -> bool {
    let class = app.settings.get("worker_class");
    let is_other = class.is_none_or(|it| {
        it.value.may(|it| match it {
            Datum::Text(name) => name.contains("wsgi"),
            _ => true,
        })
    });
    let is_closed = || deployment.nginx.is_closed(route, deployment.target.nginx);
    let leaves = |class: &WorkerClass| match class {
        WorkerClass::Sync => true,
        WorkerClass::Gthread => deployment.target.gunicorn >= THREADS_READ_NO_REST || is_closed(),
        WorkerClass::Gevent => is_closed(),
        _ => false,
    };
    app.kind == AppKind::Gunicorn && !is_other && app.worker_class.value.must(leaves)
}

fn finding(context: &Context, wide: &Wide, statements: &Statements, uses: &Tally) -> Finding {
    let Wide { routes, allowed, app, limit } = wide;
    let most = match allowed.value.candidates().into_iter().flatten().max() {
        Some(size) if size.bytes > 0 => format!("of up to {size}"),
        _ => "of any size".into(),
    };
    let size = limit.size;
    let message = format!(
        "nginx lets bodies {most} through, but this app takes {size}: it refuses a larger one with a 413 without reading it, \
         and some clients get a 502 instead of that"
    );
    let first = routes[0];
    let primary = match allowed.origin.place {
        Some(span) => Label { span, text: format!("bodies {most}, {}", allowed.origin.describe("nginx")) },
        None => Label {
            span: first.anchor.span,
            text: format!("bodies {most}: nginx's default of `{DIRECTIVE}`"),
        },
    };
    let text = format!("`MAX_CONTENT_LENGTH` is {size} in `{}`", limit.file);
    let mut related = vec![Label { span: app.target.origin.place.unwrap_or(app.place), text }];
    if primary.span != first.anchor.span {
        let text = "for requests that are handed on here".into();
        related.push(Label { span: first.anchor.span, text });
    }
    let others = more_routes(routes.len());
    let mut finding = RULE.finding(message, primary, related);
    finding.help = Some(format!(
        "let nginx say the 413 itself, which every client gets: `{DIRECTIVE} {};`; nginx's error log says `while sending \
         request to upstream`{others}",
        size.to_nginx()
    ));
    finding.fix = fix(context, wide, statements, uses);
    finding
}

/// Sets nginx's limit to the app's: where a location sets its own, else beside the pass, where it may stand.
fn fix(context: &Context, wide: &Wide, statements: &Statements, uses: &Tally) -> Option<Fix> {
    let value = wide.limit.size.to_nginx();
    let nginx = &context.deployment.nginx;
    let edit = |route: &&Route| -> Option<Edit> {
        let pass = route.anchor.span;
        let is_location = |id: &_| nginx.level(*id).kind == LevelKind::Location;
        let may_add = statements.may_add(pass, DIRECTIVE)
            && statements.levels(pass).iter().all(is_location)
            && uses.is_whole(pass);
        may_add.then(|| route.anchor.add_after(context.sources, &[(DIRECTIVE, value.clone())])).flatten()
    };
    let own = wide.allowed.origin.anchor.filter(|_| wide.allowed.origin.kind == OriginKind::Written);
    let edits = match own {
        Some(anchor) => vec![uses.is_whole(anchor.span).then(|| anchor.set(&value))?],
        None => wide.routes.iter().map(edit).collect::<Option<_>>()?,
    };
    Fix::new(format!("let nginx take {} as well", wide.limit.size), Applicability::Unsafe, edits)
}
