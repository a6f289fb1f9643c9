//! The outcome that a rule announces, seen by a client of the real nginx and the real Gunicorn, and gone after the fix.

mod descriptors;
mod gunicorn_alone;
mod keepalive;
mod nginx_alone;
mod targets;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::real;
use crate::support::write;

const APP: &str = r#"
import time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(2)
    status = "404 Not Found" if path.startswith("//") or path == "/v1x" else "200 OK"
    start_response(status, [("Content-Type", "text/plain")])
    return [b"served " + path.encode() + b"\n"]

async def socket(scope, receive, send):
    assert scope["type"] != "lifespan"
    await receive()
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
        // A test may have ended it before.
        let _ = Command::new("kill").args(["-TERM", &id]).stderr(Stdio::null()).status();
        let _ = self.0.wait();
        // What a shell leaves behind, where the process leads a group.
        let group = format!("-{id}");
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    }
}

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The status that a client gets, or why it gets none.
fn get(port: u16, request: &Request) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let Request { path, headers, .. } = request;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.split(' ').nth(1).unwrap_or_default().to_owned())
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
/// that nginx listens on, APP for the one that Gunicorn listens on, and FREE for one that nobody listens on.
pub(crate) struct Case<'a> {
    pub(crate) rule: &'a str,
    /// Gunicorn's configuration; without one there is no app.
    pub(crate) gunicorn: &'a str,
    /// Which of the stub's apps it serves.
    pub(crate) app: &'a str,
    /// What stands outside of nginx's blocks, and in its `events`.
    pub(crate) main: &'a str,
    pub(crate) events: &'a str,
    /// What stands in nginx's `http`.
    pub(crate) http: &'a str,
    /// What the client asks for.
    pub(crate) request: Request<'a>,
    /// What it gets before the mend.
    pub(crate) before: &'a str,
    /// What nginx's error log says then.
    pub(crate) log: &'a str,
    /// How it is mended, and what the client gets afterwards.
    pub(crate) mend: Mend<'a>,
    pub(crate) after: &'a str,
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
    pub(crate) path: &'a str,
    /// Header lines, each with its line end.
    pub(crate) headers: &'a str,
    /// How many are sent at once; the worst status counts.
    pub(crate) at_once: usize,
}

impl Request<'static> {
    pub(crate) const PLAIN: Request<'static> = Request { path: "/", headers: "", at_once: 1 };
}

impl Default for Case<'_> {
    fn default() -> Self {
        Case {
            rule: "",
            gunicorn: "bind = \"127.0.0.1:APP\"\n",
            app: "stub:app",
            main: "",
            events: "",
            http: "",
            request: Request::PLAIN,
            before: "502",
            log: "",
            mend: Mend::Safe,
            after: "200",
        }
    }
}

/// Runs a case: the rule is found, the outcome is seen, the mend is made, and the outcome is gone.
pub(crate) fn run(case: &Case) {
    let (Some(nginx), Some(gunicorn)) = (real::nginx(), real::gunicorn()) else { return };
    let scratch = tempfile::Builder::new().prefix("hop").tempdir().unwrap();
    let directory = scratch.path();
    let (port, bound, free) = (free_port(), free_port(), free_port());
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
    let configuration = placed(case.gunicorn);
    write(&directory.join("stub.py"), APP);
    if !configuration.is_empty() {
        write(&directory.join("gunicorn.conf.py"), &configuration);
    }
    write(&directory.join("nginx.conf"), whole(case.http));
    let (_, said) = hoplint(directory, &["--pedantic", "--format", "concise"]);
    assert!(said.contains(rule), "{rule} is not found: {said}");

    let _gunicorn = (!configuration.is_empty()).then(|| {
        let mut command = Command::new(&gunicorn);
        command.args(["-c", "gunicorn.conf.py", case.app]);
        let running = started(command, directory);
        wait_for("Gunicorn", || is_up(&configuration));
        running
    });
    let ask = || {
        let mut command = Command::new(&nginx);
        command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(directory);
        let tested = command.arg("-t").output().unwrap();
        if !tested.status.success() {
            write(&directory.join("error.log"), &tested.stderr);
            return "does not start".to_owned();
        }
        let mut command = Command::new(&nginx);
        command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(directory);
        let _nginx = started(command, directory);
        wait_for("nginx", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        answer(port, &case.request)
    };
    assert_eq!(ask(), case.before, "{rule}, before");
    let log = std::fs::read_to_string(directory.join("error.log")).unwrap_or_default();
    assert!(log.contains(case.log), "{rule}: the log does not say `{}` but\n{log}", case.log);
    match case.mend {
        Mend::Safe => drop(hoplint(directory, &["--fix", "--pedantic"])),
        Mend::Unsafe => drop(hoplint(directory, &["--fix", "--unsafe-fixes", "--pedantic"])),
        Mend::Hand(http) => write(&directory.join("nginx.conf"), whole(http)),
    }
    let (_, said) = hoplint(directory, &["--pedantic", "--format", "concise"]);
    assert!(!said.contains(rule), "{rule} is found after the mend: {said}");
    assert_eq!(ask(), case.after, "{rule}, mended");
}

/// Whether Gunicorn listens on the address of its configuration.
fn is_up(configuration: &str) -> bool {
    let address = configuration.split("bind = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
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
