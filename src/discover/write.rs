//! Writing mended files back without losing any.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::source::{FileId, Sources};

/// Why mended files were not written.
#[derive(Debug)]
pub struct WriteError {
    /// What went wrong with which file.
    pub message: String,
    /// The files that had already been exchanged when it did.
    pub written: Vec<String>,
}

/// Writes the files of `changed` as they are in `after`, if they are still on disk as they are in `before`.
///
/// Each is written beside its place, synced and renamed over it, with its mode; nothing is renamed before all are
/// written, so that a full disk or a directory that cannot be written leaves everything as it was.
///
/// # Errors
/// If a file has changed since it was read, or cannot be written.
pub fn write(
    changed: &[FileId],
    before: &Sources,
    after: &Sources,
    files: &BTreeMap<FileId, PathBuf>,
) -> Result<(), WriteError> {
    let mut prepared = Vec::new();
    let fail = |id: FileId, error: io::Error, written: &[String]| WriteError {
        message: format!("cannot write `{}`: {error}", before.get(id).path),
        written: written.to_vec(),
    };
    for id in changed {
        let Some(path) = files.get(id) else { continue };
        let copy = prepare(path, before.get(*id).bytes(), after.get(*id).bytes());
        prepared.push((*id, path, copy.map_err(|error| fail(*id, error, &[]))?));
    }
    let mut written = Vec::new();
    for (id, path, copy) in prepared {
        copy.persist(path).map_err(|error| fail(id, error.error, &written))?;
        written.push(before.get(id).path.clone());
    }
    Ok(())
}

/// Writes a file that is not there yet.
///
/// # Errors
/// If it is there, or cannot be written.
pub fn write_new(path: &Path, text: &str) -> Result<(), String> {
    let fail = |error: io::Error| format!("cannot write `{}`: {error}", path.display());
    let mut file = fs::File::create_new(path).map_err(fail)?;
    file.write_all(text.as_bytes()).map_err(fail)
}

/// Writes a report to a file, which is made or replaced as a whole; a link stays one, and its file is replaced.
///
/// # Errors
/// If it cannot be written; the message says why.
pub fn write_report(path: &Path, text: &[u8]) -> Result<(), String> {
    let fail = |error: io::Error| format!("cannot write `{}`: {error}", path.display());
    // What is no regular file, such as /dev/stderr, is written to.
    if fs::metadata(path).is_ok_and(|it| !it.is_file()) {
        return fs::write(path, text).map_err(fail);
    }
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let directory = real.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    new_file(&mut builder);
    let mut copy = builder.prefix(".hoplint-").tempfile_in(directory).map_err(fail)?;
    copy.write_all(text).map_err(fail)?;
    copy.persist(&real).map_err(|error| fail(error.error))?;
    Ok(())
}

/// Gives a file the mode that a new one has: what the process's umask leaves of it, and not the owner's alone.
#[cfg(unix)]
fn new_file(builder: &mut tempfile::Builder) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn new_file(_: &mut tempfile::Builder) {}

/// The new text in a file beside the old one, ready to take its place.
fn prepare(path: &Path, before: &[u8], after: &[u8]) -> io::Result<NamedTempFile> {
    if fs::read(path)? != before {
        return Err(io::Error::other("it has changed since it was read; run again"));
    }
    let metadata = fs::metadata(path)?;
    if metadata.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut copy = tempfile::Builder::new().prefix(".hoplint-").tempfile_in(directory)?;
    copy.write_all(after)?;
    copy.as_file().set_permissions(metadata.permissions())?;
    keep_owner(copy.path(), &metadata);
    copy.as_file().sync_all()?;
    Ok(copy)
}

/// Gives the copy the owner of the original where this user may; another user's copy of a file in a shared directory is
/// better than none.
#[cfg(unix)]
fn keep_owner(copy: &Path, original: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, chown};
    let _ = chown(copy, Some(original.uid()), Some(original.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &Path, _: &fs::Metadata) {}
