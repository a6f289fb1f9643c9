//! What systemd would see of a Gunicorn that it starts: which process stays, how it ends, what it says, and who it may be.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use hoplint::model::Version;

use super::super::matrix::gunicorns;
use super::super::{Mend, Request, Running, answer, wait_for};
use super::{Mending, NO_MEND, Place, end_of};

/// A unit with these lines and options.
fn unit(lines: &str, options: &str) -> String {
    format!(
        "[Service]\n{lines}WorkingDirectory=HERE\nExecStart=GUNICORN -b 127.0.0.1:APP -w 2 {options}\n\
         ExecReload=/bin/kill -HUP $MAINPID\nRestart=on-failure\n"
    )
}

/// A place for a unit in which hoplint finds a rule.
fn place(gunicorn: &Path, rule: &str, unit: &str) -> Place {
    let place = Place::new(gunicorn);
    place.put(&[("shop.service", unit)]);
    let (found, said) = place.finds(rule);
    assert!(found, "{rule} is not found: {said}");
    place
}

/// Mends a place, after which the rule is not found and the client is served by a process that stays.
fn is_served_after_the_mend(place: &Place, rule: &str) {
    place.mend(Mending::Fix(Mend::Safe));
    let (found, said) = place.finds(rule);
    assert!(!found, "{rule} is found after the mend: {said}");
    let mut running = Running(place.command("shop.service").spawn().unwrap());
    wait_for("Gunicorn", || answers(place));
    assert!(running.0.try_wait().unwrap().is_none());
}

fn answers(place: &Place) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", place.app)).is_ok()
        && answer(place.app, &Request::PLAIN) == "200"
}

/// The number that Gunicorn writes to its file.
fn number(place: &Place) -> Option<u32> {
    std::fs::read_to_string(place.path("shop.pid")).ok()?.trim().parse().ok()
}

#[test]
fn a_daemon_leaves_the_process_that_was_started() {
    const RULE: &str = "daemon-under-manager";
    for (_, gunicorn) in gunicorns(|_| true) {
        for kind in ["simple", "notify", "forking"] {
            let unit = unit(&format!("Type={kind}\n"), "--pid HERE/shop.pid -D stub:app");
            let place = place(&gunicorn, RULE, &unit);
            let mut running = Running(place.command("shop.service").spawn().unwrap());
            let first = running.0.id();
            assert_eq!(end_of(&mut running).code(), Some(0), "{kind}");
            wait_for("the daemon", || number(&place).is_some() && answers(&place));
            let daemon = number(&place).unwrap();
            assert_ne!(daemon, first, "{kind}");
            // What systemd does next.
            assert!(Command::new("kill").arg(daemon.to_string()).status().unwrap().success());
            // It takes the file away last; the port may be another's by then.
            wait_for("the end", || number(&place).is_none());
            is_served_after_the_mend(&place, RULE);
            place.shown(RULE, &format!("Type={kind}: the process that was started ends"), "200");
        }
    }
}

#[test]
fn what_waits_for_the_end_of_gunicorn_waits_in_vain() {
    const RULE: &str = "service-type";
    for (_, gunicorn) in gunicorns(|_| true) {
        for kind in ["forking", "oneshot"] {
            let unit = unit(&format!("Type={kind}\n"), "stub:app");
            let place = place(&gunicorn, RULE, &unit);
            {
                let mut running = Running(place.command("shop.service").spawn().unwrap());
                wait_for("Gunicorn", || answers(&place));
                sleep(Duration::from_secs(1));
                assert!(running.0.try_wait().unwrap().is_none(), "{kind}");
            }
            is_served_after_the_mend(&place, RULE);
            place.shown(RULE, &format!("Type={kind}: Gunicorn does not end, so the start does not"), "200");
        }
        // A file with the number stands where Gunicorn is told, and nowhere else.
        let unit = unit("Type=forking\nPIDFile=HERE/other.pid\n", "--pid HERE/shop.pid -D stub:app");
        let place = place(&gunicorn, RULE, &unit);
        let mut running = Running(place.command("shop.service").spawn().unwrap());
        assert_eq!(end_of(&mut running).code(), Some(0));
        wait_for("the daemon", || number(&place).is_some() && answers(&place));
        assert!(!place.path("other.pid").exists());
        let daemon = number(&place).unwrap().to_string();
        assert!(Command::new("kill").arg(daemon).status().unwrap().success());
    }
}

