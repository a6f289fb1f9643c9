//! The units of a stack, merged: each template once for every instance that the stack names.

use std::collections::{BTreeMap, BTreeSet};

use super::layout::{Layout, UnitFile};
use super::merge::Merged;
use super::name::UnitName;
use super::shadow;
use crate::model::Manager;
use crate::source::{FileId, Sources, Span};
use crate::syntax::Parsed;
use crate::syntax::systemd::Tree;

/// How many instances of a template are told apart; with more it stands for itself, with its instance unknown.
const MAX_INSTANCES: usize = 256;

/// The size of a template, in bytes, above which its instances are not told apart: each is a copy of it.
const MAX_TEMPLATE: usize = 1 << 16;

type Trees = BTreeMap<FileId, Parsed<Tree>>;

/// All units, merged.
pub(super) fn merge<'a>(layout: &Layout, trees: &'a Trees, sources: &Sources) -> Vec<Merged<'a>> {
    let named = named_instances(layout, trees);
    let mut units = Vec::new();
    for unit in &layout.units {
        if !unit.name.is_template() {
            units.push(merged(unit, &unit.name, layout, trees, sources));
            continue;
        }
        let mut instances: BTreeSet<&str> = BTreeSet::new();
        for (home, name) in named.get(&unit.name.text).into_iter().flatten() {
            let concrete = layout.units.iter().any(|it| it.home == unit.home && it.name == *name)
                || layout.masks.contains(&(unit.home.clone(), name.text.clone()));
            if !concrete && (*home == unit.home || layout.homes_of(&unit.name).len() == 1) {
                instances.extend(name.instance.as_deref());
            }
            if instances.len() > MAX_INSTANCES {
                break;
            }
        }
        if instances.len() > MAX_INSTANCES || sources.get(unit.file).text.len() > MAX_TEMPLATE {
            instances.clear();
        }
        let only_template = instances.is_empty();
        // `DefaultInstance=` names the instance of a bare `enable`; others can be enabled besides it.
        let default = default_instance(unit, layout, trees, sources);
        let others = default.as_deref().filter(|instance| !instances.contains(instance));
        let all = instances.into_iter().chain(others);
        units.extend(all.map(|it| merged(unit, &unit.name.with_instance(it), layout, trees, sources)));
        if only_template {
            units.push(merged(unit, &unit.name, layout, trees, sources));
        }
    }
    units
}

/// A unit with its drop-ins.
fn merged<'a>(
    unit: &UnitFile,
    name: &UnitName,
    layout: &Layout,
    trees: &'a Trees,
    sources: &Sources,
) -> Merged<'a> {
    let tree = &trees[&unit.file].tree;
    let source = sources.get(unit.file);
    let place = tree.sections.first().map_or(Span::new(unit.file, 0..0), |section| section.span);
    let masked = source.text.trim().is_empty();
    let mut merged = Merged::new(name.clone(), unit.home.clone(), place, masked);
    merged.read(unit.file, tree, false);
    let drop_ins = layout.drop_ins_of(name, &unit.home);
    merged.shadowed = shadow::shadowed(&drop_ins, trees);
    for drop_in in drop_ins.read {
        if let Some(file) = drop_in.file {
            merged.read(file, &trees[&file].tree, true);
        }
    }
    for drop_in in drop_ins.doubtful {
        if let Some(file) = drop_in.file {
            merged.read_perhaps(Span::new(file, 0..0));
        }
    }
    if drop_ins.unread {
        merged.is_changed = true;
        merged.read_perhaps(Span::new(unit.file, 0..0));
    }
    merged.manager = manager(&merged, &source.path);
    let suffix = source.name().rsplit('.').next().unwrap_or_default();
    merged.envsubst = ["template", "tmpl", "tpl", "in"].contains(&suffix);
    merged
}

/// Which service manager a unit is for: by its directory, and by what only the system's manager has.
fn manager(unit: &Merged<'_>, path: &str) -> Manager {
    let wanted_by = |target: &str| {
        ["WantedBy", "RequiredBy"].iter().any(|key| {
            unit.assignments("Install", key).any(|line| line.value().text.split(' ').any(|it| it == target))
        })
    };
    if unit.home.ends_with(":user") || path.contains("/systemd/user/") || wanted_by("default.target") {
        Manager::User
    } else if unit.home.ends_with(":system")
        || wanted_by("multi-user.target")
        || wanted_by("graphical.target")
        || ["User", "DynamicUser"].iter().any(|key| unit.assignments("Service", key).next().is_some())
    {
        Manager::System
    } else {
        Manager::Unknown
    }
}

/// The instances that the stack names: by a file, by a link in a `.wants` directory, or by a dependency of another
/// unit; by their template, each with the home that it is named in. An instance of a socket brings that of its service.
fn named_instances(layout: &Layout, trees: &Trees) -> BTreeMap<String, BTreeSet<(String, UnitName)>> {
    const KEYS: [&str; 9] =
        ["Wants", "Requires", "BindsTo", "Requisite", "Upholds", "Also", "Unit", "Service", "Sockets"];
    let mut names: BTreeSet<(String, String)> = layout.wanted.iter().cloned().collect();
    let files = layout.units.iter().map(|unit| (&unit.home, unit.file));
    for (home, file) in files.chain(layout.drop_ins.iter().filter_map(|it| Some((&it.home, it.file?)))) {
        for entry in trees[&file].tree.sections.iter().flat_map(|section| &section.entries) {
            if !KEYS.contains(&entry.key.as_str()) || entry.conditional || entry.value.is_template() {
                continue;
            }
            let words = entry.value.text.split(super::words::BLANKS);
            names
                .extend(words.filter(|word| !word.contains('%')).map(|word| (home.clone(), word.to_owned())));
        }
    }
    let mut instances: BTreeMap<String, BTreeSet<(String, UnitName)>> = BTreeMap::new();
    for (home, name) in names {
        let Some(name) = UnitName::parse(&name) else { continue };
        let service = (name.kind == "socket").then(|| UnitName::parse(&name.with_kind("service"))).flatten();
        for name in service.into_iter().chain([name]) {
            if let Some(template) = name.template() {
                instances.entry(template).or_default().insert((home.clone(), name));
            }
        }
    }
    instances
}

/// The instance that `DefaultInstance=` of a template names, where it is a plain text.
fn default_instance(unit: &UnitFile, layout: &Layout, trees: &Trees, sources: &Sources) -> Option<String> {
    let template = merged(unit, &unit.name, layout, trees, sources);
    let line = template.assignments("Install", "DefaultInstance").last()?;
    let text = &line.value().text;
    let plain = !text.is_empty() && !text.contains(['%', '@', '/']) && line.doubt().is_none();
    plain.then(|| text.clone())
}
