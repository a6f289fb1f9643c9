//! Files that may start servers and are not understood: scripts, Dockerfiles, Supervisor programs.
//!
//! They are searched, not read: a port or a socket that one of them speaks of, or a server that one of them starts, may
//! be what answers at an address. Whoever finds such a mention must not say that nobody answers there. And who speaks of
//! the address of an app may be another proxy, which reaches it.

mod starts;

use std::collections::BTreeMap;

use self::starts::{NO_START, starts};

use crate::source::{FileId, FileKind, Sources, Span};
use crate::syntax::packages::{self, Format};
use crate::value::{Endpoint, normalize_path};

/// What the files that are merely searched speak of, each with the first place.
#[derive(Clone, Debug, Default)]
pub struct Mentions {
    ports: BTreeMap<u16, Span>,
    sockets: BTreeMap<String, Span>,
    /// Those of lines that may hand requests on: ports, and paths by the names of the sockets.
    passes: BTreeMap<u16, Span>,
    paths: BTreeMap<String, Vec<(String, Span)>>,
    sign: Option<Span>,
    server: Option<Span>,
    gunicorn: Option<Span>,
    gateway: Option<Span>,
    low_ports: Option<Span>,
    unread: Option<String>,
}

/// Words that let a process without privileges listen on a port below 1024.
const LOW_PORTS: [&str; 4] = ["authbind", "cap_net_bind_service", "ip_unprivileged_port_start", "setcap"];

/// How the names of programs begin that speak the uwsgi protocol, FastCGI or SCGI.
const GATEWAYS: [&str; 6] = ["uwsgi", "pyuwsgi", "php-fpm", "fcgiwrap", "spawn-fcgi", "runfcgi"];

/// Names of nginx's that begin so as well.
const OF_NGINX: [&str; 3] = ["uwsgi_pass", "uwsgi_param", "uwsgi_params"];

/// Whether a program, by its name or path, speaks such a protocol.
pub fn is_gateway(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    GATEWAYS.iter().any(|gateway| name.starts_with(gateway)) && !OF_NGINX.contains(&name)
}

/// Words of lines that ask an address, or tell others of it, and hand no requests on.
const PROBES: [&str; 10] =
    ["curl", "wget", "ufw", "firewall-cmd", "iptables", "lsof", "fuser", "netstat", "nc", "ss"];

/// Words of commands that answer no requests. What else they start is found by [`SERVERS`].
const SILENT: [&str; 16] = [
    "beat",
    "celery",
    "celerybeat",
    "collectstatic",
    "cron",
    "dramatiq",
    "huey_consumer",
    "huey_consumer.py",
    "migrate",
    "nginx",
    "postgres",
    "qcluster",
    "redis-server",
    "rq",
    "rqscheduler",
    "rqworker",
];

/// How a file that is searched names what it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// A script, or anything else.
    Script,
    /// A playbook or a description, in which much has a name.
    Yaml,
    /// `command=PROGRAM` in Supervisor's programs, `cmd = PROGRAM` in Circus's.
    Ini,
    /// `web: PROGRAM`.
    Procfile,
    /// `backend NAME {` of Varnish, which is there to stand in front of it, and listens on a port of its own.
    Varnish,
    /// `package.json`.
    Package,
    /// Nothing in it starts a server on the host.
    Addresses,
}

impl Dialect {
    fn of(name: &str) -> Dialect {
        let lower = name.to_ascii_lowercase();
        match lower.rsplit_once('.').map_or("", |(_, extension)| extension) {
            _ if lower.starts_with("procfile") => Dialect::Procfile,
            "conf" | "ini" | "cfg" => Dialect::Ini,
            "json" => Dialect::Package,
            "vcl" => Dialect::Varnish,
            "yml" | "yaml" => Dialect::Yaml,
            _ => Dialect::Script,
        }
    }

    /// What a line says is to be kept running.
    fn command(self, line: &str) -> Option<&str> {
        match self {
            Dialect::Ini => {
                let (key, command) = line.split_once('=')?;
                matches!(key.trim_end(), "command" | "cmd").then_some(command)
            }
            Dialect::Procfile => {
                let (kind, command) = line.split_once(':')?;
                (kind != "release").then_some(command)
            }
            Dialect::Varnish => line.starts_with("backend ").then_some(line),
            Dialect::Script | Dialect::Yaml | Dialect::Package | Dialect::Addresses => None,
        }
    }
}

