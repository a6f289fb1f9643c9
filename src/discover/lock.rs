//! One run at a time writes to a project.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::project_around;

/// How long another run is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long nothing is tried while it is.
const PAUSE: Duration = Duration::from_millis(10);

/// Locks the projects that these trees belong to until the files are dropped. What is locked is the directory, so nothing is
/// left behind; a run that is killed holds no lock.
pub(super) fn take(roots: &[PathBuf]) -> Result<Vec<File>, String> {
    let projects: BTreeSet<PathBuf> =
        roots.iter().map(|root| project_around(root).unwrap_or_else(|| root.clone())).collect();
    // In the order of their paths, so that two runs do not wait for each other.
    projects.iter().filter_map(|project| lock(project).transpose()).collect()
}

fn lock(directory: &Path) -> Result<Option<File>, String> {
    let Ok(file) = File::open(directory) else { return Ok(None) };
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            // Not every system and not every file system locks directories. Each file is still looked at before it is exchanged.
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(format!("another run writes to `{}`", directory.display()));
            }
        }
    }
}
