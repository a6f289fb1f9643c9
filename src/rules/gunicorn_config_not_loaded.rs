//! A configuration file that Gunicorn does not find.

use std::collections::BTreeSet;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{App, UnloadedFile};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "gunicorn-config-not-loaded",
    category: Category::Gunicorn,
    severity: Severity::Error,
    summary: "a configuration file that Gunicorn looks for elsewhere",
    outcome: "502, or start-up failure",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/gunicorn-config-not-loaded.md"),
    check,
};

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    for app in &context.deployment.apps {
        if let Some(unloaded) = &app.unloaded
            && seen.insert(app.place)
        {
            findings.push(finding(context, app, unloaded));
        }
    }
}

fn finding(context: &Context, app: &App, unloaded: &UnloadedFile) -> Finding {
    let UnloadedFile { file, looked_for, option, .. } = unloaded;
    let Some(path) = &unloaded.path else { return in_root(context, unloaded, app.place) };
    let named = &context.sources.get(*file).path;
    let (outcome, message, place, text) = match option {
        Some((place, _)) => (
            "start-up failure",
            format!(
                "Gunicorn looks for its configuration at `{looked_for}`, but `{named}` lies at `{path}`: it does not start"
            ),
            *place,
            "seen from where Gunicorn starts",
        ),
        None => (
            "502",
            format!(
                "`{named}`, which lies at `{path}`, is not read: Gunicorn looks for it at `{looked_for}`, and all that it sets is \
                 as it is by default, the address too"
            ),
            app.place,
            "no `-c`, and another directory to start in",
        ),
    };
    // Another address on the command line is listened on all the same.
    let binds =
        app.settings.get("bind").is_some_and(|bind| bind.value.known().is_some() && bind.origin.is_written());
    let message = match binds && option.is_none() {
        true => {
            format!("`{named}`, which lies at `{path}`, is not read: Gunicorn looks for it at `{looked_for}`")
        }
        false => message,
    };
    let primary = Label { span: place, text: text.into() };
    let related = vec![Label { span: Span::new(*file, 0..0), text: "this file is meant".into() }];
    let mut finding = RULE.finding(message, primary, related);
    finding.outcome = outcome.into();
    if binds && option.is_none() {
        finding.severity = Severity::Warning;
        finding.outcome = "settings without effect".into();
    }
    finding.help = Some(format!(
        "name it by its whole path, `-c {path}`: `--chdir` and `--pythonpath` count only after the configuration is read"
    ));
    finding.fix = edit(context, app, unloaded, path)
        .and_then(|edit| Fix::new(format!("read `{path}`"), Applicability::Safe, vec![edit]));
    finding
}

/// A relative path of a service that starts in `/`.
fn in_root(context: &Context, unloaded: &UnloadedFile, start: Span) -> Finding {
    let UnloadedFile { file, looked_for, option, .. } = unloaded;
    let named = &context.sources.get(*file).path;
    let message = format!(
        "Gunicorn looks for its configuration at `{looked_for}`, since a service without `WorkingDirectory=` starts in `/`, and not \
         where `{named}` lies: it does not start"
    );
    let place = option.map_or(start, |(place, _)| place);
    let primary = Label { span: place, text: "seen from `/`".into() };
    let related = vec![Label { span: Span::new(*file, 0..0), text: "this file is meant".into() }];
    let mut finding = RULE.finding(message, primary, related);
    finding.outcome = "start-up failure".into();
    finding.help = Some(
        "set `WorkingDirectory=` to the directory of the project, where its application is looked for, too; or name the file by its \
         whole path"
            .into(),
    );
    finding
}

/// Puts the whole path where the option's value stands, or a new option behind the program's name.
fn edit(context: &Context, app: &App, unloaded: &UnloadedFile, path: &str) -> Option<Edit> {
    if !path.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-')) {
        return None;
    }
    let written = |span: Span| context.sources.text(span);
    match unloaded.option {
        Some((word, tail)) => {
            let length = u32::try_from(tail?).ok()?;
            let value = Span { start: word.end.checked_sub(length)?, ..word };
            let plain = !written(word).contains(['"', '\'', '\\', '$', '%', ' ']);
            plain.then(|| Edit { span: value, replacement: path.to_owned() })
        }
        None => {
            let name = written(app.place);
            let is_name = name.ends_with("gunicorn") && !name.contains(['"', '\'', ' ', '\n']);
            let behind = Span { start: app.place.end, ..app.place };
            is_name.then(|| Edit { span: behind, replacement: format!(" -c {path}") })
        }
    }
}
