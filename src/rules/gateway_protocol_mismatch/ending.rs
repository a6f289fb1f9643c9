//! How a request ends that the app does not understand.
//!
//! All of it was seen with nginx 1.31.3 and Gunicorn 20.1.0, 23.0.0 and 27.0.1, gevent and uvicorn's workers with 27.0.1.

use super::{Mismatch, is_encrypted};
use crate::model::{ANSWERS_WHEN_KILLED, Deployment, Sends, Setting, Speaks, Version, WorkerClass};
use crate::value::Duration;

/// How a request ends.
pub(super) struct Ending {
    /// The status.
    pub(super) status: &'static str,
    /// The same in a sentence.
    pub(super) words: String,
    /// What the logs say.
    pub(super) log: &'static str,
}

const FRAME: &str =
    "nginx's error log says `upstream sent too large http2 frame: 4740180`, which is the word HTTP";
const FASTCGI: &str =
    "nginx's error log says `upstream sent unsupported FastCGI protocol version: 72`, which is the H of HTTP";
const TIMED_OUT: &str =
    "nginx's error log says `upstream timed out (110: ...) while reading response header from upstream`";
const NO_URI: &str = "Gunicorn's log says `Error handling request (no URI read)`";
const KILLED: &str = "Gunicorn's log says `WORKER TIMEOUT`, nginx's `upstream prematurely closed connection`";
const NONE: &str = "neither log names the cause";

fn every(status: &'static str, log: &'static str) -> Ending {
    Ending { status, words: format!("every request gets a {status}"), log }
}

fn not_known() -> Ending {
    let words = "every request fails, with a 500, 502 or 504".into();
    Ending { status: "500, 502 or 504", words, log: NONE }
}

/// How requests of the first route end.
pub(super) fn of(deployment: &Deployment, mismatch: &Mismatch) -> Ending {
    let Mismatch { sends, speaks, app, routes } = mismatch;
    let certificate: Setting<Option<String>> = app.setting("certfile");
    if is_encrypted(routes[0]) || !certificate.value.must(Option::is_none) {
        return not_known();
    }
    match (sends, speaks) {
        (Sends::Http1, _) => every("500", NO_URI),
        (Sends::Http2 | Sends::Grpc, Speaks::Http1) => every("502", FRAME),
        (Sends::Fastcgi, Speaks::Uwsgi) => every("502", FASTCGI),
        (Sends::Uwsgi | Sends::Fastcgi | Sends::Scgi, Speaks::Http1) => waiting(deployment, mismatch),
        _ => not_known(),
    }
}

/// How requests end that the app waits for the rest of: a line of HTTP never comes.
fn waiting(deployment: &Deployment, mismatch: &Mismatch) -> Ending {
    let Mismatch { sends, app, routes, .. } = mismatch;
    let route = routes[0];
    let Some(name) = route.gateway.read_timeout() else { return not_known() };
    let read: Setting<Duration> = deployment.nginx.setting(route.level, name, deployment.target.nginx);
    let worker: Setting<Duration> = app.setting("timeout");
    let (Some(read), Some(worker)) = (read.value.known(), worker.value.known()) else { return not_known() };
    let zero = Duration::seconds(0);
    let given_up = || Ending {
        status: "504",
        words: format!(
            "it waits for the end of a line that never comes, and every request gets a 504 after {read}"
        ),
        log: TIMED_OUT,
    };
    match app.worker_class.value.known() {
        Some(WorkerClass::Sync) if *worker == zero || worker > read => given_up(),
        Some(WorkerClass::Sync) if worker < read => {
            let by_gunicorn = deployment.target.gunicorn >= ANSWERS_WHEN_KILLED;
            let (status, log) = match sends {
                Sends::Fastcgi if by_gunicorn => ("502", FASTCGI),
                _ if by_gunicorn => ("500", NO_URI),
                _ => ("502", KILLED),
            };
            let words = format!(
                "its worker waits for the end of a line until it is killed after {worker}, and every request gets a {status}"
            );
            Ending { status, words, log }
        }
        Some(WorkerClass::Gthread) => given_up(),
        Some(WorkerClass::Asgi) if deployment.target.gunicorn >= Version(27, 0, 0) => given_up(),
        Some(WorkerClass::Uvicorn) => match sends {
            Sends::Uwsgi => every("400", "uvicorn's log says `Invalid HTTP request received.`"),
            Sends::Fastcgi => every("502", FASTCGI),
            _ => Ending {
                status: "400 or 504",
                words: "every request gets a 400 or a 504".into(),
                log: "uvicorn's log says `Invalid HTTP request received.`",
            },
        },
        _ => not_known(),
    }
}
