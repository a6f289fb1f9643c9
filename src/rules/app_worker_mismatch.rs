//! An application that its workers cannot call.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, Interface, WorkerClass};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "app-worker-mismatch",
    category: Category::Gunicorn,
    severity: Severity::Error,
    summary: "an ASGI application under WSGI workers, or the reverse",
    outcome: "500",
    fix: Fixable::Never,
    page: include_str!("../../rules/app-worker-mismatch.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    for app in &context.deployment.apps {
        let Some(interface) = app.interface else { continue };
        let place = app.target.origin.place.unwrap_or(app.place);
        if app.worker_class.value.must(|class| calls(class).is_some_and(|it| it != interface))
            && seen.insert(place)
        {
            findings.push(finding(app, interface, place));
        }
    }
}

/// How a worker calls the application, where that is known of its class.
fn calls(class: &WorkerClass) -> Option<Interface> {
    match class {
        WorkerClass::Sync
        | WorkerClass::Gthread
        | WorkerClass::Gevent
        | WorkerClass::Eventlet
        | WorkerClass::Tornado => Some(Interface::Wsgi),
        WorkerClass::Asgi | WorkerClass::Uvicorn => Some(Interface::Asgi),
        WorkerClass::Other(_) => None,
    }
}

fn finding(app: &App, interface: Interface, place: Span) -> Finding {
    let class = app.worker_class.value.candidates().and_then(|classes| classes.first());
    let class = class.map_or_else(String::new, ToString::to_string);
    let (is, wants, help) = match interface {
        Interface::Asgi => (
            "an ASGI",
            "a WSGI",
            "start it with `-k uvicorn_worker.UvicornWorker` of the package uvicorn-worker, or with `-k asgi` since Gunicorn 24",
        ),
        Interface::Wsgi => (
            "a WSGI",
            "an ASGI",
            "start it with Gunicorn's own workers: leave `worker_class` out, or take gthread",
        ),
    };
    let message = format!(
        "this is {is} application, and {class} workers call it as {wants} one: every request gets a 500, with a `TypeError` \
         about its arguments in the log"
    );
    let primary = Label { span: place, text: format!("{is} application") };
    let origin = &app.worker_class.origin;
    let related = vec![Label {
        span: origin.place.unwrap_or(app.place),
        text: match origin.place {
            Some(_) => format!("{class} workers, {}", origin.describe("Gunicorn")),
            None => format!("{class} workers, Gunicorn's default"),
        },
    }];
    let mut finding = RULE.finding(message, primary, related);
    finding.help = Some(help.into());
    finding
}
