//! Sockets: who may connect, how many may wait, and who has the address already.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;

use super::super::{Mend, Request, Running, answer, server, wait_for};
use super::{Mending, Place};
use crate::real;

#[test]
fn a_small_backlog_is_a_502() {
    const RULE: &str = "small-backlog";
    if real::nginx().is_none() {
        return;
    }
    for (_, gunicorn) in real::gunicorns() {
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
    }
}

#[test]
fn a_decimal_umask_shuts_nginx_out() {
    const RULE: &str = "decimal-umask";
    if real::nginx().is_none() {
        return;
    }
    let mode = |place: &Place| place.path("app.sock").metadata().unwrap().permissions().mode() & 0o777;
    for (_, gunicorn) in real::gunicorns() {
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
    }
}
