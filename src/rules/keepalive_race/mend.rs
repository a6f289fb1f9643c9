//! How the app is made to keep connections for longer than nginx, or nginx for a shorter time than the app.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Racing, longest_of};
use crate::edit::{Applicability, Edit, Fix};
use crate::model::{Anchor, AppId, Deployment, Dialect, OriginKind, Setting, WorkerClass, add_options};
use crate::source::FileId;
use crate::value::Duration;

/// How much longer than nginx the app keeps connections after the fix: the two begin to count at different moments, and a
/// busy worker gets to it late.
const MARGIN: Duration = Duration::seconds(15);

/// How much shorter than the app nginx keeps them where the app cannot be mended. nginx is never that late.
const SHORTER: Duration = Duration::seconds(1);

/// With so many connections for each worker the idle ones that nginx keeps leave enough for requests.
const ENOUGH: i64 = 256;

/// What goes together in a configuration with how connections are kept, nearest first.
const KIN: [&str; 10] = [
    "graceful_timeout",
    "timeout",
    "max_requests_jitter",
    "max_requests",
    "worker_connections",
    "threads",
    "worker_class",
    "workers",
    "backlog",
    "bind",
];

/// Seconds for which an app keeps connections that nginx keeps so long.
fn seconds(idle: Duration) -> Option<u64> {
    Some(idle.milliseconds.checked_add(MARGIN.milliseconds)?.div_ceil(1000))
}

pub(super) fn advice(idle: Duration) -> String {
    match seconds(idle) {
        Some(seconds) => format!("let the app keep them for longer than nginx: `keepalive = {seconds}`"),
        None => "let nginx keep them for a shorter time than the app".into(),
    }
}

/// The apps that read each configuration file.
pub(super) type Readers = BTreeMap<FileId, Vec<AppId>>;

pub(super) fn readers(deployment: &Deployment) -> Readers {
    let mut readers = Readers::new();
    for (at, app) in deployment.apps.iter().enumerate() {
        if let Some(file) = app.config {
            readers.entry(file).or_default().push(AppId(at as u32));
        }
    }
    readers
}

/// Raises the time of each app; where one cannot be mended, nginx's is lowered instead.
pub(super) fn mends(context: &Context, readers: &Readers, racing: &[Racing]) -> Option<Fix> {
    let apps: BTreeSet<AppId> = racing.iter().flat_map(|it| &it.apps).copied().collect();
    let seconds = seconds(longest_of(racing)?)?;
    let raised = |id: &AppId| raised(context, readers, *id, &apps, seconds);
    if let Some(raised) = apps.iter().map(raised).collect::<Option<Vec<_>>>() {
        let is_safe = raised.iter().all(|(_, how)| *how == Applicability::Safe);
        let how = if is_safe { Applicability::Safe } else { Applicability::Unsafe };
        // Apps that read one file are mended by one edit.
        let mut edits: Vec<Edit> = raised.into_iter().map(|(edit, _)| edit).collect();
        edits.sort_by_key(|edit| edit.span);
        edits.dedup();
        return Fix::new(format!("let the app keep connections for {seconds}s"), how, edits);
    }
    let shortest = |id: &AppId| {
        let kept: Setting<Duration> = context.deployment.app(*id).setting("keepalive");
        kept.value.candidates()?.iter().min().copied()
    };
    let shortest = apps.iter().map(shortest).collect::<Option<Vec<_>>>()?.into_iter().min()?;
    let lowered = match shortest.milliseconds {
        0..=1000 => Duration { milliseconds: shortest.milliseconds / 2 },
        longer => Duration { milliseconds: longer - SHORTER.milliseconds },
    };
    let edits: Vec<Edit> =
        racing.iter().map(|it| in_upstream(context, it, lowered)).collect::<Option<_>>()?;
    Fix::new(format!("let nginx keep connections for {lowered}"), Applicability::Safe, edits)
}

/// Gives an app another time: where it has one, or else in the configuration that it reads or on its command line, beside
/// its kin. Not where others read the same that need none of it, and not where idle connections would take the places of
/// requests.
fn raised(
    context: &Context,
    readers: &Readers,
    id: AppId,
    apps: &BTreeSet<AppId>,
    seconds: u64,
) -> Option<(Edit, Applicability)> {
    let app = context.deployment.app(id);
    let connections: Setting<i64> = app.setting("worker_connections");
    let is_bounded = app
        .worker_class
        .value
        .may(|class| matches!(class, WorkerClass::Gthread | WorkerClass::Gevent | WorkerClass::Eventlet));
    if is_bounded && !connections.value.must(|connections| *connections >= ENOUGH) {
        return None;
    }
    let readers = app.config.and_then(|file| readers.get(&file));
    let is_shared = readers.is_some_and(|readers| !readers.iter().all(|id| apps.contains(id)));
    let is_own = |anchor: &Anchor| Some(anchor.span.file) == app.config && !is_shared;
    let kept: Setting<Duration> = app.setting("keepalive");
    let value = seconds.to_string();
    match (kept.origin.kind, kept.origin.anchor) {
        (OriginKind::Written, Some(anchor)) if is_own(&anchor) => {
            Some((anchor.set(&value), anchor.replacing(context.sources)))
        }
        (OriginKind::CommandLine, Some(anchor)) => Some((anchor.set(&value), Applicability::Safe)),
        (OriginKind::Default, _) => {
            let kin = || app.anchors(&KIN);
            let in_file = kin()
                .filter(|anchor| anchor.dialect == Dialect::Python && is_own(anchor))
                .find_map(|anchor| below(context, &anchor, &value));
            let option = format!("--keep-alive {value}");
            let behind = |word| add_options(app.place, word, &option, context.sources);
            let on_line = || {
                kin()
                    .filter(|anchor| anchor.dialect == Dialect::CommandLine)
                    .find_map(|anchor| behind(anchor.value))
                    .or_else(|| behind(app.place))
            };
            Some((in_file.or_else(on_line)?, Applicability::Safe))
        }
        _ => None,
    }
}

/// A line of its own below an assignment that stands in no block.
fn below(context: &Context, anchor: &Anchor, value: &str) -> Option<Edit> {
    let start = anchor.span.start as usize;
    let before = &context.sources.get(anchor.span.file).text[..start];
    let is_top = before.is_empty() || before.ends_with('\n');
    anchor.add_after(context.sources, &[("keepalive", value.into())]).filter(|_| is_top)
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
