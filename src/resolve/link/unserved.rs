//! Addresses that nobody serves: whether that is certainly a mistake, and which app is meant.

use std::cell::LazyCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::iter::successors;

use rayon::prelude::*;

use super::Place;
use super::index::{Budget, Index};
use super::ties::{self, Tie, Words};
use crate::model::{App, AppId, AppKind, Hop, Joined, Nginx, Route, RouteId};
use crate::resolve::variants;
use crate::source::FileId;
use crate::value::{Endpoint, Possible};

/// Addresses that nobody serves and that belong together, since an upstream holds them.
#[derive(Default)]
struct Group<'a> {
    hops: Vec<usize>,
    addresses: BTreeSet<&'a Endpoint>,
    routes: BTreeSet<RouteId>,
}

/// The apps that a group may be meant for.
type Candidates = BTreeMap<AppId, Tie>;

/// Withdraws "nobody" where requests are answered all the same or nothing ties the address to an app that is left over,
/// and names the app that is meant where there is one way to read it.
pub(super) fn settle(hops: &mut [Hop], nginx: &Nginx, place: &Place) {
    withdraw_rescued(hops, nginx);
    if !hops.iter().any(is_nobody) {
        return;
    }
    let left = Left::new(hops, nginx, place);
    if left.apps.is_empty() {
        let why = left.why(place);
        let unserved = hops.iter_mut().filter(|hop| is_nobody(hop));
        return unserved.for_each(|hop| hop.joined = Joined::Unknown(why.clone()));
    }
    let groups = groups(hops, nginx);
    let alone = groups.len() == 1;
    let index = Index::new(&left.apps, place.apps);
    let of_servers = names_of_servers(&groups, nginx);
    let mut budget = Budget::default();
    let found = groups.iter().map(|group| {
        let said = Said::new(group, &of_servers, nginx, place);
        left.candidates(group, &said, alone, &index, &mut budget, place)
    });
    let Some(mut candidates) = found.collect::<Option<Vec<Candidates>>>() else {
        let why =
            "nothing of the stack listens there, and so many apps are left over that none is evidently meant";
        let unserved = hops.iter_mut().filter(|hop| is_nobody(hop));
        return unserved.for_each(|hop| hop.joined = Joined::Unknown(why.into()));
    };
    tell_apart(&mut candidates);
    let mut wanted: BTreeMap<AppId, usize> = BTreeMap::new();
    for app in candidates.iter().flat_map(Candidates::keys) {
        *wanted.entry(*app).or_default() += 1;
    }
    for (group, candidates) in groups.iter().zip(&candidates) {
        let joined = if candidates.is_empty() {
            Joined::Unknown(left.why(place))
        } else {
            let only = candidates.keys().next().filter(|app| candidates.len() == 1 && wanted[app] == 1);
            Joined::Nobody { meant: only.copied().filter(|_| group.addresses.len() == 1) }
        };
        for at in &group.hops {
            hops[*at].joined = joined.clone();
        }
    }
}

fn is_nobody(hop: &Hop) -> bool {
    matches!(hop.joined, Joined::Nobody { .. })
}

/// The hops to nobody by the addresses that belong together, in the order of the hops.
fn groups<'a>(hops: &[Hop], nginx: &'a Nginx) -> Vec<Group<'a>> {
    let unserved = || hops.iter().enumerate().filter(|(_, hop)| is_nobody(hop));
    let address = |hop: &Hop| nginx.routes[hop.route.0 as usize].peers[hop.peer].address.known();
    // The address that stands for all that it belongs together with is the one that the chain ends at.
    let mut stands_for: BTreeMap<&Endpoint, &Endpoint> = BTreeMap::new();
    let end = |stands_for: &BTreeMap<&'a Endpoint, &'a Endpoint>, mut it: &'a Endpoint| {
        while let Some(next) = stands_for.get(it).filter(|next| **next != it) {
            it = next;
        }
        it
    };
    let mut first_of: BTreeMap<RouteId, &Endpoint> = BTreeMap::new();
    for (_, hop) in unserved() {
        let Some(address) = address(hop) else { continue };
        let first = end(&stands_for, first_of.entry(hop.route).or_insert(address));
        let own = end(&stands_for, address);
        stands_for.insert(own, first);
        // Short chains keep the cost even.
        stands_for.insert(address, first);
        first_of.insert(hop.route, first);
    }
    let mut by_end: BTreeMap<&Endpoint, usize> = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for (at, hop) in unserved() {
        let Some(address) = address(hop) else { continue };
        let group = *by_end.entry(end(&stands_for, address)).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Group::default());
        }
        groups[group].hops.push(at);
        groups[group].addresses.insert(address);
        groups[group].routes.insert(hop.route);
    }
    groups
}

