//! Which value of a directive is in force at a level.

use super::super::setting::read;
use super::super::{Datum, FromDatum, Origin, OriginKind, Setting, Version};
use super::{Level, LevelId, LevelKind, MatchKind, Nginx, Rescues, directive};
use crate::source::Span;
use crate::value::Possible;

impl Nginx {
    /// The level of an identifier that this configuration gave out.
    pub fn level(&self, id: LevelId) -> &Level {
        &self.levels[id.0 as usize]
    }

    /// The value of a directive that is in force at a level: written there, else inherited, else the default.
    ///
    /// It is unknown where a level between could set it unseen, and for a name that is not in the table of directives.
    pub fn setting<T: FromDatum>(&self, level: LevelId, name: &str, version: Version) -> Setting<T> {
        self.look_up(level, name, version, read)
    }

    /// As [`Nginx::setting`], of whatever type it is.
    pub fn datum(&self, level: LevelId, name: &str, version: Version) -> Setting<Datum> {
        self.look_up(level, name, version, Possible::clone)
    }

    /// The value in force, as `of` makes it of what is written.
    fn look_up<T>(
        &self,
        level: LevelId,
        name: &str,
        version: Version,
        of: impl Fn(&Possible<Datum>) -> Possible<T>,
    ) -> Setting<T> {
        let mut kind = OriginKind::Written;
        let mut next = Some(level);
        while let Some(id) = next {
            let here = self.level(id);
            let mut written = here.written.iter().filter(|it| it.name == name);
            if let Some(first) = written.next() {
                let origin = Origin::anchored(kind, first.anchor);
                return match written.next() {
                    None => Setting { value: of(&first.value), origin },
                    Some(_) => Setting::unknown(format!("`{name}` is written twice in one block"), origin),
                };
            }
            if let Some(hole) = here.holes.iter().find(|hole| hole.may_set(name)) {
                let kind = if hole.kind == OriginKind::Template { hole.kind } else { kind };
                return Setting::unknown(hole.why.clone(), Origin::at(kind, hole.span));
            }
            if let Some(why) = &here.open_above {
                return Setting::unknown(why.to_string(), Origin::at(OriginKind::Inherited, here.header));
            }
            kind = OriginKind::Inherited;
            next = here.parent;
        }
        match directive(name) {
            Some(directive) => {
                let value = of(&Possible::Known(directive.default(version)));
                Setting { value, origin: Origin::DEFAULT }
            }
            None => Setting::unknown("not resolved yet", Origin::DEFAULT),
        }
    }

    /// Which requests that nginx cannot get an answer for at a level may be answered all the same, by an `error_page`.
    pub fn rescues(&self, level: LevelId) -> Rescues {
        let mut next = Some(level);
        while let Some(id) = next {
            let here = self.level(id);
            if let Some(rescues) = here.rescues {
                return rescues;
            }
            next = here.parent;
        }
        Rescues::default()
    }

    /// Whether no request gets to a pass in a level, since a `return` answers all of them: beside it, around its `if`, or in
    /// the server, which is asked first but for a named location.
    ///
    /// Source: `ngx_http_rewrite_handler` in `src/http/modules/ngx_http_rewrite_module.c`, 1.31.3. What stands in a
    /// `limit_except` has no part in the rewriting of its location, nor has a location in one around it.
    pub fn is_never_reached(&self, level: LevelId) -> bool {
        let here = self.level(level);
        let around = |kind: LevelKind| {
            let levels =
                std::iter::successors(Some(level), |id| self.level(*id).parent).map(|id| self.level(id));
            levels.filter(move |it| it.kind == kind)
        };
        let is_named =
            |it: &Level| it.matching.as_ref().is_some_and(|matching| matching.kind == MatchKind::Named);
        here.returns
            || here.kind == LevelKind::If && here.parent.is_some_and(|parent| self.level(parent).returns)
            || around(LevelKind::Server).any(|it| it.returns) && !around(LevelKind::Location).any(is_named)
    }

    /// The location that a level belongs to, for a person: the title of the nearest enclosing `location`, else of the
    /// level itself.
    pub fn location(&self, level: LevelId) -> &str {
        let mut id = level;
        loop {
            let here = self.level(id);
            match (here.kind, here.parent) {
                (LevelKind::If | LevelKind::LimitExcept, Some(parent)) => id = parent,
                _ => return &here.title,
            }
        }
    }

    /// Where a level is opened.
    pub fn header(&self, level: LevelId) -> Span {
        self.level(level).header
    }
}
