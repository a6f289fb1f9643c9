//! Writing mended files back without losing any.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::TempPath;

use super::{Found, lock, project_around, replace};
use crate::source::{FileId, Sources};

/// Why mended files were not written. All files are as they were then, unless the message says otherwise.
#[derive(Debug)]
pub enum WriteError {
    /// These cannot be written, each with the reason; the others could.
    Refused(Vec<(FileId, String)>),
    /// None can be written.
    Stopped(String),
}

/// A file that is to be exchanged, and what for.
struct Exchange<'a> {
    id: FileId,
    path: &'a Path,
    copy: TempPath,
}

/// Writes the files of `changed` as they are in `after`, if all that was read is still as it was: what is mended in one file
/// follows from what others say.
///
/// Each is written beside its place, with its mode, owner and attributes, and synced. When all are, they are renamed over
/// their places in a row; if one cannot be, those before it are put back.
///
/// # Errors
/// If a file has changed since it was read, or cannot be written.
pub fn write(changed: &[FileId], found: &Found, after: &Sources) -> Result<(), WriteError> {
    if changed.is_empty() && found.leftovers.is_empty() {
        return Ok(());
    }
    let stopped = |why: String| WriteError::Stopped(format!("{why}; nothing was changed"));
    let _locks = lock::take(&found.roots).map_err(stopped)?;
    replace::remove_leftovers(&found.leftovers);
    let (mut exchanges, mut refused) = (Vec::new(), Vec::new());
    for id in changed {
        let Some(path) = found.files.get(id) else { continue };
        if found.outward.iter().any(|outward| path.starts_with(outward)) {
            refused.push((*id, "a link leads to it from a project that it is not in".to_owned()));
            continue;
        }
        match replace::prepare(path, after.get(*id).bytes()) {
            Ok(copy) => exchanges.push(Exchange { id: *id, path, copy }),
            Err(error) if replace::is_of_one_file(error.kind()) => refused.push((*id, error.to_string())),
            Err(error) => return Err(stopped(cannot_write(&found.sources.get(*id).path, &error))),
        }
    }
    if !refused.is_empty() {
        return Err(WriteError::Refused(refused));
    }
    if !exchanges.is_empty()
        && let Some((id, _)) = found.files.iter().find(|(id, path)| !is_still(path, before(found, **id)))
    {
        return Err(stopped(has_changed(&found.sources.get(*id).path)));
    }
    exchange(exchanges, found, after)
}

fn before(found: &Found, id: FileId) -> &[u8] {
    found.sources.get(id).bytes()
}

fn cannot_write(path: &str, error: &io::Error) -> String {
    format!("cannot write `{path}`: {error}")
}

fn has_changed(path: &str) -> String {
    format!("`{path}` has changed since it was read: run again")
}

/// Whether a file is still where it was, and holds this text.
fn is_still(path: &Path, text: &[u8]) -> bool {
    let is_alike = |it: fs::Metadata| it.is_file() && it.len() == text.len() as u64;
    path.canonicalize().is_ok_and(|real| real == path)
        && fs::symlink_metadata(path).is_ok_and(is_alike)
        && fs::read(path).is_ok_and(|now| now == text)
}

/// Renames the copies over their files, all or none.
fn exchange(exchanges: Vec<Exchange>, found: &Found, after: &Sources) -> Result<(), WriteError> {
    let mut done: Vec<(FileId, &Path)> = Vec::new();
    for Exchange { id, path, copy } in exchanges {
        let shown = &found.sources.get(id).path;
        // Nothing keeps other programs from writing between this look and the rename; that is as short as it can be.
        let error = match is_still(path, before(found, id)) {
            false => WriteError::Stopped(has_changed(shown)),
            true => match copy.persist(path) {
                Ok(()) => {
                    done.push((id, path));
                    continue;
                }
                Err(error) if error.error.kind() == ErrorKind::StorageFull => {
                    WriteError::Stopped(cannot_write(shown, &error.error))
                }
                // Such as a file that is mounted by itself.
                Err(error) => WriteError::Refused(vec![(id, error.error.to_string())]),
            },
        };
        return Err(after_putting_back(&done, found, after, error));
    }
    replace::sync_directories(done.iter().map(|(_, path)| *path));
    Ok(())
}

