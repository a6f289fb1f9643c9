//! What becomes of requests when a service is stopped or told to load its app anew.
//!
//! systemd's part is played here, as it was seen with 252 and 257: which processes get which signal, how long they are
//! waited for, and what is killed then.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use super::super::matrix::{gunicorns, is_whole};
use super::super::{Mend, Request, Running, answer, server, wait_for};
use super::{Mending, NO_MEND, Place, end_of, nginxes};
use crate::real;

/// The value of a directive of `shop.service`, if it is written there.
fn value(place: &Place, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(place.path("shop.service")).unwrap();
    text.split('\n').find_map(|line| line.strip_prefix(key)?.strip_prefix('=').map(str::to_owned))
}

/// Sends a signal to one process, or to all of a group.
fn send(signal: &str, id: u32, group: bool) {
    let target = if group { format!("-{id}") } else { id.to_string() };
    let name = signal.trim_start_matches("SIG");
    let _ =
        Command::new("kill").args(["-s", name, "--", &target]).stderr(std::process::Stdio::null()).status();
}

/// Starts `shop.service` as a group of processes.
fn start(place: &Place) -> Running {
    let mut command = place.command("shop.service");
    let running = Running(command.process_group(0).spawn().unwrap());
    wait_for("the app", || answer(place.app, &Request::PLAIN) == "200");
    running
}

/// Stops it as systemd would.
fn stop(place: &Place, running: &mut Running) {
    let mode = value(place, "KillMode").unwrap_or_else(|| "control-group".into());
    let signal = value(place, "KillSignal").unwrap_or_else(|| "SIGTERM".into());
    let patience = value(place, "TimeoutStopSec").map_or(90, |it| it.parse().unwrap());
    let id = running.0.id();
    send(&signal, id, mode == "control-group");
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(patience) {
        if running.0.try_wait().unwrap().is_some() {
            break;
        }
        sleep(Duration::from_millis(20));
    }
    match mode.as_str() {
        "process" => send("SIGKILL", id, false),
        _ => send("SIGKILL", id, true),
    }
    let _ = running.0.wait();
}

/// What a client gets through nginx whose request of two seconds is under way when something happens.
fn meanwhile(place: &Place, happens: impl FnOnce(&mut Running)) -> String {
    let mut running = start(place);
    let _nginx = place.nginx("master_process off;", &server("proxy_pass http://127.0.0.1:APP;"));
    let status = scope(|scope| {
        let asked = scope.spawn(|| answer(place.port, &Request { path: "/slow", ..Request::PLAIN }));
        sleep(Duration::from_millis(700));
        happens(&mut running);
        asked.join().unwrap()
    });
    send("SIGKILL", running.0.id(), true);
    status
}

/// A service that a rule is found in, stopped while it serves a request, as it is and as it is mended.
fn stopped(rule: &str, files: &[(&str, &str)], mend: Mend, before: &[&str]) {
    let programs = |nginx| gunicorns(|_| true).into_iter().map(move |it| (Some(Clone::clone(&nginx)), it));
    for (nginx, (version, gunicorn)) in nginxes().into_iter().flat_map(programs) {
        let place = Place::behind(nginx, &gunicorn);
        place.put(files);
        let (found, said) = place.finds(rule);
        assert!(found, "{rule} is not found: {said}");
        let status = meanwhile(&place, |running| stop(&place, running));
        assert!(before.contains(&status.as_str()), "{rule}, Gunicorn {version}: {status}");
        place.mend(Mending::Fix(mend));
        let (found, said) = place.finds(rule);
        assert!(!found, "{rule} is found after the mend: {said}");
        let status = meanwhile(&place, |running| stop(&place, running));
        assert_eq!(status, "200", "{rule}, Gunicorn {version}, mended: {}", place.log("shop.service"));
        place.shown(rule, &before.join(" or "), &status);
    }
}

/// The apps of other worker classes than `sync`, each with what is given: in a whole run alone.
fn others(with: &str) -> Vec<(&str, &str)> {
    let apps = ["--threads 2 stub:app", "-k gevent stub:app", "-k uvicorn.workers.UvicornWorker stub:socket"];
    apps.into_iter().filter(|_| is_whole()).map(|app| (with, app)).collect()
}

#[test]
fn a_request_that_takes_longer_than_systemd_waits_is_a_502() {
    for (mode, app) in
        [("mixed", "stub:app"), ("control-group", "stub:app")].into_iter().chain(others("mixed"))
    {
        let unit = format!(
            "[Service]\nWorkingDirectory=HERE\nExecStart=GUNICORN -b 127.0.0.1:APP {app}\nKillMode={mode}\nTimeoutStopSec=1\n"
        );
        stopped("stop-timeout-below-graceful", &[("shop.service", &unit)], Mend::Safe, &["502"]);
    }
}

#[test]
fn a_request_that_takes_longer_than_gunicorn_waits_is_a_502() {
    const UNIT: &str = "[Service]\nWorkingDirectory=HERE\nExecStart=GUNICORN -b 127.0.0.1:APP --graceful-timeout 1 stub:app\n";
    stopped("graceful-below-worker", &[("shop.service", UNIT)], Mend::Unsafe, &["502"]);
}

