//! nginx gives up on a request before the worker may finish it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{
    Anchor, App, AppId, LevelId, LevelKind, OriginKind, Route, Setting, Statements, WorkerClass,
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

/// How much longer than the worker nginx waits after the fix: a worker that runs into its timeout is killed up to a
/// second later and still has to be told apart from one that finished.
const MARGIN: Duration = Duration::seconds(5);

/// The routes that wait too short a time for one app, for one reason.
struct Short<'a> {
    routes: Vec<&'a Route>,
    /// The levels of all of them, also of those whose pass stands in one file that is included several times.
    levels: BTreeSet<LevelId>,
    directive: &'static str,
    read: Setting<Duration>,
    worker: Setting<Duration>,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    // Routes that inherit one value, or have the same default in one file, are one mistake.
    let mut groups: BTreeMap<(AppId, Option<Span>, Span), Short> = BTreeMap::new();
    // Several peers, and several includes of one file, bring one pass more than once.
    let mut grouped = BTreeSet::new();
    for hop in &deployment.hops {
        let Some(id) = hop.app() else { continue };
        let route = deployment.route(hop.route);
        let Some(directive) = route.gateway.read_timeout() else { continue };
        let read: Setting<Duration> =
            deployment.nginx.setting(route.level, directive, deployment.target.nginx);
        let app = deployment.app(id);
        let worker: Setting<Duration> = app.setting("timeout");
        let is_short = |read: &Setting<Duration>| too_short(read, &worker, &app.worker_class.value);
        if !is_short(&read) || deployment.goes_with_the_pass(route, app, is_short) {
            continue;
        }
        let file = Span { start: 0, end: 0, ..route.anchor.span };
        let short = Short { routes: Vec::new(), levels: BTreeSet::new(), directive, read, worker };
        // A location that sets the value and those inside it are one mistake, which is mended where the value stands.
        let own = (short.read.origin.kind == OriginKind::Written).then(|| short.read.clone());
        let key = (id, short.read.origin.place, file);
        let group = groups.entry(key).or_insert(short);
        if let Some(read) = own {
            group.read = read;
        }
        group.levels.insert(route.level);
        if grouped.insert((key, route.anchor.span)) {
            group.routes.push(route);
        }
    }
    if groups.is_empty() {
        return;
    }
    let statements = Statements::new(&deployment.nginx);
    for ((id, ..), short) in groups {
        findings.extend(finding(context, deployment.app(id), &short, &statements));
    }
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

fn finding(context: &Context, app: &App, short: &Short, statements: &Statements) -> Option<Finding> {
    let read = short.read.value.candidates()?.iter().max()?;
    let worker = short.worker.value.candidates()?.iter().max()?;
    let first = short.routes.first()?;
    let bounded = app.worker_class.value.known() == Some(&WorkerClass::Sync);
    let message = if bounded {
        format!(
            "nginx gives up after {read}, but this app's sync worker may take {worker}: requests that take longer than \
             {read} get a 504"
        )
    } else {
        format!(
            "nginx gives up after {read}, but this app's `timeout` is {worker}: requests that take longer than {read} \
             get a 504"
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
    finding.fix = fix(context, app, short, *worker, statements);
    Some(finding)
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
    format!("let nginx wait longer than {worker}: {why}{scope}")
}

/// Raises the read timeout where a location sets its own; overrides it beside the pass everywhere else.
fn fix(
    context: &Context,
    app: &App,
    short: &Short,
    worker: Duration,
    statements: &Statements,
) -> Option<Fix> {
    let raised = Duration { milliseconds: worker.milliseconds.checked_add(MARGIN.milliseconds)? };
    let value = raised.to_nginx()?;
    let own = short.read.origin.anchor.filter(|_| short.read.origin.kind == OriginKind::Written);
    // Where the app does not understand the pass, another directive counts once that is mended.
    if short.routes.iter().any(|route| context.deployment.is_in_vain(route, app)) {
        return None;
    }
    let edits: Vec<Edit> = match own {
        Some(anchor) if !goes_for_these_alone(context, short, anchor, statements) => return None,
        Some(anchor) => vec![anchor.set(&value)],
        None => short
            .routes
            .iter()
            .map(|route| {
                let setting = (short.directive, value.clone());
                may_override(context, short, route, raised, statements)
                    .then(|| route.anchor.add_after(context.sources, &[setting]))
                    .flatten()
            })
            .collect::<Option<_>>()?,
    };
    Fix::new(format!("let nginx wait {raised}"), Applicability::Safe, edits)
}

/// Whether a value that a location sets is that of these routes in all places where its file is included. Elsewhere it may
/// be meant for another app.
fn goes_for_these_alone(context: &Context, short: &Short, anchor: Anchor, statements: &Statements) -> bool {
    let nginx = &context.deployment.nginx;
    let mut reached = BTreeSet::new();
    for level in &short.levels {
        let mut next = Some(*level);
        while let Some(id) = next.filter(|id| reached.insert(*id)) {
            next = nginx.level(id).parent;
        }
    }
    statements.levels(anchor.span).iter().all(|id| reached.contains(id))
}

/// Whether the directive may stand beside a pass and takes time from nobody. The file of the pass may be included in
/// other places too: where the directive is written already or may not stand, as in an `if` or a `limit_except`, nginx
/// would refuse it, and where a longer time is inherited, it would be cut.
fn may_override(
    context: &Context,
    short: &Short,
    route: &Route,
    raised: Duration,
    statements: &Statements,
) -> bool {
    let deployment = context.deployment;
    let takes_it = |id: &LevelId| {
        let read: Setting<Duration> = deployment.nginx.setting(*id, short.directive, deployment.target.nginx);
        deployment.nginx.level(*id).kind == LevelKind::Location && read.value.must(|read| *read <= raised)
    };
    statements.may_add(route.anchor.span, short.directive)
        && statements.levels(route.anchor.span).iter().all(takes_it)
}
