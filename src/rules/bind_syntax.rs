//! Addresses that Gunicorn cannot read or bind, or reads otherwise than they are meant.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppFault, AppFaultKind, AppKind, Mend, Nginx, Setting};
use crate::source::Span;
use crate::value::Endpoint;

pub(super) const RULE: Rule = Rule {
    name: "bind-syntax",
    category: Category::Address,
    severity: Severity::Error,
    summary: "an address that Gunicorn cannot listen on",
    outcome: "start-up failure",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/bind-syntax.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let faults = context.deployment.app_faults(&[AppFaultKind::Bind]);
    findings.extend(faults.into_iter().map(refused));
    let targets = LazyCell::new(|| Targets::of(&context.deployment.nginx));
    // Several apps may read one file.
    let mut seen: BTreeSet<(Span, String)> = BTreeSet::new();
    for app in context.deployment.apps.iter().filter(|app| app.kind == AppKind::Gunicorn) {
        let relatives = relatives(context, app, |it| targets.may_be(it)).into_iter();
        findings.extend(relatives.filter(|it| seen.insert((it.primary.span, it.message.clone()))));
    }
}

/// What nginx connects to.
struct Targets<'a> {
    known: BTreeSet<&'a Endpoint>,
    /// Whether it may connect to anything.
    open: bool,
}

impl Targets<'_> {
    fn of(nginx: &Nginx) -> Targets<'_> {
        let mut targets = Targets { known: BTreeSet::new(), open: false };
        for peer in nginx.routes.iter().flat_map(|route| route.peers.iter()) {
            match peer.address.candidates() {
                Some(addresses) => targets.known.extend(addresses),
                None => targets.open = true,
            }
        }
        targets
    }

    fn may_be(&self, address: &Endpoint) -> bool {
        self.open || self.known.contains(address)
    }
}

fn refused(fault: &AppFault) -> Finding {
    let AppFault { value, message, .. } = fault;
    let label = Label { span: fault.place, text: message.clone() };
    let mut finding =
        RULE.finding(format!("Gunicorn cannot listen on `{value}`, and does not start"), label, Vec::new());
    finding.help = Some(help(value));
    finding.fix = fault.mend.clone().and_then(Mend::fix);
    finding
}

/// What Gunicorn makes of the address.
fn help(value: &str) -> String {
    let lower = value.to_ascii_lowercase();
    let text = if value.contains(',') {
        "several addresses are a list, or several `--bind`"
    } else if value.starts_with('/') {
        "a path without `unix:` in front of it is read as the name of a host"
    } else if lower.starts_with("unix:") && value.len() > 100 {
        "the path of a socket has at most 107 bytes"
    } else if lower.starts_with("unix:") || lower.starts_with("tcp:") {
        "the scheme is written in lower case"
    } else if lower.starts_with("http") {
        "an address has no scheme; certificates are given by `certfile` and `keyfile`"
    } else if value.bytes().all(|byte| byte.is_ascii_digit()) {
        "a number alone is read as a host, 8001 as 0.0.31.65; a port stands behind a host and a colon"
    } else if value.starts_with('*') {
        "all addresses of the machine are `0.0.0.0` or `[::]`"
    } else if value.matches(':').count() > 1 {
        "an IPv6 address stands in brackets"
    } else {
        "an address is written `host:port` or `unix:/path`"
    };
    text.into()
}

/// The paths with two slashes, which are relative, where it makes a difference and nothing connects to what they are.
fn relatives(context: &Context, app: &App, is_reached: impl Fn(&Endpoint) -> bool) -> Vec<Finding> {
    let bind: Setting<Vec<String>> = app.setting("bind");
    let Some(place) = bind.origin.anchor.map(|anchor| anchor.value).or(bind.origin.place) else {
        return Vec::new();
    };
    let found = app.misread_paths().into_iter().filter_map(|(text, path, is)| {
        let listener = Endpoint::Unix(is);
        let reached = is_reached(&listener);
        let Endpoint::Unix(is) = listener else { return None };
        (!reached).then(|| relative(context, place, &text, &path, &is))
    });
    found.collect()
}

fn relative(context: &Context, place: Span, text: &str, path: &str, is: &str) -> Finding {
    let label = Label { span: place, text: format!("Gunicorn listens on {is}") };
    let message = format!(
        "`{text}` is the relative path {path}: Gunicorn does not start where that directory is missing, and listens on \
         {is} where it is there"
    );
    let mut finding = RULE.finding(message, label, Vec::new());
    finding.help = Some(format!("write `unix:/{path}`, or `unix:///{path}`"));
    let written = context.sources.text(place);
    let mut at = written.match_indices(text);
    if let (Some((at, _)), None) = (at.next(), at.next()) {
        // Of `unix://` the second slash goes.
        let start = place.start as usize + at + "unix:/".len() - 1;
        let edit = Edit { span: Span::new(place.file, start..start + 2), replacement: "/".into() };
        finding.fix = Fix::new("make the path absolute", Applicability::Safe, vec![edit]);
    }
    finding
}
