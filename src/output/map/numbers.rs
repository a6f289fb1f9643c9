//! The values that meet at a hop: nginx's end, the app's, and that of the unit that runs it.

use std::sync::Arc;

use super::words::{Entry, Words, entry};
use crate::model::{
    App, AppKind, Datum, Gateway, LevelId, LevelKind, Main, Origin, Route, Setting, Unit, WorkerClass,
};
use crate::value::Possible;

/// What meets under one heading; an end may have nothing to say of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) what: &'static str,
    pub(super) nginx: Vec<Entry>,
    pub(super) app: Vec<Entry>,
    pub(super) unit: Vec<Entry>,
}

/// Directives that stand in rows, without what their names begin with.
const IN_ROWS: [&str; 7] = [
    "connect_timeout",
    "send_timeout",
    "read_timeout",
    "timeout",
    "http_version",
    "buffering",
    "request_buffering",
];

/// What meets where a route hands requests on to an app; of a route alone where it is not known who answers, and of an app
/// alone where no route reaches it.
pub(super) fn rows(words: Words<'_>, route: Option<&Route>, app: Option<&App>) -> Vec<Row> {
    let gunicorn = app.filter(|app| app.kind == AppKind::Gunicorn);
    let unit = gunicorn.and_then(|app| app.unit).map(|unit| words.stack.unit(unit));
    let ends = Ends { words, route, app: gunicorn, unit };
    let rows = [
        ends.row("speaks", ends.protocol(), ends.scheme(), Vec::new()),
        ends.row("connect", ends.of_gateway(connect_timeout), ends.settings(&["backlog"]), Vec::new()),
        ends.row("send", ends.of_gateway(Gateway::send_timeout), Vec::new(), Vec::new()),
        ends.row("answer", ends.of_gateway(read_timeout), ends.timeout(), Vec::new()),
        ends.row("request", ends.of_server("large_client_header_buffers"), ends.limits(), Vec::new()),
        ends.row("body", ends.of_server("client_max_body_size"), ends.body_limit(), Vec::new()),
        ends.row("kept", ends.kept(), ends.keepalive(), Vec::new()),
        ends.row("buffers", ends.buffering(), ends.class(), Vec::new()),
        ends.row("load", ends.connections(), ends.capacity(), ends.files()),
        ends.row("stop", Vec::new(), ends.settings(&["graceful_timeout"]), ends.stopping()),
    ];
    rows.into_iter().flatten().collect()
}

impl Row {
    /// What nginx, the app and the unit have to say.
    pub(super) fn ends(&self) -> [&[Entry]; 3] {
        [&self.nginx, &self.app, &self.unit]
    }

    /// Whether it says no more than that nobody wrote anything, or that it is not known, and is not what one looks for first.
    pub(super) fn is_plain(&self) -> bool {
        let mut entries = self.ends().into_iter().flatten();
        self.what != "answer" && entries.all(|entry| entry.is_default || entry.why.is_some())
    }
}

/// As the gateway's own, with the one of `stream`, which is another directive of the same name.
fn connect_timeout(gateway: Gateway) -> Option<&'static str> {
    gateway.connect_timeout().or((gateway == Gateway::Stream).then_some("proxy_connect_timeout"))
}

/// As the gateway's own, with what comes next to it in `stream`.
fn read_timeout(gateway: Gateway) -> Option<&'static str> {
    gateway.read_timeout().or((gateway == Gateway::Stream).then_some("proxy_timeout"))
}

struct Ends<'a> {
    words: Words<'a>,
    route: Option<&'a Route>,
    app: Option<&'a App>,
    unit: Option<&'a Unit>,
}

