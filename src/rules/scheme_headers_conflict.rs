//! nginx says in one header that a request came over HTTPS, and in another that it did not.

mod told;
mod trust;

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule, more_routes};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{
    App, AppId, Arrivals, Deployment, Gateway, LevelId, Nginx, Route, RouteId, Sent, Setting, Table, Tally,
};
use crate::source::Span;
use told::{Contradiction, contradiction};
use trust::trusts;

pub(super) const RULE: Rule = Rule {
    name: "scheme-headers-conflict",
    category: Category::Protocol,
    severity: Severity::Warning,
    summary: "headers that contradict each other about HTTPS, to an app that believes them",
    outcome: "400",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/scheme-headers-conflict.md"),
    check,
};

const DIRECTIVE: &str = "proxy_set_header";
const TABLE: &str = "secure_scheme_headers";

/// Which requests of a route the app refuses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Refused {
    All,
    OverTls,
    OverPlain,
}

/// Headers that contradict one, and the routes that send them all to one app.
struct Conflict<'a> {
    contradiction: Contradiction<'a>,
    app: &'a App,
    routes: Vec<&'a Route>,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let mut arrivals: Option<Arrivals> = None;
    let mut found: BTreeMap<(AppId, Refused, Vec<Span>), Conflict> = BTreeMap::new();
    for (at, route) in deployment.nginx.routes.iter().enumerate() {
        let Some(id) = believer(deployment, route, RouteId(at as u32)) else { continue };
        let app = deployment.app(id);
        let table: Setting<Table> = app.setting(TABLE);
        let Some(table) = table.value.known() else { continue };
        let contradictions =
            [true, false].map(|tls| contradiction(&deployment.nginx, route.level, table, tls));
        if contradictions.iter().all(Option::is_none) {
            continue;
        }
        let arrivals =
            arrivals.get_or_insert_with(|| Arrivals::new(&deployment.nginx, deployment.target.nginx));
        for (refused, contradiction) in refused(&deployment.nginx, arrivals, route, contradictions) {
            let key = (id, refused, contradiction.statements());
            let conflict = found.entry(key).or_insert(Conflict { contradiction, app, routes: Vec::new() });
            if !conflict.routes.iter().any(|it| it.anchor.span == route.anchor.span) {
                conflict.routes.push(route);
            }
        }
    }
    if found.is_empty() {
        return;
    }
    let uses = uses(deployment, found.values());
    for ((_, refused, _), conflict) in found {
        findings.push(finding(refused, &conflict, &uses));
    }
}

/// The first of the apps that answer a route, if each of them certainly takes nginx's word.
fn believer(deployment: &Deployment, route: &Route, id: RouteId) -> Option<AppId> {
    if !matches!(route.gateway, Gateway::Http | Gateway::Https) || route.open.is_some() {
        return None;
    }
    let mut first = None;
    for hop in deployment.hops_of(id).iter().filter(|hop| !route.peers[hop.peer].down) {
        let app = hop.app()?;
        let believes = trusts(deployment, route, &route.peers[hop.peer], deployment.app(app));
        first.get_or_insert(believes.then_some(app)?);
    }
    first
}

/// What contradicts each other in which requests: those over TLS first.
fn refused<'a>(
    nginx: &Nginx,
    arrivals: &Arrivals,
    route: &Route,
    contradictions: [Option<Contradiction<'a>>; 2],
) -> Vec<(Refused, Contradiction<'a>)> {
    let schemes = route.server.map(|server| arrivals.of(server));
    match contradictions {
        [Some(tls), Some(plain)] if tls.statements() == plain.statements() => {
            let is_plain = schemes.is_some_and(|it| it.plain && !it.tls);
            vec![(Refused::All, if is_plain { plain } else { tls })]
        }
        [tls, plain] => {
            let Some(schemes) = schemes else { return Vec::new() };
            let refused =
                |over, has_others: bool| if has_others || schemes.open { over } else { Refused::All };
            let tls = tls.filter(|_| schemes.tls).map(|it| (refused(Refused::OverTls, schemes.plain), it));
            // Where there are both, plain requests are mostly sent on to where there is TLS.
            let is_plain = schemes.plain && !(schemes.tls && diverts(nginx, route.level));
            let plain = plain.filter(|_| is_plain).map(|it| (refused(Refused::OverPlain, schemes.tls), it));
            [tls, plain].into_iter().flatten().collect()
        }
    }
}

