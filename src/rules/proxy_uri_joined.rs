//! A location and a URI of which one ends in a slash and the other does not, so that they are joined wrongly.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{AppKind, LevelId, LevelKind, MatchKind, Nginx, Route, RouteId, Uri};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "proxy-uri-joined",
    category: Category::Nginx,
    severity: Severity::Warning,
    summary: "a location and the URI of its pass, of which only one ends in a slash",
    outcome: "404",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/proxy-uri-joined.md"),
    check,
};

/// How a location and a URI do not fit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// `location /api` and `/`: `/api/x` becomes `//x`.
    Doubled,
    /// `location /api/` and `/v1`: `/api/x` becomes `/v1x`.
    Missing,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let nginx = &context.deployment.nginx;
    let mut lazy: Option<Surroundings> = None;
    // A file that is included several times brings one pass more than once, and not all of them may be wrong.
    let mut joints: BTreeMap<Span, Option<(&Route, Joint)>> = BTreeMap::new();
    for (at, route) in nginx.routes.iter().enumerate() {
        let joint = joint(context, RouteId(at as u32), route)
            .filter(|joint| lazy.get_or_insert_with(|| Surroundings::new(nginx)).leave(nginx, route, *joint));
        let entry = joints.entry(route.anchor.span).or_insert_with(|| joint.map(|joint| (route, joint)));
        if joint.is_none() {
            *entry = None;
        }
    }
    let joints = joints.into_values().flatten();
    findings.extend(joints.filter_map(|(route, joint)| finding(context, route, joint)));
}

/// The pattern and the URI of a route, where both are texts and the one gives way to the other.
fn parts<'a>(nginx: &'a Nginx, route: &'a Route) -> Option<(&'a str, &'a str, Span)> {
    let level = nginx.level(route.level);
    level.matching.filter(|it| is_prefix(it.kind))?;
    match &route.uri {
        Uri::Replaced(uri, span) if level.kind == LevelKind::Location => Some((level.pattern(), uri, *span)),
        _ => None,
    }
}

fn is_prefix(kind: MatchKind) -> bool {
    matches!(kind, MatchKind::Prefix | MatchKind::PrefixFirst)
}

/// How a route's location and URI do not fit, as far as that can be told from them alone.
///
/// Many a location is for one page, which is asked for without anything behind it: `location /login` and `/accounts/login/`.
/// Only what is the root of a tree for certain is judged.
fn joint(context: &Context, id: RouteId, route: &Route) -> Option<Joint> {
    let (pattern, uri, _) = parts(&context.deployment.nginx, route)?;
    let is_path = |text: &str| text.starts_with('/') && text.bytes().all(is_plain);
    if !is_path(pattern) || !is_path(uri) {
        return None;
    }
    let (last_of_pattern, last_of_uri) = (last(pattern), last(uri));
    let is_tree = is_tree(last_of_pattern) || is_tree(last_of_uri);
    match (pattern.ends_with('/'), uri.ends_with('/')) {
        // Other apps than those of Python may fold the slashes.
        (false, true) if is_tree && is_name(last_of_pattern) && is_gunicorn(context, id) => {
            Some(Joint::Doubled)
        }
        (true, false) if is_tree && is_name(last_of_uri) => Some(Joint::Missing),
        _ => None,
    }
}

/// Whether a byte stands for itself, and has no part in a query.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte)
}

