//! Requests that are sent on to a named location that the server does not have.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Gateway, Jump, LevelId, LevelKind, MatchKind, Nginx, Setting};
use crate::source::Span;
use crate::value::nearest;

pub(super) const RULE: Rule = Rule {
    name: "named-location-missing",
    category: Category::Nginx,
    severity: Severity::Error,
    summary: "requests are sent on to a named location that does not exist",
    outcome: "500",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/named-location-missing.md"),
    check,
};

/// What a server has directly in it.
#[derive(Default)]
struct Locations<'a> {
    /// The named locations.
    names: BTreeMap<&'a str, Span>,
    /// Whether there may be others: in an include that is not in the tree, or by a name that a template fills in.
    open: bool,
    /// Whether `location /` takes all requests that no other location takes.
    takes_all: bool,
    /// Whether every location has an `error_page` of its own, which hides what the server says.
    hides_errors: bool,
    /// Whether a location without one answers with errors of its own, and not only with those of an app.
    answers: bool,
}

/// The places that one jump stands in: several servers, where its file is included in several.
struct Jumps<'a> {
    jump: &'a Jump,
    /// The servers that lack the name.
    lacking: BTreeSet<LevelId>,
    /// Whether a server has it, or may have it.
    right_elsewhere: bool,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let nginx = &context.deployment.nginx;
    let servers = servers(nginx);
    if !is_any_missing(nginx, &servers) {
        return;
    }
    let answering = answering(context);
    let locations = locations(nginx, &servers, &answering);
    let mut jumps: BTreeMap<Span, Jumps> = BTreeMap::new();
    for (at, level) in nginx.levels.iter().enumerate() {
        for jump in &level.jumps {
            let server = servers[at];
            let missing = server.filter(|server| {
                let here = &locations[server];
                !here.open && !here.names.contains_key(jump.to.as_str())
            });
            let seen = jumps.entry(jump.anchor.value).or_insert_with(|| Jumps {
                jump,
                lacking: BTreeSet::new(),
                right_elsewhere: false,
            });
            match missing {
                Some(server)
                    if is_used(jump, LevelId(at as u32), server, &locations[&server])
                        && arises(jump, at, server, &locations[&server], &answering) =>
                {
                    seen.lacking.insert(server);
                }
                _ => seen.right_elsewhere = true,
            }
        }
    }
    let found = jumps.values().filter(|it| !it.lacking.is_empty());
    findings.extend(found.map(|it| finding(nginx, it, &locations)));
}

/// Whether a jump may lead to a name that no location of its server has: mostly none does, and nothing else need be asked.
fn is_any_missing(nginx: &Nginx, servers: &[Option<LevelId>]) -> bool {
    let levels = || nginx.levels.iter().zip(servers).filter_map(|(level, server)| Some((level, (*server)?)));
    let named = levels().filter_map(|(level, server)| {
        level.matching.filter(|it| it.kind == MatchKind::Named)?;
        Some((server, level.pattern()))
    });
    let named: BTreeSet<(LevelId, &str)> = named.collect();
    levels()
        .any(|(level, server)| level.jumps.iter().any(|jump| !named.contains(&(server, jump.to.as_str()))))
}

/// The server that each level belongs to, if it belongs to one.
fn servers(nginx: &Nginx) -> Vec<Option<LevelId>> {
    let mut servers: Vec<Option<LevelId>> = Vec::with_capacity(nginx.levels.len());
    for (at, level) in nginx.levels.iter().enumerate() {
        // A parent stands before its children.
        let above = level.parent.and_then(|id| servers[id.0 as usize]);
        servers.push(if level.kind == LevelKind::Server { Some(LevelId(at as u32)) } else { above });
    }
    servers
}

/// For each level, whether nginx itself finds there what it answers with, and so may find nothing: not where all requests
/// are handed on, to an app whose errors are the client's, or to a named location.
fn answering(context: &Context) -> Vec<bool> {
    let deployment = context.deployment;
    let nginx = &deployment.nginx;
    let mut answering = vec![true; nginx.levels.len()];
    for route in &nginx.routes {
        let intercepts: Setting<bool> =
            nginx.setting(route.level, "proxy_intercept_errors", deployment.target.nginx);
        let is_http = matches!(route.gateway, Gateway::Http | Gateway::Https);
        answering[route.level.0 as usize] = is_http && intercepts.value.must(|it| *it);
    }
    for (at, level) in nginx.levels.iter().enumerate() {
        let jumps = level.jumps.iter().any(|jump| jump.directive == "try_files");
        let (mut above, mut diverts) = (level.parent, level.diverts);
        // An `if` goes by the pass of the location around it.
        let is_inner = matches!(level.kind, LevelKind::If | LevelKind::LimitExcept);
        while let Some(id) = above.filter(|_| !diverts) {
            diverts = nginx.level(id).diverts;
            above = nginx.level(id).parent;
        }
        answering[at] = !jumps && (answering[at] && !is_inner || diverts);
        if let Some(parent) = level.parent.filter(|_| is_inner) {
            answering[parent.0 as usize] |= diverts;
        }
    }
    answering
}

