//! What single directives add: settings, addresses, peers, passes.

use super::super::address;
use super::super::assign::assignments;
use super::super::found::{Assignment, Pass};
use super::super::value::value;
use super::{Block, Place, Walk, title};
use crate::model::{Anchor, Dialect, Peer, Upstream, Written, directive};
use crate::source::Span;
use crate::syntax::nginx::Directive;
use crate::value::{Endpoint, Possible};

impl Walk<'_> {
    /// A directive of the table.
    pub(super) fn write(&mut self, written: &Directive, place: &Place<'_>) {
        let (Some(known), Some(level)) = (directive(written.name()), place.level) else { return };
        let value = match &place.here {
            Some(why) => Possible::Unknown(why.clone()),
            None => value(known, written, self.version),
        };
        if let Possible::Unknown(why) = &value
            && why.starts_with("nginx refuses")
        {
            self.unresolved(written.span, &title(written), why);
        }
        let entry = Written { name: known.name, value, anchor: anchor(written) };
        self.found.nginx.levels[level.0 as usize].written.push(entry);
    }

    pub(super) fn listen(&mut self, directive: &Directive, place: &Place<'_>) {
        let Some(server) = place.server else { return };
        let address = listened(directive, place);
        if let Possible::Unknown(why) = &address {
            self.unresolved(directive.span, &title(directive), why);
        }
        self.found.nginx.servers[server].listen.push(address);
    }

    /// A `listen` of `stream` or `mail`: what it hands on to is not looked into, but it answers.
    pub(super) fn listen_elsewhere(&mut self, directive: &Directive, place: &Place<'_>) {
        self.found.nginx.elsewhere.push(listened(directive, place));
    }

    /// `error_page CODE... [=[CODE]] URI`. A plain path keeps the 502; `=` and a redirect to another site do not.
    pub(super) fn error_page(&mut self, directive: &Directive, place: &Place<'_>) {
        let Some(level) = place.level else { return };
        let [codes @ .., target] = directive.arguments() else { return };
        let (codes, answer) = match codes {
            [codes @ .., last] if last.text.starts_with('=') => (codes, Some(&last.text[1..])),
            codes => (codes, None),
        };
        let is_meant = codes.iter().any(|code| code.text == "502" || code.template);
        let is_error = answer.is_some_and(|code| code.starts_with('5') && code.len() == 3);
        let stays = answer.is_none() && target.text.starts_with(['/', '@']);
        let rescues = is_meant && !is_error && !stays;
        // Under a condition of a template it may be there or not; the doubt is for the answer.
        let known = &mut self.found.nginx.levels[level.0 as usize].rescues;
        *known = Some(known.unwrap_or_default() || rescues);
    }

    pub(super) fn names(&mut self, directive: &Directive, place: &Place<'_>) {
        let Some(server) = place.server else { return };
        let names = directive.arguments().iter().map(|word| word.text.clone());
        self.found.nginx.servers[server].names.extend(names);
    }

    pub(super) fn upstream(&mut self, directive: &Directive, place: &Place<'_>) -> Option<usize> {
        let [word] = directive.arguments() else {
            self.unresolved(
                directive.header,
                &title(directive),
                "nginx refuses it: `upstream` takes one name",
            );
            return None;
        };
        self.found.nginx.upstreams.push(Upstream {
            name: word.text.clone(),
            place: word.span,
            peers: Vec::new(),
            open: place.maybe.clone(),
        });
        self.found.upstream_http.push(place.http);
        Some(self.found.nginx.upstreams.len() - 1)
    }

    pub(super) fn upstream_server(&mut self, directive: &Directive, place: &Place<'_>) {
        let (Some(upstream), "server") = (place.upstream, directive.name()) else { return };
        let [word, parameters @ ..] = directive.arguments() else { return };
        let why = place.here.as_ref().or(place.maybe.as_ref());
        let address = match why {
            Some(why) => Err(why.clone()),
            None => address::server(&word.text),
        };
        let address = address.map_or_else(Possible::Unknown, Possible::Known);
        if let Possible::Unknown(why) = &address {
            self.unresolved(directive.span, &title(directive), why);
        }
        let down = parameters.iter().any(|word| word.text == "down");
        let anchor = Anchor { value: word.inner, ..anchor(directive) };
        self.found.nginx.upstreams[upstream].peers.push(Peer { address, anchor, down });
        if place.here.is_some() {
            self.found.nginx.upstreams[upstream].open = place.here.clone();
        }
    }

    pub(super) fn pass(&mut self, name: &'static str, directive: &Directive, place: &Place<'_>) {
        let level = match (place.block, place.level) {
            (Block::Location | Block::If | Block::LimitExcept, Some(level)) => level,
            (Block::Stream | Block::Mail, _) => {
                return self.unresolved(
                    directive.span,
                    &title(directive),
                    "`stream` and `mail` are not handled yet",
                );
            }
            _ => {
                let why = format!("`{name}` is not allowed here in `http`, and `stream` is not handled yet");
                return self.unresolved(directive.span, &title(directive), &why);
            }
        };
        self.found.passes.push(Pass {
            name,
            level,
            server: place.server,
            scope: place.scope,
            arguments: directive.arguments().to_vec(),
            anchor: anchor(directive),
            maybe: place.here.clone().or_else(|| place.maybe.clone()),
        });
    }

    /// Notes what gives variables their values. A `set` under a condition gives one only perhaps.
    pub(super) fn note_assignment(&mut self, directive: &Directive, place: &Place<'_>) {
        let certain = match place.block {
            Block::Server | Block::Location => place.here.is_none() && place.maybe.is_none(),
            Block::ServerIf | Block::If | Block::LimitExcept => false,
            _ => return,
        };
        for (variable, value) in assignments(directive) {
            let value = value.filter(|_| certain).cloned();
            let (scope, level, span) = (place.scope, place.level, directive.span);
            self.found.assignments.push(Assignment { scope, variable, level, value, span });
        }
    }
}

/// What a `listen` says.
fn listened(directive: &Directive, place: &Place<'_>) -> Possible<Endpoint> {
    match (directive.arguments().first(), &place.here) {
        (Some(word), None) => address::listen(&word.text).map_or_else(Possible::Unknown, Possible::Known),
        (_, Some(why)) => Possible::Unknown(why.clone()),
        (None, None) => Possible::Unknown("nginx refuses it: `listen` takes an address".into()),
    }
}

/// How a directive can be changed.
fn anchor(directive: &Directive) -> Anchor {
    let value = match directive.arguments() {
        [] => Span { start: directive.header.end, ..directive.header },
        [first, .., last] => first.span.to(last.span),
        [only] => only.span,
    };
    Anchor { span: directive.span, value, dialect: Dialect::Nginx }
}
