//! A Gunicorn that is to become another user than the one that it is started as.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, Datum, Dialect, Manager, Setting, Unit};
use crate::source::{FileId, Span};

pub(super) const RULE: Rule = Rule {
    name: "identity-mismatch",
    category: Category::Systemd,
    severity: Severity::Error,
    summary: "a Gunicorn that is to change its user or group, and may not",
    outcome: "start-up failure",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/identity-mismatch.md"),
    check,
};

/// Programs that go on as another user themselves.
const CHANGERS: [&str; 6] = ["setpriv", "gosu", "su-exec", "setuidgid", "s6-setuidgid", "chpst"];

/// A user or a group on both sides.
struct Pair {
    /// Gunicorn's setting.
    name: &'static str,
    /// The unit's.
    directive: &'static str,
    /// What Gunicorn is told to become, and where.
    wanted: String,
    setting: Setting<Datum>,
    place: Span,
    /// What the unit starts it as.
    given: String,
    given_at: Option<Span>,
}

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut readers: BTreeMap<FileId, usize> = BTreeMap::new();
    for file in context.deployment.apps.iter().filter_map(|app| app.config) {
        *readers.entry(file).or_default() += 1;
    }
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    for (app, unit) in context.deployment.services() {
        if app.behind.is_some() || may_change(unit) {
            continue;
        }
        let pairs = [("user", "User"), ("group", "Group")];
        let pairs: Vec<Pair> = pairs.into_iter().filter_map(|(name, of)| pair(app, unit, name, of)).collect();
        if pairs.first().is_some_and(|first| seen.insert(first.place)) {
            let shared = app.config.is_some_and(|file| readers[&file] > 1);
            findings.push(finding(app, unit, &pairs, shared));
        }
    }
}

/// Whether the unit may start it as root, or let it become somebody else.
fn may_change(unit: &Unit) -> bool {
    let user: Setting<Option<String>> = unit.setting("User");
    let is_other = |user: &Option<String>| user.as_deref().is_some_and(|user| !matches!(user, "root" | "0"));
    let start = || unit.commands_of("ExecStart");
    let is_changer = |text: &String| text.rsplit('/').next().is_some_and(|name| CHANGERS.contains(&name));
    !user.value.must(is_other)
        || unit.manager == Manager::User
        || unit.settings.contains_key("AmbientCapabilities")
        || unit.open.is_some()
        || start().any(|command| command.prefix.contains(['+', '!']))
        || start().any(|command| command.words.iter().any(|word| word.text.may(is_changer)))
}

/// A user or a group that is certainly another one on both sides.
fn pair(app: &App, unit: &Unit, name: &'static str, directive: &'static str) -> Option<Pair> {
    let setting = Setting::clone(app.settings.get(name)?);
    let wanted = match setting.value.known()? {
        Datum::Text(text) => text.clone(),
        Datum::Int(number) => number.to_string(),
        _ => return None,
    };
    let unit_side: Setting<Option<String>> = unit.setting(directive);
    let given = unit_side.value.known()?.clone()?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // Which number a name has only the machine knows.
    let differ = wanted != given && is_number(&wanted) == is_number(&given);
    let place = setting.origin.place?;
    differ.then_some(Pair {
        name,
        directive,
        wanted,
        setting,
        place,
        given,
        given_at: unit_side.origin.place,
    })
}

fn finding(app: &App, unit: &Unit, pairs: &[Pair], shared: bool) -> Finding {
    let first = &pairs[0];
    let to = |pair: &Pair| format!("{} `{}`", pair.name, pair.wanted);
    let changes: Vec<String> = pairs.iter().map(to).collect();
    let message = format!(
        "Gunicorn does not start: it is to go on as {}, and `{}` starts it as {} `{}`, who may not",
        changes.join(" and "),
        unit.name,
        first.name,
        first.given
    );
    let label = |pair: &Pair| {
        let text = format!("{} `{}`, {}", pair.name, pair.wanted, pair.setting.origin.describe("Gunicorn"));
        Label { span: pair.place, text }
    };
    let unit_label = |pair: &Pair| {
        Some(Label { span: pair.given_at?, text: format!("`{}={}`", pair.directive, pair.given) })
    };
    let related = pairs[1..].iter().map(label).chain(pairs.iter().filter_map(unit_label)).collect();
    let mut finding = RULE.finding(message, label(first), related);
    finding.help = Some(format!(
        "leave who it is to the unit, and do without `{}`: only root may become somebody else",
        first.name
    ));
    finding.fix = fix(app, unit, pairs, shared);
    finding
}

/// Makes Gunicorn's side say what the unit's does, which changes nothing, where nobody else reads it.
fn fix(app: &App, unit: &Unit, pairs: &[Pair], shared: bool) -> Option<Fix> {
    let edit = |pair: &Pair| -> Option<Edit> {
        let anchor = pair.setting.origin.anchor?;
        match anchor.dialect {
            Dialect::CommandLine => Some(anchor.set(&pair.given)),
            Dialect::Python if !shared => Some(anchor.set(&format!("\"{}\"", pair.given))),
            _ => None,
        }
    };
    let edits: Vec<Edit> = pairs.iter().map(edit).collect::<Option<_>>()?;
    // A group that nobody names in the unit is another one, perhaps.
    let settled = |name: &str, directive: &str| {
        let is_written = app.settings.get(name).is_some_and(|it| it.origin.is_written());
        !is_written || unit.setting::<String>(directive).value.must(Option::is_some)
    };
    if !settled("user", "User") || !settled("group", "Group") {
        return None;
    }
    Fix::new("let Gunicorn be who it is started as", Applicability::Safe, edits)
}
