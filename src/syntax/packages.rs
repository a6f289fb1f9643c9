//! Which release of a package a project wants: requirements, `pyproject.toml`, and the lock files of its package managers.
//!
//! Source: PEP 508, 621, 735 and 751 for the formats that several share; the documentation of Poetry, Pipenv, PDM and uv
//! for theirs.

mod requirement;
mod tables;

use std::ops::Range;

/// A place that says which release of a package is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Where it stands.
    pub range: Range<usize>,
    /// What the version has to be like: all of these. Nothing where any will do.
    pub bounds: Vec<Bound>,
    /// Whether something more is said that is not read, so that the bounds may not be all.
    pub is_partial: bool,
}

/// A condition on a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// How the version compares.
    pub operator: Operator,
    /// With what, as written: `20.1.0`, `20.*`.
    pub version: String,
}

/// How a version is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `==`, `===`.
    Equal,
    /// `!=`.
    Unequal,
    /// `<`.
    Below,
    /// `<=`.
    AtMost,
    /// `>`.
    Above,
    /// `>=`.
    AtLeast,
    /// `~=` of PEP 440: no other part than the last may be higher.
    Compatible,
    /// `^` of Poetry: the first part that is not 0 stays.
    Caret,
    /// `~` of Poetry: the first two parts stay.
    Tilde,
}

/// In which way a file says what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines of requirements: `requirements.txt`, `setup.cfg`.
    Requirements,
    /// `pyproject.toml`.
    Pyproject,
    /// `Pipfile`.
    Pipfile,
    /// A lock file in TOML.
    Lock,
    /// `Pipfile.lock`, in JSON.
    PipfileLock,
}

impl Format {
    /// The format of a file by its path.
    pub fn of(path: &str) -> Option<Format> {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let lower = name.to_ascii_lowercase();
        let is_among = directory.rsplit('/').next() == Some("requirements");
        let is_list = lower.ends_with(".txt") || lower.ends_with(".in");
        match lower.as_str() {
            "pyproject.toml" => Some(Format::Pyproject),
            "pipfile" => Some(Format::Pipfile),
            "pipfile.lock" => Some(Format::PipfileLock),
            "poetry.lock" | "uv.lock" | "pdm.lock" => Some(Format::Lock),
            "setup.cfg" => Some(Format::Requirements),
            _ if lower.starts_with("pylock.") && lower.ends_with(".toml") => Some(Format::Lock),
            _ if is_list
                && (is_among || lower.contains("requirements") || lower.starts_with("constraints")) =>
            {
                Some(Format::Requirements)
            }
            _ => None,
        }
    }

    /// Whether it says what is installed, not only what may be.
    pub fn is_lock(self) -> bool {
        matches!(self, Format::Lock | Format::PipfileLock)
    }
}

