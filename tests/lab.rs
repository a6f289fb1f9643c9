//! The outcome that a rule announces, seen by a client of the real nginx and the real Gunicorn, and gone after the fix.

mod buffers;
mod department_store;
mod descriptors;
mod gunicorn_alone;
mod hosts;
mod keepalive;
mod limits;
mod matrix;
mod nginx_alone;
mod peers;
mod protocols;
pub(crate) mod record;
mod slow_clients;
mod targets;
mod unsafe_mends;
mod waiting;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use matrix::{Instead, On, runs_of, with_class};
use record::{Record, class_in, record};

use crate::support::{free_port, write};

const APP: &str = r#"
import asyncio
import time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow":
        with open("slow.log", "a") as log:
            log.write("slow\n")
        time.sleep(2)
    if path == "/slower":
        time.sleep(6)
    if path == "/read":
        environ["wsgi.input"].read()
    if path == "/large":
        start_response("200 OK", [("Content-Length", str(40 << 20))])
        return (b"x" * (1 << 20) for _ in range(40))
    status = "404 Not Found" if path.startswith("//") or path == "/v1x" else "200 OK"
    start_response(status, [("Content-Type", "text/plain")])
    return [b"served " + path.encode() + b"\n"]

async def socket(scope, receive, send):
    assert scope["type"] != "lifespan"
    await receive()
    if scope.get("path") == "/slow":
        await asyncio.sleep(2)
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"served"})
"#;

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let id = self.0.id().to_string();
        let send = |signal: &str, to: &str| {
            let _ = Command::new("kill").args([signal, "--", to]).stderr(Stdio::null()).status();
        };
        // Gunicorn waits half a minute for a worker that does not end. A test may have ended the process before.
        for signal in ["-TERM", "-INT", "-KILL"] {
            send(signal, &id);
            if self.ends_within(Duration::from_secs(3)) {
                break;
            }
        }
        let _ = self.0.wait();
        // What a shell leaves behind, where the process leads a group.
        send("-KILL", &format!("-{id}"));
    }
}

impl Running {
    fn ends_within(&mut self, patience: Duration) -> bool {
        let start = Instant::now();
        while start.elapsed() < patience {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return true;
            }
            sleep(Duration::from_millis(20));
        }
        false
    }
}

/// The status that a client gets, or why it gets none; with ` cut` where the answer is shorter than it says.
fn get(port: u16, request: &Request) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let Request { host, path, headers, body, pause, .. } = request;
    let method = if body.is_empty() { "GET" } else { "POST" };
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}")?;
    if !body.is_empty() {
        write!(stream, "Content-Length: {}\r\n", body.len())?;
    }
    write!(stream, "\r\n")?;
    // Between the halves of what is sent, or between what is sent and what is read.
    let (first, rest) = body.as_bytes().split_at(body.len() / 2);
    stream.write_all(first)?;
    sleep(*pause);
    // Who answers before all is sent may not take the rest.
    let _ = stream.write_all(rest);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let head = answer.windows(4).position(|it| it == b"\r\n\r\n").unwrap_or(answer.len());
    let (head, got) = (String::from_utf8_lossy(&answer[..head]), answer.len().saturating_sub(head + 4));
    let length = head.split("\r\n").find_map(|line| line.strip_prefix("Content-Length: "));
    let is_cut = length.is_some_and(|length| length.parse() != Ok(got));
    let status = head.split(' ').nth(1).unwrap_or_default();
    Ok(if is_cut { format!("{status} cut") } else { status.to_owned() })
}

fn started(mut command: Command, directory: &Path) -> Running {
    command.current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.env_remove("PORT").env_remove("GUNICORN_CMD_ARGS").env_remove("WEB_CONCURRENCY");
    Running(command.spawn().unwrap())
}

/// Waits until something is so.
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what} is not up after 20 s");
        sleep(Duration::from_millis(50));
    }
}

fn hoplint(directory: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hoplint"));
    let output = command.arg("check").args(arguments).current_dir(directory).output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr),
    )
}

