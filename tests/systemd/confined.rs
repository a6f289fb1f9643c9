//! Gunicorn and nginx in services that are confined, with a manager of their own: what hoplint reports happens, and what it
//! passes over runs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use hoplint::check::check;
use hoplint::config::Settings;
use hoplint::source::{FileKind, Source, Sources};

use super::boot::{boot, can_boot, environment};
use crate::real;
use crate::support::{free_port, write};

const APP: &str =
    "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'served']\n";

/// Its own script names the place of its environment, which the services do not see.
const GUNICORN: &str =
    "#!/mnt/real/bin/python\nimport sys\nfrom gunicorn.app.wsgiapp import run\nsys.exit(run())\n";

/// Makes the files of the services. Gunicorn's environment is at /mnt/real.
fn prepare() -> String {
    format!(
        "mkdir -p /srv/app /srv/bin /home/x /run/app\nchmod 777 /run/app\n\
         cat > /srv/bin/gunicorn <<'END'\n{GUNICORN}END\nchmod 755 /srv/bin/gunicorn\n\
         cat > /srv/app/stub.py <<'END'\n{APP}END\ncp /srv/app/stub.py /home/x/\n"
    )
}

/// A service: its lines, Gunicorn's options, and how it ends with what it says, or nothing where it runs.
struct Case {
    /// The rule that speaks of it; none where it runs.
    rule: &'static str,
    lines: &'static str,
    options: &'static str,
    /// `$SERVICE_RESULT $EXIT_CODE $EXIT_STATUS`, or a part of it.
    ends: &'static str,
    says: &'static str,
}

const fn case(
    rule: &'static str,
    lines: &'static str,
    options: &'static str,
    ends: &'static str,
    says: &'static str,
) -> Case {
    Case { rule, lines, options, ends, says }
}

const SANDBOX: &str = "sandbox-blocks-app";
const READ_ONLY: &str = "Read-only file system";
const STRICT: &str = "ProtectSystem=strict\nPrivateTmp=yes";

