//! From passes to routes: what each leads to.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::address::{self, Form};
use super::found::{Found, Pass, SHARED_HTTP, SHARED_STREAM};
use super::trouble::{Refusal, Trouble};
use super::undefined::Names;
use super::variable::{self, Variables};
use super::{Known, refuse};
use crate::edit::Edit;
use crate::model::{
    Anchor, Fault, FaultKind, Gateway, LookedUp, Mend, Nginx, Peer, Route, Unresolved, UpstreamId, Uri,
};
use crate::resolve::variants;
use crate::source::{FileId, Sources, Span};
use crate::syntax::nginx::Word;
use crate::value::{Endpoint, Host, Possible};

/// How many peers the routes of a stack have together: each of them makes a hop of its own.
const MAX_PEERS: usize = 1_000_000;

/// Makes a route of every pass.
pub(super) fn apply(found: &mut Found, known: &Known) {
    let (index, sources) = (Index::new(found, known), known.sources);
    let mut in_level = vec![0_u32; found.nginx.levels.len()];
    for pass in &found.passes {
        in_level[pass.level.0 as usize] += 1;
    }
    let is_only = |pass: &Pass| in_level[pass.level.0 as usize] == 1;
    let target = |pass: &Pass| match (&pass.maybe, is_only(pass)) {
        (Some(why), _) => Err(Trouble::Unknown(why.clone())),
        (None, false) => Err(Trouble::Unknown("several passes stand in one block".into())),
        (None, true) => target(pass, found, &index, sources),
    };
    let targets: Vec<Result<Target, Trouble>> = found.passes.par_iter().map(target).collect();
    let mut peers = 0;
    let peers_up_to = |target: &Result<Target, Trouble>| {
        peers += target.as_ref().map_or(1, |target| target.peers(&found.nginx));
        peers
    };
    let peers: Vec<usize> = targets.iter().map(peers_up_to).collect();
    let faults: Vec<Fault> = found
        .passes
        .par_iter()
        .zip(&targets)
        .filter_map(|(pass, target)| fault(pass, target, &found.nginx, sources))
        .collect();
    let made = |((pass, target), peers): ((&Pass, Result<Target, Trouble>), usize)| {
        let target = target.and_then(|target| match peers > MAX_PEERS {
            true => {
                let why = "the routes of the configuration have too many servers to be followed";
                Err(Trouble::Unknown(why.into()))
            }
            false => Ok(target),
        });
        let is_unknown = matches!(target, Err(Trouble::Unknown(_))) && pass.maybe.is_none() && is_only(pass);
        let mut route = route(pass, target, &found.nginx);
        if let [word] = &*pass.arguments
            && is_unknown
        {
            // An address that stands in two places cannot be changed, and its host is looked up all the same.
            let looked_up = variable::looked_up(pass, word, &index.variables);
            route.looked_up = looked_up.filter(|it| !index.upstreams.contains_key(&it.name));
        }
        route
    };
    let routes: Vec<Route> = found.passes.par_iter().zip(targets).zip(peers).map(made).collect();
    for (pass, route) in found.passes.iter().zip(&routes).filter(|(_, route)| route.upstream.is_none()) {
        for peer in route.peers.iter() {
            if let Possible::Unknown(why) = &peer.address {
                let what = format!("{} {}", pass.name, route.target);
                found.unresolved.push(Unresolved { span: pass.anchor.span, what, why: why.clone() });
            }
        }
    }
    found.nginx.routes = routes;
    found.nginx.faults.extend(faults);
    refuse::apply(found, sources);
}

/// What passes look up.
pub(super) struct Index<'a> {
    /// By name in lower case, as nginx compares them.
    pub(super) upstreams: BTreeMap<String, Vec<usize>>,
    variables: Variables<'a>,
    names: Names<'a>,
    /// The upstreams that no pass goes to.
    unused: Vec<usize>,
    sources: &'a Sources,
}

impl<'a> Index<'a> {
    fn new(found: &'a Found, known: &Known<'a>) -> Index<'a> {
        let Known { external, sources, whole, .. } = *known;
        let by_name = || {
            let mut upstreams: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for (at, upstream) in found.nginx.upstreams.iter().enumerate() {
                upstreams.entry(upstream.name.to_ascii_lowercase()).or_default().push(at);
            }
            (upstreams, Variables::new(found))
        };
        let (names, (upstreams, variables)) = rayon::join(|| Names::new(found, external, whole), by_name);
        let upstreams_by_number = found.nginx.upstreams.iter().enumerate();
        let unused =
            upstreams_by_number.filter(|(_, it)| names.is_unused(&it.name)).map(|(at, _)| at).collect();
        Index { upstreams, variables, names, unused, sources }
    }
}

