//! From passes to routes: what each leads to.

use std::collections::BTreeMap;
use std::ops::Range;

use super::address::{self, Form};
use super::found::{Found, Pass};
use crate::model::{Anchor, Dialect, Gateway, LevelId, Nginx, Peer, Route, Unresolved, UpstreamId};
use crate::source::{Sources, Span};
use crate::syntax::nginx::Word;
use crate::value::{Endpoint, Host, Possible};

/// How many peers the routes of a stack have together: each route has those of its upstream for itself.
const MAX_PEERS: usize = 1_000_000;

/// Makes a route of every pass.
pub(super) fn apply(found: &mut Found, sources: &Sources) {
    let index = Index::new(found);
    let mut in_level: BTreeMap<LevelId, usize> = BTreeMap::new();
    for pass in &found.passes {
        *in_level.entry(pass.level).or_default() += 1;
    }
    let mut routes = Vec::new();
    let mut unresolved = Vec::new();
    let mut peers = 0;
    for pass in &found.passes {
        let only = in_level.get(&pass.level) == Some(&1);
        let target = match (&pass.maybe, only) {
            (Some(why), _) => Err(why.clone()),
            (None, false) => Err("several passes stand in one block".into()),
            (None, true) => target(pass, found, &index, sources),
        };
        peers += target.as_ref().map_or(1, |target| target.peers(&found.nginx));
        let target = target.and_then(|target| match peers > MAX_PEERS {
            true => Err("the routes of the configuration have too many servers to be followed".into()),
            false => Ok(target),
        });
        let route = route(pass, target, &found.nginx);
        for peer in &route.peers {
            if let Possible::Unknown(why) = &peer.address
                && route.upstream.is_none()
            {
                let what = format!("{} {}", pass.name, route.target);
                unresolved.push(Unresolved { span: pass.anchor.span, what, why: why.clone() });
            }
        }
        routes.push(route);
    }
    found.nginx.routes = routes;
    found.unresolved.append(&mut unresolved);
}

/// What passes look up.
struct Index {
    /// By name in lower case, as nginx compares them.
    upstreams: BTreeMap<String, Vec<usize>>,
    /// By scope and variable in lower case.
    assignments: BTreeMap<(usize, String), Vec<usize>>,
}

impl Index {
    fn new(found: &Found) -> Index {
        let mut index = Index { upstreams: BTreeMap::new(), assignments: BTreeMap::new() };
        for (at, upstream) in found.nginx.upstreams.iter().enumerate() {
            index.upstreams.entry(upstream.name.to_ascii_lowercase()).or_default().push(at);
        }
        for (at, it) in found.assignments.iter().enumerate() {
            index.assignments.entry((it.scope, it.variable.to_ascii_lowercase())).or_default().push(at);
        }
        index
    }
}

/// What a pass leads to.
struct Target {
    gateway: Gateway,
    to: To,
}

impl Target {
    fn peers(&self, nginx: &Nginx) -> usize {
        match self.to {
            To::Upstream(at) => nginx.upstreams[at].peers.len(),
            To::Peer(_) => 1,
        }
    }
}

enum To {
    Upstream(usize),
    Peer(Peer),
}

fn route(pass: &Pass, target: Result<Target, String>, nginx: &Nginx) -> Route {
    let words: Vec<&str> = pass.arguments.iter().map(|word| word.text.as_str()).collect();
    let mut route = Route {
        level: pass.level,
        server: pass.server,
        gateway: gateway(pass),
        target: words.join(" "),
        anchor: pass.anchor,
        upstream: None,
        peers: Vec::new(),
        open: None,
    };
    match target {
        Err(why) => {
            let inner = pass.arguments.first().map_or(pass.anchor.value, |word| word.inner);
            let anchor = Anchor { value: inner, ..pass.anchor };
            route.peers.push(Peer { address: Possible::Unknown(why), anchor, down: false });
        }
        Ok(Target { gateway, to: To::Peer(peer) }) => {
            route.gateway = gateway;
            route.peers.push(peer);
        }
        Ok(Target { gateway, to: To::Upstream(at) }) => {
            let upstream = &nginx.upstreams[at];
            route.gateway = gateway;
            route.upstream = Some(UpstreamId(at as u32));
            route.peers = upstream.peers.clone();
            route.open = upstream.open.clone();
        }
    }
    route
}

