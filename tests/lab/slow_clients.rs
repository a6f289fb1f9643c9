//! What becomes of clients that take their time.

use std::time::Duration;

use hoplint::model::Version;

use super::{Case, Instead, Mend, Request, run, server};

/// Longer than the workers of these tests may take.
const LONG: Duration = Duration::from_secs(3);

const SYNC: &str = "bind = \"127.0.0.1:APP\"\nworker_class = \"sync\"\nthreads = 1\ntimeout = 1\n";

#[test]
fn an_upload_that_is_not_buffered_is_a_500_when_the_worker_s_time_is_up() {
    run(&Case {
        rule: "unbuffered-sync-worker",
        gunicorn: SYNC,
        http: &server("proxy_pass http://127.0.0.1:APP; proxy_request_buffering off;"),
        request: Request { path: "/read", body: "half and half", pause: LONG, ..Request::PLAIN },
        before: "500",
        instead: &[Instead {
            when: |on| on.gunicorn < Version(22, 0, 0),
            before: "502",
            log: "upstream prematurely closed connection",
        }],
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn an_answer_that_is_not_buffered_is_cut_when_the_worker_s_time_is_up() {
    run(&Case {
        rule: "unbuffered-sync-worker",
        gunicorn: SYNC,
        http: &server("proxy_pass http://127.0.0.1:APP; proxy_buffering off;"),
        request: Request { path: "/large", pause: LONG, ..Request::PLAIN },
        before: "200 cut",
        log: "upstream prematurely closed connection",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn an_answer_without_a_file_to_wait_in_is_cut_when_the_worker_s_time_is_up() {
    run(&Case {
        rule: "unbuffered-sync-worker",
        gunicorn: SYNC,
        http: &server("proxy_pass http://127.0.0.1:APP; proxy_max_temp_file_size 0;"),
        request: Request { path: "/large", pause: LONG, ..Request::PLAIN },
        before: "200 cut",
        log: "upstream prematurely closed connection",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}
