//! What ties an address that nobody serves to an app that no route reaches.

use std::collections::BTreeSet;

use super::Place;
use crate::model::{App, AppId, LevelId, Nginx, Route};
use crate::value::{Endpoint, distance};

/// How an address and an app belong together, the closest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tie {
    /// There is nothing else on the machine.
    Alone,
    /// The ports or the paths are all but the same, or the path says that it is a Gunicorn's.
    Near,
    /// Both ends bear one name.
    Named,
    /// It is the port of the app on another address, or one that the app would be bound to if systemd handed it nothing.
    Same,
}

/// What a route and an app say of themselves.
#[derive(Clone, Debug, Default)]
pub(super) struct Words(BTreeSet<String>);

/// Ports that are customary for programs other than Python's servers: nginx itself, front ends, databases, consoles.
const FOREIGN_PORTS: [u16; 68] = [
    80, 443, 1337, 2368, 2375, 2376, 3000, 3001, 3100, 3306, 3333, 4000, 4040, 4173, 4180, 4200, 4321, 4444,
    5050, 5173, 5174, 5432, 5555, 5601, 5672, 5984, 6006, 6081, 6333, 6379, 6443, 7474, 7700, 7860, 8025,
    8065, 8069, 8086, 8088, 8096, 8108, 8123, 8161, 8200, 8384, 8443, 8500, 8501, 8529, 8787, 8888, 8983,
    9090, 9091, 9092, 9093, 9100, 9200, 9300, 9411, 9443, 10000, 11211, 11434, 15672, 16686, 19999, 27017,
];

/// Ports that Python's servers have by themselves or by custom.
const CUSTOMARY_PORTS: [u16; 4] = [5000, 8000, 8001, 8080];

/// So many programs have this port that it is not taken for another one with a slip in it.
const SHARED_PORT: u16 = 8080;

/// Names of programs that are no Python app, by which routes to them are called.
const FOREIGN_NAMES: [&str; 60] = [
    "adminer",
    "airflow",
    "alertmanager",
    "angular",
    "anubis",
    "cockpit",
    "consul",
    "couchdb",
    "daphne",
    "docker",
    "elastic",
    "elasticsearch",
    "flower",
    "frontend",
    "ghost",
    "gitea",
    "gitlab",
    "grafana",
    "graylog",
    "haproxy",
    "influxdb",
    "jaeger",
    "java",
    "jenkins",
    "jupyter",
    "keycloak",
    "kibana",
    "loki",
    "mailhog",
    "metabase",
    "minio",
    "mongo",
    "netdata",
    "nextcloud",
    "nextjs",
    "node",
    "nodejs",
    "nuxt",
    "nuxtjs",
    "oauth",
    "odoo",
    "pgadmin",
    "php",
    "phpmyadmin",
    "portainer",
    "prometheus",
    "puma",
    "rabbitmq",
    "react",
    "redis",
    "solr",
    "sonarqube",
    "streamlit",
    "tomcat",
    "traefik",
    "unicorn",
    "uwsgi",
    "varnish",
    "vite",
    "vue",
];

/// Directories in which sockets of all sorts lie.
const SHARED_DIRECTORIES: [&str; 8] =
    ["", "/run", "/tmp", "/var/tmp", "/dev/shm", "/var/lib", "/run/sockets", "/srv"];

/// Words that do not tell one app from another.
const COMMON: [&str; 56] = [
    "app",
    "application",
    "applications",
    "apps",
    "asgi",
    "available",
    "backend",
    "com",
    "conf",
    "config",
    "core",
    "current",
    "default",
    "deploy",
    "deployment",
    "django",
    "enabled",
    "etc",
    "example",
    "fastapi",
    "flask",
    "gunicorn",
    "home",
    "html",
    "http",
    "https",
    "local",
    "localhost",
    "location",
    "main",
    "net",
    "nginx",
    "opt",
    "org",
    "project",
    "projects",
    "proxy",
    "root",
    "run",
    "server",
    "service",
    "site",
    "sites",
    "sock",
    "socket",
    "src",
    "srv",
    "system",
    "systemd",
    "ubuntu",
    "upstream",
    "usr",
    "var",
    "web",
    "wsgi",
    "www",
];

