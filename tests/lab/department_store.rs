//! corpus/department-store: nineteen mistakes in one stack, seen by its clients, and none of them after the fix.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use super::hosts::DJANGO;
use super::{Request, Running, answers, free_port, hoplint, started, wait_for};
use crate::real;
use crate::support::{copy_tree, files_below, names_in, root, write};

/// What all apps but the shop serve: they read what they are sent, and work on it for as long as the query says.
const APP: &str = r#"
import asyncio
import time
from urllib.parse import parse_qs

def app(environ, start_response):
    query = parse_qs(environ["QUERY_STRING"])
    environ["wsgi.input"].read()
    if "sleep" in query:
        with open("slow.log", "a") as log:
            log.write("slow\n")
        time.sleep(float(query["sleep"][0]))
    cookie = "x" * int(query.get("cookie", ["0"])[0])
    start_response("200 OK", [("Content-Length", "6"), ("Set-Cookie", cookie)])
    return [b"served"]

async def live(scope, receive, send):
    assert scope["type"] == "http"
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(0.01)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]})
    await send({"type": "http.response.body", "body": b"served"})
"#;

/// Flask, as far as the app for uploads needs it: it refuses what is too long, and does not read it.
const FLASK: &str = r#"
class Flask:
    def __init__(self, name):
        self.config = {}

    def route(self, path, methods):
        return lambda view: view

    def __call__(self, environ, start_response):
        is_long = int(environ.get("CONTENT_LENGTH") or 0) > self.config["MAX_CONTENT_LENGTH"]
        if not is_long:
            environ["wsgi.input"].read()
        status = "413 Content Too Large" if is_long else "200 OK"
        start_response(status, [("Content-Length", "6")])
        return [b"served"]

request = None
"#;

/// The ports of the apps, and one that nobody listens on.
const PORTS: [&str; 11] =
    ["8001", "8011", "8012", "8021", "8031", "8041", "8051", "8061", "8071", "8081", "8091"];

/// A machine that the stack is deployed to: a directory that stands for its root, and ports that are free.
struct Machine {
    root: PathBuf,
    /// Where nginx answers to the clients of the shop, and to all others.
    shop: u16,
    others: u16,
    ports: BTreeMap<&'static str, String>,
}

/// A unit that is started, by the lines that count here.
struct Unit {
    directory: String,
    command: String,
    files: String,
    runtime_directory: Option<String>,
}

impl Machine {
    fn new(root: PathBuf) -> Machine {
        let ports = PORTS.iter().map(|port| (*port, free_port().to_string())).collect();
        Machine { root, shop: free_port(), others: free_port(), ports }
    }

    /// A text of the stack with this machine's ports and directories.
    fn placed(&self, text: &str) -> String {
        // In two steps, as the digits of one port may stand in another.
        let mark = |port: &str| format!("<{}>", port.replace('0', "o").replace('8', "B"));
        let mut text = text.replace("listen 8080;", &format!("listen 127.0.0.1:{};", self.shop));
        text = text.replace("listen 80;", &format!("listen 127.0.0.1:{};", self.others));
        for port in PORTS {
            text = text.replace(port, &mark(port));
        }
        for (port, ours) in &self.ports {
            text = text.replace(&mark(port), ours);
        }
        for directory in ["/srv/", "/run/", "/etc/nginx/", "/var/log/"] {
            text = text.replace(directory, &format!("{}{directory}", self.root.display()));
        }
        // The accounts of the stack are not here.
        text.replace("user www-data;", "user root; daemon off;")
    }