impl Ends<'_> {
    /// A row, if an end has something to say that it is worth to say alone.
    fn row(&self, what: &'static str, nginx: Vec<Entry>, app: Vec<Entry>, unit: Vec<Entry>) -> Option<Row> {
        let is_empty = nginx.is_empty() && app.is_empty() && unit.is_empty();
        (!is_empty).then_some(Row { what, nginx, app, unit })
    }

    fn is_http(&self) -> bool {
        self.route.is_some_and(|route| matches!(route.gateway, Gateway::Http | Gateway::Https))
    }

    /// A directive by what the gateway calls it.
    fn of_gateway(&self, name: impl Fn(Gateway) -> Option<&'static str>) -> Vec<Entry> {
        let entry = |route: &Route| Some(self.words.directive(route.level, name(route.gateway)?));
        self.route.and_then(entry).into_iter().collect()
    }

    /// A directive that goes by the server for all that it handles, as far as it is not about the body.
    fn of_server(&self, name: &str) -> Vec<Entry> {
        let Some(route) = self.route.filter(|route| route.gateway != Gateway::Stream) else {
            return Vec::new();
        };
        let server = route.server.map(|at| self.words.stack.nginx.servers[at].level);
        let level = server.filter(|_| name == "large_client_header_buffers").unwrap_or(route.level);
        vec![self.words.directive(level, name)]
    }

    /// What nginx speaks. The pass that says so is in the heading.
    fn protocol(&self) -> Vec<Entry> {
        let Some(route) = self.route else { return Vec::new() };
        let scheme = match route.gateway {
            Gateway::Http => "http",
            Gateway::Https => "https",
            Gateway::Uwsgi => "uwsgi",
            Gateway::Fastcgi => "FastCGI",
            Gateway::Scgi => "SCGI",
            Gateway::Grpc => "gRPC",
            Gateway::Stream => "what the client speaks",
        };
        if !self.is_http() {
            return vec![entry("", &Possible::Known(Datum::Text(scheme.into())), String::new(), true)];
        }
        let mut version = self.words.directive(route.level, "proxy_http_version");
        version.text = format!("{scheme}, {}", version.text);
        version.is_default &= route.gateway == Gateway::Http;
        vec![version]
    }

    /// Whether the app speaks TLS, and which protocol where that is written or nginx speaks another one than HTTP.
    fn scheme(&self) -> Vec<Entry> {
        let Some(app) = self.app.filter(|_| self.route.is_some()) else { return Vec::new() };
        let is_written = app.settings.get("protocol").is_some_and(|it| it.origin.is_written());
        let mut entries = self.settings(&["certfile"]);
        if let (Some(first), Some(certificate)) = (entries.first_mut(), app.settings.get("certfile")) {
            match certificate.read::<Option<String>>().value.known() {
                Some(None) => first.text = format!("http, {}", first.text),
                Some(Some(_)) => first.text = format!("https, {}", first.text),
                None => {}
            }
        }
        if is_written || !self.is_http() {
            entries.extend(self.settings(&["protocol"]));
        }
        entries
    }

    /// Settings of the app by Gunicorn's names.
    fn settings(&self, names: &[&str]) -> Vec<Entry> {
        let Some(app) = self.app else { return Vec::new() };
        let found = names.iter().filter_map(|name| Some((*name, app.settings.get(*name)?)));
        found.map(|(name, setting)| self.words.entry(name, setting, "Gunicorn")).collect()
    }

    /// The time after which a worker is killed, which bounds a request in sync workers alone.
    fn timeout(&self) -> Vec<Entry> {
        use WorkerClass::{Asgi, Eventlet, Gevent, Gthread, Uvicorn};
        let others = [Asgi, Eventlet, Gevent, Gthread, Uvicorn];
        let bounds_none = |app: &App| app.worker_class.value.must(|class| others.contains(class));
        self.but(self.settings(&["timeout"]), bounds_none, "not of a request")
    }

    /// How long the app keeps an idle connection, which sync workers never do.
    fn keepalive(&self) -> Vec<Entry> {
        let keeps_none = |app: &App| app.worker_class.value.must(|class| *class == WorkerClass::Sync);
        self.but(self.settings(&["keepalive"]), keeps_none, "not of sync workers")
    }

    /// Entries with a word about what they mean for some apps.
    fn but(&self, mut entries: Vec<Entry>, holds: impl Fn(&App) -> bool, word: &str) -> Vec<Entry> {
        if self.app.is_some_and(holds) {
            let known = entries.iter_mut().filter(|entry| entry.why.is_none());
            known.for_each(|entry| entry.text = format!("{} but {word}", entry.text));
        }
        entries
    }

    /// How long lines and fields the app takes.
    fn limits(&self) -> Vec<Entry> {
        match self.is_http() {
            true => {
                self.settings(&["limit_request_line", "limit_request_field_size", "limit_request_fields"])
            }
            false => Vec::new(),
        }
    }

    fn body_limit(&self) -> Vec<Entry> {
        let limit = self.app.and_then(|app| app.body_limit.as_ref()).filter(|_| self.route.is_some());
        let entry =
            |value: &Possible<Datum>, file: &str| entry("MAX_CONTENT_LENGTH", value, file.into(), true);
        limit.map(|it| entry(&Possible::Known(Datum::Size(it.size)), &it.file)).into_iter().collect()
    }

    /// The connections that nginx keeps to the servers of an upstream.
    fn kept(&self) -> Vec<Entry> {
        let Some((route, id)) = self.route.and_then(|route| Some((route, route.upstream?))) else {
            return Vec::new();
        };
        let nginx = &self.words.stack.nginx;
        let (upstream, version) = (&nginx.upstreams[id.0 as usize], self.words.stack.target.nginx);
        // The other protocols have connections of one request, but where somebody says otherwise.
        if !self.is_http() && upstream.directive("keepalive").is_none() {
            return Vec::new();
        }
        let kept = upstream.keepalive(version);
        let none = kept.value.must(|number| *number == 0);
        let kept = Setting { value: kept.value.map(Datum::Int), origin: kept.origin };
        let mut entries = vec![self.words.entry("keepalive", &kept, "nginx")];
        if !none {
            let idle = upstream.keepalive_timeout(version);
            let idle = Setting { value: idle.value.map(Datum::Duration), origin: idle.origin };
            entries.push(self.words.entry("keepalive_timeout", &idle, "nginx"));
        }
        if let Some(directive) = route.gateway.sends_by().filter(|_| self.is_http()) {
            for sent in nginx.sending(route.level, directive).named("Connection") {
                let value = sent.value.clone().map(Datum::Text);
                entries.push(entry("Connection:", &value, self.words.place(sent.anchor.span), true));
            }
        }
        entries
    }

    /// Whether nginx waits for slow clients itself, where somebody wrote that it does not.
    fn buffering(&self) -> Vec<Entry> {
        let Some(route) = self.route.filter(|route| route.gateway != Gateway::Stream) else {
            return Vec::new();
        };
        let prefix = route.gateway.prefix();
        let names = ["buffering", "request_buffering"].map(|name| format!("{prefix}{name}"));
        let known = names.iter().filter(|name| crate::model::directive(name).is_some());
        let entries: Vec<(bool, Entry)> = known
            .map(|name| {
                let setting = self.words.stack.nginx.datum(route.level, name, self.words.stack.target.nginx);
                (setting.origin.anchor.is_some(), self.words.directive(route.level, name))
            })
            .collect();
        match entries.iter().any(|(is_written, _)| *is_written) {
            true => entries.into_iter().map(|(_, entry)| entry).collect(),
            false => Vec::new(),
        }
    }

    fn class(&self) -> Vec<Entry> {
        let Some(app) = self.app.filter(|_| !self.buffering().is_empty()) else { return Vec::new() };
        let value = app.worker_class.value.clone().map(|it| Datum::Text(it.to_string()));
        let setting = Setting { value, origin: app.worker_class.origin.clone() };
        vec![self.words.entry("worker_class", &setting, "Gunicorn")]
    }

    /// How many connections nginx may have at once, where its `events` block is there.
    fn connections(&self) -> Vec<Entry> {
        let Some(main) = self.route.and_then(|route| self.main(route.level)) else { return Vec::new() };
        let mut entries = Vec::new();
        if let Some(events) = main.events {
            entries.push(self.words.directive(events, "worker_connections"));
        }
        let limit = self.words.directive(main.level, "worker_rlimit_nofile");
        if !limit.is_default {
            entries.push(limit);
        }
        entries
    }

    /// The configuration as a whole that a level of `http` belongs to, if it is part of one.
    fn main(&self, level: LevelId) -> Option<&Main> {
        let nginx = &self.words.stack.nginx;
        let mut top = nginx.level(level);
        let mut id = level;
        while let Some(parent) = top.parent {
            (id, top) = (parent, nginx.level(parent));
        }
        self.words.mains.get(&id).filter(|_| top.kind == LevelKind::Http)
    }

    /// How many requests the app works on at once.
    fn capacity(&self) -> Vec<Entry> {
        let Some(app) = self.app else { return Vec::new() };
        let may_be = |wanted: &[WorkerClass]| {
            let class = &app.worker_class.value;
            class.may(|class| wanted.contains(class))
        };
        let mut names = vec!["workers"];
        if may_be(&[WorkerClass::Gthread]) {
            names.push("threads");
        }
        if may_be(&[WorkerClass::Gthread, WorkerClass::Gevent, WorkerClass::Eventlet, WorkerClass::Asgi]) {
            names.push("worker_connections");
        }
        self.settings(&names)
    }

    /// How many files the service may open. What the manager gives by default may be said elsewhere.
    fn files(&self) -> Vec<Entry> {
        const NAME: &str = "LimitNOFILE";
        let elsewhere = self.words.stack.machine.file_limit;
        match (self.unit, elsewhere) {
            (Some(unit), Some(place)) if !unit.is_written(NAME) => {
                let value = Possible::Unknown("the default is set on this machine".into());
                vec![entry(NAME, &value, self.words.place(place), true)]
            }
            _ => self.of_unit(&[NAME]),
        }
    }

    /// Settings of the unit by systemd's names.
    fn of_unit(&self, names: &[&str]) -> Vec<Entry> {
        let Some(unit) = self.unit.filter(|unit| unit.kind() == "service") else { return Vec::new() };
        let setting = |name: &&str| match (unit.settings.get(*name), &unit.open) {
            (Some(setting), _) => Some(Arc::clone(setting)),
            (None, Some(why)) => Some(Arc::new(Setting::unknown(why.clone(), Origin::DEFAULT))),
            (None, None) => None,
        };
        let found = names.iter().filter_map(|name| Some((*name, setting(name)?)));
        found.map(|(name, setting)| self.words.entry(name, &setting, "systemd")).collect()
    }

    /// How the service is stopped: the time, and what somebody wrote of the rest.
    fn stopping(&self) -> Vec<Entry> {
        let written = |name: &&str| self.unit.is_some_and(|unit| unit.is_written(name));
        let names: Vec<&str> = ["KillMode", "KillSignal"].into_iter().filter(written).collect();
        [self.of_unit(&["TimeoutStopSec"]), self.of_unit(&names)].concat()
    }
}

/// The directives of a route that are written and stand in no row.
pub(super) fn others(words: Words<'_>, route: &Route) -> Vec<Entry> {
    let (nginx, version) = (&words.stack.nginx, words.stack.target.nginx);
    let prefix = route.gateway.prefix();
    let is_other = |name: &str| !name.strip_prefix(prefix).is_some_and(|it| IN_ROWS.contains(&it));
    let names = route.gateway.directives().map(|it| it.name).filter(|name| is_other(name));
    let written = names.filter(|name| nginx.datum(route.level, name, version).origin.anchor.is_some());
    written.map(|name| words.directive(route.level, name)).collect()
}
