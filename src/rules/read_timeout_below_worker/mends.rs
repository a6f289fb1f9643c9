//! How nginx is made to wait for the worker, or the worker to be done before nginx gives up.

use std::collections::BTreeSet;

use super::{Context, Short};
use crate::edit::{Applicability, Edit, Fix};
use crate::model::{AppId, Datum, LevelId, OriginKind, Readers, Route, Setting, Statements, WorkerClass};
use crate::value::Duration;

/// How much longer than the worker nginx waits after the fix: a worker that runs into its timeout is killed up to a
/// second later and still has to be told apart from one that finished.
const MARGIN: Duration = Duration::seconds(5);

/// How much longer than its time a worker may live before it is killed, and has answered.
const KILLED_LATE: Duration = Duration::seconds(2);

/// Raises the read timeout where a location sets its own; overrides it beside the pass everywhere else.
pub(super) fn at_proxy(
    context: &Context,
    short: &Short,
    worker: Duration,
    statements: &Statements,
) -> Option<Fix> {
    let raised = Duration { milliseconds: worker.milliseconds.checked_add(MARGIN.milliseconds)? };
    let value = raised.to_nginx()?;
    let own = short.read.origin.anchor.filter(|_| short.read.origin.kind == OriginKind::Written);
    let edits: Vec<Edit> = match own {
        Some(anchor) if !statements.is_around(anchor.span, &short.levels) => return None,
        Some(anchor) => vec![anchor.set(&value)],
        None => short
            .routes
            .iter()
            .map(|route| {
                let setting = (short.directive, value.clone());
                let anchor = statements.beside(route.anchor, short.directive);
                takes_from_nobody(context, short, route, raised, statements)
                    .then(|| anchor.add_after(context.sources, &[setting]))
                    .flatten()
            })
            .collect::<Option<_>>()?,
    };
    Fix::new(format!("let nginx wait {raised}"), Applicability::Safe, edits)
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
