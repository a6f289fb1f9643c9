//! How much is read, so that a hostile tree costs a message and nothing else: the one list of limits.

use std::fmt;

use crate::value::Size;

/// A limit that the configuration can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// The largest file of nginx's, of packages, and of scripts.
    File,
    /// The largest file in a language that people alone write: what is larger is not worth the memory that a tree takes.
    Source,
    /// All files together.
    Total,
    /// The largest list of files to ignore, with which a tree says what the walk passes over.
    Ignore,
    /// How many directives of nginx's are followed in a stack, a fragment counted each time that it is included.
    Directives,
}

impl Limit {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Limit; 5] = [Limit::File, Limit::Source, Limit::Total, Limit::Ignore, Limit::Directives];

    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Limit::File => "file-size",
            Limit::Source => "source-size",
            Limit::Total => "total-size",
            Limit::Ignore => "ignore-size",
            Limit::Directives => "directives",
        }
    }

    /// What holds unless the configuration says otherwise.
    pub fn default(self) -> u64 {
        match self {
            Limit::File => 16 << 20,
            Limit::Source | Limit::Ignore => 1 << 20,
            Limit::Total => 256 << 20,
            Limit::Directives => 4_000_000,
        }
    }

    /// The most that it can be raised to: offsets in a file have 32 bits.
    pub fn most(self) -> u64 {
        match self {
            Limit::File | Limit::Source | Limit::Ignore => 1 << 30,
            Limit::Total => 1 << 40,
            Limit::Directives => 1_000_000_000,
        }
    }

    /// Whether it is a number of bytes.
    pub fn is_size(self) -> bool {
        self != Limit::Directives
    }

    /// A value of it as the configuration takes it: `"16M"`, `4000000`.
    pub fn written(self, value: u64) -> String {
        match value {
            value if !self.is_size() => value.to_string(),
            value if value > 0 && value.is_multiple_of(1 << 30) => format!("{}G", value >> 30),
            value if value > 0 && value.is_multiple_of(1 << 20) => format!("{}M", value >> 20),
            value if value > 0 && value.is_multiple_of(1 << 10) => format!("{}K", value >> 10),
            value => value.to_string(),
        }
    }

    /// Reads a size as the configuration has it: digits, and nothing, `K`, `M` or `G` behind them.
    ///
    /// # Errors
    /// If it is none, or more than the limit can be raised to.
    pub fn size(self, text: &str) -> Result<u64, String> {
        // nginx takes small letters, too.
        let size = Size::from_nginx(text, true).filter(|_| !text.contains(|c: char| c.is_ascii_lowercase()));
        self.fitting(size.map(|it| it.bytes), text)
    }

    /// A number that is no more than the limit can be raised to, and no less than 1.
    ///
    /// # Errors
    /// If it is another; `text` is how it was written.
    pub fn fitting(self, number: Option<u64>, text: &str) -> Result<u64, String> {
        let kind = if self.is_size() { "a size, as \"64M\"," } else { "a number" };
        let (name, most) = (self.name(), self.written(self.most()));
        number.filter(|it| (1..=self.most()).contains(it)).ok_or_else(|| {
            format!("`{name}` cannot be `{text}`: it has to be {kind} of at least 1 and at most {most}")
        })
    }
}

/// The limits of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits([u64; Limit::ALL.len()]);

impl Limits {
    /// What a limit is.
    pub fn get(&self, limit: Limit) -> u64 {
        self.0[limit as usize]
    }

    /// Changes a limit.
    pub fn set(&mut self, limit: Limit, value: u64) {
        self.0[limit as usize] = value;
    }

    /// What is more than a limit, for the end of a sentence: which one it is, and how it is raised.
    pub fn raised(&self, limit: Limit) -> Raised {
        Raised { limit, value: self.get(limit) }
    }

    /// Why a file is not read that is larger than a limit.
    pub fn too_large(&self, limit: Limit) -> String {
        format!("it is larger than {}{}", Size { bytes: self.get(limit) }, self.raised(limit))
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits(Limit::ALL.map(Limit::default))
    }
}

/// Which limit was met, as a person is told.
#[derive(Clone, Copy, Debug)]
pub struct Raised {
    limit: Limit,
    value: u64,
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = self.limit.written(self.value);
        let quote = if self.limit.is_size() { "\"" } else { "" };
        let name = self.limit.name();
        write!(
            f,
            " (the limit `{name} = {quote}{written}{quote}`, which [limits] of the configuration can raise)"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for (text, expected) in [
            ("1", Some(1)),
            ("16M", Some(16 << 20)),
            ("1G", Some(1 << 30)),
            ("3K", Some(3 << 10)),
            ("2G", None),
            ("0", None),
            ("", None),
            ("M", None),
            ("+1", None),
            ("1m", None),
            ("99999999999999999999", None),
            ("18014398509481984K", None),
        ] {
            assert_eq!(Limit::File.size(text).ok(), expected, "{text}");
        }
        for limit in Limit::ALL.into_iter().filter(|it| it.is_size()) {
            for value in [limit.default(), limit.most(), 1, 1500] {
                assert_eq!(limit.size(&limit.written(value)), Ok(value), "{limit:?} {value}");
            }
        }
    }

    #[test]
    fn each_limit_is_at_its_place() {
        for (at, limit) in Limit::ALL.into_iter().enumerate() {
            assert_eq!(limit as usize, at);
            assert!(limit.default() <= limit.most());
            assert_eq!(Limits::default().get(limit), limit.default());
        }
    }
}
