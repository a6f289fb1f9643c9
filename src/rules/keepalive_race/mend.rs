//! How the app is made to keep connections for longer than nginx, or nginx for a shorter time than the app.

use std::collections::BTreeSet;

use super::{Context, Racing, longest_of};
use crate::edit::{Applicability, Edit, Fix};
use crate::model::{Anchor, App, AppId, Datum, Readers, Setting, WorkerClass};
use crate::value::Duration;

/// How much longer than nginx the app keeps connections after the fix: the two begin to count at different moments, and a
/// busy worker gets to it late.
const MARGIN: Duration = Duration::seconds(15);

/// How much shorter than the app nginx keeps them where it follows the app. nginx is never that late.
const SHORTER: Duration = Duration::seconds(1);

/// With so many connections for each worker the idle ones that nginx keeps leave enough for requests.
const ENOUGH: i64 = 256;

/// Seconds for which an app keeps connections that nginx keeps so long.
fn seconds(idle: Duration) -> Option<u64> {
    Some(idle.milliseconds.checked_add(MARGIN.milliseconds)?.div_ceil(1000))
}

pub(super) fn advice(idle: Duration) -> String {
    match seconds(idle) {
        Some(seconds) => {
            format!(
                "let the app keep them for longer than nginx: `keepalive = {seconds}`, or nginx for a shorter time"
            )
        }
        None => "let nginx keep them for a shorter time than the app".into(),
    }
}

/// Raises the time of each app.
pub(super) fn at_app(context: &Context, readers: &Readers, racing: &[Racing]) -> Option<Fix> {
    let apps = apps(racing);
    let seconds = seconds(longest_of(racing)?)?;
    let settings = [("keepalive", Datum::Int(i64::try_from(seconds).ok()?))];
    let (mut edits, mut how) = (Vec::new(), Applicability::Safe);
    for id in &apps {
        if !has_room(context.deployment.app(*id)) {
            return None;
        }
        // Apps that read one file are mended by one edit.
        let (raised, replacing) = readers.set(*id, &settings, &apps, context.sources)?;
        edits.extend(raised);
        how = how.min(replacing);
        if context.deployment.app(*id).may_wait_for_idle() {
            how = how.min(Applicability::Unsafe);
        }
    }
    Fix::new(format!("let the app keep connections for {seconds}s"), how, edits)
}

/// Whether idle connections do not take the places of requests.
fn has_room(app: &App) -> bool {
    let connections: Setting<i64> = app.setting("worker_connections");
    let is_bounded = app
        .worker_class
        .value
        .may(|class| matches!(class, WorkerClass::Gthread | WorkerClass::Gevent | WorkerClass::Eventlet));
    !is_bounded || connections.value.must(|connections| *connections >= ENOUGH)
}

/// Whether somebody said how long one of the apps keeps connections.
pub(super) fn is_said(context: &Context, racing: &[Racing]) -> bool {
    let is_said = |id: &AppId| {
        let kept: Setting<Duration> = context.deployment.app(*id).setting("keepalive");
        kept.origin.is_written()
    };
    apps(racing).iter().any(is_said)
}

fn apps(racing: &[Racing]) -> BTreeSet<AppId> {
    racing.iter().flat_map(|it| &it.apps).copied().collect()
}

/// Lets nginx keep connections for a shorter time than any of the apps.
pub(super) fn at_proxy(context: &Context, racing: &[Racing]) -> Option<Fix> {
    let shortest = |id: AppId| {
        let kept: Setting<Duration> = context.deployment.app(id).setting("keepalive");
        kept.value.candidates()?.iter().min().copied()
    };
    let shortest = apps(racing).into_iter().map(shortest).collect::<Option<Vec<_>>>()?.into_iter().min()?;
    let lowered = match shortest.milliseconds {
        0..=1000 => Duration { milliseconds: shortest.milliseconds / 2 },
        longer => Duration { milliseconds: longer - SHORTER.milliseconds },
    };
    let edits: Vec<Edit> =
        racing.iter().map(|it| in_upstream(context, it, lowered)).collect::<Option<_>>()?;
    Fix::new(format!("let nginx keep connections for {lowered}"), Applicability::Safe, edits)
}

/// Lets nginx keep connections to an upstream for another time. What stands in a file of its own may be in other upstreams too.
fn in_upstream(context: &Context, racing: &Racing, time: Duration) -> Option<Edit> {
    let upstream = racing.pool.upstream;
    let value = time.to_nginx()?;
    let is_here = |anchor: &Anchor| anchor.span.file == upstream.place.file;
    if let Some(written) = upstream.directive("keepalive_timeout") {
        return is_here(&written.anchor).then(|| written.anchor.set(&value));
    }
    let keepalive = upstream.directive("keepalive").map(|it| it.anchor);
    let anchor = keepalive.or_else(|| upstream.peers.last().map(|peer| peer.anchor)).filter(is_here)?;
    anchor.add_after(context.sources, &[("keepalive_timeout", value)])
}
