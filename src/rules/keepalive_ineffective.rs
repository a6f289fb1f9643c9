//! Connections that an upstream is told to keep, and that are never kept.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Datum, Gateway, KEEPS_BY_ITSELF, Route, Setting, Upstream, UpstreamId, Written};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "keepalive-ineffective",
    category: Category::Keepalive,
    severity: Severity::Note,
    summary: "`keepalive` in an upstream whose connections are never kept",
    outcome: "none by itself",
    fix: Fixable::Never,
    page: include_str!("../../rules/keepalive-ineffective.md"),
    check,
};

/// Why connections are not kept, and where that is written.
struct Cause {
    why: String,
    place: Option<Span>,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let nginx = &context.deployment.nginx;
    let mut routes: BTreeMap<UpstreamId, Vec<&Route>> = BTreeMap::new();
    for route in &nginx.routes {
        if let Some(id) = route.upstream {
            routes.entry(id).or_default().push(route);
        }
    }
    // A block that is included twice has routes in both places.
    let mut by_place: BTreeMap<Span, (&Written, Option<Vec<Cause>>)> = BTreeMap::new();
    for (id, routes) in routes {
        let upstream = &nginx.upstreams[id.0 as usize];
        let Some(keepalive) = keeping(upstream) else { continue };
        let causes = lost_by_order(context, upstream)
            .map(|cause| vec![cause])
            .or_else(|| routes.iter().map(|route| cause(context, route)).collect());
        let all = &mut by_place.entry(keepalive.anchor.span).or_insert((keepalive, Some(Vec::new()))).1;
        *all = all.take().zip(causes).map(|(all, more)| all.into_iter().chain(more).collect());
    }
    let found = by_place.into_values().filter_map(|(keepalive, causes)| Some((keepalive, causes?)));
    findings.extend(found.map(|(keepalive, causes)| finding(keepalive, &causes)));
}

/// The `keepalive` of an upstream that asks for connections to be kept; `keepalive 0` asks for none.
fn keeping(upstream: &Upstream) -> Option<&Written> {
    let keepalive = upstream.directive("keepalive").filter(|_| upstream.open.is_none())?;
    let Datum::List(words) = keepalive.value.known()? else { return None };
    let number: u64 = words.first()?.parse().ok()?;
    (number > 0).then_some(keepalive)
}

fn lost_by_order(context: &Context, upstream: &Upstream) -> Option<Cause> {
    let version = context.deployment.target.nginx;
    let balancing = upstream.keeping_forgotten_by(version)?;
    Some(Cause {
        why: format!("nginx {version} forgets `keepalive` where `{}` stands behind it", balancing.name),
        place: Some(balancing.anchor.span),
    })
}

/// Why a route's connections are not kept, if that is certain.
fn cause(context: &Context, route: &Route) -> Option<Cause> {
    if !matches!(route.gateway, Gateway::Http | Gateway::Https) {
        return None;
    }
    let deployment = context.deployment;
    let nginx = deployment.target.nginx;
    let sending = deployment.nginx.sending(route.level, "proxy_set_header");
    let pass = Some(route.anchor.span);
    let connection = match sending.named("Connection").last() {
        _ if sending.open.is_some() => return None,
        None if nginx < KEEPS_BY_ITSELF => {
            let why = format!(
                "nginx {nginx} sends `Connection: close` unless `proxy_set_header Connection \"\"` is in force"
            );
            return Some(Cause { why, place: pass });
        }
        None => String::new(),
        Some(sent) => {
            let value = sent.value.known().filter(|value| !value.contains('$'))?.to_ascii_lowercase();
            if value.trim() == "close" {
                let why = "`Connection: close` is sent, so that the app closes each connection".to_owned();
                return Some(Cause { why, place: Some(sent.anchor.span) });
            }
            value
        }
    };
    let version: Setting<String> = deployment.nginx.setting(route.level, "proxy_http_version", nginx);
    let is_old = version.value.must(|it| it == "1.0") && !connection.contains("keep-alive");
    let default = format!("nginx {nginx} speaks HTTP/1.0 unless `proxy_http_version 1.1` is in force");
    is_old.then(|| match version.origin.place {
        None => Cause { why: default, place: pass },
        place => Cause { why: "HTTP/1.0 is spoken, in which the app closes each connection".into(), place },
    })
}

fn finding(keepalive: &Written, causes: &[Cause]) -> Finding {
    let message =
        "`keepalive` is set, but no connection to this upstream is kept: each request opens a new one"
            .to_owned();
    let label = Label { span: keepalive.anchor.span, text: "connections should be kept".into() };
    let mut seen = BTreeSet::new();
    let places = causes.iter().filter(|it| seen.insert(it.place));
    let related =
        places.take(3).filter_map(|it| Some(Label { span: it.place?, text: it.why.clone() })).collect();
    let mut finding = RULE.finding(message, label, related);
    finding.help = Some(
        "leave `keepalive` out, or keep connections by `proxy_http_version 1.1;` and `proxy_set_header Connection \"\";` where \
         requests are handed on; the app must keep them longer than nginx does then"
            .into(),
    );
    finding
}
