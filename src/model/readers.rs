//! Which apps read a text, and other values for their settings, written where a person would write them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Anchor, App, AppId, Datum, Deployment, Dialect, OriginKind};
use crate::edit::{Applicability, Edit};
use crate::source::{FileId, Sources, Span};

/// Settings and their options, in the order of Gunicorn's manual: what stands together there stands together in files.
const ORDER: [(&str, &str); 15] = [
    ("bind", "--bind"),
    ("protocol", "--protocol"),
    ("backlog", "--backlog"),
    ("workers", "--workers"),
    ("worker_class", "--worker-class"),
    ("threads", "--threads"),
    ("worker_connections", "--worker-connections"),
    ("max_requests", "--max-requests"),
    ("max_requests_jitter", "--max-requests-jitter"),
    ("timeout", "--timeout"),
    ("graceful_timeout", "--graceful-timeout"),
    ("keepalive", "--keep-alive"),
    ("limit_request_line", "--limit-request-line"),
    ("limit_request_fields", "--limit-request-fields"),
    ("limit_request_field_size", "--limit-request-field_size"),
];

/// The apps that read each configuration file and are started by each command line.
#[derive(Clone, Debug)]
pub struct Readers<'a> {
    deployment: &'a Deployment,
    files: BTreeMap<FileId, Vec<AppId>>,
    lines: BTreeMap<Span, Vec<AppId>>,
}

