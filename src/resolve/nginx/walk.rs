//! Through a file and its includes, block by block.

mod block;
mod hole;
mod judge;
mod leaf;
mod refused;
mod upstream;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::assign::assignments;
use super::entry::{self, Entry};
use super::found::{Found, Http, SHARED_HTTP, SHARED_STREAM};
use super::include::Library;
use super::{Trees, parsed};
use crate::directives::Context;
use crate::limits::Limits;
use crate::model::{Level, LevelId, LevelKind, Listen, Main, OriginKind, Reading, Sent, Unresolved, Version};
use crate::source::{FileId, Span};
use crate::syntax::nginx::{Body, Directive, Item, TemplateKind, Tree};
use crate::value::{Few, Possible};

/// Blocks and includes inside each other are followed up to this depth in all.
const MAX_DEPTH: usize = 120;

/// Why nothing is known of a file whose blocks hang on how its template is filled in.
const ENTANGLED: &str = "tags of a template and blocks of nginx cross in this file";

/// Where the walk is.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    pub(super) block: Block,
    /// Whether the kind of block is only guessed from what stands in it: nobody includes the file.
    pub(super) guessed: bool,
    main: Option<&'a str>,
    /// The configuration that is one as a whole, as an index into the model's.
    whole: Option<usize>,
    pub(super) http: usize,
    scope: usize,
    pub(super) level: Option<LevelId>,
    server: Option<usize>,
    upstream: Option<usize>,
    /// Why the block may not be there at all.
    maybe: Option<String>,
    /// Why what stands here may not be there although the block is.
    here: Option<String>,
    depth: usize,
}

impl Place<'_> {
    /// Why what stands here may not be there.
    pub(super) fn doubt(&self) -> Option<&String> {
        self.here.as_ref().or(self.maybe.as_ref())
    }
}

/// The blocks that the walk tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    Main,
    Events,
    Http,
    Server,
    ServerIf,
    Location,
    If,
    LimitExcept,
    Upstream,
    Stream,
    StreamServer,
    StreamUpstream,
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

/// A directive that may stand once in a level.
struct First {
    level: LevelId,
    name: &'static str,
    /// The first one.
    span: Span,
    /// How many there are.
    count: usize,
}

/// The walk through the files of a stack.
pub(super) struct Walk<'a> {
    pub(super) library: &'a Library<'a>,
    /// The trees of the files that are still to be read, and of those that were read again.
    trees: Trees<'a>,
    pub(super) version: Version,
    pub(super) found: Found<'a>,
    scopes: usize,
    /// How many directives have been looked at in files that are read again, and how many includes: what is read once is as much
    /// as the files hold.
    directives: u64,
    /// The files that have been read, whoever included them.
    seen: BTreeSet<FileId>,
    /// Whether the file that is being read had been read before.
    again: bool,
    limits: &'a Limits,
    /// The files that are being read, each included by the one before, and whether that is by a pattern.
    chain: Vec<(FileId, bool)>,
    /// The files of the reading that is under way.
    read: BTreeSet<FileId>,
    /// The holes that are noted: a file that is included in vain a million times makes one of each place.
    holes: BTreeSet<(Option<LevelId>, Option<usize>, bool, Span)>,
    /// Where each directive that may stand once in a level stands first, and how often it stands there: of the level that the
    /// walk is in, behind those of the levels around it. Forgotten where the level ends.
    firsts: Vec<First>,
    /// The headers and parameters of files that were read again, by their statements.
    sent: BTreeMap<Span, Arc<Sent>>,
    /// The directive that each name means which no module has.
    nears: BTreeMap<(String, Context), Option<&'static str>>,
}

