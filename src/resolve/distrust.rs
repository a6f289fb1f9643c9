//! What is left of a file that its program refuses: nothing that a rule may judge.
//!
//! A missing semicolon can swallow a directive, and a missing brace can move a location into another server. What was read
//! of such a file is kept for `map` and for what refers to it, and every value in it becomes unknown.

use std::collections::BTreeSet;

use crate::model::{Hole, Nginx};
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
        if broken.contains(&level.header.file) {
            level.holes.push(Hole { span: level.header, why: WHY.into() });
        }
    }
    for upstream in nginx.upstreams.iter_mut().filter(|it| broken.contains(&it.place.file)) {
        upstream.open.get_or_insert_with(|| WHY.into());
    }
    let peers = nginx.routes.iter_mut().flat_map(|route| &mut route.peers);
    for peer in peers.filter(|peer| broken.contains(&peer.anchor.span.file)) {
        peer.address = Possible::Unknown(WHY.into());
    }
    for server in &mut nginx.servers {
        if broken.contains(&nginx.levels[server.level.0 as usize].header.file) {
            server.listen.push(Possible::Unknown(WHY.into()));
        }
    }
}
