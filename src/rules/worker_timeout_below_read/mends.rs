//! How nginx is made to wait no longer than a worker lives, or the workers to live as long as nginx waits.

use std::collections::BTreeSet;

use super::{Context, Leads, Long};
use crate::edit::{Applicability, Edit, Fix};
use crate::model::{AppId, Datum, OriginKind, Readers, Route, Setting, Statements, WorkerClass};
use crate::source::Span;
use crate::value::Duration;

/// How much longer than the worker nginx waits after the fix: one that runs into its timeout is killed up to a second
/// later.
const MARGIN: Duration = Duration::seconds(5);

/// Below this, a time for stopping that somebody wrote is shorter than Gunicorn's own.
const GRACEFUL: Duration = Duration::seconds(30);

/// Lowers the read timeout where a location sets its own for such apps alone; overrides it beside the passes where it
/// is inherited. A request may wait for a free worker as long as nginx does, and then be served: it gets less time for that.
pub(super) fn at_proxy(
    context: &Context,
    long: &Long,
    leads: &Leads,
    statements: &Statements,
) -> Option<Fix> {
    let worker = long.worker.value.candidates()?.iter().max()?.milliseconds;
    let lowered =
        Duration { milliseconds: worker.checked_add(MARGIN.milliseconds)?.min(worker.checked_mul(2)?) };
    let value = lowered.to_nginx()?;
    let is_alike = |app: &Option<AppId>| {
        let app = app.map(|id| context.deployment.app(id));
        app.is_some_and(|app| {
            let is_sync = app.worker_class.value.must(|class| *class == WorkerClass::Sync);
            is_sync && app.setting("timeout").value == long.worker.value
        })
    };
    let leads_here = |place: Span| leads.get(&place).is_some_and(|apps| apps.iter().all(is_alike));
    let own = long.read.origin.anchor.filter(|_| long.read.origin.kind == OriginKind::Written);
    let beside = |route: &&Route| {
        let pass = route.anchor.span;
        let may = leads_here(pass) && statements.may_override(pass, long.directive);
        let anchor = statements.beside(route.anchor, long.directive);
        may.then(|| anchor.add_after(context.sources, &[(long.directive, value.clone())])).flatten()
    };
    let edits: Vec<Edit> = match own {
        Some(anchor) if leads_here(anchor.span) => vec![anchor.set(&value)],
        Some(_) => return None,
        None => long.routes.iter().map(beside).collect::<Option<_>>()?,
    };
    Fix::new(format!("let nginx wait {lowered}"), Applicability::Unsafe, edits)
}

/// Lets the workers live as long as nginx waits, if no route waits a shorter time: there nginx would give up before the
/// worker is done. A worker that hangs is then replaced later, which somebody may not want. `alike` are the apps that are to
/// have the same time.
pub(super) fn at_app(
    context: &Context,
    id: AppId,
    read: Duration,
    alike: &BTreeSet<AppId>,
    readers: &Readers,
) -> Option<Fix> {
    let graceful: Setting<Duration> = context.deployment.app(id).setting("graceful_timeout");
    // Who made the time for stopping short has requests in mind that are.
    if graceful.origin.is_written() && !graceful.value.must(|it| *it >= read.min(GRACEFUL)) {
        return None;
    }
    let seconds = read.milliseconds / 1000;
    let settings = [("timeout", Datum::Int(i64::try_from(seconds).ok()?))];
    let (edits, _) = readers.set(id, &settings, alike, context.sources)?;
    Fix::new(format!("let a worker take {seconds} s for a request"), Applicability::Unsafe, edits)
}
