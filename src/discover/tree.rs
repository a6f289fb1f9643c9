//! A directory that is read as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::filter::Filter;
use super::given::Given;
use super::limited::{Total, bytes_of_file, length_of, limit_of, may_be_too_large};
use super::look::{Look, in_turn, keep, look_at};
use super::walk::{Walked, in_order, included, walk};
use super::{Found, classify, default_name, joined, links, modules};
use crate::limits::{Limit, Limits};
use crate::source::{FileId, FileKind};

/// A directory that is read as a whole.
pub(super) struct Tree<'a> {
    /// Where it really is.
    pub(super) root: &'a Path,
    /// How the paths of its files begin where they are shown.
    pub(super) path: String,
    /// What the configuration says of its files.
    pub(super) filter: Filter,
    /// The file that is not read from the disk.
    pub(super) given: Option<&'a Given>,
    /// How much is read.
    pub(super) limits: &'a Limits,
}

impl Tree<'_> {
    pub(super) fn inside<'b>(&self, file: &'b Path) -> &'b Path {
        file.strip_prefix(self.root).unwrap_or(file)
    }

    /// The bytes of a file of the tree. What is in one that is evidently of ours and too large need not be seen, nor can it be
    /// told from what is read of it.
    pub(super) fn bytes(&self, file: &Path) -> io::Result<Vec<u8>> {
        if let Some(given) = self.given.filter(|given| given.path == file) {
            return Ok(given.bytes.clone());
        }
        let length = length_of(file)?;
        if may_be_too_large(length, self.limits)
            && let Some(limit) = classify::evident(file).map(limit_of)
            && length > self.limits.get(limit)
        {
            return Err(io::Error::other(self.limits.too_large(limit)));
        }
        bytes_of_file(file, self.limits.get(Limit::File))
    }

    /// The path of a file of the tree, as it is shown.
    pub(super) fn shown(&self, file: &Path) -> String {
        let inside = self.inside(file);
        let mut path = joined(&self.path, inside);
        path.pop();
        path
    }
}

/// Reads all of a tree that is worth reading, in the order of the paths.
pub(super) fn read_tree(
    tree: &Tree,
    only: &BTreeSet<PathBuf>,
    total: &mut Total,
    found: &mut Found,
) -> Result<(), String> {
    let mut walked = walk(tree, found);
    // A file that was named is read even where the walk leaves it out, but not where the configuration does.
    for path in only.iter().filter(|path| path.starts_with(tree.root)) {
        if tree.filter.excludes(tree.inside(path), false) {
            found.excluded.push(tree.shown(path));
        } else {
            walked.files.push(path.clone());
        }
    }
    let included = included(tree);
    let Walked { mut files, links, excluded } = walked;
    files.extend(included.iter().cloned());
    in_order(&mut files);
    files.dedup();
    let python: Vec<PathBuf> = files.iter().filter(|path| modules::is_python(path)).cloned().collect();
    let called = links::names(&links, tree);
    let of_links = |path: &Path| called.get(path).into_iter().flatten();
    let mut read_files: Vec<(PathBuf, FileId)> = Vec::new();
    let mut later = Vec::new();
    let look = |path: &PathBuf| -> Result<(Option<FileKind>, Look), String> {
        let said = tree.filter.kind(tree.inside(path))?;
        let is_included = included.contains(path);
        let named = classify::by_name(path);
        let is_named = named.is_some() || of_links(path).next().is_some();
        if said.is_none() && !is_included && !is_named {
            return Ok((said, Look::Nothing));
        }
        let by_link = |text: &str| {
            let kinds =
                of_links(path).filter_map(|link| classify::kind(link, classify::by_name(link), text, false));
            kinds.into_iter().find(|kind| kind.is_configuration())
        };
        let kind = |text: &str| {
            said.or_else(|| classify::kind(path, named, text, is_included)).or_else(|| by_link(text))
        };
        Ok((said, look_at(path, tree, kind)))
    };
    in_turn(&files, look, |path, look| {
        let (said, look) = look?;
        let Some(id) = keep(path, look, tree, total, found) else {
            later.push(path.clone());
            return Ok(());
        };
        // A program may turn out to be a configuration that somebody names.
        let is_program = found.sources.get(id).kind == FileKind::Launcher && modules::is_python(path);
        if is_program && said.is_none() {
            later.push(path.clone());
        }
        read_files.push((path.clone(), id));
        Ok(())
    })?;
    // A Gunicorn configuration of any name is found by the command line that names it.
    let named = classify::names_of_configurations(&found.sources);
    // A file of variables of any name is found by the unit that names it.
    let variables = classify::names_of_environments(&found.sources);
    for path in later {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let kind = |text: &str| {
            let of_gunicorn = classify::if_gunicorn(text).filter(|_| named.contains(name));
            let of_unit = variables.contains(name) && !text.contains('\0');
            of_gunicorn.or(of_unit.then_some(FileKind::Launcher))
        };
        if (named.contains(name) || variables.contains(name))
            && let Some(id) = keep(&path, look_at(&path, tree, kind), tree, total, found)
        {
            read_files.push((path, id));
        }
    }
    // They are in their order for the most part, and need not be looked for one by one.
    let read_files: BTreeMap<PathBuf, FileId> = read_files.into_iter().collect();
    let (wanted, unread) = rayon::join(
        || modules::wanted(&found.sources),
        || default_name::unread(tree, |path| read_files.contains_key(path), &found.sources),
    );
    for path in python.iter().filter(|path| !read_files.contains_key(*path)) {
        modules::note(path, tree.shown(path), &wanted, tree.limits, &mut found.sources);
    }
    modules::left_out(&python, &excluded, &wanted, |path| tree.shown(path), &mut found.sources);
    links::read(&links, tree, &read_files, &mut found.sources);
    default_name::note(unread, &mut found.sources);
    Ok(())
}
