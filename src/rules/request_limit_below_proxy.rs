//! nginx was told to let long request lines and header fields through, and the app was not told to take them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Said, Severity};
use crate::model::{
    App, AppId, AppKind, Buffers, Datum, Deployment, Gateway, Nginx, Readers, Route, Setting, Version,
    WorkerClass,
};
use crate::source::Span;
use crate::value::{Endpoint, Size};

pub(super) const RULE: Rule = Rule {
    name: "request-limit-below-proxy",
    category: Category::Buffer,
    severity: Severity::Warning,
    summary: "nginx lets longer request lines and header fields through than the app takes",
    outcome: "414, 431 or 400",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/request-limit-below-proxy.md"),
    check,
};

const DIRECTIVE: &str = "large_client_header_buffers";

/// nginx's default. That Gunicorn takes no more than that, and shorter lines, is the normal state of both.
const DEFAULT: Size = Size::kibibytes(8);

/// What Gunicorn takes for the most that a line may have, whatever more it is told: `MAX_REQUEST_LINE` of
/// `gunicorn/http/message.py`. It is the default of fields too.
const MOST: i64 = 8190;

/// Gunicorn's default of `limit_request_line`.
const DEFAULT_LINE: i64 = 4094;

/// How many places of apps are shown.
const MOST_LABELS: usize = 4;

/// Apps that take less than nginx lets through, and a route to the first of them.
struct Behind<'a> {
    buffers: Setting<Buffers>,
    route: &'a Route,
    apps: Vec<(AppId, &'a App, Limits)>,
}

/// What one app takes, in bytes; `None` is any length.
struct Limits {
    line: (Option<i64>, Setting<i64>),
    field: (Option<i64>, Setting<i64>),
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let mut least: Option<BTreeMap<&Endpoint, Option<u64>>> = None;
    let mut found: BTreeMap<(Span, AppId), (&Route, Setting<Buffers>)> = BTreeMap::new();
    for hop in &deployment.hops {
        let Some(id) = hop.app() else { continue };
        let route = deployment.route(hop.route);
        let Some(server) = route.server else { continue };
        if !matches!(route.gateway, Gateway::Http | Gateway::Https) {
            continue;
        }
        let server = &deployment.nginx.servers[server];
        let buffers: Setting<Buffers> =
            deployment.nginx.setting(server.level, DIRECTIVE, deployment.target.nginx);
        let (Some(place), Some(size)) = (buffers.origin.place, buffers.value.known().map(|it| it.size))
        else {
            continue;
        };
        if size <= DEFAULT {
            continue;
        }
        let least = least.get_or_insert_with(|| least_sizes(&deployment.nginx, deployment.target.nginx));
        let is_enough = |address: &Endpoint| {
            let size_there = least.get(address).copied().flatten();
            size_there.is_some_and(|there| there >= size.bytes)
        };
        let mut listens = server.listen.iter();
        if listens.all(|it| it.address.known().is_some_and(is_enough)) {
            found.entry((place, id)).or_insert((route, buffers));
        }
    }
    // Apps that take as much as each other behind one directive are one mistake.
    let mut together: BTreeMap<(Span, Option<i64>, Option<i64>), Behind> = BTreeMap::new();
    for ((place, id), (route, buffers)) in found {
        let app = deployment.app(id);
        let Some(size) = buffers.value.known().map(|it| it.size) else { continue };
        let Some(limits) = limits(app, deployment.target.gunicorn).filter(|it| it.are_below(size)) else {
            continue;
        };
        let key = (place, limits.line.0, limits.field.0);
        let behind = together.entry(key).or_insert(Behind { buffers, route, apps: Vec::new() });
        behind.apps.push((id, app, limits));
    }
    if together.is_empty() {
        return;
    }
    let (leads, readers) = (leads(deployment), Readers::new(deployment));
    let alike: BTreeSet<AppId> =
        together.values().flat_map(|behind| behind.apps.iter().map(|(id, ..)| *id)).collect();
    // The directives behind which an app has limits that somebody wrote: what mends one app behind it mends all.
    let has_said = |behind: &Behind| behind.apps.iter().any(|(.., it)| it.are_written());
    let said: BTreeSet<Span> =
        together.iter().filter(|(_, behind)| has_said(behind)).map(|((place, ..), _)| *place).collect();
    for ((place, ..), behind) in together {
        let Some(mut finding) = finding(context, &behind) else { continue };
        let at_proxy = at_proxy(&behind.buffers, leads.get(&place), &alike);
        let at_app = at_app(context, &behind, &alike, &readers);
        finding.mend(at_proxy, at_app, Said { proxy: true, app: said.contains(&place) });
        findings.push(finding);
    }
}