/// What the routes of a group say of whom they are for.
struct Said<'a> {
    /// By their targets and locations.
    own: Words,
    /// By the names of their files.
    files: Words,
    /// By the names of their servers.
    named: Vec<&'a Words>,
    /// The files that they stand in.
    at: BTreeSet<FileId>,
    /// Whether there are no other routes, and none around them that is not seen.
    are_all_routes: bool,
}

impl<'a> Said<'a> {
    fn new(group: &Group, of_servers: &'a BTreeMap<usize, Words>, nginx: &Nginx, place: &Place) -> Said<'a> {
        let routes: Vec<&Route> = group.routes.iter().map(|id| &nginx.routes[id.0 as usize]).collect();
        let (mut own, mut files) = (Words::default(), Words::default());
        for route in &routes {
            own.add_route(route, nginx);
            files.add_file(route, place);
        }
        let is_open = |route: &&Route| {
            let mut around = successors(Some(route.level), |id| nginx.level(*id).parent);
            around.any(|id| nginx.level(id).open_above.is_some())
        };
        let servers: BTreeSet<usize> = routes.iter().filter_map(|route| route.server).collect();
        Said {
            own,
            files,
            named: servers.iter().filter_map(|at| of_servers.get(at)).collect(),
            at: routes.iter().map(|route| route.anchor.span.file).collect(),
            are_all_routes: nginx.routes.len() == routes.len() && !routes.iter().any(is_open),
        }
    }
}

/// What the names of the servers of some groups say, each worked out once.
fn names_of_servers(groups: &[Group], nginx: &Nginx) -> BTreeMap<usize, Words> {
    let routes = groups.iter().flat_map(|group| &group.routes);
    let servers: BTreeSet<usize> = routes.filter_map(|id| nginx.routes[id.0 as usize].server).collect();
    servers.into_iter().map(|at| (at, Words::of_server(at, nginx))).collect()
}

/// The apps that are left over, with their names.
struct Left {
    apps: BTreeMap<AppId, Words>,
    some_reached: bool,
    /// Whether there is a single app in the stack, and no sign of another server.
    is_plain: bool,
    /// Why an app is not left over though no route reaches it.
    spoken_of: Option<String>,
}

impl Left {
    fn new(hops: &[Hop], nginx: &Nginx, place: &Place) -> Left {
        let reached: BTreeSet<AppId> = hops
            .iter()
            .filter_map(|hop| match hop.joined {
                Joined::App(app) => Some(app),
                Joined::Nobody { .. } | Joined::Unknown(_) => None,
            })
            .collect();
        let of_reached = LazyCell::new(|| {
            let mut words = Words::default();
            reached.iter().for_each(|app| words.extend(Words::of_app(*app, place)));
            words
        });
        let mut left = Left {
            apps: BTreeMap::new(),
            some_reached: !reached.is_empty(),
            is_plain: place.is_single() && place.mentions.sign().is_none(),
            spoken_of: None,
        };
        for id in unreached(nginx, place) {
            let listeners = place.apps[id.0 as usize].listeners.value.known().into_iter().flatten();
            match listeners.filter_map(|it| place.mentions.passing(it)).next() {
                Some(span) => {
                    left.spoken_of.get_or_insert_with(|| place.sources.get(span.file).path.clone());
                }
                // What is said of an app that is reached too does not tell this one from it.
                None => {
                    left.apps.insert(id, Words::of_app(id, place).without(&of_reached));
                }
            }
        }
        left
    }

    /// The apps that a group may be meant for: each that something ties to one of its addresses. `alone` is whether no other
    /// address is served by nobody. `None` where there are too many to tell.
    fn candidates(
        &self,
        group: &Group,
        said: &Said,
        alone: bool,
        index: &Index,
        budget: &mut Budget,
        place: &Place,
    ) -> Option<Candidates> {
        let of_routes: Vec<&Words> = said.named.iter().copied().chain([&said.own, &said.files]).collect();
        let mut foreign = said.named.clone();
        foreign.push(&said.own);
        let foreign = ties::foreign_names(&foreign);
        // Where some app is reached, the rest may be none of the proxy's business.
        let least = if self.some_reached { Tie::Named } else { Tie::Near };
        let may_be_alone = alone
            && self.is_plain
            && said.are_all_routes
            && group.addresses.iter().all(|it| ties::is_customary(it));
        let words = || of_routes.iter().flat_map(|words| words.iter());
        let some = match may_be_alone || group.addresses.iter().any(|it| ties::says_gunicorn(it)) {
            true => self.apps.keys().copied().collect(),
            false => index.tied(group.addresses.iter().copied(), words(), budget)?,
        };
        let foreign_address = group.addresses.iter().any(|address| ties::is_foreign(address));
        let mut candidates = Candidates::new();
        for (id, words) in some.iter().filter_map(|id| self.apps.get_key_value(id)) {
            budget.pay(group.addresses.len() + said.at.len() + of_routes.len())?;
            let app = &place.apps[id.0 as usize];
            let same = group.addresses.iter().any(|address| ties::is_same(address, app));
            if !same && (foreign_address || !foreign.iter().all(|name| words.say(name))) {
                continue;
            }
            let tie = group.addresses.iter().filter_map(|it| ties::tie(it, &of_routes, app, words)).max();
            let Some(tie) = tie.filter(|tie| *tie >= least).or(may_be_alone.then_some(Tie::Alone)) else {
                continue;
            };
            let is_apart =
                |file: &FileId| place.is_elsewhere(*file, *id) || place.is(variants::apart, *file, *id);
            if !said.at.iter().any(is_apart) {
                candidates.insert(*id, tie);
            }
        }
        Some(candidates)
    }

