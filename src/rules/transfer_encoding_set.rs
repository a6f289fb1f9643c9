//! A header about how the body is sent, which nginx sends and does not keep to.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule, more_routes};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{AppKind, Gateway, LevelId, Nginx, Route, RouteId, Sent, Setting, Version};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "transfer-encoding-set",
    category: Category::Protocol,
    severity: Severity::Error,
    summary: "a Transfer-Encoding that nginx announces and does not keep to",
    outcome: "400 or 504",
    fix: Fixable::Always,
    page: include_str!("../../rules/transfer-encoding-set.md"),
    check,
};

const DIRECTIVE: &str = "proxy_set_header";
const HEADER: &str = "Transfer-Encoding";

/// The first Gunicorn that refuses chunks over HTTP/1.0, or with a length, and encodings that it does not know.
const REFUSES_CHUNKS: Version = Version(22, 0, 0);

/// The first Gunicorn that refuses whatever does not end in chunks (`set_body_reader`; 26.0.0 does not).
const REFUSES_ALL: Version = Version(27, 0, 0);

/// One statement, its value, and the routes that it goes for.
struct Set<'a> {
    sent: &'a Sent,
    value: &'a str,
    routes: Vec<&'a Route>,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let nginx = &context.deployment.nginx;
    let mut sets: BTreeMap<Span, Set> = BTreeMap::new();
    let mut known = BTreeSet::new();
    let deployment = context.deployment;
    for (at, route) in nginx.routes.iter().enumerate() {
        if !matches!(route.gateway, Gateway::Http | Gateway::Https) {
            continue;
        }
        let mut apps = deployment.hops_of(RouteId(at as u32)).iter().filter_map(|hop| hop.app());
        let is_gunicorn = apps.any(|id| deployment.app(id).kind == AppKind::Gunicorn);
        for sent in nginx.sending(route.level, DIRECTIVE).named(HEADER) {
            let is_taken_amiss = |value: &&str| !is_passed_over(value, context.deployment.target.gunicorn);
            let Some(value) = constant(sent).filter(is_taken_amiss) else { continue };
            // Chunks that do not come are nobody's; what else is refused, is so by Gunicorn.
            if !is_gunicorn && !value.eq_ignore_ascii_case("chunked") {
                continue;
            }
            let statement = sent.anchor.span;
            let set = sets.entry(statement).or_insert_with(|| Set { sent, value, routes: Vec::new() });
            // Several includes of one file bring one pass more than once.
            if known.insert((statement, route.anchor.span)) {
                set.routes.push(route);
            }
        }
    }
    if sets.is_empty() {
        return;
    }
    let levels = levels(nginx);
    findings.extend(sets.into_values().filter_map(|set| finding(context, &set, &levels)));
}

/// The value, where it is certainly there and the same for every request. An empty one takes the header away.
fn constant(sent: &Sent) -> Option<&str> {
    let value = sent.value.known().filter(|_| sent.doubt.is_none())?;
    (!value.is_empty() && !value.contains('$')).then_some(value.as_str())
}

/// Whether a Gunicorn passes over a value and reads the body by its length.
fn is_passed_over(value: &str, gunicorn: Version) -> bool {
    let value = value.to_ascii_lowercase();
    if gunicorn < REFUSES_CHUNKS {
        return value.trim() != "chunked";
    }
    let known = ["identity", "compress", "deflate", "gzip"];
    gunicorn < REFUSES_ALL && value.split(',').all(|it| known.contains(&it.trim()))
}

/// The levels that each statement of the header stands in: several where its file is included several times.
fn levels(nginx: &Nginx) -> BTreeMap<Span, Vec<LevelId>> {
    let mut levels: BTreeMap<Span, Vec<LevelId>> = BTreeMap::new();
    for (at, level) in nginx.levels.iter().enumerate() {
        for sent in level.sent.iter().filter(|it| is_this(it)) {
            levels.entry(sent.anchor.span).or_default().push(LevelId(at as u32));
        }
    }
    levels
}

fn is_this(sent: &Sent) -> bool {
    sent.directive == DIRECTIVE && sent.name.eq_ignore_ascii_case(HEADER)
}

fn finding(context: &Context, set: &Set, levels: &BTreeMap<Span, Vec<LevelId>>) -> Option<Finding> {
    let deployment = context.deployment;
    let value = set.value;
    let first = set.routes.first()?;
    // By HTTP/1.1 a request without a body may be announced as chunked, and an app that does not look for one answers;
    // an older Gunicorn takes it over HTTP/1.0 too.
    let spared = set.routes.iter().any(|route| {
        let version: Setting<String> =
            deployment.nginx.setting(route.level, "proxy_http_version", deployment.target.nginx);
        value.to_ascii_lowercase().contains("chunked")
            && (deployment.target.gunicorn < REFUSES_CHUNKS || version.value.may(|version| version != "1.0"))
    });
    let which = if spared { "requests with a body get" } else { "every request gets" };
    let message = format!(
        "nginx sends `{HEADER}: {value}`, and sends the body as it is all the same: {which} a 400, or a 504 from an app \
         that waits for more"
    );
    let primary =
        Label { span: set.sent.anchor.span, text: format!("`{value}` is announced to the app here") };
    let text = "for requests that are handed on here".to_owned();
    let related = vec![Label { span: first.anchor.span, text }];
    let mut finding = RULE.finding(message, primary, related);
    let others = more_routes(set.routes.len());
    finding.help = Some(format!(
        "leave the header to nginx, which says by itself how it sends a body; Gunicorn's log says `Invalid request` or \
         nothing at all, nginx's error log nothing{others}"
    ));
    let alone = levels.get(&set.sent.anchor.span).map_or(&[][..], Vec::as_slice);
    let applicability = match alone.iter().all(|level| stays_as_it_is(&deployment.nginx, *level)) {
        true => Applicability::Safe,
        false => Applicability::Unsafe,
    };
    let edit = set.sent.anchor.remove(context.sources);
    finding.fix = Fix::new(format!("leave out `{HEADER}`"), applicability, vec![edit]);
    Some(finding)
}

/// Whether the other headers of a level stay what they are without this one: a level with none of its own has those that
/// it inherits.
fn stays_as_it_is(nginx: &Nginx, id: LevelId) -> bool {
    let level = nginx.level(id);
    let others = level.sent.iter().any(|it| it.directive == DIRECTIVE && it.doubt.is_none() && !is_this(it));
    let inherits_nothing = || match level.parent {
        Some(parent) => {
            let above = nginx.sending(parent, DIRECTIVE);
            above.level.is_none() && above.open.is_none()
        }
        None => true,
    };
    let is_open = level.open_above.is_some() || level.holes.iter().any(|hole| hole.may_set(DIRECTIVE));
    others || !is_open && inherits_nothing()
}
