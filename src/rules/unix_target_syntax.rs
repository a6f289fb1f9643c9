//! The address of a unix socket that nginx refuses, or takes for another one.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit};
use crate::finding::{Finding, Label, Severity};
use crate::model::{FaultKind, Hop, Joined, Mend, Mistake};
use crate::source::Span;
use crate::value::Endpoint;

pub(super) const RULE: Rule = Rule {
    name: "unix-target-syntax",
    category: Category::Address,
    severity: Severity::Error,
    summary: "the address of a unix socket that nginx reads otherwise than it is meant",
    outcome: "502, or nginx does not start",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/unix-target-syntax.md"),
    check,
};

const KINDS: [FaultKind; 4] =
    [FaultKind::UnixRefused, FaultKind::UnixUri, FaultKind::UnixColon, FaultKind::UnixRelative];

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mistakes = context.deployment.nginx.mistakes(&KINDS);
    if mistakes.is_empty() {
        return;
    }
    let sockets = Sockets::new(context);
    findings.extend(mistakes.iter().filter_map(|mistake| finding(mistake, &sockets)));
}

/// The sockets that the apps of the stack listen on.
struct Sockets<'a> {
    paths: BTreeSet<&'a str>,
    /// Whether there is no other, as far as the apps go.
    complete: bool,
    /// The statements by which an app is reached, on however odd a path.
    reached: BTreeSet<Span>,
}

impl<'a> Sockets<'a> {
    fn new(context: &Context<'a>) -> Sockets<'a> {
        let deployment = context.deployment;
        let joined = deployment.hops.iter().filter(|hop| matches!(hop.joined, Joined::App(_)));
        let peer = |hop: &Hop| deployment.route(hop.route).peers[hop.peer].anchor.span;
        let reached = joined.map(peer).collect();
        let mut sockets = Sockets { paths: BTreeSet::new(), complete: true, reached };
        for app in &deployment.apps {
            sockets.complete &= app.listeners.value.known().is_some();
            let all = app.listeners.value.candidates().into_iter().flatten().flatten();
            sockets.paths.extend(all.filter_map(|it| match it {
                Endpoint::Unix(path) => Some(path.as_str()),
                Endpoint::Tcp(..) => None,
            }));
        }
        sockets
    }

    /// The one socket that a relative path stands for in the directory of the app, and not in the root directory, which
    /// systemd starts nginx in.
    fn meant_by(&self, relative: &str) -> Option<&'a str> {
        let from_root = format!("/{relative}");
        let mut fitting = self.paths.iter().filter(|path| path.ends_with(&from_root));
        let only = *fitting.next().filter(|_| self.complete)?;
        (fitting.next().is_none() && only != from_root).then_some(only)
    }
}

fn finding(mistake: &Mistake, sockets: &Sockets) -> Option<Finding> {
    let fault = mistake.fault;
    if mistake.statement.is_some_and(|it| sockets.reached.contains(&it)) {
        return None;
    }
    let mut mend = mistake.mend.clone();
    let (outcome, message, help) = match fault.kind {
        FaultKind::UnixUri => (
            "502",
            format!("{}: no request arrives at the app", fault.message),
            "end the path with a colon before a URI, or leave the URI out; nginx's error log says `connect() to \
             unix:... failed (20: Not a directory)`"
                .to_owned(),
        ),
        FaultKind::UnixColon => (
            "502",
            format!("{}: no request arrives at the app", fault.message),
            "leave the colon out: only in a pass it ends the path; nginx's error log says `connect() to unix:... failed \
             (2: No such file or directory)`"
                .to_owned(),
        ),
        FaultKind::UnixRelative => {
            let relative = mend.as_ref()?.edits.first()?.replacement.strip_prefix("unix:/")?.to_owned();
            let path = sockets.meant_by(&relative)?;
            mend = absolute(mend.as_ref()?, path);
            (
                "502",
                format!(
                    "nginx looks for the socket `{relative}` in the directory that it is started in, but the app \
                     listens on `{path}`"
                ),
                format!(
                    "write the whole path: a service manager starts nginx in `/`, where it would be `/{relative}`; \
                     nginx's error log says `connect() to unix:{relative} failed (2: No such file or directory)`"
                ),
            )
        }
        _ => (
            "nginx does not start",
            format!("nginx refuses this address: {}", fault.message),
            "a socket is written `http://unix:/run/app.sock` in `proxy_pass`, and `unix:/run/app.sock` in an upstream's \
             `server` and in the other passes"
                .to_owned(),
        ),
    };
    let label = Label { span: fault.place, text: "this is not the socket's address for nginx".into() };
    let mut finding = RULE.finding(message, label, Vec::new());
    finding.outcome = outcome.into();
    finding.help = Some(help);
    finding.fix = mend.and_then(Mend::fix);
    Some(finding)
}

/// The mend of a relative path by the path that is meant, where it stands for itself in nginx's configuration.
fn absolute(mend: &Mend, path: &str) -> Option<Mend> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte);
    if !path.bytes().all(is_plain) {
        return None;
    }
    let [edit] = mend.edits.as_slice() else { return None };
    let address = format!("unix:{path}");
    let edit = Edit { replacement: address.clone(), ..edit.clone() };
    Some(Mend { title: format!("write `{address}`"), applicability: Applicability::Safe, edits: vec![edit] })
}
