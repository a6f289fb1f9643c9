//! Files of tables: TOML, and Pipenv's lock in JSON.

use std::ops::Range;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::requirement::{bounds, one};
use super::{Bound, Operator, Wish};

fn root(text: &str) -> Option<DeTable<'_>> {
    DeTable::parse(text).ok().map(toml::Spanned::into_inner)
}

/// The table of a name in a table.
fn table<'a, 'i>(of: &'a DeTable<'i>, name: &str) -> Option<&'a DeTable<'i>> {
    of.get(name)?.get_ref().as_table()
}

/// `pyproject.toml`: PEP 621, groups of dependencies, and Poetry's own tables.
pub(super) fn pyproject(text: &str, name: &str) -> Vec<Wish> {
    let Some(root) = root(text) else { return Vec::new() };
    let mut wishes = Vec::new();
    let project = table(&root, "project");
    wishes.extend(
        project
            .and_then(|it| it.get("dependencies"))
            .into_iter()
            .flat_map(|it| list(it.get_ref(), text, name)),
    );
    let groups =
        [project.and_then(|it| table(it, "optional-dependencies")), table(&root, "dependency-groups")];
    for group in groups.into_iter().flatten().flat_map(DeTable::values) {
        wishes.extend(list(group.get_ref(), text, name));
    }
    if let Some(poetry) = table(&root, "tool").and_then(|it| table(it, "poetry")) {
        wishes.extend(table(poetry, "dependencies").and_then(|it| entry(it, name)));
        wishes.extend(table(poetry, "dev-dependencies").and_then(|it| entry(it, name)));
        let groups = table(poetry, "group").into_iter().flat_map(DeTable::values);
        wishes.extend(
            groups
                .filter_map(|it| table(it.get_ref().as_table()?, "dependencies"))
                .filter_map(|it| entry(it, name)),
        );
    }
    wishes
}

/// `Pipfile`.
pub(super) fn pipfile(text: &str, name: &str) -> Vec<Wish> {
    let Some(root) = root(text) else { return Vec::new() };
    ["packages", "dev-packages"]
        .iter()
        .filter_map(|key| table(&root, key))
        .filter_map(|it| entry(it, name))
        .collect()
}

/// A lock file: `[[package]]` of Poetry, uv and PDM, `[[packages]]` of PEP 751.
pub(super) fn lock(text: &str, name: &str) -> Vec<Wish> {
    let Some(root) = root(text) else { return Vec::new() };
    let lists = ["package", "packages"].iter().filter_map(|key| root.get(*key)?.get_ref().as_array());
    let packages = lists.flat_map(|list| list.iter()).filter_map(|package| package.get_ref().as_table());
    let version = |package: &DeTable<'_>| {
        if package.get("name")?.get_ref().as_str()? != name {
            return None;
        }
        let version = package.get("version")?;
        let bounds = vec![Bound { operator: Operator::Equal, version: version.get_ref().as_str()?.into() }];
        Some(Wish { range: version.span(), bounds, is_partial: false })
    };
    packages.filter_map(version).collect()
}

/// `Pipfile.lock`.
pub(super) fn pipfile_lock(text: &str, name: &str) -> Vec<Wish> {
    let Ok(root) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let version = root["default"][name]["version"].as_str().or(root["develop"][name]["version"].as_str());
    let Some((bounds, written)) = version.and_then(|it| Some((bounds(it)?, format!("\"{it}\"")))) else {
        return Vec::new();
    };
    // The tree of JSON has no places: it is the first such text behind the name.
    let key = text.find(&format!("\"{name}\"")).unwrap_or(0);
    let range = text[key..].find(&written).map_or(key..key, |at| key + at..key + at + written.len());
    vec![Wish { range, bounds, is_partial: false }]
}

/// Requirements in an array.
fn list(value: &DeValue<'_>, text: &str, name: &str) -> Vec<Wish> {
    let items = value.as_array().into_iter().flat_map(|items| items.iter());
    let wish = |item: &toml::Spanned<DeValue<'_>>| {
        let range: Range<usize> = item.span();
        let wish = one(item.get_ref().as_str()?, range.start, name)?;
        Some(Wish { range, ..wish })
    };
    items.filter_map(wish).filter(|wish| text.get(wish.range.clone()).is_some()).collect()
}

/// `gunicorn = "^20.1"`, `gunicorn = {version = "^20.1"}`.
fn entry(table: &DeTable<'_>, name: &str) -> Option<Wish> {
    let value = table.get(name)?;
    let version = match value.get_ref() {
        DeValue::Table(inner) => match inner.get("version") {
            Some(version) => version,
            None => return Some(Wish { range: value.span(), bounds: Vec::new(), is_partial: true }),
        },
        _ => value,
    };
    let range = version.span();
    let text = version.get_ref().as_str().unwrap_or("?").trim();
    if text == "*" {
        return Some(Wish { range, bounds: Vec::new(), is_partial: false });
    }
    // A version alone is that one.
    let read = if text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains([',', ' ', '|']) {
        Some(vec![Bound { operator: Operator::Equal, version: text.into() }])
    } else if text.contains('|') {
        None
    } else {
        bounds(text)
    };
    Some(match read {
        Some(bounds) => Wish { range, bounds, is_partial: false },
        None => Wish { range, bounds: Vec::new(), is_partial: true },
    })
}
