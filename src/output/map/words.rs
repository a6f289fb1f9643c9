//! Values and where they come from, in words.

use std::collections::{BTreeMap, BTreeSet};

use super::super::paint::{Run, Tone, run};
use crate::model::{Datum, Deployment, LevelId, Main, Origin, OriginKind, Setting};
use crate::source::{Sources, Span};
use crate::value::{Endpoint, Possible};

/// What is needed to speak of any part of a stack.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) stack: &'a Deployment,
    pub(super) sources: &'a Sources,
    /// The configurations that are one as a whole, by their `http` blocks.
    pub(super) mains: &'a BTreeMap<LevelId, Main>,
}

/// A value at one end of a hop: what it is, and where that comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) tone: Tone,
    pub(super) name: String,
    pub(super) text: String,
    /// Why it is not known, where it is not.
    pub(super) why: Option<String>,
    /// Where it comes from; nothing where there is nothing to say.
    pub(super) origin: String,
    /// Whether nobody wrote anything, and the value is known.
    pub(super) is_default: bool,
}

impl Words<'_> {
    /// `deploy/app.conf:12`
    pub(super) fn place(&self, span: Span) -> String {
        let source = self.sources.get(span.file);
        format!("{}:{}", source.path, source.position(span.start).0)
    }

    /// A setting of a program other than nginx.
    pub(super) fn entry(&self, name: &str, setting: &Setting<Datum>, program: &str) -> Entry {
        let origin = match (setting.origin.kind, setting.origin.place) {
            (_, None) => format!("{program}'s default"),
            (OriginKind::CommandLine, Some(place)) => format!("command line, {}", self.place(place)),
            (OriginKind::Environment, Some(place)) => format!("environment, {}", self.place(place)),
            (OriginKind::DropIn, Some(place)) => format!("drop-in, {}", self.place(place)),
            (OriginKind::Template, Some(place)) => format!("template, {}", self.place(place)),
            (_, Some(place)) => self.place(place),
        };
        entry(name, &setting.value, origin, setting.origin.is_written())
    }

    /// A directive that is in force at a level of nginx's.
    pub(super) fn directive(&self, level: LevelId, name: &str) -> Entry {
        let setting = self.stack.nginx.datum(level, name, self.stack.target.nginx);
        let origin = self.nginx_origin(level, name, &setting.origin);
        entry(name, &setting.value, origin, setting.origin.is_written())
    }

    /// Where a directive comes from that is in force at a level.
    pub(super) fn nginx_origin(&self, level: LevelId, name: &str, origin: &Origin) -> String {
        let Some(place) = origin.place else { return "nginx's default".into() };
        let place = self.place(place);
        match origin.kind {
            OriginKind::Inherited => match self.level_of(level, name) {
                Some(block) => format!("inherited from {block}, {place}"),
                None => place,
            },
            OriginKind::Template => format!("template, {place}"),
            _ => place,
        }
    }

    /// The block above a level that sets a directive, or hides whether it does.
    fn level_of(&self, level: LevelId, name: &str) -> Option<&str> {
        let mut next = Some(level);
        while let Some(id) = next {
            let here = self.stack.nginx.level(id);
            let sets = here.written.iter().any(|it| it.name == name);
            if sets || here.holes.iter().any(|hole| hole.may_set(name)) {
                return Some(&here.title);
            }
            next = here.parent;
        }
        None
    }
}

/// An entry of any value.
pub(super) fn entry(name: &str, value: &Possible<Datum>, mut origin: String, is_written: bool) -> Entry {
    let (tone, text, why) = match value {
        Possible::Unknown(why) => (Tone::Yellow, format!("not known: {why}"), Some(why.clone())),
        Possible::Usually(usual) => {
            (Tone::Yellow, format!("{}, unless {}", either(&usual.values), usual.unless), None)
        }
        Possible::Known(value) => (if is_written { Tone::Plain } else { Tone::Dim }, shown(value), None),
        Possible::OneOf(values) => (Tone::Plain, either(values), None),
    };
    let is_default = !is_written && value.known().is_some();
    // Whose default it would be says nothing of a value that is not known.
    if why.is_some() && !is_written {
        origin.clear();
    }
    Entry { tone, name: name.into(), text: format!("{name} {text}").trim().into(), why, origin, is_default }
}

fn either(values: &[Datum]) -> String {
    values.iter().map(shown).collect::<Vec<_>>().join(" or ")
}

/// A value as its program's files have it, where that differs.
fn shown(value: &Datum) -> String {
    match value {
        Datum::Bool(true) => "on".into(),
        Datum::Bool(false) => "off".into(),
        Datum::Text(text) if text.is_empty() => "\"\"".into(),
        other => other.to_string(),
    }
}

/// The addresses that something may have.
pub(super) fn addresses(value: &Possible<Endpoint>) -> String {
    match value {
        Possible::Unknown(_) => "an address that is not known".into(),
        Possible::Usually(usual) => format!("{} (unless {})", listed(&usual.values, " or "), usual.unless),
        Possible::Known(_) | Possible::OneOf(_) => listed(value.likely(), " or "),
    }
}

/// Addresses, one behind the other.
pub(super) fn listed(addresses: &[Endpoint], between: &str) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

impl Entry {
    /// The value and, in parentheses, where it comes from.
    pub(super) fn runs(&self) -> Vec<Run> {
        let mut runs = vec![run(self.tone, &self.text)];
        if !self.origin.is_empty() {
            runs.push(run(Tone::Dim, format!(" ({})", self.origin)));
        }
        runs
    }
}

/// Says once why several are not known.
pub(super) fn as_above<'a>(entries: impl IntoIterator<Item = &'a mut Entry>) {
    let mut told = BTreeSet::new();
    for entry in entries {
        if entry.why.as_ref().is_some_and(|why| !told.insert(why.clone())) {
            entry.text = format!("{} not known, as above", entry.name);
        }
    }
}
