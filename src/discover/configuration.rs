//! Which configuration a run goes by.

use std::path::{Path, PathBuf};

use super::given::real;
use super::limited::text_of;
use super::{base, beginning, configured};
use crate::config::{self, File, Settings};
use crate::limits::Limits;

/// What was said of the configuration.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// The nearest one.
    Nearest,
    /// This file.
    Named(&'a Path),
    /// None at all.
    Nothing,
}

/// A file that may hold a configuration.
struct Candidate {
    path: PathBuf,
    /// How it is called in what is said.
    name: String,
    file: File,
}

/// The configuration for a run: the file that was named, else the nearest `hoplint.toml` or `pyproject.toml` with a
/// `[tool.hoplint]` table in the directory or above it, up to the root of its repository.
///
/// # Errors
/// If the file cannot be read or means nothing.
pub fn settings(wanted: Wanted, paths: &[PathBuf]) -> Result<Settings, String> {
    match wanted {
        Wanted::Nothing => Ok(Settings::default()),
        Wanted::Named(path) => {
            let is_pyproject = path.file_name().is_some_and(|name| name == "pyproject.toml");
            let file = if is_pyproject { File::Pyproject } else { File::Hoplint };
            let candidate = Candidate { path: path.into(), name: path.display().to_string(), file };
            let settings = candidate.read()?;
            let settings =
                settings.ok_or_else(|| format!("`{}` has no [tool.hoplint] table", path.display()))?;
            let directory = settings.directory.as_ref();
            match directory.is_some_and(|it| paths.iter().any(|path| lies_around(it, path))) {
                true => judged(settings, paths),
                // It is for many repositories: what it says of paths is seen from each of them.
                false => Ok(Settings { is_for_many: true, ..settings }),
            }
        }
        Wanted::Nearest => {
            for candidate in candidates(paths) {
                if let Some(settings) = candidate.read()? {
                    return judged(settings, paths);
                }
            }
            Ok(Settings::default())
        }
    }
}

/// Holds what a configuration says of directories against those that are there, if what is read lies beside it.
fn judged(settings: Settings, paths: &[PathBuf]) -> Result<Settings, String> {
    let is_around = |directory: &&PathBuf| {
        paths.iter().any(|path| real(path).is_ok_and(|path| path.starts_with(directory)))
    };
    if let Some(directory) = settings.directory.as_ref().filter(is_around) {
        configured::judge(&settings, directory)?;
    }
    Ok(settings)
}

/// Whether a directory is one around a path, or its own, and within its repository.
fn lies_around(directory: &Path, path: &Path) -> bool {
    let Ok(path) = real(path) else { return false };
    let root = path.ancestors().find(|it| it.join(".git").exists());
    path.starts_with(directory) && root.is_none_or(|root| directory.starts_with(root))
}

/// The files that could have been the configuration of a run and are not, each with the reason.
pub fn passed_over(wanted: Wanted, paths: &[PathBuf], used: Option<&str>) -> Vec<(String, &'static str)> {
    let mut passed = Vec::new();
    let mut is_behind = false;
    for candidate in candidates(paths) {
        if used == Some(candidate.name.as_str()) {
            is_behind = true;
            continue;
        }
        let why = match wanted {
            _ if matches!(candidate.read(), Ok(None)) => "it has no [tool.hoplint] table",
            Wanted::Nothing => "--no-config leaves all out",
            Wanted::Named(_) => "--config names another",
            Wanted::Nearest if is_behind => "one that goes before it was found",
            Wanted::Nearest => "it has no [tool.hoplint] table",
        };
        passed.push((candidate.name, why));
    }
    passed
}

/// The files that may be the configuration of a run, the first one first.
fn candidates(paths: &[PathBuf]) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    let start = paths.first().and_then(|path| real(path).ok());
    for directory in start.iter().flat_map(|start| start.ancestors()).filter(|it| it.is_dir()) {
        for (name, file) in [("hoplint.toml", File::Hoplint), ("pyproject.toml", File::Pyproject)] {
            let path = directory.join(name);
            // Where the configuration is a pipe, it cannot be told what it would say.
            if path.is_file() || file == File::Hoplint && path.exists() && !path.is_dir() {
                let name = format!("{}{name}", beginning(directory, &base()));
                candidates.push(Candidate { path, name, file });
            }
        }
        if directory.join(".git").exists() {
            break;
        }
    }
    candidates
}

impl Candidate {
    fn read(&self) -> Result<Option<Settings>, String> {
        let text = text_of(&self.path, &Limits::default())
            .map_err(|error| format!("cannot read `{}`: {error}", self.name))?;
        let settings = config::read(self.file, &self.name, &text)?;
        let directory = self.path.canonicalize().ok().and_then(|it| it.parent().map(Path::to_owned));
        Ok(settings.map(|settings| Settings { directory, file: Some(self.name.clone()), ..settings }))
    }
}
