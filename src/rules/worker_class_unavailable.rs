//! A worker class that the release of Gunicorn does not have.

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{AppFault, AppFaultKind};
use crate::value::nearest;

pub(super) const RULE: Rule = Rule {
    name: "worker-class-unavailable",
    category: Category::Gunicorn,
    severity: Severity::Error,
    summary: "a worker class that Gunicorn does not have",
    outcome: "start-up failure",
    fix: Fixable::Never,
    page: include_str!("../../rules/worker-class-unavailable.md"),
    check,
};

/// The short names that have a class in the newest release.
const NAMES: [&str; 7] = ["sync", "gthread", "gevent", "gevent_wsgi", "gevent_pywsgi", "tornado", "asgi"];

fn check(context: &Context, findings: &mut Vec<Finding>) {
    findings.extend(context.deployment.app_faults(&[AppFaultKind::WorkerClass]).into_iter().map(finding));
}

fn finding(fault: &AppFault) -> Finding {
    let name = &fault.value;
    let message = format!("{} has no worker class `{name}`, and does not start", fault.subject());
    let label = Label { span: fault.place, text: fault.message.trim_end_matches(':').into() };
    let mut finding = RULE.finding(message, label, Vec::new());
    finding.help = Some(match name.as_str() {
        "eventlet" | "gunicorn.workers.geventlet.EventletWorker" => {
            "Gunicorn 26.0 dropped it; `gevent` and `gthread` keep many connections too".into()
        }
        "asgi" | "gunicorn.workers.gasgi.ASGIWorker" => "Gunicorn 24.0 brought it".into(),
        "uvicorn" => "uvicorn's class has a dotted path, `uvicorn_worker.UvicornWorker` or `uvicorn.workers.UvicornWorker`"
            .into(),
        _ => match nearest(name, NAMES) {
            Some(near) => format!("`{near}` is one; a class of another package is named by its dotted path"),
            None => format!("it has {}; a class of another package is named by its dotted path", NAMES.join(", ")),
        },
    });
    finding
}
