//! Files that may start servers and are not understood: scripts, Dockerfiles, Supervisor programs.
//!
//! They are searched, not read: a port or a socket that one of them speaks of, or a server that one of them starts, may
//! be what answers at an address. Whoever finds such a mention must not say that nobody answers there.

use std::collections::BTreeMap;

use crate::source::{FileId, FileKind, Sources, Span};
use crate::value::Endpoint;

/// What the files that are merely searched speak of, each with the first place.
#[derive(Clone, Debug, Default)]
pub struct Mentions {
    ports: BTreeMap<u16, Span>,
    sockets: BTreeMap<String, Span>,
    server: Option<Span>,
    gunicorn: Option<Span>,
}

/// Programs that listen, by the word that starts them.
const SERVERS: [&str; 26] = [
    "gunicorn",
    "gunicorn3",
    "uvicorn",
    "daphne",
    "hypercorn",
    "granian",
    "uwsgi",
    "waitress-serve",
    "flask",
    "runserver",
    "runserver_plus",
    "runworker",
    "node",
    "nodejs",
    "npm",
    "yarn",
    "pnpm",
    "pm2",
    "puma",
    "unicorn",
    "rails",
    "java",
    "php-fpm",
    "streamlit",
    "jupyter",
    "superset",
];

/// Words of lines that speak of a server without starting it.
const NO_START: [&str; 24] = [
    "install",
    "systemctl",
    "service",
    "journalctl",
    "apt",
    "apt-get",
    "yum",
    "dnf",
    "apk",
    "pkill",
    "killall",
    "kill",
    "cp",
    "mv",
    "ln",
    "rm",
    "chown",
    "chmod",
    "mkdir",
    "echo",
    "tail",
    "which",
    "add",
    "image",
];

impl Mentions {
    /// Searches the launchers and the Compose files among the files of a stack.
    pub fn new(files: &[FileId], sources: &Sources) -> Mentions {
        let mut mentions = Mentions::default();
        for id in files {
            let source = sources.get(*id);
            match source.kind {
                FileKind::Launcher => mentions.search(*id, &source.text, true),
                // What a container starts listens inside it; only the addresses that are spoken of count.
                FileKind::Compose => mentions.search(*id, &source.text, false),
                FileKind::Nginx | FileKind::Gunicorn | FileKind::Systemd => {}
            }
        }
        mentions
    }

    /// Where an address is spoken of.
    pub fn of(&self, address: &Endpoint) -> Option<Span> {
        match address {
            Endpoint::Tcp(_, port) => self.ports.get(port).copied(),
            Endpoint::Unix(path) => self.sockets.get(path.rsplit('/').next().unwrap_or(path)).copied(),
        }
    }

    /// Where a server is started, on whatever address.
    pub fn server(&self) -> Option<Span> {
        self.server
    }

    /// Where a Gunicorn is started, with whatever options.
    pub fn gunicorn(&self) -> Option<Span> {
        self.gunicorn
    }

    fn search(&mut self, file: FileId, text: &str, starts_servers: bool) {
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            if !line.trim_start().starts_with('#') {
                self.search_line(file, start, line, starts_servers);
            }
            start += line.len();
        }
    }

    fn search_line(&mut self, file: FileId, start: usize, line: &str, starts_servers: bool) {
        let words = || words(line, |c| c.is_ascii_alphanumeric() || "-_./".contains(c));
        for (at, number) in self::words(line, |c| c.is_ascii_digit()) {
            if let Ok(port) = number.parse() {
                self.ports.entry(port).or_insert(Span::new(file, start + at..start + at + number.len()));
            }
        }
        let about = words().any(|(_, word)| NO_START.contains(&word));
        for (at, word) in words() {
            let span = Span::new(file, start + at..start + at + word.len());
            let name = word.rsplit('/').next().unwrap_or(word);
            if name.contains("sock") {
                self.sockets.entry(name.into()).or_insert(span);
            }
            if starts_servers && !about && SERVERS.contains(&name) {
                self.server.get_or_insert(span);
            }
            if !about && matches!(name, "gunicorn" | "gunicorn3") {
                self.gunicorn.get_or_insert(span);
            }
        }
    }
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
        Mentions::new(&[id], &sources)
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
}
