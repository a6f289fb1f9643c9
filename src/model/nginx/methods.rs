//! Where requests of some methods may not get through to an app.

use std::collections::BTreeSet;

use super::{LevelId, LevelKind, Nginx, Route};

/// The places that let requests of some methods through, and not those of others.
#[derive(Clone, Debug)]
pub struct Methods<'a> {
    nginx: &'a Nginx,
    /// The levels for which a `limit_except` says that some methods are not for everybody.
    limited: BTreeSet<LevelId>,
}

impl<'a> Methods<'a> {
    /// All of them.
    pub fn new(nginx: &'a Nginx) -> Methods<'a> {
        let limits = nginx.levels.iter().filter(|level| level.kind == LevelKind::LimitExcept);
        Methods { nginx, limited: limits.filter_map(|level| level.parent).collect() }
    }

    /// Whether a `limit_except` goes for a level.
    pub fn are_limited(&self, level: LevelId) -> bool {
        self.limited.contains(&level) || self.nginx.level(level).kind == LevelKind::LimitExcept
    }

    /// Whether a route may be for GET alone, as what `auth_request` asks for is.
    pub fn may_be_get_alone(&self, route: &Route) -> bool {
        self.nginx.refuses_methods.is_some()
            || self.nginx.level(route.level).internal
            || self.are_limited(route.level)
    }
}
