//! Through a file and its includes, block by block.

use super::address;
use super::entry::{Context, Entry};
use super::include::{Included, Library};
use super::value::value;
use crate::model::{
    Anchor, Dialect, Hole, Level, LevelId, LevelKind, Nginx, Peer, Server, Unresolved, Upstream, Version,
    Written, directive,
};
use crate::source::{FileId, Span};
use crate::syntax::nginx::{Body, Directive, Item, TemplateKind, Word};
use crate::value::{Endpoint, Host, Possible};

/// Blocks and includes inside each other are followed up to this depth in all.
const MAX_DEPTH: usize = 120;
/// How many directives of a stack are looked at, a fragment counted each time that it is included.
const MAX_DIRECTIVES: usize = 4_000_000;

/// What the walk finds.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) nginx: Nginx,
    pub(super) unresolved: Vec<Unresolved>,
    pub(super) https: Vec<Http>,
    /// For each upstream, by its index: the `http` block that it belongs to.
    pub(super) upstream_http: Vec<usize>,
    /// For each level, by its index: the `http` block that it belongs to.
    pub(super) level_http: Vec<usize>,
    pub(super) passes: Vec<Pass>,
    pub(super) assignments: Vec<Assignment>,
    /// The settings of fragments that may belong in `http` as well as in a `server` or `location`.
    pub(super) settings: Vec<LevelId>,
}

/// An `http` block, with all that is included in it. The first is the one that fragments are taken to share.
#[derive(Clone, Debug, Default)]
pub(super) struct Http {
    /// Whether everything that it includes was found.
    pub(super) complete: bool,
}

/// A `proxy_pass` or one of its siblings.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    pub(super) name: &'static str,
    pub(super) level: LevelId,
    pub(super) server: Option<usize>,
    pub(super) scope: usize,
    pub(super) arguments: Vec<Word>,
    pub(super) anchor: Anchor,
    /// Why it may not be there at all.
    pub(super) maybe: Option<String>,
}

/// What gives a variable a value inside a `server` block.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    /// The `server` block, or the fragment.
    pub(super) scope: usize,
    /// Without the dollar; empty for something that may set any.
    pub(super) variable: String,
    pub(super) level: Option<LevelId>,
    /// The value, where it is certainly this one.
    pub(super) value: Option<Word>,
    /// The whole directive.
    pub(super) span: Span,
}

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
}