/// Puts back what was exchanged already, and says of which files that failed.
fn after_putting_back(
    done: &[(FileId, &Path)],
    found: &Found,
    after: &Sources,
    error: WriteError,
) -> WriteError {
    let put_back = |(id, path): &(FileId, &Path)| {
        is_still(path, after.get(*id).bytes())
            && replace::prepare(path, before(found, *id)).is_ok_and(|copy| copy.persist(path).is_ok())
    };
    let left: Vec<&str> = done
        .iter()
        .filter(|exchanged| !put_back(exchanged))
        .map(|(id, _)| found.sources.get(*id).path.as_str())
        .collect();
    let nothing_else = || match left.as_slice() {
        [] => "nothing was changed".to_owned(),
        left => format!("these are mended and could not be put back: `{}`", left.join("`, `")),
    };
    match error {
        WriteError::Refused(files) if left.is_empty() => WriteError::Refused(files),
        WriteError::Refused(files) => {
            let why = files
                .iter()
                .map(|(id, why)| format!("cannot write `{}`: {why}", found.sources.get(*id).path));
            WriteError::Stopped(format!("{}; {}", why.collect::<Vec<_>>().join("; "), nothing_else()))
        }
        WriteError::Stopped(why) => WriteError::Stopped(format!("{why}; {}", nothing_else())),
    }
}

/// What a link leads to that lies in a project and leads out of it.
pub(super) fn leads_out(link: &Path) -> Option<PathBuf> {
    fs::symlink_metadata(link).ok().filter(fs::Metadata::is_symlink)?;
    let whole = std::path::absolute(link).ok()?;
    let project = project_around(&whole.parent()?.canonicalize().ok()?)?;
    link.canonicalize().ok().filter(|real| !real.starts_with(project))
}

/// Writes a file that is not there yet.
///
/// # Errors
/// If it is there, or cannot be written.
pub fn write_new(path: &Path, text: &str) -> Result<(), String> {
    let fail = |error: io::Error| format!("cannot write `{}`: {error}", path.display());
    let file = fs::File::create_new(path).map_err(fail)?;
    let write = |mut file: fs::File| file.write_all(text.as_bytes());
    write(file).map_err(|error| {
        // A part of it would be taken for the whole by whoever reads it next.
        let _ = fs::remove_file(path);
        fail(error)
    })
}

/// Writes a report to a file, which is made or replaced as a whole; a link stays one, and its file is replaced.
///
/// # Errors
/// If it cannot be written; the message says why.
pub fn write_report(path: &Path, text: &[u8]) -> Result<(), String> {
    let fail = |error: io::Error| format!("cannot write `{}`: {error}", path.display());
    // What is no regular file, such as /dev/stderr, is written to.
    if fs::metadata(path).is_ok_and(|it| !it.is_file()) {
        return opened(path).and_then(|mut file| file.write_all(text)).map_err(fail);
    }
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let directory = real.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = replace::builder();
    new_file(&mut builder);
    let mut copy = builder.tempfile_in(directory).map_err(fail)?;
    copy.write_all(text).map_err(fail)?;
    copy.persist(&real).map_err(|error| fail(error.error))?;
    Ok(())
}

/// How long somebody is waited for who reads a pipe.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens what is no regular file, to write to it. The system lets whoever opens a pipe wait until somebody reads it; if nobody
/// comes, it is left to a thread that ends with the run.
fn opened(path: &Path) -> io::Result<fs::File> {
    let (tell, told) = mpsc::channel();
    let own = path.to_owned();
    thread::spawn(move || tell.send(fs::File::options().write(true).open(own)));
    told.recv_timeout(PATIENCE)
        .unwrap_or_else(|_| Err(io::Error::other("nobody reads what is written to it")))
}

/// Gives a file the mode that a new one has: what the process's umask leaves of it, and not the owner's alone.
#[cfg(unix)]
fn new_file(builder: &mut tempfile::Builder) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn new_file(_: &mut tempfile::Builder) {}
