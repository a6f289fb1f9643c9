//! What hoplint is built of: where it comes from, under which licences, how much it is, and which Rust it takes.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::support::root;

/// The most crates that the program is built of, those of other systems and those that only run while it is built counted in.
const MOST: usize = 105;

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn table(path: &str) -> toml::Table {
    text(path).parse().unwrap()
}

/// What cargo says of all packages of the lock file.
fn metadata() -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version=1", "--locked"]).current_dir(root());
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn string<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Whether one way to choose among licences takes allowed ones alone. Expressions that nest deeper than `(A OR B) AND C` are
/// not known, and so not allowed.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace('/', " OR ").replace("  ", " ");
    let either = |part: &str| {
        let part = part.trim_start_matches('(').trim_end_matches(')');
        part.split(" OR ").any(|licence| allowed.contains(licence.trim()))
    };
    expression.split(" AND ").all(either)
}

#[test]
fn all_comes_from_one_registry_under_licences_that_are_allowed() {
    let deny = table("deny.toml");
    let allowed = deny["licenses"]["allow"].as_array().unwrap();
    let allowed: BTreeSet<String> = allowed.iter().map(|it| it.as_str().unwrap().to_owned()).collect();
    assert!(
        is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0", &allowed) && is_allowed("GPL-3.0/MIT", &allowed)
    );
    assert!(!is_allowed("GPL-3.0", &allowed) && !is_allowed("MIT AND GPL-3.0", &allowed));
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in list(&metadata, "packages") {
        let (name, source) = (string(package, "name"), string(package, "source"));
        if name != "hoplint" && source != "registry+https://github.com/rust-lang/crates.io-index" {
            wrong.push(format!("{name} comes from {source:?}"));
        }
        let licence = string(package, "license");
        if !is_allowed(licence, &allowed) {
            wrong.push(format!("{name} is under {licence:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The versions of all crates that the program is built of, by name: what only tests are built with is left out.
fn built_in(metadata: &Value) -> BTreeMap<&str, Vec<&str>> {
    let nodes = list(&metadata["resolve"], "nodes");
    let by_id: BTreeMap<&str, &Value> = nodes.iter().map(|node| (string(node, "id"), node)).collect();
    let (mut seen, mut next) = (BTreeSet::new(), vec![string(&metadata["resolve"], "root")]);
    while let Some(id) = next.pop() {
        if !seen.insert(id) {
            continue;
        }
        for dependency in list(by_id[id], "deps") {
            let is_built_in = |kind: &Value| kind["kind"].as_str() != Some("dev");
            if list(dependency, "dep_kinds").iter().any(is_built_in) {
                next.push(string(dependency, "pkg"));
            }
        }
    }
    let mut crates: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in list(metadata, "packages").iter().filter(|it| seen.contains(string(it, "id"))) {
        crates.entry(string(package, "name")).or_default().push(string(package, "version"));
    }
    crates
}

#[test]
fn no_more_is_built_in_than_is_accounted_for() {
    let metadata = metadata();
    let crates = built_in(&metadata);
    assert!(crates.len() <= MOST, "{} crates: {:?}", crates.len(), crates.keys());
    assert!(crates.contains_key("pest") && !crates.contains_key("proptest"), "{:?}", crates.keys());
    let deny = table("deny.toml");
    let known: BTreeSet<&str> = deny["bans"]["skip"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["crate"].as_str().unwrap().split('@').next().unwrap())
        .collect();
    let twice: BTreeSet<&str> =
        crates.iter().filter(|(_, versions)| versions.len() > 1).map(|(name, _)| *name).collect();
    assert_eq!(twice, known, "crates of several versions");
}

#[test]
fn the_oldest_rust_is_one_number_and_enough_for_all() {
    let number = |version: &str| -> Vec<u32> { version.split('.').map(|it| it.parse().unwrap()).collect() };
    let manifest = table("Cargo.toml");
    let stated = manifest["package"]["rust-version"].as_str().unwrap();
    for page in ["docs/quick-start.md", "docs/dependencies.md"] {
        assert!(text(page).contains(&format!("Rust {stated}")), "{page} states another Rust");
    }
    let metadata = metadata();
    for package in list(&metadata, "packages") {
        let wanted = string(package, "rust_version");
        let is_enough = wanted.is_empty() || number(wanted)[..2] <= number(stated)[..2];
        assert!(is_enough, "{} wants Rust {wanted}", string(package, "name"));
    }
}

#[test]
fn no_code_of_ours_is_unsafe() {
    assert_eq!(table("Cargo.toml")["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
}
