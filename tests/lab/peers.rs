//! Both ends of a hop: where they meet, how long they wait, and what becomes of one peer of several.

use hoplint::model::Version;

use super::{Case, Mend, Request, run, server};

/// An upstream with a server that passes to it.
fn upstream(servers: &str) -> String {
    format!("upstream app {{ {servers} }}\n{}", server("proxy_pass http://app; proxy_read_timeout 1s;"))
}

#[test]
fn ipv6_in_front_of_an_app_that_listens_on_ipv4_is_a_502() {
    run(&Case {
        rule: "upstream-unbound",
        http: &server("proxy_pass http://[::1]:APP;"),
        log: "connect() failed (111: ",
        ..Case::default()
    });
}

#[test]
fn a_port_in_front_of_an_app_that_has_a_socket_is_a_502() {
    run(&Case {
        rule: "upstream-unbound",
        gunicorn: "bind = \"unix:HERE/orders.sock\"\n",
        http: &format!(
            "upstream orders {{ server 127.0.0.1:FREE; }}\n{}",
            server("proxy_pass http://orders;")
        ),
        log: "connect() failed (111: ",
        ..Case::default()
    });
}

#[test]
fn a_socket_in_front_of_an_app_that_has_a_port_is_a_502() {
    run(&Case {
        rule: "upstream-unbound",
        http: &server("proxy_pass http://unix:HERE/app.sock;"),
        log: "/app.sock failed (2: ",
        ..Case::default()
    });
}

#[test]
fn an_upstream_of_which_nobody_listens_is_a_502() {
    run(&Case {
        rule: "upstream-unbound",
        http: &upstream("server 127.0.0.1:FREE; keepalive 4;"),
        log: "connect() failed (111: ",
        // Not uvicorn: a note about headers of WebSockets comes with that hop, and keeps the fix back.
        classes: &["sync", "gthread", "gevent"],
        ..Case::default()
    });
}

#[test]
fn a_read_timeout_below_an_event_loop_s_is_a_504_whatever_its_timeout() {
    run(&Case {
        rule: "read-timeout-below-worker",
        gunicorn: "bind = \"127.0.0.1:APP\"\ntimeout = 4\n",
        http: &server("proxy_pass http://127.0.0.1:APP; proxy_read_timeout 1s;"),
        request: Request { path: "/slow", ..Request::PLAIN },
        before: "504",
        log: "upstream timed out (110: ",
        classes: &["gthread", "gevent", "uvicorn", "asgi"],
        runs: |on| on.class != "asgi" || on.gunicorn >= Version(24, 0, 0),
        ..Case::default()
    });
}

/// Two lines for one app are two peers to nginx, and a slow request gives up both.
#[test]
fn an_app_that_stands_twice_in_an_upstream_is_gone_after_one_slow_request() {
    run(&Case {
        rule: "duplicate-upstream-server",
        gunicorn: "bind = \"127.0.0.1:APP\"\nthreads = 4\n",
        http: &upstream("server 127.0.0.1:APP; server 127.0.0.1:APP;"),
        first: "/slow",
        log: "no live upstreams while connecting to upstream",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}