/// What a pass leads to.
struct Target {
    gateway: Gateway,
    uri: Uri,
    looked_up: Option<LookedUp>,
    wrong: Option<Refusal>,
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
    Peer(Box<Peer>),
}

fn route(pass: &Pass, target: Result<Target, Trouble>, nginx: &Nginx) -> Route {
    let words: Vec<&str> = pass.arguments.iter().map(|word| word.text.as_str()).collect();
    let mut route = Route {
        level: pass.level,
        server: pass.server,
        gateway: gateway(pass),
        target: words.join(" "),
        anchor: pass.anchor,
        uri: Uri::Kept,
        looked_up: None,
        upstream: None,
        peers: Arc::default(),
        open: None,
    };
    let target = match target {
        Ok(target) => target,
        Err(trouble) => {
            let inner = pass.arguments.first().map_or(pass.anchor.value, |word| word.inner());
            let anchor = Anchor { value: inner, ..pass.anchor };
            route.uri = Uri::Unknown(trouble.why());
            route.peers = vec![Peer::new(Possible::Unknown(trouble.why()), anchor)].into();
            return route;
        }
    };
    route.gateway = target.gateway;
    route.uri = target.uri;
    route.looked_up = target.looked_up;
    match target.to {
        To::Peer(peer) => route.peers = vec![*peer].into(),
        To::Upstream(at) => {
            let upstream = &nginx.upstreams[at];
            route.upstream = Some(UpstreamId(at as u32));
            route.peers = upstream.peers.clone();
            route.open = upstream.open.clone();
        }
    }
    route
}

/// The protocol of a pass by its name and scheme, whatever its address.
fn gateway(pass: &Pass) -> Gateway {
    let https = pass.arguments.first().is_some_and(|word| address::starts_with(&word.text, "https://"));
    match pass.name {
        "proxy_pass" if pass.stream => Gateway::Stream,
        "proxy_pass" if https => Gateway::Https,
        "proxy_pass" => Gateway::Http,
        "uwsgi_pass" => Gateway::Uwsgi,
        "scgi_pass" => Gateway::Scgi,
        "grpc_pass" => Gateway::Grpc,
        _ => Gateway::Fastcgi,
    }
}

/// What is wrong with the argument of a pass.
fn fault(pass: &Pass, target: &Result<Target, Trouble>, nginx: &Nginx, sources: &Sources) -> Option<Fault> {
    let [word] = &*pass.arguments else { return None };
    let refusal = match target {
        Ok(target) => target.wrong.as_ref()?,
        Err(Trouble::Refused(refusal)) => refusal,
        Err(Trouble::Unknown(_)) => return None,
    };
    let refusal = match refusal.kind {
        FaultKind::UnixUri => &refuse::uri_of_socket(refusal.clone(), &word.text, nginx, pass.level),
        _ => refusal,
    };
    Some(from_refusal(refusal, word, pass.anchor.span, sources))
}

/// A fault of one word of a directive.
pub(super) fn from_refusal(refusal: &Refusal, word: &Word, directive: Span, sources: &Sources) -> Fault {
    // Where the word is not written as nginx takes it, a part of it cannot be pointed at.
    let is_plain = sources.text(word.inner()) == word.text;
    let mend = refusal.mend.as_ref().filter(|_| is_plain).map(|(range, text, applicability)| {
        let start = word.inner().start as usize;
        let span = Span::new(word.inner().file, start + range.start..start + range.end);
        let mut changed = word.text.to_string();
        changed.replace_range(range.clone(), text);
        Mend {
            title: format!("write `{changed}`"),
            applicability: *applicability,
            edits: vec![Edit { span, replacement: text.clone() }],
        }
    });
    let place = if word.inner().file == directive.file { word.span } else { directive };
    Fault { kind: refusal.kind, place, message: refusal.message.clone(), related: None, help: None, mend }
}

