//! nginx and Gunicorn speak different protocols to each other.

mod ending;

use std::collections::BTreeMap;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{
    Anchor, App, AppId, Deployment, LevelKind, Route, RouteId, Sends, Setting, Speaks, Tally,
};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "gateway-protocol-mismatch",
    category: Category::Protocol,
    severity: Severity::Error,
    summary: "nginx speaks uwsgi, FastCGI, SCGI or HTTP/2 to an app that speaks HTTP/1, or the reverse",
    outcome: "500, 502 or 504",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/gateway-protocol-mismatch.md"),
    check,
};

const VERSION: &str = "proxy_http_version";
const UWSGI: &str = "uwsgi://";

/// The routes to one app that speak one other protocol, and are mended alike.
struct Mismatch<'a> {
    sends: Sends,
    speaks: Speaks,
    app: &'a App,
    routes: Vec<&'a Route>,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let mut found: BTreeMap<(AppId, Sends, bool, bool), Mismatch> = BTreeMap::new();
    let (mut passes, mut versions) = (Tally::default(), Tally::default());
    let mut mismatches = Vec::new();
    for (at, route) in deployment.nginx.routes.iter().enumerate() {
        let mismatched = mismatched(deployment, RouteId(at as u32));
        passes.count(route.anchor.span, mismatched.is_some());
        if let Some(place) = version_of(deployment, route) {
            versions.count(place.span, matches!(mismatched, Some((_, Sends::Http2, _))));
        }
        mismatches.extend(mismatched.map(|it| (route, it)));
    }
    for (route, (id, sends, speaks)) in mismatches {
        // One that is left to a person does not hold back the mends of the others.
        let is_mended = passes.is_whole(route.anchor.span) && is_mendable(context, route, sends);
        let app = deployment.app(id);
        let mismatch = found.entry((id, sends, is_encrypted(route), is_mended)).or_insert(Mismatch {
            sends,
            speaks,
            app,
            routes: Vec::new(),
        });
        if !mismatch.routes.iter().rev().any(|it| it.anchor.span == route.anchor.span) {
            mismatch.routes.push(route);
        }
    }
    for ((.., is_mended), mismatch) in found {
        let mut finding = finding(context, &mismatch);
        finding.fix = is_mended.then(|| fix(context, &mismatch, &versions)).flatten();
        findings.push(finding);
    }
}

/// The first app of a route of which no server understands what nginx says. Where one of several does, nginx turns to that
/// one.
fn mismatched(deployment: &Deployment, id: RouteId) -> Option<(AppId, Sends, Speaks)> {
    let route = deployment.route(id);
    let mut first = None;
    for hop in deployment.hops_of(id).iter().filter(|hop| !route.peers[hop.peer].down) {
        let app = hop.app()?;
        let (sends, speaks) = deployment.misunderstood(route, deployment.app(app))?;
        first.get_or_insert((app, sends, speaks));
    }
    first.filter(|_| route.open.is_none())
}

/// Whether nginx speaks TLS around the protocol.
fn is_encrypted(route: &Route) -> bool {
    ["suwsgi://", "grpcs://", "https://"].iter().any(|scheme| route.target.starts_with(scheme))
}

fn finding(context: &Context, mismatch: &Mismatch) -> Finding {
    let Mismatch { sends, speaks, app, ref routes } = *mismatch;
    let ending = ending::of(context.deployment, mismatch);
    let speaks_words = match speaks {
        Speaks::Http1 => "HTTP/1",
        Speaks::Uwsgi => "the uwsgi protocol alone",
    };
    let message =
        format!("nginx speaks {} to a Gunicorn that speaks {speaks_words}: {}", sends.name(), ending.words);
    let text = format!("nginx speaks {} here", sends.name());
    let label = |route: &&Route| Label { span: route.anchor.span, text: text.clone() };
    let mut related: Vec<Label> = routes[1..].iter().map(label).collect();
    let protocol = app.setting::<String>("protocol").origin;
    related.push(match speaks {
        Speaks::Http1 => Label { span: app.place, text: "this Gunicorn speaks HTTP/1".into() },
        Speaks::Uwsgi => Label {
            span: protocol.place.unwrap_or(app.place),
            text: format!("`protocol` is uwsgi, {}", protocol.describe("Gunicorn")),
        },
    });
    let mut finding = RULE.finding(message, label(&routes[0]), related);
    finding.outcome = ending.status.into();
    finding.help = Some(help(context, mismatch, ending.log));
    finding
}

