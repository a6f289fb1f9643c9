//! Connections that one end keeps and the other closes, seen under bursts of requests.
//!
//! Each outcome is a race: a burst is sent again and again until a request of it is lost, and after the mend none may be.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use hoplint::model::Version;

use super::matrix::gunicorns;
use super::record::{Record, class_in, record};
use super::{Running, free_port, hoplint, started, wait_for};
use crate::real;
use crate::support::write;

/// Waits as many milliseconds as the query says, so that connections become idle one after the other.
const STUB: &str = r#"
import asyncio, time

def app(environ, start_response):
    environ["wsgi.input"].read()
    time.sleep(int(environ["QUERY_STRING"] or 0) / 1000)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"served\n"]

async def socket(scope, receive, send):
    if scope["type"] == "lifespan":
        raise RuntimeError("there is none")
    await receive()
    await asyncio.sleep(int(scope["query_string"] or 0) / 1000)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]})
    await send({"type": "http.response.body", "body": b"served"})
"#;

/// How many requests are sent at once.
const BURST: u64 = 32;

/// A stack whose connections are kept. In its texts APP stands for the app's port.
struct Stack<'a> {
    rule: &'a str,
    /// The workers that it is about, beside `bind`.
    gunicorn: &'a str,
    app: &'a str,
    /// What stands in the upstream beside its server.
    upstream: &'a str,
    /// Which end of the hop is right.
    truth: &'a str,
    /// Whether the fix is safe.
    is_safe: bool,
    /// Sends requests to a port and says how many are lost, in the so-manieth round.
    bursts: fn(u16, u64) -> usize,
}

/// The statuses of a burst of POSTs that is sent at once, where each waits for so many milliseconds.
fn burst(port: u16, waits: fn(u64) -> u64) -> Vec<String> {
    let one = move |at: u64| {
        let path = format!("/?{}", waits(at));
        post(port, &path).ok().filter(|it| !it.is_empty()).unwrap_or_else(|| "none".into())
    };
    scope(|scope| {
        let asked: Vec<_> = (0..BURST).map(|at| scope.spawn(move || one(at))).collect();
        asked.into_iter().map(|it| it.join().unwrap()).collect()
    })
}

fn post(port: u16, path: &str) -> std::io::Result<String> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    stream.write_all(format!("{head}Content-Length: 1\r\n\r\nx").as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap_or_default().to_owned())
}

fn lost(statuses: &[String]) -> usize {
    statuses.iter().filter(|it| *it != "200").count()
}

/// Lets connections become idle within some milliseconds, and sends a burst about a second later, when `keepalive = 1` is up.
fn after_a_second(port: u16, round: u64) -> usize {
    // Threads that look once a second close what is over up to a second late; others at the moment.
    let late = [0, 0, 5, 0, 300, 10, 0, 20];
    assert_eq!(lost(&burst(port, |at| at)), 0, "a burst on new connections");
    sleep(Duration::from_millis(985 + round * 7 % 21 + late[(round % 8) as usize]));
    lost(&burst(port, |_| 0))
}

