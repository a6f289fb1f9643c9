//! What was understood of the stacks, for a person.

use std::io::{self, Write};

use super::harmless;
use crate::check::Report;
use crate::model::{
    App, AppId, AppKind, Datum, Deployment, Joined, Origin, Reading, Route, RouteId, Setting, Uri,
};
use crate::source::{FileId, Sources, Span};
use crate::value::Possible;

/// Writes every stack: each route with where it goes and who answers, the numbers that meet there with their origins,
/// the apps that no route goes to, and all that stayed unresolved.
///
/// # Errors
/// If the text cannot be written.
pub fn map(report: &Report, sources: &Sources, to: &mut dyn Write) -> io::Result<()> {
    for (at, stack) in report.stacks.iter().enumerate() {
        let mut text = Vec::new();
        if at > 0 {
            writeln!(text)?;
        }
        let root = if stack.root.is_empty() { "." } else { stack.root.trim_end_matches('/') };
        writeln!(text, "stack {root}")?;
        let writer = Writer { stack, sources };
        if let Some(place) = stack.pinned {
            writeln!(text, "\n  for Gunicorn {} ({})", stack.target.gunicorn, writer.place(place))?;
        }
        writer.write(&mut text)?;
        to.write_all(harmless(&String::from_utf8_lossy(&text)).as_bytes())?;
    }
    Ok(())
}

struct Writer<'a> {
    stack: &'a Deployment,
    sources: &'a Sources,
}

