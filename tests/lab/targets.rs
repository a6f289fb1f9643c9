//! What nginx makes of the targets of passes and upstreams.

use super::{Case, Mend, run, server};

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
