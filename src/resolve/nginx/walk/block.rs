//! Blocks: what each of them is, and what it adds before anything in it is read.

use std::sync::Arc;

use super::super::found::{Http, Map};
use super::{Block, Place, Walk, title};
use crate::model::{LevelId, LevelKind, Listen, MatchKind, Matching, Server};
use crate::syntax::nginx::{Directive, Item, Word};
use crate::value::{Endpoint, Host, Possible};

impl<'a> Walk<'a> {
    pub(super) fn block(
        &mut self,
        directive: &Directive<'a>,
        items: &[Item<'a>],
        place: &Place<'a>,
        entangled: bool,
    ) {
        let Some((block, kind)) = opened(place.block, directive.name()) else {
            return self.closed(directive, items, place);
        };
        if directive.name() == "if" && refuses_methods(directive, items) {
            self.found.nginx.refuses_methods.get_or_insert(directive.header());
        }
        let mut inner = Place {
            block,
            guessed: place.guessed && !is_telling(directive, items),
            maybe: place.maybe.clone().or_else(|| place.here.clone()),
            here: if entangled { place.here.clone() } else { None },
            depth: place.depth + 1,
            ..place.clone()
        };
        match block {
            Block::Http | Block::Stream => {
                inner.http = self.found.https.len();
                let stream = block == Block::Stream;
                self.found.https.push(Http { complete: true, stream, holes: false });
            }
            Block::Server | Block::StreamServer => inner.scope = self.scope(),
            Block::Upstream | Block::StreamUpstream => inner.upstream = self.upstream(directive, &inner),
            _ => {}
        }
        let Some(kind) = kind else {
            let upstream = inner.upstream;
            self.items(items, inner, entangled);
            if let Some(upstream) = upstream.map(|at| &mut self.found.nginx.upstreams[at]) {
                Arc::make_mut(&mut upstream.peers).shrink_to_fit();
            }
            return;
        };
        // A level belongs to the block that it opens, which is what its own upstreams are looked up in.
        let opener = Place { http: inner.http, ..place.clone() };
        let level = self.level(kind, &opener, directive.header(), title(directive));
        inner.level = Some(level);
        let whole = place.whole.map(|at| &mut self.found.nginx.mains[at]);
        match (kind, whole) {
            (LevelKind::Http, Some(main)) => main.http = Some(level),
            (LevelKind::Events, Some(main)) => main.events = Some(level),
            (LevelKind::Location, _) => {
                self.found.nginx.levels[level.0 as usize].matching = matching(directive);
            }
            _ => {}
        }
        let server = (kind == LevelKind::Server).then(|| self.server(level));
        inner.server = server.or(inner.server);
        self.items(items, inner, entangled);
        let read = &mut self.found.nginx.levels[level.0 as usize];
        // There are very many levels, and each is done.
        read.written.shrink_to_fit();
        read.sent.shrink_to_fit();
        read.jumps.shrink_to_fit();
        let outer = self.firsts.iter().rposition(|it| it.level != level);
        self.firsts.truncate(outer.map_or(0, |at| at + 1));
        if let Some(server) = server {
            self.finish_server(server);
        }
    }

    /// A block that nothing in it is read of as directives.
    fn closed(&mut self, directive: &Directive, items: &[Item<'a>], place: &Place<'_>) {
        match directive.name() {
            "map" | "geo" | "split_clients" => self.map(directive, items, place),
            "types" | "charset_map" | "match" => {}
            "http" | "server" | "upstream" | "location" | "if" | "limit_except" | "events" | "stream"
            | "mail" => {
                self.unresolved(
                    directive.header(),
                    &title(directive),
                    "nginx refuses it: it is not allowed here",
                );
            }
            _ => {
                if let Some(level) = place.level.filter(|_| place.block != Block::Http) {
                    self.found.nginx.levels[level.0 as usize].diverts = true;
                }
                self.unresolved(directive.header(), &title(directive), "a block of an unknown directive");
            }
        }
    }

    /// `map $from $variable { key value; ... }`, and `geo` and `split_clients`, whose last argument is the variable too.
    fn map(&mut self, directive: &Directive, items: &[Item<'a>], place: &Place<'_>) {
        let Some(variable) = directive.arguments().last().and_then(|word| word.text.strip_prefix('$')) else {
            return;
        };
        let is_map = directive.name() == "map";
        let certain = place.doubt().is_none() && is_map;
        self.found.maps.push(Map {
            http: place.http,
            variable: variable.to_ascii_lowercase(),
            values: values(items).filter(|_| certain),
            span: directive.span(),
        });
    }

    pub(super) fn server(&mut self, level: LevelId) -> usize {
        self.found.nginx.servers.push(Server { level, listen: Vec::new(), names: Vec::new() });
        self.found.nginx.servers.len() - 1
    }

    /// A server listens on `*:80` where nothing is written, and on who knows what where something is hidden.
    fn finish_server(&mut self, server: usize) {
        let level = self.found.nginx.servers[server].level;
        let mut holes = self.found.nginx.levels[level.0 as usize].holes.iter();
        let hole = holes.find(|hole| hole.may_set("listen")).map(|hole| hole.why.clone());
        let listen = &mut self.found.nginx.servers[server].listen;
        match hole {
            Some(why) => listen.push(Listen::implied(Possible::Unknown(why))),
            None if listen.is_empty() => {
                let port = Endpoint::Tcp(Host::parse("0.0.0.0"), 80);
                listen.push(Listen::implied(Possible::Known(port)));
            }
            None => {}
        }
        listen.shrink_to_fit();
        self.found.nginx.servers[server].names.shrink_to_fit();
    }
}

/// The block that a directive opens where it stands, and the level that it makes, if directives are inherited through it.
fn opened(outer: Block, name: &str) -> Option<(Block, Option<LevelKind>)> {
    let opened = match (outer, name) {
        (Block::Main, "http") => (Block::Http, Some(LevelKind::Http)),
        (Block::Main, "events") => (Block::Events, Some(LevelKind::Events)),
        (Block::Main, "stream") => (Block::Stream, Some(LevelKind::Stream)),
        (Block::Main, "mail") | (Block::Mail, "server") => (Block::Mail, None),
        (Block::Stream, "server") => (Block::StreamServer, Some(LevelKind::StreamServer)),
        (Block::Stream, "upstream") => (Block::StreamUpstream, None),
        (Block::Http, "server") => (Block::Server, Some(LevelKind::Server)),
        (Block::Http, "upstream") => (Block::Upstream, None),
        (Block::Server, "if") => (Block::ServerIf, None),
        (Block::Server | Block::Location, "location") => (Block::Location, Some(LevelKind::Location)),
        (Block::Location, "if") => (Block::If, Some(LevelKind::If)),
        (Block::Location, "limit_except") => (Block::LimitExcept, Some(LevelKind::LimitExcept)),
        _ => return None,
    };
    Some(opened)
}

/// Whether an `if` asks for the method, and answers by itself with an error or is for all methods but some.
fn refuses_methods(directive: &Directive, items: &[Item]) -> bool {
    let words = directive.arguments();
    let asks = words.iter().any(|word| word.text.contains("$request_method"));
    let excludes = words.iter().any(|word| word.text.starts_with('!'));
    let is_error = |item: &Item| match item {
        Item::Directive(inner) if inner.name() == "return" => {
            inner.arguments().first().is_some_and(|status| status.text.starts_with(['4', '5']))
        }
        _ => false,
    };
    asks && (excludes || items.iter().any(is_error))
}

/// Whether what a block is follows from it alone, wherever its file is included. A `server` may be one of `stream` unless
/// it has something of `http`, an `upstream` always may, and an `if` stands in a `server` or in a `location`.
fn is_telling(directive: &Directive, items: &[Item]) -> bool {
    let has =
        |name: &str| items.iter().any(|item| matches!(item, Item::Directive(inner) if inner.name() == name));
    match directive.name() {
        "server" => has("location"),
        "upstream" | "if" => false,
        _ => true,
    }
}

/// What requests a location is for.
fn matching(directive: &Directive) -> Option<Matching> {
    let words = directive.arguments();
    if words.iter().any(|word| word.template) {
        return None;
    }
    let (kind, pattern) = match words {
        [only] => one_word(&only.text),
        [modifier, pattern] => (modifier_kind(&modifier.text)?, pattern.text.as_str()),
        _ => return None,
    };
    // With it the title ends.
    Some(Matching { kind, length: pattern.len() as u32 })
}

fn modifier_kind(text: &str) -> Option<MatchKind> {
    match text {
        "=" => Some(MatchKind::Exact),
        "^~" => Some(MatchKind::PrefixFirst),
        "~" | "~*" => Some(MatchKind::Regex),
        _ => None,
    }
}

/// The modifier may be written together with the pattern: `location ~\.php$`. Source: `ngx_http_core_location` in
/// `src/http/ngx_http_core_module.c`, 1.31.3.
fn one_word(text: &str) -> (MatchKind, &str) {
    for (modifier, kind) in [
        ("=", MatchKind::Exact),
        ("^~", MatchKind::PrefixFirst),
        ("~*", MatchKind::Regex),
        ("~", MatchKind::Regex),
    ] {
        if let Some(pattern) = text.strip_prefix(modifier) {
            return (kind, pattern);
        }
    }
    let kind = if text.starts_with('@') { MatchKind::Named } else { MatchKind::Prefix };
    (kind, text)
}

/// The values of a `map`, where all of them are constants. Without a `default` the value may be empty.
fn values<'a>(items: &[Item<'a>]) -> Option<Vec<Word<'a>>> {
    let mut values = Vec::new();
    let mut has_default = false;
    for item in items {
        let directive = match item {
            Item::Comment(_) => continue,
            Item::Template(_) => return None,
            Item::Directive(directive) => directive,
        };
        match &*directive.words {
            [flag] if matches!(flag.text.as_str(), "hostnames" | "volatile") => {}
            [key, value] if key.text != "include" && !value.template && !value.text.contains('$') => {
                has_default |= key.text == "default";
                values.push(value.clone());
            }
            _ => return None,
        }
    }
    has_default.then_some(values)
}
