//! Both ends of a hop that speak different protocols.

use super::{Case, Mend, run, server};

/// A certificate for `localhost` that nobody trusts, and its key.
const TLS: &[(&str, &str)] = &[
    ("localhost.crt", include_str!("../data/localhost.crt")),
    ("localhost.key", include_str!("../data/localhost.key")),
];

/// What starts Gunicorn, so that it is known what it is started without.
const STARTED: (&str, &str) = (
    "app.service",
    "[Service]\nWorkingDirectory=HERE\nExecStart=/usr/bin/gunicorn -w 2 -c gunicorn.conf.py stub:app\n\
     ExecReload=/bin/kill -HUP $MAINPID\nRestart=on-failure\n",
);

#[test]
fn tls_to_an_app_without_a_certificate_is_a_502() {
    run(&Case {
        rule: "scheme-mismatch",
        files: &[STARTED],
        http: &server("proxy_pass https://127.0.0.1:APP;"),
        log: "while SSL handshaking to upstream",
        ..Case::default()
    });
}

#[test]
fn tls_to_threads_without_a_certificate_is_a_502() {
    run(&Case {
        rule: "scheme-mismatch",
        gunicorn: "bind = \"unix:HERE/app.sock\"\nthreads = 2\n",
        files: &[STARTED],
        http: &format!(
            "upstream app {{ server unix:HERE/app.sock; }}\n{}",
            server("proxy_pass https://app;")
        ),
        log: "while SSL handshaking to upstream",
        ..Case::default()
    });
}

#[test]
fn plain_http_to_an_app_with_a_certificate_is_a_502() {
    run(&Case {
        rule: "scheme-mismatch",
        gunicorn: "bind = \"127.0.0.1:APP\"\ncertfile = \"HERE/localhost.crt\"\nkeyfile = \"HERE/localhost.key\"\n",
        files: TLS,
        http: &server("proxy_pass http://127.0.0.1:APP;"),
        log: "while reading response header from upstream",
        ..Case::default()
    });
}

#[test]
fn a_certificate_that_nginx_would_not_take_is_the_hand_s() {
    run(&Case {
        rule: "scheme-mismatch",
        gunicorn: "bind = \"127.0.0.1:APP\"\ncertfile = \"HERE/localhost.crt\"\nkeyfile = \"HERE/localhost.key\"\n",
        files: TLS,
        http: &server(
            "proxy_ssl_verify on; proxy_ssl_trusted_certificate localhost.crt; proxy_pass http://127.0.0.1:APP;",
        ),
        log: "while reading response header from upstream",
        mend: Mend::Hand(&server(
            "proxy_ssl_verify on; proxy_ssl_trusted_certificate localhost.crt; proxy_ssl_name localhost; proxy_pass \
             https://127.0.0.1:APP;",
        )),
        ..Case::default()
    });
}
