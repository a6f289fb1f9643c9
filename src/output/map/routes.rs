//! Each route: where it goes, who answers, and what meets there. Routes of which all that is the same are shown together.

use std::collections::BTreeMap;

use super::super::paint::{Run, Tone, run};
use super::numbers::{self, Row};
use super::table::table;
use super::words::{Entry, Words, addresses, listed};
use super::{Page, left};
use crate::model::{App, AppId, AppKind, Hop, Joined, LevelKind, Listen, Peer, Route, RouteId, Uri};

/// What is the same of several routes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Meeting {
    /// Who answers at which address, a paragraph each.
    answers: Vec<Vec<Run>>,
    /// The apps for which the same values meet, and these.
    tables: Vec<(Vec<AppId>, Vec<Row>)>,
    /// What is sent on.
    sent: Vec<Run>,
    /// What else is written for the pass.
    others: Vec<Entry>,
}

/// Writes all routes.
pub(super) fn routes(words: Words<'_>, page: &mut Page<'_>) -> std::io::Result<()> {
    let mut groups: BTreeMap<Meeting, usize> = BTreeMap::new();
    let mut together: Vec<Vec<RouteId>> = Vec::new();
    for at in 0..words.stack.nginx.routes.len() {
        let id = RouteId(at as u32);
        let group = *groups.entry(meeting(words, id)).or_insert_with(|| {
            together.push(Vec::new());
            together.len() - 1
        });
        together[group].push(id);
    }
    let mut meetings: Vec<(usize, Meeting)> = groups.into_iter().map(|(meeting, at)| (at, meeting)).collect();
    meetings.sort_by_key(|(at, _)| *at);
    for (at, meeting) in meetings {
        page.blank()?;
        for id in &together[at] {
            heading(words, *id, page)?;
        }
        write(words, &meeting, page)?;
    }
    Ok(())
}

/// How many words of a `server_name` are shown.
const MOST_NAMES: usize = 3;

/// `data.example.com /data -> http://127.0.0.1:8000`, and where that is.
fn heading(words: Words<'_>, id: RouteId, page: &mut Page<'_>) -> std::io::Result<()> {
    let (nginx, route) = (&words.stack.nginx, words.stack.route(id));
    let server = route.server.map(|at| &nginx.servers[at]);
    let mut runs = vec![run(Tone::Bold, "route ")];
    let names = server.map(|it| it.names.as_slice()).unwrap_or_default();
    if let Some(names) = names.get(..names.len().min(MOST_NAMES)).filter(|it| !it.is_empty()) {
        runs.push(run(Tone::Bold, format!("{} ", names.join(" "))));
    }
    if names.len() > MOST_NAMES {
        runs.push(run(Tone::Dim, format!("and {} more names ", names.len() - MOST_NAMES)));
    }
    if let Some(server) = server {
        let listens: Vec<String> = server.listen.iter().map(listen).collect();
        runs.push(run(Tone::Plain, format!("on {}, ", listens.join(" and "))));
    }
    let level = nginx.level(route.level);
    let location = nginx.location(route.level);
    let stream = if level.kind == LevelKind::StreamServer { "stream " } else { "" };
    runs.push(run(Tone::Bold, format!("{stream}{location}")));
    if level.kind == LevelKind::If {
        runs.push(run(Tone::Plain, format!(" {}", level.title)));
    }
    runs.push(run(Tone::Plain, format!(" {} ", page.arrow())));
    runs.push(run(Tone::Bold, &route.target));
    match &route.uri {
        Uri::Replaced(uri, _) => {
            runs.push(run(Tone::Plain, format!(", what it matched becomes {uri}")));
        }
        Uri::Unknown(why) => runs.push(run(Tone::Yellow, format!(", with a URI that is not known: {why}"))),
        Uri::Kept | Uri::Computed => {}
    }
    runs.push(run(Tone::Dim, format!(" ({})", words.place(route.anchor.span))));
    page.paragraph(2, 8, &runs)
}

