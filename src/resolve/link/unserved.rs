//! Addresses that nobody serves: whether that is certainly a mistake, and which app is meant.

use std::collections::{BTreeMap, BTreeSet};

use super::{Listeners, Place};
use crate::model::{App, AppId, AppKind, Hop, Joined, LevelId, Nginx, Route};
use crate::source::FileId;
use crate::value::{Endpoint, Possible};

/// Words that do not tell one app from another.
const COMMON: [&str; 34] = [
    "app",
    "application",
    "asgi",
    "available",
    "backend",
    "com",
    "conf",
    "config",
    "default",
    "deploy",
    "enabled",
    "etc",
    "example",
    "gunicorn",
    "home",
    "http",
    "https",
    "localhost",
    "location",
    "main",
    "nginx",
    "opt",
    "org",
    "run",
    "server",
    "service",
    "sites",
    "sock",
    "srv",
    "system",
    "systemd",
    "var",
    "web",
    "wsgi",
];

/// Withdraws "nobody" where requests are answered all the same or no app is left over, and names the app that is meant
/// where there is one way to read it.
pub(super) fn settle(hops: &mut [Hop], nginx: &Nginx, place: &Place) {
    withdraw_rescued(hops, nginx);
    let mut by_address: BTreeMap<&Endpoint, Vec<usize>> = BTreeMap::new();
    for (at, hop) in hops.iter().enumerate().filter(|(_, hop)| is_nobody(hop)) {
        if let Some(address) = nginx.routes[hop.route.0 as usize].peers[hop.peer].address.known() {
            by_address.entry(address).or_default().push(at);
        }
    }
    if by_address.is_empty() {
        return;
    }
    let unreached = unreached(nginx, place.apps, &place.listeners);
    let words: BTreeMap<AppId, BTreeSet<String>> =
        unreached.iter().map(|id| (*id, words_of_app(*id, place))).collect();
    let some_reached = hops.iter().any(|hop| matches!(hop.joined, Joined::App(_)));
    let mut unserved: Vec<(Vec<usize>, Vec<AppId>)> = Vec::new();
    for at in by_address.into_values() {
        let routes: Vec<&Route> = at.iter().map(|at| &nginx.routes[hops[*at].route.0 as usize]).collect();
        let mut left = unreached.clone();
        let files: BTreeSet<FileId> = routes.iter().map(|route| route.anchor.span.file).collect();
        left.retain(|id| !files.iter().any(|file| place.is_elsewhere(*file, *id)));
        if some_reached {
            // Where the proxy reaches an app, one that it does not reach may be none of its business, and the address
            // may be somebody else's: something has to tie the two to each other.
            let ties: BTreeSet<String> =
                routes.iter().flat_map(|route| words_of_route(route, nginx, place)).collect();
            left.retain(|id| words.get(id).is_some_and(|words| !ties.is_disjoint(words)));
        }
        if left.is_empty() {
            let why =
                "nothing of the stack listens there, and no app of it is left over that is evidently meant";
            for at in at {
                hops[at].joined = Joined::Unknown(why.into());
            }
        } else {
            unserved.push((at, left));
        }
    }
    if let [(at, left)] = unserved.as_slice()
        && let [app] = left.as_slice()
    {
        for at in at {
            hops[*at].joined = Joined::Nobody { meant: Some(*app) };
        }
    }
}

fn is_nobody(hop: &Hop) -> bool {
    matches!(hop.joined, Joined::Nobody { .. })
}

