//! nginx was told to let long request lines and header fields through, and the app was not told to take them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{
    Anchor, App, AppId, AppKind, Buffers, Dialect, Gateway, Nginx, OriginKind, Route, Setting, Version,
    WorkerClass, add_options,
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
    apps: Vec<(&'a App, Limits)>,
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
        behind.apps.push((app, limits));
    }
    findings.extend(together.into_values().filter_map(|behind| finding(context, &behind)));
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
    let (_, limits) = apps.first()?;
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
    let labels: Vec<Label> = apps.iter().flat_map(|(app, limits)| labels(app, limits, line, field)).collect();
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
    finding.fix = fix(context, apps, size);
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

/// Raises both limits of each app.
fn fix(context: &Context, apps: &[(&App, Limits)], size: Size) -> Option<Fix> {
    let edits = apps.iter().map(|(app, limits)| raised(context, app, limits, size));
    let mut edits: Vec<Edit> = edits.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect();
    // Apps that read one file, or are instances of one unit, are mended by one edit.
    edits.sort_by_key(|edit| edit.span);
    edits.dedup();
    let title = if apps.len() == 1 { "let the app take" } else { "let the apps take" };
    Fix::new(format!("{title} what nginx lets through"), Applicability::Unsafe, edits)
}

/// Raises both limits of an app: where they are written, else behind the last setting of its own file or the last option of
/// its command line.
fn raised(context: &Context, app: &App, limits: &Limits, size: Size) -> Option<Vec<Edit>> {
    let wanted = [
        ("limit_request_field_size", &limits.field.1, size.bytes.to_string()),
        ("limit_request_line", &limits.line.1, "0".to_owned()),
    ];
    let (mut edits, mut added): (Vec<Edit>, Vec<(&str, String)>) = (Vec::new(), Vec::new());
    for (name, setting, value) in wanted {
        if setting.origin.is_written() {
            edits.push(setting.origin.anchor?.set(&value));
        } else {
            added.push((name, value));
        }
    }
    if !added.is_empty() {
        let in_file = last_statement(context, app).and_then(|it| it.add_after(context.sources, &added));
        edits.push(in_file.or_else(|| on_command_line(context, app, &added))?);
    }
    Some(edits)
}

/// Options behind the last one of an app's command line, or behind the program where it has none. Only where there is no file
/// that they could stand in as well.
fn on_command_line(context: &Context, app: &App, settings: &[(&str, String)]) -> Option<Edit> {
    if app.config.is_some() {
        return None;
    }
    // `--limit-request-field_size` is what Gunicorn calls it.
    let option = |(name, value): &(&str, String)| {
        format!("--{} {value}", name.replace('_', "-").replace("field-size", "field_size"))
    };
    let options: Vec<String> = settings.iter().map(option).collect();
    let is_option = |anchor: &Anchor| anchor.span.file == app.place.file && anchor.span > app.place;
    // The application is no option.
    let named = app
        .settings
        .iter()
        .filter(|(name, it)| it.origin.kind == OriginKind::CommandLine && **name != "wsgi_app");
    let last = named.filter_map(|(_, it)| it.origin.anchor).filter(is_option).map(|it| it.value).max();
    let behind = |word: Span| add_options(app.place, word, &options.join(" "), context.sources);
    last.and_then(behind).or_else(|| behind(app.place))
}

/// The last statement of an app's own file that sets something, of those that stand at the beginning of a line: what follows
/// it at the margin is done whenever the file is read.
fn last_statement(context: &Context, app: &App) -> Option<Anchor> {
    let is_own = |anchor: &Anchor| {
        let text = &context.sources.get(anchor.span.file).text;
        let before = text[..anchor.span.start as usize].chars().next_back();
        anchor.dialect == Dialect::Python
            && Some(anchor.span.file) == app.config
            && before.is_none_or(|it| it == '\n')
    };
    let anchors = app.settings.values().filter_map(|setting| setting.origin.anchor);
    anchors.filter(is_own).max_by_key(|anchor| anchor.span)
}
