//! Which Gunicorn the tree of a stack is for, and which releases of other packages: what its lock files and requirements say.

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
    /// What speaks against it.
    pub(super) doubt: Option<Unresolved>,
}

/// What a requirement says.
enum Said {
    /// This release.
    One(Version),
    /// A release that meets all of these.
    Range(Vec<(Operator, Pattern)>),
}

/// The version that the files of a stack decide on. A lock file says what is installed; without one, a requirement counts
/// that a single release meets. Where several are written, the newest of them is meant. Where only ranges are, it is the
/// version that is `meant` anyway, or the newest release that all of them let be installed.
pub(super) fn gunicorn(files: &[FileId], sources: &Sources, meant: Version) -> Found {
    let mut locked: Vec<(Version, Span)> = Vec::new();
    let mut required: Vec<(Version, Span)> = Vec::new();
    let mut ranges: Vec<(Vec<(Operator, Pattern)>, Span)> = Vec::new();
    for id in files {
        let source = sources.get(*id);
        let Some(format) = Format::of(&source.path) else { continue };
        if source.kind != FileKind::Packages || is_example(&source.path) {
            continue;
        }
        for wish in packages::read(format, &source.text, "gunicorn") {
            let span = Span::new(*id, wish.range.clone());
            match said(&wish) {
                Some(Said::One(version)) if format.is_lock() => locked.push((version, span)),
                Some(Said::One(version)) => required.push((version, span)),
                Some(Said::Range(bounds)) => ranges.push((bounds, span)),
                None => {}
            }
        }
    }
    let decisive = if locked.is_empty() { required } else { locked };
    let Some((version, span)) = decisive.iter().rev().copied().max_by_key(|(version, _)| *version) else {
        return Found { version: allowed(&ranges, meant), doubt: None };
    };
    let other = decisive.iter().find(|(other, _)| *other != version);
    let doubt = other.map(|(other, place)| {
        let path = &sources.get(place.file).path;
        let why = format!(
            "which Gunicorn is meant is not certain: {path} asks for {other}, and here it is {version}, the newest"
        );
        Unresolved { span, what: sources.text(span).into(), why }
    });
    Found { version: Some((version, span)), doubt }
}

/// Whether some file of a stack may keep a package from being of a release, or of a later one: it asks for an older one, or
/// says what is not read. Where nothing is said, the newest is meant.
pub(super) fn may_be_older(files: &[FileId], sources: &Sources, package: &str, since: Version) -> bool {
    let Version(major, minor, _) = since;
    let later = [
        since,
        Version(major, minor, u32::MAX),
        Version(major, u32::MAX, 0),
        Version(major + 1, 0, 0),
        Version(major + 1, u32::MAX, 0),
        Version(u32::MAX, 0, 0),
    ];
    let is_met = |wish: &Wish| {
        if let [Bound { operator: Operator::Equal, version }] = wish.bounds.as_slice()
            && let Ok(version) = version.parse::<Version>()
        {
            return version >= since;
        }
        let bounds: Option<Vec<_>> =
            wish.bounds.iter().map(|bound| Some((bound.operator, pattern(&bound.version)?))).collect();
        !wish.is_partial && bounds.is_some_and(|bounds| later.iter().any(|release| fits(*release, &bounds)))
    };
    files.iter().any(|id| {
        let source = sources.get(*id);
        let wishes = Format::of(&source.path).map(|it| packages::read(it, &source.text, package));
        !wishes.unwrap_or_default().iter().all(is_met)
    })
}

/// The newest release that all ranges let be installed, and the first of those that rule out the version that is meant.
/// `None` where none of them does, or no release meets all of them.
fn allowed(ranges: &[(Vec<(Operator, Pattern)>, Span)], meant: Version) -> Option<(Version, Span)> {
    let (_, span) = ranges.iter().find(|(bounds, _)| !fits(meant, bounds))?;
    let all = |release: &Version| ranges.iter().all(|(bounds, _)| fits(*release, bounds));
    let newest = std::iter::once(Target::NEWEST.gunicorn).chain(RELEASES.iter().rev().copied()).find(all)?;
    Some((newest, *span))
}

fn fits(release: Version, bounds: &[(Operator, Pattern)]) -> bool {
    bounds.iter().all(|(operator, pattern)| meets(release, *operator, pattern))
}

