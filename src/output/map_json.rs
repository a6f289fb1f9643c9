//! What was understood of the stacks as one JSON document, version 1.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};

use crate::check::Report;
use crate::model::{
    App, AppId, Datum, Deployment, Directive, Joined, Listen, Origin, Reading, Route, RouteId, Sent, Setting,
    Unit, UnitId, Uri,
};
use crate::source::{FileId, Sources};
use crate::value::{Endpoint, Possible};

#[derive(Serialize)]
struct Document {
    version: u32,
    stacks: Vec<Value>,
}

/// Writes the document.
///
/// # Errors
/// If the text cannot be written.
pub fn map_json(report: &Report, sources: &Sources, to: &mut dyn Write) -> io::Result<()> {
    let stacks = report.stacks.iter().map(|stack| Writer { stack, sources }.stack()).collect();
    serde_json::to_writer_pretty(&mut *to, &Document { version: 1, stacks })?;
    writeln!(to)
}

/// What is needed to write any part of a stack.
struct Writer<'a> {
    stack: &'a Deployment,
    sources: &'a Sources,
}

impl Writer<'_> {
    fn stack(&self) -> Value {
        let routes = self.stack.nginx.routes.iter().enumerate();
        let apps = self.stack.apps.iter().enumerate();
        let units = self.stack.units.iter().enumerate();
        json!({
            "root": self.stack.root,
            "files": self.stack.files.iter().map(|it| self.file(*it)).collect::<Vec<_>>(),
            "versions": self.versions(),
            "nginx": self.stack.nginx.readings.iter().map(|it| self.reading(it)).collect::<Vec<_>>(),
            "routes": routes.map(|(at, route)| self.route(RouteId(at as u32), route)).collect::<Vec<_>>(),
            "apps": apps.map(|(at, app)| self.app(at, app)).collect::<Vec<_>>(),
            "units": units.map(|(at, unit)| self.unit(at, unit)).collect::<Vec<_>>(),
            "unresolved": self.stack.unresolved.iter().map(|it| {
                let source = self.sources.get(it.span.file);
                let line = source.position(it.span.start).0;
                json!({"path": source.path, "line": line, "what": it.what, "why": it.why})
            }).collect::<Vec<_>>(),
        })
    }

    /// A file of the stack, and what it is read as.
    fn file(&self, file: FileId) -> Value {
        let source = self.sources.get(file);
        json!({"path": source.path, "language": source.kind.name()})
    }

    /// The versions that are meant, and where Gunicorn's is written if it is.
    fn versions(&self) -> Value {
        let target = &self.stack.target;
        let place = self.stack.pinned.map(|span| {
            let source = self.sources.get(span.file);
            json!({"path": source.path, "line": source.position(span.start).0})
        });
        json!({
            "nginx": target.nginx.to_string(),
            "gunicorn": {"version": target.gunicorn.to_string(), "from": place},
            "systemd": target.systemd.to_string(),
        })
    }

    /// What nginx reads as one, in its order: the first file includes the others.
    fn reading(&self, reading: &Reading) -> Value {
        let path = |file: &FileId| self.sources.get(*file).path.clone();
        json!({"block": reading.block, "files": reading.files.iter().map(path).collect::<Vec<_>>()})
    }

    fn route(&self, id: RouteId, route: &Route) -> Value {
        let nginx = &self.stack.nginx;
        let server = route.server.map(|at| &nginx.servers[at]);
        let peers = self.stack.hops_of(id).iter().map(|hop| {
            let (app, why) = match &hop.joined {
                Joined::App(app) => (Some(app_id(*app)), None),
                Joined::Nobody { .. } => (None, Some("nobody of this stack listens there".to_owned())),
                Joined::Unknown(why) => (None, Some(why.clone())),
            };
            let possible = &route.peers[hop.peer].address;
            let address = possible.candidates().map(addresses);
            let usually = match possible {
                Possible::Usually(usual) => {
                    json!({"address": addresses(&usual.values), "unless": usual.unless})
                }
                Possible::Known(_) | Possible::OneOf(_) | Possible::Unknown(_) => Value::Null,
            };
            json!({"address": address, "usually": usually, "app": app, "why": why})
        });
        let version = self.stack.target.nginx;
        let settings: BTreeMap<&str, Value> = route
            .gateway
            .directives()
            .chain(Directive::all().filter(|it| it.name.starts_with("client_")))
            .map(|it| (it.name, self.setting(&nginx.datum(route.level, it.name, version), datum)))
            .collect();
        json!({
            "id": format!("route-{}", id.0 + 1),
            "servers": server.map(|it| it.names.clone()).unwrap_or_default(),
            "listen": server.map(|it| it.listen.iter().map(listen).collect::<Vec<_>>()).unwrap_or_default(),
            "location": location(nginx.location(route.level)),
            "target": route.target,
            "peers": peers.collect::<Vec<_>>(),
            "uri": uri(&route.uri),
            "upstream": self.upstream(route),
            "sends": self.sends(route),
            "settings": settings,
        })
    }

    /// The upstream that a route leads to.
    fn upstream(&self, route: &Route) -> Value {
        let Some(id) = route.upstream else { return Value::Null };
        let upstream = &self.stack.nginx.upstreams[id.0 as usize];
        let kept = upstream.keepalive(self.stack.target.nginx);
        json!({"name": upstream.name, "keepalive": self.setting(&kept, |it| json!(it))})
    }

    /// The headers or parameters that are written for a route, with the values as written.
    fn sends(&self, route: &Route) -> Value {
        let Some(directive) = route.gateway.sends_by() else { return Value::Null };
        let sending = self.stack.nginx.sending(route.level, directive);
        let one = |sent: &&Sent| {
            let source = self.sources.get(sent.anchor.span.file);
            let line = source.position(sent.anchor.span.start).0;
            json!({"name": sent.name, "value": sent.value.known(), "path": source.path, "line": line})
        };
        json!({
            "directive": directive,
            "written": sending.sent.iter().map(one).collect::<Vec<_>>(),
            "others": sending.open,
        })
    }

    fn app(&self, at: usize, app: &App) -> Value {
        let settings: BTreeMap<&str, Value> =
            app.settings.iter().map(|(name, setting)| (*name, self.setting(setting, datum))).collect();
        let text = |it: &String| json!(it);
        json!({
            "id": app_id(AppId(at as u32)),
            "kind": app.kind.name(),
            "launched_by": app.unit.map(unit_id),
            "working_directory": self.setting(&app.working_directory, text),
            "behind": app.behind,
            "target": self.setting(&app.target, text),
            "listeners": self.setting(&app.listeners, |it| json!(it.iter().map(Endpoint::to_string).collect::<Vec<_>>())),
            "worker_class": self.setting(&app.worker_class, |it| json!(it.to_string())),
            "settings": settings,
        })
    }

    fn unit(&self, at: usize, unit: &Unit) -> Value {
        let settings: BTreeMap<&str, Value> =
            unit.settings.iter().map(|(name, setting)| (*name, self.setting(setting, datum))).collect();
        json!({
            "id": unit_id(UnitId(at as u32)),
            "name": unit.name,
            "path": self.sources.get(unit.place.file).path,
            "settings": settings,
        })
    }

    fn setting<T>(&self, setting: &Setting<T>, value: impl Fn(&T) -> Value) -> Value {
        let (state, value, why) = match &setting.value {
            Possible::Known(it) => ("known", value(it), None),
            Possible::OneOf(them) => ("one-of", Value::Array(them.iter().map(value).collect()), None),
            Possible::Usually(usual) => {
                ("usually", Value::Array(usual.values.iter().map(value).collect()), Some(&usual.unless))
            }
            Possible::Unknown(why) => ("unknown", Value::Null, Some(why)),
        };
        json!({"state": state, "value": value, "why": why, "origin": self.origin(&setting.origin)})
    }

    fn origin(&self, origin: &Origin) -> Value {
        let place = origin.place.map(|span| {
            let source = self.sources.get(span.file);
            (&source.path, source.position(span.start).0)
        });
        json!({"kind": origin.kind.name(), "path": place.map(|it| it.0), "line": place.map(|it| it.1)})
    }
}