/// Runs a stack with a Gunicorn: the rule is found, a POST is lost, the fix is made, and none is lost.
fn run(stack: &Stack, version: Version, gunicorn: &Path) {
    let Some((nginx_is, nginx)) = real::nginxes().into_iter().next() else { return };
    let scratch = tempfile::Builder::new().prefix("hop").tempdir().unwrap();
    let directory = scratch.path();
    let (port, bound) = (free_port(), free_port());
    let Stack { rule, upstream, .. } = stack;
    write(&directory.join("stub.py"), STUB);
    write(
        &directory.join("hoplint.toml"),
        format!("[fix]\ntruth = \"{}\"\n[target]\ngunicorn = \"{version}\"\n", stack.truth),
    );
    write(&directory.join("gunicorn.conf.py"), format!("bind = \"127.0.0.1:{bound}\"\n{}", stack.gunicorn));
    let conf = format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log error.log;\nevents {{}}\nhttp {{\n    access_log off;\n    \
         upstream app {{\n        server 127.0.0.1:{bound};\n        {upstream}\n    }}\n    server {{\n        listen \
         127.0.0.1:{port};\n        location / {{\n            proxy_pass http://app;\n            proxy_http_version 1.1;\n\
         \x20           proxy_set_header Connection \"\";\n        }}\n    }}\n}}\n"
    );
    write(&directory.join("nginx.conf"), conf);
    let started = || -> (Running, Running) {
        let mut command = Command::new(gunicorn);
        command.args(["-c", "gunicorn.conf.py", stack.app]);
        let app = started(command, directory);
        wait_for("Gunicorn", || std::net::TcpStream::connect(("127.0.0.1", bound)).is_ok());
        let mut command = Command::new(&nginx);
        command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(directory);
        let proxy = started(command, directory);
        wait_for("nginx", || post(port, "/").is_ok_and(|status| status == "200"));
        (app, proxy)
    };
    let finds = || hoplint(directory, &["--pedantic", "--format", "concise"]).1;
    assert!(finds().contains(rule), "{rule} is not found: {}", finds());
    {
        let _running = started();
        let start = Instant::now();
        let seen = (0..40).map(|round| (stack.bursts)(port, round)).find(|lost| *lost > 0);
        assert!(seen.is_some(), "{rule}, {}, Gunicorn {version}: none is lost", stack.gunicorn);
        eprintln!("{rule}, Gunicorn {version}: {seen:?} of {BURST} are lost after {:?}", start.elapsed());
        let log = std::fs::read_to_string(directory.join("error.log")).unwrap_or_default();
        let words = ["recv() failed (104: ", "upstream prematurely closed connection", "writev() failed ("];
        assert!(words.iter().any(|it| log.contains(it)), "{rule}: the log says\n{log}");
    }
    let how: &[&str] =
        if stack.is_safe { &["--fix", "--pedantic"] } else { &["--fix", "--unsafe-fixes", "--pedantic"] };
    drop(hoplint(directory, how));
    assert!(!finds().contains(rule), "{rule} is found after the mend: {}", finds());
    let _running = started();
    let after: usize = (0..2).map(|round| (stack.bursts)(port, round)).sum();
    assert_eq!(after, 0, "{rule}, {}, Gunicorn {version}: mended", stack.gunicorn);
    record(&Record {
        rule: (*rule).to_owned(),
        test: String::new(),
        nginx: nginx_is.to_string(),
        gunicorn: version.to_string(),
        class: class_in(stack.gunicorn),
        before: "502 for some POSTs".into(),
        after: "200".into(),
    });
}

/// Whether the Python that runs a Gunicorn has a module.
fn has(gunicorn: &Path, module: &str) -> bool {
    let mut command = Command::new(real::python_of(gunicorn));
    command.args(["-c", &format!("import {module}")]).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[test]
fn a_post_on_a_connection_that_threads_are_closing_is_lost() {
    for (version, gunicorn) in gunicorns(|_| true) {
        let stack = Stack {
            rule: "keepalive-race",
            gunicorn: "worker_class = \"gthread\"\nthreads = 32\nworker_connections = 1000\nkeepalive = 1\n",
            app: "stub:app",
            upstream: "keepalive 64;",
            truth: "proxy",
            is_safe: true,
            bursts: after_a_second,
        };
        run(&stack, version, &gunicorn);
    }
}

#[test]
fn nginx_that_keeps_connections_for_a_shorter_time_than_threads_loses_none() {
    for (version, gunicorn) in gunicorns(|_| true) {
        let stack = Stack {
            rule: "keepalive-race",
            gunicorn: "worker_class = \"gthread\"\nthreads = 32\nworker_connections = 1000\nkeepalive = 1\n",
            app: "stub:app",
            upstream: "keepalive 64;",
            truth: "app",
            is_safe: true,
            bursts: after_a_second,
        };
        run(&stack, version, &gunicorn);
    }
}

/// A worker class of the newest Gunicorn, if what it needs is installed. Whether it is safe to let it keep connections for longer
/// hangs on how it stops.
fn of_class(class: &str, module: &str, app: &str, is_safe: bool) {
    let newest = real::gunicorns().into_iter().next().filter(|(_, gunicorn)| has(gunicorn, module));
    let Some((version, gunicorn)) = newest else {
        return eprintln!("skipped: the first Gunicorn of HOPLINT_GUNICORN has no {class}");
    };
    let stack = Stack {
        rule: "keepalive-race",
        gunicorn: &format!("worker_class = \"{class}\"\nworker_connections = 1000\nkeepalive = 1\n"),
        app,
        upstream: "keepalive 64;",
        truth: "proxy",
        is_safe,
        bursts: after_a_second,
    };
    run(&stack, version, &gunicorn);
}

#[test]
fn a_post_on_a_connection_that_gunicorn_s_own_loop_is_closing_is_lost() {
    of_class("asgi", "gunicorn.workers.gasgi", "stub:socket", false);
}

#[test]
fn a_post_on_a_connection_that_gevent_is_closing_is_lost() {
    of_class("gevent", "gevent", "stub:app", false);
}

#[test]
fn a_post_on_a_connection_that_uvicorn_is_closing_is_lost() {
    of_class("uvicorn_worker.UvicornWorker", "uvicorn_worker", "stub:socket", true);
}

/// Sends bursts that make workers restart over and over.
fn through_restarts(port: u16, _round: u64) -> usize {
    (0..6).map(|_| lost(&burst(port, |at| at % 8))).sum()
}

#[test]
fn threads_that_are_replaced_after_so_many_requests_lose_some() {
    for (version, gunicorn) in gunicorns(|version| version < Version(27, 0, 0)) {
        let stack = Stack {
            rule: "max-requests-drops",
            gunicorn: "workers = 2\nworker_class = \"gthread\"\nthreads = 8\nworker_connections = 1000\nkeepalive = 75\n\
                       max_requests = 25\n",
            app: "stub:app",
            upstream: "keepalive 64;",
            truth: "app",
            is_safe: false,
            bursts: through_restarts,
        };
        run(&stack, version, &gunicorn);
    }
}

#[test]
fn a_uvicorn_worker_that_is_replaced_after_so_many_requests_loses_some() {
    let newest = real::gunicorns().into_iter().next().filter(|(_, it)| has(it, "uvicorn_worker"));
    let Some((version, gunicorn)) = newest else {
        return eprintln!("skipped: the first Gunicorn of HOPLINT_GUNICORN has no uvicorn worker");
    };
    let stack = Stack {
        rule: "max-requests-drops",
        gunicorn: "workers = 2\nworker_class = \"uvicorn_worker.UvicornWorker\"\nkeepalive = 75\nmax_requests = 25\n",
        app: "stub:socket",
        upstream: "keepalive 0;",
        truth: "app",
        is_safe: false,
        bursts: through_restarts,
    };
    run(&stack, version, &gunicorn);
}
