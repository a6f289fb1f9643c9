//! What is left of a file that its program refuses, and of a stack with a file that cannot be read: nothing that a rule may
//! judge.
//!
//! A missing semicolon can swallow a directive, and a missing brace can move a location into another server. What was read
//! of such a file is kept for `map` and for what refers to it, and every value in it becomes unknown.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::{
    App, Handed, Hole, Hop, Joined, Level, Listen, Nginx, OriginKind, Peer, Sandbox, Unit, Uri, some_of,
};
use crate::source::FileId;
use crate::value::Possible;

const WHY: &str = "the file has a syntax error";

/// Makes all that stands in some files unknown.
pub(super) fn distrust(nginx: &mut Nginx, broken: &BTreeSet<FileId>) {
    if broken.is_empty() {
        return;
    }
    for level in &mut nginx.levels {
        for written in level.written.iter_mut().filter(|it| broken.contains(&it.anchor.span.file)) {
            written.value = Possible::Unknown(WHY.into());
        }
        for sent in level.sent.iter_mut().filter(|it| broken.contains(&it.anchor.span.file)) {
            let sent = Arc::make_mut(sent);
            sent.value = Possible::Unknown(WHY.into());
            sent.doubt = Some(WHY.into());
        }
        level.jumps.retain(|it| !broken.contains(&it.anchor.span.file));
        if broken.contains(&level.header.file) {
            add_hole(level, WHY);
        }
    }
    for upstream in nginx.upstreams.iter_mut().filter(|it| broken.contains(&it.place.file)) {
        upstream.open.get_or_insert_with(|| WHY.into());
    }
    for route in nginx.routes.iter_mut().filter(|it| broken.contains(&it.anchor.span.file)) {
        route.uri = Uri::Unknown(WHY.into());
        route.looked_up = None;
    }
    nginx.faults.retain(|fault| !broken.contains(&fault.place.file));
    let is_broken = |peer: &Peer| broken.contains(&peer.anchor.span.file);
    for peer in nginx.routes.iter_mut().flat_map(|route| some_of(&mut route.peers, is_broken)) {
        peer.address = Possible::Unknown(WHY.into());
    }
    for server in &mut nginx.servers {
        if broken.contains(&nginx.levels[server.level.0 as usize].header.file) {
            server.listen.push(Listen::implied(Possible::Unknown(WHY.into())));
        }
    }
}

fn add_hole(level: &mut Level, why: &str) {
    level.holes.push(Hole {
        span: level.header,
        kind: OriginKind::Written,
        why: why.into(),
        only: None,
        headers: None,
    });
    (level.rewrites, level.diverts) = (true, true);
}

/// Makes unknown whatever a file may change that is there and cannot be read: it may be a configuration, a drop-in, a
/// fragment of the `http` block, or start another app. What nginx has at a level itself stays as it is.
pub(super) fn distrust_all(
    why: &str,
    nginx: &mut Nginx,
    apps: &mut [App],
    units: &mut [Unit],
    hops: &mut [Hop],
) {
    for level in nginx.levels.iter_mut().filter(|level| level.parent.is_none()) {
        add_hole(level, why);
    }
    nginx.faults.retain(|fault| !fault.kind.depends_on_others());
    for app in apps {
        app.working_directory.value = Possible::Unknown(why.into());
        app.directory = Possible::Unknown(why.into());
        app.temporary = Possible::Unknown(why.into());
        app.target.value = Possible::Unknown(why.into());
        app.listeners.value = Possible::Unknown(why.into());
        app.at_paths = false;
        app.binds.value = Possible::Unknown(why.into());
        app.worker_class.value = Possible::Unknown(why.into());
        app.faults.clear();
        for setting in app.settings.values_mut() {
            Arc::make_mut(setting).value = Possible::Unknown(why.into());
        }
    }
    for setting in units.iter_mut().flat_map(|unit| unit.settings.values_mut()) {
        Arc::make_mut(setting).value = Possible::Unknown(why.into());
    }
    for unit in units.iter_mut() {
        unit.open.get_or_insert_with(|| why.into());
        unit.listeners.iter_mut().for_each(|it| it.address = Possible::Unknown(why.into()));
        unit.sockets.iter_mut().for_each(|it| it.handed = Handed::Unknown(why.into()));
        unit.sandbox = Sandbox { open: Some(why.into()), ..Sandbox::default() };
    }
    for hop in hops {
        hop.joined = Joined::Unknown(why.into());
    }
}
