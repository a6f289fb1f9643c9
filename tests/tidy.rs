//! What holds of the house itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hoplint::rules::RULES;

use crate::support::{files_below, names_in, root};

/// Which module may import which: the table of docs/architecture.md. A module may always import itself.
const LAYERS: [(&str, &[&str]); 19] = [
    ("source", &[]),
    ("value", &[]),
    ("limits", &["value"]),
    ("directives", &["value"]),
    ("units", &["value"]),
    ("edit", &["source"]),
    ("syntax", &["source", "directives", "units"]),
    ("model", &["source", "value", "edit", "directives"]),
    ("finding", &["source", "edit"]),
    ("fingerprint", &["source", "finding"]),
    ("baseline", &[]),
    ("resolve", &["source", "value", "limits", "directives", "units", "edit", "syntax", "model"]),
    ("rules", &["source", "value", "edit", "model", "finding"]),
    ("config", &["source", "value", "limits", "model", "finding", "baseline", "rules"]),
    ("suppress", &["source", "edit", "syntax", "finding", "rules"]),
    (
        "check",
        &[
            "source",
            "value",
            "edit",
            "model",
            "finding",
            "fingerprint",
            "resolve",
            "config",
            "rules",
            "suppress",
        ],
    ),
    ("fix", &["source", "edit", "finding", "config", "suppress", "check"]),
    (
        "output",
        &["source", "value", "edit", "model", "finding", "fingerprint", "config", "rules", "check", "fix"],
    ),
    ("discover", &["source", "value", "limits", "directives", "syntax", "resolve", "baseline", "config"]),
];

/// What belongs to one module alone.
const KEPT: [(&str, &[&str]); 4] = [
    ("std::fs", &["discover"]),
    ("std::process", &["cli", "main"]),
    ("std::env", &["discover", "cli"]),
    ("std::net::Tcp", &[]),
];

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The files of src/, each with the module that it belongs to and its code without comments and tests.
fn modules() -> Vec<(PathBuf, String, String)> {
    let src = root().join("src");
    let files = files_below(&src).into_iter().filter(|path| !path.ends_with("tests.rs"));
    let modules = files.map(|path| {
        let inside = path.strip_prefix(&src).unwrap().to_owned();
        let first = Path::new(inside.components().next().unwrap().as_os_str());
        let module = first.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        (inside, module, code.split_inclusive('\n').filter(is_code).collect())
    });
    modules.collect()
}

/// The modules that some code names after `crate::`, also inside `use crate::{...}`.
fn imports(code: &str) -> BTreeSet<&str> {
    let mut imports = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(list) => {
                let (mut depth, mut fresh) = (0_usize, true);
                for (at, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => fresh = true,
                        c if fresh && c.is_ascii_lowercase() => {
                            imports.insert(identifier(&list[at..]));
                            fresh = false;
                        }
                        _ => {}
                    }
                }
            }
            None => {
                imports.insert(identifier(after));
            }
        }
    }
    imports
}

fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

#[test]
fn modules_import_from_lower_layers_alone() {
    assert_eq!(
        imports("use crate::{a::{b, c}, d};\nlet x = crate::e::f();"),
        BTreeSet::from(["a", "d", "e"])
    );
    let mut wrong = Vec::new();
    for (path, module, code) in modules() {
        if matches!(module.as_str(), "lib" | "main" | "cli") {
            continue;
        }
        let (_, allowed) = LAYERS
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("src/{} is in no layer", path.display()));
        for import in imports(&code) {
            if import != module && !allowed.contains(&import) {
                wrong.push(format!("src/{} imports {import}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_architecture_names_every_module() {
    let (lib, architecture) = (text("src/lib.rs"), text("docs/architecture.md"));
    let modules: Vec<&str> = lib
        .split_inclusive('\n')
        .filter_map(|line| line.trim_end().strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let known: Vec<&str> = LAYERS.iter().map(|(name, _)| *name).chain(["cli"]).collect();
    assert_eq!(BTreeSet::from_iter(modules.iter()), BTreeSet::from_iter(known.iter()));
    for module in modules {
        assert!(
            architecture.contains(&format!("`{module}.rs`")),
            "docs/architecture.md leaves out {module}.rs"
        );
    }
}

#[test]
fn the_world_is_touched_in_one_place() {
    let mut wrong = Vec::new();
    for (path, module, code) in modules() {
        for (what, keepers) in KEPT {
            // `use std::{fs, ...}` is `std::fs` too.
            let (root, leaf) = what.rsplit_once("::").unwrap();
            let listed = code.split(&format!("{root}::{{")).skip(1).any(|list| {
                let list = list.split('}').next().unwrap_or_default();
                list.split(',').any(|name| name.trim() == leaf)
            });
            if (listed || code.contains(what)) && !keepers.contains(&module.as_str()) {
                wrong.push(format!("src/{} uses {what}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn there_is_one_page_and_one_file_for_each_rule() {
    let names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert!(names.is_sorted() && names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    let stems = |directory: &str, suffix: &str| -> Vec<String> {
        // A rule of several files has a directory besides.
        let names = names_in(&root().join(directory)).into_iter();
        names.filter_map(|name| Some(name.strip_suffix(suffix)?.replace('_', "-"))).collect()
    };
    assert_eq!(stems("rules", ".md"), names);
    assert_eq!(stems("src/rules", ".rs"), names);
    for rule in RULES {
        assert!(rule.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", rule.name);
        assert!(!rule.summary.ends_with('.') && !rule.summary.is_empty(), "{}", rule.name);
        assert_eq!(rule.page, text(&format!("rules/{}.md", rule.name)), "the page of another rule");
    }
}

#[test]
fn every_dependency_is_accounted_for() {
    let (manifest, page) = (text("Cargo.toml"), text("docs/dependencies.md"));
    let manifest: toml::Table = manifest.parse().unwrap();
    let cells = page.split_inclusive('\n').filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let accounted: BTreeSet<&str> = cells
        .flat_map(|cell| cell.trim_end_matches(" (tests)").split(", "))
        .map(|it| it.trim_matches('`'))
        .collect();
    for table in ["dependencies", "dev-dependencies"] {
        for name in manifest[table].as_table().unwrap().keys() {
            assert!(accounted.contains(name.as_str()), "docs/dependencies.md leaves out {name}");
        }
    }
}

#[test]
fn files_stay_small() {
    let lines = |code: &str| code.split_inclusive('\n').count();
    let mut sizes: Vec<(usize, PathBuf)> =
        modules().into_iter().map(|(path, _, code)| (lines(&code), path)).collect();
    sizes.sort();
    let (median, (largest, path)) = (&sizes[sizes.len() / 2].0, sizes.last().unwrap());
    assert!(*median <= 150, "the median file has {median} lines of code");
    assert!(*largest <= 500, "src/{} has {largest} lines of code: one idea, or several?", path.display());
}
