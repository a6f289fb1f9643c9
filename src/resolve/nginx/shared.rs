//! What files do to each other that are taken to share one `http` block, without any of them including the other.

use super::found::Found;
use crate::model::{Hole, LevelId, LevelKind, Written};
use crate::value::Possible;

/// Makes unknown, at each `http` level that may have more in it than was found, what another file sets for all of
/// `http`: `conf.d/timeouts.conf` with a `proxy_read_timeout 600s;` goes for the sites beside it, if it lies there on
/// the machine.
pub(super) fn apply(found: &mut Found) {
    let mut elsewhere: Vec<Elsewhere<Written>> = Vec::new();
    let mut holes: Vec<Elsewhere<Hole>> = Vec::new();
    for (at, level) in found.nginx.levels.iter().enumerate() {
        let is_http = level.kind == LevelKind::Http;
        if !is_http && found.settings.binary_search(&LevelId(at as u32)).is_err() {
            continue;
        }
        let in_fragment = found.level_http[at] == 0;
        for written in &level.written {
            note(&mut elsewhere, at, in_fragment, written, |other| other.name == written.name);
        }
        for hole in level.holes.iter().filter(|_| is_http) {
            note(&mut holes, at, in_fragment, hole, |_| true);
        }
    }
    for at in 0..found.nginx.levels.len() {
        let http = found.level_http[at];
        if found.nginx.levels[at].kind != LevelKind::Http || found.https[http].complete {
            continue;
        }
        // Two main files are two machines' or two variants; fragments may belong to any.
        let level = &mut found.nginx.levels[at];
        for it in elsewhere.iter().filter(|it| it.level != at && (it.in_fragment || http == 0)) {
            if !level.written.iter().any(|written| written.name == it.what.name) {
                level.written.push(perhaps(&it.what));
            }
        }
        let gained = holes.iter().filter(|it| it.level != at && (it.in_fragment || http == 0));
        level.holes.extend(gained.map(|it| it.what.clone()));
    }
}

/// Something that stands at a level and may go for another.
struct Elsewhere<T> {
    level: usize,
    in_fragment: bool,
    what: T,
}

/// Notes something unless two levels of the same sort have it already: then any third one has it from one of them.
fn note<T: Clone>(
    list: &mut Vec<Elsewhere<T>>,
    level: usize,
    in_fragment: bool,
    what: &T,
    same: impl Fn(&T) -> bool,
) {
    let mut like = list.iter().filter(|it| it.in_fragment == in_fragment && same(&it.what));
    let first = like.next().map(|it| it.level);
    if first != Some(level) && like.next().is_none() {
        list.push(Elsewhere { level, in_fragment, what: what.clone() });
    }
}

fn perhaps(written: &Written) -> Written {
    let name = written.name;
    let why = format!(
        "another file sets `{name}` for all of `http`, and whether that goes for this one is not known"
    );
    Written { value: Possible::Unknown(why), ..written.clone() }
}
