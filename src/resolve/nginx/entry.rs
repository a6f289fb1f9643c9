//! Where reading begins: the files that no other file includes, and the block that each of them belongs in.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::slice::from_ref;

use super::include::{Included, Library};
use crate::source::FileId;
use crate::syntax::nginx::{Body, Directive, Item, Tree};

/// A file that no other file includes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) file: FileId,
    pub(super) context: Context,
    /// The directory that its includes are relative to, where that is known: a main file's own.
    pub(super) main: Option<&'a str>,
}

/// The block that the content of a file belongs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// None: it is a configuration as a whole.
    Main,
    /// `http`
    Http,
    /// `server`
    Server,
    /// `location`
    Location,
    /// Any of these three: nothing but settings.
    Settings,
    /// `stream`
    Stream,
    /// Another one, which holds nothing that is resolved: `upstream`, `types`, ...
    Other,
}

impl Context {
    /// The name of the block.
    pub(super) fn block(self) -> &'static str {
        match self {
            Context::Main => "main",
            Context::Http => "http",
            Context::Server => "server",
            Context::Location => "location",
            Context::Settings => "http, server or location",
            Context::Stream => "stream",
            Context::Other => "a block that is not read",
        }
    }
}

/// The entry points of a stack: main files first, then fragments, each in the order of their paths.
pub(super) fn entries<'a>(library: &Library<'a>) -> Vec<Entry<'a>> {
    let contexts: Vec<(FileId, Context)> =
        library.files.iter().filter_map(|file| Some((*file, library.summary(*file)?.context))).collect();
    let (mains, fragments): (Vec<_>, Vec<_>) = contexts.into_iter().partition(|it| it.1 == Context::Main);
    let mut reached = BTreeSet::new();
    let mains = independent(library, &mains, |file| Some(library.directory(file)), &mut reached);
    let fragments: Vec<_> = fragments.into_iter().filter(|(file, _)| !reached.contains(file)).collect();
    let fragments = independent(library, &fragments, |_| None, &mut reached);
    mains.into_iter().chain(fragments).collect()
}

/// The files that no other one of them includes, and of those that include each other in a ring, the first.
fn independent<'a>(
    library: &Library<'a>,
    files: &[(FileId, Context)],
    main: impl Fn(FileId) -> Option<&'a str>,
    reached: &mut BTreeSet<FileId>,
) -> Vec<Entry<'a>> {
    let mut included = BTreeSet::new();
    // Which file includes these first, and whether another one does too: many may include all of a directory.
    let mut known: BTreeMap<Key, (FileId, bool)> = BTreeMap::new();
    for (file, _) in files {
        for leads_to in direct(library, *file, main(*file)) {
            match known.get_mut(&key(&leads_to)) {
                Some((first, is_twice)) if first == file || *is_twice => {}
                Some((first, is_twice)) => {
                    *is_twice = true;
                    included.extend(leads_to.contains(first).then_some(*first));
                }
                None => {
                    included.extend(leads_to.iter().copied().filter(|other| other != file));
                    known.insert(key(&leads_to), (*file, false));
                }
            }
        }
    }
    let mut entries = Vec::new();
    let (first, rest): (Vec<_>, Vec<_>) = files.iter().partition(|(file, _)| !included.contains(file));
    for (file, context) in first.into_iter().chain(rest) {
        if reached.insert(file) {
            reach(library, file, main(file), reached);
            entries.push(Entry { file, context, main: main(file) });
        }
    }
    let places: BTreeMap<FileId, usize> =
        files.iter().enumerate().map(|(at, (file, _))| (*file, at)).collect();
    entries.sort_by_key(|entry| places.get(&entry.file));
    entries
}

/// Adds the files that a file includes, and those that these include.
fn reach(library: &Library<'_>, from: FileId, main: Option<&str>, reached: &mut BTreeSet<FileId>) {
    let mut found = BTreeSet::new();
    let mut known = BTreeSet::new();
    let mut next = vec![from];
    while let Some(file) = next.pop() {
        for leads_to in direct(library, file, main) {
            if known.insert(key(&leads_to)) {
                next.extend(leads_to.iter().copied().filter(|file| found.insert(*file)));
            }
        }
    }
    reached.append(&mut found);
}