#[rustfmt::skip]
const CASES: &[Case] = &[
    case(SANDBOX, STRICT, "-b unix:/run/app/1.sock", "exited 1", READ_ONLY),
    case(SANDBOX, "DynamicUser=yes", "-b unix:/run/app/2.sock", "exited 1", READ_ONLY),
    case(SANDBOX, "ReadOnlyPaths=/run/app", "-b unix:/run/app/3.sock", "exited 1", READ_ONLY),
    case(SANDBOX, STRICT, "-b 127.0.0.1:PORT --log-file /srv/app/e.log", "exited 1", "isn't writable"),
    case(SANDBOX, STRICT, "-b 127.0.0.1:PORT --access-logfile /srv/app/a.log", "exited 1", "isn't writable"),
    case(SANDBOX, STRICT, "-b 127.0.0.1:PORT --pid other.pid", "exited 1", READ_ONLY),
    case(SANDBOX, STRICT, "-b 127.0.0.1:PORT --worker-tmp-dir /run/app", "exited 255", READ_ONLY),
    case(SANDBOX, "ProtectSystem=strict", "-b 127.0.0.1:PORT", "exited 255", "No usable temporary directory found"),
    case(SANDBOX, "ProtectHome=yes\nWorkingDirectory=/home/x", "-b 127.0.0.1:PORT", "exited 200", ""),
    case(SANDBOX, "ProtectHome=yes\nReadWritePaths=/home/x\nBindPaths=/home/x\nWorkingDirectory=/home/x", "-b 127.0.0.1:PORT", "exited 200", ""),
    case(SANDBOX, "ProtectHome=tmpfs\nWorkingDirectory=/home/x", "-b 127.0.0.1:PORT", "exited 200", ""),
    case(SANDBOX, "InaccessiblePaths=/srv/bin", "-b 127.0.0.1:PORT", "exited 203", ""),
    case(SANDBOX, "InaccessiblePaths=/home", "-b 127.0.0.1:PORT --chdir /home/x", "exited 1", "can't chdir to '/home/x'"),
    case(SANDBOX, "InaccessiblePaths=-/home", "-b 127.0.0.1:PORT -c /home/x/stub.py", "exited 1", "'/home/x/stub.py' doesn't exist"),
    case(SANDBOX, "RestrictAddressFamilies=AF_INET AF_INET6", "-b unix:/run/app/4.sock", "exited 1", "[Errno 97]"),
    case(SANDBOX, "RestrictAddressFamilies=AF_UNIX", "-b 127.0.0.1:PORT", "exited 1", "[Errno 97]"),
    case(SANDBOX, "RestrictAddressFamilies=~AF_INET AF_INET6", "-b 127.0.0.1:PORT", "exited 1", "[Errno 97]"),
    case(SANDBOX, "Type=notify\nTimeoutStartSec=5\nRestrictAddressFamilies=~AF_UNIX", "-b 127.0.0.1:PORT", "", ""),
    case(SANDBOX, "SystemCallFilter=@system-service\nSystemCallFilter=~@privileged", "-b unix:/run/app/5.sock", " SYS", ""),
    case(SANDBOX, "SystemCallFilter=~@chown\nSystemCallErrorNumber=EPERM", "-b unix:/run/app/6.sock", "exited 1", "Operation not permitted"),
    case("privileged-port", "User=nobody", "-b 127.0.0.1:81", "exited 1", "[Errno 13] Permission denied"),
    case("privileged-port", "User=nobody\nAmbientCapabilities=CAP_SYS_NICE", "-b 127.0.0.1:81", "exited 1", "[Errno 13] Permission denied"),
    case("path-not-writable", "User=nobody", "-b 127.0.0.1:PORT --pid /run/x.pid", "exited 1", "Permission denied"),
    case("path-not-writable", "User=nobody", "-b 127.0.0.1:PORT --pid /run/none/x.pid", "exited 1", "Can't create pidfile"),
    case("path-not-writable", "User=nobody", "-b 127.0.0.1:PORT --log-file /run/x.log", "exited 1", "isn't writable"),
    case("path-not-writable", "User=nobody", "-b 127.0.0.1:PORT --worker-tmp-dir /run/none", "exited 255", "Can't create workertmp"),
    case("path-not-writable", "User=nobody", "-b 127.0.0.1:PORT --worker-tmp-dir /run", "exited 255", "Permission denied"),
    // What runs.
    case("", "ProtectSystem=strict", "-b 127.0.0.1:PORT --worker-tmp-dir /dev/shm", "", ""),
    case("", "ProtectSystem=strict\nReadWritePaths=/srv/app", "-b 127.0.0.1:PORT --pid app.pid", "", ""),
    case("", "ProtectSystem=strict\nPrivateTmp=yes\nReadWritePaths=-/run/none /run/app", "-b unix:/run/app/7.sock", "", ""),
    case("", "ReadOnlyPaths=/run\nReadWritePaths=/run/app", "-b unix:/run/app/8.sock", "", ""),
    case("", "ProtectSystem=full", "-b unix:/run/app/9.sock --log-file /srv/app/f.log", "", ""),
    case("", "TemporaryFileSystem=/home\nBindPaths=/home/x\nWorkingDirectory=/home/x", "-b 127.0.0.1:PORT", "", ""),
    case("", "DynamicUser=yes\nRuntimeDirectory=ten", "-b unix:/run/ten/a.sock", "", ""),
    case("", "SystemCallFilter=@system-service\nSystemCallFilter=~@privileged\nSystemCallFilter=@chown", "-b unix:/run/app/b.sock", "", ""),
    case("", "SystemCallFilter=@system-service\nSystemCallFilter=~@privileged", "-b 127.0.0.1:PORT", "", ""),
    case("", "RestrictAddressFamilies=AF_INET", "-b 127.0.0.1:PORT", "", ""),
    case("", "User=nobody\nAmbientCapabilities=CAP_NET_BIND_SERVICE", "-b 127.0.0.1:82", "", ""),
    case("", "User=nobody\nRuntimeDirectory=pids", "-b 127.0.0.1:PORT --pid /run/pids/x.pid", "", ""),
    case("", "InaccessiblePaths=/srv/bin", "+", "", ""),
];

/// The unit of a case.
fn unit(at: usize, case: &Case) -> String {
    let (sign, options) = match case.options {
        "+" => ("+", "-b 127.0.0.1:PORT"),
        options => ("", options),
    };
    let options = options.replace("PORT", &free_port().to_string());
    let directory = if case.lines.contains("WorkingDirectory") { "" } else { "WorkingDirectory=/srv/app\n" };
    format!(
        "[Unit]\nDefaultDependencies=no\n\n[Service]\n{}\n{directory}StandardError=append:/mnt/out/{at}.said\n\
         ExecStart={sign}/srv/bin/gunicorn {options} stub:app\n\
         ExecStopPost=+/bin/sh -c 'echo $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS > /mnt/out/{at}.end'\n\n\
         [Install]\nWantedBy=multi-user.target\n",
        case.lines
    )
}

