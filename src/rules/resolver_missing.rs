//! A host name that is looked up for each request, with nobody to ask.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Gateway, LookedUp, Route, Setting};
use crate::source::Span;
use crate::value::{Endpoint, Host, Possible};

pub(super) const RULE: Rule = Rule {
    name: "resolver-missing",
    category: Category::Address,
    severity: Severity::Error,
    summary: "a host name is looked up for each request, and no `resolver` is set",
    outcome: "502",
    fix: Fixable::Never,
    page: include_str!("../../rules/resolver-missing.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let nginx = &deployment.nginx;
    let routes = || nginx.routes.iter().filter(|it| it.gateway != Gateway::Stream);
    if routes().all(|it| it.looked_up.is_none()) {
        return;
    }
    let Some(known) = known_at_start(&nginx.routes) else { return };
    let mut by_place: BTreeMap<Span, Vec<(&Route, &LookedUp)>> = BTreeMap::new();
    for route in routes() {
        let Some(looked_up) = &route.looked_up else { continue };
        let resolver: Setting<Option<Vec<String>>> =
            nginx.setting(route.level, "resolver", deployment.target.nginx);
        let is_known = known.contains(&(looked_up.name.as_str(), looked_up.port));
        if resolver.value.must(Option::is_none) && !is_known && !nginx.rescues(route.level).unreached {
            by_place.entry(looked_up.place).or_default().push((route, looked_up));
        }
    }
    findings.extend(by_place.into_iter().map(|(place, routes)| finding(place, &routes)));
}

/// The host and port that a route leads to.
fn address(route: &Route) -> Option<(&str, u16)> {
    let [peer] = route.peers.as_slice() else { return None };
    match peer.address.known() {
        Some(Endpoint::Tcp(Host::Name(name), port)) => Some((name, *port)),
        _ => None,
    }
}

/// The hosts and ports that passes without variables lead to: nginx looks these up once when it starts, and whoever names
/// the same host and port later gets what was found then. `None` where a pass may lead anywhere.
///
/// Source: `ngx_http_upstream_init_request` of `src/http/ngx_http_upstream.c`, 1.31.3, and seen with 1.22.1.
fn known_at_start(routes: &[Route]) -> Option<BTreeSet<(&str, u16)>> {
    let constant = || routes.iter().filter(|it| !it.target.contains('$') && it.upstream.is_none());
    let is_unknown =
        |route: &Route| route.peers.iter().any(|peer| matches!(peer.address, Possible::Unknown(_)));
    (!constant().any(is_unknown)).then(|| constant().filter_map(address).collect())
}

fn finding(place: Span, routes: &[(&Route, &LookedUp)]) -> Finding {
    let name = &routes[0].1.name;
    let message = format!(
        "nginx looks `{name}` up for each request, since the pass has a variable, and no `resolver` is in force: every \
         request gets a 502"
    );
    let label = Label { span: place, text: format!("`{name}` is looked up while nginx runs") };
    let passes: BTreeSet<Span> = routes.iter().map(|(route, _)| route.anchor.span).collect();
    let elsewhere =
        passes.into_iter().filter(|it| it.file != place.file || it.end < place.start || place.end < it.start);
    let text = "for requests that are handed on here";
    let related = elsewhere.take(3).map(|span| Label { span, text: text.into() }).collect();
    let mut finding = RULE.finding(message, label, related);
    let instead = match name.as_str() {
        "localhost" => "write 127.0.0.1 instead, which need not be looked up".to_owned(),
        _ => "set a `resolver`, or hand on without a variable, so that nginx looks the name up once when it starts".into(),
    };
    finding.help = Some(format!(
        "{instead}: `/etc/hosts` and `/etc/resolv.conf` are read at the start alone; nginx's error log says `no resolver \
         defined to resolve {name}`"
    ));
    finding
}