/// What a file says of a package, by its name in lower case, in the order of the text. A file that cannot be read says
/// nothing.
pub fn read(format: Format, text: &str, package: &str) -> Vec<Wish> {
    let mut wishes = match format {
        Format::Requirements => requirement::lines(text, package),
        Format::Pyproject => tables::pyproject(text, package),
        Format::Pipfile => tables::pipfile(text, package),
        Format::Lock => tables::lock(text, package),
        Format::PipfileLock => tables::pipfile_lock(text, package),
    };
    wishes.sort_by_key(|wish| wish.range.start);
    wishes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str, text: &str) -> Vec<String> {
        let show = |wish: &Wish| {
            let bounds = wish.bounds.iter().map(|bound| format!(" {:?} {}", bound.operator, bound.version));
            let partial = if wish.is_partial { "?" } else { "" };
            format!("{}{partial}{}", &text[wish.range.clone()], bounds.collect::<String>())
        };
        read(Format::of(name).unwrap(), text, "gunicorn").iter().map(show).collect()
    }

    #[test]
    fn requirements_are_read() {
        for (text, expected) in [
            ("Django==5.0\ngunicorn==20.1.0\n", "gunicorn==20.1.0 Equal 20.1.0"),
            ("Gunicorn[gevent] == 20.1.0 # why", "Gunicorn[gevent] == 20.1.0 Equal 20.1.0"),
            (
                "gunicorn==20.1.0 ; python_version >= \"3.8\" \\\n    --hash=sha256:abc",
                "gunicorn==20.1.0 Equal 20.1.0",
            ),
            ("gunicorn===20.1.0 --hash=sha256:abc", "gunicorn===20.1.0 Equal 20.1.0"),
            ("gunicorn>=20.0,<21\r\n", "gunicorn>=20.0,<21 AtLeast 20.0 Below 21"),
            ("gunicorn (~=20.1.0)", "gunicorn (~=20.1.0) Compatible 20.1.0"),
            ("gunicorn", "gunicorn"),
            ("gunicorn @ https://x/y.zip", "gunicorn?"),
            ("# gunicorn==1", ""),
            ("gunicorn-color==1.0\nuvicorn-gunicorn==1\n-r gunicorn.txt", ""),
        ] {
            assert_eq!(shown("requirements.txt", text).join("|"), expected, "{text}");
        }
    }

    #[test]
    fn tables_are_read() {
        for (name, text, expected) in [
            (
                "pyproject.toml",
                "[project]\ndependencies = [\n  \"flask\",\n  \"gunicorn[gevent]==20.1.0\",\n]\n",
                "\"gunicorn[gevent]==20.1.0\" Equal 20.1.0",
            ),
            (
                "pyproject.toml",
                "[project.optional-dependencies]\nprod = ['gunicorn~=22.0']\n",
                "'gunicorn~=22.0' Compatible 22.0",
            ),
            (
                "pyproject.toml",
                "[dependency-groups]\nprod = ['gunicorn>1', {include-group = 'x'}]\n",
                "'gunicorn>1' Above 1",
            ),
            (
                "pyproject.toml",
                "[tool.poetry.dependencies]\npython = '^3.8'\ngunicorn = \"^20.1\"\n",
                "\"^20.1\" Caret 20.1",
            ),
            (
                "pyproject.toml",
                "[tool.poetry.group.prod.dependencies]\ngunicorn = {version = \"20.1.0\", extras = ['x']}\n",
                "\"20.1.0\" Equal 20.1.0",
            ),
            ("pyproject.toml", "[tool.poetry.dependencies]\ngunicorn = \"^20 || ^21\"\n", "\"^20 || ^21\"?"),
            ("pyproject.toml", "[project]\nkeywords = ['gunicorn']\n", ""),
            ("pyproject.toml", "= 1 gunicorn", ""),
            ("Pipfile", "[packages]\ngunicorn = \"==20.1.0\"\nflask = '*'\n", "\"==20.1.0\" Equal 20.1.0"),
            ("Pipfile", "[packages]\ngunicorn = \"*\"\n", "\"*\""),
            (
                "poetry.lock",
                "[[package]]\nname = \"flask\"\nversion = \"1\"\n[[package]]\nname = \"gunicorn\"\nversion = \"20.1.0\"\n",
                "\"20.1.0\" Equal 20.1.0",
            ),
            (
                "uv.lock",
                "version = 1\n[[package]]\nname = \"gunicorn\"\nversion = \"23.0.0\"\nsource = { registry = \"x\" }\n",
                "\"23.0.0\" Equal 23.0.0",
            ),
            (
                "pylock.toml",
                "[[packages]]\nname = \"gunicorn\"\nversion = \"23.0.0\"\n",
                "\"23.0.0\" Equal 23.0.0",
            ),
            (
                "Pipfile.lock",
                "{\"default\": {\"gunicorn\": {\"hashes\": [\"a\"], \"version\": \"==20.1.0\"}}}",
                "\"==20.1.0\" Equal 20.1.0",
            ),
        ] {
            assert_eq!(shown(name, text).join("|"), expected, "{text}");
        }
    }
}
