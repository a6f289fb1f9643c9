//! Versions of the programs that a configuration is meant for.

use std::fmt;
use std::str::FromStr;

/// A version of a program: `1.22`, `23.0.0`. Parts that are not given count as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Version, String> {
        let parts: Result<Vec<u32>, _> = text.split('.').map(str::parse).collect();
        match parts.as_deref() {
            Ok([major]) => Ok(Version(*major, 0, 0)),
            Ok([major, minor]) => Ok(Version(*major, *minor, 0)),
            Ok([major, minor, patch]) => Ok(Version(*major, *minor, *patch)),
            _ => Err(format!("`{text}` is no version: write it as `1.22` or `23.0.0`")),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The versions that are meant; the newest known ones unless the configuration says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// nginx.
    pub nginx: Version,
    /// Gunicorn.
    pub gunicorn: Version,
    /// systemd.
    pub systemd: Version,
}

impl Target {
    /// The newest releases that hoplint's facts were checked with.
    pub const NEWEST: Target =
        Target { nginx: Version(1, 31, 3), gunicorn: Version(27, 0, 1), systemd: Version(257, 0, 0) };
}
