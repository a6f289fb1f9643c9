//! One service, and perhaps nginx in front of it.

use hoplint::model::Version;

use super::super::{Mend, Request, server};
use super::{Case, Mending, Sees, run};

/// A unit with these options.
fn unit(options: &str) -> String {
    format!("[Service]\nWorkingDirectory=HERE\nExecStart=GUNICORN -b 127.0.0.1:APP {options}\n")
}

/// A server that waits for a second.
fn impatient() -> String {
    server("proxy_pass http://127.0.0.1:APP; proxy_read_timeout 1s;")
}

#[test]
fn no_worker_is_a_504() {
    run(&Case {
        rule: "zero-workers",
        files: &[("shop.service", &unit("-w 0 stub:app"))],
        http: &impatient(),
        before: Sees::Status("504"),
        ..Case::default()
    });
}

#[test]
fn no_connections_are_a_504() {
    run(&Case {
        rule: "zero-workers",
        files: &[
            ("shop.service", &unit("--threads 2 stub:app")),
            ("gunicorn.conf.py", "worker_connections = 0\n"),
        ],
        http: &impatient(),
        before: Sees::Status("504"),
        ..Case::default()
    });
}

#[test]
fn no_threads_are_no_gunicorn() {
    run(&Case {
        rule: "zero-workers",
        files: &[("shop.service", &unit("-k gthread --threads 0 stub:app"))],
        before: Sees::Ends(3, "max_workers must be greater than 0"),
        ..Case::default()
    });
}

#[test]
fn a_worker_without_a_timeout_is_lost() {
    run(&Case {
        rule: "worker-timeout-disabled",
        files: &[("shop.service", &unit("-t 0 --graceful-timeout 1 stub:app"))],
        http: &impatient(),
        meanwhile: "/hang",
        pause: 5,
        before: Sees::Status("504"),
        mend: Mending::Hand(&[("shop.service", &unit("-t 2 --graceful-timeout 1 stub:app"))]),
        ..Case::default()
    });
}

#[test]
fn one_sync_worker_holds_up_all_others() {
    run(&Case {
        rule: "single-sync-worker",
        files: &[("shop.service", &unit("--graceful-timeout 1 stub:app"))],
        http: &server(
            "proxy_pass http://127.0.0.1:APP; proxy_read_timeout 4s; location /fast { proxy_pass http://127.0.0.1:APP; \
                       proxy_read_timeout 500ms; }",
        ),
        meanwhile: "/hang",
        pause: 1,
        request: Request { path: "/fast", ..Request::PLAIN },
        before: Sees::Status("504"),
        mend: Mending::Hand(&[("shop.service", &unit("-w 2 --graceful-timeout 1 stub:app"))]),
        ..Case::default()
    });
}

#[test]
fn a_reloader_shows_the_traceback_of_what_cannot_be_read() {
    const FINE: &str = "from stub import app\n";
    run(&Case {
        rule: "reload-in-production",
        files: &[("shop.service", &unit("--reload shop:app")), ("shop.py", FINE)],
        edited: Some(("shop.py", "from stub import app\nif\n")),
        before: Sees::Status("500"),
        ..Case::default()
    });
}

#[test]
fn a_reloader_in_the_configuration() {
    const FINE: &str = "from stub import app\n";
    run(&Case {
        rule: "reload-in-production",
        files: &[
            ("shop.service", &unit("shop:app")),
            ("shop.py", FINE),
            ("gunicorn.conf.py", "reload = True\n"),
        ],
        edited: Some(("shop.py", "from stub import app\nif\n")),
        before: Sees::Status("500"),
        mend: Mending::Fix(Mend::Safe),
        ..Case::default()
    });
}

