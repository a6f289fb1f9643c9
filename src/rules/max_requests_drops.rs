//! Workers that lose requests when they are replaced after so many.

use std::collections::BTreeMap;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{
    App, AppKind, Dialect, Gateway, Methods, OriginKind, Route, Setting, UpstreamId, Version, WorkerClass,
};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "max-requests-drops",
    category: Category::Keepalive,
    severity: Severity::Warning,
    summary: "`max_requests` with workers that lose requests when they are replaced",
    outcome: "502",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/max-requests-drops.md"),
    check,
};

/// The versions in which threads drop what they have accepted and not begun, and those in which they close connections
/// that nginx keeps without looking whether a request is on its way. Seen with 20.1.0, 21.2.0, 22.0.0, 23.0.0, 24.1.1,
/// 25.3.0, 26.2.0 and 27.0.1.
const THREADS_DROP: [Version; 2] = [Version(21, 0, 0), Version(24, 0, 0)];
const THREADS_CLOSE: [Version; 2] = [Version(20, 0, 0), Version(27, 0, 0)];

/// What is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Loss {
    /// What may not be sent twice, on connections that nginx keeps by itself.
    Unasked,
    /// The same, on connections that somebody told it to keep.
    Kept,
    /// Requests of any sort.
    Any,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    // Several apps may read one file, and several routes lead to an app.
    let mut found: BTreeMap<Span, (Loss, &App, &Route)> = BTreeMap::new();
    let mut methods = None;
    for hop in &deployment.hops {
        let Some(id) = hop.app() else { continue };
        let (app, route) = (deployment.app(id), deployment.route(hop.route));
        let requests: Setting<i64> = app.setting("max_requests");
        let Some(place) = requests.origin.place else { continue };
        let peer = &route.peers[hop.peer];
        if app.kind != AppKind::Gunicorn || !requests.value.must(|number| *number > 0) || peer.down {
            continue;
        }
        let Some(loss) = loss(context, app, route) else { continue };
        let methods = methods.get_or_insert_with(|| Methods::new(&deployment.nginx));
        if loss != Loss::Any && methods.may_be_get_alone(route) {
            continue;
        }
        let entry = found.entry(place).or_insert((loss, app, route));
        if loss > entry.0 {
            *entry = (loss, app, route);
        }
    }
    findings.extend(found.into_values().filter_map(|(loss, app, route)| finding(context, loss, app, route)));
}

/// What an app certainly loses of a route's requests when a worker is replaced.
fn loss(context: &Context, app: &App, route: &Route) -> Option<Loss> {
    let target = context.deployment.target;
    let within = |[since, until]: [Version; 2]| (since..until).contains(&target.gunicorn);
    let is = |wanted: WorkerClass| app.worker_class.value.must(|class| *class == wanted);
    if !matches!(route.gateway, Gateway::Http | Gateway::Https) {
        return None;
    }
    if is(WorkerClass::Uvicorn) || is(WorkerClass::Gthread) && within(THREADS_DROP) {
        return Some(Loss::Any);
    }
    if !is(WorkerClass::Gthread) || !within(THREADS_CLOSE) {
        return None;
    }
    let nginx = &context.deployment.nginx;
    let pool = nginx.pool(route, target.nginx).filter(|_| keeps(app))?;
    let next: Setting<Vec<String>> = nginx.setting(route.level, "proxy_next_upstream", target.nginx);
    let is_retried = !next.value.must(|words| !words.iter().any(|word| word == "non_idempotent"));
    let asked = if pool.size.origin.is_written() { Loss::Kept } else { Loss::Unasked };
    (!is_retried).then_some(asked)
}

/// Whether threads certainly keep connections open after a request: they do in what `worker_connections` leaves beyond them.
fn keeps(app: &App) -> bool {
    let (connections, threads): (Setting<i64>, Setting<i64>) =
        (app.setting("worker_connections"), app.setting("threads"));
    let keepalive: Setting<crate::value::Duration> = app.setting("keepalive");
    keepalive.value.must(|time| time.milliseconds > 0)
        && connections.value.must(|all| threads.value.must(|threads| all > threads))
}

fn finding(context: &Context, loss: Loss, app: &App, route: &Route) -> Option<Finding> {
    let target = context.deployment.target;
    let requests: Setting<i64> = app.setting("max_requests");
    let number = requests.value.candidates()?.iter().min()?;
    let is_uvicorn = app.worker_class.value.must(|class| *class == WorkerClass::Uvicorn);
    let what = match (loss, is_uvicorn) {
        (Loss::Any, true) => "a uvicorn worker drops requests that it has accepted and not begun".to_owned(),
        (Loss::Any, false) => format!(
            "a worker with threads of Gunicorn {} drops requests that it has accepted and not begun",
            target.gunicorn
        ),
        (Loss::Kept | Loss::Unasked, _) => format!(
            "a worker with threads of Gunicorn {} closes the connections that nginx keeps to it, and a POST that is on its \
             way on one is lost",
            target.gunicorn
        ),
    };
    let message = format!(
        "when it is replaced, which is after {number} requests, {what}: about one for each restart gets a 502"
    );
    let primary = Label {
        span: requests.origin.place?,
        text: format!("`max_requests` is {number}, {}", requests.origin.describe("Gunicorn")),
    };
    let text = "for requests that are handed on here".into();
    let mut related = vec![Label { span: route.anchor.span, text }];
    if let Some(span) = context.deployment.pinned.filter(|_| !is_uvicorn) {
        related.push(Label { span, text: format!("Gunicorn {} is meant", target.gunicorn) });
    }
    if loss == Loss::Unasked
        && let Some(UpstreamId(at)) = route.upstream
    {
        let span = context.deployment.nginx.upstreams[at as usize].place;
        let text = format!("nginx {} keeps connections by itself, as every nginx since 1.29.7", target.nginx);
        related.push(Label { span, text });
    }
    let mut finding = RULE.finding(message, primary, related);
    finding.help = Some(match (loss, is_uvicorn) {
        (_, true) => "restart the workers more rarely, or not at all where no memory leaks; what is lost grows with the \
                      number of restarts, and Gunicorn's log says nothing of it"
            .into(),
        (Loss::Any, false) => "Gunicorn 27 loses none, and neither does 20.1 without connections that are kept; a `max_requests_jitter` does not \
                               help, since each restart is the same"
            .into(),
        (Loss::Kept | Loss::Unasked, _) => "Gunicorn 27 loses none, and neither does an upstream with `keepalive 0` or without \
                                            `keepalive`; GETs are sent again by nginx"
            .into(),
    });
    if loss == Loss::Unasked {
        finding.severity = Severity::Note;
    }
    finding.fix = fix(&requests);
    Some(finding)
}

/// Does without the restarts; whether something leaks that they are for, nobody says.
fn fix(requests: &Setting<i64>) -> Option<Fix> {
    let anchor = requests.origin.anchor?;
    let is_plain = matches!(anchor.dialect, Dialect::Python | Dialect::CommandLine)
        && requests.origin.kind != OriginKind::Environment;
    let edits = is_plain.then(|| vec![anchor.set("0")])?;
    Fix::new("do without restarts", Applicability::Unsafe, edits)
}
