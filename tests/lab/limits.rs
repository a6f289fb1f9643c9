//! What the app refuses that nginx lets through.

use hoplint::model::{KEEPS_BY_ITSELF, Version};

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
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

/// An app of Flask, whose name a small one has here. Flask itself was seen to do the same: it answers with a 413 where the
/// length is larger than `MAX_CONTENT_LENGTH`, and reads nothing.
const FLASK: &[(&str, &str)] = &[
    (
        "shop.py",
        "from flask import Flask\n\napp = Flask(__name__)\napp.config[\"MAX_CONTENT_LENGTH\"] = 100 * 1000\n",
    ),
    (
        "flask.py",
        r#"
class Flask:
    def __init__(self, name):
        self.config = {}

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > self.config["MAX_CONTENT_LENGTH"]:
            start_response("413 Request Entity Too Large", [("Content-Type", "text/plain")])
            return [b"too large"]
        environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"served"]
"#,
    ),
    (
        "app.service",
        "[Service]\nWorkingDirectory=HERE\nExecStart=/usr/bin/gunicorn -w 2 -c gunicorn.conf.py shop:app\n\
         ExecReload=/bin/kill -HUP $MAINPID\nRestart=on-failure\n",
    ),
];

/// A `server` that lets 50 MiB through.
fn wide(besides: &str) -> String {
    server(&format!("{besides}proxy_pass http://127.0.0.1:APP;"))
        .replace("        location", "        client_max_body_size 50m;\n        location")
}

/// Of so many uploads at once one is lost at least, of all but a few runs.
fn uploads(body: &str) -> Request<'_> {
    Request { at_once: 12, body, ..Request::PLAIN }
}

#[test]
fn uploads_that_the_app_does_not_read_are_a_502_for_some() {
    let body = "x".repeat(8 << 20);
    run(&Case {
        rule: "body-limit-above-app",
        app: "shop:app",
        files: FLASK,
        http: &wide(""),
        request: uploads(&body),
        before: "502",
        log: "while sending request to upstream",
        mend: Mend::Unsafe,
        after: "413",
        ..Case::default()
    });
}

#[test]
fn uploads_that_threads_do_not_read_are_a_502_for_some() {
    let body = "x".repeat(8 << 20);
    run(&Case {
        rule: "body-limit-above-app",
        app: "shop:app",
        files: FLASK,
        http: &wide("proxy_set_header Connection close; "),
        request: uploads(&body),
        classes: &["gthread", "gevent"],
        before: "502",
        log: "while sending request to upstream",
        mend: Mend::Unsafe,
        after: "413",
        ..Case::default()
    });
}

#[test]
fn uploads_of_which_the_rest_is_read_are_a_413_for_all() {
    let body = "x".repeat(8 << 20);
    run(&Case {
        rule: "body-limit-above-app",
        app: "shop:app",
        files: FLASK,
        http: &wide("proxy_http_version 1.1; proxy_set_header Connection \"\"; "),
        request: uploads(&body),
        classes: &["gthread", "gevent"],
        runs: |on| on.nginx >= KEEPS_BY_ITSELF && (on.class == "gevent" || on.gunicorn < Version(27, 0, 0)),
        harmless: |_| true,
        after: "413",
        ..Case::default()
    });
}
