//! A file that an editor holds: its bytes come from elsewhere, and what surrounds it from the disk.

use std::io;
use std::path::{Path, PathBuf};

use super::{Found, read_all};
use crate::config::Settings;
use crate::limits::Limit;

/// A file whose bytes do not come from the disk.
pub(super) struct Given {
    /// Where it really is, or would be.
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
}

/// Reads the project around a file whose bytes are given, whatever is on disk, if it is there at all.
///
/// # Errors
/// As [`read`](super::read), and if it can be no file.
pub fn read_around(path: &Path, bytes: Vec<u8>, settings: &Settings) -> Result<Found, String> {
    let shown = path.display();
    if bytes.len() as u64 > settings.limits.get(Limit::File) {
        let why = settings.limits.too_large(Limit::File);
        return Err(format!("cannot take standard input for `{shown}`: {why}"));
    }
    if path.is_dir() {
        return Err(format!("cannot take standard input for `{shown}`: it is a directory"));
    }
    let given = Given { path: real(path)?, bytes };
    read_all(&[path.to_owned()], Some(&given), settings)
}

/// Where a file that need not be there really is: below the nearest directory that is there.
pub(super) fn real(path: &Path) -> Result<PathBuf, String> {
    if let Ok(real) = path.canonicalize() {
        return Ok(real);
    }
    let fault = |error: io::Error| format!("cannot find `{}`: {error}", path.display());
    let whole = std::path::absolute(path).map_err(fault)?;
    let there = whole.ancestors().skip(1).find_map(|above| Some((above, above.canonicalize().ok()?)));
    let below = |(above, real): (&Path, PathBuf)| Some(real.join(whole.strip_prefix(above).ok()?));
    there.and_then(below).ok_or_else(|| fault(io::ErrorKind::NotFound.into()))
}
