//! How long who waits for whom, and what becomes of a server that fails.

use std::net::ToSocketAddrs;

use hoplint::model::Version;

use super::{Case, Instead, Mend, Request, run, server};

#[test]
fn localhost_is_given_up_after_one_slow_request() {
    // /etc/hosts decides; where it names one address there is nothing to see.
    if ("localhost", 80).to_socket_addrs().is_ok_and(|all| all.count() < 2) {
        return eprintln!("SKIPPED: `localhost` has one address on this machine");
    }
    run(&Case {
        rule: "upstream-localhost",
        gunicorn: "bind = \"127.0.0.1:APP\"\nthreads = 2\n",
        http: &server("proxy_pass http://localhost:APP; proxy_set_header Host $host; proxy_read_timeout 1s;"),
        first: "/slow",
        log: "no live upstreams while connecting to upstream",
        ..Case::default()
    });
}

#[test]
fn a_sync_worker_is_killed_while_nginx_waits() {
    run(&Case {
        rule: "worker-timeout-below-read",
        gunicorn: "bind = \"127.0.0.1:APP\"\nworker_class = \"sync\"\nthreads = 1\ntimeout = 1\n",
        http: &server("proxy_pass http://127.0.0.1:APP; proxy_read_timeout 8s;"),
        request: Request { path: "/slow", ..Request::PLAIN },
        before: "500",
        // Older workers answer nothing when they are killed.
        instead: &[Instead {
            when: |on| on.gunicorn < Version(22, 0, 0),
            before: "502",
            log: "upstream prematurely closed connection",
        }],
        truth: "proxy",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn a_worker_that_is_to_be_done_before_nginx_gives_up_is_free_again() {
    run(&Case {
        rule: "read-timeout-below-worker",
        gunicorn: "bind = \"127.0.0.1:APP\"\nworker_class = \"sync\"\nthreads = 1\ntimeout = 9\n",
        http: &server("proxy_pass http://127.0.0.1:APP; proxy_read_timeout 4s;"),
        request: Request { path: "/slower", ..Request::PLAIN },
        before: "504",
        log: "upstream timed out (110: ",
        // Older workers answer nothing when they are killed.
        runs: |on| on.gunicorn >= Version(22, 0, 0),
        truth: "proxy",
        mend: Mend::Unsafe,
        after: "500",
        ..Case::default()
    });
}

/// An upstream of the app's two addresses with these parameters, and a location with this in it.
fn two(parameters: &str, location: &str) -> String {
    let app = |port: &str| format!("server 127.0.0.1:{port} {parameters};");
    let pass = server(&format!("proxy_pass http://app;\n            proxy_read_timeout 1s; {location}"));
    format!("    upstream app {{\n        {}\n        {}\n    }}\n{pass}", app("APP"), app("FREE"))
}

#[test]
fn two_servers_are_given_up_after_one_slow_request() {
    run(&Case {
        rule: "max-fails-blackout",
        gunicorn: "bind = [\"127.0.0.1:APP\", \"127.0.0.1:FREE\"]\nthreads = 4\n",
        http: &two("", ""),
        first: "/slow",
        log: "no live upstreams while connecting to upstream",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn two_servers_are_given_up_after_two_slow_requests_that_are_not_sent_on() {
    run(&Case {
        rule: "max-fails-blackout",
        gunicorn: "bind = [\"127.0.0.1:APP\", \"127.0.0.1:FREE\"]\nthreads = 4\n",
        http: &two("", "proxy_next_upstream error;"),
        first: "/slow /slow",
        log: "no live upstreams while connecting to upstream",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn one_server_beside_another_that_is_down_is_given_up() {
    run(&Case {
        rule: "max-fails-blackout",
        gunicorn: "bind = [\"127.0.0.1:APP\"]\nthreads = 4\n",
        http: &two("", "").replace("FREE ", "FREE down"),
        first: "/slow",
        log: "no live upstreams while connecting to upstream",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn a_slow_request_is_worked_on_twice() {
    run(&Case {
        rule: "retries-multiply-timeout",
        gunicorn: "bind = [\"127.0.0.1:APP\", \"127.0.0.1:FREE\"]\nworker_class = \"gthread\"\nthreads = 4\n",
        http: &two("max_fails=0", ""),
        request: Request { path: "/slow", ..Request::PLAIN },
        before: "504",
        worked: Some((2, 1)),
        mend: Mend::Unsafe,
        after: "504",
        ..Case::default()
    });
}
