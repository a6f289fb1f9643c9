//! nginx was told to wait, and the worker is killed long before.

mod mends;

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Said, Severity};
use crate::model::{
    ANSWERS_WHEN_KILLED, App, AppId, AppKind, Deployment, OriginKind, Readers, Route, Setting, Statements,
    WorkerClass,
};
use crate::source::Span;
use crate::value::Duration;

pub(super) const RULE: Rule = Rule {
    name: "worker-timeout-below-read",
    category: Category::Timeout,
    severity: Severity::Warning,
    summary: "nginx was told to wait, and a sync worker is killed long before",
    outcome: "500",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/worker-timeout-below-read.md"),
    check,
};

/// Which apps are reached through each pass, and on routes for which each time goes; `None` is somebody else.
type Leads = BTreeMap<Span, BTreeSet<Option<AppId>>>;

/// The routes that wait much longer than one app's workers live, for one reason.
struct Long<'a> {
    routes: Vec<&'a Route>,
    directive: &'static str,
    read: Setting<Duration>,
    worker: Setting<Duration>,
}

impl Long<'_> {
    /// The least that nginx waits for certain.
    fn least(&self) -> Option<Duration> {
        self.read.value.candidates()?.iter().min().copied()
    }
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let mut groups: BTreeMap<(AppId, Span), Long> = BTreeMap::new();
    let mut grouped = BTreeSet::new();
    // What the most impatient route to an app waits at least; `None` where that is not known.
    let mut shortest: BTreeMap<AppId, Option<Duration>> = BTreeMap::new();
    for hop in &deployment.hops {
        let route = deployment.route(hop.route);
        let Some((directive, read)) = read_timeout(deployment, route) else { continue };
        let Some(id) = hop.app() else { continue };
        let app = deployment.app(id);
        let worker: Setting<Duration> = app.setting("timeout");
        let waits = read.value.candidates().and_then(|it| it.iter().min().copied());
        let so_far = shortest.entry(id).or_insert(Some(Duration::INFINITY));
        *so_far = so_far.zip(waits).map(|(a, b)| a.min(b));
        let is_long = |read: &Setting<Duration>| is_much_longer(app, read, &worker);
        let Some(place) = read.origin.place.filter(|_| is_long(&read)) else { continue };
        if deployment.goes_with_the_pass(route, app, is_long) {
            continue;
        }
        let own = (read.origin.kind == OriginKind::Written).then(|| read.clone());
        let group =
            groups.entry((id, place)).or_insert_with(|| Long { routes: Vec::new(), directive, read, worker });
        if let Some(read) = own {
            group.read = read;
        }
        if grouped.insert((id, place, route.anchor.span)) {
            group.routes.push(route);
        }
    }
    if groups.is_empty() {
        return;
    }
    let (statements, readers) = (Statements::new(&deployment.nginx), Readers::new(deployment));
    let leads = leads(deployment);
    // Apps that are to have the same time may read it from one file.
    let mut alike: BTreeMap<Duration, BTreeSet<AppId>> = BTreeMap::new();
    for ((id, _), long) in &groups {
        if let Some(read) = long.least() {
            alike.entry(read).or_default().insert(*id);
        }
    }
    for ((id, _), long) in groups {
        let Some(mut finding) = finding(context, deployment.app(id), &long) else { continue };
        let at_proxy = mends::at_proxy(context, &long, &leads, &statements);
        let shortest = shortest.get(&id).copied().flatten();
        let all_wait = long.least().filter(|read| shortest.is_some_and(|it| it >= *read));
        let at_app = all_wait.and_then(|read| mends::at_app(context, id, read, alike.get(&read)?, &readers));
        // Where nginx waits a shorter time, a request that takes longer fails as before: only who has to keep the worker's time
        // wants that, and where the app cannot be mended, both say the same at least.
        finding.mend(at_proxy, at_app, Said { proxy: true, app: false });
        findings.push(finding);
    }
}

/// How long nginx waits on a route, and by which directive.
fn read_timeout(deployment: &Deployment, route: &Route) -> Option<(&'static str, Setting<Duration>)> {
    let directive = route.gateway.read_timeout()?;
    Some((directive, deployment.nginx.setting(route.level, directive, deployment.target.nginx)))
}

/// Where all hops lead. It takes as long as all else here, and few stacks have a finding to ask it for.
fn leads(deployment: &Deployment) -> Leads {
    let mut leads = Leads::new();
    for hop in &deployment.hops {
        let route = deployment.route(hop.route);
        let Some((_, read)) = read_timeout(deployment, route) else { continue };
        for place in read.origin.place.into_iter().chain([route.anchor.span]) {
            leads.entry(place).or_default().insert(hop.app());
        }
    }
    leads
}

/// Whether somebody told nginx to wait more than twice as long as a worker has for a request, whatever is still unknown.
///
/// `timeout` bounds the requests of sync workers alone. That nginx waits somewhat longer is as it should be, and its default
/// of 60 seconds is twice Gunicorn's of 30.
fn is_much_longer(app: &App, read: &Setting<Duration>, worker: &Setting<Duration>) -> bool {
    let is_sync = app.worker_class.value.must(|class| *class == WorkerClass::Sync);
    let twice = |worker: Duration| worker.milliseconds.saturating_mul(2);
    let is_longer =
        |worker: Duration| worker.milliseconds > 0 && read.value.must(|it| it.milliseconds > twice(worker));
    app.kind == AppKind::Gunicorn
        && is_sync
        && read.origin.is_written()
        && worker.value.must(|it| is_longer(*it))
}

fn finding(context: &Context, app: &App, long: &Long) -> Option<Finding> {
    let read = long.least()?;
    let worker = long.worker.value.candidates()?.iter().max()?;
    let first = long.routes.first()?;
    let gunicorn = context.deployment.target.gunicorn;
    let (status, versions) = match gunicorn >= ANSWERS_WHEN_KILLED {
        true => ("500", "Gunicorn 22.0 and later; from older ones nginx makes a 502"),
        false => ("502", "Gunicorn before 22.0; later ones answer with a 500"),
    };
    let message = format!(
        "nginx waits {read} here, but this app's sync workers are killed when a request takes longer than {worker}: it gets a \
         {status} then ({versions}), and the rest of nginx's time is never used"
    );
    let primary = Label {
        span: long.read.origin.place?,
        text: format!("nginx waits {read} for each read, {}", long.read.origin.describe("nginx")),
    };
    let origin = &long.worker.origin;
    let mut related = vec![Label {
        span: origin.place.unwrap_or(app.place),
        text: match origin.place {
            Some(_) => format!("`timeout` is {worker}, {}", origin.describe("Gunicorn")),
            None => format!("this app's `timeout` is {worker}, Gunicorn's default"),
        },
    }];
    if long.read.origin.place.is_some_and(|place| place != first.anchor.span) {
        let text = "for requests that are handed on here".to_owned();
        related.push(Label { span: first.anchor.span, text });
    }
    let mut finding = RULE.finding(message, primary, related);
    finding.outcome = status.into();
    finding.help = Some(format!(
        "give `timeout` the time that a request may take, or use threads, whose requests it does not cut; if {worker} is \
         meant, `{}` can be lower; Gunicorn's log says `WORKER TIMEOUT`, nginx's {}",
        long.directive,
        match gunicorn >= ANSWERS_WHEN_KILLED {
            true => "says nothing",
            false => "`upstream prematurely closed connection`",
        }
    ));
    Some(finding)
}
