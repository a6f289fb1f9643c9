//! Through a file and its includes, block by block.

mod leaf;

use std::collections::BTreeSet;

use super::entry::{Context, Entry};
use super::found::{Found, Http};
use super::include::{Included, Library};
use crate::model::{Hole, Level, LevelId, LevelKind, OriginKind, Server, Unresolved, Version};
use crate::source::{FileId, Span};
use crate::syntax::nginx::{Body, Directive, Item, TemplateKind};
use crate::value::{Endpoint, Host, Possible};

/// Blocks and includes inside each other are followed up to this depth in all.
const MAX_DEPTH: usize = 120;
/// How many directives of a stack are looked at, a fragment counted each time that it is included.
const MAX_DIRECTIVES: usize = 4_000_000;
/// How many directives an `include` counts for, since looking its files up takes as long.
const INCLUDE_COST: usize = 20;

/// Why nothing is known of a file whose blocks hang on how its template is filled in.
const ENTANGLED: &str = "tags of a template and blocks of nginx cross in this file";

/// Where the walk is.
#[derive(Clone, Debug)]
struct Place<'a> {
    block: Block,
    main: Option<&'a str>,
    http: usize,
    scope: usize,
    level: Option<LevelId>,
    server: Option<usize>,
    upstream: Option<usize>,
    /// Why the block may not be there at all.
    maybe: Option<String>,
    /// Why what stands here may not be there although the block is.
    here: Option<String>,
    depth: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Main,
    Http,
    Server,
    ServerIf,
    Location,
    If,
    LimitExcept,
    Upstream,
    Stream,
    Mail,
    Other,
}

/// Whether a directive hands requests on.
pub(super) fn is_pass(name: &str) -> bool {
    pass_name(name).is_some()
}

fn pass_name(name: &str) -> Option<&'static str> {
    const PASSES: [&str; 5] = ["proxy_pass", "uwsgi_pass", "fastcgi_pass", "scgi_pass", "grpc_pass"];
    PASSES.into_iter().find(|pass| *pass == name)
}

/// The walk through the files of a stack.
pub(super) struct Walk<'a> {
    library: &'a Library<'a>,
    version: Version,
    found: Found,
    scopes: usize,
    directives: usize,
    /// The files that are being read, each included by the one before.
    chain: Vec<FileId>,
    /// The holes that are noted: a file that is included in vain a million times makes one of each place.
    holes: BTreeSet<(Option<LevelId>, Option<usize>, bool, Span)>,
}

