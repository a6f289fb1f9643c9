//! What nginx does with its own configuration, whatever the app.

use hoplint::model::Version;

use super::{Case, Mend, Request, run, server};

#[test]
fn a_read_timeout_of_0_is_a_504() {
    run(&Case {
        rule: "zero-timeout",
        http: &server("proxy_pass http://127.0.0.1:APP; proxy_read_timeout 0;"),
        before: "504",
        log: "while reading response header from upstream",
        ..Case::default()
    });
}

#[test]
fn a_connect_timeout_of_0_is_a_504() {
    run(&Case {
        rule: "zero-timeout",
        http: &server("proxy_pass http://127.0.0.1:APP; proxy_connect_timeout 0;"),
        before: "504",
        log: "while connecting to upstream",
        ..Case::default()
    });
}

#[test]
fn a_buffer_of_0_bytes_is_a_502() {
    run(&Case {
        rule: "zero-buffer",
        http: &server("proxy_pass http://127.0.0.1:APP; proxy_buffer_size 0;"),
        log: "upstream prematurely closed connection while reading response header from upstream",
        ..Case::default()
    });
}

#[test]
fn an_encoding_that_nginx_does_not_keep_to_is_a_400() {
    run(&Case {
        rule: "transfer-encoding-set",
        http: &server("proxy_pass http://127.0.0.1:APP; proxy_set_header Transfer-Encoding identity;"),
        before: "400",
        harmless: |on| on.gunicorn < Version(27, 0, 0),
        ..Case::default()
    });
}

#[test]
fn chunks_that_are_announced_by_an_older_version_of_http_are_a_400() {
    run(&Case {
        rule: "transfer-encoding-set",
        http: &server(
            "proxy_http_version 1.0; proxy_pass http://127.0.0.1:APP; proxy_set_header Transfer-Encoding chunked;",
        ),
        before: "400",
        // Older ones wait for the chunks where the app looks for a body, which this one does not.
        runs: |on| on.gunicorn >= Version(22, 0, 0),
        ..Case::default()
    });
}

/// A `server` with one location.
fn located(location: &str, pass: &str) -> String {
    server(pass).replace("location / {", &format!("location {location} {{"))
}

#[test]
fn a_location_without_a_slash_doubles_it() {
    run(&Case {
        rule: "proxy-uri-joined",
        http: &located("/api", "proxy_pass http://127.0.0.1:APP/;"),
        request: Request { path: "/api/x", ..Request::PLAIN },
        before: "404",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn a_uri_without_a_slash_loses_it() {
    run(&Case {
        rule: "proxy-uri-joined",
        http: &located("/api/", "proxy_pass http://127.0.0.1:APP/v1;"),
        request: Request { path: "/api/x", ..Request::PLAIN },
        before: "404",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn a_pass_to_the_own_server_uses_up_all_connections() {
    run(&Case {
        rule: "proxy-loop",
        http: &server("proxy_pass http://127.0.0.1:PORT;"),
        before: "500",
        log: "worker_connections are not enough",
        mend: Mend::Hand(&server("proxy_pass http://127.0.0.1:APP;")),
        ..Case::default()
    });
}

#[test]
fn a_loop_through_a_socket_is_a_502() {
    let http = server("proxy_pass http://unix:HERE/nginx.sock;");
    run(&Case {
        rule: "proxy-loop",
        http: &http.replace("listen 127", "listen unix:HERE/nginx.sock; listen 127"),
        before: "502",
        log: "recv() failed (104: ",
        mend: Mend::Hand(&server("proxy_pass http://127.0.0.1:APP;")),
        ..Case::default()
    });
}

#[test]
fn a_handshake_without_its_headers_is_an_ordinary_request() {
    run(&Case {
        rule: "websocket-headers-missing",
        classes: &["asgi"],
        runs: |on| on.gunicorn >= Version(24, 0, 0),
        http: &server("proxy_pass http://127.0.0.1:APP;"),
        request: Request {
            headers: "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            ..Request::PLAIN
        },
        before: "200",
        mend: Mend::Unsafe,
        after: "101",
        ..Case::default()
    });
}

#[test]
fn two_requests_do_not_fit_into_four_connections() {
    run(&Case {
        rule: "connections-exhausted",
        events: "worker_connections 4;",
        http: &server("proxy_pass http://127.0.0.1:APP;"),
        request: Request { path: "/slow", at_once: 2, ..Request::PLAIN },
        before: "500",
        log: "4 worker_connections are not enough",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}
