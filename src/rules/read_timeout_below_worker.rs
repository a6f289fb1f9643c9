//! nginx gives up on a request before the worker may finish it.

mod mends;

use std::collections::{BTreeMap, BTreeSet};

use super::upstream_localhost::is_dead_otherwise;
use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Said, Severity};
use crate::model::{
    App, AppId, LevelId, OriginKind, Readers, Route, Setting, Statements, Substitute, WorkerClass,
};
use crate::source::Span;
use crate::value::{Duration, Possible};

pub(super) const RULE: Rule = Rule {
    name: "read-timeout-below-worker",
    category: Category::Timeout,
    severity: Severity::Warning,
    summary: "nginx gives up on a request before the worker may finish it",
    outcome: "504",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/read-timeout-below-worker.md"),
    check,
};

/// The routes that wait too short a time for one app, for one reason.
struct Short<'a> {
    routes: Vec<&'a Route>,
    /// The levels of all of them, also of those whose pass stands in one file that is included several times.
    levels: BTreeSet<LevelId>,
    directive: &'static str,
    read: Setting<Duration>,
    worker: Setting<Duration>,
    /// What may answer a request of one of the routes that takes too long.
    substitute: Option<Substitute>,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    // Routes that inherit one value, or have the same default in one file, are one mistake.
    let mut groups: BTreeMap<(AppId, Option<Span>, Span), Short> = BTreeMap::new();
    // Several peers, and several includes of one file, bring one pass more than once.
    let mut grouped = BTreeSet::new();
    // How long nginx waits for each app, whichever route it takes; `None` where that is not one time.
    let mut waits: BTreeMap<AppId, Option<Duration>> = BTreeMap::new();
    for hop in &deployment.hops {
        let Some(id) = hop.app() else { continue };
        let route = deployment.route(hop.route);
        let Some(directive) = route.gateway.read_timeout() else { continue };
        let read: Setting<Duration> =
            deployment.nginx.setting(route.level, directive, deployment.target.nginx);
        let waited = read.value.known().copied();
        let so_far = waits.entry(id).or_insert(waited);
        *so_far = so_far.filter(|time| waited == Some(*time));
        let app = deployment.app(id);
        let worker: Setting<Duration> = app.setting("timeout");
        let is_short = |read: &Setting<Duration>| too_short(read, &worker, &app.worker_class.value);
        if !is_short(&read) || deployment.goes_with_the_pass(route, app, is_short) {
            continue;
        }
        // Who says what answers then has the time in mind that nginx waits.
        let substitute = substitute(context, route, app);
        if substitute == Some(Substitute::Page) {
            continue;
        }
        let file = Span { start: 0, end: 0, ..route.anchor.span };
        let short =
            Short { routes: Vec::new(), levels: BTreeSet::new(), directive, read, worker, substitute: None };
        // A location that sets the value and those inside it are one mistake, which is mended where the value stands.
        let own = (short.read.origin.kind == OriginKind::Written).then(|| short.read.clone());
        let key = (id, short.read.origin.place, file);
        let group = groups.entry(key).or_insert(short);
        if let Some(read) = own {
            group.read = read;
        }
        group.levels.insert(route.level);
        group.substitute = group.substitute.or(substitute);
        if grouped.insert((key, route.anchor.span)) {
            group.routes.push(route);
        }
    }
    if groups.is_empty() {
        return;
    }
    let (statements, readers) = (Statements::new(&deployment.nginx), Readers::new(deployment));
    // Apps that are to have the same time may read it from one file.
    let mut alike: BTreeMap<Duration, BTreeSet<AppId>> = BTreeMap::new();
    for (id, ..) in groups.keys() {
        if let Some(Some(waited)) = waits.get(id) {
            alike.entry(*waited).or_default().insert(*id);
        }
    }
    for ((id, ..), short) in groups {
        let app = deployment.app(id);
        let Some((mut finding, worker)) = finding(app, &short) else { continue };
        // Where the app does not understand the pass, another directive counts once that is mended.
        let is_in_vain = short.routes.iter().any(|route| deployment.is_in_vain(route, app));
        let at_proxy = if is_in_vain { None } else { mends::at_proxy(context, &short, worker, &statements) };
        let waited = waits.get(&id).copied().flatten().filter(|_| !is_in_vain);
        let at_app =
            waited.and_then(|waited| mends::at_app(context, id, waited, alike.get(&waited)?, &readers));
        let said = Said { proxy: short.read.origin.is_written(), app: short.worker.origin.is_written() };
        // Where nginx cannot follow, what somebody gave the worker is not taken from it.
        let at_app = at_app.map(|fix| if said.app && at_proxy.is_none() { fix.on_demand() } else { fix });
        finding.mend(at_proxy, at_app, said);
        findings.push(finding);
    }
}