/// The protocol of a pass by its name and scheme, whatever its address.
fn gateway(pass: &Pass) -> Gateway {
    let https = pass
        .arguments
        .first()
        .and_then(|word| word.text.get(..8))
        .is_some_and(|it| it.eq_ignore_ascii_case("https://"));
    match pass.name {
        "proxy_pass" if https => Gateway::Https,
        "proxy_pass" => Gateway::Http,
        "uwsgi_pass" => Gateway::Uwsgi,
        "scgi_pass" => Gateway::Scgi,
        "grpc_pass" => Gateway::Grpc,
        _ => Gateway::Fastcgi,
    }
}

fn target(pass: &Pass, found: &Found, index: &Index, sources: &Sources) -> Result<Target, String> {
    let [word] = pass.arguments.as_slice() else {
        return Err(format!("nginx refuses it: `{}` takes one argument", pass.name));
    };
    let (gateway, form, anchor) = match address::pass(pass.name, &word.text) {
        Ok((gateway, address)) => {
            let value = part(word, address.range, sources);
            (gateway, address.form, Anchor { value, ..pass.anchor })
        }
        Err(why) => match through_variable(pass, word, found, index, sources) {
            Some(target) => target,
            None if word.template => return Err("it is filled in by a template".into()),
            None => return Err(why),
        },
    };
    let http = found.level_http[pass.level.0 as usize];
    let to = match &form {
        Form::Endpoint(Endpoint::Tcp(Host::Name(name), port)) => {
            let refuses = index
                .upstreams
                .get(name)
                .is_some_and(|list| list.iter().any(|at| found.upstream_http[*at] == http));
            if refuses {
                return Err(format!("nginx refuses it: upstream `{name}` may not have port {port}"));
            }
            None
        }
        Form::Endpoint(_) => None,
        Form::Bare(host) => upstream(&host.to_ascii_lowercase(), http, pass, found, index)?,
    };
    if let Some(at) = to {
        return Ok(Target { gateway, to: To::Upstream(at) });
    }
    let address = match form {
        Form::Endpoint(endpoint) => endpoint,
        Form::Bare(host) => alone(&host, gateway, found.https[http].complete)?,
    };
    Ok(Target { gateway, to: To::Peer(Peer { address: Possible::Known(address), anchor, down: false }) })
}

/// A host without a port that no upstream of the stack is named after.
fn alone(host: &str, gateway: Gateway, complete: bool) -> Result<Endpoint, String> {
    let port = match gateway {
        Gateway::Http => 80,
        Gateway::Https => 443,
        _ => return Err(format!("`{host}` has no port, and no upstream of this name is known")),
    };
    let parsed = Host::parse(host);
    if !complete && matches!(&parsed, Host::Name(name) if name != "localhost") {
        return Err(format!("`{host}` is a host, or an upstream of a file that is not known"));
    }
    Ok(Endpoint::Tcp(parsed, port))
}

/// The upstream of a name: one of the same `http` block, where there are several, of the same file. Where that block is
/// not known as a whole, one of the others will do if it is the only one that can be meant.
fn upstream(
    name: &str,
    http: usize,
    pass: &Pass,
    found: &Found,
    index: &Index,
) -> Result<Option<usize>, String> {
    let all = index.upstreams.get(name).map_or(&[][..], Vec::as_slice);
    let mut fitting: Vec<usize> = all.iter().copied().filter(|at| found.upstream_http[*at] == http).collect();
    if fitting.is_empty() && !found.https[http].complete {
        fitting = all.iter().copied().filter(|at| http == 0 || found.upstream_http[*at] == 0).collect();
    }
    let in_file = |at: &&usize| found.nginx.upstreams[**at].place.file == pass.anchor.span.file;
    let beside: Vec<usize> = fitting.iter().filter(in_file).copied().collect();
    if !beside.is_empty() {
        fitting = beside;
    }
    let [first, rest @ ..] = fitting.as_slice() else { return Ok(None) };
    match rest.iter().all(|at| is_same(&found.nginx, *first, *at)) {
        true => Ok(Some(*first)),
        false => Err(format!("several upstreams are named `{name}`")),
    }
}

