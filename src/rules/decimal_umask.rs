//! A umask that was meant in octal and is read as decimal.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Anchor, App, AppKind, Dialect, Setting};
use crate::source::Span;
use crate::value::Endpoint;

pub(super) const RULE: Rule = Rule {
    name: "decimal-umask",
    category: Category::Gunicorn,
    severity: Severity::Warning,
    summary: "a `umask` that reads octal and is decimal",
    outcome: "502",
    fix: Fixable::Always,
    page: include_str!("../../rules/decimal-umask.md"),
    check,
};

/// What nginx commonly runs as: an app of one of these users, or of its group, is not shut off from it.
pub(super) const WEB_USERS: [&str; 5] = ["www-data", "nginx", "http", "nobody", "apache"];

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    for app in context.deployment.apps.iter().filter(|app| app.kind == AppKind::Gunicorn) {
        let umask: Setting<i64> = app.setting("umask");
        let (Some(value), Some(anchor)) = (umask.value.known(), umask.origin.anchor) else { continue };
        let written = context.sources.text(anchor.value).trim_matches(['"', '\'']);
        let Some(meant) = meant(*value, written) else { continue };
        if seen.insert(anchor.span) {
            findings.push(finding(context, app, *value, meant, anchor, &umask));
        }
    }
}

/// Whether this rule speaks of an app's umask.
pub(super) fn is_of(context: &Context, app: &App) -> bool {
    let umask: Setting<i64> = app.setting("umask");
    let written = umask.origin.anchor.map_or("", |anchor| context.sources.text(anchor.value));
    umask.value.known().is_some_and(|value| meant(*value, written.trim_matches(['"', '\''])).is_some())
}

/// What the digits of a decimal umask mean in octal, where that is what was meant: an octal umask takes from others at least
/// what it takes from the group, and from the group what it takes from the owner. Numbers of which the decimal reading does
/// so as well are left alone, since somebody may have computed them; but for 22 and 27, which nobody computes.
fn meant(value: i64, written: &str) -> Option<i64> {
    let decimal = value >= 8 && written == value.to_string();
    let octal = i64::from_str_radix(written, 8).ok().filter(|octal| decimal && *octal <= 0o777)?;
    (is_usual(octal) && (!is_usual(value) || matches!(value, 22 | 27))).then_some(octal)
}

/// Whether a umask leaves the owner no less than the group and the group no less than others, and nobody the right to write
/// what he may not read.
fn is_usual(umask: i64) -> bool {
    let digits = [umask >> 6 & 7, umask >> 3 & 7, umask & 7];
    umask <= 0o777
        && digits.is_sorted_by(|more, fewer| more & !fewer == 0)
        && digits.iter().all(|digit| !matches!(digit, 4 | 5))
}

/// Whether the socket is certainly the app's own, and lets no other user connect.
fn shuts_out(context: &Context, app: &App, value: i64) -> bool {
    let mode = 0o777 & !value;
    let listeners = app.listeners.value.known().map_or(&[][..], Vec::as_slice);
    let has_socket = app.binds_itself() && listeners.iter().any(|it| matches!(it, Endpoint::Unix(_)));
    let Some(unit) = app.unit.map(|id| context.deployment.unit(id)) else { return false };
    let of_web = |key: &str| {
        let account = unit.settings.get(key).map(|setting| setting.read::<String>());
        account.is_some_and(|it| it.value.may(|name| WEB_USERS.contains(&name.as_str())))
    };
    let may_change = |name: &str| app.settings.get(name).is_none_or(|it| it.origin.is_written());
    has_socket
        && !may_change("user")
        && !may_change("group")
        && mode & 0o002 == 0
        && !of_web("User")
        && (mode & 0o020 == 0 || !of_web("Group"))
}

fn finding(
    context: &Context,
    app: &App,
    value: i64,
    meant: i64,
    anchor: Anchor,
    umask: &Setting<i64>,
) -> Finding {
    let shut = shuts_out(context, app, value);
    let (mode, files) = (0o777 & !value, 0o666 & !value);
    let consequence = match shut {
        true => format!("its socket gets the mode {mode:04o}, and nginx, which is another user, a 502"),
        false => format!("what it creates gets the modes {mode:04o} and {files:04o}"),
    };
    let message =
        format!("`umask` is {value}, which is decimal and means 0o{value:o}, not 0o{meant:o}: {consequence}");
    let primary = Label {
        span: anchor.span,
        text: format!("0o{value:o} in octal, {}", umask.origin.describe("Gunicorn")),
    };
    let mut finding = RULE.finding(message, primary, Vec::new());
    if !shut {
        finding.severity = Severity::Note;
        finding.outcome = "permissions that nobody meant".into();
    }
    let spelt = match anchor.dialect {
        Dialect::CommandLine => format!("0{meant:o}"),
        _ => format!("0o{meant:o}"),
    };
    finding.help = Some(format!(
        "write `{spelt}`, with which a socket gets the mode {:04o}: connecting takes the right to write; without a \
         `umask` everybody has it",
        0o777 & !meant
    ));
    let quoted = context.sources.text(anchor.value).starts_with(['"', '\'']);
    let replacement = if quoted { format!("\"{spelt}\"") } else { spelt.clone() };
    finding.fix = Fix::new(
        format!("write the umask as {spelt}"),
        Applicability::Unsafe,
        vec![anchor.set(&replacement)],
    );
    finding
}