fn uri(uri: &Uri) -> Value {
    match uri {
        Uri::Kept => json!({"state": "kept"}),
        Uri::Replaced(text, _) => json!({"state": "replaced", "by": text}),
        Uri::Computed => json!({"state": "computed"}),
        Uri::Unknown(why) => json!({"state": "unknown", "why": why}),
    }
}

fn app_id(id: AppId) -> String {
    format!("app-{}", id.0 + 1)
}

fn unit_id(id: UnitId) -> String {
    format!("unit-{}", id.0 + 1)
}

/// What a location matches: `/data`, `~ ^/api`, `@app`.
fn location(title: &str) -> &str {
    title.strip_prefix("location ").unwrap_or(title)
}

/// The addresses that a peer may have.
fn addresses(candidates: &[Endpoint]) -> String {
    candidates.iter().map(Endpoint::to_string).collect::<Vec<_>>().join(" or ")
}

fn listen(listen: &Listen) -> Value {
    listen.address.known().map_or(Value::Null, |address| json!(address.to_string()))
}

/// A value in base units: seconds and bytes as numbers.
fn datum(datum: &Datum) -> Value {
    match datum {
        Datum::Unset => Value::Null,
        Datum::Bool(value) => json!(value),
        Datum::Int(value) => json!(value),
        Datum::PerMachine(it) => json!({"expression": it.text, "low": it.low, "high": it.high}),
        Datum::Duration(value) if value.milliseconds.is_multiple_of(1000) => json!(value.milliseconds / 1000),
        Datum::Duration(value) => json!(value.as_seconds()),
        Datum::Size(value) => json!(value.bytes),
        Datum::Buffers(value) => json!({"number": value.number, "size": value.size.bytes}),
        Datum::Text(value) => json!(value),
        Datum::List(values) => json!(values),
        Datum::Table(table) => json!(table.text),
    }
}
