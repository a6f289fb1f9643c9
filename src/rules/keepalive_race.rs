//! nginx keeps connections to an app for longer than the app does.

mod mend;

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Said, Severity};
use crate::model::{
    App, AppId, AppKind, Datum, Gateway, Methods, Pool, Readers, Route, Setting, Version, WorkerClass,
};
use crate::source::Span;
use crate::value::Duration;

pub(super) const RULE: Rule = Rule {
    name: "keepalive-race",
    category: Category::Keepalive,
    severity: Severity::Warning,
    summary: "nginx keeps connections to an app for longer than the app does",
    outcome: "502 on POST",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/keepalive-race.md"),
    check,
};

/// Since when threads look for connections to close whenever a request is done, and not once a second.
///
/// Source: `gunicorn/workers/gthread.py` of 23.0.0 and 24.1.1: `finish_request` is run by the loop.
const THREADS_CLOSE_IN_TIME: Version = Version(24, 0, 0);

/// An upstream block, and the apps at its servers that close connections before nginx does.
struct Racing<'a> {
    pool: Pool<'a>,
    /// The first pass that leads there.
    pass: Span,
    apps: BTreeSet<AppId>,
    /// Whether a request of any method is lost, since nginx is told not to send one again.
    any_method: bool,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let mut methods = None;
    // A block that is included twice is written once.
    let mut racing: BTreeMap<Span, Racing> = BTreeMap::new();
    for hop in &deployment.hops {
        let route = deployment.route(hop.route);
        let Some(id) = hop.app() else { continue };
        let peer = &route.peers[hop.peer];
        let Some(pool) = deployment.nginx.pool(route, deployment.target.nginx) else { continue };
        if peer.down || peer.parameters.backup || !closes_first(deployment.app(id), &pool) {
            continue;
        }
        let methods = methods.get_or_insert_with(|| Methods::new(&deployment.nginx));
        let Some(any_method) = loses(context, route, methods) else { continue };
        let pass = route.anchor.span;
        let apps = BTreeSet::new();
        let entry = racing.entry(pool.upstream.place).or_insert(Racing { pool, pass, apps, any_method });
        entry.apps.insert(id);
        entry.any_method |= any_method;
    }
    // Upstreams of the same apps are one mistake, which is the apps'.
    let mut together: BTreeMap<Vec<Span>, Vec<Racing>> = BTreeMap::new();
    for one in racing.into_values() {
        let places: BTreeSet<Span> = one.apps.iter().map(|id| place(deployment.app(*id))).collect();
        together.entry(places.into_iter().collect()).or_default().push(one);
    }
    if together.is_empty() {
        return;
    }
    let readers = Readers::new(deployment);
    findings.extend(together.into_values().filter_map(|racing| finding(context, &readers, &racing)));
}

/// Where an app says how long it keeps connections, or where it is started.
fn place(app: &App) -> Span {
    app.setting::<Duration>("keepalive").origin.place.unwrap_or(app.place)
}

/// Whether an app certainly keeps connections, and closes an idle one no later than nginx does.
fn closes_first(app: &App, pool: &Pool) -> bool {
    let keepalive: Setting<Duration> = app.setting("keepalive");
    let (workers, threads): (Setting<i64>, Setting<i64>) =
        (app.setting("worker_connections"), app.setting("threads"));
    // `gevent_pywsgi` has a server of its own, which closes no idle connection.
    let is_own_server = app.settings.get("worker_class").is_none_or(|it| {
        it.value.may(|it| match it {
            Datum::Text(name) => name.contains("wsgi"),
            _ => true,
        })
    });
    let keeps = |class: &WorkerClass| match class {
        // Threads keep what `worker_connections` leaves beyond them.
        WorkerClass::Gthread => workers.value.must(|workers| threads.value.must(|threads| workers > threads)),
        WorkerClass::Gevent => !is_own_server,
        WorkerClass::Eventlet | WorkerClass::Asgi | WorkerClass::Uvicorn => true,
        WorkerClass::Sync | WorkerClass::Tornado | WorkerClass::Other(_) => false,
    };
    app.kind == AppKind::Gunicorn
        && app.worker_class.value.must(keeps)
        && keepalive.value.must(|kept| kept.milliseconds > 0 && pool.idle.value.must(|idle| idle >= kept))
}

