//! Routes to apps: who answers at each address that nginx connects to.

mod hosts;
mod index;
mod symbols;
mod ties;
mod twins;
mod unserved;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use self::hosts::ByHost;
use self::symbols::Symbols;
use super::ansible::Variables;
use super::mentions::{Mentions, is_gateway};
use super::variants;
use crate::model::{App, AppId, AppKind, Gateway, Hop, Joined, Nginx, Peer, Route, RouteId, Server};
use crate::source::{FileId, Sources, Span};
use crate::value::{Endpoint, Possible, Reach};

/// Joins every peer of every route to who answers there.
///
/// Nobody is said to answer only where that is certain: each app of the stack is known to listen elsewhere, no file that
/// is merely searched (see [`Mentions`]) may start something there, nginx itself does not listen there, and some app is
/// left over that nothing can reach, and that something ties to the address. A stack whose apps are all reached has no
/// place for the mistake.
///
/// `sockets` is what systemd's socket units listen on, whichever service they are for; at the addresses of `external`
/// something answers that is not in the tree.
pub fn link(
    nginx: &Nginx,
    apps: &[App],
    sockets: &[Possible<Endpoint>],
    mentions: &Mentions,
    external: &[Endpoint],
    variables: &Variables,
    sources: &Sources,
) -> Vec<Hop> {
    let programs = apps.iter().filter(|app| app.kind == AppKind::Other).map(|app| app.place);
    let gateway = programs.chain(mentions.gateway()).find(|place| is_gateway(sources.text(*place)));
    let firsts = twins::firsts(apps, sources);
    let place = Place {
        listeners: Listeners::new(apps, &firsts),
        taken: taken(nginx, sockets),
        gateway,
        apps,
        firsts,
        mentions,
        external,
        sources,
    };
    let symbols = Symbols::new(nginx, apps, variables, sources);
    let of_route = |(route, it): (usize, &Route)| -> Vec<Hop> {
        let is_never_reached = nginx.is_never_reached(it.level);
        let joined = |peer: &Peer| match &peer.address {
            _ if peer.down => Joined::Unknown("the server is marked `down`".into()),
            _ if is_never_reached => {
                Joined::Unknown("no request gets there: a `return` answers all of them".into())
            }
            Possible::Known(address) => place.answerer(address, it),
            Possible::OneOf(_) | Possible::Usually(_) => {
                Joined::Unknown("it stands for several addresses".into())
            }
            Possible::Unknown(why) => {
                let there = symbols.answerers(peer);
                place.of_template(&there, it).unwrap_or_else(|| Joined::Unknown(why.clone()))
            }
        };
        let route = RouteId(route as u32);
        it.peers.iter().enumerate().map(|(peer, at)| Hop { route, peer, joined: joined(at) }).collect()
    };
    let mut hops: Vec<Hop> = nginx.routes.par_iter().enumerate().flat_map_iter(of_route).collect();
    unserved::settle(&mut hops, nginx, &place);
    hops
}

/// What answers on the machine.
struct Place<'a> {
    apps: &'a [App],
    /// The first of the apps that are one, for each of them.
    firsts: Vec<AppId>,
    listeners: Listeners<'a>,
    taken: Taken<'a>,
    /// A server that speaks the uwsgi protocol, FastCGI or SCGI, if there is one; where it listens is not known.
    gateway: Option<Span>,
    mentions: &'a Mentions,
    external: &'a [Endpoint],
    sources: &'a Sources,
}

/// What apps listen on, by port and by path.
#[derive(Default)]
struct Listeners<'a> {
    tcp: ByHost<(AppId, &'a Endpoint)>,
    unix: BTreeMap<&'a str, Vec<AppId>>,
    /// An app whose addresses are not all known, if there is one.
    unknown: Option<String>,
    /// The same of one that listens at paths alone.
    unknown_path: Option<String>,
}

