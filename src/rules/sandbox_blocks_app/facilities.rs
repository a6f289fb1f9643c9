//! Address families, system calls and networks that are denied to Gunicorn.

use super::{Blocked, Confined};
use crate::edit::{Applicability, Fix};
use crate::finding::Label;
use crate::model::{Denial, Facility, Setting};
use crate::value::{Endpoint, Host};

pub(super) fn of_app(confined: &Confined) -> Vec<Blocked> {
    let app = confined.app;
    // Sockets that it is handed are made by the manager, which nothing confines.
    let addresses = app.listeners.value.known().filter(|_| app.binds_itself());
    let addresses = addresses.map_or(&[][..], Vec::as_slice);
    let mut all = Vec::new();
    all.extend(addresses.iter().find_map(|address| family(confined, address)));
    all.extend(addresses.iter().find_map(|address| chown(confined, address)));
    if all.is_empty() {
        all.extend(notification(confined));
        all.extend(network(confined, addresses));
    }
    all
}

fn denied<'a>(confined: &'a Confined, facility: Facility) -> Option<&'a Denial> {
    confined.sandbox.denied.get(&facility)
}

fn blocked(
    confined: &Confined,
    address: &Endpoint,
    denial: &Denial,
    message: String,
    help: String,
) -> Blocked {
    let app = confined.app;
    let span = app.listeners.origin.place.unwrap_or(app.place);
    Blocked {
        message,
        primary: Label { span, text: format!("Gunicorn listens on {address}") },
        line: denial.origin.clone(),
        said: format!("`{}=` says so", denial.directive),
        outcome: None,
        help,
        fix: None,
    }
}

/// A socket of a family that is not allowed.
fn family(confined: &Confined, address: &Endpoint) -> Option<Blocked> {
    let (facility, name) = match address {
        Endpoint::Unix(_) => (Facility::Unix, "AF_UNIX"),
        Endpoint::Tcp(Host::V4(_), _) => (Facility::Inet, "AF_INET"),
        Endpoint::Tcp(Host::V6(_), _) => (Facility::Inet6, "AF_INET6"),
        Endpoint::Tcp(Host::Name(_), _) => return None,
    };
    let denial = denied(confined, facility)?;
    let message =
        format!("denies Gunicorn sockets of the family {name}, which {address} is of: it does not start");
    let help = format!(
        "allow {name}; Gunicorn tries five times, says `[Errno 97] Address family not supported by protocol`, and ends with \
         exit status 1"
    );
    Some(Blocked { fix: allow(confined, denial, name), ..blocked(confined, address, denial, message, help) })
}

/// Adds a family to a list of those that are allowed.
fn allow(confined: &Confined, denial: &Denial, name: &str) -> Option<Fix> {
    let setting: Setting<Option<Vec<String>>> = confined.unit.setting("RestrictAddressFamilies");
    let words = setting.value.known()?.as_ref()?;
    if words.iter().any(|word| word.starts_with('~') || word == "none") {
        return None;
    }
    let anchor = denial.origin.anchor?;
    let written = confined.context.sources.text(anchor.value);
    let edit = anchor.set(&format!("{written} {name}"));
    Fix::new(format!("allow {name}"), Applicability::Safe, vec![edit])
}

/// Gunicorn gives each unix socket that it makes to its user, whoever that is.
fn chown(confined: &Confined, address: &Endpoint) -> Option<Blocked> {
    let denial = denied(confined, Facility::Chown).filter(|_| matches!(address, Endpoint::Unix(_)))?;
    let message = format!(
        "denies Gunicorn the system call `chown`, without which it makes no {address}: it does not start"
    );
    let help = "Gunicorn gives the socket to its user, also where it belongs to that user already; allow it behind the other \
                lines with `SystemCallFilter=@chown`, or let a socket unit make the socket; systemd shows status 31/SYS, or \
                Gunicorn `Operation not permitted` where the filter is to give an error";
    let edit = denial.origin.anchor.and_then(|anchor| {
        anchor.add_after(confined.context.sources, &[("SystemCallFilter", "@chown".into())])
    });
    let fix = edit.and_then(|edit| Fix::new("allow `chown`", Applicability::Unsafe, vec![edit]));
    Some(Blocked { fix, ..blocked(confined, address, denial, message, help.into()) })
}

/// The manager waits for a word that comes by a unix socket.
fn notification(confined: &Confined) -> Option<Blocked> {
    let kind: Setting<Option<String>> = confined.unit.setting("Type");
    let denial = denied(confined, Facility::Unix)?;
    let waits = kind.value.must(|kind| matches!(kind.as_deref(), Some("notify" | "notify-reload")));
    let span = kind.origin.place.filter(|_| waits && confined.app.behind.is_none())?;
    Some(Blocked {
        message: "waits for Gunicorn's word that it has started, and denies it sockets of the family AF_UNIX, by which that \
                  comes: the start times out"
            .into(),
        primary: Label { span, text: "systemd waits for the word".into() },
        line: denial.origin.clone(),
        said: format!("`{}=` says so", denial.directive),
        outcome: None,
        help: "allow AF_UNIX; systemd says `start operation timed out. Terminating.`".into(),
        fix: allow(confined, denial, "AF_UNIX"),
    })
}

/// Ports that nobody outside of the service reaches.
fn network(confined: &Confined, addresses: &[Endpoint]) -> Option<Blocked> {
    let address = addresses.first()?;
    if addresses.iter().any(|address| matches!(address, Endpoint::Unix(_))) {
        return None;
    }
    if let Some(denial) = denied(confined, Facility::Network) {
        let message = format!(
            "has a network of its own, in which Gunicorn listens on {address}: nginx does not reach it"
        );
        let help = "listen on a unix socket, which is reached all the same; nginx's error log says `connect() failed (111: \
                    Connection refused)`";
        let outcome = Some("502");
        return Some(Blocked { outcome, ..blocked(confined, address, denial, message, help.into()) });
    }
    let denial = denied(confined, Facility::Packets)?;
    let message =
        format!("lets no packet through to {address}: nginx's connections hang until they time out");
    let help = "allow the loopback device with `IPAddressAllow=localhost`, or listen on a unix socket";
    let edit = denial.origin.anchor.and_then(|anchor| {
        anchor.add_after(confined.context.sources, &[("IPAddressAllow", "localhost".into())])
    });
    let is_local = address.is_local();
    let fix = edit.filter(|_| is_local);
    let fix = fix.and_then(|edit| Fix::new("let nginx through", Applicability::Unsafe, vec![edit]));
    Some(Blocked { outcome: Some("504"), fix, ..blocked(confined, address, denial, message, help.into()) })
}