/// One stack, run as it is and as it is mended. In all texts HERE stands for the directory of the stack, PORT for the port
/// that nginx listens on, APP for the one that Gunicorn listens on, and FREE for one near it that nobody listens
/// on.
pub(crate) struct Case<'a> {
    pub(crate) rule: &'a str,
    /// Gunicorn's configuration; without one there is no app.
    pub(crate) gunicorn: &'a str,
    /// Which of the stub's apps it serves.
    pub(crate) app: &'a str,
    /// Other files of the stack, by name.
    pub(crate) files: &'a [(&'a str, &'a str)],
    /// What stands outside of nginx's blocks, and in its `events`.
    pub(crate) main: &'a str,
    pub(crate) events: &'a str,
    /// What stands in nginx's `http`.
    pub(crate) http: &'a str,
    /// What the client asks for first, one path after the other, whatever it gets; nothing where it is empty.
    pub(crate) first: &'a str,
    /// How often the app works on `/slow`, before the mend and after it.
    pub(crate) worked: Option<(usize, usize)>,
    /// What the client asks for.
    pub(crate) request: Request<'a>,
    /// What it gets before the mend.
    pub(crate) before: &'a str,
    /// What nginx's error log says then.
    pub(crate) log: &'a str,
    /// Which end of the hop is right: `app` or `proxy`.
    pub(crate) truth: &'a str,
    /// How it is mended, and what the client gets afterwards.
    pub(crate) mend: Mend<'a>,
    pub(crate) after: &'a str,
    /// The worker classes that it is run with: `sync`, `gthread`, `gevent`, `uvicorn`, or `asgi`; an empty one stands for
    /// what `gunicorn` says. The last two serve `stub:socket` where the app is `stub:app`.
    pub(crate) classes: &'a [&'static str],
    /// The programs that it is about.
    pub(crate) runs: fn(&On) -> bool,
    /// The programs of these that it does not harm: there the rule is silent, and the client gets at once what it gets
    /// elsewhere after the mend.
    pub(crate) harmless: fn(&On) -> bool,
    /// What is seen with some programs instead of `before` and `log`; the first that fits counts.
    pub(crate) instead: &'a [Instead<'a>],
}

/// How a stack is mended.
#[derive(Clone, Copy)]
pub(crate) enum Mend<'a> {
    /// `--fix`
    Safe,
    /// `--fix --unsafe-fixes`
    Unsafe,
    /// By hand: this becomes of `http`.
    Hand(&'a str),
}

/// A request.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    /// Header lines, each with its line end.
    pub(crate) headers: &'a str,
    /// How many are sent at once; the worst status counts.
    pub(crate) at_once: usize,
    /// What is sent, by `POST` where it is not empty.
    pub(crate) body: &'a str,
    /// How long the client takes for the middle of what it sends, or before it reads.
    pub(crate) pause: Duration,
}

impl Request<'static> {
    pub(crate) const PLAIN: Request<'static> =
        Request { host: "localhost", path: "/", headers: "", at_once: 1, body: "", pause: Duration::ZERO };
}

impl Default for Case<'_> {
    fn default() -> Self {
        Case {
            rule: "",
            gunicorn: "bind = \"127.0.0.1:APP\"\n",
            app: "stub:app",
            files: &[],
            main: "",
            events: "",
            http: "",
            first: "",
            worked: None,
            request: Request::PLAIN,
            before: "502",
            log: "",
            truth: "app",
            mend: Mend::Safe,
            after: "200",
            classes: &[""],
            runs: |_| true,
            harmless: |_| false,
            instead: &[],
        }
    }
}

/// Runs a case: the rule is found, the outcome is seen, the mend is made, and the outcome is gone.
pub(crate) fn run(case: &Case) {
    for on in runs_of(case) {
        run_on(case, &on);
    }
}

/// Two free ports of which one might be a slip for the other. Ports that other programs are known by are none.
fn near_ports() -> (u16, u16) {
    const KNOWN: [u16; 6] = [10_000, 11_211, 11_434, 15_672, 16_686, 19_999];
    let (mut bound, mut free) = (free_port(), free_port());
    while free / 10 != bound / 10 || KNOWN.contains(&free) {
        (bound, free) = (free, free_port());
    }
    (bound, free)
}

