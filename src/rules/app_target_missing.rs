//! An application that is not where the command line says.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, MissingTarget};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "app-target-missing",
    category: Category::Gunicorn,
    severity: Severity::Warning,
    summary: "an application that the tree has under another name, or not at all",
    outcome: "start-up failure",
    fix: Fixable::Never,
    page: include_str!("../../rules/app-target-missing.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    for app in &context.deployment.apps {
        let place = app.target.origin.place.unwrap_or(app.place);
        if let Some(missing) = &app.missing
            && seen.insert(place)
        {
            findings.push(finding(app, missing, place));
        }
    }
}

fn finding(app: &App, missing: &MissingTarget, place: Span) -> Finding {
    let target = app.target.value.known().map_or("", String::as_str);
    let attribute = target.split_once(':').map_or(String::new(), |(_, name)| format!(":{name}"));
    let (message, help) = match missing {
        MissingTarget::Module { module, instead } => (
            format!(
                "there is no module `{module}`: the workers do not boot, and Gunicorn ends with \
                 `ModuleNotFoundError: No module named '{module}'`"
            ),
            match instead {
                Some(instead) => format!("the tree has one that is spelt otherwise: `{instead}{attribute}`"),
                None => "the package is in the tree, and the module is not in it".into(),
            },
        ),
        MissingTarget::Name { module, file, name, instead } => (
            format!(
                "`{file}` has no `{name}`: the workers do not boot, and Gunicorn ends with `Failed to find \
                 attribute '{name}' in '{module}'.`"
            ),
            match instead {
                Some(instead) => format!("its application is called `{instead}`: `{module}:{instead}`"),
                None if attribute.is_empty() => {
                    "without a name behind a colon Gunicorn takes `application`; write `module:name`".into()
                }
                None => "name what the module defines".into(),
            },
        ),
    };
    let text = format!("the application, {}", app.target.origin.describe("Gunicorn"));
    let mut finding = RULE.finding(message, Label { span: place, text }, Vec::new());
    finding.help = Some(help);
    finding
}
