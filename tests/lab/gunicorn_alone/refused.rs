//! What Gunicorn refuses when it starts, and what it passes over.

use hoplint::model::Version;

use super::super::{Mend, Request, server};
use super::{Case, Mending, Sees, run};

const UNIT: &str = "[Service]\nWorkingDirectory=HERE\nExecStart=GUNICORN -w 2 stub:app\n";

/// A service whose configuration is refused in these words.
fn refused(rule: &str, configuration: &str, status: i32, says: &str, mend: Mending) {
    let files = [("shop.service", UNIT), ("gunicorn.conf.py", configuration)];
    run(&Case { rule, files: &files, before: Sees::Ends(status, says), mend, ..Case::default() });
}

#[test]
fn a_port_alone_is_the_name_of_a_host() {
    let mended = [("gunicorn.conf.py", "bind = \"127.0.0.1:APP\"\n")];
    refused("bind-syntax", "bind = \"APP\"\n", 1, "", Mending::Hand(&mended));
}

#[test]
fn a_url_is_no_address() {
    let mended = [("gunicorn.conf.py", "bind = \"127.0.0.1:APP\"\n")];
    refused(
        "bind-syntax",
        "bind = \"http://127.0.0.1:APP\"\n",
        1,
        "is not a valid port number.",
        Mending::Hand(&mended),
    );
}

#[test]
fn a_number_that_is_none_is_no_gunicorn() {
    let configuration = "bind = \"127.0.0.1:APP\"\ntimeout = \"30s\"\n";
    refused(
        "gunicorn-invalid-value",
        configuration,
        1,
        "Invalid value for timeout: 30s",
        Mending::Fix(Mend::Unsafe),
    );
}

#[test]
fn a_worker_class_that_no_release_has_is_no_gunicorn() {
    let mended = [("gunicorn.conf.py", "bind = \"127.0.0.1:APP\"\n")];
    let configuration = "bind = \"127.0.0.1:APP\"\nworker_class = \"gthreads\"\n";
    refused("worker-class-unavailable", configuration, 1, "invalid or not found", Mending::Hand(&mended));
}

#[test]
fn an_option_takes_the_application_for_its_value() {
    let unit = |options: &str| {
        format!(
            "[Service]\nWorkingDirectory=HERE\nExecStart=GUNICORN -b 127.0.0.1:APP -w 2 {options} stub:app\n"
        )
    };
    run(&Case {
        rule: "option-eats-app",
        since: Version(25, 0, 0),
        files: &[("shop.service", &unit("--proxy-protocol"))],
        before: Sees::Ends(1, ""),
        ..Case::default()
    });
}

#[test]
fn a_misspelt_timeout_ends_no_worker() {
    let configuration = "bind = \"127.0.0.1:APP\"\ngraceful_timeout = 2\ntime_out = 2\n";
    run(&Case {
        rule: "gunicorn-unknown-setting",
        since: Version(22, 0, 0),
        files: &[("shop.service", UNIT), ("gunicorn.conf.py", configuration)],
        http: &server("proxy_pass http://127.0.0.1:APP; proxy_read_timeout 4s;"),
        request: Request { path: "/hang", ..Request::PLAIN },
        before: Sees::Status("504"),
        mend: Mending::Fix(Mend::Unsafe),
        after: Sees::Status("500"),
        ..Case::default()
    });
}