/// What Gunicorn says to the manager within some time; `during` is done once it says that it is up.
fn said(place: &Place, seconds: u64, during: impl FnOnce(&Running)) -> Vec<String> {
    let socket = place.path("notify");
    let _ = std::fs::remove_file(&socket);
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut command = place.command("shop.service");
    command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "500000");
    let running = Running(command.spawn().unwrap());
    let mut during = Some(during);
    let mut said = Vec::new();
    let mut buffer = [0; 4096];
    let mut end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        let Ok(length) = manager.recv(&mut buffer) else { continue };
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if let (true, Some(during)) = (text.contains("READY=1"), during.take()) {
            during(&running);
            end = Instant::now() + Duration::from_secs(seconds);
        }
        said.push(text);
    }
    said
}

#[test]
fn gunicorn_says_that_it_is_up_and_nothing_else() {
    for (_, gunicorn) in gunicorns(|_| true) {
        let unit = unit("Type=notify\nWatchdogSec=1\n", "stub:app");
        let place = place(&gunicorn, "watchdog-set", &unit);
        let said = said(&place, 4, |_| ());
        assert_eq!(said.iter().filter(|it| it.contains("READY=1")).count(), 1, "{said:?}");
        assert!(!said.iter().any(|it| it.contains("WATCHDOG")), "{said:?}");
        is_served_after_the_mend(&place, "watchdog-set");
        place.shown("watchdog-set", "`WATCHDOG=1` is never said", "200");
    }
}

#[test]
fn gunicorn_does_not_say_that_it_reloads() {
    const RULE: &str = "service-type";
    for (_, gunicorn) in gunicorns(|_| true) {
        let unit = unit("Type=notify-reload\n", "stub:app");
        let place = place(&gunicorn, RULE, &unit);
        let said = said(&place, 4, |running| {
            wait_for("Gunicorn", || answers(&place));
            let id = running.0.id().to_string();
            assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
        });
        assert!(place.log("shop.service").contains("Hang up: Master"), "{}", place.log("shop.service"));
        assert!(!said.iter().any(|it| it.contains("RELOADING")), "{said:?}");
        is_served_after_the_mend(&place, RULE);
        place.shown(RULE, "Type=notify-reload: `RELOADING=1` is never said", "200");
    }
}

#[test]
fn gunicorn_says_that_it_is_up_before_it_loads_the_application() {
    for (_, gunicorn) in gunicorns(|_| true) {
        let place = Place::new(&gunicorn);
        let unit = unit("Type=notify\n", "shop:app");
        place.put(&[("shop.service", &unit), ("shop.py", "import time\ntime.sleep(1)\nraise OSError\n")]);
        let said = said(&place, 2, |_| assert!(!place.log("shop.service").contains("OSError")));
        assert!(said.iter().any(|it| it.contains("READY=1")), "{said:?}");
        assert!(place.log("shop.service").contains("OSError"));
    }
}

#[test]
fn gunicorn_ends_with_the_statuses_that_are_told() {
    let cases = [
        (1, "--pid HERE/nowhere/shop.pid stub:app", ""),
        (3, "shop:app", "raise OSError(\"no database\")\n"),
        (4, "shop:nothing", "app = None\n"),
    ];
    for (_, gunicorn) in gunicorns(|_| true) {
        for (status, options, module) in cases {
            let lines = format!("SuccessExitStatus={status}\n");
            let unit = unit(&lines, options).replace("-w 2", "-w 1");
            let place = place(&gunicorn, "restart-policy", &unit);
            place.put(&[("shop.py", module)]);
            let mut running = Running(place.command("shop.service").spawn().unwrap());
            assert_eq!(end_of(&mut running).code(), Some(status), "{}", place.log("shop.service"));
            place.shown("restart-policy", &format!("ends with status {status}"), NO_MEND);
        }
    }
}

