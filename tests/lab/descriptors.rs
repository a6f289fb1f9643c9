//! Processes that run out of files before they run out of connections.

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use super::record::{Record, record};
use super::{APP, Request, answers, free_port, hoplint, started, wait_for};
use hoplint::model::Version;

use crate::real;
use crate::support::write;

const RULE: &str = "descriptor-limit";

fn shown(nginx: String, gunicorn: Version, before: &str) {
    record(&Record {
        rule: RULE.to_owned(),
        test: String::new(),
        nginx,
        gunicorn: gunicorn.to_string(),
        class: "gthread".into(),
        before: before.to_owned(),
        after: "200".into(),
    });
}

fn finds(directory: &Path) -> (bool, String) {
    let (_, said) = hoplint(directory, &["--pedantic", "--format", "concise"]);
    (said.contains(RULE), said)
}

/// The answers to so many requests for what takes two seconds, sent at once.
fn asked(port: u16, number: usize) -> Vec<String> {
    answers(port, &Request { path: "/slow", at_once: number, ..Request::PLAIN })
}

#[test]
fn an_nginx_without_files_for_its_connections_answers_with_500() {
    let (Some((nginx_is, nginx)), Some((gunicorn_is, gunicorn))) =
        (real::nginxes().into_iter().next(), real::gunicorns().into_iter().next())
    else {
        return;
    };
    let scratch = tempfile::Builder::new().prefix("hop").tempdir().unwrap();
    let directory = scratch.path();
    let (port, bound) = (free_port(), free_port());
    write(&directory.join("stub.py"), APP);
    write(&directory.join("gunicorn.conf.py"), format!("bind = \"127.0.0.1:{bound}\"\nthreads = 64\n"));
    // The limit is that of worker processes, so there has to be one.
    let conf = format!(
        "daemon off;\nuser root;\npid nginx.pid;\nerror_log error.log;\nworker_processes 1;\nworker_rlimit_nofile 24;\nevents {{ \
         worker_connections 100; }}\nhttp {{\n    access_log off;\n    server {{\n        listen 127.0.0.1:{port};\n        \
         location / {{ proxy_pass http://127.0.0.1:{bound}; }}\n    }}\n}}\n"
    );
    write(&directory.join("nginx.conf"), conf);
    let (found, said) = finds(directory);
    assert!(found, "it is not found: {said}");
    let mut command = Command::new(gunicorn);
    command.args(["-c", "gunicorn.conf.py", "stub:app"]);
    let _gunicorn = started(command, directory);
    wait_for("Gunicorn", || TcpStream::connect(("127.0.0.1", bound)).is_ok());
    let ask = || {
        let mut command = Command::new(&nginx);
        command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(directory);
        let _nginx = started(command, directory);
        wait_for("nginx", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        asked(port, 24)
    };
    let before = ask();
    assert!(before.iter().any(|it| it == "500"), "{before:?}");
    drop(hoplint(directory, &["--fix", "--pedantic"]));
    let (found, said) = finds(directory);
    assert!(!found, "it is found after the mend: {said}");
    let after = ask();
    assert!(after.iter().all(|it| it == "200"), "{after:?}");
    shown(nginx_is.to_string(), gunicorn_is, "500 for some");
}

#[test]
fn threads_without_files_for_their_connections_end() {
    let Some((gunicorn_is, gunicorn)) = real::gunicorns().into_iter().next() else { return };
    let scratch = tempfile::Builder::new().prefix("hop").tempdir().unwrap();
    let directory = scratch.path();
    let bound = free_port();
    write(&directory.join("stub.py"), APP);
    let command =
        format!("{} -b 127.0.0.1:{bound} --threads 70 --worker-connections 100 stub:app", gunicorn.display());
    let unit = format!(
        "[Service]\nWorkingDirectory={}\nExecStart={command}\nRestart=on-failure\nLimitNOFILE=40:524288\n",
        directory.display()
    );
    write(&directory.join("app.service"), unit);
    let (found, said) = finds(directory);
    assert!(found, "it is not found: {said}");
    let ask = || {
        let unit = std::fs::read_to_string(directory.join("app.service")).unwrap();
        let limit = unit.split("LimitNOFILE=").nth(1).unwrap().split([':', '\n']).next().unwrap();
        let mut shell = Command::new("sh");
        // Whoever runs the tests may not be allowed as many.
        shell.args(["-c", &format!("ulimit -Sn {limit} || ulimit -Sn 1024; exec {command}")]);
        let _running = started(shell, directory);
        wait_for("Gunicorn", || TcpStream::connect(("127.0.0.1", bound)).is_ok());
        asked(bound, 60)
    };
    // Whether requests come while the last files are taken is chance.
    let is_lost = (0..8).any(|_| ask().iter().any(|it| it != "200"));
    assert!(is_lost, "all are served");
    drop(hoplint(directory, &["--fix", "--pedantic"]));
    let (found, said) = finds(directory);
    assert!(!found, "it is found after the mend: {said}");
    let after = ask();
    assert!(after.iter().all(|it| it == "200"), "{after:?}");
    shown(String::new(), gunicorn_is, "none for some");
}