fn help(context: &Context, mismatch: &Mismatch, log: &str) -> String {
    let has_uwsgi = context.deployment.may_speak_uwsgi(mismatch.app);
    let mend = match (mismatch.sends, mismatch.speaks) {
        (Sends::Http1, _) => {
            "write `uwsgi_pass` with the parameters of `uwsgi_params`, or leave Gunicorn's `protocol` at `http`"
        }
        (_, Speaks::Uwsgi) => {
            "write `uwsgi_pass`, or leave Gunicorn's `protocol` at `http` and write `proxy_pass`"
        }
        (Sends::Http2, Speaks::Http1) => "write `proxy_http_version 1.1;`",
        (Sends::Grpc, Speaks::Http1) => {
            "write `proxy_pass`; gRPC takes a server of its own, which Gunicorn is not"
        }
        (Sends::Uwsgi, Speaks::Http1) if has_uwsgi => {
            "write `proxy_pass http://`, with headers in the place of parameters; or let Gunicorn speak the uwsgi protocol \
             by `protocol = \"uwsgi\"`"
        }
        (_, Speaks::Http1) => "write `proxy_pass http://`, with headers in the place of parameters",
    };
    format!("{mend}; {log}")
}

/// Lets nginx speak HTTP/1, where the app does.
fn fix(context: &Context, mismatch: &Mismatch, versions: &Tally) -> Option<Fix> {
    if mismatch.speaks == Speaks::Uwsgi {
        return None;
    }
    match mismatch.sends {
        Sends::Http2 => version_1(context.deployment, mismatch, versions),
        Sends::Uwsgi | Sends::Fastcgi | Sends::Scgi if speaks_plain(mismatch.app) => {
            let edits: Vec<Vec<Edit>> =
                mismatch.routes.iter().map(|it| proxy_pass(context, it)).collect::<Option<_>>()?;
            let edits = edits.into_iter().flatten().collect();
            Fix::new("hand requests on by `proxy_pass`", Applicability::Unsafe, edits)
        }
        _ => None,
    }
}

/// Whether a route by itself can be mended; those that speak HTTP are mended elsewhere than in the pass.
fn is_mendable(context: &Context, route: &Route, sends: Sends) -> bool {
    match sends {
        Sends::Uwsgi | Sends::Fastcgi | Sends::Scgi => proxy_pass(context, route).is_some(),
        Sends::Http1 | Sends::Http2 | Sends::Grpc => true,
    }
}

/// Whether an app certainly has no certificate.
fn speaks_plain(app: &App) -> bool {
    ["certfile", "keyfile"].iter().all(|name| {
        app.setting::<Option<String>>(name).value.must(|path| path.as_deref().unwrap_or_default().is_empty())
    })
}

/// Where the version of HTTP is written that a route speaks.
fn version_of(deployment: &Deployment, route: &Route) -> Option<Anchor> {
    let version: Setting<String> = deployment.nginx.setting(route.level, VERSION, deployment.target.nginx);
    version.origin.anchor
}

/// Writes 1.1 where 2 is written, if that is for such routes alone.
fn version_1(deployment: &Deployment, mismatch: &Mismatch, versions: &Tally) -> Option<Fix> {
    let written = mismatch.routes.iter().map(|it| version_of(deployment, it));
    let mut anchors: Vec<Anchor> = written.collect::<Option<_>>()?;
    anchors.sort_by_key(|anchor| anchor.span);
    anchors.dedup();
    if !anchors.iter().all(|anchor| versions.is_whole(anchor.span)) {
        return None;
    }
    let edits = anchors.iter().map(|anchor| anchor.set("1.1")).collect();
    Fix::new("speak HTTP/1.1", Applicability::Safe, edits)
}

/// `uwsgi_pass 127.0.0.1:8000;` becomes `proxy_pass http://127.0.0.1:8000;`, with the headers that take the place of its
/// parameters where none are in force.
fn proxy_pass(context: &Context, route: &Route) -> Option<Vec<Edit>> {
    let written = context.sources.text(route.anchor.value);
    // The scheme that `uwsgi_pass` may have goes with it; over TLS, Gunicorn would speak something else as well.
    let scheme =
        if written.get(..UWSGI.len()).is_some_and(|it| it.eq_ignore_ascii_case(UWSGI)) { UWSGI } else { "" };
    let target = &written[scheme.len()..];
    let has_uri = target.strip_prefix("unix:").is_some_and(|path| path.contains(':'));
    if target.contains(['$', '"', '\'']) || target.contains("://") || has_uri {
        return None;
    }
    let start = route.anchor.value.start + scheme.len() as u32;
    let name = Span { end: start, ..route.anchor.span };
    let mut edits = vec![Edit { span: name, replacement: "proxy_pass http://".into() }];
    let nginx = &context.deployment.nginx;
    let sending = nginx.sending(route.level, "proxy_set_header");
    let is_location = nginx.level(route.level).kind == LevelKind::Location;
    if sending.sent.is_empty() && sending.open.is_none() && is_location {
        let header = |value: &str| ("proxy_set_header", value.to_owned());
        let headers = [
            header("Host $host"),
            header("X-Forwarded-For $proxy_add_x_forwarded_for"),
            header("X-Forwarded-Proto $scheme"),
        ];
        edits.push(route.anchor.add_after(context.sources, &headers)?);
    }
    Some(edits)
}
