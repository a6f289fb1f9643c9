//! What nginx would do with its configuration: which level inherits from which, and where requests are handed on.
//!
//! The way: `entry` finds the files that reading begins at, `walk` goes through them and their includes and lays
//! down levels, servers and upstreams, `shared` accounts for what fragments of one `http` block do to each other, `route`
//! gives every pass its peers, once all upstreams are known, and `refuse` notes what nginx would not start with.
//!
//! Not handled, and listed as unresolved: passes in `mail`, long ranges of ports, variables but for the constant ones of
//! `set` and `map`.

mod address;
mod assign;
mod entry;
mod found;
mod include;
mod refuse;
mod route;
mod shared;
#[cfg(test)]
mod tests;
mod trouble;
mod undefined;
mod value;
mod variable;
mod variables;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::paths::Paths;
use super::whole::Whole;
use crate::limits::Limits;
use crate::model::{Datum, Directive, Nginx, Unresolved, Version};
use crate::source::{FileId, Sources, Span};
use crate::syntax::Parsed;
use crate::syntax::nginx::{Tree, parse};
use crate::value::Endpoint;

const NOT_ENABLED: &str =
    "it is not enabled: nothing leads to it from `sites-enabled`, and no file includes it";

/// The nginx configuration of a stack.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// What was understood.
    pub nginx: Nginx,
    /// What was not, sorted.
    pub unresolved: Vec<Unresolved>,
    /// Where more would have been followed than is.
    pub cut: Vec<Unresolved>,
}

/// The trees of nginx files. Several stacks may share one.
pub type Trees<'s> = BTreeMap<FileId, Parsed<Arc<Tree<'s>>>>;

/// What is known of a stack besides its nginx files.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// How deployed paths lead to its files.
    pub paths: &'a Paths,
    /// All files.
    pub sources: &'a Sources,
    /// What is asked of all files.
    pub(super) whole: &'a Whole<'a>,
    /// The version of nginx that is meant.
    pub version: Version,
    /// Addresses outside of the tree: the names in them are hosts'.
    pub external: &'a [Endpoint],
    /// How much is followed.
    pub limits: &'a Limits,
}

/// What the parser makes of a file.
pub(super) fn parsed(file: FileId, sources: &Sources) -> Parsed<Arc<Tree<'_>>> {
    let Parsed { tree, errors } = parse(file, &sources.get(file).text);
    Parsed { tree: Arc::new(tree), errors }
}

/// What the words behind a directive say, if nginx takes them.
pub(super) fn read_value(known: &Directive, words: &[&str], version: Version) -> Option<Datum> {
    value::read(known, words, version)
}

/// The address of a pass over HTTP or of an upstream's `server`, if it is a whole one.
pub(super) fn read_address(text: &str) -> Option<Endpoint> {
    let address = match text.contains("://") {
        true => address::pass("proxy_pass", false, text).ok()?.1,
        false => address::server(text, false).ok()?,
    };
    match address.form {
        address::Form::Endpoint(endpoint) => Some(endpoint),
        address::Form::Bare(_) | address::Form::Relative(_) => None,
    }
}

/// Resolves the nginx files of a stack.
///
/// Reading begins at the files that no other one includes. A file with `http`, `events` or directives of the main
/// level is a configuration of its own, and its directory is what relative includes are relative to, and what
/// `/etc/nginx` stands for. Any other is read as a fragment of the block that its directives fit in:
///
/// - At the level of `http`, as if distributors' nginx.conf included it, which sets nothing that is resolved. All such
///   fragments of a stack are taken to share one `http` block, so an upstream of one is known in the others, and what
///   one sets for all of `http` is unknown in the others. The same goes for a main file with an include that may
///   hold them.
/// - At the level of `server` or `location`, what it inherits is unknown.
///
/// A site in `sites-available` that nothing includes, in a stack whose `sites-enabled` holds others, is not read: nginx does
/// not read it either.
///
/// A template's `{% if %}` makes unknown what stands in it. Where a text is filled in, or a file included that is not
/// there, the level has a hole: what is not written in it is unknown.
pub fn resolve(files: &[FileId], trees: Trees, known: &Known) -> Resolved {
    let Known { paths, sources, .. } = *known;
    let library = include::Library::new(files, &trees, paths, sources, known.limits);
    let mut walk = walk::Walk::new(&library, trees, known.version, known.limits);
    let entries = entry::entries(&library);
    let (disabled, enabled): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| known.whole.is_disabled(entry.file));
    let disabled: BTreeSet<FileId> = disabled.into_iter().map(|entry| entry.file).collect();
    for entry in enabled {
        walk.entry(entry);
    }
    let mut found = walk.finish();
    found.unresolved.extend(disabled.into_iter().map(|file| Unresolved {
        span: Span::new(file, 0..0),
        what: "the site".into(),
        why: NOT_ENABLED.into(),
    }));
    shared::apply(&mut found);
    route::apply(&mut found, known);
    found.unresolved.sort();
    found.unresolved.dedup();
    Resolved { nginx: found.nginx, unresolved: found.unresolved, cut: found.cut }
}
