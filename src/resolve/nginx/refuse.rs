//! What nginx refuses of upstreams and passes together, once all of them are known.

use std::collections::BTreeMap;

use super::found::{Found, SHARED_STREAM};
use super::trouble::Refusal;
use super::variables;
use crate::edit::{Applicability, Edit};
use crate::model::{Fault, FaultKind, LevelId, LevelKind, MatchKind, Mend, Nginx, Route, Uri};
use crate::resolve::variants;
use crate::source::{Sources, Span};
use crate::value::{Possible, environment};

/// Notes the faults of upstreams and passes.
pub(super) fn apply(found: &mut Found, sources: &Sources) {
    let of_routes = |found: &Found| {
        let routes = found.nginx.routes.iter();
        let faults = routes.filter_map(|route| uri_where_none_may_be(route, &found.nginx, sources));
        faults.collect::<Vec<Fault>>()
    };
    let (of_upstreams, (of_routes, of_variables)) = rayon::join(
        || [duplicates(found, sources), without_servers(found)],
        || rayon::join(|| of_routes(found), || variables::faults(found)),
    );
    let [duplicates, empty] = of_upstreams;
    found.nginx.faults.extend([duplicates, empty, of_routes, of_variables].into_iter().flatten());
}

/// `duplicate upstream "app"`: in one `http` block, or in one file that is known to belong into one.
fn duplicates(found: &Found, sources: &Sources) -> Vec<Fault> {
    let mut first: BTreeMap<_, Span> = BTreeMap::new();
    let mut faults = Vec::new();
    for (at, upstream) in found.nginx.upstreams.iter().enumerate() {
        let http = found.upstream_http[at];
        // Fragments that share a block may be variants of each other, and so may sites; what stands in one file is not.
        let path = sources.get(upstream.place.file).path.as_str();
        let stands_alone = http <= SHARED_STREAM || variants::may_be_off(path);
        let file = stands_alone.then_some(upstream.place.file);
        let name = upstream.name.to_ascii_lowercase();
        if found.upstream_doubt[at] {
            continue;
        }
        let key = (http, file, environment(path), name);
        let Some(before) = first.get(&key) else {
            first.insert(key, upstream.place);
            continue;
        };
        // A file that several fragments include is most likely included by one of them on any machine.
        if *before == upstream.place && file.is_some() {
            continue;
        }
        let related = match *before == upstream.place {
            true => "the file is included twice".to_owned(),
            false => format!("the first upstream `{}`", sources.text(*before)),
        };
        faults.push(Fault {
            kind: FaultKind::Duplicate,
            place: upstream.place,
            message: format!("duplicate upstream \"{}\"", upstream.name),
            related: Some((*before, related)),
            help: None,
            mend: None,
        });
    }
    faults
}

/// `no servers are inside upstream`, and `no servers in upstream "app"` where all are backups.
fn without_servers(found: &Found) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, upstream) in found.nginx.upstreams.iter().enumerate() {
        // The commercial nginx fills an upstream in shared memory while it runs.
        let is_shared = upstream.directive("zone").is_some();
        if upstream.open.is_some() || found.upstream_doubt[at] || is_shared {
            continue;
        }
        let mut peers = upstream.peers.iter();
        let message = match peers.clone().next() {
            None => "no servers are inside upstream".to_owned(),
            Some(_) if peers.all(|peer| peer.parameters.backup && is_known(&peer.address)) => {
                format!("no servers in upstream \"{}\"", upstream.name)
            }
            Some(_) => continue,
        };
        faults.push(Fault {
            kind: FaultKind::Upstream,
            place: upstream.place,
            message,
            related: None,
            help: None,
            mend: None,
        });
    }
    faults
}

fn is_known<T>(value: &Possible<T>) -> bool {
    value.candidates().is_some()
}

/// nginx's own words, which name all four places at once.
const NO_URI: &str = "\"proxy_pass\" cannot have URI part in location given by regular expression, or inside named \
                      location, or inside \"if\" statement, or inside \"limit_except\" block";

/// A URI in a pass where nginx cannot tell what it should replace.
fn uri_where_none_may_be(route: &Route, nginx: &Nginx, sources: &Sources) -> Option<Fault> {
    let Uri::Replaced(uri, span) = &route.uri else { return None };
    if takes_uri(nginx, route.level) {
        return None;
    }
    let level = nginx.level(route.level);
    // A lone slash changes nothing where the location is for all URIs.
    let applicability = match is_for_all(nginx, route.level) {
        true if uri == "/" => Some(Applicability::Safe),
        _ if uri == "/" => Some(Applicability::Unsafe),
        _ => None,
    };
    let is_plain = sources.text(*span) == uri;
    let mend = applicability.filter(|_| is_plain).map(|applicability| Mend {
        title: "leave out the URI".into(),
        applicability,
        edits: vec![Edit { span: *span, replacement: String::new() }],
    });
    Some(Fault {
        kind: FaultKind::Uri,
        place: *span,
        message: NO_URI.into(),
        related: Some((
            level.header,
            "nginx cannot tell which part of a request's URI it should replace".into(),
        )),
        help: Some("leave out the URI, or change it with `rewrite ... break;` before the pass".into()),
        mend,
    })
}

/// Whether a pass may have a URI at a level.
fn takes_uri(nginx: &Nginx, level: LevelId) -> bool {
    let level = nginx.level(level);
    let own = level.matching.as_ref().map(|it| it.kind);
    !matches!(level.kind, LevelKind::If | LevelKind::LimitExcept)
        && !matches!(own, Some(MatchKind::Regex | MatchKind::Named))
}

/// The mend of a socket's path with a URI behind it and no colon between, for the level that the pass stands in. Where no
/// URI may stand, a colon would make nginx refuse it, and a lone slash has to go; where the location is for all URIs, a
/// lone slash changes nothing; else it is a matter of what the app expects.
pub(super) fn uri_of_socket(refusal: Refusal, text: &str, nginx: &Nginx, level: LevelId) -> Refusal {
    let Some((at, colon, _)) = refusal.mend.clone() else { return refusal };
    let is_slash = &text[at.start..] == "/";
    let mend = match takes_uri(nginx, level) {
        false if is_slash => Some((at.start..text.len(), String::new(), Applicability::Safe)),
        false => None,
        true if is_slash && is_for_all(nginx, level) => Some((at, colon, Applicability::Safe)),
        true => refusal.mend,
    };
    Refusal { mend, ..refusal }
}

/// Whether the location around a level is for requests of whatever URI: `location /`, or one that is named.
fn is_for_all(nginx: &Nginx, level: LevelId) -> bool {
    let mut next = Some(level);
    while let Some(id) = next {
        let here = nginx.level(id);
        if let Some(matching) = &here.matching {
            return matching.kind == MatchKind::Named
                || matching.kind == MatchKind::Prefix && here.pattern() == "/";
        }
        next = here.parent.filter(|_| here.kind != LevelKind::Server);
    }
    false
}
