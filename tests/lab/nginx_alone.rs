//! What nginx does with its own configuration, whatever the app.

use super::{Case, run, server};

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
        ..Case::default()
    });
}