/// The rules of these tests that speak of a unit.
fn rules(unit: &str) -> Vec<&'static str> {
    let mut sources = Sources::default();
    sources.add(Source::new("etc/systemd/system/a.service", FileKind::Systemd, unit.into()));
    let findings = check(&sources, &Settings::default()).findings;
    let ours = [SANDBOX, "privileged-port", "path-not-writable"];
    findings.iter().map(|finding| finding.rule).filter(|rule| ours.contains(rule)).collect()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn gunicorn_does_not_start_where_hoplint_says_so_and_starts_where_it_does_not() {
    let gunicorns = real::gunicorns();
    if gunicorns.is_empty() || !can_boot() {
        return;
    }
    let mut wrong = Vec::new();
    let units: Vec<String> = CASES.iter().enumerate().map(|(at, case)| unit(at, case)).collect();
    for (unit, case) in units.iter().zip(CASES) {
        let found = rules(unit);
        let expected: &[&str] = if case.rule.is_empty() { &[] } else { &[case.rule] };
        if found != expected {
            wrong.push(format!("hoplint says {found:?} of\n{unit}"));
        }
    }
    // An older Gunicorn does not say why it cannot bind.
    let newest = &gunicorns.first().unwrap().0;
    for (version, gunicorn) in [gunicorns.first().unwrap(), gunicorns.last().unwrap()] {
        let Some(environment) = environment(gunicorn) else { return };
        let named: Vec<(String, String)> =
            units.iter().enumerate().map(|(at, text)| (format!("u{at}.service"), text.clone())).collect();
        let is_up = |out: &Path, at: usize| text(&out.join(format!("{at}.said"))).contains("Booting worker");
        let is_over = |out: &Path, at: usize| !text(&out.join(format!("{at}.end"))).is_empty();
        let is_seen = |out: &Path, at: usize| match CASES[at].rule {
            "" => is_up(out, at) || is_over(out, at),
            _ => is_over(out, at),
        };
        // A log of its own says nothing to us.
        let is_silent = |case: &Case| case.rule.is_empty() && case.options.contains("--log-file");
        let watched: Vec<usize> = (0..CASES.len()).filter(|at| !is_silent(&CASES[*at])).collect();
        let scratch = boot(&named, &[(&environment, "real")], &prepare(), |out| {
            watched.iter().all(|at| is_seen(out, *at))
        });
        let out = scratch.path().join("out");
        for (at, case) in CASES.iter().enumerate() {
            let (end, said) = (text(&out.join(format!("{at}.end"))), text(&out.join(format!("{at}.said"))));
            let is_right = if case.rule.is_empty() {
                end.is_empty() && (is_silent(case) || is_up(&out, at))
            } else {
                end.contains(case.ends) && !end.is_empty() && (version != newest || said.contains(case.says))
            };
            if !is_right {
                wrong.push(format!("Gunicorn {version}: {} {}: {end}{said}", case.lines, case.options));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// An app and nginx, each a service, and what a client gets of them.
struct Hop {
    rule: &'static str,
    app: &'static str,
    nginx: &'static str,
    socket: &'static str,
    bind: &'static str,
    gets: &'static str,
    log: &'static str,
}

const TMP: &str = "socket-in-private-tmp";

#[rustfmt::skip]
const HOPS: &[Hop] = &[
    Hop { rule: TMP, app: "PrivateTmp=yes", nginx: "", socket: "", bind: "unix:/tmp/NAME.sock", gets: "502", log: "failed (2: No such file or directory)" },
    Hop { rule: TMP, app: "DynamicUser=yes", nginx: "", socket: "", bind: "unix:/var/tmp/NAME.sock", gets: "502", log: "failed (2: No such file or directory)" },
    Hop { rule: TMP, app: "", nginx: "PrivateTmp=yes", socket: "", bind: "unix:/tmp/NAME.sock", gets: "502", log: "failed (2: No such file or directory)" },
    Hop { rule: SANDBOX, app: "PrivateNetwork=yes", nginx: "", socket: "", bind: "127.0.0.1:PORT", gets: "502", log: "failed (111: Connection refused)" },
    Hop { rule: "", app: "", nginx: "", socket: "", bind: "unix:/tmp/NAME.sock", gets: "200", log: "" },
    Hop { rule: "", app: "PrivateTmp=yes", nginx: "", socket: "", bind: "unix:/dev/shm/NAME.sock", gets: "200", log: "" },
    Hop { rule: "", app: "PrivateTmp=yes\nBindPaths=/tmp", nginx: "", socket: "", bind: "unix:/tmp/NAME.sock", gets: "200", log: "" },
    Hop { rule: "", app: "PrivateTmp=yes", nginx: "PrivateTmp=yes\n[Unit]\nJoinsNamespaceOf=NAME.service", socket: "", bind: "unix:/tmp/NAME.sock", gets: "200", log: "" },
    Hop { rule: "", app: "PrivateTmp=yes\nPrivateNetwork=yes", nginx: "", socket: "/tmp/NAME.sock", bind: "unix:/tmp/NAME.sock", gets: "200", log: "" },
    Hop { rule: "", app: "PrivateNetwork=yes", nginx: "", socket: "", bind: "unix:/run/app/NAME.sock", gets: "200", log: "" },
];

/// The status that a client gets on a port.
fn get(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1).map(str::to_owned)
}

#[test]
fn nginx_reaches_what_hoplint_says_it_does() {
    let (Some(nginx), Some(gunicorn)) = (real::nginx(), real::gunicorn()) else { return };
    let Some(environment) = environment(&gunicorn).filter(|_| can_boot()) else { return };
    let mut wrong = Vec::new();
    let mut units = Vec::new();
    let mut ports = Vec::new();
    let mut prepare = prepare();
    for (at, hop) in HOPS.iter().enumerate() {
        let name = format!("app{at}");
        let (port, bound) = (free_port(), free_port());
        let placed = |text: &str| text.replace("NAME", &name).replace("PORT", &bound.to_string());
        let bind = placed(hop.bind);
        let requires =
            if hop.socket.is_empty() { String::new() } else { format!("Requires={name}.socket\n") };
        let app = format!(
            "[Unit]\nDefaultDependencies=no\n{requires}[Service]\n{}\nWorkingDirectory=/srv/app\n\
             StandardError=append:/mnt/out/{at}.said\nExecStart=/srv/bin/gunicorn -b {bind} stub:app\n\n\
             [Install]\nWantedBy=multi-user.target\n",
            hop.app
        );
        let configuration = format!(
            "pid /run/nginx{at}.pid;\nerror_log /mnt/out/{at}.log;\nuser root;\nevents {{}}\nhttp {{\n    access_log off;\n    \
             server {{\n        listen 127.0.0.1:{port};\n        location / {{ proxy_pass http://{bind}; }}\n    }}\n}}\n"
        );
        let proxy = format!(
            "[Unit]\nDefaultDependencies=no\nWants={name}.service\nAfter={name}.service\n[Service]\n\
             ExecStart=/mnt/nginx -c /srv/app/{at}.conf -e /mnt/out/{at}.log -g 'daemon off;'\n{}\n\n[Install]\n\
             WantedBy=multi-user.target\n",
            placed(hop.nginx)
        );
        let mut sources = Sources::default();
        for (path, kind, text) in [
            (format!("etc/systemd/system/{name}.service"), FileKind::Systemd, &app),
            ("etc/systemd/system/nginx.service".into(), FileKind::Systemd, &proxy),
            ("etc/nginx/nginx.conf".into(), FileKind::Nginx, &configuration),
        ] {
            sources.add(Source::new(path, kind, text.clone().into()));
        }
        units.push((format!("{name}.service"), app));
        units.push((format!("nginx{at}.service"), proxy));
        if !hop.socket.is_empty() {
            let socket =
                format!("[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream={}\n", placed(hop.socket));
            let path = format!("etc/systemd/system/{name}.socket");
            sources.add(Source::new(path, FileKind::Systemd, socket.clone().into()));
            units.push((format!("{name}.socket"), socket));
        }
        let findings = check(&sources, &Settings::default()).findings;
        let ours = [TMP, SANDBOX];
        let found: Vec<&str> = findings.iter().map(|it| it.rule).filter(|rule| ours.contains(rule)).collect();
        let expected: &[&str] = if hop.rule.is_empty() { &[] } else { &[hop.rule] };
        if found != expected {
            wrong.push(format!("hoplint says {found:?} of {} {}", hop.app, hop.nginx));
        }
        prepare = format!("{prepare}cat > /srv/app/{at}.conf <<'END'\n{configuration}END\n");
        ports.push(port);
    }
    let got: RefCell<BTreeMap<usize, String>> = RefCell::default();
    let brought = [(environment.as_path(), "real"), (nginx.as_path(), "nginx")];
    let scratch = boot(&units, &brought, &prepare, |out| {
        for (at, port) in ports.iter().enumerate() {
            let is_up = text(&out.join(format!("{at}.said"))).contains("Booting worker");
            if is_up
                && !got.borrow().contains_key(&at)
                && let Some(status) = get(*port)
            {
                got.borrow_mut().insert(at, status);
            }
        }
        got.borrow().len() == HOPS.len()
    });
    for (at, hop) in HOPS.iter().enumerate() {
        let (status, log) =
            (got.borrow().get(&at).cloned(), text(&scratch.path().join(format!("out/{at}.log"))));
        let said = text(&scratch.path().join(format!("out/{at}.said")));
        if status.as_deref() != Some(hop.gets) || !log.contains(hop.log) {
            wrong.push(format!("{} {}: {status:?}\n{log}{said}", hop.app, hop.nginx));
        }
    }
    write(&scratch.path().join("done"), "");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
