//! Every way in which an app may come to an address, and whether a target besides it is said to be unbound.

use hoplint::check::check;
use hoplint::config::Settings;
use hoplint::source::{FileKind, Source, Sources};

/// Nothing but the service, which is handed what the socket unit listens on.
const HANDED: &str = "[Unit]\nRequires=app.socket\nAfter=app.socket\n";

/// A target that nobody serves, and one that may be served, for one service and what stands beside it.
struct Row {
    /// What follows `gunicorn` on the command line.
    arguments: &'static str,
    /// Other lines of the service; in front of `[Service]`, where they begin with a section.
    lines: &'static str,
    /// The lines of a socket unit, without one where it is empty.
    socket: &'static str,
    /// Targets for which the rule fires.
    unbound: &'static [&'static str],
    /// Targets for which it is silent.
    bound: &'static [&'static str],
}

const fn row(
    arguments: &'static str,
    lines: &'static str,
    socket: &'static str,
    unbound: &'static [&'static str],
    bound: &'static [&'static str],
) -> Row {
    Row { arguments, lines, socket, unbound, bound }
}

const ROWS: &[Row] = &[
    // Nothing is said: 127.0.0.1:8000.
    row("", "", "", &["127.0.0.1:8080", "[::1]:8000"], &["127.0.0.1:8000", "localhost:8000", "0.0.0.0:8000"]),
    // Wildcards, and both families.
    row(
        "-b 0.0.0.0:8000",
        "",
        "",
        &["[::1]:8000", "127.0.0.1:8001"],
        &["127.0.0.1:8000", "127.9.9.9:8000", "192.168.1.5:8000"],
    ),
    row("-b :8000", "", "", &["[::1]:8000"], &["127.0.0.1:8000"]),
    row("-b [::]:8000", "", "", &["[::1]:8001"], &["[::1]:8000", "127.0.0.1:8000", "localhost:8000"]),
    row("-b [::1]:8000", "", "", &["127.0.0.1:8000"], &["[::1]:8000", "localhost:8000"]),
    row("-b 127.0.0.2:8000", "", "", &["127.0.0.1:8000"], &["127.0.0.2:8000"]),
    row("-b localhost:8000", "", "", &["localhost:8001"], &["127.0.0.1:8000", "localhost:8000"]),
    // Several binds.
    row(
        "-b 127.0.0.1:8000 -b unix:/run/app.sock",
        "",
        "",
        &["127.0.0.1:8001", "unix:/run/other.sock"],
        &["127.0.0.1:8000", "unix:/run/app.sock", "unix:/var/run/app.sock"],
    ),
    // Sockets that are relative to a directory.
    row("-b unix:app.sock", "", "", &["unix:/run/app.sock"], &["unix:/srv/app/app.sock"]),
    // `bind-syntax` tells what is wrong here.
    row(
        "-b unix://run/app.sock",
        "",
        "",
        &[],
        &["unix:/run/app.sock", "unix:/srv/app/run/app.sock", "127.0.0.1:8000"],
    ),
    // Wherever the directory is, a port is none of it.
    row(
        "-b unix:app.sock",
        "EnvironmentFile=/etc/app.env\n",
        "",
        &["127.0.0.1:8000"],
        &["unix:/srv/app/app.sock", "unix:/run/app.sock"],
    ),
    row(
        "-b unix:app.sock --chdir /srv/app/src",
        "",
        "",
        &["unix:/srv/app/app.sock"],
        &["unix:/srv/app/src/app.sock"],
    ),
    // The variable, and what comes before it.
    row("", "Environment=PORT=5000\n", "", &["127.0.0.1:8000"], &["127.0.0.1:5000"]),
    row("-b 127.0.0.1:8000", "Environment=PORT=5000\n", "", &["127.0.0.1:5000"], &["127.0.0.1:8000"]),
    row("-b 0.0.0.0:${PORT}", "Environment=PORT=5000\n", "", &["127.0.0.1:5001"], &["127.0.0.1:5000"]),
    row("", "EnvironmentFile=/etc/app.env\n", "", &[], &["127.0.0.1:5000", "127.0.0.1:8000"]),
    row(
        "",
        "Environment=\"GUNICORN_CMD_ARGS=--bind 127.0.0.1:9000\"\n",
        "",
        &["127.0.0.1:8000"],
        &["127.0.0.1:9000"],
    ),
    // Sockets that systemd hands over count alone.
    row(
        "-b 127.0.0.1:8001",
        HANDED,
        "ListenStream=/run/app.sock\n",
        &["127.0.0.1:8001", "unix:/run/other.sock"],
        &["unix:/run/app.sock"],
    ),
    row(
        "",
        HANDED,
        "ListenStream=/run/a.sock\nListenStream=\nListenStream=/run/b.sock\nListenStream=9000\n",
        &["unix:/run/a.sock", "127.0.0.1:8000"],
        &["unix:/run/b.sock", "127.0.0.1:9000", "[::1]:9000"],
    ),
    row("", HANDED, "ListenStream=0.0.0.0:8000\n", &["[::1]:8000"], &["127.0.0.1:8000"]),
    row("", HANDED, "ListenStream=/run/app.sock\nSymlinks=/run/web.sock\n", &[], &["unix:/run/web.sock"]),
    // Which of the two it is hangs on what was started first.
    row(
        "-b 127.0.0.1:8001",
        "[Install]\nWantedBy=multi-user.target\n",
        "ListenStream=/run/app.sock\n",
        &[],
        &["127.0.0.1:8001", "unix:/run/app.sock"],
    ),
];

