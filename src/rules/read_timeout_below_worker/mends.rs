//! How nginx is made to wait for the worker, or the worker to be done before nginx gives up.

use std::collections::BTreeSet;
use std::iter::successors;

use super::{Context, Short};
use crate::edit::{Applicability, Edit, Fix};
use crate::model::{
    Anchor, AppId, Datum, Hop, Joined, LevelId, LevelKind, OriginKind, Readers, Route, RouteId, Setting,
    Statements, WorkerClass,
};
use crate::source::{Span, line_end, line_start};
use crate::value::Duration;

/// How much longer than the worker nginx waits after the fix: a worker that runs into its timeout is killed up to a
/// second later and still has to be told apart from one that finished.
const MARGIN: Duration = Duration::seconds(5);

/// How much longer than its time a worker may live before it is killed, and has answered.
const KILLED_LATE: Duration = Duration::seconds(2);

/// Raises the read timeout where it is written, if it is for these routes alone or nobody else fares worse; overrides it
/// beside the pass everywhere else.
pub(super) fn at_proxy(
    context: &Context,
    short: &Short,
    worker: Duration,
    statements: &Statements,
) -> Option<Fix> {
    let raised = Duration { milliseconds: worker.milliseconds.checked_add(MARGIN.milliseconds)? };
    let value = raised.to_nginx()?;
    // Who gets a request that takes too long today gets it no more.
    let least = if short.substitute.is_some() { Applicability::Unsafe } else { Applicability::Safe };
    let in_place = short.read.origin.anchor.and_then(|anchor| {
        let how = where_written(context, short, anchor, statements)?;
        Some((vec![anchor.set(&value)], how))
    });
    let (edits, how) = match in_place {
        Some(in_place) => in_place,
        None if short.read.origin.kind == OriginKind::Written => return None,
        None => {
            let nginx = &context.deployment.nginx;
            // What stands in a location goes for what is inside it.
            let is_inside = |route: &&&Route| {
                let level = nginx.level(route.level);
                let is_block = matches!(level.kind, LevelKind::If | LevelKind::LimitExcept);
                is_block && level.parent.is_some_and(|parent| short.levels.contains(&parent))
            };
            let routes = short.routes.iter().filter(|route| !is_inside(route));
            let beside = |route: &&Route| beside(context, short, route, raised, statements);
            (routes.map(beside).collect::<Option<_>>()?, Applicability::Safe)
        }
    };
    Fix::new(format!("let nginx wait {raised}"), how.min(least), edits)
}

/// How far it may be trusted to raise a value in its place; `None` where it may be meant for others.
///
/// What stands beside a pass, or in a file that is included beside several, may be read for other apps of the stack too:
/// they lose nothing. What is inherited has to be for these routes alone, and no other may be hidden.
fn where_written(
    context: &Context,
    short: &Short,
    anchor: Anchor,
    statements: &Statements,
) -> Option<Applicability> {
    let (deployment, nginx) = (context.deployment, &context.deployment.nginx);
    let is_written = short.read.origin.kind == OriginKind::Written;
    if is_written && statements.is_around(anchor.span, &short.levels) {
        return Some(Applicability::Safe);
    }
    let reads_it = |route: &Route| {
        let read: Setting<Duration> = nginx.setting(route.level, short.directive, deployment.target.nginx);
        route.gateway.read_timeout() == Some(short.directive) && read.origin.anchor == Some(anchor)
    };
    let mut how = Applicability::Safe;
    for (at, route) in nginx.routes.iter().enumerate() {
        if !reads_it(route) || short.levels.contains(&route.level) {
            continue;
        }
        let is_app = |hop: &Hop| matches!(hop.joined, Joined::App(_));
        if !is_written || !deployment.hops_of(RouteId(at as u32)).iter().all(is_app) {
            return None;
        }
        if nginx.substitute(route, deployment.target.nginx).is_some() {
            how = Applicability::Unsafe;
        }
    }
    let stands = statements.levels(anchor.span);
    let is_narrow = |id: &LevelId| matches!(nginx.level(*id).kind, LevelKind::Server | LevelKind::Location);
    let is_seen = nginx.levels.iter().enumerate().all(|(at, level)| {
        let mut around = successors(Some(LevelId(at as u32)), |id| nginx.level(*id).parent);
        !level.holes.iter().any(|hole| hole.may_set("proxy_pass")) || !around.any(|id| stands.contains(&id))
    });
    (stands.iter().all(is_narrow) && is_seen).then_some(how)
}