/// The last segment of a path, whether a slash follows it or not; empty for `/`.
fn last(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// Whether a segment is a whole word: not a file, and not the beginning of a name that the rest is put behind.
fn is_name(segment: &str) -> bool {
    !segment.contains('.') && segment.ends_with(|c: char| c.is_ascii_alphanumeric())
}

/// Whether a path that ends in this segment is the root of a tree: `/`, `api`, `v1`.
fn is_tree(segment: &str) -> bool {
    let version = segment.strip_prefix('v').unwrap_or_default();
    segment.is_empty()
        || segment == "api"
        || !version.is_empty() && version.bytes().all(|it| it.is_ascii_digit())
}

fn is_gunicorn(context: &Context, id: RouteId) -> bool {
    let deployment = context.deployment;
    let mut apps = deployment.hops_of(id).iter().map(|hop| hop.app().map(|app| deployment.app(app)));
    apps.len() > 0 && apps.all(|app| app.is_some_and(|app| app.kind == AppKind::Gunicorn))
}

/// What else there is that requests go to.
struct Surroundings {
    /// For each level, the server that it belongs to, or the first level that is known above it.
    roots: Vec<LevelId>,
    /// The patterns of the prefix locations of each server.
    prefixes: BTreeSet<(LevelId, String)>,
    /// The servers with locations that may take any request: regular expressions, but for those about file names, and what
    /// a template fills in.
    taken: BTreeSet<LevelId>,
    /// The locations with an `if` that sends requests elsewhere.
    conditional: BTreeSet<LevelId>,
}

impl Surroundings {
    fn new(nginx: &Nginx) -> Surroundings {
        let mut it = Surroundings {
            roots: Vec::with_capacity(nginx.levels.len()),
            prefixes: BTreeSet::new(),
            taken: BTreeSet::new(),
            conditional: BTreeSet::new(),
        };
        for (at, level) in nginx.levels.iter().enumerate() {
            let own = LevelId(at as u32);
            let above = level.parent.filter(|_| level.kind != LevelKind::Server);
            let root = above.map_or(own, |parent| it.roots[parent.0 as usize]);
            it.roots.push(root);
            match (level.kind, &level.matching, level.parent) {
                (LevelKind::Location, Some(matching), _) if is_prefix(matching.kind) => {
                    it.prefixes.insert((root, level.pattern().to_owned()));
                }
                (LevelKind::Location, Some(matching), _)
                    if matching.kind == MatchKind::Regex && !level.pattern().contains("\\.") =>
                {
                    it.taken.insert(root);
                }
                (LevelKind::Location, None, _) => {
                    it.taken.insert(root);
                }
                (LevelKind::If, _, Some(parent)) if level.rewrites || level.diverts => {
                    it.conditional.insert(parent);
                }
                _ => {}
            }
        }
        it
    }

    /// Whether requests below the location are left to it, as they came.
    fn leave(&self, nginx: &Nginx, route: &Route, joint: Joint) -> bool {
        let Some((pattern, ..)) = parts(nginx, route) else { return false };
        let root = self.roots[route.level.0 as usize];
        let with_slash = (root, format!("{pattern}/"));
        let goes_on = joint == Joint::Doubled && self.prefixes.contains(&with_slash);
        let mut next = Some(route.level);
        while let Some(id) = next {
            let here = nginx.level(id);
            if here.rewrites || here.open_above.is_some() || self.conditional.contains(&id) {
                return false;
            }
            next = here.parent;
        }
        !goes_on && !self.taken.contains(&root)
    }
}

fn finding(context: &Context, route: &Route, joint: Joint) -> Option<Finding> {
    let nginx = &context.deployment.nginx;
    let (pattern, uri, place) = parts(nginx, route)?;
    let slash = if joint == Joint::Doubled { "/" } else { "" };
    let (asked, arrives) = (format!("{pattern}{slash}x"), format!("{uri}{slash}x"));
    let why = match joint {
        Joint::Doubled => "the URI of the pass ends in a slash, and the location in none",
        Joint::Missing => "the location ends in a slash, and the URI of the pass in none",
    };
    let message =
        format!("a request for `{asked}` reaches the app as `{arrives}`, which it answers with a 404: {why}");
    let primary = Label { span: place, text: format!("`{uri}` is put there instead") };
    let header = nginx.header(route.level);
    let related = vec![Label { span: header, text: format!("`{pattern}` is taken off the URI") }];
    let mut finding = RULE.finding(message, primary, related);
    finding.help = Some(
        "nginx replaces the text that the location matched by the text behind the host, character by character: let both \
         end in a slash, or neither"
            .into(),
    );
    finding.fix = fix(context, header, pattern, uri, place, joint);
    Some(finding)
}

/// Gives the one that has none a slash. A location that is the same path as the URI is better left as it is, and the URI
/// loses its own.
fn fix(context: &Context, header: Span, pattern: &str, uri: &str, place: Span, joint: Joint) -> Option<Fix> {
    let behind = |span: Span| Span { start: span.end, ..span };
    let is_plain = context.sources.text(place) == uri && context.sources.text(header).ends_with(pattern);
    let (title, edit) = match joint {
        _ if !is_plain => return None,
        Joint::Missing => (format!("write `{uri}/`"), Edit { span: behind(place), replacement: "/".into() }),
        Joint::Doubled if uri == "/" => (
            format!("let the location be `{pattern}/`"),
            Edit { span: behind(header), replacement: "/".into() },
        ),
        Joint::Doubled => {
            let slash = Span { start: place.end - 1, ..place };
            (format!("write `{}`", &uri[..uri.len() - 1]), Edit { span: slash, replacement: String::new() })
        }
    };
    Fix::new(title, Applicability::Unsafe, vec![edit])
}
