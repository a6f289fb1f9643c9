//! The outcome that a rule announces, seen by a client of the real nginx and the real Gunicorn, and gone after the fix.

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
    if environ["PATH_INFO"] == "/slow":
        time.sleep(2)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"served\n"]
"#;

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let id = self.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.0.wait();
    }
}

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The status that a client gets, or why it gets none.
fn get(port: u16, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
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

/// One stack, run as it is and as it is mended.
struct Case<'a> {
    rule: &'a str,
    /// What Gunicorn listens on; in nginx's words `served`.
    bind: String,
    /// The rest of Gunicorn's configuration.
    gunicorn: &'a str,
    /// The address in nginx's `proxy_pass`.
    target: String,
    /// The rest of nginx's location.
    nginx: &'a str,
    path: &'a str,
    /// What the client gets before the fix.
    status: &'a str,
}

fn run(case: &Case) {
    let (Some(nginx), Some(gunicorn)) = (real::nginx(), real::gunicorn()) else { return };
    let scratch = tempfile::Builder::new().prefix("hop").tempdir().unwrap();
    let directory = scratch.path();
    let port = free_port();
    let here = directory.display().to_string();
    let Case { rule, gunicorn: settings, nginx: directives, path, status, .. } = case;
    let (bind, target) = (case.bind.replace("HERE", &here), case.target.replace("HERE", &here));
    write(&directory.join("stub.py"), APP);
    write(&directory.join("gunicorn.conf.py"), format!("bind = \"{bind}\"\n{settings}"));
    write(
        &directory.join("nginx.conf"),
        format!(
            "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log error.log;\nevents {{}}\nhttp {{\n    \
             access_log off;\n    server {{\n        listen 127.0.0.1:{port};\n        location / {{\n            \
             proxy_pass http://{target};\n            {directives}\n        }}\n    }}\n}}\n"
        ),
    );
    let (code, said) = hoplint(directory, &["--format", "concise"]);
    assert!(code == Some(1) && said.contains(rule), "{code:?}: {said}");

    let mut command = Command::new(&gunicorn);
    command.args(["-c", "gunicorn.conf.py", "stub:app"]);
    let _gunicorn = started(command, directory);
    wait_for("Gunicorn", || match bind.strip_prefix("unix:") {
        Some(socket) => std::os::unix::net::UnixStream::connect(socket).is_ok(),
        None => TcpStream::connect(&bind).is_ok(),
    });
    let ask = || {
        let mut command = Command::new(&nginx);
        command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(directory);
        let _nginx = started(command, directory);
        wait_for("nginx", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        get(port, path).unwrap()
    };
    assert_eq!(ask(), *status, "{rule}");
    let (code, said) = hoplint(directory, &["--fix"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(ask(), "200", "{rule}, mended");
}

#[test]
fn a_port_where_nobody_listens_is_a_502() {
    let (bound, free) = (free_port(), free_port());
    run(&Case {
        rule: "upstream-unbound",
        bind: format!("127.0.0.1:{bound}"),
        gunicorn: "",
        target: format!("127.0.0.1:{free}"),
        nginx: "",
        path: "/",
        status: "502",
    });
}

#[test]
fn a_socket_where_nobody_listens_is_a_502() {
    run(&Case {
        rule: "upstream-unbound",
        bind: "unix:HERE/app.sock".into(),
        gunicorn: "",
        target: "unix:HERE/other.sock".into(),
        nginx: "",
        path: "/",
        status: "502",
    });
}

#[test]
fn a_read_timeout_below_a_sync_worker_s_is_a_504() {
    let bound = free_port();
    run(&Case {
        rule: "read-timeout-below-worker",
        bind: format!("127.0.0.1:{bound}"),
        gunicorn: "timeout = 4\n",
        target: format!("127.0.0.1:{bound}"),
        nginx: "proxy_read_timeout 1s;",
        path: "/slow",
        status: "504",
    });
}

#[test]
fn a_read_timeout_below_threads_is_a_504_whatever_their_timeout() {
    let bound = free_port();
    run(&Case {
        rule: "read-timeout-below-worker",
        bind: format!("127.0.0.1:{bound}"),
        gunicorn: "threads = 2\ntimeout = 3\n",
        target: format!("127.0.0.1:{bound}"),
        nginx: "proxy_read_timeout 1s;",
        path: "/slow",
        status: "504",
    });
}
