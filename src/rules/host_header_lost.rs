//! The app is told another host than the one that the client asked for.

use std::collections::BTreeMap;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{
    App, AppId, AppKind, Deployment, Gateway, LevelId, LevelKind, Nginx, Route, RouteId, Sent, Tally,
};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "host-header-lost",
    category: Category::Protocol,
    severity: Severity::Warning,
    summary: "a Host that no client asked for, and that Django refuses",
    outcome: "400",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/host-header-lost.md"),
    check,
};

const DIRECTIVE: &str = "proxy_set_header";

/// Why a Host is not the client's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// Nobody says which, so that nginx sends the name of the upstream, which is none of a host.
    Unsaid(String),
    /// `$server_name` is sent, and the server has a name that is none.
    ServerName(String),
    /// A level says which, as here, and headers of a level inside it hide that.
    Hidden(Span),
}

/// Routes that send one app such a Host, for one reason in one place.
struct Lost<'a> {
    cause: Cause,
    /// The header that says it wrong, or the last of those that do not say it.
    beside: Option<&'a Sent>,
    /// The Host that arrives.
    host: String,
    app: &'a App,
    routes: Vec<&'a Route>,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let mut found: BTreeMap<(AppId, Cause, Option<Span>), Lost> = BTreeMap::new();
    // Of passes and of the headers that are in force for them.
    let mut uses = Tally::default();
    for (at, route) in deployment.nginx.routes.iter().enumerate() {
        let lost = lost(deployment, route, RouteId(at as u32));
        let statements = [Some(route.anchor.span), last(&deployment.nginx, route).map(|it| it.anchor.span)];
        for statement in statements.into_iter().flatten() {
            uses.count(statement, lost.is_some());
        }
        let Some((id, lost)) = lost else { continue };
        let key = (id, lost.cause.clone(), lost.beside.map(|it| it.anchor.span));
        let group = found.entry(key).or_insert(lost);
        if !group.routes.iter().rev().any(|it| it.anchor.span == route.anchor.span) {
            group.routes.push(route);
        }
    }
    for lost in found.into_values() {
        let statements = lost.routes.iter().map(|it| it.anchor.span);
        let mut statements =
            statements.chain(last(&deployment.nginx, lost.routes[0]).map(|it| it.anchor.span));
        let may_change = statements.all(|it| uses.is_whole(it));
        findings.push(finding(context, &lost, may_change));
    }
}

/// The last header that is in force for a route.
fn last<'a>(nginx: &'a Nginx, route: &Route) -> Option<&'a Sent> {
    nginx.sending(route.level, DIRECTIVE).sent.last().copied()
}

/// What a route loses, if all that answer it are Gunicorns that mind.
fn lost<'a>(deployment: &'a Deployment, route: &'a Route, id: RouteId) -> Option<(AppId, Lost<'a>)> {
    if !matches!(route.gateway, Gateway::Http | Gateway::Https) || route.open.is_some() {
        return None;
    }
    let nginx = &deployment.nginx;
    // What nginx asks for on its own account is for no client.
    if nginx.level(route.level).internal {
        return None;
    }
    let sending = nginx.sending(route.level, DIRECTIVE);
    // Django may be told to look at `X-Forwarded-Host` instead.
    if !sending.lacks("X-Forwarded-Host") {
        return None;
    }
    let named: Vec<&Sent> = sending.named("Host").collect();
    let (cause, host) = match named.as_slice() {
        [] => {
            let host = sent_by_itself(nginx, route)?;
            let hidden = sending.level.and_then(|level| hidden(nginx, route, level, &host));
            match hidden {
                Some(place) => (Cause::Hidden(place), host),
                None if is_no_host(&host) => (Cause::Unsaid(host.clone()), host),
                None => return None,
            }
        }
        [sent] if is_server_name(sent) => {
            let name = server_name(nginx, route).filter(|name| is_no_host(name))?;
            (Cause::ServerName(name.clone()), name)
        }
        _ => return None,
    };
    let mut first = None;
    for hop in deployment.hops_of(id).iter().filter(|hop| !route.peers[hop.peer].down) {
        let app = hop.app()?;
        let is_gunicorn = deployment.app(app).kind == AppKind::Gunicorn;
        let minds = matches!(cause, Cause::Hidden(_)) || is_django(deployment.app(app));
        first.get_or_insert((is_gunicorn && minds).then_some(app)?);
    }
    let id = first?;
    let beside = named.first().copied().or(sending.sent.last().copied());
    Some((id, Lost { cause, beside, host, app: deployment.app(id), routes: Vec::new() }))
}