/// Whether something around a level may answer a request, so that it does not get there.
fn diverts(nginx: &Nginx, level: LevelId) -> bool {
    let mut levels = std::iter::successors(Some(level), |id| nginx.level(*id).parent);
    levels.any(|id| nginx.level(id).diverts)
}

/// How often statements that a fix would change are in force, and how often what they contradict is so, too, before an app
/// that goes by it.
fn uses<'a>(deployment: &Deployment, conflicts: impl Iterator<Item = &'a Conflict<'a>>) -> Tally {
    let mut kept: BTreeMap<Span, BTreeSet<Span>> = BTreeMap::new();
    for Conflict { contradiction, .. } in conflicts {
        for wrong in &contradiction.wrong {
            kept.entry(wrong.sent.anchor.span).or_default().insert(contradiction.kept.sent.anchor.span);
        }
    }
    let mut uses = Tally::default();
    for (at, route) in deployment.nginx.routes.iter().enumerate() {
        let sending = deployment.nginx.sending(route.level, DIRECTIVE);
        let statements: BTreeSet<Span> = sending.sent.iter().map(|it| it.anchor.span).collect();
        let believes = believer(deployment, route, RouteId(at as u32)).is_some();
        for statement in &statements {
            let Some(kept) = kept.get(statement) else { continue };
            uses.count(*statement, believes && kept.is_subset(&statements));
        }
    }
    uses
}

fn finding(refused: Refused, conflict: &Conflict, uses: &Tally) -> Finding {
    let Conflict { contradiction, app, routes } = conflict;
    let (kept, wrong) = (&contradiction.kept, &contradiction.wrong);
    let (secure, other) = if kept.is_secure { (kept, &wrong[0]) } else { (&wrong[0], kept) };
    let requests = match refused {
        Refused::All => "every request",
        Refused::OverTls => "every request over HTTPS",
        Refused::OverPlain => "every request over plain HTTP",
    };
    let message = format!(
        "`{}: {}` tells this app that a request came over HTTPS, and `{}: {}` that it did not, since only `{}` says so there: \
         {requests} gets a 400",
        secure.sent.name, secure.value, other.sent.name, other.value, other.expected
    );
    let label =
        |sent: &Sent, value: &str| Label { span: sent.anchor.span, text: format!("`{value}` is sent here") };
    let primary = label(wrong[0].sent, &wrong[0].value);
    let mut related = vec![label(kept.sent, &kept.value)];
    related.extend(wrong[1..].iter().map(|it| label(it.sent, &it.value)));
    let table = app.setting::<Table>(TABLE).origin;
    let (span, text) = match table.place {
        Some(place) => (place, format!("the headers that it goes by, {}", table.describe("Gunicorn"))),
        None => (app.place, format!("this app goes by both: Gunicorn's default of `{TABLE}`")),
    };
    related.push(Label { span, text });
    let text = "for requests that are handed on here".to_owned();
    related.push(Label { span: routes[0].anchor.span, text });
    let others = more_routes(routes.len());
    let mut finding = RULE.finding(message, primary, related);
    finding.help = Some(format!(
        "tell the scheme in one header: `{DIRECTIVE} {} \"\";` keeps the other from the app, and what clients send in it, too; \
         Gunicorn's log says `Contradictory scheme headers` (before 21, and of `asgi` workers, nothing), nginx's nothing{others}",
        wrong[0].sent.name
    ));
    finding.fix = fix(contradiction, uses);
    finding
}

/// Keeps from the app what contradicts the header that stays, where this is in force wherever that was.
fn fix(contradiction: &Contradiction, uses: &Tally) -> Option<Fix> {
    let Contradiction { kept, wrong } = contradiction;
    let may_change =
        |sent: &Sent| uses.is_whole(sent.anchor.span) && !sent.name.eq_ignore_ascii_case(&kept.sent.name);
    let edits: Vec<Edit> = wrong
        .iter()
        .map(|it| may_change(it.sent).then(|| it.sent.anchor.set("\"\"")))
        .collect::<Option<_>>()?;
    Fix::new(format!("tell the scheme in `{}` alone", kept.sent.name), Applicability::Unsafe, edits)
}