fn run_on(case: &Case, on: &On) {
    let scratch = tempfile::Builder::new().prefix("hop").tempdir().unwrap();
    let directory = scratch.path();
    let port = free_port();
    let (bound, free) = near_ports();
    let here = directory.display().to_string();
    let placed = |text: &str| {
        let text = text.replace("HERE", &here).replace("PORT", &port.to_string());
        text.replace("APP", &bound.to_string()).replace("FREE", &free.to_string())
    };
    let whole = |http: &str| {
        let (main, events, http) = (placed(case.main), placed(case.events), placed(http));
        format!(
            "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log error.log;\n{main}events {{ {events} \
             }}\nhttp {{\n    access_log off;\n{http}\n}}\n"
        )
    };
    let rule = case.rule;
    let (configuration, app) = with_class(case, on.class);
    let configuration = placed(&configuration);
    write(&directory.join("stub.py"), APP);
    let target = format!("[target]\nnginx = \"{}\"\ngunicorn = \"{}\"\n", on.nginx, on.gunicorn);
    write(&directory.join("hoplint.toml"), format!("[fix]\ntruth = \"{}\"\n{target}", case.truth));
    if !configuration.is_empty() {
        write(&directory.join("gunicorn.conf.py"), &configuration);
    }
    for (name, text) in case.files {
        write(&directory.join(name), placed(text));
    }
    write(&directory.join("nginx.conf"), whole(case.http));
    let (_, said) = hoplint(directory, &["--pedantic", "--format", "concise"]);
    let harmless = (case.harmless)(on);
    assert_eq!(said.contains(rule), !harmless, "{rule}, {on}: {said}");

    let serve = || {
        let mut command = Command::new(&on.gunicorn_at);
        command.args(["-c", "gunicorn.conf.py", &app]);
        let running = started(command, directory);
        let now = std::fs::read_to_string(directory.join("gunicorn.conf.py")).unwrap();
        wait_for("Gunicorn", || is_up(&now));
        running
    };
    let gunicorn = (!configuration.is_empty()).then(serve);
    let ask = || {
        let mut command = Command::new(&on.nginx_at);
        command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(directory);
        let tested = command.arg("-t").output().unwrap();
        if !tested.status.success() {
            write(&directory.join("error.log"), &tested.stderr);
            return "does not start".to_owned();
        }
        let mut command = Command::new(&on.nginx_at);
        command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(directory);
        let _nginx = started(command, directory);
        wait_for("nginx", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        for path in case.first.split_whitespace() {
            answer(port, &Request { path, ..Request::PLAIN });
        }
        answer(port, &case.request)
    };
    let worked = || {
        let log = std::fs::read_to_string(directory.join("slow.log")).unwrap_or_default();
        log.matches("slow").count()
    };
    let shown = |before: String| {
        let class = if on.class.is_empty() { class_in(&configuration) } else { on.class.to_owned() };
        let runs_gunicorn = !configuration.is_empty();
        record(&Record {
            rule: rule.to_owned(),
            test: String::new(),
            nginx: on.nginx.to_string(),
            gunicorn: if runs_gunicorn { on.gunicorn.to_string() } else { String::new() },
            class: if runs_gunicorn { class } else { String::new() },
            before,
            after: case.after.to_owned(),
        });
    };
    if harmless {
        assert_eq!(ask(), case.after, "{rule}, {on}, harmless");
        return shown("harmless".into());
    }
    let instead = case.instead.iter().find(|it| (it.when)(on));
    let (before, says) = instead.map_or((case.before, case.log), |it| (it.before, it.log));
    assert_eq!(ask(), before, "{rule}, {on}, before");
    let times = worked();
    let log = std::fs::read_to_string(directory.join("error.log")).unwrap_or_default();
    assert!(log.contains(says), "{rule}, {on}: the log does not say `{says}` but\n{log}");
    match case.mend {
        Mend::Safe => drop(hoplint(directory, &["--fix", "--pedantic"])),
        Mend::Unsafe => drop(hoplint(directory, &["--fix", "--unsafe-fixes", "--pedantic"])),
        Mend::Hand(http) => write(&directory.join("nginx.conf"), whole(http)),
    }
    let (_, said) = hoplint(directory, &["--pedantic", "--format", "concise"]);
    assert!(!said.contains(rule), "{rule}, {on}, is found after the mend: {said}");
    // What is mended of Gunicorn's own is read when it starts.
    let is_changed =
        |_: &Running| std::fs::read_to_string(directory.join("gunicorn.conf.py")).unwrap() != configuration;
    let _gunicorn = match gunicorn.as_ref().is_some_and(is_changed) {
        true => {
            drop(gunicorn);
            Some(serve())
        }
        false => gunicorn,
    };
    assert_eq!(ask(), case.after, "{rule}, {on}, mended");
    if let Some(expected) = case.worked {
        assert_eq!((times, worked() - times), expected, "{rule}, {on}: how often the app works on a request");
    }
    shown(if says.is_empty() { before.to_owned() } else { format!("{before}: `{says}`") });
}

/// Whether Gunicorn listens on the address of its configuration.
fn is_up(configuration: &str) -> bool {
    let bind = configuration.split("bind = ").nth(1).and_then(|rest| rest.split('"').nth(1));
    let address = bind.unwrap();
    match address.strip_prefix("unix:") {
        Some(socket) => std::os::unix::net::UnixStream::connect(socket).is_ok(),
        None => TcpStream::connect(address).is_ok(),
    }
}

/// The status that a client gets, the worst of several; `none` where the connection ends without one.
fn answer(port: u16, request: &Request) -> String {
    answers(port, request).into_iter().max().unwrap_or_default()
}

/// The statuses of all requests that are sent at once.
fn answers(port: u16, request: &Request) -> Vec<String> {
    let one = || get(port, request).ok().filter(|it| !it.is_empty()).unwrap_or_else(|| "none".into());
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..request.at_once).map(|_| scope.spawn(one)).collect();
        asked.into_iter().map(|it| it.join().unwrap()).collect()
    })
}

