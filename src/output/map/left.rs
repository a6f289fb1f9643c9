//! The apps, and what is left over: apps that no route reaches, units without an app, addresses at which nobody answers.

use std::collections::{BTreeMap, BTreeSet};

use super::super::paint::{Run, Tone, run};
use super::Page;
use super::numbers;
use super::routes::who;
use super::table::table;
use super::words::{Entry, Words, addresses, as_above};
use crate::model::{App, AppId, AppKind, Datum, Joined, Setting, UnitId, WorkerClass};
use crate::source::Span;

/// Writes a paragraph for each app, with the values that meet where no route shows them.
pub(super) fn apps(words: Words<'_>, page: &mut Page<'_>) -> std::io::Result<()> {
    let mut routes: BTreeMap<AppId, BTreeSet<u32>> = BTreeMap::new();
    let mut meant = BTreeSet::new();
    for hop in &words.stack.hops {
        if let Joined::App(app) = &hop.joined {
            routes.entry(*app).or_default().insert(hop.route.0);
        } else if let Some(app) = hop.app() {
            meant.insert(app);
        }
    }
    for (at, app) in words.stack.apps.iter().enumerate() {
        let id = AppId(at as u32);
        page.blank()?;
        let mut runs = who(words, id);
        runs.push(run(Tone::Dim, format!(" ({})", words.place(app.place))));
        match routes.get(&id).map_or(0, BTreeSet::len) {
            0 if meant.contains(&id) => {
                runs.push(run(Tone::Yellow, ": no route reaches it, though one is meant for it"));
            }
            0 => runs.push(run(Tone::Yellow, ": no route is known to reach it")),
            1 => runs.push(run(Tone::Plain, ": 1 route reaches it")),
            count => runs.push(run(Tone::Plain, format!(": {count} routes reach it"))),
        }
        page.paragraph(2, 4, &runs)?;
        self::app(words, app, page)?;
        if !routes.contains_key(&id) && !meant.contains(&id) {
            let rows = numbers::rows(words, None, Some(app));
            let names = [String::new(), format!("Gunicorn, app {}", id.0 + 1), unit_of(words, &[id])];
            let names = names.each_ref().map(String::as_str);
            page.lines(4, &table(&rows, names, page.columns(4)))?;
        }
    }
    Ok(())
}

/// What an app is and where it comes from, apart from what meets nginx's and systemd's settings.
fn app(words: Words<'_>, app: &App, page: &mut Page<'_>) -> std::io::Result<()> {
    let list = app.listeners.value.clone();
    let list = list.map(|it| Datum::List(it.iter().map(ToString::to_string).collect()));
    let listeners = Setting { value: list, origin: app.listeners.origin.clone() };
    let listens = words.entry("listens on", &listeners, "Gunicorn");
    if app.kind != AppKind::Gunicorn {
        return page.paragraph(4, 6, &[run(listens.tone, listens.text)]);
    }
    let text = |setting: &Setting<String>| Setting {
        value: setting.value.clone().map(Datum::Text),
        origin: setting.origin.clone(),
    };
    let class = app.worker_class.value.clone().map(|it| Datum::Text(it.to_string()));
    let class = Setting { value: class, origin: app.worker_class.origin.clone() };
    let mut entries = [
        words.entry("serves", &text(&app.target), "Gunicorn"),
        listens,
        words.entry("starts in", &text(&app.working_directory), "systemd"),
        words.entry("has workers of class", &class, "Gunicorn"),
    ];
    // Threads make other workers of the default class.
    let is_default = !app.worker_class.origin.is_written();
    if is_default && app.worker_class.value.must(|class| *class == WorkerClass::Gthread) {
        entries[3].origin = "since it has threads".into();
    }
    let is_other = |name: &&str| !SHOWN.contains(name);
    let written = app.settings.iter().filter(|(name, it)| it.origin.is_written() && is_other(name));
    let mut others: Vec<Entry> = written.map(|(name, it)| words.entry(name, it, "Gunicorn")).collect();
    as_above(entries.iter_mut().chain(&mut others));
    page.paragraph(4, 6, &enumerated("", &entries))?;
    if let Some(why) = &app.behind {
        page.paragraph(4, 6, &[run(Tone::Yellow, format!("stays behind another process: {why}"))])?;
    }
    if !others.is_empty() {
        page.paragraph(4, 6, &enumerated("also ", &others))?;
    }
    Ok(())
}

