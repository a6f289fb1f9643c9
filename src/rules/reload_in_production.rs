//! A service that restarts its workers whenever a file changes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, AppKind, Dialect, OriginKind, Setting, Unit, remove_word};
use crate::source::{FileId, Span};
use crate::value::is_not_for_users;

pub(super) const RULE: Rule = Rule {
    name: "reload-in-production",
    category: Category::Gunicorn,
    severity: Severity::Warning,
    summary: "a service that restarts its workers whenever a file of the app changes",
    outcome: "restarts, tracebacks",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/reload-in-production.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut readers: BTreeMap<FileId, usize> = BTreeMap::new();
    for file in context.deployment.apps.iter().filter_map(|app| app.config) {
        *readers.entry(file).or_default() += 1;
    }
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    for app in context.deployment.apps.iter().filter(|app| app.kind == AppKind::Gunicorn) {
        let reload: Setting<bool> = app.setting("reload");
        let Some(place) = reload.origin.place.filter(|_| reload.value.must(|reload| *reload)) else {
            continue;
        };
        let Some(unit) = app.unit.map(|id| context.deployment.unit(id)) else { continue };
        if is_for_users(context, app, unit) && seen.insert(place) {
            let shared = app.config.is_some_and(|file| readers[&file] > 1);
            findings.push(Finding {
                fix: fix(context, &reload, place, shared),
                ..finding(app, unit, &reload, place)
            });
        }
    }
}

/// Whether nothing says that the service is a developer's, or one for tests.
fn is_for_users(context: &Context, app: &App, unit: &Unit) -> bool {
    let files = unit.files.iter().chain(&app.config).map(|file| context.sources.get(*file).path.as_str());
    let written = ["Description", "WorkingDirectory", "Environment", "EnvironmentFile"];
    let texts = written.iter().filter_map(|name| unit.settings.get(*name)?.origin.place);
    let texts = texts.map(|place| context.sources.text(place));
    let directory = app.working_directory.value.known().map(String::as_str);
    let target = app.target.value.known().map(String::as_str);
    let names = [Some(unit.name.as_str()), directory, target].into_iter().flatten();
    !files.chain(names).chain(texts).any(is_not_for_users)
}

fn finding(app: &App, unit: &Unit, reload: &Setting<bool>, place: Span) -> Finding {
    let message = format!(
        "`{}` runs with `reload`: its workers restart whenever a file of the app changes, in the middle of a deployment \
         too, and a file that cannot be read yet makes each request a 500 that shows the traceback",
        unit.name
    );
    let text = format!("`reload` is on, {}", reload.origin.describe("Gunicorn"));
    let mut related = Vec::new();
    if reload.origin.kind != OriginKind::CommandLine {
        related.push(Label { span: app.place, text: "started here, as a service".into() });
    }
    let mut finding = RULE.finding(message, Label { span: place, text }, related);
    finding.help = Some(
        "Gunicorn's documentation means it for development; `systemctl reload` with `ExecReload=/bin/kill -HUP $MAINPID` \
         takes new code in when all of it is there"
            .into(),
    );
    finding
}

/// Takes the option away, or turns the setting off in a file that nobody else reads.
fn fix(context: &Context, reload: &Setting<bool>, place: Span, shared: bool) -> Option<Fix> {
    let (edit, applicability) = match (reload.origin.kind, reload.origin.anchor) {
        (OriginKind::CommandLine, _) if context.sources.text(place) == "--reload" => {
            (remove_word(place, context.sources)?, Applicability::Safe)
        }
        (OriginKind::Written, Some(anchor)) if anchor.dialect == Dialect::Python && !shared => {
            (anchor.set("False"), anchor.replacing(context.sources))
        }
        _ => return None,
    };
    Fix::new("do without `reload`", applicability, vec![edit])
}