impl Writer<'_> {
    fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        for reading in &self.stack.nginx.readings {
            self.reading(reading, to)?;
        }
        for (at, route) in self.stack.nginx.routes.iter().enumerate() {
            self.route(RouteId(at as u32), route, to)?;
        }
        for (at, app) in self.stack.apps.iter().enumerate() {
            self.app(AppId(at as u32), app, to)?;
        }
        for unit in &self.stack.units {
            writeln!(to, "\n  unit {} ({})", unit.name, self.place(unit.place))?;
        }
        if !self.stack.unresolved.is_empty() {
            writeln!(to, "\n  unresolved")?;
        }
        for it in &self.stack.unresolved {
            writeln!(to, "    {}: {}: {}", self.place(it.span), it.what, it.why)?;
        }
        Ok(())
    }

    fn reading(&self, reading: &Reading, to: &mut dyn Write) -> io::Result<()> {
        let path = |file: &FileId| self.sources.get(*file).path.as_str();
        let [first, rest @ ..] = reading.files.as_slice() else { return Ok(()) };
        match reading.block {
            "main" => writeln!(to, "\n  nginx {}", path(first))?,
            block => writeln!(to, "\n  nginx {}, read as part of {block}", path(first))?,
        }
        for file in rest {
            writeln!(to, "    includes {}", path(file))?;
        }
        Ok(())
    }

    fn route(&self, id: RouteId, route: &Route, to: &mut dyn Write) -> io::Result<()> {
        let nginx = &self.stack.nginx;
        let names = route.server.map(|at| nginx.servers[at].names.join(" ")).unwrap_or_default();
        let names = if names.is_empty() { String::new() } else { format!("{names} ") };
        let location = nginx.location(route.level);
        writeln!(to, "\n  route {names}{location} -> {} ({})", route.target, self.place(route.anchor.span))?;
        for hop in self.stack.hops_of(id) {
            let address = match &route.peers[hop.peer].address {
                Possible::Known(address) => address.to_string(),
                Possible::OneOf(several) => {
                    several.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
                }
                Possible::Usually { .. } | Possible::Unknown(_) => "an address that is not known".into(),
            };
            let who = match &hop.joined {
                Joined::App(app) => self.app_title(*app),
                Joined::Nobody { meant: Some(app) } => format!("nobody; meant is {}", self.app_title(*app)),
                Joined::Nobody { meant: None } => "nobody".into(),
                Joined::Unknown(why) => format!("not known: {why}"),
            };
            writeln!(to, "    {address} answered by {who}")?;
        }
        if let Some(why) = &route.open {
            writeln!(to, "    and perhaps more: {why}")?;
        }
        if let Some(id) = route.upstream {
            let upstream = &nginx.upstreams[id.0 as usize];
            let kept = upstream.keepalive(self.stack.target.nginx);
            let kept = Setting { value: kept.value.map(Datum::Int), origin: kept.origin };
            self.setting(&format!("keepalive of upstream {}", upstream.name), &kept, "nginx", to)?;
        }
        if let Uri::Replaced(uri, _) = &route.uri {
            writeln!(to, "    what the location matched becomes {uri}")?;
        }
        if let Some(directive) = route.gateway.sends_by() {
            let sending = nginx.sending(route.level, directive);
            for sent in &sending.sent {
                let value = match &sent.value {
                    Possible::Known(value) => value.clone(),
                    Possible::OneOf(_) | Possible::Usually { .. } => "one of several".into(),
                    Possible::Unknown(why) => format!("not known: {why}"),
                };
                let place = self.place(sent.anchor.span);
                writeln!(to, "    {directive} {}: {value} ({place})", sent.name)?;
            }
            if let Some(why) = sending.open {
                writeln!(to, "    {directive}, perhaps others: {why}")?;
            }
        }
        for directive in route.gateway.directives() {
            let setting = nginx.datum(route.level, directive.name, self.stack.target.nginx);
            self.setting(directive.name, &setting, "nginx", to)?;
        }
        Ok(())
    }

    fn app(&self, id: AppId, app: &App, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "\n  {}", self.app_title(id))?;
        if let Some(unit) = app.unit {
            writeln!(to, "    started by {}", self.stack.unit(unit).name)?;
        }
        let text = |setting: &Setting<String>| Setting {
            value: setting.value.clone().map(Datum::Text),
            origin: setting.origin.clone(),
        };
        let listeners = Setting {
            value: app
                .listeners
                .value
                .clone()
                .map(|it| Datum::List(it.iter().map(ToString::to_string).collect())),
            origin: app.listeners.origin.clone(),
        };
        let class = Setting {
            value: app.worker_class.value.clone().map(|it| Datum::Text(it.to_string())),
            origin: app.worker_class.origin.clone(),
        };
        if app.kind != AppKind::Gunicorn {
            return writeln!(to, "    listens on: {}", value(&listeners));
        }
        self.setting("listens on", &listeners, "Gunicorn", to)?;
        self.setting("serves", &text(&app.target), "Gunicorn", to)?;
        self.setting("started in", &text(&app.working_directory), "systemd", to)?;
        if let Some(why) = &app.behind {
            writeln!(to, "    behind another process: {why}")?;
        }
        self.setting("worker class in force", &class, "Gunicorn", to)?;
        // Of the many settings, those that somebody wrote and those that meet nginx's.
        const MEETING: [&str; 4] = ["timeout", "graceful_timeout", "keepalive", "workers"];
        for (name, setting) in &app.settings {
            if setting.origin.is_written() || MEETING.contains(name) {
                self.setting(name, setting, "Gunicorn", to)?;
            }
        }
        Ok(())
    }

    fn app_title(&self, id: AppId) -> String {
        let app = self.stack.app(id);
        let kind = match app.kind {
            AppKind::Gunicorn => "Gunicorn",
            AppKind::Container => "container",
            AppKind::Other => "another program",
        };
        format!("app {} {kind} ({})", id.0 + 1, self.place(app.place))
    }

    fn setting(
        &self,
        name: &str,
        setting: &Setting<Datum>,
        program: &str,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        let value = value(setting);
        writeln!(to, "    {name}: {value} ({})", self.origin(&setting.origin, program))
    }

    fn origin(&self, origin: &Origin, program: &str) -> String {
        match origin.place {
            Some(place) => format!("{}, {}", origin.kind.name(), self.place(place)),
            None => format!("{program}'s default"),
        }
    }

    fn place(&self, span: Span) -> String {
        let source = self.sources.get(span.file);
        format!("{}:{}", source.path, source.position(span.start).0)
    }
}

fn value(setting: &Setting<Datum>) -> String {
    match &setting.value {
        Possible::Known(value) => value.to_string(),
        Possible::OneOf(values) => either(values),
        Possible::Usually { values, unless } => format!("{}, unless {unless}", either(values)),
        Possible::Unknown(why) => format!("not known: {why}"),
    }
}

fn either(values: &[Datum]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}