    /// Puts the files of the stack on the machine, beside what packages and other repositories bring.
    fn deploy(&self, stack: &Path, gunicorn: &Path) {
        for file in files_below(stack) {
            let target = self.root.join(file.strip_prefix(stack).unwrap());
            if !file.symlink_metadata().unwrap().is_symlink() {
                write(&target, self.placed(&std::fs::read_to_string(&file).unwrap()));
            }
        }
        write(&self.root.join("etc/nginx/mime.types"), "types { text/html html; }\n");
        write(&self.root.join("etc/nginx/uwsgi_params"), "uwsgi_param QUERY_STRING $query_string;\n");
        std::fs::create_dir_all(self.root.join("var/log/nginx")).unwrap();
        for (name, text) in DJANGO.iter().filter(|(name, _)| name.starts_with("django/")) {
            write(&self.root.join("srv/shop").join(name), text);
        }
        write(&self.root.join("srv/uploads/flask.py"), FLASK);
        for name in
            names_in(&stack.join("etc/systemd/system")).iter().filter_map(|it| it.strip_suffix(".service"))
        {
            // `api@`, and `prices-a`
            let name = name.split(['@', '-']).next().unwrap();
            let directory = self.root.join("srv").join(name);
            let app = if name == "live" { format!("{APP}\napp = live\n") } else { APP.to_owned() };
            // Of some the stack has the code.
            let module = directory.join(format!("{name}.py"));
            if !module.exists() && !directory.join(name).exists() {
                write(&module, app);
            }
            let bin = directory.join("venv/bin");
            std::fs::create_dir_all(&bin).unwrap();
            let _ = symlink(gunicorn, bin.join("gunicorn"));
        }
    }

    /// The units that are wanted, as systemd reads them.
    fn units(&self, stack: &Path) -> Vec<Unit> {
        let wants = stack.join("etc/systemd/system/multi-user.target.wants");
        let unit = |name: &String| {
            let text = self.placed(&std::fs::read_to_string(wants.join(name)).unwrap());
            let instance = name.strip_suffix(".service").and_then(|it| it.split_once('@'));
            let text = text.replace("%i", &self.placed(instance.map_or("", |(_, instance)| instance)));
            let value = |key: &str| {
                let mut lines =
                    text.split_terminator('\n').filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
                lines.next_back().map(str::to_owned)
            };
            Unit {
                directory: value("WorkingDirectory").unwrap(),
                command: value("ExecStart").unwrap(),
                files: value("LimitNOFILE").unwrap_or_else(|| "1024".into()),
                runtime_directory: value("RuntimeDirectory"),
            }
        };
        names_in(&wants).iter().map(unit).collect()
    }

    /// Starts all units, and nginx.
    fn start(&self, stack: &Path, nginx: &Path) -> Vec<Running> {
        let mut running = Vec::new();
        for unit in self.units(stack) {
            if let Some(directory) = unit.runtime_directory {
                std::fs::create_dir_all(self.root.join("run").join(directory)).unwrap();
            }
            let mut command = Command::new("sh");
            let limited = "ulimit -S -n \"$0\" 2>/dev/null || ulimit -S -n \"$(ulimit -H -n)\"; exec \"$@\"";
            command.args(["-c", limited, &unit.files]).args(unit.command.split(' '));
            running.push(started(command, Path::new(&unit.directory)));
        }
        for (port, ours) in self.ports.iter().filter(|(port, _)| **port != "8021") {
            wait_for(port, || TcpStream::connect(format!("127.0.0.1:{ours}")).is_ok());
        }
        for socket in ["run/search/search.sock", "run/prices-a/prices.sock", "run/prices-b/prices.sock"] {
            wait_for(socket, || UnixStream::connect(self.root.join(socket)).is_ok());
        }
        running.push(started(self.nginx(nginx), &self.root));
        for port in [self.shop, self.others] {
            wait_for("nginx", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        }
        running
    }

    fn nginx(&self, nginx: &Path) -> Command {
        let mut command = Command::new(nginx);
        let main = self.root.join("etc/nginx/nginx.conf");
        command.arg("-p").arg(&self.root).arg("-e").arg(self.log()).arg("-c").arg(main);
        command
    }

    fn log(&self) -> PathBuf {
        self.root.join("var/log/nginx/error.log")
    }

    /// Where a host is asked for.
    fn port(&self, host: &str) -> u16 {
        if host.starts_with("shop") { self.shop } else { self.others }
    }

    /// The statuses of as many requests as are sent at once.
    fn ask(&self, request: &Request) -> Vec<String> {
        answers(self.port(request.host), request)
    }

    fn worked(&self, app: &str) -> usize {
        let log = std::fs::read_to_string(self.root.join("srv").join(app).join("slow.log"));
        log.unwrap_or_default().matches('\n').count()
    }
}

/// Ends all at once rather than one after the other.
fn stop(running: Vec<Running>) {
    for it in &running {
        let _ = Command::new("kill").args(["-TERM", &it.0.id().to_string()]).status();
    }
}

const SHOP: &str = "shop.example.com";
const API: &str = "api.example.com";
const OFFICE: &str = "office.example.com";
const BLOG: &str = "blog.example.com";

/// Every route of the stack.
const ROUTES: [(&str, &str); 13] = [
    (SHOP, "/"),
    (SHOP, "/checkout/"),
    (SHOP, "/search/"),
    (SHOP, "/uploads/"),
    (SHOP, "/live/"),
    (API, "/v1/"),
    (API, "/v2/"),
    (API, "/prices/"),
    (API, "/hooks/"),
    (OFFICE, "/reports/"),
    (OFFICE, "/stock/"),
    (OFFICE, "/billing/"),
    (BLOG, "/"),
];

/// A ticket, an address, and a body that are longer than most, and how long a slow client takes.
struct Long {
    ticket: String,
    address: String,
    film: String,
    pause: Duration,
}

impl Long {
    fn new() -> Long {
        Long {
            ticket: format!("Cookie: ticket={}\r\n", "x".repeat(20_000)),
            address: format!("/{}", "x".repeat(10_000)),
            film: "x".repeat(3 << 20),
            pause: Duration::from_secs(3),
        }
    }
}

fn of(host: &'static str, path: &'static str) -> Request<'static> {
    Request { host, path, ..Request::PLAIN }
}

