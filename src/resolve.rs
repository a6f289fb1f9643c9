//! Trees to the model: what each program would do with its configuration.
//!
//! Whatever is not handled becomes unknown and is listed as [`crate::model::Unresolved`]; nothing is guessed.

pub mod compose;
pub mod gunicorn;
pub mod launch;
pub mod nginx;
pub mod paths;
pub mod systemd;

use std::collections::BTreeMap;

use crate::source::FileId;
use crate::syntax::{self, Parsed};

/// The trees of a run, by file.
#[derive(Debug, Default)]
pub struct Trees {
    /// nginx configuration.
    pub nginx: BTreeMap<FileId, Parsed<syntax::nginx::Tree>>,
    /// Gunicorn configuration.
    pub gunicorn: BTreeMap<FileId, Parsed<syntax::gunicorn::Tree>>,
    /// Units and drop-ins.
    pub systemd: BTreeMap<FileId, Parsed<syntax::systemd::Tree>>,
    /// Compose files.
    pub compose: BTreeMap<FileId, Parsed<syntax::compose::Tree>>,
}
