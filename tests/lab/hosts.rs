//! The host that an app is told.

use super::{Case, Mend, run};

/// Takes hosts as Django does with `ALLOWED_HOSTS = ["localhost", ".example.com"]`: `host_validation_re`, and then the list. Django itself was
/// seen to answer the same.
pub(super) const DJANGO: &[(&str, &str)] = &[
    ("shop/__init__.py", ""),
    (
        "shop/wsgi.py",
        "from django.core.wsgi import get_wsgi_application\n\napplication = get_wsgi_application()\n",
    ),
    ("django/__init__.py", ""),
    ("django/core/__init__.py", ""),
    (
        "django/core/wsgi.py",
        r#"
import re

VALID = re.compile(r"^([a-z0-9.-]+|\[[a-f0-9]*:[a-f0-9\.:]+\])(?::([0-9]+))?$")

def application(environ, start_response):
    valid = VALID.match(environ.get("HTTP_HOST", "").lower())
    served = valid and (valid.group(1) == "localhost" or valid.group(1).endswith(".example.com"))
    start_response("200 OK" if served else "400 Bad Request", [("Content-Type", "text/plain")])
    return [b"served" if served else b"refused"]

def get_wsgi_application():
    return application
"#,
    ),
    (
        "app.service",
        "[Service]\nWorkingDirectory=HERE\nExecStart=/usr/bin/gunicorn -w 2 -c gunicorn.conf.py shop.wsgi:application\n\
         ExecReload=/bin/kill -HUP $MAINPID\nRestart=on-failure\n",
    ),
];

/// A stack with this in nginx's `http`.
fn refused(http: &str) {
    run(&Case {
        rule: "host-header-lost",
        app: "shop.wsgi:application",
        files: DJANGO,
        http,
        before: "400",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn the_name_of_an_upstream_is_a_400() {
    refused(
        "upstream shop_app { server 127.0.0.1:APP; }\n server { listen 127.0.0.1:PORT; location / { proxy_pass \
         http://shop_app; } }",
    );
}

#[test]
fn the_name_of_a_server_that_has_none_is_a_400() {
    refused(
        "server { listen 127.0.0.1:PORT; server_name _; location / { proxy_set_header Host $server_name; proxy_pass \
         http://127.0.0.1:APP; } }",
    );
}

#[test]
fn a_host_that_other_headers_hide_is_a_400() {
    refused(
        "upstream shop { server 127.0.0.1:APP; }\n server { listen 127.0.0.1:PORT; proxy_set_header Host $host; location / { \
         proxy_set_header X-Request-Id 1; proxy_pass http://shop; } }",
    );
}