/// What clients see of the stack as it is, but that nginx starts.
fn is_broken(machine: &Machine, long: &Long) {
    let ticket = Request { headers: &long.ticket, ..of(SHOP, "/") };
    let address = Request { host: SHOP, path: &long.address, ..Request::PLAIN };
    let seen = [
        ("upstream-unbound", of(SHOP, "/search/"), "502"),
        ("scheme-mismatch", of(OFFICE, "/billing/"), "502"),
        ("host-header-lost", of(SHOP, "/checkout/"), "400"),
        ("scheme-headers-conflict", of(BLOG, "/"), "400"),
        ("request-limit-below-proxy", ticket, "431"),
        ("request-limit-below-proxy", address, "414"),
        ("gateway-protocol-mismatch", of(OFFICE, "/stock/"), "500"),
        ("worker-timeout-below-read", of(API, "/hooks/?sleep=5"), "500"),
        ("read-timeout-below-worker", of(OFFICE, "/reports/?sleep=5"), "504"),
        ("retries-multiply-timeout", of(API, "/prices/?sleep=3"), "504"),
        // What has no mistake is served.
        ("", of(SHOP, "/"), "200"),
        ("", of(SHOP, "/live/"), "200"),
    ];
    scope(|scope| {
        let asked = seen.map(|(rule, request, expected)| {
            scope.spawn(move || {
                assert_eq!(machine.ask(&request), [expected], "{rule}: {}", request.path);
            })
        });
        // A slow request puts both servers of the API out of use, for everybody: each process of nginx counts by itself.
        let blackout = scope.spawn(|| {
            machine.ask(&Request { at_once: 8, ..of(API, "/v1/?sleep=3") });
            // A process that had none of the slow ones waits for the busy apps itself, and gives them up after that.
            let rounds = (0..4).map(|_| machine.ask(&Request { at_once: 20, ..of(API, "/v2/") }));
            rounds.flatten().any(|status| status == "502")
        });
        // Two slow clients have both workers.
        let slow = Request { body: "half and half", pause: long.pause, at_once: 2, ..of(SHOP, "/uploads/") };
        let uploads = scope.spawn(move || machine.ask(&slow));
        sleep(Duration::from_millis(500));
        let start = Instant::now();
        assert_eq!(machine.ask(&of(SHOP, "/uploads/")), ["200"]);
        assert!(start.elapsed() > long.pause / 2, "unbuffered-sync-worker: {:?}", start.elapsed());
        assert_eq!(uploads.join().unwrap(), ["200", "200"]);
        assert!(blackout.join().unwrap(), "max-fails-blackout");
        for it in asked {
            it.join().unwrap();
        }
    });
    assert_eq!(machine.worked("prices"), 2, "retries-multiply-timeout");
    let log = std::fs::read_to_string(machine.log()).unwrap();
    assert!(log.contains("no live upstreams while connecting to upstream"), "max-fails-blackout:\n{log}");
}

