//! Versions of the programs that can be meant.

use crate::model::{Target, Version};

/// A program whose version can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// nginx, which counts by its second number.
    Nginx,
    /// Gunicorn, which does by its first.
    Gunicorn,
    /// systemd, likewise.
    Systemd,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Program::Nginx => "nginx",
            Program::Gunicorn => "Gunicorn",
            Program::Systemd => "systemd",
        }
    }

    fn newest(self) -> Version {
        let Target { nginx, gunicorn, systemd } = Target::NEWEST;
        match self {
            Program::Nginx => nginx,
            Program::Gunicorn => gunicorn,
            Program::Systemd => systemd,
        }
    }

    /// The part of a version that is judged: of what comes within it, a release may be newer than this hoplint.
    fn judged(self, version: Version) -> u32 {
        match self {
            Program::Nginx => version.1,
            Program::Gunicorn | Program::Systemd => version.0,
        }
    }

    /// The versions that there are, by the part that is judged.
    pub(super) fn exist(self) -> impl Iterator<Item = u32> {
        let newest = self.judged(self.newest());
        let first = match self {
            Program::Nginx => 0,
            Program::Gunicorn => 18,
            Program::Systemd => 183,
        };
        first..=newest
    }

    /// A version as it is written for this program.
    pub(super) fn shown(self, version: Version) -> String {
        match (self, version) {
            (Program::Systemd, Version(major, 0, 0)) => major.to_string(),
            _ => version.to_string(),
        }
    }

    /// The version of a text.
    ///
    /// # Errors
    /// If it is none, or none of this program.
    pub(super) fn version(self, text: &str) -> Result<Version, String> {
        let is_plain =
            text.split('.').all(|part| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit()));
        let version: Version = text.parse()?;
        let is_first = self != Program::Nginx || version.0 == 1;
        if is_plain && is_first && self.exist().any(|it| it == self.judged(version)) {
            return Ok(version);
        }
        let (name, newest) = (self.name(), self.newest());
        let (oldest, shown) = match self {
            Program::Nginx => ("1.0", format!("{}.{}", newest.0, newest.1)),
            Program::Gunicorn => ("18", newest.0.to_string()),
            Program::Systemd => ("183", newest.0.to_string()),
        };
        Err(format!("`{text}` is no version of {name} that is known: those go from {oldest} to {shown}"))
    }
}
