//! Includes, and what cannot be seen through.

use super::super::include::{Included, has_pattern};
use super::{Block, Place, Walk, title};
use crate::limits::Limit;
use crate::model::{FaultKind, Hole, OriginKind, Unresolved};
use crate::source::Span;
use crate::syntax::nginx::Directive;
use crate::value::Possible;

/// How many directives an `include` counts for, since looking its files up takes as long.
const INCLUDE_COST: u64 = 20;

/// The headers of Debian's and Ubuntu's `proxy_params`, the same in all releases. Of `Host` the values differ: `$http_host`, and
/// `$host` of late.
const PROXY_PARAMS: &[&str] = &["Host", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto"];

impl<'a> Walk<'a> {
    pub(super) fn include(&mut self, directive: &Directive, place: &Place<'a>) {
        self.directives += INCLUDE_COST;
        if let Some(link) = self.library.unread(place.main, directive) {
            let why =
                format!("an include is not resolved: `{link}` is a link to something that was not read");
            self.hole(place, directive.span(), OriginKind::Written, &why);
        }
        match self.library.include(place.main, directive.arguments()) {
            Included::Stock(None) => {}
            Included::Stock(only) => self.stock(place, directive.span(), only),
            Included::Files(files) => {
                for &file in files.iter() {
                    self.directives += 1;
                    if self.is_spent() {
                        return self.cut(place, directive.span());
                    }
                    let by_pattern = has_pattern(directive);
                    match self.chain.iter().rposition(|(read, _)| *read == file) {
                        Some(at) => self.cycle(directive, at, by_pattern, place),
                        None => {
                            self.file(file, by_pattern, Place { depth: place.depth + 1, ..place.clone() })
                        }
                    }
                }
            }
            // Nothing to include is nothing amiss, and in `http` it is so on every fresh machine.
            Included::Nothing
                if matches!(place.block, Block::Main | Block::Http | Block::Stream | Block::Mail) =>
            {
                self.incomplete(place);
                self.unresolved(directive.span(), &title(directive), "no file of the stack matches");
            }
            Included::Nothing => self.hole(
                place,
                directive.span(),
                OriginKind::Written,
                "no file of the stack matches this include",
            ),
            Included::Unknown(why) => self.hole(
                place,
                directive.span(),
                OriginKind::Written,
                &format!("an include is not resolved: {why}"),
            ),
        }
    }

    /// Notes that a file is included that is being read, as the one `at` a place in the chain. nginx opens it again and again, and
    /// ends when it may open no more files; but a pattern stands for nothing then, and it goes on.
    fn cycle(&mut self, directive: &Directive, at: usize, by_pattern: bool, place: &Place<'_>) {
        self.hole(place, directive.span(), OriginKind::Written, "the file includes itself");
        let is_open = by_pattern || self.chain[at + 1..].iter().any(|(_, by_pattern)| *by_pattern);
        if is_open {
            return self
                .unfollowed(directive.span(), "nothing is included here: the file includes itself".into());
        }
        if place.guessed || place.doubt().is_some() {
            return;
        }
        let file = self.chain[at].0;
        let name = self.library.sources.get(file).name();
        let message = match at + 1 == self.chain.len() {
            true => format!("`{name}` includes itself, until no more files may be opened"),
            false => format!(
                "`{name}`, which includes this file, is included again, until no more files may be opened"
            ),
        };
        self.fault(FaultKind::Cycle, directive.span(), message);
    }

    /// Says of a stack that something is not followed, once.
    fn unfollowed(&mut self, span: Span, why: String) {
        if self.found.cut.is_empty() {
            self.found.cut.push(Unresolved { span, what: "the configuration".into(), why });
        }
    }

    /// Whether as much was followed as may be.
    pub(super) fn is_spent(&self) -> bool {
        self.directives > self.limits.get(Limit::Directives) || self.library.is_spent()
    }

    /// Notes that nothing more is followed here, and says so once.
    pub(super) fn cut(&mut self, place: &Place<'_>, span: Span) {
        self.hole(
            place,
            span,
            OriginKind::Written,
            "the configuration is too large or too deep to be followed",
        );
        let why = match self.is_spent() {
            true => format!(
                "nothing from here on is followed: with what is included there are too many directives{}",
                self.limits.raised(Limit::Directives)
            ),
            false => "nothing in here is followed: blocks and includes are too deep in each other".into(),
        };
        self.unfollowed(span, why);
    }

    /// A distributor's file, which sets one directive and nothing else that is resolved.
    fn stock(&mut self, place: &Place<'_>, span: Span, only: Option<&'static str>) {
        let Some(level) = place.level.filter(|_| place.block != Block::ServerIf) else { return };
        if self.holes.insert((place.level, place.upstream, false, span)) {
            let why = "it is set by a file of the distributor's".into();
            let headers = (only == Some("proxy_set_header")).then_some(PROXY_PARAMS);
            let hole = Hole { span, kind: OriginKind::Written, why, only, headers };
            self.found.nginx.levels[level.0 as usize].holes.push(hole);
        }
    }

    fn incomplete(&mut self, place: &Place<'_>) {
        if matches!(place.block, Block::Http | Block::Stream) {
            self.found.https[place.http].complete = false;
        }
    }

    /// Something that may hold any directive.
    pub(super) fn hole(&mut self, place: &Place<'_>, span: Span, kind: OriginKind, why: &str) {
        if place.block == Block::Other {
            return;
        }
        self.incomplete(place);
        self.found.https[place.http].holes = true;
        if !self.holes.insert((place.level, place.upstream, place.block == Block::ServerIf, span)) {
            return;
        }
        let what = self.library.sources.text(span).split('\n').next().unwrap_or_default().trim().to_owned();
        self.unresolved(span, &what, why);
        if matches!(place.block, Block::Stream | Block::StreamServer | Block::Mail) {
            self.found.nginx.elsewhere.push(Possible::Unknown(why.into()));
        }
        if let Some(upstream) = place.upstream {
            self.found.nginx.upstreams[upstream].open.get_or_insert_with(|| why.into());
        } else if let Some(level) = place.level {
            let level = &mut self.found.nginx.levels[level.0 as usize];
            level.rewrites = true;
            level.diverts = true;
            if place.block != Block::ServerIf {
                level.holes.push(Hole { span, kind, why: why.into(), only: None, headers: None });
            }
        }
    }
}