impl Mentions {
    /// Searches the launchers and the Compose files among the files of a stack, but for the commands that are `known`,
    /// which are sorted.
    pub fn new(files: &[FileId], sources: &Sources, known: &[Span]) -> Mentions {
        let mut mentions = Mentions::default();
        for id in files {
            let source = sources.get(*id);
            match source.kind {
                FileKind::Launcher => {
                    let of_ansible =
                        ["group_vars/", "host_vars/"].iter().any(|folder| source.path.contains(folder));
                    let dialect = if of_ansible { Dialect::Yaml } else { Dialect::of(source.name()) };
                    mentions.search(*id, &source.text, dialect, known);
                    if is_sign(source.name(), dialect) {
                        mentions.sign.get_or_insert(Span::new(*id, 0..0));
                    }
                }
                // What a container starts listens inside it; only the addresses that are spoken of count.
                FileKind::Compose => {
                    mentions.search(*id, &source.text, Dialect::Addresses, known);
                    mentions.sign.get_or_insert(Span::new(*id, 0..0));
                }
                // A project may name commands in it beside what it needs.
                FileKind::Packages if Format::of(&source.path) == Some(Format::Pyproject) => {
                    let wishes = packages::read(Format::Pyproject, &source.text, "gunicorn").into_iter();
                    let lines: Vec<Span> =
                        wishes.map(|wish| line_of(*id, &source.text, wish.range)).collect();
                    mentions.search(*id, &source.text, Dialect::Script, &lines);
                }
                FileKind::Nginx
                | FileKind::Gunicorn
                | FileKind::Systemd
                | FileKind::Packages
                | FileKind::Machine => {}
            }
        }
        mentions
    }

    /// The same with a link behind which a server may be started, if there is one.
    pub fn with_unread(self, link: Option<&str>) -> Mentions {
        Mentions { unread: link.map(str::to_owned), ..self }
    }

    /// A link behind which a server may be started that was not read.
    pub fn unread(&self) -> Option<&str> {
        self.unread.as_deref()
    }

    /// Where an address is spoken of.
    pub fn of(&self, address: &Endpoint) -> Option<Span> {
        match address {
            Endpoint::Tcp(_, port) => self.ports.get(port).copied(),
            Endpoint::Unix(path) => self.sockets.get(path.rsplit('/').next().unwrap_or(path)).copied(),
        }
    }

    /// Where something speaks of the address of an app that may hand requests on to it.
    pub fn passing(&self, listener: &Endpoint) -> Option<Span> {
        match listener {
            Endpoint::Tcp(_, port) => self.passes.get(port).copied(),
            Endpoint::Unix(path) => {
                let spoken = self.paths.get(path.rsplit('/').next().unwrap_or(path))?;
                spoken.iter().find(|(spoken, _)| is_end_of(spoken, path)).map(|(_, span)| *span)
            }
        }
    }

    /// A file that tells of another server or proxy, whatever stands in it.
    pub fn sign(&self) -> Option<Span> {
        self.sign
    }

    /// Where a server is started, on whatever address.
    pub fn server(&self) -> Option<Span> {
        self.server
    }

    /// Where a Gunicorn is started, with whatever options.
    pub fn gunicorn(&self) -> Option<Span> {
        self.gunicorn
    }

    /// Where a server is spoken of that speaks the uwsgi protocol, FastCGI or SCGI.
    pub fn gateway(&self) -> Option<Span> {
        self.gateway
    }

    /// Where something lets processes without privileges listen on ports below 1024.
    pub fn low_ports(&self) -> Option<Span> {
        self.low_ports
    }