/// A `server` with one location `/`.
fn server(pass: &str) -> String {
    format!(
        "    server {{\n        listen 127.0.0.1:PORT;\n        location / {{\n            {pass}\n        }}\n    }}"
    )
}

#[test]
fn a_port_where_nobody_listens_is_a_502() {
    run(&Case {
        rule: "upstream-unbound",
        http: &server("proxy_pass http://127.0.0.1:FREE;"),
        log: "connect() failed (111: ",
        ..Case::default()
    });
}

#[test]
fn an_app_that_is_not_bound_where_nginx_connects_to_is_a_502() {
    run(&Case {
        rule: "upstream-unbound",
        http: &server("proxy_pass http://127.0.0.1:FREE;"),
        log: "connect() failed (111: ",
        truth: "proxy",
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

#[test]
fn a_socket_where_nobody_listens_is_a_502() {
    run(&Case {
        rule: "upstream-unbound",
        gunicorn: "bind = \"unix:HERE/app.sock\"\n",
        http: &server("proxy_pass http://unix:HERE/other.sock;"),
        log: "/other.sock failed (2: ",
        ..Case::default()
    });
}

#[test]
fn a_read_timeout_below_a_sync_worker_s_is_a_504() {
    run(&Case {
        rule: "read-timeout-below-worker",
        gunicorn: "bind = \"127.0.0.1:APP\"\ntimeout = 4\n",
        http: &server("proxy_pass http://127.0.0.1:APP; proxy_read_timeout 1s;"),
        request: Request { path: "/slow", ..Request::PLAIN },
        before: "504",
        log: "upstream timed out (110: ",
        ..Case::default()
    });
}

#[test]
fn a_read_timeout_below_threads_is_a_504_whatever_their_timeout() {
    run(&Case {
        rule: "read-timeout-below-worker",
        gunicorn: "bind = \"127.0.0.1:APP\"\nthreads = 2\ntimeout = 3\n",
        http: &server("proxy_pass http://127.0.0.1:APP; proxy_read_timeout 1s;"),
        request: Request { path: "/slow", ..Request::PLAIN },
        before: "504",
        log: "upstream timed out (110: ",
        ..Case::default()
    });
}