impl Words {
    /// What a route says of whom it is for by the names of its target and its location.
    pub(super) fn add_route(&mut self, route: &Route, nginx: &Nginx) {
        self.add(&route.target);
        if let Some(upstream) = route.upstream {
            self.add(&nginx.upstreams[upstream.0 as usize].name);
        }
        let mut next: Option<LevelId> = Some(route.level);
        while let Some(id) = next {
            self.add(&nginx.level(id).title);
            next = nginx.level(id).parent;
        }
    }

    /// What a route says by the name of its file, which may hold more than this route.
    pub(super) fn add_file(&mut self, route: &Route, place: &Place) {
        self.add(place.sources.get(route.anchor.span.file).name());
    }

    /// What the names of a server say.
    pub(super) fn of_server(at: usize, nginx: &Nginx) -> Words {
        let mut words = Words::default();
        nginx.servers[at].names.iter().for_each(|name| words.add(name));
        words
    }

    /// What an app says of itself: its application, its directory, its sockets and the files that it is read from.
    pub(super) fn of_app(id: AppId, place: &Place) -> Words {
        let app = &place.apps[id.0 as usize];
        let mut words = Words::default();
        for text in [&app.target.value, &app.working_directory.value].into_iter().filter_map(|it| it.known())
        {
            words.add(text);
        }
        for listener in app.listeners.value.known().into_iter().flatten() {
            if let Endpoint::Unix(path) = listener {
                words.add(path);
            }
        }
        for file in [Some(app.place.file), app.config].into_iter().flatten() {
            for part in place.sources.get(file).path.rsplit('/').take(2) {
                words.add(part);
            }
        }
        words
    }

    /// The telling words of a text.
    fn add(&mut self, text: &str) {
        let found = text.split(|c: char| !c.is_ascii_alphabetic()).map(str::to_ascii_lowercase);
        self.0.extend(found.filter(|word| word.len() >= 3 && !COMMON.contains(&word.as_str())));
    }

    /// Takes out what others say too.
    pub(super) fn without(mut self, others: &Words) -> Words {
        self.0.retain(|word| !others.0.contains(word));
        self
    }

    pub(super) fn extend(&mut self, other: Words) {
        self.0.extend(other.0);
    }

    /// Each of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn say(&self, word: &str) -> bool {
        self.0.contains(word)
    }

    fn share(&self, other: &Words) -> bool {
        let (few, many) = if self.len() < other.len() { (self, other) } else { (other, self) };
        few.0.iter().any(|word| many.0.contains(word))
    }
}

/// The programs other than Python apps that some words speak of.
pub(super) fn foreign_names(said: &[&Words]) -> Vec<&'static str> {
    FOREIGN_NAMES.into_iter().filter(|name| said.iter().any(|words| words.say(name))).collect()
}

/// Whether an address is that of an app whatever else there is.
pub(super) fn is_same(address: &Endpoint, app: &App) -> bool {
    let binds = app.binds.value.known().into_iter().flatten();
    let listeners = app.listeners.value.known().into_iter().flatten();
    let same_port =
        |it: &Endpoint| matches!((address, it), (Endpoint::Tcp(_, a), Endpoint::Tcp(_, b)) if a == b);
    binds.chain(listeners).any(|it| it == address || same_port(it))
}

/// Whether some other program is known for an address.
pub(super) fn is_foreign(address: &Endpoint) -> bool {
    match address {
        Endpoint::Tcp(_, port) => FOREIGN_PORTS.binary_search(port).is_ok(),
        Endpoint::Unix(path) => {
            let mut words = Words::default();
            words.add(path.rsplit('/').next().unwrap_or(path));
            words.0.iter().any(|word| FOREIGN_NAMES.contains(&word.as_str()))
        }
    }
}