fn server(target: &str, upstream: &str) -> String {
    format!("{upstream}server {{\n    listen 80;\n    location / {{ proxy_pass http://{target}; }}\n}}\n")
}

fn kind(path: &str) -> FileKind {
    match path.rsplit('/').next().unwrap_or_default() {
        "app.conf" => FileKind::Nginx,
        "docker-compose.yml" => FileKind::Compose,
        name if name.ends_with(".service") || name.ends_with(".socket") => FileKind::Systemd,
        _ => FileKind::Launcher,
    }
}

/// At how many places the rule fires in a stack.
fn unbound(files: &[(&str, &str)]) -> usize {
    let mut sources = Sources::default();
    for (path, text) in files {
        sources.add(Source::new(*path, kind(path), text.as_bytes().into()));
    }
    let report = check(&sources, &Settings::default());
    report.findings.iter().filter(|it| it.rule == "upstream-unbound").count()
}

fn service(row: &Row) -> String {
    let (before, within) = if row.lines.starts_with('[') { (row.lines, "") } else { ("", row.lines) };
    let arguments = row.arguments;
    format!(
        "{before}[Service]\nWorkingDirectory=/srv/app\n{within}ExecStart=/srv/app/venv/bin/gunicorn -w 2 {arguments} \
         app:app\nRestart=on-failure\n"
    )
}