impl<'a> Readers<'a> {
    /// The readers of a stack's texts.
    pub fn new(deployment: &'a Deployment) -> Readers<'a> {
        let mut readers = Readers { deployment, files: BTreeMap::new(), lines: BTreeMap::new() };
        for (at, app) in deployment.apps.iter().enumerate() {
            let id = AppId(at as u32);
            readers.lines.entry(app.place).or_default().push(id);
            if let Some(file) = app.config {
                readers.files.entry(file).or_default().push(id);
            }
        }
        readers
    }

    /// Gives settings of an app other values: each where it is written, and those that nobody wrote in the configuration
    /// file that the app reads, else on its command line, beside their kin. With it, how safe it is to replace what
    /// is written.
    ///
    /// `None` where one of them comes by another way, cannot be written there, or would reach an app that is none of
    /// `apps`.
    pub fn set(
        &self,
        id: AppId,
        settings: &[(&'static str, Datum)],
        apps: &BTreeSet<AppId>,
        sources: &Sources,
    ) -> Option<(Vec<Edit>, Applicability)> {
        let app = self.deployment.app(id);
        let these_alone =
            |readers: Option<&Vec<AppId>>| readers.is_none_or(|all| all.iter().all(|it| apps.contains(it)));
        let place = Place {
            app,
            sources,
            file: app.config.filter(|file| these_alone(self.files.get(file))),
            line: Some(app.place).filter(|place| these_alone(self.lines.get(place))),
        };
        let (mut edits, mut missing, mut how) = (Vec::new(), Vec::new(), Applicability::Safe);
        for (name, value) in settings {
            let origin = &app.settings.get(name)?.origin;
            match (origin.kind, origin.anchor) {
                (OriginKind::Default, _) => missing.push((*name, value)),
                (OriginKind::Written | OriginKind::CommandLine, Some(anchor)) if place.holds(&anchor) => {
                    edits.push(replaced(&anchor, value, sources)?);
                    how = how.min(anchor.replacing(sources));
                }
                _ => return None,
            }
        }
        if !missing.is_empty() {
            edits.push(place.in_file(&missing).or_else(|| place.on_line(&missing))?);
        }
        Some((edits, how))
    }
}

/// Where settings of an app can be written.
struct Place<'a> {
    app: &'a App,
    sources: &'a Sources,
    /// Its configuration file, where that is for it.
    file: Option<FileId>,
    /// The program's word of its command line, where that is for it.
    line: Option<Span>,
}

impl Place<'_> {
    /// Whether a setting stands where it is for this app.
    fn holds(&self, anchor: &Anchor) -> bool {
        match anchor.dialect {
            Dialect::Python => self.file == Some(anchor.span.file),
            Dialect::CommandLine => self.line.is_some_and(|line| line.file == anchor.span.file),
            Dialect::Nginx | Dialect::Unit => false,
        }
    }

    /// Settings on lines of their own in the configuration file: behind the nearest of those that go before them, else
    /// of those that follow, else behind the last one. What stands at the margin is done whenever the file is read.
    fn in_file(&self, settings: &[(&'static str, &Datum)]) -> Option<Edit> {
        let is_at_margin = |anchor: &Anchor| {
            let before = &self.sources.get(anchor.span.file).text[..anchor.span.start as usize];
            anchor.dialect == Dialect::Python
                && self.holds(anchor)
                && (before.is_empty() || before.ends_with('\n'))
        };
        let kin = kin(settings.first()?.0);
        let all = self.app.settings.values().filter_map(|it| it.origin.anchor);
        let anchor = self
            .app
            .anchors(&kin)
            .find(is_at_margin)
            .or_else(|| all.filter(is_at_margin).max_by_key(|anchor| anchor.span))?;
        let written: Vec<_> = settings.iter().map(|(name, value)| (*name, in_python(value))).collect();
        anchor.add_after(self.sources, &written)
    }

    /// Options behind the nearest of their kin on the command line, or behind the program, where that is a word by itself.
    fn on_line(&self, settings: &[(&'static str, &Datum)]) -> Option<Edit> {
        let program = self.line.filter(|line| self.sources.text(*line).ends_with("gunicorn"))?;
        let mut options = String::new();
        for (name, value) in settings {
            let (_, option) = ORDER.iter().find(|(it, _)| it == name)?;
            options.push_str(&format!(" {option} {}", on_line(value)?));
        }
        let text = &self.sources.get(program.file).text;
        let is_plain =
            |word: &str| !word.is_empty() && !word.contains(['"', '\'', '\\', '\n', ' ', '$', '[', ',']);
        let is_word = |word: &Span| {
            let next = text[word.end as usize..].chars().next();
            is_plain(self.sources.text(*word)) && next.is_none_or(char::is_whitespace)
        };
        let kin = kin(settings.first()?.0);
        let on_this =
            self.app.anchors(&kin).filter(|it| it.dialect == Dialect::CommandLine && self.holds(it));
        let word = on_this.map(|it| it.value).chain([program]).find(is_word)?;
        Some(Edit { span: Span { start: word.end, ..word }, replacement: options })
    }
}

/// What a setting stands beside: the nearest of those that go before it first, then of those that follow.
fn kin(name: &str) -> Vec<&'static str> {
    let names = ORDER.map(|(name, _)| name);
    let at = names.iter().position(|it| *it == name).unwrap_or(names.len());
    let (before, after) = names.split_at(at);
    before.iter().rev().chain(after.iter().skip(1)).copied().collect()
}

/// Another value where one stands. A text takes the place of what is between the quotes of the only one that is written.
fn replaced(anchor: &Anchor, value: &Datum, sources: &Sources) -> Option<Edit> {
    match (anchor.dialect, value) {
        (Dialect::CommandLine, _) => Some(anchor.set(&on_line(value)?)),
        (_, Datum::Text(text)) => {
            let inner = only_text(sources.text(anchor.value))?;
            let start = anchor.value.start + inner.start as u32;
            let span = Span { start, end: start + inner.len() as u32, ..anchor.value };
            Some(Edit { span, replacement: is_plain(text).then(|| text.clone())? })
        }
        _ => Some(anchor.set(&value.to_string())),
    }
}

/// What is between the quotes of a plain string, or of the only one in a list.
fn only_text(written: &str) -> Option<std::ops::Range<usize>> {
    let listed = written.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let item = listed.map_or(written, |items| items.trim_end().trim_end_matches(',')).trim();
    let quote = item.chars().next().filter(|it| matches!(it, '"' | '\''))?;
    let inner = item.strip_prefix(quote)?.strip_suffix(quote)?;
    let start = written.find(quote)? + 1;
    (!inner.contains([quote, '\\', '\n'])).then(|| start..start + inner.len())
}

fn in_python(value: &Datum) -> String {
    match value {
        Datum::Text(text) => format!("\"{text}\""),
        other => other.to_string(),
    }
}

/// A value as a word of a command line, if it is one whoever reads that.
fn on_line(value: &Datum) -> Option<String> {
    let text = value.to_string();
    is_plain(&text).then_some(text)
}

/// Whether each byte stands for itself in a string of Python's, in a unit and in a shell.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+:[]".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_stands_behind_what_goes_before_it() {
        assert_eq!(kin("timeout")[..3], ["max_requests_jitter", "max_requests", "worker_connections"]);
        assert_eq!(kin("bind")[..2], ["protocol", "backlog"]);
        assert_eq!(kin("keepalive").last(), Some(&"limit_request_field_size"));
    }

    #[test]
    fn one_text_is_replaced_between_its_quotes() {
        for (written, text) in [
            ("\"a:1\"", Some("a:1")),
            ("'a:1'", Some("a:1")),
            ("[\"a:1\"]", Some("a:1")),
            ("[\n    'a:1',\n]", Some("a:1")),
            ("f\"a:{PORT}\"", None),
            ("\"a:\" + PORT", None),
            ("\"a\" \":1\"", None),
            ("[\"a:1\", \"b:1\"]", None),
            ("(\"a:1\")", None),
            ("\"a:\\x31\"", None),
            ("\"\"\"a:1\"\"\"", None),
            ("ADDRESS", None),
            ("\"", None),
        ] {
            assert_eq!(only_text(written).map(|it| &written[it]), text, "{written}");
        }
    }
}