impl<'a> Listeners<'a> {
    fn new(apps: &'a [App], firsts: &[AppId]) -> Listeners<'a> {
        let mut all = Listeners::default();
        for (app, id) in apps.iter().enumerate().map(|(at, app)| (app, AppId(at as u32))) {
            if firsts[id.0 as usize] != id {
                continue;
            }
            if !app.misread_paths().is_empty() {
                // The path is the mistake, and that nothing is where it was meant to be is what comes of it.
                all.unknown.get_or_insert_with(|| "Gunicorn takes a path for a relative one".into());
            }
            let why = match &app.listeners.value {
                Possible::Known(addresses) => {
                    for address in addresses {
                        match address {
                            Endpoint::Tcp(host, port) => {
                                all.tcp.entry(hosts::key(host, *port)).or_default().push((id, address));
                            }
                            Endpoint::Unix(path) => all.unix.entry(path).or_default().push(id),
                        }
                    }
                    continue;
                }
                Possible::OneOf(_) | Possible::Usually(_) => "it may be one of several addresses",
                Possible::Unknown(why) => why,
            };
            let unknown = if app.at_paths { &mut all.unknown_path } else { &mut all.unknown };
            unknown.get_or_insert_with(|| format!("an app of the stack may listen there: {why}"));
        }
        all
    }

    /// Why an app may listen at an address though none is known to.
    fn doubt(&self, target: &Endpoint) -> Option<&String> {
        let is_path = matches!(target, Endpoint::Unix(_));
        self.unknown.as_ref().or(self.unknown_path.as_ref().filter(|_| is_path))
    }

    /// The apps that a connection to an address arrives at, with how certain that is.
    fn at<'b>(&'b self, target: &'b Endpoint) -> impl Iterator<Item = (AppId, Reach)> + 'b {
        let (on_port, at_path) = match target {
            Endpoint::Tcp(host, port) => (Some(hosts::reached(&self.tcp, host, *port)), None),
            Endpoint::Unix(path) => (None, self.unix.get(path.as_str())),
        };
        let on_port = on_port.into_iter().flatten().map(|(app, listener)| (*app, target.reaches(listener)));
        let at_path = at_path.into_iter().flatten().map(|app| (*app, Reach::Yes));
        on_port.filter(|(_, reach)| *reach != Reach::No).chain(at_path)
    }
}

/// What nginx itself and systemd listen on, by port and by path.
struct Taken<'a> {
    tcp: ByHost<&'a Endpoint>,
    unix: BTreeSet<&'a str>,
    unknown: bool,
}

fn taken<'a>(nginx: &'a Nginx, sockets: &'a [Possible<Endpoint>]) -> Taken<'a> {
    let mut taken = Taken { tcp: BTreeMap::new(), unix: BTreeSet::new(), unknown: false };
    let listens = nginx.servers.iter().filter(|server| !is_around(nginx, server)).flat_map(|it| &it.listen);
    let own = listens.map(|listen| &listen.address).chain(&nginx.elsewhere);
    for listen in own.chain(sockets) {
        match listen.candidates() {
            Some(addresses) => {
                for address in addresses {
                    match address {
                        Endpoint::Tcp(host, port) => {
                            taken.tcp.entry(hosts::key(host, *port)).or_default().push(address);
                        }
                        Endpoint::Unix(path) => {
                            taken.unix.insert(path);
                        }
                    }
                }
            }
            None => taken.unknown = true,
        }
    }
    taken
}

/// Whether a server is not in the tree, but a fragment with some of its locations: then it does not listen at the address
/// that they hand on to.
fn is_around(nginx: &Nginx, server: &Server) -> bool {
    let level = nginx.level(server.level);
    let is_written = server.listen.iter().any(|listen| listen.anchor.is_some());
    level.open_above.is_some() && !is_written && !level.holes.iter().any(|hole| hole.may_set("listen"))
}

impl Taken<'_> {
    fn may_be(&self, target: &Endpoint) -> bool {
        self.unknown
            || match target {
                Endpoint::Tcp(host, port) => {
                    hosts::reached(&self.tcp, host, *port).any(|at| target.reaches(at) != Reach::No)
                }
                Endpoint::Unix(path) => self.unix.contains(path.as_str()),
            }
    }
}