#[test]
fn a_variable_in_a_word_is_no_gunicorn() {
    let unit = |word: &str| {
        format!(
            "[Service]\nEnvironment=NUMBER=APP\nWorkingDirectory=HERE\nExecStart=GUNICORN --bind=127.0.0.1:{word} -w 2 \
             stub:app\n"
        )
    };
    run(&Case {
        rule: "variable-port-literal",
        files: &[("shop.service", &unit("$NUMBER"))],
        before: Sees::Ends(1, "'$NUMBER' is not a valid port number."),
        ..Case::default()
    });
    run(&Case {
        rule: "variable-port-literal",
        files: &[("shop.service", &unit("${NUMBER:-1}"))],
        before: Sees::Ends(1, "is not a valid port number."),
        mend: Mending::Hand(&[("shop.service", &unit("${NUMBER}"))]),
        ..Case::default()
    });
}

#[test]
fn a_variable_for_a_number_is_no_gunicorn() {
    let unit = "[Service]\nEnvironment=NUMBER=2\nWorkingDirectory=HERE\nExecStart=GUNICORN -b 127.0.0.1:APP \
                --workers=$NUMBER stub:app\n";
    run(&Case {
        rule: "variable-port-literal",
        files: &[("shop.service", unit)],
        before: Sees::Ends(2, "argument -w/--workers: invalid int value: '$NUMBER'"),
        ..Case::default()
    });
}

#[test]
fn a_configuration_where_chdir_leads_to_is_not_read() {
    let unit = "[Service]\nEnvironment=PORT=FREE\nWorkingDirectory=HERE\nExecStart=GUNICORN --chdir HERE/shop shop:app\n";
    let files = [
        ("shop.service", unit),
        ("shop/shop.py", "import sys\nsys.path.append(\"HERE\")\nfrom stub import app\n"),
        ("shop/gunicorn.conf.py", "bind = \"127.0.0.1:APP\"\nworkers = 2\n"),
    ];
    run(&Case {
        rule: "gunicorn-config-not-loaded",
        files: &files,
        http: &server("proxy_pass http://127.0.0.1:APP;"),
        before: Sees::Elsewhere("Listening at: http://0.0.0.0:", "502"),
        ..Case::default()
    });
}

#[test]
fn a_relative_configuration_is_not_sought_where_chdir_leads_to() {
    let unit = "[Service]\nWorkingDirectory=HERE\nExecStart=GUNICORN --chdir shop -c shop.conf.py --pythonpath HERE stub:app\n";
    run(&Case {
        rule: "gunicorn-config-not-loaded",
        files: &[("shop.service", unit), ("shop/shop.conf.py", "bind = \"127.0.0.1:APP\"\nworkers = 2\n")],
        before: Sees::Ends(1, "doesn't exist"),
        ..Case::default()
    });
}

#[test]
fn a_module_that_is_not_there_is_no_gunicorn() {
    run(&Case {
        rule: "app-target-missing",
        files: &[
            ("shop.service", &unit("shop.wsgi:app")),
            ("shop/__init__.py", ""),
            ("shop/main.py", "from stub import app\n"),
        ],
        before: Sees::Ends(3, "No module named 'shop.wsgi'"),
        mend: Mending::Hand(&[("shop.service", &unit("-w 2 shop.main:app"))]),
        ..Case::default()
    });
}

#[test]
fn a_name_that_is_not_there_is_no_gunicorn() {
    run(&Case {
        rule: "app-target-missing",
        files: &[("shop.service", &unit("stub"))],
        before: Sees::Ends(4, "Failed to find attribute 'application' in 'stub'."),
        mend: Mending::Hand(&[("shop.service", &unit("-w 2 stub:app"))]),
        ..Case::default()
    });
}

#[test]
fn an_asgi_application_under_sync_workers_is_a_500() {
    run(&Case {
        rule: "app-worker-mismatch",
        files: &[("shop.service", &unit("-w 2 stub:socket"))],
        before: Sees::Status("500"),
        mend: Mending::Hand(&[("shop.service", &unit("-w 2 stub:app"))]),
        ..Case::default()
    });
}

#[test]
fn a_wsgi_application_under_asgi_workers_is_a_500() {
    run(&Case {
        rule: "app-worker-mismatch",
        since: Version(24, 0, 0),
        files: &[("shop.service", &unit("-k asgi -w 2 stub:app"))],
        before: Sees::Status("500"),
        mend: Mending::Hand(&[("shop.service", &unit("-k asgi -w 2 stub:socket"))]),
        ..Case::default()
    });
}