#[test]
fn an_address_is_unbound_where_nothing_brings_the_app_there() {
    let mut wrong = Vec::new();
    for row in ROWS {
        let service = service(row);
        let socket = format!("[Socket]\n{}\n[Install]\nWantedBy=sockets.target\n", row.socket);
        let fires = |target: &str| {
            let nginx = server(target, "");
            let mut files = vec![("nginx/app.conf", nginx.as_str()), ("app.service", service.as_str())];
            if !row.socket.is_empty() {
                files.push(("app.socket", socket.as_str()));
            }
            unbound(&files)
        };
        let told = |it: &&str| format!("{it} for\n{service}{}", row.socket);
        wrong
            .extend(row.unbound.iter().filter(|it| fires(it) != 1).map(|it| format!("silent: {}", told(it))));
        wrong.extend(row.bound.iter().filter(|it| fires(it) != 0).map(|it| format!("fires: {}", told(it))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_address_of_another_program_is_its_own() {
    let service = service(&row("", "", "", &[], &[]));
    let fires = |target: &str, files: &[(&str, &str)]| {
        let nginx = server(target, "");
        let own = [("nginx/app.conf", nginx.as_str()), ("app.service", service.as_str())];
        unbound(&[&own, files].concat())
    };
    let package = ("web/package.json", "{\"scripts\": {\"start\": \"next start\"}}\n");
    for (target, alone, beside) in [
        ("127.0.0.1:8001", 1, 1),
        ("127.0.0.1:8010", 1, 1),
        ("127.0.0.1:5000", 1, 0),
        ("127.0.0.1:8080", 1, 0),
        ("unix:/run/other.sock", 1, 0),
        ("unix:/run/gunicorn.sock", 1, 1),
        ("unix:/run/puma.sock", 0, 0),
        ("127.0.0.1:80", 0, 0),
        ("127.0.0.1:3000", 0, 0),
        ("127.0.0.1:4180", 0, 0),
        ("127.0.0.1:9000", 0, 0),
        ("127.0.0.1:9200", 0, 0),
        ("[::1]:8000", 1, 1),
    ] {
        assert_eq!((fires(target, &[]), fires(target, &[package])), (alone, beside), "{target}");
    }
}

#[test]
fn a_location_whose_server_is_not_in_the_tree_needs_a_tie() {
    let service = service(&row("-b unix:/srv/app/run/app.socket", "", "", &[], &[]));
    for (target, expected) in [
        ("unix:/srv/app/run/app.sock", 1),
        ("unix:/srv/app/run/app.socket", 0),
        ("unix:/run/other.sock", 0),
        ("127.0.0.1:8000", 0),
    ] {
        let nginx = format!("location /app/ {{\n    proxy_pass http://{target};\n}}\n");
        let found = unbound(&[("nginx/app.conf", &nginx), ("app.service", &service)]);
        assert_eq!(found, expected, "{target}");
    }
}

#[test]
fn one_peer_that_answers_is_enough_for_a_route() {
    let service = service(&row("", "", "", &[], &[]));
    for (servers, expected) in [
        (&["127.0.0.1:8001", "unix:/run/app.sock"][..], 2),
        (&["127.0.0.1:8001", "127.0.0.1:8002 backup"], 2),
        (&["127.0.0.1:8001", "127.0.0.1:8000"], 0),
        (&["127.0.0.1:8001", "127.0.0.1:8000 backup"], 0),
        (&["127.0.0.1:8001", "app.internal:8000"], 0),
    ] {
        let servers: String = servers.iter().map(|it| format!("    server {it};\n")).collect();
        let nginx = server("app", &format!("upstream app {{\n{servers}}}\n"));
        let found = unbound(&[("nginx/app.conf", &nginx), ("app.service", &service)]);
        assert_eq!(found, expected, "{servers}");
    }
}

#[test]
fn whatever_else_runs_on_the_host_may_listen_there() {
    let service = service(&row("", "", "", &[], &[]));
    let nginx = server("127.0.0.1:8001", "");
    let stack = |path: &str, text: &str| {
        unbound(&[("nginx/app.conf", nginx.as_str()), ("app.service", service.as_str()), (path, text)])
    };
    assert_eq!(unbound(&[("nginx/app.conf", nginx.as_str()), ("app.service", service.as_str())]), 1);
    for (path, text) in [
        ("Caddyfile", "shop.example.com {\n    reverse_proxy 127.0.0.1:8000\n}\n"),
        ("web.service", "[Service]\nExecStart=/usr/bin/node /srv/web/server.js\n"),
        ("api.service", "[Service]\nExecStart=/srv/api/venv/bin/uvicorn api:app --port 8001\n"),
        ("other.socket", "[Socket]\nListenStream=8001\n"),
        ("docker-compose.yml", "services:\n  web:\n    image: web\n    ports:\n      - \"8001:3000\"\n"),
        ("supervisor/api.conf", "[program:api]\ncommand=/srv/api/run --port 8001\n"),
    ] {
        assert_eq!(stack(path, text), 0, "{path}");
    }
}