/// Which apps the servers hand requests on to that each written size goes for; `None` is somebody else, or nginx itself where
/// a server hands none on.
fn leads(deployment: &Deployment) -> BTreeMap<Span, BTreeSet<Option<AppId>>> {
    let nginx = &deployment.nginx;
    let mut of_servers: BTreeMap<usize, BTreeSet<Option<AppId>>> = BTreeMap::new();
    for hop in &deployment.hops {
        if let Some(server) = deployment.route(hop.route).server {
            of_servers.entry(server).or_default().insert(hop.app());
        }
    }
    let mut leads: BTreeMap<Span, BTreeSet<Option<AppId>>> = BTreeMap::new();
    for (at, server) in nginx.servers.iter().enumerate() {
        let origin = nginx.datum(server.level, DIRECTIVE, deployment.target.nginx).origin;
        if let Some(place) = origin.place {
            let nobody = || BTreeSet::from([None]);
            leads.entry(place).or_default().extend(of_servers.remove(&at).unwrap_or_else(nobody));
        }
    }
    leads
}

/// The least size that goes for any server of an address; `None` where one is not known. The line of a request is read before
/// it is known for which server of the address it is: what goes is that of the default server.
fn least_sizes(nginx: &Nginx, version: Version) -> BTreeMap<&Endpoint, Option<u64>> {
    let mut least: BTreeMap<&Endpoint, Option<u64>> = BTreeMap::new();
    for server in &nginx.servers {
        let buffers: Setting<Buffers> = nginx.setting(server.level, DIRECTIVE, version);
        let size = buffers.value.known().map(|it| it.size.bytes);
        for address in server.listen.iter().filter_map(|it| it.address.known()) {
            let entry = least.entry(address).or_insert(size);
            *entry = entry.zip(size).map(|(a, b)| a.min(b));
        }
    }
    least
}

/// What an app takes, if it is certain and Gunicorn's own parser reads its requests: `tornado`, ASGI workers and gevent's
/// `pywsgi` have their own.
///
/// Source: `Message.__init__` and `Request.__init__` in `gunicorn/http/message.py` of 20.1.0, 23.0.0 and 27.0.1.
fn limits(app: &App, gunicorn: Version) -> Option<Limits> {
    let is_read_here = |class: &WorkerClass| {
        matches!(
            class,
            WorkerClass::Sync | WorkerClass::Gthread | WorkerClass::Gevent | WorkerClass::Eventlet
        )
    };
    let class: Setting<String> = app.setting("worker_class");
    let is_other = class.value.may(|class| class.contains("pywsgi"));
    if app.kind != AppKind::Gunicorn || is_other || !app.worker_class.value.must(is_read_here) {
        return None;
    }
    let line: Setting<i64> = app.setting("limit_request_line");
    let field: Setting<i64> = app.setting("limit_request_field_size");
    let taken_line = match *line.value.known()? {
        0 => None,
        1..MOST => line.value.known().copied(),
        _ => Some(MOST),
    };
    let taken_field = match *field.value.known()? {
        // From some release after 23 on, 0 is the default.
        0 if gunicorn < Version(24, 0, 0) => None,
        0 if gunicorn < Version(27, 0, 0) => return None,
        size if size <= 0 => Some(MOST),
        size => Some(size),
    };
    Some(Limits { line: (taken_line, line), field: (taken_field, field) })
}

impl Limits {
    /// Whether somebody wrote one of them.
    fn are_written(&self) -> bool {
        [&self.line.1, &self.field.1].iter().any(|it| it.origin.is_written())
    }

    /// Whether nobody made room for what nginx lets through. Who raised one of the two has thought of the app, and of what is
    /// long in its requests.
    fn are_below(&self, size: Size) -> bool {
        let is_below = |limit: Option<i64>| limit.is_some_and(|limit| (limit as u64) < size.bytes);
        // What Gunicorn does not take as it is written is no room.
        let is_taken = self.line.1.value.known().is_some_and(|written| *written <= MOST);
        is_below(self.line.0)
            && is_below(self.field.0)
            && !(is_taken && self.line.0.is_some_and(|limit| limit > DEFAULT_LINE))
            && self.field.0.is_none_or(|limit| limit <= MOST)
    }
}