/// Whether an address is one that a Python app might well have, by custom.
pub(super) fn is_customary(address: &Endpoint) -> bool {
    match address {
        Endpoint::Tcp(_, port) => CUSTOMARY_PORTS.contains(port),
        Endpoint::Unix(_) => true,
    }
}

/// What ties an address, and what the routes to it say, to an app and its names.
pub(super) fn tie(address: &Endpoint, of_routes: &[&Words], app: &App, of_app: &Words) -> Option<Tie> {
    if is_same(address, app) {
        return Some(Tie::Same);
    }
    if is_foreign(address) {
        return None;
    }
    if of_routes.iter().any(|words| words.share(of_app)) {
        return Some(Tie::Named);
    }
    let mut listeners = app.listeners.value.known().into_iter().flatten();
    (says_gunicorn(address) || listeners.any(|it| is_near(address, it))).then_some(Tie::Near)
}

/// Whether an address is that of some Gunicorn, whichever that is.
pub(super) fn says_gunicorn(address: &Endpoint) -> bool {
    matches!(address, Endpoint::Unix(path) if path.contains("gunicorn"))
}

fn is_near(address: &Endpoint, listener: &Endpoint) -> bool {
    match (address, listener) {
        (Endpoint::Tcp(_, to), Endpoint::Tcp(_, at)) => *to != SHARED_PORT && is_near_port(*to, *at),
        (Endpoint::Unix(to), Endpoint::Unix(at)) => is_near_path(to, at),
        _ => false,
    }
}

/// Whether one port is another with one digit more, less or exchanged, or two swapped. The first digit stays: 3000, 5000,
/// 8000 and 9000 are customs of different programs.
pub(super) fn is_near_port(a: u16, b: u16) -> bool {
    let (a, b) = (a.to_string(), b.to_string());
    a[..1] == b[..1] && distance(&a, &b, 1).is_some()
}

/// Whether two sockets lie in one directory that is not for all, or have one name but for a letter and the extension.
fn is_near_path(a: &str, b: &str) -> bool {
    let ((directory, stem), (other_directory, other_stem)) = (parts(a), parts(b));
    directory.is_some() && directory == other_directory || is_near_name(stem, other_stem)
}

/// The directory of a socket, if it is not for all, and its name without the extension.
pub(super) fn parts(path: &str) -> (Option<&str>, &str) {
    let (directory, name) = path.rsplit_once('/').unwrap_or_default();
    let own = Some(directory).filter(|it| !SHARED_DIRECTORIES.contains(it));
    (own, name.split_once('.').map_or(name, |(stem, _)| stem))
}

/// Whether two names are one, but for a letter where they are not too short or too long for it.
pub(super) fn is_near_name(a: &str, b: &str) -> bool {
    let may_slip = a.len().min(b.len()) > 3 && is_short(a.as_bytes()) && is_short(b.as_bytes());
    a == b || may_slip && distance(a, b, 1).is_some()
}

/// Whether a name is short enough to be looked at letter by letter.
pub(super) fn is_short(name: &[u8]) -> bool {
    name.len() <= 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_near_but_for_a_slip() {
        for (a, b, expected) in [
            (8000, 8001, true),
            (8000, 8080, true),
            (8010, 8001, true),
            (8000, 800, true),
            (8000, 5000, false),
            (8000, 3000, false),
            (8000, 8011, false),
        ] {
            assert_eq!(is_near_port(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn paths_are_near_by_their_directories_and_names() {
        for (a, b, expected) in [
            ("/run/shop/web.sock", "/run/shop/shop.sock", true),
            ("/run/web.sock", "/run/shop.sock", false),
            ("/run/shop.sock", "/srv/shop/shop.socket", true),
            ("/run/shop.sock", "/run/shopp.sock", true),
            ("/run/web.sock", "/run/wen.sock", false),
        ] {
            assert_eq!(is_near_path(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn the_foreign_ports_are_sorted() {
        assert!(FOREIGN_PORTS.is_sorted() && FOREIGN_NAMES.is_sorted() && COMMON.is_sorted());
    }
}