/// An address that a server listens on.
fn listen(listen: &Listen) -> String {
    let text = addresses(&listen.address);
    // As it is written, mostly.
    let mut text = text.strip_prefix("0.0.0.0:").map_or(text.clone(), |port| format!("*:{port}"));
    if listen.ssl {
        text.push_str(" ssl");
    }
    if listen.default {
        text.push_str(" default");
    }
    text
}

fn meeting(words: Words<'_>, id: RouteId) -> Meeting {
    let route = words.stack.route(id);
    let hops = words.stack.hops_of(id);
    let mut answers: Vec<Vec<Run>> = hops.iter().map(|hop| answer(words, route, hop)).collect();
    if let Some(why) = &route.open {
        answers.push(vec![run(Tone::Yellow, format!("perhaps others answer, too: {why}"))]);
    }
    if hops.is_empty() && route.open.is_none() {
        answers.push(vec![run(Tone::Red, "nobody answers: it leads to no address")]);
    }
    let mut tables: Vec<(Vec<AppId>, Vec<Row>)> = Vec::new();
    let mut apps: Vec<AppId> = hops.iter().filter_map(Hop::app).collect();
    apps.sort_unstable();
    apps.dedup();
    let mut by_rows: BTreeMap<Vec<Row>, usize> = BTreeMap::new();
    for app in apps {
        let rows = numbers::rows(words, Some(route), Some(words.stack.app(app)));
        let at = *by_rows.entry(rows.clone()).or_insert_with(|| {
            tables.push((Vec::new(), rows));
            tables.len() - 1
        });
        tables[at].0.push(app);
    }
    if tables.is_empty() {
        tables.push((Vec::new(), numbers::rows(words, Some(route), None)));
    }
    Meeting { answers, tables, sent: sent(words, route), others: numbers::others(words, route) }
}

/// Who answers at an address.
fn answer(words: Words<'_>, route: &Route, hop: &Hop) -> Vec<Run> {
    let peer = &route.peers[hop.peer];
    let mut runs = vec![run(Tone::Plain, addresses(&peer.address))];
    // The pass itself stands in the heading.
    if route.upstream.is_some() {
        runs.push(run(Tone::Dim, format!(" ({})", words.place(peer.anchor.span))));
    }
    runs.push(run(Tone::Plain, parameters(peer)));
    match &hop.joined {
        Joined::App(id) => {
            runs.push(run(Tone::Plain, ": "));
            runs.extend(who(words, *id));
        }
        Joined::Nobody { meant } => {
            runs.push(run(Tone::Red, ": nobody listens there"));
            if let Some(id) = meant {
                runs.push(run(Tone::Plain, "; meant is "));
                runs.extend(who(words, *id));
                let app = words.stack.app(*id);
                if let Some(listeners) = app.listeners.value.known().filter(|it| !it.is_empty()) {
                    let listeners = listed(listeners, " and ");
                    runs.push(run(Tone::Plain, format!(", which listens on {listeners}")));
                }
            }
        }
        Joined::Unknown(why) => runs.push(run(Tone::Yellow, format!(": who answers is not known: {why}"))),
    }
    runs
}

/// What an upstream's `server` says beside the address.
fn parameters(peer: &Peer) -> String {
    let given = &peer.parameters;
    let mut words = Vec::new();
    for (holds, word) in [(peer.down, "down"), (given.backup, "backup"), (given.resolve, "resolve")] {
        words.extend(holds.then(|| word.to_owned()));
    }
    if let Some(number) = given.max_conns.known().filter(|number| **number > 0) {
        words.push(format!("max_conns={number}"));
    }
    words.iter().map(|word| format!(" {word}")).collect()
}