/// Whether two upstreams have the same peers.
fn is_same(nginx: &Nginx, a: usize, b: usize) -> bool {
    let (a, b) = (&nginx.upstreams[a], &nginx.upstreams[b]);
    let peers = |peers: &[Peer]| -> Vec<(Possible<Endpoint>, bool)> {
        peers.iter().map(|peer| (peer.address.clone(), peer.down)).collect()
    };
    let known = |peers: &[Peer]| peers.iter().all(|peer| peer.address.known().is_some());
    a.place == b.place || known(&a.peers) && a.open == b.open && peers(&a.peers) == peers(&b.peers)
}

/// The target of a pass whose first variable has one constant value: `set $app http://127.0.0.1:8000;`. The address
/// must stand in the value, or before the variable, as a whole.
fn through_variable(
    pass: &Pass,
    word: &Word,
    found: &Found,
    index: &Index,
    sources: &Sources,
) -> Option<(Gateway, Form, Anchor)> {
    let at = word.text.find('$')?;
    let (name, length) = variable(&word.text[at..])?;
    let (value, span) = constant(name, pass, found, index)?;
    let text = format!("{}{}{}", &word.text[..at], value.text, &word.text[at + length..]);
    let (gateway, address) = address::pass(pass.name, &text).ok()?;
    let range = address.range;
    let end = at + value.text.len();
    if range.end <= at {
        let anchor = Anchor { value: part(word, range, sources), ..pass.anchor };
        return Some((gateway, address.form, anchor));
    }
    if range.start < at || range.end > end {
        return None;
    }
    let anchor = Anchor {
        span,
        value: part(value, range.start - at..range.end - at, sources),
        dialect: Dialect::Nginx,
    };
    Some((gateway, address.form, anchor))
}

/// The name of the variable that a text begins with, and how many bytes it takes.
fn variable(text: &str) -> Option<(&str, usize)> {
    let rest = text.strip_prefix('$')?;
    if let Some(braced) = rest.strip_prefix('{') {
        let name = &braced[..braced.find('}')?];
        return Some((name, name.len() + 3));
    }
    let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    (length > 0).then(|| (&rest[..length], length + 1))
}

/// The value of a variable that one unconditional `set` gives it, at the level of the pass or one that encloses it, and
/// nothing else in the same server.
fn constant<'a>(name: &str, pass: &Pass, found: &'a Found, index: &Index) -> Option<(&'a Word, Span)> {
    let setters = |name: String| index.assignments.get(&(pass.scope, name)).map_or(&[][..], Vec::as_slice);
    let ([only], []) = (setters(name.to_ascii_lowercase()), setters(String::new())) else { return None };
    let setter = &found.assignments[*only];
    let level = setter.level?;
    let mut next = Some(pass.level);
    while let Some(id) = next {
        if id == level {
            return setter.value.as_ref().map(|value| (value, setter.span));
        }
        next = found.nginx.level(id).parent;
    }
    None
}

/// Where a part of a word's text stands in its file. Where escapes make the two differ, it is looked for; all of the
/// word is the last resort.
fn part(word: &Word, range: Range<usize>, sources: &Sources) -> Span {
    let written = sources.text(word.inner);
    let start = match written == word.text {
        true => Some(range.start),
        false => word.text.get(range.clone()).and_then(|text| written.find(text)),
    };
    match start {
        Some(start) => {
            let start = word.inner.start as usize + start;
            Span::new(word.inner.file, start..start + range.len())
        }
        None => word.inner,
    }
}