/// What is said by a wish, if all of it is read.
fn said(wish: &Wish) -> Option<Said> {
    if wish.is_partial || wish.bounds.is_empty() {
        return None;
    }
    // A release of one's own counts, too.
    if let [Bound { operator: Operator::Equal, version }] = wish.bounds.as_slice()
        && let Ok(version) = version.parse()
    {
        return Some(Said::One(version));
    }
    let bounds: Vec<(Operator, Pattern)> = wish
        .bounds
        .iter()
        .map(|bound| Some((bound.operator, pattern(&bound.version)?)))
        .collect::<Option<_>>()?;
    let mut fitting = RELEASES.iter().chain(&TO_COME).filter(|release| fits(**release, &bounds));
    Some(match (fitting.next(), fitting.next()) {
        // One that may come says nothing: it may be any of many.
        (Some(only), None) if *only <= Target::NEWEST.gunicorn => Said::One(*only),
        _ => Said::Range(bounds),
    })
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
        let found = gunicorn(&ids, &sources, Target::NEWEST.gunicorn);
        match (found.version, found.doubt) {
            (Some((version, span)), doubt) => {
                let mark = if doubt.is_some() { ", doubted" } else { "" };
                format!("{version} {}{mark}", sources.get(span.file).path)
            }
            (None, _) => "none".into(),
        }
    }

    #[test]
    fn releases_that_may_be_older() {
        for (wish, expected) in [
            ("", false),
            ("==2.3.0", false),
            ("==2.3", false),
            ("==3.1.3", false),
            ("==2.2.5", true),
            ("==2.*", false),
            ("==2.2.*", true),
            ("~=2.2", false),
            ("~=2.2.1", true),
            (">=2,<3", false),
            (">=2,<2.3", true),
            ("<=2.2.9", true),
            (">3.0", false),
            ("==2.3.0rc1", true),
            (" @ https://x/y.zip", true),
        ] {
            let mut sources = Sources::default();
            let text = format!("gunicorn\nflask-cors==1\nFlask{wish}\n");
            let id = sources.add(Source::new("requirements.txt", FileKind::Packages, text.into_bytes()));
            assert_eq!(may_be_older(&[id], &sources, "flask", Version(2, 3, 0)), expected, "{wish}");
        }
    }

    #[test]
    fn the_newest_release_that_will_do_is_meant() {
        for (wish, expected) in [
            ("==20.1.0", "20.1.0"),
            ("==20.1", "20.1.0"),
            ("===23.0.0", "23.0.0"),
            ("==20.*", "20.1.0"),
            ("==23.*", "23.0.0"),
            ("~=20.1.0", "20.1.0"),
            ("~=20.1", "20.1.0"),
            ("~=20.0", "20.1.0"),
            ("~=23.0", "23.0.0"),
            (">=20.1,<21", "20.1.0"),
            (">=20,<21", "20.1.0"),
            (">=20,<27", "26.2.0"),
            (">=20,<28", ""),
            (">=28", ""),
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
        assert_eq!(poetry("^20.0"), "20.1.0 pyproject.toml");
        assert_eq!(poetry("~20.1"), "20.1.0 pyproject.toml");
        assert_eq!(poetry("20.0.4"), "20.0.4 pyproject.toml");
    }

    #[test]
    fn a_lock_says_more_and_all_must_agree() {
        let lock = ("poetry.lock", "[[package]]\nname = 'gunicorn'\nversion = '22.0.0'\n");
        let list = ("requirements.txt", "gunicorn==20.1.0\n");
        assert_eq!(found(&[list, lock]), "22.0.0 poetry.lock");
        assert_eq!(found(&[list, ("a/requirements.txt", "gunicorn==20.1.0")]), "20.1.0 requirements.txt");
        assert_eq!(
            found(&[list, ("a/requirements.txt", "gunicorn==23.0.0")]),
            "23.0.0 a/requirements.txt, doubted"
        );
        assert_eq!(
            found(&[list, ("pyproject.toml", "[project]\ndependencies = ['gunicorn>=20']\n")]),
            "20.1.0 requirements.txt"
        );
        let ranges = [("requirements.txt", "gunicorn<26"), ("a/requirements.txt", "gunicorn>=20,<23")];
        assert_eq!(found(&ranges), "22.0.0 requirements.txt");
        assert_eq!(
            found(&[("requirements.txt", "gunicorn<26"), ("a/requirements.txt", "gunicorn>27")]),
            "none"
        );
        assert_eq!(found(&[("requirements.txt.example", "gunicorn==20.1.0")]), "none");
    }
}