impl Place<'_> {
    fn answerer(&self, target: &Endpoint, route: &Route) -> Joined {
        // Two are several, however many more there are.
        let there: Vec<_> = self.listeners.at(target).take(2).collect();
        let unknown = |why: String| Joined::Unknown(why);
        if let Some(external) = self.external.iter().find(|it| it.is_same_place(target)) {
            return unknown(format!("the configuration says that `{external}` is external"));
        }
        match there.as_slice() {
            [(app, Reach::Yes)] if self.is_elsewhere(route.anchor.span.file, *app) => {
                return unknown("the app that listens there is one of another environment".into());
            }
            [(app, Reach::Yes)] if self.is(variants::aside, route.anchor.span.file, *app) => {
                return unknown("one of the two is an example, a test or the like".into());
            }
            [(app, Reach::Yes)] => {
                let speaks_so = matches!(route.gateway, Gateway::Uwsgi | Gateway::Fastcgi | Gateway::Scgi);
                return match self.gateway.filter(|_| speaks_so) {
                    // One of the two may be what was there before the other.
                    Some(span) => {
                        let place = &self.sources.get(span.file).path;
                        unknown(format!("`{}` in {place} may listen there", self.sources.text(span)))
                    }
                    None => Joined::App(*app),
                };
            }
            [] => {}
            [_] => return unknown("whether that is this machine is not known".into()),
            _ => return unknown("several apps of the stack listen there".into()),
        }
        if !matches!(route.gateway, Gateway::Http | Gateway::Https) {
            return unknown(
                "a server of another protocol, which no file of the stack starts, may listen there".into(),
            );
        }
        if !target.is_local() {
            return unknown("it is not certain to be on this machine".into());
        }
        if let Some(why) = self.listeners.doubt(target) {
            return unknown(why.clone());
        }
        if self.taken.may_be(target) {
            return unknown("nginx itself or a socket unit may listen there".into());
        }
        if let Some(span) = self.mentions.of(target) {
            let place = &self.sources.get(span.file).path;
            return unknown(format!("{place} speaks of it, and is not read"));
        }
        if let Some(span) = self.mentions.server() {
            let place = &self.sources.get(span.file).path;
            return unknown(format!("`{}` in {place} may listen there", self.sources.text(span)));
        }
        if let Some(link) = self.mentions.unread() {
            return unknown(format!("what `{link}` leads to was not read, and may start what listens there"));
        }
        Joined::Nobody { meant: None }
    }

    /// Who answers at an address that a template fills in, if somebody certainly does.
    fn of_template(&self, there: &[(usize, FileId)], route: &Route) -> Option<Joined> {
        let first = |(app, _): &(usize, FileId)| self.firsts[*app];
        let apps: BTreeSet<AppId> = there.iter().map(first).collect();
        let app = *apps.first()?;
        if apps.len() > 1 {
            return Some(Joined::Unknown("several apps of the stack listen there".into()));
        }
        let is_proxied = matches!(route.gateway, Gateway::Http | Gateway::Https);
        let file = route.anchor.span.file;
        let may_meet = !self.is_elsewhere(file, app) && !self.is(variants::aside, file, app);
        (is_proxied && may_meet).then_some(Joined::App(app))
    }

    /// Whether it is no copy of another app.
    fn is_first(&self, app: AppId) -> bool {
        self.firsts[app.0 as usize] == app
    }

    /// Whether there is one app, and nothing else that runs.
    fn is_single(&self) -> bool {
        let first = AppId(0);
        !self.apps.is_empty() && self.firsts.iter().all(|it| *it == first)
    }

    /// Whether a route and an app are for different environments: `staging/site.conf` and `production/web.service`.
    fn is_elsewhere(&self, route: FileId, app: AppId) -> bool {
        self.is(variants::conflict, route, app)
    }

    /// Whether something holds for the path of a route and one of an app's.
    fn is(&self, holds: fn(&str, &str) -> bool, route: FileId, app: AppId) -> bool {
        let app = &self.apps[app.0 as usize];
        let path = |file| self.sources.get(file).path.as_str();
        let mut files = [Some(app.place.file), app.config].into_iter().flatten();
        files.any(|file| holds(path(route), path(file)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Anchor, AppKind, Dialect, Level, LevelId, LevelKind, Listen, Origin, Peer, Setting, UnitId, Uri,
    };
    use crate::source::{FileKind, Source, Span};
    use crate::value::{Few, Host};

    const SPAN: Span = Span { file: FileId(0), start: 0, end: 0 };

    fn endpoint(text: &str) -> Possible<Endpoint> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Possible::Known(Endpoint::Unix(path.into()));
        }
        match text.rsplit_once(':').map(|(host, port)| (Host::parse(host), port.parse())) {
            Some((host, Ok(port))) => Possible::Known(Endpoint::Tcp(host, port)),
            _ => Possible::Unknown("a template".into()),
        }
    }

    fn nginx(targets: &[&str]) -> Nginx {
        let anchor = Anchor { span: SPAN, value: SPAN, dialect: Dialect::Nginx };
        let route = |target: &&str| Route {
            level: LevelId(0),
            server: None,
            gateway: Gateway::Http,
            target: target.to_string(),
            anchor,
            upstream: None,
            uri: Uri::Kept,
            looked_up: None,
            peers: vec![Peer::new(endpoint(target), anchor)].into(),
            open: None,
        };
        let level = Level {
            kind: LevelKind::Location,
            parent: None,
            header: SPAN,
            title: "location /".into(),
            matching: None,
            written: Vec::new(),
            sent: Vec::new(),
            jumps: Few::NONE,
            holes: Few::NONE,
            rescues: None,
            rewrites: false,
            diverts: false,
            breaks: false,
            returns: false,
            internal: false,
            open_above: None,
        };
        Nginx { routes: targets.iter().map(route).collect(), levels: vec![level], ..Nginx::default() }
    }

    fn app(listener: &str) -> App {
        let unknown = || Setting::unknown("not asked", Origin::DEFAULT);
        App {
            kind: AppKind::Gunicorn,
            unit: Some(UnitId(0)),
            place: SPAN,
            config: None,
            imports: BTreeSet::new(),
            working_directory: unknown(),
            directory: Possible::Unknown("not asked".into()),
            temporary: Possible::Unknown("not asked".into()),
            target: unknown(),
            binds: Setting::unknown("", Origin::DEFAULT),
            listeners: Setting { value: endpoint(listener).map(|it| vec![it]), origin: Origin::DEFAULT },
            at_paths: listener.starts_with("unix:"),
            worker_class: Setting::unknown("not asked", Origin::DEFAULT),
            behind: None,
            shell: None,
            literals: Vec::new(),
            unloaded: None,
            missing: None,
            interface: None,
            framework: None,
            body_limit: None,
            settings: BTreeMap::new(),
            faults: Vec::new(),
        }
    }

    /// Who answers, in a word a hop: the app's number, `nobody`, `meant N`, or `?`.
    fn answers(nginx: &Nginx, apps: &[App], script: &str) -> Vec<String> {
        let mut sources = Sources::default();
        let id = sources.add(Source::new("app.sh", FileKind::Launcher, script.into()));
        let hops = link(
            nginx,
            apps,
            &[],
            &Mentions::new(&[id], &sources, &[]),
            &[],
            &Variables::default(),
            &sources,
        );
        let word = |hop: &Hop| match &hop.joined {
            Joined::App(app) => app.0.to_string(),
            Joined::Nobody { meant: Some(app) } => format!("meant {}", app.0),
            Joined::Nobody { meant: None } => "nobody".into(),
            Joined::Unknown(_) => "?".into(),
        };
        hops.iter().map(word).collect()
    }

    fn joined(targets: &[&str], listeners: &[&str]) -> Vec<String> {
        let apps: Vec<App> = listeners.iter().map(|listener| app(listener)).collect();
        answers(&nginx(targets), &apps, "")
    }

    #[test]
    fn an_address_is_answered_by_the_app_that_listens_there() {
        assert_eq!(joined(&["127.0.0.1:1", "unix:/run/a"], &["unix:/run/a", "0.0.0.0:1"]), ["1", "0"]);
        // Two apps on one address: which one answers is not known, and neither is left over.
        assert_eq!(
            joined(&["127.0.0.1:8001", "127.0.0.1:8002"], &["127.0.0.1:8001", "0.0.0.0:8001"]),
            ["?", "?"]
        );
    }

    #[test]
    fn nobody_answers_where_an_app_is_left_over() {
        assert_eq!(joined(&["127.0.0.1:8001"], &["127.0.0.1:8000"]), ["meant 0"]);
        assert_eq!(joined(&["127.0.0.1:8000", "127.0.0.1:8000"], &["unix:/run/a"]), ["meant 0", "meant 0"]);
        assert_eq!(joined(&["127.0.0.1:8000"], &["127.0.0.1:8001", "127.0.0.1:8002"]), ["nobody"]);
    }

    #[test]
    fn nobody_is_said_to_answer_while_that_is_not_certain() {
        // No app is left over; a route or an app that is not known; another machine; an app that a name may reach.
        assert_eq!(joined(&["127.0.0.1:8001", "127.0.0.1:8002"], &["127.0.0.1:8001"]), ["0", "?"]);
        assert_eq!(joined(&["127.0.0.1:8001"], &[]), ["?"]);
        assert_eq!(joined(&["127.0.0.1:8001", "{{ x }}"], &["127.0.0.1:8002"]), ["?", "?"]);
        assert_eq!(joined(&["127.0.0.1:8001"], &["127.0.0.1:8002", "{{ x }}"]), ["?"]);
        assert_eq!(joined(&["10.0.0.9:8001"], &["127.0.0.1:8002"]), ["?"]);
        assert_eq!(joined(&["127.0.0.1:8001", "web:8002"], &["127.0.0.1:8002"]), ["?", "?"]);
    }

    #[test]
    fn nobody_is_said_to_answer_where_another_program_is_meant() {
        // A front end's port, alone and beside the app's; a port that nothing says anything of.
        assert_eq!(joined(&["127.0.0.1:3000"], &["127.0.0.1:8000"]), ["?"]);
        assert_eq!(joined(&["127.0.0.1:3000", "127.0.0.1:8001"], &["127.0.0.1:8000"]), ["?", "meant 0"]);
        assert_eq!(joined(&["127.0.0.1:7654"], &["127.0.0.1:8000"]), ["?"]);
        // More addresses than apps: which one is meant the closest tie tells, if there is one.
        assert_eq!(joined(&["127.0.0.1:8001", "127.0.0.1:8002"], &["127.0.0.1:8000"]), ["?", "?"]);
        assert_eq!(joined(&["127.0.0.1:8001", "[::1]:8000"], &["127.0.0.1:8000"]), ["?", "meant 0"]);
        assert_eq!(joined(&["127.0.0.1:5000", "127.0.0.1:8001"], &["127.0.0.1:8000"]), ["?", "meant 0"]);
        assert_eq!(joined(&["127.0.0.1:5000", "127.0.0.1:7000"], &["127.0.0.1:8000"]), ["?", "?"]);
    }

    #[test]
    fn whatever_else_may_listen_there_is_heard() {
        let apps = [app("127.0.0.1:8000")];
        let plain = nginx(&["127.0.0.1:8001"]);
        assert_eq!(answers(&plain, &apps, "echo nothing"), ["meant 0"]);
        assert_eq!(answers(&plain, &apps, "something --port 8001"), ["?"]);
        assert_eq!(answers(&plain, &apps, "exec uvicorn app:app"), ["?"]);
        // Another proxy reaches the app.
        assert_eq!(answers(&plain, &apps, "proxy --to 127.0.0.1:8000"), ["?"]);
        let listen = vec![Listen::implied(endpoint("0.0.0.0:8001"))];
        let own = Server { level: LevelId(0), listen, names: Vec::new() };
        assert_eq!(answers(&Nginx { servers: vec![own], ..nginx(&["127.0.0.1:8001"]) }, &apps, ""), ["?"]);
        let in_stream = Nginx { elsewhere: vec![endpoint("127.0.0.1:8001")], ..nginx(&["127.0.0.1:8001"]) };
        assert_eq!(answers(&in_stream, &apps, ""), ["?"]);
        // A socket unit's, whose service is not in the tree.
        let mut sources = Sources::default();
        sources.add(Source::new("app.service", FileKind::Systemd, String::new().into()));
        let hops = link(
            &plain,
            &apps,
            &[endpoint("[::]:8001")],
            &Mentions::default(),
            &[],
            &Variables::default(),
            &sources,
        );
        assert!(matches!(hops[0].joined, Joined::Unknown(_)));
        let mut uwsgi = nginx(&["127.0.0.1:8001"]);
        uwsgi.routes[0].gateway = Gateway::Uwsgi;
        assert_eq!(answers(&uwsgi, &apps, ""), ["?"]);
    }

    #[test]
    fn a_configuration_that_nothing_starts_counts_where_it_is_the_only_one() {
        let loose = |listener: &str| App { unit: None, ..app(listener) };
        let plain = nginx(&["127.0.0.1:8001"]);
        assert_eq!(answers(&plain, &[loose("127.0.0.1:8000")], ""), ["meant 0"]);
        assert_eq!(answers(&plain, &[loose("127.0.0.1:8000"), loose("127.0.0.1:8002")], ""), ["?"]);
        assert_eq!(answers(&plain, &[loose("127.0.0.1:8002"), app("127.0.0.1:8000")], ""), ["meant 1"]);
    }
}
