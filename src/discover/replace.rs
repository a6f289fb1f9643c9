//! A new text in the place of a file, and all else about it kept.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

/// How the names of temporary files begin: with a dot, so that the patterns of nginx's includes leave them out.
const PREFIX: &str = ".hoplint-";

/// How they end: as nothing that a program takes for its configuration.
const SUFFIX: &str = ".tmp";

/// Puts the two ends of its name on a temporary file that is about to be made.
pub(super) fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    builder
}

/// Whether a file is one that a run left which was killed while it wrote.
pub(super) fn is_leftover(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

/// Removes what killed runs left. What cannot be removed does no harm where it is.
pub(super) fn remove_leftovers(paths: &[PathBuf]) {
    for path in paths.iter().filter(|path| is_leftover(path)) {
        let _ = fs::remove_file(path);
    }
}

/// A new text in a file beside the old one, ready to take its place: on the disk, with the mode, owner and attributes of the
/// old one. It is closed, so that any number of them can be ready.
pub(super) fn prepare(path: &Path, text: &[u8]) -> io::Result<TempPath> {
    let metadata = fs::symlink_metadata(path)?;
    if let Some(why) = refusal(&metadata) {
        return Err(io::Error::new(ErrorKind::PermissionDenied, why));
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    // The name that was tried is another one in each run.
    let made = builder().tempfile_in(directory).map_err(|error| match error.kind() {
        kind if is_of_one_file(kind) => {
            io::Error::new(kind, format!("no file can be made in its directory: {kind}"))
        }
        kind => kind.into(),
    });
    let mut copy = made?;
    copy.as_file_mut().write_all(text)?;
    keep_owner(copy.as_file(), &metadata)?;
    copy.as_file().set_permissions(metadata.permissions())?;
    keep_attributes(path, copy.as_file())?;
    copy.as_file().sync_all()?;
    Ok(copy.into_temp_path())
}

/// Whether a failure says something of this file or its directory, and nothing of others.
pub(super) fn is_of_one_file(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

/// Why a file is not to be exchanged.
fn refusal(metadata: &Metadata) -> Option<&'static str> {
    if !metadata.is_file() {
        return Some("it is no longer a file");
    }
    if metadata.permissions().readonly() {
        return Some("it is read-only");
    }
    // One name would have the new text and the others the old one, and nothing tells whether that is meant.
    (names(metadata) > 1).then_some("it has other names, which are hard links")
}

#[cfg(unix)]
fn names(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
fn names(_: &Metadata) -> u64 {
    1
}

/// Gives the copy the owner and the group of the original. Before its mode, which a change of owner may take bits from.
#[cfg(unix)]
fn keep_owner(copy: &File, original: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let made = copy.metadata()?;
    let other = |made: u32, wanted: u32| (made != wanted).then_some(wanted);
    let (user, group) = (other(made.uid(), original.uid()), other(made.gid(), original.gid()));
    if user.is_none() && group.is_none() {
        return Ok(());
    }
    let lost = |_| io::Error::new(ErrorKind::PermissionDenied, "this user may not keep its owner and group");
    fchown(copy, user, group).map_err(lost)
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// The attribute that holds an access control list.
const ACCESS: &str = "system.posix_acl_access";

/// The attributes that sign the text of a file: that is another one now.
const SIGNATURES: [&str; 2] = ["security.ima", "security.evm"];

/// Gives the copy the extended attributes of the original: access control lists, labels of SELinux, those of users. Where one
/// cannot be kept the file is still mended, but not where others could then read it, or could not any more.
fn keep_attributes(original: &Path, copy: &File) -> io::Result<()> {
    use xattr::FileExt;
    let Ok(names) = xattr::list(original) else { return Ok(()) };
    let names: Vec<_> = names.collect();
    for name in names.iter().filter(|name| SIGNATURES.iter().all(|it| *name != it)) {
        let Ok(Some(value)) = xattr::get(original, name) else { continue };
        if copy.get_xattr(name).is_ok_and(|there| there.as_ref() == Some(&value)) {
            continue;
        }
        if copy.set_xattr(name, &value).is_err() && name == ACCESS {
            let lost = "its access control list cannot be kept";
            return Err(io::Error::new(ErrorKind::PermissionDenied, lost));
        }
    }
    // A directory may give its new files a list that this one does not have.
    let has_access = |name: &std::ffi::OsString| name == ACCESS;
    if !names.iter().any(has_access) && copy.list_xattr()?.any(|name| has_access(&name)) {
        copy.remove_xattr(ACCESS)?;
    }
    Ok(())
}

/// Writes to the disk which files directories hold. What they held before is a state as good, so nothing hangs on it.
pub(super) fn sync_directories<'a>(files: impl Iterator<Item = &'a Path>) {
    let directories: std::collections::BTreeSet<&Path> = files.filter_map(Path::parent).collect();
    for directory in directories {
        let _ = File::open(directory).and_then(|directory| directory.sync_all());
    }
}