impl<'a> Walk<'a> {
    /// A walk that has not begun.
    pub(super) fn new(library: &'a Library<'a>, version: Version) -> Walk<'a> {
        let found = Found { https: vec![Http::default()], ..Found::default() };
        Walk { library, version, found, scopes: 0, directives: 0, chain: Vec::new(), holes: BTreeSet::new() }
    }

    /// What was found.
    pub(super) fn finish(self) -> Found {
        self.found
    }

    /// Reads a file that no other includes.
    pub(super) fn entry(&mut self, entry: Entry<'a>) {
        let mut place = Place {
            block: Block::Main,
            main: entry.main,
            http: 0,
            scope: self.scope(),
            level: None,
            server: None,
            upstream: None,
            maybe: None,
            here: None,
            depth: 0,
        };
        let header = Span::new(entry.file, 0..0);
        let name = self.library.sources.get(entry.file).name();
        let open = format!("no file of the stack includes `{name}`, so what it inherits is not known");
        match entry.context {
            Context::Main => {
                place.http = self.found.https.len();
                self.found.https.push(Http { complete: true });
            }
            Context::Http => {
                place.block = Block::Http;
                place.level = Some(self.level(LevelKind::Http, &place, header, "http".into()));
            }
            Context::Server => {
                place.block = Block::Server;
                let level = self.level(LevelKind::Server, &place, header, "server".into());
                self.found.nginx.levels[level.0 as usize].open_above = Some(open.clone());
                place.level = Some(level);
                place.server = Some(self.server(level));
            }
            Context::Location | Context::Settings => {
                place.block = Block::Location;
                let level = self.level(LevelKind::Location, &place, header, format!("location in {name}"));
                self.found.nginx.levels[level.0 as usize].open_above = Some(open.clone());
                place.level = Some(level);
                if entry.context == Context::Settings {
                    self.found.settings.push(level);
                }
            }
            Context::Stream => place.block = Block::Stream,
            Context::Other => place.block = Block::Other,
        }
        let server = place.server;
        self.file(entry.file, place);
        if let Some(server) = server {
            self.found.nginx.servers[server].listen.push(Possible::Unknown(open));
        }
    }

    fn scope(&mut self) -> usize {
        self.scopes += 1;
        self.scopes
    }

    fn file(&mut self, file: FileId, mut place: Place<'a>) {
        let Some(tree) = self.library.tree(file) else { return };
        if tree.entangled {
            let name = &self.library.sources.get(file).path;
            self.found.unresolved.push(Unresolved {
                span: Span::new(file, 0..0),
                what: name.clone(),
                why: format!("{ENTANGLED}, so nothing in it is certain"),
            });
            place.maybe.get_or_insert_with(|| ENTANGLED.into());
            place.here.get_or_insert_with(|| ENTANGLED.into());
        }
        self.chain.push(file);
        self.items(&tree.items, place, tree.entangled);
        self.chain.pop();
    }

    fn items(&mut self, items: &'a [Item], mut place: Place<'a>, entangled: bool) {
        let outside = place.here.clone();
        let mut tags = 0_usize;
        if entangled && let Some(first) = items.first() {
            let span = match first {
                Item::Directive(directive) => directive.span,
                Item::Comment(span) => *span,
                Item::Template(template) => template.span,
            };
            self.hole(&place, span, OriginKind::Template, ENTANGLED);
        }
        for item in items {
            match item {
                Item::Comment(_) => {}
                Item::Template(template) => {
                    match template.kind {
                        TemplateKind::Open => tags += 1,
                        TemplateKind::Close => tags = tags.saturating_sub(1),
                        TemplateKind::Text => self.hole(
                            &place,
                            template.span,
                            OriginKind::Template,
                            "a template fills in directives here",
                        ),
                        TemplateKind::Middle | TemplateKind::Nothing => {}
                    }
                    place.here = outside
                        .clone()
                        .or_else(|| (tags > 0).then(|| "it stands in a condition of a template".into()));
                }
                Item::Directive(directive) => {
                    self.directives += 1;
                    if self.directives > MAX_DIRECTIVES || place.depth > MAX_DEPTH {
                        self.hole(
                            &place,
                            directive.span,
                            OriginKind::Written,
                            "the configuration is too large or too deep to be followed",
                        );
                        return;
                    }
                    self.directive(directive, &place, entangled);
                }
            }
        }
    }

    fn directive(&mut self, directive: &'a Directive, place: &Place<'a>, entangled: bool) {
        if place.block == Block::Other {
            return;
        }
        let name = directive.name();
        if directive.words.first().is_some_and(|first| first.template || first.text.starts_with('$')) {
            return self.hole(
                place,
                directive.span,
                OriginKind::Template,
                "a template fills in directives here",
            );
        }
        if name == "include" {
            return self.include(directive, place);
        }
        self.note_assignment(directive, place);
        if let Body::Block(items) = &directive.body {
            return self.block(directive, items, place, entangled);
        }
        match place.block {
            Block::Http | Block::Server | Block::Location | Block::If | Block::LimitExcept => {
                self.write(directive, place);
            }
            Block::Upstream => self.upstream_server(directive, place),
            Block::Main | Block::ServerIf | Block::Stream | Block::Mail | Block::Other => {}
        }
        match (place.block, name) {
            (Block::Server, "listen") => self.listen(directive, place),
            (Block::Stream | Block::Mail, "listen") => self.listen_elsewhere(directive, place),
            (_, "error_page") => self.error_page(directive, place),
            (Block::Server, "server_name") => self.names(directive, place),
            _ => {}
        }
        if let Some(name) = pass_name(name) {
            self.pass(name, directive, place);
        }
    }

    fn block(&mut self, directive: &'a Directive, items: &'a [Item], place: &Place<'a>, entangled: bool) {
        let mut inner = Place {
            block: Block::Other,
            maybe: place.maybe.clone().or_else(|| place.here.clone()),
            here: if entangled { place.here.clone() } else { None },
            depth: place.depth + 1,
            ..place.clone()
        };
        let opened = |kind| (Some(kind), title(directive));
        let (kind, title) = match (place.block, directive.name()) {
            (Block::Main, "http") => {
                inner.block = Block::Http;
                opened(LevelKind::Http)
            }
            (Block::Main, "stream") | (Block::Stream, _) => {
                inner.block = Block::Stream;
                (None, String::new())
            }
            (Block::Main, "mail") | (Block::Mail, _) => {
                inner.block = Block::Mail;
                (None, String::new())
            }
            (Block::Http, "server") => {
                inner.block = Block::Server;
                inner.scope = self.scope();
                opened(LevelKind::Server)
            }
            (Block::Http, "upstream") => {
                inner.block = Block::Upstream;
                inner.upstream = self.upstream(directive, &inner);
                (None, String::new())
            }
            (Block::Server, "if") => {
                inner.block = Block::ServerIf;
                (None, String::new())
            }
            (Block::Server | Block::Location, "location") => {
                inner.block = Block::Location;
                opened(LevelKind::Location)
            }
            (Block::Location, "if") => {
                inner.block = Block::If;
                opened(LevelKind::If)
            }
            (Block::Location, "limit_except") => {
                inner.block = Block::LimitExcept;
                opened(LevelKind::LimitExcept)
            }
            (_, "map" | "geo" | "types" | "split_clients" | "charset_map" | "events" | "match") => return,
            (_, "http" | "server" | "upstream" | "location" | "if" | "limit_except") => {
                return self.unresolved(
                    directive.header,
                    &title(directive),
                    "nginx refuses it: it is not allowed here",
                );
            }
            _ => {
                return self.unresolved(
                    directive.header,
                    &title(directive),
                    "a block of an unknown directive",
                );
            }
        };
        let Some(kind) = kind else { return self.items(items, inner, entangled) };
        let level = self.level(kind, place, directive.header, title);
        inner.level = Some(level);
        if kind == LevelKind::Server {
            inner.server = Some(self.server(level));
        }
        let server = inner.server.filter(|_| kind == LevelKind::Server);
        self.items(items, inner, entangled);
        if let Some(server) = server {
            self.finish_server(server);
        }
    }

    fn level(&mut self, kind: LevelKind, place: &Place<'_>, header: Span, title: String) -> LevelId {
        let id = LevelId(self.found.nginx.levels.len() as u32);
        self.found.nginx.levels.push(Level {
            kind,
            parent: place.level,
            header,
            title,
            written: Vec::new(),
            holes: Vec::new(),
            rescues: None,
            open_above: None,
        });
        self.found.level_http.push(place.http);
        id
    }

    fn server(&mut self, level: LevelId) -> usize {
        self.found.nginx.servers.push(Server { level, listen: Vec::new(), names: Vec::new() });
        self.found.nginx.servers.len() - 1
    }

    /// A server listens on `*:80` where nothing is written, and on who knows what where something is hidden.
    fn finish_server(&mut self, server: usize) {
        let level = self.found.nginx.servers[server].level;
        let hole = self.found.nginx.levels[level.0 as usize].holes.first().map(|hole| hole.why.clone());
        let listen = &mut self.found.nginx.servers[server].listen;
        match hole {
            Some(why) => listen.push(Possible::Unknown(why)),
            None if listen.is_empty() => {
                listen.push(Possible::Known(Endpoint::Tcp(Host::parse("0.0.0.0"), 80)))
            }
            None => {}
        }
    }

    fn include(&mut self, directive: &'a Directive, place: &Place<'a>) {
        self.directives += INCLUDE_COST;
        if let Some(link) = self.library.unread(place.main, directive) {
            let why =
                format!("an include is not resolved: `{link}` is a link to something that was not read");
            self.hole(place, directive.span, OriginKind::Written, &why);
        }
        match self.library.include(place.main, directive) {
            Included::Stock => {}
            Included::Files(files) => {
                for file in files {
                    if self.chain.contains(&file) {
                        self.hole(place, directive.span, OriginKind::Written, "the file includes itself");
                    } else {
                        self.file(file, Place { depth: place.depth + 1, ..place.clone() });
                    }
                }
            }
            // Nothing to include is nothing amiss, and in `http` it is so on every fresh machine.
            Included::Nothing
                if matches!(place.block, Block::Main | Block::Http | Block::Stream | Block::Mail) =>
            {
                self.incomplete(place);
                self.unresolved(directive.span, &title(directive), "no file of the stack matches");
            }
            Included::Nothing => self.hole(
                place,
                directive.span,
                OriginKind::Written,
                "no file of the stack matches this include",
            ),
            Included::Unknown(why) => self.hole(
                place,
                directive.span,
                OriginKind::Written,
                &format!("an include is not resolved: {why}"),
            ),
        }
    }

    fn incomplete(&mut self, place: &Place<'_>) {
        if place.block == Block::Http {
            self.found.https[place.http].complete = false;
        }
    }

    /// Something that may hold any directive.
    fn hole(&mut self, place: &Place<'_>, span: Span, kind: OriginKind, why: &str) {
        if place.block == Block::Other {
            return;
        }
        self.incomplete(place);
        if !self.holes.insert((place.level, place.upstream, place.block == Block::ServerIf, span)) {
            return;
        }
        let what = self.library.sources.text(span).split('\n').next().unwrap_or_default().trim().to_owned();
        self.unresolved(span, &what, why);
        if matches!(place.block, Block::Stream | Block::Mail) {
            self.found.nginx.elsewhere.push(Possible::Unknown(why.into()));
        }
        if let Some(upstream) = place.upstream {
            self.found.nginx.upstreams[upstream].open.get_or_insert_with(|| why.into());
        } else if let Some(level) = place.level
            && place.block != Block::ServerIf
        {
            self.found.nginx.levels[level.0 as usize].holes.push(Hole { span, kind, why: why.into() });
        }
    }

    fn unresolved(&mut self, span: Span, what: &str, why: &str) {
        // That is said of the file as a whole.
        if why == ENTANGLED {
            return;
        }
        self.found.unresolved.push(Unresolved { span, what: what.into(), why: why.into() });
    }
}

/// The words of a directive, for a person.
fn title(directive: &Directive) -> String {
    let words: Vec<&str> = directive.words.iter().map(|word| word.text.as_str()).collect();
    words.join(" ")
}
