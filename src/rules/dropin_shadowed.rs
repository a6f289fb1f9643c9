//! A drop-in that is not read, since a more specific one has its name.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Shadowed, Unit};

pub(super) const RULE: Rule = Rule {
    name: "dropin-shadowed",
    category: Category::Systemd,
    severity: Severity::Warning,
    summary: "a drop-in that another one of the same name hides, with settings that are lost",
    outcome: "silently ignored",
    fix: Fixable::Never,
    page: include_str!("../../rules/dropin-shadowed.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    // The instances of a template share its drop-ins.
    let mut seen = BTreeSet::new();
    for unit in &context.deployment.units {
        for shadowed in &unit.shadowed {
            if seen.insert((shadowed.place, shadowed.by)) {
                findings.push(finding(context, unit, shadowed));
            }
        }
    }
}

fn finding(context: &Context, unit: &Unit, shadowed: &Shadowed) -> Finding {
    let Shadowed { place, by, lost } = shadowed;
    let other = &context.sources.get(by.file).path;
    let settings = lost.iter().map(|name| format!("`{name}=`")).collect::<Vec<_>>().join(", ");
    let message = format!(
        "`{}` does not read this drop-in: `{other}` has the same name and is read instead, without {settings}",
        unit.name
    );
    let label = Label { span: *place, text: "not read".into() };
    let related = vec![Label { span: *by, text: "read instead".into() }];
    let mut finding = RULE.finding(message, label, related);
    finding.help = Some(
        "give one of the two another name; `systemctl cat` shows which are read, and what is to be left out on purpose is \
         hidden by an empty file"
            .into(),
    );
    finding
}