fn target(pass: &Pass, found: &Found, index: &Index, sources: &Sources) -> Result<Target, Trouble> {
    let [word] = &*pass.arguments else {
        return Err(Trouble::Unknown(format!("nginx refuses it: `{}` takes one argument", pass.name)));
    };
    let runs = word.text.contains('$');
    let argument = match address::pass(pass.name, pass.stream, &word.text) {
        Ok((gateway, address)) => {
            let value = part(word, address.range.clone(), sources);
            let uri = own_uri(word, &address.range, gateway, sources);
            let anchor = Anchor { value, ..pass.anchor };
            let own = Some(address.range);
            Argument { gateway, uri, wrong: address.wrong, own, forms: vec![(address.form, anchor)] }
        }
        Err(trouble) => match variable::followed(pass, word, &index.variables, sources) {
            Some(argument) => argument,
            None if word.template => return Err(Trouble::Unknown("it is filled in by a template".into())),
            None => return Err(trouble),
        },
    };
    let Argument { gateway, uri, wrong, own, forms } = argument;
    if let (Some(range), [(Form::Bare(host), _)]) = (&own, forms.as_slice())
        && let Some(refusal) = undefined(host, gateway, pass, found, index)
    {
        return Err(Trouble::Refused(refusal.behind(range.start)));
    }
    let mut targets = Vec::new();
    for (form, anchor) in forms {
        let led = leads_to(&form, anchor, gateway, runs, pass, found, index);
        targets.push(led.map_err(|trouble| match (trouble, &own) {
            (Trouble::Refused(refusal), Some(range)) => {
                Trouble::Refused(refusal.at(word.text.get(range.clone()).unwrap_or_default(), range.start))
            }
            // What a variable holds is not refused when nginx starts.
            (trouble, _) => Trouble::Unknown(trouble.why()),
        })?);
    }
    // A variable that may be one of several addresses leads to one of several peers.
    let (to, looked_up) = match <[_; 1]>::try_from(targets) {
        Ok([only]) => only,
        Err(several) => one_of(several)?,
    };
    Ok(Target { gateway, uri, looked_up, wrong, to })
}

/// Whether a host without a port is certainly meant to be an upstream of another name.
fn undefined(host: &str, gateway: Gateway, pass: &Pass, found: &Found, index: &Index) -> Option<Refusal> {
    let http = found.level_http[pass.level.0 as usize];
    let is_known = index.upstreams.contains_key(&host.to_ascii_lowercase());
    if is_known || pass.arguments.iter().any(|it| it.text.contains('$')) {
        return None;
    }
    // What else the machine's `http` block reads may define a name. But of an upstream in the same file, to which nothing leads,
    // and a pass to all but its name, one is the other's mistake.
    let is_whole = found.https[http].complete;
    let is_fragment = http == SHARED_HTTP && !found.https[http].holes;
    let is_near =
        |at: usize| is_whole || is_fragment && found.nginx.upstreams[at].place.file == pass.anchor.span.file;
    let unused = index.unused.iter().filter(|at| found.upstream_http[**at] == http && is_near(**at));
    index.names.undefined(host, gateway, unused.map(|at| found.nginx.upstreams[*at].name.as_str()))
}

/// The argument of a pass, variables followed.
pub(super) struct Argument {
    pub(super) gateway: Gateway,
    pub(super) uri: Uri,
    pub(super) wrong: Option<Refusal>,
    /// The bytes of the argument that are the address, where it stands in the pass itself.
    pub(super) own: Option<Range<usize>>,
    /// What the address may be, and where it is written.
    pub(super) forms: Vec<(Form, Anchor)>,
}

type Led = (To, Option<LookedUp>);

/// One of several addresses, where all of them are addresses.
fn one_of(several: Vec<Led>) -> Result<Led, Trouble> {
    let mut addresses = Vec::new();
    let mut first = None;
    for (to, looked_up) in several {
        let (To::Peer(peer), None) = (to, looked_up) else {
            return Err(Trouble::Unknown("a variable may lead to several upstreams".into()));
        };
        addresses.extend(peer.address.candidates().into_iter().flatten().cloned());
        first.get_or_insert(peer);
    }
    let peer = first.ok_or_else(|| Trouble::Unknown("it depends on a variable".into()))?;
    Ok((To::Peer(Box::new(Peer { address: Possible::one_of(addresses), ..*peer })), None))
}

/// Where one address leads. `runs` says whether the pass has variables, so that names are looked up for each request.
fn leads_to(
    form: &Form,
    anchor: Anchor,
    gateway: Gateway,
    runs: bool,
    pass: &Pass,
    found: &Found,
    index: &Index,
) -> Result<Led, Trouble> {
    let http = found.level_http[pass.level.0 as usize];
    let endpoint = match form {
        Form::Relative(_) => {
            return Err(Trouble::Refused(Refusal::new(FaultKind::UnixRelative, address::RELATIVE)));
        }
        Form::Endpoint(Endpoint::Tcp(Host::Name(name), port)) => {
            let mut named = index.upstreams.get(name).map_or(&[][..], Vec::as_slice).iter();
            if !runs && named.clone().any(|at| is_beside(*at, http, pass, found, index.sources)) {
                let message = format!("upstream \"{name}\" may not have port {port}");
                return Err(Trouble::Refused(Refusal::new(FaultKind::PortOfUpstream, &message)));
            }
            if !runs && named.any(|at| found.upstream_http[*at] == http) {
                let why = format!("`{name}` is a host, or an upstream of another file");
                return Err(Trouble::Unknown(why));
            }
            Endpoint::Tcp(Host::Name(name.clone()), *port)
        }
        Form::Endpoint(endpoint) => endpoint.clone(),
        Form::Bare(host) => {
            if let Some(at) = upstream(&host.to_ascii_lowercase(), http, pass, found, index)? {
                return Ok((To::Upstream(at), None));
            }
            alone(host, gateway, found.https[http].complete, runs)?
        }
    };
    let looked_up = match &endpoint {
        Endpoint::Tcp(Host::Name(name), port) if runs => {
            Some(LookedUp { name: name.clone(), port: *port, place: anchor.value })
        }
        _ => None,
    };
    Ok((To::Peer(Box::new(Peer::new(Possible::Known(endpoint), anchor))), looked_up))
}