#[test]
fn a_quick_stop_cuts_requests() {
    for (signal, mode) in [("SIGQUIT", "mixed"), ("SIGINT", "control-group"), ("SIGKILL", "mixed")] {
        let unit = format!(
            "[Service]\nWorkingDirectory=HERE\nExecStart=GUNICORN -b 127.0.0.1:APP stub:app\nKillMode={mode}\nKillSignal={signal}\n"
        );
        stopped("kill-behaviour", &[("shop.service", &unit)], Mend::Safe, &["500", "502"]);
    }
}

#[test]
fn a_shell_that_alone_is_told_to_stop_has_gunicorn_killed() {
    for shell in ["dash", "bash"] {
        let unit = format!(
            "[Service]\nWorkingDirectory=HERE\nExecStart=/bin/{shell} HERE/start-shop.sh\nKillMode=mixed\n"
        );
        let script = "cd HERE\nGUNICORN -b 127.0.0.1:APP stub:app\n";
        let files = [("shop.service", unit.as_str()), ("start-shop.sh", script)];
        stopped("shell-wrapper", &files, Mend::Safe, &["502"]);
    }
}

#[test]
fn a_reload_of_a_shell_ends_the_service() {
    for (_, gunicorn) in gunicorns(|_| true) {
        let place = Place::new(&gunicorn);
        let unit = "[Service]\nWorkingDirectory=HERE\nExecStart=/bin/sh HERE/start-shop.sh\nExecReload=/bin/kill -HUP $MAINPID\n";
        place.put(&[
            ("shop.service", unit),
            ("start-shop.sh", "cd HERE\nGUNICORN -b 127.0.0.1:APP stub:app\n"),
        ]);
        assert!(place.finds("shell-wrapper").0);
        let mut running = start(&place);
        send("HUP", running.0.id(), false);
        assert!(end_of(&mut running).code().is_none(), "the shell ends by the signal");
        send("SIGKILL", running.0.id(), true);
        place.mend(Mending::Fix(Mend::Safe));
        assert!(!place.finds("shell-wrapper").0);
        let mut running = start(&place);
        send("HUP", running.0.id(), false);
        sleep(Duration::from_secs(1));
        assert!(running.0.try_wait().unwrap().is_none());
        assert_eq!(answer(place.app, &Request::PLAIN), "200");
        place.shown("shell-wrapper", "the service ends with the reload", "200");
    }
}

/// How a Gunicorn takes a signal.
fn taken(place: &Place, signal: &str) -> (bool, String) {
    let mut running = start(place);
    send(signal, running.0.id(), false);
    sleep(Duration::from_secs(2));
    let goes_on = running.0.try_wait().unwrap().is_none();
    send("SIGKILL", running.0.id(), true);
    let _ = running.0.wait();
    (goes_on, place.log("shop.service"))
}

#[test]
fn only_one_signal_loads_an_app_anew() {
    for (version, gunicorn) in gunicorns(|_| true) {
        for (signal, goes_on, boots) in [
            ("HUP", true, 2),
            ("USR1", true, 1),
            ("WINCH", true, 1),
            ("TTIN", true, 2),
            ("TERM", false, 1),
            ("QUIT", false, 1),
            ("INT", false, 1),
        ] {
            let place = Place::new(&gunicorn);
            let unit = format!(
                "[Service]\nWorkingDirectory=HERE\nExecStart=GUNICORN -b 127.0.0.1:APP stub:app\nExecReload=/bin/kill -{signal} $MAINPID\n"
            );
            place.put(&[("shop.service", &unit)]);
            assert_eq!(place.finds("reload-behaviour").0, signal != "HUP", "{signal}");
            let (went_on, log) = taken(&place, signal);
            assert_eq!(went_on, goes_on, "{signal}, Gunicorn {version}: {log}");
            assert_eq!(log.matches("Booting worker").count(), boots, "{signal}, Gunicorn {version}: {log}");
            if signal != "HUP" {
                let before = if goes_on { "goes on, and loads nothing anew" } else { "ends" };
                place.shown("reload-behaviour", &format!("SIG{signal}: {before}"), NO_MEND);
            }
        }
        let place = Place::new(&gunicorn);
        place.put(&[(
            "shop.service",
            "[Service]\nWorkingDirectory=HERE\nExecStart=GUNICORN -b 127.0.0.1:APP stub:app\n",
        )]);
        let (goes_on, log) = taken(&place, "USR2");
        assert!(goes_on && log.matches("Starting gunicorn").count() == 2, "Gunicorn {version}: {log}");
    }
}

#[test]
fn a_worker_that_is_told_to_load_anew_cuts_its_request() {
    if real::nginx().is_none() {
        return;
    }
    for (_, gunicorn) in gunicorns(|_| true) {
        let place = Place::new(&gunicorn);
        place.put(&[(
            "shop.service",
            "[Service]\nWorkingDirectory=HERE\nExecStart=GUNICORN -b 127.0.0.1:APP stub:app\n",
        )]);
        // What `pkill -HUP gunicorn` does.
        assert_eq!(meanwhile(&place, |running| send("HUP", running.0.id(), true)), "502");
    }
}