/// The files that each `include` of a file leads to.
fn direct(library: &Library<'_>, file: FileId, main: Option<&str>) -> Vec<Rc<[FileId]>> {
    let arguments = library.summary(file).map(|it| it.includes.as_slice()).unwrap_or_default();
    let files = arguments.iter().filter_map(|it| match library.include(main, from_ref(it)) {
        Included::Files(files) => Some(files),
        Included::Nothing | Included::Stock(_) | Included::Unknown(_) => None,
    });
    let mut known = BTreeSet::new();
    files.filter(|files| known.insert(key(files))).collect()
}

/// What tells lists of files apart without a look at all of them: those of several files are kept by the library, each once.
type Key = (usize, Option<FileId>);

fn key(files: &Rc<[FileId]>) -> Key {
    match files[..] {
        [file] => (0, Some(file)),
        _ => (files.as_ptr().addr(), None),
    }
}

/// The block that the directives of a file's top level fit in.
pub(super) fn context(tree: &Tree) -> Context {
    let directives = || {
        tree.items.iter().filter_map(|item| match item {
            Item::Directive(directive) => Some(directive),
            Item::Comment(_) | Item::Template(_) => None,
        })
    };
    let any = |is: fn(&Directive) -> bool| directives().any(is);
    if any(is_main) {
        Context::Main
    } else if any(|it| it.name() == "server" && is_block(it)) {
        let is_stream = any(|it| it.name() == "server" && has(it, "proxy_pass"))
            && !any(|it| it.name() == "server" && (has(it, "location") || has(it, "server_name")));
        if is_stream { Context::Stream } else { Context::Http }
    } else if any(is_http) {
        Context::Http
    } else if any(|it| it.name() == "server") {
        Context::Other
    } else if any(|it| matches!(it.name(), "location" | "listen" | "server_name")) {
        Context::Server
    } else if any(|it| super::walk::is_pass(it.name())) {
        Context::Location
    } else if any(|it| crate::model::directive(it.name()).is_some() || it.name() == "include") {
        Context::Settings
    } else if any(|it| matches!(it.name(), "if" | "set" | "return" | "rewrite" | "try_files")) {
        Context::Server
    } else {
        Context::Other
    }
}

fn is_block(directive: &Directive) -> bool {
    matches!(directive.body, Body::Block(_))
}

fn has(directive: &Directive, name: &str) -> bool {
    directive.items().iter().any(|item| matches!(item, Item::Directive(inner) if inner.name() == name))
}

fn is_main(directive: &Directive) -> bool {
    match directive.name() {
        "http" | "events" | "stream" | "mail" => is_block(directive),
        "user"
        | "worker_processes"
        | "worker_rlimit_nofile"
        | "pid"
        | "daemon"
        | "load_module"
        | "master_process"
        | "pcre_jit"
        | "worker_cpu_affinity"
        | "lock_file" => !is_block(directive),
        _ => false,
    }
}

fn is_http(directive: &Directive) -> bool {
    match directive.name() {
        "upstream" | "map" | "geo" | "split_clients" | "types" => is_block(directive),
        "limit_req_zone"
        | "limit_conn_zone"
        | "proxy_cache_path"
        | "uwsgi_cache_path"
        | "fastcgi_cache_path"
        | "log_format"
        | "server_names_hash_bucket_size"
        | "server_names_hash_max_size"
        | "map_hash_bucket_size"
        | "map_hash_max_size"
        | "types_hash_max_size" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::nginx::parse;

    #[test]
    fn a_fragment_belongs_where_its_directives_fit() {
        for (text, expected) in [
            ("user www; http { }", Context::Main),
            ("events { }", Context::Main),
            ("worker_processes 4;", Context::Main),
            ("server { listen 80; }", Context::Http),
            ("upstream a { server b; }", Context::Http),
            ("map $a $b { default 1; }", Context::Http),
            ("server { listen 53; proxy_pass dns; }", Context::Stream),
            ("server 127.0.0.1:80; keepalive 3;", Context::Other),
            ("location / { proxy_pass http://a; }", Context::Server),
            ("listen 80; proxy_read_timeout 1;", Context::Server),
            ("proxy_set_header Host $host; proxy_pass http://a;", Context::Location),
            ("proxy_read_timeout 300s;", Context::Settings),
            ("if ($a) { return 403; }", Context::Server),
            ("default 0; ~x 1;", Context::Other),
            ("text/html html;", Context::Other),
            ("", Context::Other),
        ] {
            assert_eq!(context(&parse(FileId(0), text).tree), expected, "{text}");
        }
    }
}
