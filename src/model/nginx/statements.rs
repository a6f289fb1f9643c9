//! In which levels a statement stands: in several where its file is included several times.

use std::collections::BTreeMap;

use super::{LevelId, Nginx};
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
}
