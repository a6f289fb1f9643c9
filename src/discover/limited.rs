//! Reading no more than the limits of the run, and nothing that may have no end.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::limits::{Limit, Limits};
use crate::source::FileKind;

/// Why something is not read that may have no end.
pub(super) const ENDLESS: &str = "it is a pipe, a socket or a device";

/// Whether a file may be too large for its kind, whatever that is: of one that is not, nobody need ask.
pub(super) fn may_be_too_large(length: u64, limits: &Limits) -> bool {
    [Limit::File, Limit::Source].iter().any(|limit| length > limits.get(*limit))
}

/// The limit for files of a kind: one of those above.
pub(super) fn limit_of(kind: FileKind) -> Limit {
    match kind {
        FileKind::Nginx | FileKind::Packages | FileKind::Launcher => Limit::File,
        FileKind::Gunicorn | FileKind::Systemd | FileKind::Compose | FileKind::Machine => Limit::Source,
    }
}

/// How long a file says that it is, if it is one that has an end.
pub(super) fn length_of(path: &Path) -> io::Result<u64> {
    let metadata = fs::metadata(path)?;
    match metadata.is_file() {
        true => Ok(metadata.len()),
        false => Err(io::Error::other(ENDLESS)),
    }
}

/// The bytes of a file, as many as it may have and one more. What the metadata says of its length is not relied upon: it may
/// grow, and some files of the kernel's say nothing.
pub(super) fn bytes_of(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for somebody who writes to it.
    length_of(path)?;
    bytes_of_file(path, most)
}

/// The same of what is known to be a file.
pub(super) fn bytes_of_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = fs::File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other(ENDLESS));
    }
    let mut bytes = Vec::with_capacity(metadata.len().min(most) as usize + 1);
    file.take(most + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text of a file.
pub(super) fn text_of(path: &Path, limits: &Limits) -> io::Result<String> {
    let bytes = bytes_of(path, limits.get(Limit::File))?;
    if bytes.len() as u64 > limits.get(Limit::File) {
        return Err(io::Error::other(limits.too_large(Limit::File)));
    }
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// A sort of list that says which files the walk leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// `.gitignore`.
    Git,
    /// `.ignore`.
    Plain,
    /// `.git/info/exclude`, and where `.git` is a file what leads from it to that.
    Exclude,
}

/// What is wrong with the lists of files to ignore of a directory: each that is nothing that can be read to its end.
pub(super) fn ignore_faults(directory: &Path, limits: &Limits) -> Vec<(List, String)> {
    let fault = |path: &Path| {
        let list = fs::metadata(path).ok().filter(|it| !it.is_dir())?;
        if !list.is_file() {
            return Some("its list of files to ignore is a pipe or a device".into());
        }
        let is_too_large = list.len() > limits.get(Limit::Ignore);
        is_too_large.then(|| format!("of its list of files to ignore, {}", limits.too_large(Limit::Ignore)))
    };
    let exclude = || {
        let git = directory.join(".git");
        if !git.is_file() {
            return fault(&git.join("info/exclude"));
        }
        // As in a linked worktree: the walk goes from one file to the next.
        let first_line = |path: &Path| {
            let bytes = bytes_of(path, limits.get(Limit::Ignore)).ok()?;
            let text = String::from_utf8_lossy(&bytes);
            Some(text.split('\n').next()?.trim_end_matches('\r').to_owned())
        };
        let lead = || {
            let line = first_line(&git)?;
            let own = Path::new(line.strip_prefix("gitdir: ")?);
            let common = own.join("commondir");
            fault(&common).or_else(|| fault(&own.join(first_line(&common)?).join("info/exclude")))
        };
        fault(&git).or_else(lead)
    };
    let faults = [
        (List::Git, fault(&directory.join(".gitignore"))),
        (List::Plain, fault(&directory.join(".ignore"))),
        (List::Exclude, exclude()),
    ];
    faults.into_iter().filter_map(|(list, why)| Some((list, why?))).collect()
}

/// Why a directory is not gone into, if one of its lists of files to ignore is nothing that can be read to its end.
pub(super) fn ignore_fault(directory: &Path, limits: &Limits) -> Option<String> {
    ignore_faults(directory, limits).into_iter().next().map(|(_, why)| why)
}

/// How much was read in a run.
pub(super) struct Total {
    left: u64,
    /// The first file that was too much, and how many there are.
    passed_over: Option<(String, usize)>,
    raised: String,
}

impl Total {
    pub(super) fn new(limits: &Limits) -> Total {
        let raised = limits.raised(Limit::Total).to_string();
        Total { left: limits.get(Limit::Total), passed_over: None, raised }
    }

    /// Whether a file of so many bytes may be kept. Once one may not, none behind it may, however small.
    pub(super) fn takes(&mut self, shown: &str, length: usize) -> bool {
        let left = self.left.checked_sub(length as u64).filter(|_| self.passed_over.is_none());
        match (left, &mut self.passed_over) {
            (Some(left), _) => self.left = left,
            (None, Some((_, count))) => *count += 1,
            (None, none) => *none = Some((shown.to_owned(), 1)),
        }
        left.is_some()
    }

    /// What is told of the files that were too much.
    pub(super) fn problem(self) -> Option<String> {
        let (first, count) = self.passed_over?;
        let those = match count {
            1 => format!("`{first}`"),
            count => format!("`{first}` and {} behind it", count - 1),
        };
        Some(format!("cannot read {those}: all files together are larger than may be{}", self.raised))
    }
}