fn finding(context: &Context, behind: &Behind) -> Option<Finding> {
    let Behind { buffers, route, apps } = behind;
    let size = buffers.value.known()?.size;
    let (.., limits) = apps.first()?;
    let (line, field) = (limits.line.0?, limits.field.0?);
    let gunicorn = context.deployment.target.gunicorn;
    let long_line = match gunicorn >= Version(27, 0, 0) {
        true => "414 from Gunicorn (before Gunicorn 27 a 400)",
        false => "400 from Gunicorn (from Gunicorn 27 on a 414)",
    };
    let long_field = match gunicorn >= Version(21, 0, 0) {
        true => "431 (before Gunicorn 21 a 400)",
        false => "400 (from Gunicorn 21 on a 431)",
    };
    let labels: Vec<Label> =
        apps.iter().flat_map(|(_, app, limits)| labels(app, limits, line, field)).collect();
    // Where the apps' limits are: one place may go for several of them.
    let places: BTreeSet<Span> = labels.iter().map(|it| it.span).collect();
    let who = match apps.len() {
        1 => "this app takes".to_owned(),
        _ if places.len() == 1 => "these apps take".into(),
        number => format!("{number} apps behind it take"),
    };
    let message = format!(
        "nginx lets request lines and header fields of up to {size} through, but {who} lines of {line} bytes and fields of \
         {field}: a longer line gets a {long_line}, a longer field a {long_field}"
    );
    let text = format!("up to {size} each, {}", buffers.origin.describe("nginx"));
    let primary = Label { span: buffers.origin.place?, text };
    let mut related: Vec<Label> = Vec::new();
    for label in labels {
        if !related.iter().any(|it| it.span == label.span) {
            related.push(label);
        }
    }
    let more = related.len().saturating_sub(MOST_LABELS);
    related.truncate(MOST_LABELS);
    related.push(Label { span: route.anchor.span, text: "requests are handed on here".into() });
    let mut finding = RULE.finding(message, primary, related);
    let others = match more {
        0 => String::new(),
        _ => "; the other apps need the same".to_owned(),
    };
    finding.help = Some(format!(
        "let Gunicorn take what nginx lets through: `limit_request_field_size = {}`, and `limit_request_line = 0`, which is no \
         limit beside nginx's, since Gunicorn takes anything above {MOST} for {MOST}; or leave `{DIRECTIVE}` out, so that nginx \
         itself says 414 or 400{others}",
        size.bytes
    ));
    Some(finding)
}

/// Where an app's limits are written, or where it is started.
fn labels(app: &App, limits: &Limits, line: i64, field: i64) -> Vec<Label> {
    let label = |name: &str, taken: i64, setting: &Setting<i64>| {
        let span = setting.origin.place?;
        let text = match setting.value.known() == Some(&taken) {
            true => format!("`{name}` is {taken}, {}", setting.origin.describe("Gunicorn")),
            false => format!("Gunicorn takes this `{name}` for {taken}"),
        };
        Some(Label { span, text })
    };
    let written = [
        label("limit_request_line", line, &limits.line.1),
        label("limit_request_field_size", field, &limits.field.1),
    ];
    let written: Vec<Label> = written.into_iter().flatten().collect();
    if !written.is_empty() {
        return written;
    }
    let text = format!("the app takes lines of {line} bytes and fields of {field}: Gunicorn's defaults");
    vec![Label { span: app.place, text }]
}

/// Lets nginx take no more than the apps do, which is its own default: where the size is written, if each server that it goes
/// for hands requests on, and to such apps alone.
fn at_proxy(
    buffers: &Setting<Buffers>,
    leads: Option<&BTreeSet<Option<AppId>>>,
    alike: &BTreeSet<AppId>,
) -> Option<Fix> {
    let number = buffers.value.known()?.number;
    let is_alike = |app: &Option<AppId>| app.is_some_and(|id| alike.contains(&id));
    let is_for_them = leads.is_some_and(|leads| leads.iter().all(is_alike));
    let edit = buffers.origin.anchor.filter(|_| is_for_them)?.set(&format!("{number} 8k"));
    Fix::new("let nginx refuse what the app refuses", Applicability::Unsafe, vec![edit])
}

/// Raises both limits of each app.
fn at_app(context: &Context, behind: &Behind, alike: &BTreeSet<AppId>, readers: &Readers) -> Option<Fix> {
    let size = Datum::Int(i64::try_from(behind.buffers.value.known()?.size.bytes).ok()?);
    let settings = [("limit_request_line", Datum::Int(0)), ("limit_request_field_size", size)];
    let mut edits = Vec::new();
    // Apps that read one file, or are instances of one unit, are mended by one edit.
    for (id, ..) in &behind.apps {
        edits.extend(readers.set(*id, &settings, alike, context.sources)?.0);
    }
    let title = if behind.apps.len() == 1 { "let the app take" } else { "let the apps take" };
    Fix::new(format!("{title} what nginx lets through"), Applicability::Unsafe, edits)
}
