//! What the app refuses that nginx lets through.

use hoplint::model::Version;

use super::{Case, Instead, Mend, Request, run, server};

/// The limits that Gunicorn has by default.
const SMALL: &str = "bind = \"127.0.0.1:APP\"\nlimit_request_line = 4094\nlimit_request_field_size = 8190\n";

/// A `server` that lets 16 KiB through.
fn roomy() -> String {
    server("proxy_pass http://127.0.0.1:APP;")
        .replace("        location", "        large_client_header_buffers 4 16k;\n        location")
}

#[test]
fn a_line_that_is_too_long_for_the_app_is_a_414() {
    let path = format!("/{}", "x".repeat(10_000));
    run(&Case {
        rule: "request-limit-below-proxy",
        gunicorn: SMALL,
        http: &roomy(),
        request: Request { path: &path, ..Request::PLAIN },
        classes: &["sync", "gthread", "gevent"],
        before: "414",
        instead: &[Instead { when: |on| on.gunicorn < Version(27, 0, 0), before: "400", log: "" }],
        truth: "proxy",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn a_field_that_is_too_long_for_the_app_is_a_431() {
    let cookie = format!("Cookie: a={}\r\n", "x".repeat(10_000));
    run(&Case {
        rule: "request-limit-below-proxy",
        gunicorn: SMALL,
        http: &roomy(),
        request: Request { headers: &cookie, ..Request::PLAIN },
        classes: &["sync", "gthread", "gevent"],
        before: "431",
        instead: &[Instead { when: |on| on.gunicorn < Version(21, 0, 0), before: "400", log: "" }],
        truth: "proxy",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn a_line_that_is_too_long_for_the_app_is_refused_by_nginx_instead() {
    let path = format!("/{}", "x".repeat(10_000));
    run(&Case {
        rule: "request-limit-below-proxy",
        gunicorn: SMALL,
        http: &roomy(),
        request: Request { path: &path, ..Request::PLAIN },
        classes: &["sync"],
        before: "414",
        instead: &[Instead { when: |on| on.gunicorn < Version(27, 0, 0), before: "400", log: "" }],
        mend: Mend::Unsafe,
        after: "414",
        ..Case::default()
    });
}
