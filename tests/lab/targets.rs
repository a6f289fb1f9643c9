//! What nginx makes of the targets of passes and upstreams.

use super::{Case, Mend, Request, run, server};

#[test]
fn a_slash_behind_a_socket_without_a_colon_is_a_502() {
    run(&Case {
        rule: "unix-target-syntax",
        gunicorn: "bind = \"unix:HERE/app.sock\"\n",
        http: &server("proxy_pass http://unix:HERE/app.sock/;"),
        log: "/app.sock/ failed (20: ",
        ..Case::default()
    });
}

#[test]
fn a_uri_behind_a_socket_without_a_colon_is_a_502() {
    run(&Case {
        rule: "unix-target-syntax",
        gunicorn: "bind = \"unix:HERE/app.sock\"\n",
        http: &server("proxy_pass http://unix:HERE/app.sock/api/;"),
        log: "/app.sock/api/ failed (20: ",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn a_colon_behind_a_socket_in_an_upstream_is_a_502() {
    run(&Case {
        rule: "unix-target-syntax",
        gunicorn: "bind = \"unix:HERE/app.sock\"\n",
        http: &format!(
            "upstream app {{ server unix:HERE/app.sock:; }}\n{}",
            server("proxy_pass http://app;")
        ),
        log: "/app.sock: failed (2: ",
        ..Case::default()
    });
}

#[test]
fn a_socket_without_a_scheme_is_refused() {
    run(&Case {
        rule: "unix-target-syntax",
        gunicorn: "bind = \"unix:HERE/app.sock\"\n",
        http: &server("proxy_pass unix:HERE/app.sock;"),
        before: "does not start",
        log: "invalid URL prefix in ",
        ..Case::default()
    });
}

#[test]
fn a_relative_socket_is_looked_up_elsewhere_and_is_a_502() {
    run(&Case {
        rule: "unix-target-syntax",
        gunicorn: "import os\nos.makedirs(\"HERE/run\", exist_ok=True)\nbind = \"unix:HERE/run/app.sock\"\n",
        http: &server("proxy_pass http://unix:app.sock;"),
        log: "unix:app.sock failed (2: ",
        ..Case::default()
    });
}

#[test]
fn a_named_location_that_does_not_exist_is_a_500() {
    run(&Case {
        rule: "named-location-missing",
        http: "    server {\n        listen 127.0.0.1:PORT;\n        location / { try_files $uri/none @ap; }\n        \
               location @app { proxy_pass http://127.0.0.1:APP; }\n    }",
        before: "500",
        log: "could not find named location \"@ap\"",
        ..Case::default()
    });
}

#[test]
fn an_error_that_is_sent_to_a_location_that_does_not_exist_is_a_500() {
    run(&Case {
        rule: "named-location-missing",
        http: "    server {\n        listen 127.0.0.1:PORT;\n        location / { proxy_pass http://127.0.0.1:1; \
               error_page 502 = @fallbck; }\n        location @fallback { proxy_pass http://127.0.0.1:APP; }\n    }",
        before: "500",
        log: "could not find named location \"@fallbck\"",
        ..Case::default()
    });
}

#[test]
fn a_host_that_nobody_looks_up_is_a_502() {
    run(&Case {
        rule: "resolver-missing",
        http: &server("proxy_pass http://localhost:APP$request_uri;"),
        log: "no resolver defined to resolve localhost",
        mend: Mend::Hand(&server("proxy_pass http://127.0.0.1:APP$request_uri;")),
        ..Case::default()
    });
}

#[test]
fn requests_beyond_max_conns_are_a_502() {
    let upstream = |server_of_it: &str| {
        format!("upstream app {{ server {server_of_it}; }}\n{}", server("proxy_pass http://app;"))
    };
    run(&Case {
        rule: "max-conns-without-queue",
        gunicorn: "bind = \"127.0.0.1:APP\"\nthreads = 2\n",
        http: &upstream("127.0.0.1:APP max_conns=2"),
        request: Request { path: "/slow", at_once: 4, ..Request::PLAIN },
        log: "no live upstreams while connecting to upstream",
        mend: Mend::Hand(&upstream("127.0.0.1:APP")),
        ..Case::default()
    });
}

#[test]
fn a_uri_in_a_location_of_a_regular_expression_is_refused() {
    run(&Case {
        rule: "nginx-rejected",
        http: "    server {\n        listen 127.0.0.1:PORT;\n        location ~ / { proxy_pass http://127.0.0.1:APP/; }\n    }",
        before: "does not start",
        log: "\"proxy_pass\" cannot have URI part in location given by regular expression",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn a_port_behind_the_name_of_an_upstream_is_refused() {
    run(&Case {
        rule: "upstream-undefined",
        http: &format!("upstream app {{ server 127.0.0.1:APP; }}\n{}", server("proxy_pass http://app:8000;")),
        before: "does not start",
        log: "upstream \"app\" may not have port 8000",
        ..Case::default()
    });
}