/// Puts the directive beside a pass; where that stands in an `if` or a `limit_except` of a location which hands on nothing
/// else, in front of that.
fn beside(
    context: &Context,
    short: &Short,
    route: &Route,
    raised: Duration,
    statements: &Statements,
) -> Option<Edit> {
    let nginx = &context.deployment.nginx;
    let (name, value) = (short.directive, raised.to_nginx()?);
    if takes_from_nobody(context, short, route, raised, statements) {
        let anchor = statements.beside(route.anchor, name);
        return anchor.add_after(context.sources, &[(name, value)]);
    }
    let [level] = statements.levels(route.anchor.span) else { return None };
    let level = nginx.level(*level);
    let parent = level.parent.filter(|_| matches!(level.kind, LevelKind::If | LevelKind::LimitExcept))?;
    let is_inside =
        |route: &Route| successors(Some(route.level), |id| nginx.level(*id).parent).any(|id| id == parent);
    let location = nginx.level(parent);
    let is_for_these =
        nginx.routes.iter().filter(|it| is_inside(it)).all(|it| short.levels.contains(&it.level));
    let may_add = location.kind == LevelKind::Location
        && !location.holes.iter().any(|hole| hole.may_set(name))
        && !location.written.iter().any(|written| written.name == name)
        && location.header.file == level.header.file;
    let blocks = nginx.levels.iter().filter(|it| it.parent == Some(parent) && it.kind != LevelKind::Location);
    let first = blocks.map(|it| it.header).min()?;
    (may_add && is_for_these).then(|| before(context, first, name, &value))
}

/// Puts a directive in front of a block: on a line of its own where the block begins one.
fn before(context: &Context, block: Span, name: &str, value: &str) -> Edit {
    let text = &context.sources.get(block.file).text;
    let start = block.start as usize;
    let indentation = &text[line_start(text, start)..start];
    let gap = match indentation.trim().is_empty() {
        true => format!("{}{indentation}", line_end(text, start)),
        false => " ".to_owned(),
    };
    Edit { span: Span { end: block.start, ..block }, replacement: format!("{name} {value};{gap}") }
}

/// Whether the directive may stand beside a pass and takes time from nobody. The file of the pass may be included in
/// other places too, where a longer time is inherited.
fn takes_from_nobody(
    context: &Context,
    short: &Short,
    route: &Route,
    raised: Duration,
    statements: &Statements,
) -> bool {
    let deployment = context.deployment;
    let is_no_longer = |id: &LevelId| {
        let read: Setting<Duration> = deployment.nginx.setting(*id, short.directive, deployment.target.nginx);
        read.value.must(|read| *read <= raised)
    };
    statements.may_override(route.anchor.span, short.directive)
        && statements.levels(route.anchor.span).iter().all(is_no_longer)
}

/// Gives the worker less time than nginx waits, which is the same on every route: then a request that takes longer ends in the
/// worker too, which is free again. Only of sync workers, whose requests `timeout` bounds. `alike` are the apps that are to
/// have the same time.
pub(super) fn at_app(
    context: &Context,
    id: AppId,
    waited: Duration,
    alike: &BTreeSet<AppId>,
    readers: &Readers,
) -> Option<Fix> {
    let app = context.deployment.app(id);
    if !app.worker_class.value.must(|class| *class == WorkerClass::Sync) {
        return None;
    }
    // Not below half of it: then nginx would be told to wait long for nothing.
    let (time, half) = (waited.milliseconds, waited.milliseconds.div_ceil(2000));
    let shorter = half.max(time.saturating_sub(MARGIN.milliseconds) / 1000);
    if time < shorter * 1000 + KILLED_LATE.milliseconds {
        return None;
    }
    let settings = [("timeout", Datum::Int(i64::try_from(shorter).ok()?))];
    let (edits, _) = readers.set(id, &settings, alike, context.sources)?;
    Fix::new(format!("let a worker take {shorter} s for a request"), Applicability::Unsafe, edits)
}