/// A request is answered all the same where another server of the upstream may take it, since nginx goes on to the next
/// one when it cannot connect, and where an `error_page` makes something else of the 502.
fn withdraw_rescued(hops: &mut [Hop], nginx: &Nginx) {
    for hops in hops.chunk_by_mut(|a, b| a.route == b.route) {
        let Some(route) = hops.first().map(|hop| &nginx.routes[hop.route.0 as usize]) else { continue };
        let is_other = |hop: &Hop| !is_nobody(hop) && !route.peers[hop.peer].down;
        let why = if nginx.rescues(route.level) {
            "nothing of the stack listens there, and an `error_page` gives another answer"
        } else if route.open.is_some() || hops.iter().any(is_other) {
            "nothing of the stack listens there, and another server of the upstream may answer"
        } else {
            continue;
        };
        for hop in hops.iter_mut().filter(|hop| is_nobody(hop)) {
            hop.joined = Joined::Unknown(why.into());
        }
    }
}

/// The Gunicorn apps that no route can reach, whatever is still unknown of the routes.
fn unreached(nginx: &Nginx, apps: &[App], listeners: &Listeners) -> Vec<AppId> {
    let more_routes =
        nginx.levels.iter().any(|level| level.holes.iter().any(|hole| hole.may_set("proxy_pass")))
            || nginx.routes.iter().any(|route| route.open.is_some());
    let peers = || nginx.routes.iter().flat_map(|route| &route.peers);
    if more_routes || peers().any(|peer| peer.address.candidates().is_none()) {
        return Vec::new();
    }
    let reached: BTreeSet<AppId> = peers()
        .flat_map(|peer| peer.address.candidates().into_iter().flatten())
        .flat_map(|target| listeners.at(target))
        .map(|(app, _)| app)
        .collect();
    deployed(apps).into_iter().filter(|id| !reached.contains(id)).collect()
}

/// The Gunicorn apps that certainly run: those that a unit starts, else the only configuration that there is. Which of
/// several configurations is deployed, or whether one beside a unit is, cannot be told.
fn deployed(apps: &[App]) -> Vec<AppId> {
    let all = apps.iter().enumerate().filter(|(_, app)| app.kind == AppKind::Gunicorn);
    let (started, loose): (Vec<_>, Vec<_>) = all.partition(|(_, app)| app.unit.is_some());
    let certain = if started.is_empty() && loose.len() == 1 { loose } else { started };
    certain.into_iter().map(|(at, _)| AppId(at as u32)).collect()
}

/// What a route says of whom it is for: the names of its target, its location, its server and its file.
fn words_of_route(route: &Route, nginx: &Nginx, place: &Place) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    add_words(&mut words, &route.target);
    add_words(&mut words, place.sources.get(route.anchor.span.file).name());
    if let Some(upstream) = route.upstream {
        add_words(&mut words, &nginx.upstreams[upstream.0 as usize].name);
    }
    for name in route.server.map_or(&[][..], |at| &nginx.servers[at].names) {
        add_words(&mut words, name);
    }
    let mut next: Option<LevelId> = Some(route.level);
    while let Some(id) = next {
        add_words(&mut words, &nginx.level(id).title);
        next = nginx.level(id).parent;
    }
    words
}

/// What an app says of itself: its application, its directory, its sockets and the files that it is read from.
fn words_of_app(id: AppId, place: &Place) -> BTreeSet<String> {
    let app = &place.apps[id.0 as usize];
    let mut words = BTreeSet::new();
    for text in [&app.target.value, &app.working_directory.value].into_iter().filter_map(Possible::known) {
        add_words(&mut words, text);
    }
    for listener in app.listeners.value.known().into_iter().flatten() {
        if let Endpoint::Unix(path) = listener {
            add_words(&mut words, path);
        }
    }
    for file in [Some(app.place.file), app.config].into_iter().flatten() {
        for part in place.sources.get(file).path.rsplit('/').take(2) {
            add_words(&mut words, part);
        }
    }
    words
}

/// The telling words of a text.
fn add_words(words: &mut BTreeSet<String>, text: &str) {
    let found = text.split(|c: char| !c.is_ascii_alphabetic()).map(str::to_ascii_lowercase);
    words.extend(found.filter(|word| word.len() >= 3 && !COMMON.contains(&word.as_str())));
}
