//! Which Gunicorn the tree of a stack is for: what its lock files and requirements say.

use super::paths::is_example;
use crate::model::{Target, Unresolved, Version};
use crate::source::{FileId, FileKind, Sources, Span};
use crate::syntax::packages::{self, Bound, Format, Operator, Wish};

/// The releases of Gunicorn, as the Python package index lists them, but for those before 0.17; the newest is
/// [`Target::NEWEST`].
const RELEASES: [Version; 51] = {
    const fn v(major: u32, minor: u32, patch: u32) -> Version {
        Version(major, minor, patch)
    }
    [
        v(0, 17, 0),
        v(0, 17, 1),
        v(0, 17, 2),
        v(0, 17, 3),
        v(0, 17, 4),
        v(17, 5, 0),
        v(18, 0, 0),
        v(19, 0, 0),
        v(19, 1, 0),
        v(19, 1, 1),
        v(19, 2, 0),
        v(19, 2, 1),
        v(19, 3, 0),
        v(19, 4, 0),
        v(19, 4, 1),
        v(19, 4, 2),
        v(19, 4, 3),
        v(19, 4, 4),
        v(19, 4, 5),
        v(19, 5, 0),
        v(19, 6, 0),
        v(19, 7, 0),
        v(19, 7, 1),
        v(19, 8, 0),
        v(19, 8, 1),
        v(19, 9, 0),
        v(19, 10, 0),
        v(20, 0, 0),
        v(20, 0, 2),
        v(20, 0, 3),
        v(20, 0, 4),
        v(20, 1, 0),
        v(21, 0, 0),
        v(21, 0, 1),
        v(21, 1, 0),
        v(21, 2, 0),
        v(22, 0, 0),
        v(23, 0, 0),
        v(24, 0, 0),
        v(24, 1, 0),
        v(24, 1, 1),
        v(25, 0, 0),
        v(25, 0, 1),
        v(25, 0, 2),
        v(25, 0, 3),
        v(25, 1, 0),
        v(25, 2, 0),
        v(25, 3, 0),
        v(26, 0, 0),
        v(26, 1, 0),
        v(26, 2, 0),
    ]
};

/// Releases that may come.
const TO_COME: [Version; 5] = [
    Version(27, 0, 0),
    Target::NEWEST.gunicorn,
    Version(27, 0, u32::MAX),
    Version(27, u32::MAX, 0),
    Version(u32::MAX, 0, 0),
];

/// What a tree says of the version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The version, and where it is written.
    pub(super) version: Option<(Version, Span)>,
    /// Why there is none though several are written.
    pub(super) doubt: Option<Unresolved>,
}

/// The version that the files of a stack decide on. A lock file says what is installed; without one, a requirement counts
/// that a single release meets. What several say, all must say.
pub(super) fn gunicorn(files: &[FileId], sources: &Sources) -> Found {
    let mut locked: Vec<(Version, Span)> = Vec::new();
    let mut required: Vec<(Version, Span)> = Vec::new();
    for id in files {
        let source = sources.get(*id);
        let Some(format) = Format::of(&source.path) else { continue };
        if source.kind != FileKind::Packages || is_example(&source.path) {
            continue;
        }
        let list = if format.is_lock() { &mut locked } else { &mut required };
        let decided = packages::read(format, &source.text).into_iter();
        list.extend(decided.filter_map(|wish| Some((only(&wish)?, Span::new(*id, wish.range)))));
    }
    let decisive = if locked.is_empty() { required } else { locked };
    let Some((version, span)) = decisive.first().copied() else { return Found::default() };
    match decisive.iter().find(|(other, _)| *other != version) {
        None => Found { version: Some((version, span)), doubt: None },
        Some((other, place)) => {
            let path = &sources.get(place.file).path;
            let why = format!(
                "which Gunicorn is meant is not known: {path} asks for {other}, and here it is {version}"
            );
            Found { version: None, doubt: Some(Unresolved { span, what: sources.text(span).into(), why }) }
        }
    }
}

/// The only release that meets a wish.
fn only(wish: &Wish) -> Option<Version> {
    if wish.is_partial || wish.bounds.is_empty() {
        return None;
    }
    // A release of one's own counts, too.
    if let [Bound { operator: Operator::Equal, version }] = wish.bounds.as_slice()
        && let Ok(version) = version.parse()
    {
        return Some(version);
    }
    let bounds: Vec<(Operator, Pattern)> = wish
        .bounds
        .iter()
        .map(|bound| Some((bound.operator, pattern(&bound.version)?)))
        .collect::<Option<_>>()?;
    let meets =
        |release: &&Version| bounds.iter().all(|(operator, pattern)| meets(**release, *operator, pattern));
    let mut fitting = RELEASES.iter().chain(&TO_COME).filter(meets);
    let first = fitting.next().copied()?;
    fitting.next().is_none().then_some(first)
}