/// Whether an app is Django's, by what its module calls. The name of the module says nothing: others have a `wsgi.py`, too.
fn is_django(app: &App) -> bool {
    app.framework == Some("django")
}

/// Whether a text is no host to Django, whatever `ALLOWED_HOSTS` says.
///
/// Source: `host_validation_re` in `django/http/request.py`, 5.2.
fn is_no_host(host: &str) -> bool {
    !host.is_empty() && !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
}

/// What nginx sends as Host by itself: what stands between the scheme and the URI of the pass, but `localhost` for a socket.
///
/// Source: `ngx_http_proxy_set_vars` in `src/http/modules/ngx_http_proxy_module.c`, 1.31.3.
fn sent_by_itself(nginx: &Nginx, route: &Route) -> Option<String> {
    if let Some(id) = route.upstream {
        return Some(nginx.upstreams[id.0 as usize].name.clone());
    }
    let (_, rest) = route.target.split_once("://")?;
    if rest.to_ascii_lowercase().starts_with("unix:") {
        return Some("localhost".into());
    }
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    (!host.contains('$')).then(|| host.to_owned())
}

/// Where a level around the one whose headers are in force says that the Host is the client's, if this one hides it.
fn hidden(nginx: &Nginx, route: &Route, level: LevelId, host: &str) -> Option<Span> {
    let around = nginx.sending(nginx.level(level).parent?, DIRECTIVE);
    let mut named = around.named("Host").filter(|_| around.open.is_none());
    let (sent, None) = (named.next()?, named.next()) else { return None };
    let is_clients = |value: &String| {
        ["$host", "$http_host", "${host}", "${http_host}"].iter().any(|it| value.starts_with(it))
    };
    // The upstream is named after the site, or no client's request gets here.
    let names = route.server.map_or(&[][..], |at| nginx.servers[at].names.as_slice());
    let is_named_so = names.iter().any(|name| name.eq_ignore_ascii_case(host));
    let is_internal = nginx.level(level).internal || nginx.level(route.level).internal;
    (sent.value.must(is_clients) && !is_named_so && !is_internal).then_some(sent.anchor.span)
}

fn is_server_name(sent: &Sent) -> bool {
    sent.doubt.is_none()
        && sent.value.must(|value| matches!(value.as_str(), "$server_name" | "${server_name}"))
}

/// What `$server_name` is: the first of the names, if it is certain that it is.
fn server_name(nginx: &Nginx, route: &Route) -> Option<String> {
    let server = &nginx.servers[route.server?];
    let level = nginx.level(server.level);
    let is_certain = level.holes.is_empty() && level.open_above.is_none();
    server.names.first().filter(|name| is_certain && !name.starts_with('~')).cloned()
}