    fn why(&self, place: &Place) -> String {
        let missing = match &self.spoken_of {
            Some(path) if self.apps.is_empty() => {
                format!("{path} speaks of the address of the app, so that another proxy may reach it")
            }
            _ if place.apps.is_empty() => "it has no app".into(),
            _ => "no app of it is left over that is evidently meant".into(),
        };
        format!("nothing of the stack listens there, and {missing}")
    }
}

/// Where more groups than apps are left over, an app is only meant by the group that has the closest tie to it.
fn tell_apart(groups: &mut [Candidates]) {
    let apps: BTreeSet<AppId> = groups.iter().flat_map(Candidates::keys).copied().collect();
    if groups.iter().filter(|group| !group.is_empty()).count() <= apps.len() {
        return;
    }
    // The closest tie to each app, and how many groups have it.
    let mut closest: BTreeMap<AppId, (Tie, usize)> = BTreeMap::new();
    for (app, tie) in groups.iter().flatten() {
        let best = closest.entry(*app).or_insert((*tie, 0));
        match tie.cmp(&best.0) {
            Ordering::Less => {}
            Ordering::Equal => best.1 += 1,
            Ordering::Greater => *best = (*tie, 1),
        }
    }
    for group in groups {
        group.retain(|app, tie| closest[app] == (*tie, 1));
    }
}

/// A request is answered all the same where another server of the upstream may take it, since nginx goes on to the next
/// one when it cannot connect, and where an `error_page` makes something else of the 502.
fn withdraw_rescued(hops: &mut [Hop], nginx: &Nginx) {
    hops.par_chunk_by_mut(|a, b| a.route == b.route).for_each(|hops| {
        let Some(route) = hops.first().map(|hop| &nginx.routes[hop.route.0 as usize]) else { return };
        let is_other = |hop: &Hop| !is_nobody(hop) && !route.peers[hop.peer].down;
        let why = if nginx.rescues(route.level).unreached {
            "nothing of the stack listens there, and an `error_page` gives another answer"
        } else if route.open.is_some() || hops.iter().any(is_other) {
            "nothing of the stack listens there, and another server of the upstream may answer"
        } else {
            return;
        };
        for hop in hops.iter_mut().filter(|hop| is_nobody(hop)) {
            hop.joined = Joined::Unknown(why.into());
        }
    });
}

/// The Gunicorn apps that no route can reach, whatever is still unknown of the routes.
fn unreached(nginx: &Nginx, place: &Place) -> Vec<AppId> {
    let more_routes =
        nginx.levels.iter().any(|level| level.holes.iter().any(|hole| hole.may_set("proxy_pass")))
            || nginx.routes.iter().any(|route| route.open.is_some());
    let peers = || nginx.routes.par_iter().flat_map_iter(|route| route.peers.iter());
    if more_routes || peers().any(|peer| peer.address.candidates().is_none()) {
        return Vec::new();
    }
    let mut targets: Vec<&Endpoint> =
        peers().flat_map_iter(|peer| peer.address.candidates().into_iter().flatten()).collect();
    targets.par_sort_unstable();
    targets.dedup();
    let reached: BTreeSet<AppId> =
        targets.par_iter().flat_map_iter(|target| place.listeners.at(target)).map(|(app, _)| app).collect();
    let some_socket = targets.iter().any(|target| matches!(target, Endpoint::Unix(_)));
    let is_left = |id: &AppId| {
        let app = &place.apps[id.0 as usize];
        let is_placed = matches!(app.listeners.value, Possible::Known(_));
        place.is_first(*id) && !reached.contains(id) && (is_placed || !some_socket)
    };
    deployed(place.apps).into_iter().filter(is_left).collect()
}

/// The Gunicorn apps that certainly run: those that a unit starts, else the only configuration that there is. Which of
/// several configurations is deployed, or whether one beside a unit is, cannot be told.
fn deployed(apps: &[App]) -> Vec<AppId> {
    let all = apps.iter().enumerate().filter(|(_, app)| app.kind == AppKind::Gunicorn);
    let (started, loose): (Vec<_>, Vec<_>) = all.partition(|(_, app)| app.unit.is_some());
    let certain = if started.is_empty() && loose.len() == 1 { loose } else { started };
    certain.into_iter().map(|(at, _)| AppId(at as u32)).collect()
}