/// Settings that stand elsewhere on the page; the name of the process follows from the application.
const SHOWN: [&str; 13] = [
    "backlog",
    "bind",
    "default_proc_name",
    "graceful_timeout",
    "keepalive",
    "limit_request_field_size",
    "limit_request_fields",
    "limit_request_line",
    "threads",
    "timeout",
    "worker_class",
    "worker_connections",
    "workers",
];

/// The unit of some apps, if they have but one.
pub(super) fn unit_of(words: Words<'_>, apps: &[AppId]) -> String {
    let units: BTreeSet<Option<UnitId>> = apps.iter().map(|app| words.stack.app(*app).unit).collect();
    match units.iter().collect::<Vec<_>>().as_slice() {
        [Some(unit)] => words.stack.unit(*unit).name.clone(),
        _ => "units".into(),
    }
}

/// Entries one behind the other.
pub(super) fn enumerated(before: &str, entries: &[Entry]) -> Vec<Run> {
    let mut runs = vec![run(Tone::Plain, before)];
    for (at, entry) in entries.iter().enumerate() {
        if at > 0 {
            runs.push(run(Tone::Plain, ", "));
        }
        runs.extend(entry.runs());
    }
    runs
}

/// Writes what is left over.
pub(super) fn left_over(words: Words<'_>, page: &mut Page<'_>) -> std::io::Result<()> {
    let mut paragraphs = unanswered(words);
    paragraphs.extend(unused(words));
    paragraphs.extend(units(words));
    if !paragraphs.is_empty() {
        page.blank()?;
        page.paragraph(2, 4, &[run(Tone::Bold, "left over")])?;
    }
    for paragraph in paragraphs {
        page.paragraph(4, 6, &paragraph)?;
    }
    Ok(())
}

/// The addresses at which nobody answers, each once.
fn unanswered(words: Words<'_>) -> Vec<Vec<Run>> {
    let mut places: BTreeMap<Span, String> = BTreeMap::new();
    for hop in &words.stack.hops {
        if matches!(hop.joined, Joined::Nobody { .. }) {
            let peer = &words.stack.route(hop.route).peers[hop.peer];
            places.entry(peer.anchor.span).or_insert_with(|| addresses(&peer.address));
        }
    }
    let paragraph = |(span, address): (Span, String)| {
        let place = run(Tone::Dim, format!(" ({})", words.place(span)));
        vec![run(Tone::Red, "nobody answers at "), run(Tone::Plain, address), place]
    };
    places.into_iter().map(paragraph).collect()
}

/// The upstreams that no route leads to.
fn unused(words: Words<'_>) -> Vec<Vec<Run>> {
    let nginx = &words.stack.nginx;
    let used: BTreeSet<u32> = nginx.routes.iter().filter_map(|route| Some(route.upstream?.0)).collect();
    let unused = nginx.upstreams.iter().enumerate().filter(|(at, _)| !used.contains(&(*at as u32)));
    let paragraph = |(_, upstream): (usize, &crate::model::Upstream)| {
        let text = format!("no route is known to lead to upstream {}", upstream.name);
        vec![run(Tone::Yellow, text), run(Tone::Dim, format!(" ({})", words.place(upstream.place)))]
    };
    unused.map(paragraph).collect()
}

/// The units that run no app and hand no socket to one.
fn units(words: Words<'_>) -> Vec<Vec<Run>> {
    let mut with_app = BTreeSet::new();
    for unit in words.stack.apps.iter().filter_map(|app| app.unit) {
        with_app.insert(unit);
        with_app.extend(words.stack.unit(unit).sockets.iter().map(|socket| socket.unit));
    }
    let without =
        words.stack.units.iter().enumerate().filter(|(at, _)| !with_app.contains(&UnitId(*at as u32)));
    let mut runs = Vec::new();
    for (_, unit) in without {
        let before = if runs.is_empty() { "without an app: " } else { ", " };
        runs.push(run(Tone::Plain, format!("{before}{}", unit.name)));
        runs.push(run(Tone::Dim, format!(" ({})", words.sources.get(unit.place.file).path)));
    }
    if runs.is_empty() { Vec::new() } else { vec![runs] }
}
