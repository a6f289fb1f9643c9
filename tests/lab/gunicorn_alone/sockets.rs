//! Sockets: who may connect, how many may wait, and who has the address already.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::super::matrix::gunicorns;
use super::super::{Mend, Request, Running, answer, server, wait_for};
use super::{Mending, Place, end_of};
use crate::real;

#[test]
fn a_small_backlog_is_a_502() {
    const RULE: &str = "small-backlog";
    if real::nginx().is_none() {
        return;
    }
    for (_, gunicorn) in gunicorns(|_| true) {
        let place = Place::new(&gunicorn);
        let unit = "[Service]\nWorkingDirectory=HERE\nExecStart=GUNICORN -b unix:HERE/app.sock -w 2 --backlog 2 stub:app\n";
        place.put(&[("shop.service", unit)]);
        let http = server("proxy_pass http://unix:HERE/app.sock;");
        let ask = || {
            let _gunicorn = Running(place.command("shop.service").spawn().unwrap());
            wait_for("Gunicorn", || UnixStream::connect(place.path("app.sock")).is_ok());
            let _nginx = place.nginx("master_process off;", &http);
            answer(place.port, &Request { path: "/slow", at_once: 8, ..Request::PLAIN })
        };
        assert!(place.finds(RULE).0);
        assert_eq!(ask(), "502");
        let log = std::fs::read_to_string(place.path("error.log")).unwrap();
        assert!(log.contains("app.sock failed (11: "), "{log}");
        place.mend(Mending::Fix(Mend::Safe));
        assert!(!place.finds(RULE).0);
        assert_eq!(ask(), "200");
        place.shown(RULE, "502: `failed (11: `", "200");
    }
}

#[test]
fn a_decimal_umask_shuts_nginx_out() {
    const RULE: &str = "decimal-umask";
    if real::nginx().is_none() {
        return;
    }
    let mode = |place: &Place| place.path("app.sock").metadata().unwrap().permissions().mode() & 0o777;
    for (_, gunicorn) in gunicorns(|_| true) {
        let place = Place::new(&gunicorn);
        // nginx's own user has to get as far as the socket.
        std::fs::set_permissions(place.directory(), Permissions::from_mode(0o755)).unwrap();
        let unit = "[Service]\nWorkingDirectory=HERE\nExecStart=GUNICORN -b unix:HERE/app.sock -w 2 -m 111 stub:app\n";
        place.put(&[("shop.service", unit)]);
        let http = server("proxy_pass http://unix:HERE/app.sock;");
        let ask = |expected: u32, status: &str| {
            let _gunicorn = Running(place.command("shop.service").spawn().unwrap());
            wait_for("Gunicorn", || place.path("app.sock").exists() && mode(&place) == expected);
            // Nobody but root may be another user than himself.
            if place.directory().metadata().unwrap().uid() == 0 {
                let _nginx = place.nginx("user nobody nogroup;", &http);
                assert_eq!(answer(place.port, &Request::PLAIN), status);
            }
        };
        assert!(place.finds(RULE).0);
        ask(0o620, "502");
        place.mend(Mending::Fix(Mend::Unsafe));
        assert!(!place.finds(RULE).0);
        ask(0o666, "200");
        place.shown(RULE, "502: a socket of mode 0620", "200: a socket of mode 0666");
    }
}

/// The unit of one of two apps.
fn unit(folder: &str, bind: &str) -> String {
    format!(
        "[Service]\nWorkingDirectory=HERE/{folder}\nExecStart=GUNICORN -b {bind} -w 2 {folder}:app\n\n[Install]\n\
         WantedBy=multi-user.target\n"
    )
}

/// A place with two apps on one address.
fn two(gunicorn: &Path, bind: &str) -> Place {
    let place = Place::new(gunicorn);
    let stub = std::fs::read_to_string(place.path("stub.py")).unwrap();
    place.put(&[
        ("shop/shop.py", &stub),
        ("blog/blog.py", &stub),
        ("shop.service", &unit("shop", bind)),
        ("blog.service", &unit("blog", bind)),
    ]);
    assert!(place.finds("bind-conflict").0);
    place
}

