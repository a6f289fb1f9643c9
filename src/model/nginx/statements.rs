//! In which levels a statement stands: in several where its file is included several times.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Anchor;
use super::{LevelId, LevelKind, Nginx};
use crate::source::Span;

/// The levels that each statement stands in, for fixes that put something beside one.
#[derive(Clone, Debug)]
pub struct Statements<'a> {
    nginx: &'a Nginx,
    levels: BTreeMap<Span, Vec<LevelId>>,
}

impl<'a> Statements<'a> {
    /// The statements that fixes stand beside: known directives and passes.
    pub fn new(nginx: &'a Nginx) -> Statements<'a> {
        let mut levels: BTreeMap<Span, Vec<LevelId>> = BTreeMap::new();
        for (at, level) in nginx.levels.iter().enumerate() {
            for written in &level.written {
                levels.entry(written.anchor.span).or_default().push(LevelId(at as u32));
            }
        }
        for route in &nginx.routes {
            levels.entry(route.anchor.span).or_default().push(route.level);
        }
        Statements { nginx, levels }
    }

    /// The levels that a statement stands in, in order.
    pub fn levels(&self, statement: Span) -> &[LevelId] {
        self.levels.get(&statement).map_or(&[], Vec::as_slice)
    }

    /// Whether a directive can be put beside a statement without standing twice in a level, which nginx refuses. What
    /// an include or a template hides may be that directive.
    pub fn may_add(&self, statement: Span, name: &str) -> bool {
        self.levels(statement).iter().all(|id| {
            let level = self.nginx.level(*id);
            !level.holes.iter().any(|hole| hole.may_set(name))
                && !level.written.iter().any(|written| written.name == name)
        })
    }

    /// Whether a statement stands in none but these levels and those around them. Elsewhere it may be meant for others.
    pub fn is_around(&self, statement: Span, levels: &BTreeSet<LevelId>) -> bool {
        let mut reached = BTreeSet::new();
        for level in levels {
            let mut next = Some(*level);
            while let Some(id) = next.filter(|id| reached.insert(*id)) {
                next = self.nginx.level(id).parent;
            }
        }
        self.levels(statement).iter().all(|id| reached.contains(id))
    }

    /// Whether the directive of a location can be put beside a pass: in all levels that the pass stands in, and not into
    /// an `if` or a `limit_except`, where nginx would refuse it.
    pub fn may_override(&self, pass: Span, name: &str) -> bool {
        let is_location = |id: &LevelId| self.nginx.level(*id).kind == LevelKind::Location;
        self.may_add(pass, name) && self.levels(pass).iter().all(is_location)
    }

    /// What a directive is put behind: the last of its kin that stands wherever the pass does, as `proxy_connect_timeout`
    /// is of `proxy_read_timeout`, else the pass itself.
    pub fn beside(&self, pass: Anchor, name: &str) -> Anchor {
        let ends = |name: &str| {
            let (family, rest) = name.split_once('_')?;
            Some((family.to_owned(), rest.rsplit('_').next()?.to_owned()))
        };
        let levels = self.levels(pass.span);
        let written = levels.first().map_or(&[][..], |id| &self.nginx.level(*id).written);
        let is_kin =
            |anchor: &Anchor| anchor.span.file == pass.span.file && self.levels(anchor.span) == levels;
        let kin = written.iter().filter(|it| ends(it.name) == ends(name)).map(|it| it.anchor);
        kin.filter(is_kin).max_by_key(|anchor| anchor.span).unwrap_or(pass)
    }
}
