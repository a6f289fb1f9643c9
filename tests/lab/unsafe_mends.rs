//! Why some mends are not safe: what is served before them, and is not served in the same way after them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::matrix::gunicorns;
use super::{Request, Running, answer, free_port, server, started, wait_for};
use crate::real;
use crate::support::write;

/// Answers, but for `/hang`, where the first of two apps never does, and for `/dies`, at which every other worker dies.
const STUB: &str = r#"
import os, time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/hang" and os.environ.get("HANGS"):
        time.sleep(60)
    if path == "/dies":
        with open("asked", "a") as asked:
            asked.write("x")
        if os.path.getsize("asked") % 2:
            os._exit(1)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

async def socket(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
"#;

fn app(gunicorn: &Path, directory: &Path, port: u16, options: &str, hangs: bool) -> Running {
    let mut command = Command::new(gunicorn);
    command.args(["-b", &format!("127.0.0.1:{port}")]).args(options.split_whitespace());
    if hangs {
        command.env("HANGS", "1");
    }
    let running = started(command, directory);
    wait_for("Gunicorn", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    running
}

/// The status of a request to an nginx with this in its `http`.
fn asked(nginx: &Path, directory: &Path, http: &str, path: &str) -> String {
    let port = free_port();
    let http = http.replace("PORT", &port.to_string());
    let main = "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log error.log;\nevents {}\n";
    write(&directory.join("nginx.conf"), format!("{main}http {{ access_log off; {http} }}\n"));
    let mut command = Command::new(nginx);
    command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(directory);
    let _nginx = started(command, directory);
    wait_for("nginx", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    answer(port, &Request { path, ..Request::PLAIN })
}

#[test]
fn a_request_that_hangs_is_answered_by_another_server_if_nginx_gives_up_first() {
    let (Some((_, nginx)), Some((_, gunicorn))) = (real::nginxes().pop(), gunicorns(|_| true).pop()) else {
        return;
    };
    let scratch = tempfile::tempdir().unwrap();
    let here = scratch.path();
    write(&here.join("stub.py"), STUB);
    let (hanging, other) = (free_port(), free_port());
    let _hanging = app(&gunicorn, here, hanging, "-w 2 -t 3 stub:app", true);
    let _other = app(&gunicorn, here, other, "stub:app", false);
    let upstream =
        format!("upstream app {{ server 127.0.0.1:{hanging}; server 127.0.0.1:{other} backup; }}\n");
    let with = |time: &str, more: &str| {
        let pass = format!("proxy_pass http://app; proxy_read_timeout {time}; {more}");
        asked(&nginx, here, &format!("{upstream}{}", server(&pass)), "/hang")
    };
    assert_eq!((with("1s", ""), with("8s", "")), ("200".into(), "500".into()));
    let page = "proxy_next_upstream off; error_page 504 =200 @slow; } location @slow { return 200 slow;";
    assert_eq!((with("1s", page), with("8s", page)), ("200".into(), "500".into()));
    // A plain path keeps the status.
    let page = "proxy_next_upstream off; error_page 504 /slow; } location = /slow { return 200 slow;";
    assert_eq!(with("1s", page), "504");
}

#[test]
fn a_request_whose_worker_dies_is_tried_again_on_a_copy_of_its_server() {
    let (Some((_, nginx)), Some((_, gunicorn))) = (real::nginxes().pop(), gunicorns(|_| true).pop()) else {
        return;
    };
    let scratch = tempfile::tempdir().unwrap();
    let here = scratch.path();
    write(&here.join("stub.py"), STUB);
    let port = free_port();
    let _app = app(&gunicorn, here, port, "-w 3 stub:app", false);
    let with = |servers: &str| {
        let servers = servers.replace("APP", &port.to_string());
        let upstream = format!("upstream app {{ {servers} }}\n");
        asked(&nginx, here, &format!("{upstream}{}", server("proxy_pass http://app;")), "/dies")
    };
    assert_eq!(with("server 127.0.0.1:APP; server 127.0.0.1:APP;"), "200");
    assert_eq!(with("server 127.0.0.1:APP;"), "502");
}

/// How long a stop takes while an idle connection is kept.
fn stop_of(gunicorn: &Path, here: &Path, class: &str, application: &str) -> Duration {
    let port = free_port();
    let options = format!("-k {class} --threads 2 --keep-alive 75 --graceful-timeout 6 {application}");
    let mut running = app(gunicorn, here, port, &options, false);
    let mut kept = TcpStream::connect(("127.0.0.1", port)).unwrap();
    kept.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\nok") {
        let mut byte = [0];
        assert_eq!(kept.read(&mut byte).unwrap(), 1, "{class}: {}", String::from_utf8_lossy(&answer));
        answer.push(byte[0]);
    }
    let start = Instant::now();
    let told = Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert!(running.ends_within(Duration::from_secs(15)), "{class} does not stop");
    start.elapsed()
}

#[test]
fn some_workers_wait_for_idle_connections_when_they_are_stopped() {
    let Some((version, gunicorn)) = gunicorns(|_| true).pop() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let here = scratch.path();
    write(&here.join("stub.py"), STUB);
    let python = real::python_of(&gunicorn);
    let classes = [
        ("gthread", "gunicorn", "stub:app", false),
        ("uvicorn.workers.UvicornWorker", "uvicorn.workers", "stub:socket", false),
        ("gevent", "gevent", "stub:app", true),
        ("asgi", "gunicorn.workers.gasgi", "stub:socket", true),
    ];
    std::thread::scope(|scope| {
        for (class, module, application, waits) in classes {
            let mut command = Command::new(&python);
            command.args(["-c", &format!("import {module}")]).stderr(Stdio::null());
            if !command.status().is_ok_and(|status| status.success()) {
                eprintln!("skipped: Gunicorn {version} has no {class}");
                continue;
            }
            let gunicorn = &gunicorn;
            scope.spawn(move || {
                let took = stop_of(gunicorn, here, class, application);
                assert_eq!(took >= Duration::from_secs(6), waits, "{class}, Gunicorn {version}: {took:?}");
            });
        }
    });
}