/// Some hundreds of requests over many connections, slow ones, long ones and slow clients among them, all at once: each is
/// served.
fn serves(machine: &Machine, long: &Long) -> usize {
    let ticket = Request { headers: &long.ticket, at_once: 4, ..of(SHOP, "/") };
    let address = Request { host: SHOP, path: &long.address, at_once: 4, ..Request::PLAIN };
    let film = Request { body: &long.film, at_once: 2, ..of(SHOP, "/uploads/") };
    let long_ones = [
        ticket,
        address,
        film,
        of(API, "/hooks/?sleep=5"),
        of(OFFICE, "/reports/?sleep=5"),
        Request { at_once: 8, ..of(API, "/v1/?sleep=1") },
        Request { at_once: 8, ..of(API, "/prices/?sleep=1") },
        Request { at_once: 2, ..of(SHOP, "/search/?cookie=20000") },
    ];
    let rounds = |host: &'static str, path: &'static str| {
        let mut statuses = Vec::new();
        for round in 0..6 {
            let body = if round % 2 == 0 { "" } else { "posted" };
            statuses.extend(machine.ask(&Request { body, at_once: 4, ..of(host, path) }));
            // The last of them meet connections that have been idle for about as long as an app keeps them by itself.
            sleep(Duration::from_millis(if round == 3 { 1990 } else { 50 }));
        }
        statuses
    };
    // More than an app takes before it is replaced.
    let many = Request { body: "posted", at_once: 10, ..of(SHOP, "/live/") };
    scope(|scope| {
        let mut asked: Vec<_> = long_ones
            .map(|request| scope.spawn(move || (request.path.to_owned(), machine.ask(&request))))
            .into();
        asked.extend(
            ROUTES.map(|(host, path)| scope.spawn(move || (format!("{host}{path}"), rounds(host, path)))),
        );
        asked.push(scope.spawn(move || ("live".into(), (0..110).flat_map(|_| machine.ask(&many)).collect())));
        let slow = Request { body: "half and half", pause: long.pause, at_once: 2, ..of(SHOP, "/uploads/") };
        asked.push(scope.spawn(move || ("slow clients".into(), machine.ask(&slow))));
        let mut served = 0;
        for it in asked {
            let (what, statuses) = it.join().unwrap();
            assert!(statuses.iter().all(|status| status == "200"), "{what}: {statuses:?}");
            served += statuses.len();
        }
        served
    })
}

#[test]
fn a_stack_of_nineteen_mistakes_serves_every_request_when_they_are_mended() {
    let (Some((_, nginx)), Some(gunicorn)) = (real::nginxes().into_iter().next(), real::gunicorn()) else {
        return;
    };
    let scratch = tempfile::Builder::new().prefix("hop").tempdir().unwrap();
    let stack = scratch.path().join("repository");
    copy_tree(&root().join("corpus/department-store"), &stack);
    let machine = Machine::new(scratch.path().join("machine"));
    let long = Long::new();

    machine.deploy(&stack, &gunicorn);
    let tested = machine.nginx(&nginx).arg("-t").output().unwrap();
    let said = String::from_utf8_lossy(&tested.stderr).into_owned();
    let refusal =
        "\"proxy_busy_buffers_size\" must be less than the size of all \"proxy_buffers\" minus one buffer";
    assert!(!tested.status.success() && said.contains(refusal), "proxy-buffers-rejected: {said}");

    // So that the others are seen.
    hoplint(&stack, &["--fix", "--select", "proxy-buffers-rejected"]);
    machine.deploy(&stack, &gunicorn);
    let running = machine.start(&stack, &nginx);
    is_broken(&machine, &long);
    stop(running);

    let (_, said) = hoplint(&stack, &["--fix", "--unsafe-fixes"]);
    assert!(said.contains("Mended 18 findings"), "{said}");
    let (status, said) = hoplint(&stack, &["--pedantic"]);
    assert_eq!(status, Some(0), "{said}");
    machine.deploy(&stack, &gunicorn);
    let running = machine.start(&stack, &nginx);
    let served = serves(&machine, &long);
    eprintln!("{served} requests are served");
    assert!(served > 1000);
    stop(running);
}