fn finding(context: &Context, lost: &Lost, may_change: bool) -> Finding {
    let Lost { cause, beside, host, app, routes } = lost;
    let django = is_django(app);
    let message = match cause {
        Cause::Unsaid(_) => format!(
            "nginx tells this Django app that the client asked for `{host}`, the upstream's name, which is no host: \
             requests get a 400, all of them where `CommonMiddleware` is in use"
        ),
        Cause::ServerName(_) => format!(
            "`$server_name` is `{host}` here, which is no host to this Django app: requests get a 400, all of them where \
             `CommonMiddleware` is in use"
        ),
        Cause::Hidden(_) if django && is_no_host(host) => format!(
            "the headers of this level hide the Host that is set around it, so that this Django app is told `{host}`, the \
             upstream's name, which is no host: requests get a 400, all of them where `CommonMiddleware` is in use"
        ),
        Cause::Hidden(_) if django => format!(
            "the headers of this level hide the Host that is set around it, so that this Django app is told `{host}`: requests \
             get a 400, unless `ALLOWED_HOSTS` takes that too"
        ),
        Cause::Hidden(_) => format!(
            "the headers of this level hide the Host that is set around it, so that the app is told `{host}`: where it makes \
             links or checks who asks, it uses that"
        ),
    };
    let pass = |route: &Route| Label {
        span: route.anchor.span,
        text: "for requests that are handed on here".into(),
    };
    let mut related = Vec::new();
    let primary = match (cause, beside) {
        (Cause::ServerName(_), Some(sent)) => {
            Label { span: sent.anchor.span, text: format!("the Host is `{host}`") }
        }
        (Cause::Hidden(place), Some(sent)) => {
            related.push(Label { span: *place, text: "the Host that was meant".into() });
            Label { span: sent.anchor.span, text: "headers, and no Host among them".into() }
        }
        _ => Label { span: routes[0].anchor.span, text: format!("the Host is `{host}`, since none is set") },
    };
    related.extend(routes.iter().filter(|it| it.anchor.span != primary.span).map(|it| pass(it)).take(3));
    let origin = &app.target.origin;
    if let Some(place) = origin.place.filter(|_| django) {
        related.push(Label { span: place, text: "the app is Django's".into() });
    }
    let mut finding = RULE.finding(message, primary, related);
    // Many a Django takes every host, and answers all the same.
    if !(django && is_no_host(host)) {
        finding.severity = Severity::Note;
        finding.outcome = if django { "400 or none" } else { "links to another host" }.into();
    }
    let log = match cause {
        Cause::Hidden(_) if !django => "",
        _ => "; Django's log says `Invalid HTTP_HOST header`",
    };
    finding.help = Some(format!(
        "add `proxy_set_header Host $host;` to the headers that are in force there: one `proxy_set_header` at a level hides \
         all that are inherited{log}"
    ));
    if matches!(cause, Cause::ServerName(_)) {
        finding.help = Some(format!("write `$host`, which is what the client asked for{log}"));
    }
    finding.fix = may_change.then(|| fix(context, lost)).flatten();
    finding
}

/// Says which Host, beside the headers that are in force, or beside the pass where there are none.
fn fix(context: &Context, lost: &Lost) -> Option<Fix> {
    let nginx = &context.deployment.nginx;
    let header = || [(DIRECTIVE, "Host $host".to_owned())];
    let edits: Vec<Edit> = match (&lost.cause, lost.beside) {
        (Cause::ServerName(_), Some(sent)) => {
            const WRONG: &str = "$server_name";
            let at = context.sources.text(sent.anchor.value).find(WRONG)? as u32;
            let start = sent.anchor.value.start + at;
            let span = Span { start, end: start + WRONG.len() as u32, ..sent.anchor.value };
            vec![Edit { span, replacement: "$host".into() }]
        }
        (_, Some(sent)) => vec![sent.anchor.add_after(context.sources, &header())?],
        (_, None) => {
            let is_location = |route: &&Route| nginx.level(route.level).kind == LevelKind::Location;
            if !lost.routes.iter().all(is_location) {
                return None;
            }
            let edit = |route: &&Route| route.anchor.add_after(context.sources, &header());
            lost.routes.iter().map(edit).collect::<Option<_>>()?
        }
    };
    let is_refused = is_no_host(&lost.host) && is_django(lost.app);
    let how = if is_refused { Applicability::Safe } else { Applicability::Unsafe };
    Fix::new("say which Host the client asked for", how, edits)
}
