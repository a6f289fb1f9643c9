//! What is typed goes over what is configured.

use std::path::PathBuf;

use super::Settings;
use super::selector::Selector;
use crate::finding::Severity;
use crate::rules::RULES;

/// Where values come from that were typed.
const ORIGIN: &str = "command line";

/// What the command line says of the policy.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// What is on.
    pub select: Vec<Selector>,
    /// What is off.
    pub ignore: Vec<Selector>,
    /// What findings are instead of what their rules say; `None` is off.
    pub severity: Vec<(Selector, Option<Severity>)>,
    /// The mildest severity that makes a run fail.
    pub fail_on: Option<Severity>,
    /// Whether notes are shown; as it is configured where nothing is said.
    pub pedantic: Option<bool>,
    /// The list of the findings that are known; `Some(None)` is none, whatever is configured.
    pub baseline: Option<Option<PathBuf>>,
}

impl Typed {
    /// Puts it over settings.
    ///
    /// `--select` takes the place of all that the file says of which rules are on: `select`, `ignore` and what is `off`.
    /// `--ignore` is added, and what it names is off, however closely the file selects it. `--severity` goes over what the
    /// file says of the rules that it names.
    pub fn apply(&self, settings: &mut Settings) {
        if !self.select.is_empty() {
            settings.select.clone_from(&self.select);
            settings.ignore.clone_from(&self.ignore);
            settings.severity.retain(|(_, severity)| severity.is_some());
            set(settings, "select");
            settings.origins.remove("ignore");
            if !self.ignore.is_empty() {
                set(settings, "ignore");
            }
        } else if !self.ignore.is_empty() {
            settings.ignore.extend(&self.ignore);
            let is_named =
                |name: &str| RULES.iter().any(|rule| rule.name == name && covered(&self.ignore, rule));
            let left: Vec<&str> = RULES
                .iter()
                .map(|rule| rule.name)
                .filter(|name| is_named(name) && settings.is_on(name))
                .collect();
            settings.ignore.extend(left.into_iter().map(Selector::Rule));
            add(settings, "ignore");
        }
        for (selector, severity) in &self.severity {
            settings.severity.retain(|(other, _)| !contains(*selector, *other));
            settings.severity.push((*selector, *severity));
            set(settings, &format!("severity.{}", selector.name()));
        }
        if let Some(fail_on) = self.fail_on {
            settings.fail_on = fail_on;
            set(settings, "fail-on");
        }
        if let Some(pedantic) = self.pedantic {
            settings.pedantic = pedantic;
            set(settings, "pedantic");
        }
        if let Some(baseline) = &self.baseline {
            settings.baseline_file.clone_from(baseline);
            set(settings, "baseline");
        }
        settings.settle();
    }
}

fn covered(selectors: &[Selector], rule: &crate::rules::Rule) -> bool {
    selectors.iter().any(|selector| selector.covers(rule))
}

/// Whether all rules that one selector means are meant by another.
fn contains(outer: Selector, inner: Selector) -> bool {
    RULES.iter().filter(|rule| inner.covers(rule)).all(|rule| outer.covers(rule))
}

fn set(settings: &mut Settings, key: &str) {
    settings.origins.insert(key.into(), ORIGIN.into());
}

fn add(settings: &mut Settings, key: &str) {
    let before = settings.origins.get(key).map(|before| format!("{before}, ")).unwrap_or_default();
    settings.origins.insert(key.into(), format!("{before}{ORIGIN}"));
}