/// Whether nginx certainly gives up a request of some method when it is lost: it sends those again that may be sent twice, if
/// `proxy_next_upstream` does not say otherwise. Whether that is so of all methods; `None` where it is not certain, or where
/// nothing but GET may be allowed.
fn loses(context: &Context, route: &Route, methods: &Methods) -> Option<bool> {
    debug_assert!(matches!(route.gateway, Gateway::Http | Gateway::Https));
    let deployment = context.deployment;
    let next: Setting<Vec<String>> =
        deployment.nginx.setting(route.level, "proxy_next_upstream", deployment.target.nginx);
    let lacks = |name: &str| next.value.must(|words| !words.iter().any(|word| word == name));
    let any_method = lacks("error");
    (lacks("non_idempotent") && (any_method || !methods.may_be_get_alone(route))).then_some(any_method)
}

/// How often a request meets the moment in which its connection is closed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Window {
    /// A few milliseconds.
    Moment,
    /// Up to a second, in which connections that are past their time wait to be closed.
    Second,
}

fn window(app: &App, gunicorn: Version) -> Window {
    let is_late = app.worker_class.value.must(|class| *class == WorkerClass::Gthread);
    if is_late && gunicorn < THREADS_CLOSE_IN_TIME { Window::Second } else { Window::Moment }
}

fn finding(context: &Context, readers: &Readers, racing: &[Racing]) -> Option<Finding> {
    let deployment = context.deployment;
    let target = deployment.target;
    let first = racing.first()?;
    let id = first.apps.iter().max_by_key(|id| window(deployment.app(**id), target.gunicorn))?;
    let app = deployment.app(*id);
    let window = window(app, target.gunicorn);
    let kept: Setting<Duration> = app.setting("keepalive");
    let (idle, closes) = (longest(&first.pool.idle)?, longest(&kept)?);
    let class = app.worker_class.value.known().map_or_else(String::new, |class| format!("{class} "));
    let message = format!(
        "nginx keeps idle connections to this app for {idle}, but its {class}workers close them after {closes}: {} that is \
         sent on one while it is closed gets a 502{}",
        if first.any_method { "a request" } else { "a POST or PATCH" },
        match window {
            Window::Second => format!(
                "; Gunicorn {} closes them up to a second late, so that many requests of a burst meet it",
                target.gunicorn
            ),
            Window::Moment => String::new(),
        }
    );
    let primary = of_nginx(&first.pool, target.nginx);
    let mut related = vec![Label {
        span: place(app),
        text: match kept.origin.place {
            Some(_) => format!("`keepalive` is {closes}, {}", kept.origin.describe("Gunicorn")),
            None => format!("this app's `keepalive` is {closes}, Gunicorn's default"),
        },
    }];
    related.push(Label { span: first.pass, text: "for requests that are handed on here".into() });
    let others = racing[1..].iter().take(2);
    related.extend(others.map(|it| Label { text: "and here".into(), ..of_nginx(&it.pool, target.nginx) }));
    let mut finding = RULE.finding(message, primary, related);
    // Nobody asked for what nginx does by itself, and the moment is rarely met.
    if window == Window::Moment && racing.iter().all(|it| !it.pool.size.origin.is_written()) {
        finding.severity = Severity::Note;
    }
    if first.any_method {
        finding.outcome = "502".into();
    }
    finding.help = Some(format!(
        "{}; {}nginx's error log says `recv() failed (104: Connection reset by peer)` or `upstream prematurely closed \
         connection`, Gunicorn's says nothing",
        mend::advice(longest_of(racing)?),
        if first.any_method {
            ""
        } else {
            "what may be sent twice, such as a GET, nginx sends again by itself; "
        },
    ));
    let (at_proxy, at_app) = (mend::at_proxy(context, racing), mend::at_app(context, readers, racing));
    // That nginx keeps connections is what is wanted, for how long it does by itself as well.
    finding.mend(at_proxy, at_app, Said { proxy: true, app: mend::is_said(context, racing) });
    Some(finding)
}

/// Where nginx is told to keep connections, or keeps them by itself.
fn of_nginx(pool: &Pool, nginx: Version) -> Label {
    let idle = pool.idle.value.known().map_or_else(String::new, |idle| format!(" for {idle}"));
    match (pool.idle.origin.place, pool.size.origin.place) {
        (Some(span), _) => Label { span, text: format!("nginx keeps idle connections{idle}, set here") },
        (None, Some(span)) => {
            Label { span, text: format!("nginx keeps idle connections here,{idle} as is its default") }
        }
        (None, None) => {
            let text =
                format!("nginx {nginx} keeps idle connections{idle} by itself, as every nginx since 1.29.7");
            Label { span: pool.upstream.place, text }
        }
    }
}

fn longest(time: &Setting<Duration>) -> Option<Duration> {
    time.value.candidates()?.iter().max().copied()
}

/// The longest time for which nginx keeps a connection to any of the upstreams.
fn longest_of(racing: &[Racing]) -> Option<Duration> {
    racing.iter().filter_map(|it| longest(&it.pool.idle)).max()
}