    fn search(&mut self, file: FileId, text: &str, dialect: Dialect, known: &[Span]) {
        let known = &known[known.partition_point(|span| span.file < file)..];
        let known = &known[..known.partition_point(|span| span.file == file)];
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let trimmed = line.trim_start();
            // Of a package of Node only what `npm start` runs is a server; the rest builds and tests.
            let is_read = dialect != Dialect::Package || line.contains("\"start");
            // A line that a known command covers says nothing more; one that it shares is searched.
            let (first, last) = (start + line.len() - trimmed.len(), start + line.trim_end().len());
            let at = known.partition_point(|span| span.end as usize <= first);
            let is_known =
                known.get(at).is_some_and(|span| span.start as usize <= first && last <= span.end as usize);
            if is_read && !is_known && !trimmed.starts_with('#') {
                self.search_line(file, start, line, dialect);
                if let Some(command) = dialect.command(trimmed) {
                    let from = start + (line.len() - trimmed.len()) + (trimmed.len() - command.len());
                    self.note_command(Span::new(file, from..from + command.trim_end().len()), command);
                }
            }
            start += line.len();
        }
    }

    /// A command that a manager keeps running: unless it is known to answer no requests, it may listen anywhere.
    fn note_command(&mut self, span: Span, command: &str) {
        let is_silent = words(command, |c| !c.is_whitespace()).any(|(_, word)| {
            let name = word.rsplit('/').next().unwrap_or(word);
            SILENT.contains(&name)
        });
        if !is_silent && !command.trim().is_empty() {
            self.server.get_or_insert(span);
        }
    }

    fn search_line(&mut self, file: FileId, start: usize, line: &str, dialect: Dialect) {
        let words = || words(line, |c| c.is_ascii_alphanumeric() || "-_./".contains(c));
        let spans = |at: usize, word: &str| Span::new(file, start + at..start + at + word.len());
        let about = words().any(|(_, word)| NO_START.contains(&word));
        let passes = !about && !words().any(|(_, word)| PROBES.contains(&word)) && !is_of_listener(line);
        for (at, number) in self::words(line, |c| c.is_ascii_digit()) {
            if let Ok(port) = number.parse() {
                self.ports.entry(port).or_insert(spans(at, number));
                if passes {
                    self.passes.entry(port).or_insert(spans(at, number));
                }
            }
        }
        for (at, word) in words() {
            let name = word.rsplit('/').next().unwrap_or(word);
            if LOW_PORTS.contains(&word.to_ascii_lowercase().rsplit(['/', '.']).next().unwrap_or_default()) {
                self.low_ports.get_or_insert(spans(at, word));
            }
            if !about && is_gateway(name) {
                self.gateway.get_or_insert(spans(at, word));
            }
            if name.contains("sock") {
                self.sockets.entry(name.into()).or_insert(spans(at, word));
                if passes {
                    // Caddy writes `unix//run/app.sock`.
                    let path = word.strip_prefix("unix/").unwrap_or(word);
                    let spoken = (normalize_path(path), spans(at, word));
                    self.paths.entry(name.into()).or_default().push(spoken);
                }
            }
        }
        for (at, word) in starts(line, dialect == Dialect::Yaml) {
            if dialect != Dialect::Addresses {
                self.server.get_or_insert(spans(at, word));
            }
            if matches!(word.rsplit('/').next(), Some("gunicorn" | "gunicorn3")) {
                self.gunicorn.get_or_insert(spans(at, word));
            }
        }
    }
}

/// Whether a file that starts something tells of more than scripts and playbooks do: of containers, another proxy, another
/// manager, or a front end.
fn is_sign(name: &str, dialect: Dialect) -> bool {
    const NAMES: [&str; 7] =
        ["dockerfile", "containerfile", "caddyfile", "haproxy", "traefik", "uwsgi", "ecosystem.config"];
    let lower = name.to_ascii_lowercase();
    matches!(dialect, Dialect::Ini | Dialect::Procfile | Dialect::Varnish | Dialect::Package)
        || NAMES.iter().any(|it| lower.contains(it))
}

/// Whether a line gives a variable the address that a server is to listen on: `APP_PORT=8000`.
fn is_of_listener(line: &str) -> bool {
    let name = line.split_once('=').map_or("", |(name, _)| name).trim();
    let name = name.strip_prefix("export ").unwrap_or(name);
    ["PORT", "BIND", "LISTEN"].iter().any(|it| name.contains(it)) && !name.contains([' ', ':', '/'])
}

/// Whether a path, perhaps with a beginning that something fills in, is the end of another.
fn is_end_of(spoken: &str, path: &str) -> bool {
    let spoken = spoken.trim_start_matches(['.', '/']);
    path.strip_suffix(spoken).is_some_and(|before| before.ends_with('/'))
}

/// The line that a range begins on.
fn line_of(file: FileId, text: &str, range: std::ops::Range<usize>) -> Span {
    let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[range.start..].find('\n').map_or(text.len(), |at| range.start + at);
    Span::new(file, start..end)
}