#[test]
fn of_two_apps_on_one_port_one_does_not_start() {
    for (_, gunicorn) in gunicorns(|_| true) {
        let place = two(&gunicorn, "127.0.0.1:APP");
        let start = |name: &str| Running(place.command(name).spawn().unwrap());
        let _shop = start("shop.service");
        wait_for("the first", || answer(place.app, &Request::PLAIN) == "200");
        assert_eq!(end_of(&mut start("blog.service")).code(), Some(1));
        let log = place.log("blog.service");
        assert!(log.contains("Connection in use: ") && log.contains("Can't connect to "), "{log}");
        place.put(&[("blog.service", &unit("blog", "127.0.0.1:PORT"))]);
        assert!(!place.finds("bind-conflict").0);
        let _blog = start("blog.service");
        wait_for("the second", || answer(place.port, &Request::PLAIN) == "200");
        place.shown("bind-conflict", "the second ends with status 1: `Connection in use: `", "200 from both");
    }
}

#[test]
fn of_two_apps_on_one_socket_the_first_takes_it_away_from_the_second() {
    for (_, gunicorn) in gunicorns(|_| true) {
        let place = two(&gunicorn, "unix:HERE/app.sock");
        let start = |name: &str| Running(place.command(name).spawn().unwrap());
        let connects = |name: &str| UnixStream::connect(place.path(name)).is_ok();
        let shop = start("shop.service");
        wait_for("the first", || connects("app.sock"));
        let _blog = start("blog.service");
        wait_for("the second", || place.log("blog.service").contains("Booting worker"));
        drop(shop);
        assert!(!connects("app.sock"));
        place.put(&[("blog.service", &unit("blog", "unix:HERE/blog.sock"))]);
        assert!(!place.finds("bind-conflict").0);
        let (shop, _blog) = (start("shop.service"), start("blog.service"));
        wait_for("both", || connects("app.sock") && connects("blog.sock"));
        drop(shop);
        assert!(connects("blog.sock"));
        place.shown(
            "bind-conflict",
            "the end of the first takes away the socket",
            "the socket of each is its own",
        );
    }
}

#[test]
fn of_nginx_and_an_app_on_one_port_one_does_not_start() {
    if real::nginx().is_none() {
        return;
    }
    for (_, gunicorn) in gunicorns(|_| true) {
        let place = Place::new(&gunicorn);
        place.put(&[("shop.service", &unit("stub", "127.0.0.1:APP").replace("HERE/stub", "HERE"))]);
        let other = "    server { listen 127.0.0.1:APP; return 404; }\n";
        let http = server("proxy_pass http://127.0.0.1:APP;") + "\n" + other;
        let _nginx = place.nginx("master_process off;", &http);
        assert!(place.finds("bind-conflict").0);
        let start = || Running(place.command("shop.service").spawn().unwrap());
        assert_eq!(end_of(&mut start()).code(), Some(1));
        drop(_nginx);
        let _nginx = place.nginx("master_process off;", &server("proxy_pass http://127.0.0.1:APP;"));
        assert!(!place.finds("bind-conflict").0);
        let _gunicorn = start();
        wait_for("the app", || answer(place.port, &Request::PLAIN) == "200");
        place.shown("bind-conflict", "Gunicorn ends with status 1", "200");
    }
}

#[test]
fn an_app_does_not_get_one_address_twice() {
    for (_, gunicorn) in gunicorns(|_| true) {
        let place = Place::new(&gunicorn);
        let put = |second: &str| {
            let unit = unit("stub", &format!("0.0.0.0:APP -b {second}")).replace("HERE/stub", "HERE");
            place.put(&[("shop.service", &unit)]);
        };
        let start = || Running(place.command("shop.service").spawn().unwrap());
        put("127.0.0.1:APP");
        assert!(place.finds("bind-conflict").0);
        assert_eq!(end_of(&mut start()).code(), Some(1));
        put("127.0.0.1:PORT");
        assert!(!place.finds("bind-conflict").0);
        let _gunicorn = start();
        wait_for("the app", || answer(place.app, &Request::PLAIN) == "200");
        place.shown("bind-conflict", "Gunicorn ends with status 1", "200");
    }
}
