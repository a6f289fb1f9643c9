//! Both ends of a hop that speak different protocols.

use hoplint::model::Version;

use super::matrix::{Instead, On};
use super::{Case, Mend, run, server};

/// Gunicorns that wait for the end of a line where newer ones refuse it.
fn waits(on: &On) -> bool {
    on.gunicorn < Version(27, 0, 0)
}

/// Gunicorns whose sync worker is killed without an answer.
fn is_cut(on: &On) -> bool {
    on.gunicorn < Version(22, 0, 0)
}

const CUT: &[Instead] =
    &[Instead { when: is_cut, before: "502", log: "upstream prematurely closed connection" }];

/// A certificate for `localhost` that nobody trusts, and its key.
const TLS: &[(&str, &str)] = &[
    ("localhost.crt", include_str!("../data/localhost.crt")),
    ("localhost.key", include_str!("../data/localhost.key")),
    STARTED,
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
        gunicorn: "bind = \"127.0.0.1:APP\"\ntimeout = 1\n",
        files: &[STARTED],
        http: &server("proxy_pass https://127.0.0.1:APP;"),
        log: "while SSL handshaking to upstream",
        ..Case::default()
    });
}

#[test]
fn tls_to_threads_without_a_certificate_is_a_502_or_a_504() {
    run(&Case {
        rule: "scheme-mismatch",
        gunicorn: "bind = \"unix:HERE/app.sock\"\nthreads = 2\n",
        files: &[STARTED],
        http: &format!(
            "upstream app {{ server unix:HERE/app.sock; }}\n{}",
            server("proxy_connect_timeout 1s; proxy_pass https://app;")
        ),
        log: "while SSL handshaking to upstream",
        instead: &[Instead { when: waits, before: "504", log: "upstream timed out (110: " }],
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

#[test]
fn uwsgi_to_a_sync_worker_is_a_500_when_it_is_killed() {
    run(&Case {
        rule: "gateway-protocol-mismatch",
        gunicorn: "bind = \"127.0.0.1:APP\"\ntimeout = 1\n",
        files: &[STARTED],
        http: &server("uwsgi_param REQUEST_METHOD $request_method; uwsgi_pass 127.0.0.1:APP;"),
        before: "500",
        mend: Mend::Unsafe,
        instead: CUT,
        ..Case::default()
    });
}

#[test]
fn uwsgi_to_threads_is_a_504() {
    run(&Case {
        rule: "gateway-protocol-mismatch",
        gunicorn: "bind = \"unix:HERE/app.sock\"\nthreads = 2\n",
        files: &[STARTED],
        http: &server(
            "uwsgi_param REQUEST_METHOD $request_method; uwsgi_pass unix:HERE/app.sock; uwsgi_read_timeout 1s;",
        ),
        before: "504",
        log: "upstream timed out (110: ",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn fastcgi_to_a_sync_worker_is_a_502_when_it_is_killed() {
    run(&Case {
        rule: "gateway-protocol-mismatch",
        gunicorn: "bind = \"127.0.0.1:APP\"\ntimeout = 1\n",
        files: &[STARTED],
        http: &server("fastcgi_param REQUEST_METHOD $request_method; fastcgi_pass 127.0.0.1:APP;"),
        log: "upstream sent unsupported FastCGI protocol version: 72",
        mend: Mend::Unsafe,
        instead: CUT,
        ..Case::default()
    });
}

#[test]
fn scgi_to_threads_is_a_504() {
    run(&Case {
        rule: "gateway-protocol-mismatch",
        gunicorn: "bind = \"127.0.0.1:APP\"\nthreads = 2\n",
        files: &[STARTED],
        http: &server(
            "scgi_param REQUEST_METHOD $request_method; scgi_pass 127.0.0.1:APP; scgi_read_timeout 1s;",
        ),
        before: "504",
        log: "upstream timed out (110: ",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn grpc_is_a_502() {
    run(&Case {
        rule: "gateway-protocol-mismatch",
        files: &[STARTED],
        http: &server("grpc_pass 127.0.0.1:APP;"),
        log: "upstream sent too large http2 frame: 4740180",
        mend: Mend::Hand(&server("proxy_pass http://127.0.0.1:APP;")),
        ..Case::default()
    });
}

#[test]
fn http_2_is_a_502() {
    run(&Case {
        rule: "gateway-protocol-mismatch",
        files: &[STARTED],
        http: &server("proxy_http_version 2; proxy_pass http://127.0.0.1:APP;"),
        log: "upstream sent too large http2 frame: 4740180",
        runs: |on| on.nginx >= Version(1, 29, 7),
        ..Case::default()
    });
}

#[test]
fn http_to_an_app_that_speaks_uwsgi_is_a_500() {
    run(&Case {
        rule: "gateway-protocol-mismatch",
        gunicorn: "bind = \"127.0.0.1:APP\"\nprotocol = \"uwsgi\"\n",
        files: &[STARTED],
        http: &server("proxy_pass http://127.0.0.1:APP;"),
        before: "500",
        mend: Mend::Hand(&server(
            "uwsgi_param REQUEST_METHOD $request_method; uwsgi_param PATH_INFO $document_uri; uwsgi_param SERVER_PROTOCOL \
             $server_protocol; uwsgi_param SERVER_NAME localhost; uwsgi_param SERVER_PORT 80; uwsgi_param QUERY_STRING \
             $query_string; uwsgi_param REQUEST_URI $request_uri; uwsgi_pass 127.0.0.1:APP;",
        )),
        runs: |on| on.gunicorn >= Version(24, 0, 0),
        ..Case::default()
    });
}

/// Workers that refuse headers that contradict each other, and those that do not look at them.
const READERS: &[&str] = &["sync", "gthread", "gevent", "asgi", "uvicorn"];

/// Gunicorns that have the class.
fn has_class(on: &On) -> bool {
    on.class != "asgi" || on.gunicorn >= Version(24, 0, 0)
}

#[test]
fn two_headers_that_contradict_each_other_are_a_400() {
    run(&Case {
        rule: "scheme-headers-conflict",
        files: &[STARTED],
        http: &server(
            "proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto https; proxy_set_header X-Forwarded-Protocol \
             https; proxy_pass http://127.0.0.1:APP;",
        ),
        classes: READERS,
        runs: has_class,
        harmless: |on| on.class == "uvicorn",
        before: "400",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn a_scheme_that_another_header_contradicts_is_a_400_over_a_socket() {
    run(&Case {
        rule: "scheme-headers-conflict",
        gunicorn: "bind = \"unix:HERE/app.sock\"\nforwarded_allow_ips = \"10.0.0.1\"\n",
        files: &[STARTED],
        http: &server(
            "proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Ssl on; proxy_pass \
             http://unix:HERE/app.sock;",
        ),
        classes: READERS,
        runs: has_class,
        harmless: |on| on.class == "uvicorn",
        before: "400",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn one_header_that_says_both_is_a_400() {
    let http = |second: &str| {
        server(&format!(
            "proxy_set_header X-Forwarded-Proto $scheme; {second}proxy_pass http://127.0.0.1:APP;"
        ))
    };
    run(&Case {
        rule: "scheme-headers-conflict",
        files: &[STARTED],
        http: &http("proxy_set_header X-Forwarded-Proto https; "),
        before: "400",
        mend: Mend::Hand(&http("")),
        ..Case::default()
    });
}

#[test]
fn a_table_of_the_app_s_own_is_gone_by() {
    run(&Case {
        rule: "scheme-headers-conflict",
        gunicorn: "bind = \"127.0.0.1:APP\"\nsecure_scheme_headers = {\"X-SCHEME\": \"https\", \"FRONT-END-HTTPS\": \
                   \"on\"}\n",
        files: &[STARTED],
        http: &server(
            "proxy_set_header X-Scheme $scheme; proxy_set_header Front-End-Https on; proxy_set_header X-Forwarded-Ssl off; \
             proxy_set_header X-Forwarded-Proto https; proxy_pass http://127.0.0.1:APP;",
        ),
        before: "400",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn an_app_that_sees_ipv4_by_ipv6_takes_no_proxy_s_word() {
    run(&Case {
        rule: "scheme-headers-conflict",
        gunicorn: "bind = \"[::]:APP\"\n",
        files: &[STARTED],
        http: &server(
            "proxy_set_header X-Forwarded-Proto https; proxy_set_header X-Forwarded-Ssl off; proxy_pass \
             http://127.0.0.1:APP;",
        ),
        harmless: |_| true,
        ..Case::default()
    });
}