/// The maximal runs of characters of one kind, with where they begin.
fn words(line: &str, kind: impl Fn(char) -> bool + Copy) -> impl Iterator<Item = (usize, &str)> {
    line.split(move |c| !kind(c))
        .filter(|word| !word.is_empty())
        .map(move |word| (word.as_ptr() as usize - line.as_ptr() as usize, word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::value::Host;

    fn mentions(text: &str) -> Mentions {
        let mut sources = Sources::default();
        let id = sources.add(Source::new("start.sh", FileKind::Launcher, text.into()));
        Mentions::new(&[id], &sources, &[])
    }

    #[test]
    fn addresses_are_found_as_whole_words() {
        let found =
            mentions("#!/bin/sh\n# not 7000\nexec foo -b 127.0.0.1:8001 -s /run/app/web.sock 18000\n");
        let tcp = |port| found.of(&Endpoint::Tcp(Host::parse("127.0.0.1"), port)).is_some();
        assert!(tcp(8001) && tcp(18000) && !tcp(8000) && !tcp(7000));
        assert!(found.of(&Endpoint::Unix("/srv/other/web.sock".into())).is_some());
        assert!(found.of(&Endpoint::Unix("/run/app.sock".into())).is_none());
    }

    #[test]
    fn a_server_counts_where_it_is_started() {
        assert!(mentions("exec /venv/bin/gunicorn app:app\n").gunicorn().is_some());
        assert!(mentions("CMD [\"uvicorn\", \"app:app\"]\n").server().is_some());
        for line in
            ["pip install gunicorn", "sudo systemctl restart gunicorn", "echo starting gunicorn", "RUN ls"]
        {
            assert!(mentions(line).server().is_none(), "{line}");
        }
    }

    #[test]
    fn whoever_speaks_of_an_app_s_address_may_hand_requests_on_to_it() {
        let port = Endpoint::Tcp(Host::parse("127.0.0.1"), 8000);
        let socket = Endpoint::Unix("/run/shop/web.sock".into());
        for (line, expected) in [
            ("reverse_proxy 127.0.0.1:8000", (true, false)),
            ("API=http://127.0.0.1:8000/", (true, false)),
            ("PORT=8000", (false, false)),
            ("curl -f http://127.0.0.1:8000/health", (false, false)),
            ("reverse_proxy unix//run/shop/web.sock", (false, true)),
            ("dial: {{ run }}/web.sock", (false, true)),
            ("dial: /run/blog/web.sock", (false, false)),
            ("rm -f /run/shop/web.sock", (false, false)),
        ] {
            let found = mentions(line);
            let passing = (found.passing(&port).is_some(), found.passing(&socket).is_some());
            assert_eq!(passing, expected, "{line}");
        }
    }

    #[test]
    fn what_tells_of_another_server_is_a_sign() {
        for (name, expected) in [
            ("Caddyfile", true),
            ("package.json", true),
            ("apache.conf", true),
            ("Dockerfile.web", true),
            ("deploy.sh", false),
            ("site.yml", false),
            (".env", false),
        ] {
            assert_eq!(is_sign(name, Dialect::of(name)), expected, "{name}");
        }
    }

    #[test]
    fn what_a_manager_keeps_running_is_a_server_unless_it_is_known_not_to_be() {
        for (name, text, expected) in [
            ("Procfile", "web: bin/front\n", Some("bin/front")),
            ("Procfile", "release: bin/migrate\nworker: celery -A shop worker\n", None),
            ("app.ini", "[program:app]\ncommand = /srv/app/bin/run\n", Some("/srv/app/bin/run")),
            ("app.ini", "[program:app]\ncommand=/venv/bin/celery -A shop beat\n", None),
            ("default.vcl", "backend default {\n", Some("backend default {")),
            ("package.json", "  \"start\": \"node server.js\",\n", Some("node")),
            ("package.json", "  \"build\": \"node build.js\",\n", None),
        ] {
            let mut sources = Sources::default();
            let id = sources.add(Source::new(name, FileKind::Launcher, text.into()));
            let server = Mentions::new(&[id], &sources, &[]).server().map(|span| sources.text(span).trim());
            assert_eq!(server, expected, "{text}");
        }
    }
}