/// What answers a request that takes too long in the app's place, or may. Where `localhost` is two addresses, that is an app
/// which listens on both.
fn substitute(context: &Context, route: &Route, app: &App) -> Option<Substitute> {
    let deployment = context.deployment;
    let found = deployment.nginx.substitute(route, deployment.target.nginx)?;
    (found != Substitute::Server || !is_dead_otherwise(route, app)).then_some(found)
}

/// Whether nginx waits less than the worker may take, whatever is still unknown.
///
/// `timeout` bounds a request of a sync worker alone; in front of another class it counts only where somebody wrote it
/// down as what a request may take. A timeout of 0 is no timeout, and a read timeout of 0 is another mistake.
fn too_short(read: &Setting<Duration>, worker: &Setting<Duration>, class: &Possible<WorkerClass>) -> bool {
    let bounded = class.must(|class| *class == WorkerClass::Sync);
    if !(worker.origin.is_written() || bounded && read.origin.is_written()) {
        return false;
    }
    let zero = Duration::seconds(0);
    worker.value.must(|worker| *worker > zero && read.value.must(|read| *read > zero && read < worker))
}

/// The finding without its mends, and the longest that the worker may take.
fn finding(app: &App, short: &Short) -> Option<(Finding, Duration)> {
    let read = short.read.value.candidates()?.iter().max()?;
    let worker = short.worker.value.candidates()?.iter().max()?;
    let first = short.routes.first()?;
    let bounded = app.worker_class.value.known() == Some(&WorkerClass::Sync);
    let unless = match short.substitute {
        None | Some(Substitute::Page) => "",
        Some(Substitute::Cache) => " where the cache holds no old answer",
        Some(Substitute::Server) => " unless another server answers in time",
    };
    let message = if bounded {
        format!(
            "nginx gives up after {read}, but this app's sync worker may take {worker}: requests that take longer than \
             {read} get a 504{unless}"
        )
    } else {
        format!(
            "nginx gives up after {read}, but this app's `timeout` is {worker}: requests that take longer than {read} \
             get a 504{unless}"
        )
    };
    let primary = Label {
        span: short.read.origin.place.unwrap_or(first.anchor.span),
        text: match short.read.origin.place {
            Some(_) => format!("nginx waits {read} for each read, {}", short.read.origin.describe("nginx")),
            None => {
                format!("nginx waits {read} for each read here: nginx's default of `{}`", short.directive)
            }
        },
    };
    let timeout_origin = &short.worker.origin;
    let mut related = vec![Label {
        span: timeout_origin.place.unwrap_or(app.place),
        text: match timeout_origin.place {
            Some(_) => format!("`timeout` is {worker}, {}", timeout_origin.describe("Gunicorn")),
            None => format!("this app's `timeout` is {worker}, Gunicorn's default"),
        },
    }];
    if short.read.origin.place.is_some_and(|place| place != first.anchor.span) {
        let text = "for requests that are handed on here".to_owned();
        related.push(Label { span: first.anchor.span, text });
    }
    let others = short.routes.len() - 1;
    let mut finding = RULE.finding(message, primary, related);
    finding.help = Some(help(app, *worker, others, short.directive));
    Some((finding, *worker))
}

fn help(app: &App, worker: Duration, others: usize, directive: &str) -> String {
    let why = match app.worker_class.value.known() {
        Some(WorkerClass::Sync) => {
            "the worker goes on with the abandoned request meanwhile, so that others wait for it".to_owned()
        }
        Some(class) => format!(
            "`timeout` does not bound requests of {class} workers, so nginx's `{directive}` alone decides how long \
             one may take"
        ),
        None => format!("nginx's `{directive}` decides how long a request may take"),
    };
    let scope = match others {
        0 => String::new(),
        1 => "; 1 more route to this app waits as long".into(),
        n => format!("; {n} more routes to this app wait as long"),
    };
    let other = match app.worker_class.value.known() {
        Some(WorkerClass::Sync) => ", or make `timeout` shorter than nginx's time",
        _ => "",
    };
    format!("let nginx wait longer than {worker}{other}: {why}{scope}")
}
