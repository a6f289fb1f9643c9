//! The directives of units, and what systemd makes of a line before anything runs.
//!
//! The rows are those of `systemd --dump-configuration-items` of 252 and 257; how a value is read was tried with
//! `systemd-analyze verify` of 252, for every directive with some hundred values. What is not judged is not known here.

mod confine;
mod execution;
mod judge;
mod kind;
mod newer;
mod number;
mod own;
mod resources;
mod row;
mod unit;
mod words;

use std::sync::LazyLock;

use crate::value::{self, Names};

pub use judge::{Verdict, boolean, is_name, judge, mode};
pub use kind::{Kind, Limit, Specifiers, unknown_specifier};
pub use number::{bytes, signal};
pub use row::{Row, Since};
pub use words::Word;

/// All rows, sorted by name. One name may have several: `TimeoutSec` is read in different ways.
static ALL: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let mut all = [unit::ROWS, own::ROWS, execution::ROWS, resources::ROWS, newer::ROWS].concat();
    all.sort_by_key(|row| row.name);
    all
});

/// The rows of each name.
static BY_NAME: LazyLock<Names<&[Row]>> = LazyLock::new(|| {
    let by_name = all().chunk_by(|one, next| one.name == next.name);
    by_name.map(|rows| (rows[0].name, rows)).collect()
});

/// All rows, sorted by name.
pub fn all() -> &'static [Row] {
    &ALL
}

/// The sections that have a row, by name.
pub fn sections_of(row: &Row) -> impl Iterator<Item = &'static str> {
    let sections = row.sections;
    row::NAMES.iter().filter(move |(_, bit)| sections & bit != 0).map(|(name, _)| *name)
}

/// The rows of a name; none where systemd has no such directive.
pub fn named(name: &str) -> &'static [Row] {
    BY_NAME.get(name).unwrap_or_default()
}

fn bit(section: &str) -> u16 {
    row::NAMES.iter().find(|(name, _)| *name == section).map_or(0, |(_, bit)| *bit)
}

/// The row of a directive in a section.
pub fn find(section: &str, name: &str) -> Option<&'static Row> {
    let bit = bit(section);
    named(name).iter().find(|row| row.sections & bit != 0)
}

/// Whether a release has a directive; `None` where that is not known.
pub fn is_known(section: &str, name: &str, version: u32) -> Option<bool> {
    find(section, name).map_or(Some(false), |row| has(row, version))
}

/// Whether a release has a directive; `None` where it is not known.
pub fn has(row: &Row, version: u32) -> Option<bool> {
    match row.since {
        Since::Old => Some(true),
        Since::Late if version >= 257 => Some(true),
        Since::Late | Since::Newer if version <= 252 => Some(false),
        Since::Late | Since::Newer => None,
    }
}

/// Whether a section is one that a unit of a type has: its own is named after the type, and in that of targets and devices
/// nothing may stand.
pub fn has_section(unit_type: &str, section: &str) -> bool {
    let first = section.as_bytes().first().is_some_and(u8::is_ascii_uppercase);
    let is_own = first && section.eq_ignore_ascii_case(unit_type) && section[1..] == unit_type[1..];
    matches!(section, "Unit" | "Install") || is_own
}

/// The directive of a section that a misspelt name evidently means: the only one that is nearest.
pub fn nearest(section: &str, name: &str) -> Option<&'static str> {
    let bit = bit(section);
    let fits = || ALL.iter().filter(|row| row.sections & bit != 0).map(|row| row.name);
    fits().find(|it| it.eq_ignore_ascii_case(name)).or_else(|| value::nearest(name, fits()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_of_one_mind() {
        for rows in [unit::ROWS, own::ROWS, execution::ROWS, resources::ROWS, newer::ROWS] {
            assert!(rows.is_sorted_by_key(|row| row.name));
        }
        for pair in all().windows(2).filter(|pair| pair[0].name == pair[1].name) {
            assert_eq!(pair[0].sections & pair[1].sections, 0, "{}", pair[0].name);
        }
    }

    #[test]
    fn names_are_looked_up_by_section() {
        assert_eq!(is_known("Service", "Restart", 252), Some(true));
        assert_eq!(is_known("Unit", "Restart", 252), Some(false));
        assert_eq!(is_known("Service", "RestartSteps", 252), Some(false));
        assert_eq!(is_known("Service", "RestartSteps", 254), None);
        assert_eq!(is_known("Service", "RestartSteps", 257), Some(true));
        assert_eq!(nearest("Service", "execstart"), Some("ExecStart"));
        assert_eq!(nearest("Service", "EnviromentFile"), Some("EnvironmentFile"));
        assert_eq!(nearest("Service", "Whatever"), None);
        assert!(has_section("service", "Service") && has_section("target", "Target"));
        assert!(!has_section("service", "service") && !has_section("service", "Socket"));
    }
}