/// The parts of a version, and whether any may follow: `20.*`.
struct Pattern {
    parts: Vec<u32>,
    any: bool,
}

fn pattern(text: &str) -> Option<Pattern> {
    let (text, any) = text.strip_suffix(".*").map_or((text, false), |text| (text, true));
    let parts: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
    parts.filter(|parts| !parts.is_empty() && parts.len() <= 3).map(|parts| Pattern { parts, any })
}

/// Whether a release meets a condition. Source: PEP 440, "Version specifiers", and Poetry's documentation for its own.
fn meets(release: Version, operator: Operator, pattern: &Pattern) -> bool {
    let parts = &pattern.parts;
    let part = |at: usize| parts.get(at).copied().unwrap_or(0);
    let version = Version(part(0), part(1), part(2));
    let own = [release.0, release.1, release.2];
    let begins = |count: usize| own.iter().zip(parts).take(count).all(|(own, wanted)| own == wanted);
    match operator {
        Operator::Equal if pattern.any => begins(parts.len()),
        Operator::Equal => release == version,
        Operator::Unequal if pattern.any => !begins(parts.len()),
        Operator::Unequal => release != version,
        Operator::Below => release < version,
        Operator::AtMost => release <= version,
        Operator::Above => release > version,
        Operator::AtLeast => release >= version,
        Operator::Compatible => release >= version && parts.len() > 1 && begins(parts.len() - 1),
        Operator::Caret => {
            let fixed = parts.iter().position(|part| *part != 0).map_or(parts.len(), |at| at + 1);
            release >= version && begins(fixed)
        }
        Operator::Tilde => release >= version && begins(parts.len().min(2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn found(files: &[(&str, &str)]) -> String {
        let mut sources = Sources::default();
        for (path, text) in files {
            sources.add(Source::new(*path, FileKind::Packages, text.as_bytes().to_vec()));
        }
        let ids: Vec<FileId> = sources.iter().map(|(id, _)| id).collect();
        let found = gunicorn(&ids, &sources);
        match (found.version, found.doubt) {
            (Some((version, span)), None) => format!("{version} {}", sources.get(span.file).path),
            (None, Some(_)) => "doubt".into(),
            _ => "none".into(),
        }
    }

    #[test]
    fn a_version_counts_where_only_one_release_will_do() {
        for (wish, expected) in [
            ("==20.1.0", "20.1.0"),
            ("==20.1", "20.1.0"),
            ("===23.0.0", "23.0.0"),
            ("==20.*", ""),
            ("==23.*", "23.0.0"),
            ("~=20.1.0", "20.1.0"),
            ("~=20.1", "20.1.0"),
            ("~=20.0", ""),
            ("~=23.0", "23.0.0"),
            (">=20.1,<21", "20.1.0"),
            (">=20,<21", ""),
            (">=20,<21,!=20.0.*", "20.1.0"),
            (">23,<=24.0.0", "24.0.0"),
            (">=27.0.1", ""),
            ("~=27.0.1", ""),
            ("==27.0.1", "27.0.1"),
            ("==20.1.0rc1", ""),
            ("", ""),
        ] {
            let text = format!("gunicorn{wish}\n");
            let expected =
                if expected.is_empty() { "none".into() } else { format!("{expected} requirements.txt") };
            assert_eq!(found(&[("requirements.txt", &text)]), expected, "{wish}");
        }
        let poetry = |wish: &str| {
            found(&[("pyproject.toml", &format!("[tool.poetry.dependencies]\ngunicorn = '{wish}'"))])
        };
        assert_eq!(poetry("^23.0"), "23.0.0 pyproject.toml");
        assert_eq!(poetry("^20.0"), "none");
        assert_eq!(poetry("~20.1"), "20.1.0 pyproject.toml");
        assert_eq!(poetry("20.0.4"), "20.0.4 pyproject.toml");
    }

    #[test]
    fn a_lock_says_more_and_all_must_agree() {
        let lock = ("poetry.lock", "[[package]]\nname = 'gunicorn'\nversion = '22.0.0'\n");
        let list = ("requirements.txt", "gunicorn==20.1.0\n");
        assert_eq!(found(&[list, lock]), "22.0.0 poetry.lock");
        assert_eq!(found(&[list, ("a/requirements.txt", "gunicorn==20.1.0")]), "20.1.0 requirements.txt");
        assert_eq!(found(&[list, ("a/requirements.txt", "gunicorn==23.0.0")]), "doubt");
        assert_eq!(
            found(&[list, ("pyproject.toml", "[project]\ndependencies = ['gunicorn>=20']\n")]),
            "20.1.0 requirements.txt"
        );
        assert_eq!(found(&[("requirements.txt.example", "gunicorn==20.1.0")]), "none");
    }
}