/// Starts the unit of a place as `nobody`, who is in the group `www-data` where that is asked for.
fn as_nobody(place: &Place, groups: &str) -> Running {
    let command = place.command("shop.service");
    let mut other = Command::new("setpriv");
    other.args(["--reuid=nobody", "--regid=nogroup", groups]);
    other.arg(command.get_program()).args(command.get_args()).current_dir(place.directory());
    other.env("PYTHONDONTWRITEBYTECODE", "1").env("HOME", place.directory());
    let log = std::fs::File::create(place.path("shop.service.log")).unwrap();
    other.stdout(log.try_clone().unwrap()).stderr(log);
    Running(other.spawn().unwrap())
}

#[test]
fn nobody_but_root_becomes_somebody_else() {
    const RULE: &str = "identity-mismatch";
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        eprintln!("skipped: only root can start a Gunicorn as somebody else");
        return;
    }
    for (version, gunicorn) in gunicorns(|_| true) {
        // Status, what it says, options, groups.
        let cases = [
            (255, "Operation not permitted", "--user www-data stub:app", "--clear-groups"),
            (255, "Operation not permitted", "--group www-data stub:app", "--clear-groups"),
            (3, "Worker failed to boot", "--group www-data stub:app", "--groups=www-data"),
            (1, "Can't connect to", "--user www-data -b unix:HERE/shop.sock stub:app", "--clear-groups"),
        ];
        for (status, says, options, groups) in cases {
            // Of two workers that end at once Gunicorn may end with 1.
            let unit = unit("User=nobody\nGroup=nogroup\n", options).replace("-w 2", "-w 1");
            let place = place(&gunicorn, RULE, &unit);
            std::fs::set_permissions(place.directory(), Permissions::from_mode(0o777)).unwrap();
            let mut running = as_nobody(&place, groups);
            let code = end_of(&mut running).code();
            let log = place.log("shop.service");
            if code == Some(127) || code == Some(126) {
                eprintln!("skipped: nobody else may run {}", gunicorn.display());
                return;
            }
            assert!(code == Some(status) && log.contains(says), "{version}: {options}: {code:?}\n{log}");
            place.mend(Mending::Fix(Mend::Safe));
            assert!(!place.finds(RULE).0);
            let _running = as_nobody(&place, groups);
            if options.contains("unix:") {
                wait_for("Gunicorn", || place.path("shop.sock").exists());
            } else {
                wait_for("Gunicorn", || answers(&place));
            }
        }
    }
}

#[test]
fn a_gunicorn_behind_a_shell_is_another_process() {
    for (version, gunicorn) in gunicorns(|_| true) {
        assert!(version >= Version(20, 0, 0));
        for (script, is_itself) in [("GUNICORN ARGUMENTS; true", false), ("exec GUNICORN ARGUMENTS", true)] {
            let place = Place::new(&gunicorn);
            let script = script.replace("ARGUMENTS", "-b 127.0.0.1:APP --pid HERE/shop.pid -w 2 stub:app");
            place.put(&[("start.sh", &format!("#!/bin/sh\n{script}\n"))]);
            place.put(&[(
                "shop.service",
                "[Service]\nType=notify\nWorkingDirectory=HERE\nExecStart=/bin/sh HERE/start.sh\n",
            )]);
            assert_eq!(place.finds("service-type").0, !is_itself, "{}", place.finds("service-type").1);
            let running = Running(place.command("shop.service").spawn().unwrap());
            wait_for("Gunicorn", || number(&place).is_some() && answers(&place));
            let gunicorn = number(&place).unwrap();
            assert_eq!(gunicorn == running.0.id(), is_itself);
            if !is_itself {
                place.shown(
                    "service-type",
                    "Type=notify: Gunicorn is not the process that was started",
                    NO_MEND,
                );
                assert!(Command::new("kill").arg(gunicorn.to_string()).status().unwrap().success());
            }
        }
    }
}