/// Whether some of the errors that an `error_page` is for may be nginx's own: a failed connection is, and a request that is
/// too large; but that there is no such page, only an app knows behind a pass.
fn arises(jump: &Jump, at: usize, server: LevelId, locations: &Locations, answering: &[bool]) -> bool {
    const OWN: [&str; 8] = ["400", "408", "413", "414", "494", "495", "496", "497"];
    let is_own = |code: &String| code.starts_with('5') || OWN.contains(&code.as_str());
    let is_servers = at == server.0 as usize;
    jump.directive != "error_page"
        || jump.codes.iter().any(is_own)
        || if is_servers { !locations.takes_all || locations.answers } else { answering[at] }
}

fn locations<'a>(
    nginx: &'a Nginx,
    servers: &[Option<LevelId>],
    answering: &[bool],
) -> BTreeMap<LevelId, Locations<'a>> {
    let mut all: BTreeMap<LevelId, Locations> = BTreeMap::new();
    for (at, level) in nginx.levels.iter().enumerate() {
        let Some(server) = servers[at] else { continue };
        let here = all.entry(server).or_insert(Locations { hides_errors: true, ..Locations::default() });
        match (&level.matching, level.kind) {
            (_, LevelKind::Server) => {
                here.open |=
                    level.holes.iter().any(|hole| hole.may_set("location")) || level.open_above.is_some();
                here.answers |= level.diverts;
            }
            (None, LevelKind::Location) => here.open = true,
            (Some(matching), LevelKind::Location) if level.parent == Some(server) => {
                here.hides_errors &= level.rescues.is_some();
                here.answers |= level.rescues.is_none() && matching.kind != MatchKind::Named && answering[at];
                let is_prefix = matches!(matching.kind, MatchKind::Prefix | MatchKind::PrefixFirst);
                here.takes_all |= is_prefix && level.pattern() == "/";
                if matching.kind == MatchKind::Named {
                    here.names.insert(level.pattern(), level.header);
                }
            }
            // nginx refuses a named location inside another one; that is for another rule to say.
            (Some(matching), LevelKind::Location) => here.open |= matching.kind == MatchKind::Named,
            _ => {}
        }
    }
    all
}

/// Whether requests can take the jump. `post_action` runs when the client has its answer, and what a server says goes only
/// for requests that no location hides from it.
fn is_used(jump: &Jump, level: LevelId, server: LevelId, locations: &Locations) -> bool {
    match jump.directive {
        "post_action" => false,
        _ if level != server => true,
        "try_files" => !locations.takes_all,
        _ => !(locations.takes_all && locations.hides_errors),
    }
}

fn finding(nginx: &Nginx, jumps: &Jumps, locations: &BTreeMap<LevelId, Locations>) -> Finding {
    let Jump { directive, to, anchor, .. } = jumps.jump;
    let message = format!(
        "`{directive}` sends requests on to `{to}`, and this server has no such location: they get a 500"
    );
    let label = Label { span: anchor.value, text: format!("no `location {to}` stands in the server") };
    let mut related: Vec<Label> = jumps
        .lacking
        .iter()
        .take(3)
        .map(|server| Label {
            span: nginx.header(*server),
            text: "the server that it would have to stand in".into(),
        })
        .collect();
    let meant = meant(jumps, locations);
    if let Some((name, place)) = meant {
        related.push(Label { span: place, text: format!("`{name}` is here") });
    }
    let mut finding = RULE.finding(message, label, related);
    finding.help = Some(format!(
        "name a location that stands directly in the server, or add `location {to}` to it; nginx's error log says `could \
         not find named location \"{to}\"`"
    ));
    finding.fix = meant.filter(|_| !jumps.right_elsewhere).and_then(|(name, _)| {
        Fix::new(format!("send them on to `{name}`"), Applicability::Safe, vec![anchor.set(name)])
    });
    finding
}

/// The most named locations of a server that a missing one is compared with.
const MANY: usize = 100;

/// The one named location of every server that lacks the name whose name is all but that one.
fn meant<'a>(jumps: &Jumps, locations: &BTreeMap<LevelId, Locations<'a>>) -> Option<(&'a str, Span)> {
    let mut meant: Option<(&str, Span)> = None;
    for server in &jumps.lacking {
        let names = &locations[server].names;
        // Among so many names, many mistakes would cost more than they are worth.
        if names.len() > MANY {
            return None;
        }
        let name = nearest(&jumps.jump.to, names.keys().copied())?;
        if meant.is_some_and(|(other, _)| other != name) {
            return None;
        }
        meant.get_or_insert((name, names[name]));
    }
    meant
}
