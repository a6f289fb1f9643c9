//! What comes of sockets in the directories and with the modes that systemd gives them, and of those that it hands over.
//!
//! A stand-in for the service manager makes directories and sockets, hands them over and becomes another user: that takes root.

use std::fs::{File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::matrix::gunicorns;
use super::super::{Request, Running, answer, server, wait_for};
use super::{NO_MEND, Place, end_of};
use crate::real;

const MANAGER: &str = include_str!("manager.py");

/// A directory of /run that goes with the test.
struct Run(String);

impl Run {
    fn new() -> Run {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Run(format!("hoplint-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    fn path(&self) -> PathBuf {
        Path::new("/run").join(&self.0)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.path());
    }
}

/// A service, and what comes of it; RUN stands for a directory's name.
struct Case<'a> {
    /// What the case is called, for a person.
    name: &'a str,
    /// Lines of `[Service]`.
    service: &'a str,
    /// Lines of `[Socket]`, where there is a socket unit.
    socket: &'a str,
    /// nginx's user.
    user: &'a str,
    /// What is found.
    finds: Option<&'a str>,
    /// What two requests get, one after the other.
    status: [&'a str; 2],
}

/// The units of a case in a place, and nginx's main configuration for hoplint.
fn place(case: &Case, gunicorn: &Path, run: &Run) -> Place {
    let place = Place::new(gunicorn);
    std::fs::set_permissions(place.directory(), Permissions::from_mode(0o755)).unwrap();
    let named = |text: &str| text.replace("RUN", &run.0);
    let requires = if case.socket.is_empty() { "" } else { "[Unit]\nRequires=shop.socket\n\n" };
    let service = format!(
        "{requires}[Service]\nWorkingDirectory=HERE\nRestart=on-failure\n{}\n\n[Install]\nWantedBy=multi-user.target\n",
        named(case.service)
    );
    place.put(&[("shop.service", &service), ("manager.py", MANAGER)]);
    if !case.socket.is_empty() {
        place.put(&[("shop.socket", &format!("[Socket]\n{}\n", named(case.socket)))]);
    }
    place
}

/// Starts what the stand-in manages.
fn managed(place: &Place, gunicorn: &Path) -> Running {
    let mut command = Command::new(real::python_of(gunicorn));
    command.arg("manager.py").current_dir(place.directory());
    command.env_remove("PORT").env_remove("GUNICORN_CMD_ARGS").env_remove("WEB_CONCURRENCY");
    let log = File::create(place.path("shop.service.log")).unwrap();
    command.stdout(log.try_clone().unwrap()).stderr(log);
    Running(command.process_group(0).spawn().unwrap())
}

/// Whether the tests run as root; else nobody can become another user.
fn is_root() -> bool {
    let scratch = tempfile::tempdir().unwrap();
    let is_root = scratch.path().metadata().unwrap().uid() == 0;
    if !is_root {
        eprintln!("skipped: only root can give files away and become another user");
    }
    is_root
}

fn see(case: &Case, gunicorn: &Path) {
    let run = Run::new();
    let place = place(case, gunicorn, &run);
    let pass = format!("proxy_pass http://unix:/run/{}/shop.sock; proxy_read_timeout 4s;", run.0);
    let _gunicorn = managed(&place, gunicorn);
    let socket = run.path().join("shop.sock");
    wait_for("the socket", || {
        // A connection is what a socket unit waits for.
        if case.socket.is_empty() { UnixStream::connect(&socket).is_ok() } else { socket.exists() }
    });
    let _nginx = place.nginx(&format!("user {};", case.user), &server(&pass));
    let ask = || answer(place.port, &Request::PLAIN);
    assert_eq!([ask(), ask()], case.status, "{}: {}", case.name, place.log("shop.service"));
    let (_, said) = place.finds("");
    for rule in ["socket-permission", "socket-activation-bypassed", "runtime-directory"] {
        assert_eq!(said.contains(rule), case.finds == Some(rule), "{}: {rule}: {said}", case.name);
    }
    if let Some(rule) = case.finds {
        place.shown(rule, &format!("{}: {} and {}", case.name, case.status[0], case.status[1]), NO_MEND);
    }
}

#[test]
fn who_may_connect_to_a_socket() {
    let (Some(gunicorn), true) = (real::gunicorn(), is_root() && real::nginx().is_some()) else { return };
    const OWN: &str =
        "User=daemon\nRuntimeDirectory=RUN\nExecStart=GUNICORN -b unix:/run/RUN/shop.sock stub:app";
    const PASSED: &str = "User=daemon\nExecStart=GUNICORN stub:app";
    const KEPT: &str =
        "User=daemon\nRuntimeDirectory=RUN\nRuntimeDirectoryPreserve=yes\nExecStart=GUNICORN stub:app";
    const LISTEN: &str = "ListenStream=/run/RUN/shop.sock";
    let with = |text: &str, more: &str| format!("{more}{text}");
    let umask = |umask: &str| OWN.replace("GUNICORN", &format!("GUNICORN --umask={umask}"));
    let shut = Some("socket-permission");
    for (name, service, socket, user, finds, status) in [
        ("no umask", OWN.into(), String::new(), "www-data", None, ["200", "200"]),
        ("the unit's umask", with(OWN, "UMask=0077\n"), "".into(), "www-data", None, ["200", "200"]),
        ("022", umask("0o022"), "".into(), "www-data", shut, ["502", "502"]),
        ("077", umask("077"), "".into(), "www-data", shut, ["502", "502"]),
        ("077 of the same user", umask("077"), "".into(), "daemon", None, ["200", "200"]),
        ("007, another group", umask("007"), "".into(), "www-data", None, ["502", "502"]),
        (
            "007, nginx's group",
            with(&umask("007"), "Group=www-data\n"),
            "".into(),
            "www-data",
            None,
            ["200", "200"],
        ),
        (
            "027, nginx's group",
            with(&umask("027"), "Group=www-data\n"),
            "".into(),
            "www-data",
            shut,
            ["502", "502"],
        ),
        ("a group that nginx has", umask("007"), "".into(), "www-data daemon", None, ["200", "200"]),
        ("0700", with(OWN, "RuntimeDirectoryMode=0700\n"), "".into(), "www-data", shut, ["502", "502"]),
        (
            "0750, nginx's group",
            with(OWN, "RuntimeDirectoryMode=0750\nGroup=www-data\n"),
            "".into(),
            "www-data",
            None,
            ["200", "200"],
        ),
        ("0666 by default", PASSED.into(), LISTEN.into(), "www-data", None, ["200", "200"]),
        ("SocketMode", PASSED.into(), with(LISTEN, "SocketMode=0660\n"), "www-data", shut, ["502", "502"]),
        (
            "SocketUser",
            PASSED.into(),
            with(LISTEN, "SocketMode=0660\nSocketUser=www-data\n"),
            "www-data",
            None,
            ["200", "200"],
        ),
        (
            "DirectoryMode",
            PASSED.into(),
            with(LISTEN, "DirectoryMode=0700\n"),
            "www-data",
            shut,
            ["502", "502"],
        ),
        (
            "it changes hands",
            KEPT.into(),
            with(LISTEN, "SocketMode=0600\nSocketUser=www-data\n"),
            "www-data",
            shut,
            ["200", "502"],
        ),
        ("it changes hands and is open", KEPT.into(), LISTEN.into(), "www-data", None, ["200", "200"]),
    ] {
        let case = Case { name, service: &service, socket: &socket, user, finds, status };
        see(&case, &gunicorn);
    }
}

#[test]
fn who_is_handed_a_socket() {
    if !is_root() || real::nginx().is_none() {
        return;
    }
    const SOCKET: &str = "ListenStream=/run/RUN/shop.sock";
    const COMMAND: &str = "GUNICORN -b 127.0.0.1:APP stub:app";
    let lost = Some("socket-activation-bypassed");
    for (_, gunicorn) in gunicorns(|_| true) {
        for (name, command, finds, status) in [
            ("alone", COMMAND.to_owned(), None, "200"),
            ("exec", format!("/bin/dash -c 'exec {COMMAND}'"), None, "200"),
            ("bash gives way", format!("/bin/bash -c '{COMMAND}'"), None, "200"),
            ("dash stays", format!("/bin/dash -c '{COMMAND}'"), lost, "504"),
            ("a command follows", format!("/bin/bash -c '{COMMAND}; true'"), lost, "504"),
        ] {
            let service = format!("User=daemon\nExecStart={command}");
            let status = [status, status];
            see(
                &Case { name, service: &service, socket: SOCKET, user: "www-data", finds, status },
                &gunicorn,
            );
        }
    }
}

#[test]
fn a_descriptor_beside_those_that_are_handed_over_is_none() {
    if !is_root() {
        return;
    }
    for (_, gunicorn) in gunicorns(|_| true) {
        let run = Run::new();
        let case = Case {
            name: "a descriptor besides",
            service: "User=daemon\nExecStart=GUNICORN --bind=fd://3 stub:app",
            socket: "ListenStream=/run/RUN/shop.sock",
            user: "",
            finds: None,
            status: ["", ""],
        };
        let place = place(&case, &gunicorn, &run);
        let (found, said) = place.finds("socket-activation-bypassed");
        assert!(found, "{said}");
        let mut gunicorn = managed(&place, &gunicorn);
        wait_for("the socket", || UnixStream::connect(run.path().join("shop.sock")).is_ok());
        assert_eq!(end_of(&mut gunicorn).code(), Some(1), "{}", place.log("shop.service"));
        assert!(place.log("shop.service").contains("Bad file descriptor"), "{}", place.log("shop.service"));
        place.shown("socket-activation-bypassed", "ends with status 1: `Bad file descriptor`", NO_MEND);
    }
}

#[test]
fn only_root_may_make_a_socket_in_run_and_gunicorn_makes_no_directory() {
    if !is_root() {
        return;
    }
    for (_, gunicorn) in gunicorns(|_| true) {
        for bind in ["/run/RUN.sock", "/run/RUN/shop.sock"] {
            let run = Run::new();
            let service = format!("User=daemon\nExecStart=GUNICORN -b unix:{bind} stub:app");
            let (socket, user) = ("", "");
            let case = Case { name: bind, service: &service, socket, user, finds: None, status: ["", ""] };
            let place = place(&case, &gunicorn, &run);
            let (found, said) = place.finds("runtime-directory");
            assert!(found, "{said}");
            let status = end_of(&mut managed(&place, &gunicorn));
            let log = place.log("shop.service");
            assert_eq!(status.code(), Some(1), "{log}");
            assert!(log.contains(&format!("Can't connect to {}", bind.replace("RUN", &run.0))), "{log}");
            place.shown("runtime-directory", "ends with status 1: `Can't connect to `", NO_MEND);
        }
    }
}