impl<'a> Walk<'a> {
    /// A walk that has not begun.
    pub(super) fn new(
        library: &'a Library<'a>,
        trees: Trees<'a>,
        version: Version,
        limits: &'a Limits,
    ) -> Walk<'a> {
        let shared = vec![Http::default(), Http { stream: true, ..Http::default() }];
        let mut found = Found { https: shared, ..Found::default() };
        // Of these there are very many, and a vector that grows is copied as a whole.
        let blocks = library.blocks();
        found.nginx.levels.reserve(blocks);
        found.level_http.reserve(blocks);
        found.passes.reserve(blocks);
        Walk {
            library,
            trees,
            version,
            found,
            scopes: 0,
            directives: 0,
            seen: BTreeSet::new(),
            again: false,
            limits,
            chain: Vec::new(),
            read: BTreeSet::new(),
            holes: BTreeSet::new(),
            firsts: Vec::new(),
            sent: BTreeMap::new(),
            nears: BTreeMap::new(),
        }
    }

    /// What was found.
    pub(super) fn finish(self) -> Found<'a> {
        self.found
    }

    /// Reads a file that no other includes.
    pub(super) fn entry(&mut self, entry: Entry<'a>) {
        let mut place = Place {
            block: Block::Main,
            guessed: entry.context != entry::Context::Main,
            main: entry.main,
            whole: None,
            http: SHARED_HTTP,
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
            entry::Context::Main => {
                let level = self.level(LevelKind::Main, &place, header, "main".into());
                self.found.nginx.mains.push(Main { level, events: None, http: None });
                place.level = Some(level);
                place.whole = Some(self.found.nginx.mains.len() - 1);
            }
            entry::Context::Http => {
                place.block = Block::Http;
                place.level = Some(self.level(LevelKind::Http, &place, header, "http".into()));
            }
            entry::Context::Server => {
                place.block = Block::Server;
                let level = self.level(LevelKind::Server, &place, header, "server".into());
                self.found.nginx.levels[level.0 as usize].open_above = Some(open.as_str().into());
                place.level = Some(level);
                place.server = Some(self.server(level));
            }
            entry::Context::Location | entry::Context::Settings => {
                place.block = Block::Location;
                let level = self.level(LevelKind::Location, &place, header, format!("location in {name}"));
                self.found.nginx.levels[level.0 as usize].open_above = Some(open.as_str().into());
                place.level = Some(level);
                if entry.context == entry::Context::Settings {
                    self.found.settings.push(level);
                }
            }
            entry::Context::Stream => {
                place.block = Block::Stream;
                place.http = SHARED_STREAM;
                place.level = Some(self.level(LevelKind::Stream, &place, header, "stream".into()));
            }
            entry::Context::Other => place.block = Block::Other,
        }
        let server = place.server;
        self.read.clear();
        self.found.nginx.readings.push(Reading { block: entry.context.block(), files: Vec::new() });
        self.file(entry.file, false, place);
        if let Some(server) = server {
            self.found.nginx.servers[server].listen.push(Listen::implied(Possible::Unknown(open)));
        }
    }

    fn scope(&mut self) -> usize {
        self.scopes += 1;
        self.scopes
    }

    fn file(&mut self, file: FileId, by_pattern: bool, mut place: Place<'a>) {
        let again = !self.seen.insert(file);
        let Some(tree) = self.tree(file, again) else { return };
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
        if let Some(reading) = self.found.nginx.readings.last_mut()
            && self.read.insert(file)
        {
            reading.files.push(file);
        }
        let outer = std::mem::replace(&mut self.again, again);
        self.chain.push((file, by_pattern));
        self.items(&tree.items, place, tree.entangled);
        self.chain.pop();
        self.again = outer;
    }

    /// The tree of a file. It goes with whoever has read it: few files are read again, and these are parsed again, and kept.
    fn tree(&mut self, file: FileId, again: bool) -> Option<Arc<Tree<'a>>> {
        if !again {
            return self.trees.remove(&file).map(|parsed| parsed.tree);
        }
        let parse = || parsed(file, self.library.sources);
        Some(Arc::clone(&self.trees.entry(file).or_insert_with(parse).tree))
    }

    fn items(&mut self, items: &[Item<'a>], mut place: Place<'a>, entangled: bool) {
        let outside = place.here.clone();
        let mut tags = 0_usize;
        if entangled && let Some(first) = items.first() {
            let span = match first {
                Item::Directive(directive) => directive.span(),
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
                    self.directives += u64::from(self.again);
                    if self.is_spent() || place.depth > MAX_DEPTH {
                        return self.cut(&place, directive.span());
                    }
                    self.directive(directive, &place, entangled);
                }
            }
        }
    }

    fn directive(&mut self, directive: &Directive<'a>, place: &Place<'a>, entangled: bool) {
        if place.block == Block::Other {
            return;
        }
        let name = directive.name();
        if directive.words.first().is_some_and(|first| first.template || first.text.starts_with('$')) {
            return self.hole(
                place,
                directive.span(),
                OriginKind::Template,
                "a template fills in directives here",
            );
        }
        if name == "include" {
            return self.include(directive, place);
        }
        self.judge_directive(directive, place);
        let assignments = assignments(directive);
        self.note_definitions(directive, &assignments, place);
        self.note_assignments(directive, assignments, place);
        if let Body::Block(items) = &directive.body {
            return self.block(directive, items, place, entangled);
        }
        match place.block {
            Block::Upstream | Block::StreamUpstream => self.in_upstream(directive, place),
            Block::ServerIf | Block::Mail | Block::Other => {}
            _ => self.write(directive, place),
        }
        self.note_flow(directive, place);
        match (place.block, name) {
            (Block::Server, "listen") => self.listen(directive, place),
            (Block::StreamServer | Block::Mail, "listen") => self.listen_elsewhere(directive, place),
            (_, "error_page") => self.error_page(directive, place),
            (Block::Server, "server_name") => self.names(directive, place),
            _ => {}
        }
        if let Some(name) = pass_name(name) {
            self.pass(name, directive, place);
        }
    }

    fn level(&mut self, kind: LevelKind, place: &Place<'_>, header: Span, title: String) -> LevelId {
        let id = LevelId(self.found.nginx.levels.len() as u32);
        let inherits = !matches!(kind, LevelKind::Http | LevelKind::Stream | LevelKind::Events);
        self.found.nginx.levels.push(Level {
            kind,
            parent: place.level.filter(|_| inherits),
            header,
            title: title.into(),
            matching: None,
            written: Vec::new(),
            sent: Vec::new(),
            jumps: Few::NONE,
            holes: Few::NONE,
            rescues: None,
            rewrites: false,
            diverts: false,
            breaks: false,
            returns: false,
            internal: false,
            open_above: None,
        });
        self.found.level_http.push(place.http);
        id
    }

    pub(super) fn unresolved(&mut self, span: Span, what: &str, why: &str) {
        // That is said of the file as a whole.
        if why == ENTANGLED {
            return;
        }
        self.found.unresolved.push(Unresolved { span, what: what.into(), why: why.into() });
    }
}

/// The words of a directive, for a person.
fn title(directive: &Directive) -> String {
    let mut title = String::with_capacity(directive.header().range().len());
    for (at, word) in directive.words.iter().enumerate() {
        title.push_str(if at == 0 { "" } else { " " });
        title.push_str(&word.text);
    }
    title
}
