//! How the app is made to speak what nginx does.

use std::collections::BTreeSet;

use super::{Context, Mismatch, Sends, Speaks};
use crate::edit::{Applicability, Fix};
use crate::model::{AppId, Datum, Readers, WorkerClass};

/// Lets an app speak the one protocol that all routes to it do: uwsgi where its workers have that, or HTTP again.
///
/// Seen with Gunicorn 27.0.1: with all, one or none of `uwsgi_params` at a port, and with all of them at a socket.
pub(super) fn speak(context: &Context, id: AppId, mismatch: &Mismatch, readers: &Readers) -> Option<Fix> {
    use WorkerClass::{Gevent, Gthread, Sync};
    let has_uwsgi = context.deployment.may_speak_uwsgi(mismatch.app)
        && mismatch.app.worker_class.value.must(|class| matches!(class, Sync | Gthread | Gevent));
    let protocol = match (mismatch.sends, mismatch.speaks) {
        (Sends::Uwsgi, Speaks::Http1) if has_uwsgi => "uwsgi",
        (Sends::Http1, Speaks::Uwsgi) => "http",
        _ => return None,
    };
    let settings = [("protocol", Datum::Text(protocol.into()))];
    let (edits, _) = readers.set(id, &settings, &BTreeSet::from([id]), context.sources)?;
    Fix::new(format!("let the app speak {}", mismatch.sends.name()), Applicability::Unsafe, edits)
}
