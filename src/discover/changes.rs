//! What tells that a file has changed, without reading it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::limited::ignore_fault;
use super::project_of;
use super::walk::{is_passed_over, walker};
use crate::limits::Limits;

/// How the files are that a run would read: when each was changed, and how long it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    files: BTreeMap<PathBuf, Option<(SystemTime, u64)>>,
}

impl State {
    /// The state of all that a run over some paths would find, of the configurations of hoplint above, and of some files by
    /// name: those that were read though the walk leaves them out, and what lies elsewhere.
    pub fn of<'a>(paths: &[PathBuf], files: impl IntoIterator<Item = &'a Path>, limits: &Limits) -> State {
        let mut state = State::default();
        for path in paths.iter().filter_map(|path| path.canonicalize().ok()) {
            let root = if path.is_dir() { path } else { project_of(&path) };
            walk(&root, *limits).flatten().for_each(|entry| state.note(entry.path()));
            for above in root.ancestors().skip(1) {
                state.note(&above.join("hoplint.toml"));
                state.note(&above.join("pyproject.toml"));
            }
        }
        files.into_iter().for_each(|file| state.note(file));
        state
    }

    fn note(&mut self, path: &Path) {
        let of = |metadata: fs::Metadata| Some((metadata.modified().ok()?, metadata.len()));
        // What a link leads to; the link alone where that is nothing.
        let seen = fs::metadata(path).or_else(|_| fs::symlink_metadata(path)).ok().and_then(of);
        self.files.insert(path.to_owned(), seen);
    }
}

/// The files of a tree, those that a configuration excludes among them.
fn walk(root: &Path, limits: Limits) -> ignore::Walk {
    let is_entered = move |entry: &ignore::DirEntry| {
        let is_directory = entry.file_type().is_some_and(|it| it.is_dir());
        let is_endless = is_directory && ignore_fault(entry.path(), &limits).is_some();
        !is_passed_over(entry) && !is_endless
    };
    walker(root, &limits).0.filter_entry(is_entered).build()
}