/// An app in a few words: `app 1, Gunicorn with 3 sync workers, of shop.service`.
pub(super) fn who(words: Words<'_>, id: AppId) -> Vec<Run> {
    let app = words.stack.app(id);
    let mut runs = vec![run(Tone::Bold, format!("app {}", id.0 + 1)), run(Tone::Plain, ", ")];
    runs.push(run(Tone::Plain, program(app)));
    if let Some(unit) = app.unit {
        runs.push(run(Tone::Plain, " of "));
        runs.push(run(Tone::Bold, &words.stack.unit(unit).name));
    }
    runs
}

/// What an app is: `Gunicorn with 3 sync workers`.
fn program(app: &App) -> String {
    match app.kind {
        AppKind::Gunicorn => {}
        AppKind::Container => return "a container".into(),
        AppKind::Other => return "another program".into(),
    }
    let class: Vec<String> = app.worker_class.value.likely().iter().map(ToString::to_string).collect();
    let class = class.join(" or ");
    let count = app.settings.get("workers").and_then(|it| it.value.known()).map(ToString::to_string);
    match (count, class.is_empty()) {
        (_, true) => "Gunicorn".into(),
        (None, false) => format!("Gunicorn with {class} workers"),
        (Some(count), false) if count == "1" => format!("Gunicorn with 1 {class} worker"),
        // An expression stands in the table.
        (Some(count), false) if count.contains(' ') => format!("Gunicorn with {class} workers"),
        (Some(count), false) => format!("Gunicorn with {count} {class} workers"),
    }
}

/// The headers or parameters that are sent, and where they are written.
fn sent(words: Words<'_>, route: &Route) -> Vec<Run> {
    let Some(directive) = route.gateway.sends_by() else { return Vec::new() };
    let sending = words.stack.nginx.sending(route.level, directive);
    let mut runs: Vec<Run> = Vec::new();
    let mut file = None;
    for sent in &sending.sent {
        if !runs.is_empty() {
            runs.push(run(Tone::Plain, ", "));
        }
        let (tone, value) = match (sent.value.known(), &sent.doubt) {
            (Some(value), None) if value.is_empty() => (Tone::Plain, "\"\"".into()),
            (Some(value), None) => (Tone::Plain, value.clone()),
            (_, Some(why)) => (Tone::Yellow, format!("not known: {why}")),
            (None, None) => (Tone::Yellow, sent.value.doubt().unwrap_or_else(|| "one of several".into())),
        };
        runs.push(run(tone, format!("{} {value}", sent.name)));
        // The next ones stand in the same file, mostly: then the line is enough.
        let span = sent.anchor.span;
        let place = match file == Some(span.file) {
            true => words.sources.get(span.file).position(span.start).0.to_string(),
            false => words.place(span),
        };
        file = Some(span.file);
        runs.push(run(Tone::Dim, format!(" ({place})")));
    }
    if let Some(why) = sending.open {
        let between = if runs.is_empty() { "" } else { ", " };
        runs.push(run(Tone::Yellow, format!("{between}perhaps others: {why}")));
    }
    if !runs.is_empty() {
        runs.insert(0, run(Tone::Plain, format!("{directive} ")));
    }
    runs
}

fn write(words: Words<'_>, meeting: &Meeting, page: &mut Page<'_>) -> std::io::Result<()> {
    for answer in &meeting.answers {
        page.paragraph(4, 6, answer)?;
    }
    for (apps, rows) in &meeting.tables {
        let names = apps.iter().map(|app| (app.0 + 1).to_string()).collect::<Vec<_>>().join(", ");
        let app = match apps.len() {
            0 => String::new(),
            1 => format!("Gunicorn, app {names}"),
            _ => format!("Gunicorn, apps {names}"),
        };
        let unit = left::unit_of(words, apps);
        page.lines(4, &table(rows, ["nginx", &app, &unit], page.columns(4)))?;
    }
    if !meeting.sent.is_empty() {
        page.paragraph(4, 6, &meeting.sent)?;
    }
    if !meeting.others.is_empty() {
        page.paragraph(4, 6, &left::enumerated("also ", &meeting.others))?;
    }
    Ok(())
}