impl<'a> Walk<'a> {
    /// A walk that has not begun.
    pub(super) fn new(library: &'a Library<'a>, version: Version) -> Walk<'a> {
        let found = Found { https: vec![Http::default()], ..Found::default() };
        Walk { library, version, found, scopes: 0, directives: 0, chain: Vec::new() }
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
            let why = "tags of a template and blocks of nginx cross in this file";
            place.maybe.get_or_insert_with(|| why.into());
            place.here.get_or_insert_with(|| why.into());
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
            self.hole(&place, span, "tags of a template and blocks of nginx cross in this file");
        }
        for item in items {
            match item {
                Item::Comment(_) => {}
                Item::Template(template) => {
                    match template.kind {
                        TemplateKind::Open => tags += 1,
                        TemplateKind::Close => tags = tags.saturating_sub(1),
                        TemplateKind::Text => {
                            self.hole(&place, template.span, "a template fills in directives here")
                        }
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
        let name = directive.name();
        if directive.words.first().is_some_and(|first| first.template || first.text.starts_with('$')) {
            return self.hole(place, directive.span, "a template fills in directives here");
        }
        if name == "include" && place.block != Block::Other {
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
            (Block::Main, "server" | "upstream" | "location") => {
                let why = format!("`{}` is not allowed outside of `http`", directive.name());
                return self.unresolved(directive.header, &title(directive), &why);
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
            _ => (None, String::new()),
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
        match self.library.include(place.main, directive) {
            Included::Stock => {}
            Included::Files(files) => {
                for file in files {
                    if self.chain.contains(&file) {
                        self.hole(place, directive.span, "the file includes itself");
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
            Included::Nothing => {
                self.hole(place, directive.span, "no file of the stack matches this include")
            }
            Included::Unknown(why) => {
                self.hole(place, directive.span, &format!("an include is not resolved: {why}"))
            }
        }
    }

    fn incomplete(&mut self, place: &Place<'_>) {
        if place.block == Block::Http {
            self.found.https[place.http].complete = false;
        }
    }

    /// Something that may hold any directive.
    fn hole(&mut self, place: &Place<'_>, span: Span, why: &str) {
        self.incomplete(place);
        let what = self.library.sources.text(span).split('\n').next().unwrap_or_default().trim().to_owned();
        self.unresolved(span, &what, why);
        if let Some(upstream) = place.upstream {
            self.found.nginx.upstreams[upstream].open.get_or_insert_with(|| why.into());
        } else if let Some(level) = place.level
            && place.block != Block::Other
            && place.block != Block::ServerIf
        {
            self.found.nginx.levels[level.0 as usize].holes.push(Hole { span, why: why.into() });
        }
    }

    fn unresolved(&mut self, span: Span, what: &str, why: &str) {
        self.found.unresolved.push(Unresolved { span, what: what.into(), why: why.into() });
    }

    /// A directive of the table.
    fn write(&mut self, written: &Directive, place: &Place<'_>) {
        let (Some(known), Some(level)) = (directive(written.name()), place.level) else { return };
        let value = match &place.here {
            Some(why) => Possible::Unknown(why.clone()),
            None => value(known, written, self.version),
        };
        let entry = Written { name: known.name, value, anchor: anchor(written) };
        self.found.nginx.levels[level.0 as usize].written.push(entry);
    }

    fn listen(&mut self, directive: &Directive, place: &Place<'_>) {
        let Some(server) = place.server else { return };
        let address = match (directive.arguments().first(), &place.here) {
            (Some(word), None) => address::listen(&word.text).map_or_else(Possible::Unknown, Possible::Known),
            (_, Some(why)) => Possible::Unknown(why.clone()),
            (None, None) => Possible::Unknown("nginx refuses it: `listen` takes an address".into()),
        };
        if let Possible::Unknown(why) = &address {
            self.unresolved(directive.span, &title(directive), why);
        }
        self.found.nginx.servers[server].listen.push(address);
    }

    fn names(&mut self, directive: &Directive, place: &Place<'_>) {
        let Some(server) = place.server else { return };
        let names = directive.arguments().iter().map(|word| word.text.clone());
        self.found.nginx.servers[server].names.extend(names);
    }

    fn upstream(&mut self, directive: &Directive, place: &Place<'_>) -> Option<usize> {
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

    fn upstream_server(&mut self, directive: &Directive, place: &Place<'_>) {
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

    fn pass(&mut self, name: &'static str, directive: &Directive, place: &Place<'_>) {
        let level = match (place.block, place.level) {
            (Block::Location | Block::If | Block::LimitExcept, Some(level)) => level,
            (Block::Stream | Block::Mail, _) => {
                return self.unresolved(
                    directive.span,
                    &title(directive),
                    "`stream` and `mail` are not handled yet",
                );
            }
            (Block::Other, _) => return,
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
    fn note_assignment(&mut self, directive: &Directive, place: &Place<'_>) {
        if !matches!(
            place.block,
            Block::Server | Block::ServerIf | Block::Location | Block::If | Block::LimitExcept
        ) {
            return;
        }
        let (scope, level, span) = (place.scope, place.level, directive.span);
        let name = directive.name();
        let mut note = |variable: &str, value: Option<Word>| {
            let variable = variable.to_owned();
            self.found.assignments.push(Assignment { scope, variable, level, value, span });
        };
        // Scripts set what they like.
        if matches!(directive.body, Body::Raw(_))
            || name.contains("_by_lua")
            || matches!(name, "js_access" | "perl")
        {
            note("", None);
        }
        let sets = name.starts_with("set_") || name.ends_with("_set") || name == "set";
        if let Some(variable) = directive.arguments().first().and_then(|word| word.text.strip_prefix('$'))
            && sets
        {
            let certain = name == "set"
                && matches!(place.block, Block::Server | Block::Location)
                && place.here.is_none()
                && place.maybe.is_none();
            let value = match directive.arguments() {
                [_, value] if certain && !value.template && !value.text.contains('$') => Some(value.clone()),
                _ => None,
            };
            note(variable, value);
        }
        // Groups of regular expressions set the variable of their name.
        for word in directive.words.iter().filter(|word| word.text.contains("(?")) {
            for group in word.text.split("(?").skip(1) {
                let group = group.trim_start_matches('P');
                let name = group.strip_prefix(['<', '\'']).and_then(|it| it.split(['>', '\'']).next());
                if let Some(name) = name.filter(|it| !it.is_empty()) {
                    note(name, None);
                }
            }
        }
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

/// The words of a directive, for a person.
fn title(directive: &Directive) -> String {
    let words: Vec<&str> = directive.words.iter().map(|word| word.text.as_str()).collect();
    words.join(" ")
}