/// Whether an upstream is certainly there where a pass is: in the same block, and in no file that may be for another
/// machine.
fn is_beside(upstream: usize, http: usize, pass: &Pass, found: &Found, sources: &Sources) -> bool {
    let (here, there) = (pass.anchor.span.file, found.nginx.upstreams[upstream].place.file);
    let path = |file: FileId| sources.get(file).path.as_str();
    found.upstream_http[upstream] == http
        && !found.upstream_doubt[upstream]
        && (here == there || http > SHARED_STREAM && !variants::may_exclude(path(here), path(there)))
}

/// A host without a port that no upstream of the stack is named after.
fn alone(host: &str, gateway: Gateway, complete: bool, runs: bool) -> Result<Endpoint, Trouble> {
    let parsed = Host::parse(host);
    let is_name = matches!(&parsed, Host::Name(name) if name != "localhost");
    let port = match gateway {
        Gateway::Http => 80,
        Gateway::Https => 443,
        // Any name may be that of an upstream which a file that is not known defines.
        _ if !complete && is_name || runs => {
            return Err(Trouble::Unknown(format!(
                "`{host}` has no port, and no upstream of this name is known"
            )));
        }
        _ => return Err(Trouble::refused("no port").of(host, 0)),
    };
    if !complete && is_name {
        return Err(Trouble::Unknown(format!(
            "`{host}` is a host, or an upstream of a file that is not known"
        )));
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
) -> Result<Option<usize>, Trouble> {
    let all = index.upstreams.get(name).map_or(&[][..], Vec::as_slice);
    let mut fitting: Vec<usize> = all.iter().copied().filter(|at| found.upstream_http[*at] == http).collect();
    if fitting.is_empty() && !found.https[http].complete {
        fitting = all.iter().copied().filter(|at| found.may_share(http, found.upstream_http[*at])).collect();
    }
    let in_file = |at: &&usize| found.nginx.upstreams[**at].place.file == pass.anchor.span.file;
    let beside: Vec<usize> = fitting.iter().filter(in_file).copied().collect();
    if !beside.is_empty() {
        fitting = beside;
    }
    let [first, rest @ ..] = fitting.as_slice() else { return Ok(None) };
    match rest.iter().all(|at| is_same(&found.nginx, *first, *at)) {
        true => Ok(Some(*first)),
        false => Err(Trouble::Unknown(format!("several upstreams are named `{name}`"))),
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

/// What a pass makes of the URI, where the address is written in the pass itself.
fn own_uri(word: &Word, address: &Range<usize>, gateway: Gateway, sources: &Sources) -> Uri {
    if !matches!(gateway, Gateway::Http | Gateway::Https) {
        return Uri::Kept;
    }
    let mut start = address.end;
    if word.text[start..].starts_with(':') && address::starts_with(&word.text[address.start..], "unix:") {
        start += 1;
    }
    let rest = &word.text[start..];
    if rest.is_empty() {
        return Uri::Kept;
    }
    if word.text.contains('$') {
        return Uri::Computed;
    }
    if word.template {
        return Uri::Unknown("it is filled in by a template".into());
    }
    Uri::Replaced(rest.to_owned(), part(word, start..word.text.len(), sources))
}

/// Where a part of a word's text stands in its file. Where escapes make the two differ, it is looked for; all of the
/// word is the last resort.
pub(super) fn part(word: &Word, range: Range<usize>, sources: &Sources) -> Span {
    let written = sources.text(word.inner());
    let start = match written == word.text {
        true => Some(range.start),
        false => word.text.get(range.clone()).and_then(|text| written.find(text)),
    };
    match start {
        Some(start) => {
            let start = word.inner().start as usize + start;
            Span::new(word.inner().file, start..start + range.len())
        }
        None => word.inner(),
    }
}
