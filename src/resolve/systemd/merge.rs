//! A unit's file and its drop-ins as one list of assignments.

use super::name::UnitName;
use super::specifiers;
use crate::model::{Anchor, Dialect, Manager, Origin, OriginKind, Shadowed};
use crate::resolve::ansible::Scope;
use crate::source::{FileId, Span};
use crate::syntax::systemd::{Entry, Tree, Value};
use crate::value::Possible;

/// A unit with its file and its drop-ins merged.
#[derive(Debug)]
pub(super) struct Merged<'a> {
    /// Its name, with the instance filled in where one is known.
    pub(super) name: UnitName,
    /// The directory of the unit, the same for all roots of one machine (see [`super::layout`]).
    pub(super) home: String,
    /// The unit file and the drop-ins, in the order in which they are read.
    pub(super) files: Vec<FileId>,
    /// The head of the unit file.
    pub(super) place: Span,
    /// Whether the file is empty, which masks the unit.
    pub(super) masked: bool,
    /// Which service manager it is for.
    pub(super) manager: Manager,
    /// Whether the file's name says that `${NAME}` is replaced before systemd sees it.
    pub(super) envsubst: bool,
    /// Drop-ins that another one of the same name hides, and what is lost with them.
    pub(super) shadowed: Vec<Shadowed>,
    /// Whether there are drop-ins of it that were not read.
    pub(super) is_changed: bool,
    /// What names of Ansible's mean in it.
    pub(super) words: Option<Scope<'a>>,
    lines: Vec<Line<'a>>,
    /// The headers of the sections, in the order in which they are read.
    headers: Vec<(&'a str, Span)>,
    /// Sections that lines may be added to that are not known; `None` stands for all sections.
    holes: Vec<(Option<&'a str>, Span)>,
}

/// An assignment of a merged unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// The section that it stands in.
    pub(super) section: &'a str,
    /// The assignment.
    pub(super) entry: &'a Entry,
    /// Whether it comes from a drop-in.
    pub(super) drop_in: bool,
}

impl<'a> Line<'a> {
    /// What is assigned.
    pub(super) fn value(&self) -> &'a Value {
        &self.entry.value
    }

    /// Why it is not known whether the assignment is there or what it assigns.
    pub(super) fn doubt(&self) -> Option<&'static str> {
        if self.entry.conditional {
            Some("a template engine decides whether this is set")
        } else if self.value().is_template() {
            Some("a template engine fills in the value")
        } else {
            None
        }
    }

    /// Where the value comes from, and how it can be changed.
    pub(super) fn origin(&self) -> Origin {
        let kind = if self.drop_in { OriginKind::DropIn } else { OriginKind::Written };
        if self.doubt().is_some() {
            return Origin::at(OriginKind::Template, self.entry.span);
        }
        Origin::anchored(
            kind,
            Anchor { span: self.entry.span, value: self.value().span, dialect: Dialect::Unit },
        )
    }
}

impl<'a> Merged<'a> {
    /// A unit that has no assignment yet.
    pub(super) fn new(name: UnitName, home: String, place: Span, masked: bool) -> Merged<'a> {
        Merged {
            name,
            home,
            files: Vec::new(),
            place,
            masked,
            manager: Manager::Unknown,
            envsubst: false,
            shadowed: Vec::new(),
            is_changed: false,
            words: None,
            lines: Vec::new(),
            headers: Vec::new(),
            holes: Vec::new(),
        }
    }

    /// Reads a file on top of what was read before.
    pub(super) fn read(&mut self, file: FileId, tree: &'a Tree, drop_in: bool) {
        self.files.push(file);
        self.holes.extend(tree.holes.iter().map(|span| (None, *span)));
        for section in &tree.sections {
            let name = section.name.as_str();
            self.headers.push((name, section.span));
            self.holes.extend(section.holes.iter().map(|span| (Some(name), *span)));
            self.lines.extend(section.entries.iter().map(|entry| Line { section: name, entry, drop_in }));
        }
    }

    /// Notes that a file may or may not be read on top.
    pub(super) fn read_perhaps(&mut self, place: Span) {
        self.holes.push((None, place));
    }

    /// All assignments, in the order in which they are read.
    pub(super) fn lines(&self) -> &[Line<'a>] {
        &self.lines
    }

    /// The headers of the sections, in the order in which they are read.
    pub(super) fn headers(&self) -> &[(&'a str, Span)] {
        &self.headers
    }

    /// Whether it is not known in which section the lines of a file stand.
    pub(super) fn is_open(&self, file: FileId) -> bool {
        self.holes.iter().any(|(name, span)| name.is_none() && span.file == file)
    }

    /// The assignments to a key, in the order in which they are read.
    pub(super) fn assignments(&self, section: &str, key: &str) -> impl DoubleEndedIterator<Item = Line<'a>> {
        self.lines.iter().filter(move |line| line.section == section && line.entry.key == key).copied()
    }

    /// The assignments to a list that are in force: an empty one takes back all before it.
    pub(super) fn list(&self, section: &str, key: &str) -> Vec<Line<'a>> {
        let mut list = Vec::new();
        for line in self.assignments(section, key) {
            if line.value().text.is_empty() && !line.entry.conditional {
                list.clear();
            } else {
                list.push(line);
            }
        }
        list
    }

    /// Where lines that are not known may be added to a section.
    pub(super) fn hole(&self, section: &str) -> Option<Span> {
        self.holes.iter().find(|(name, _)| name.is_none_or(|name| name == section)).map(|(_, span)| *span)
    }

    /// Whether a section is there, or may be.
    pub(super) fn has_section(&self, section: &str) -> bool {
        self.lines.iter().any(|line| line.section == section) || self.hole(section).is_some()
    }

    /// A text with its specifiers replaced; unknown where somebody is still to fill it in.
    pub(super) fn expand(&self, text: &str) -> Possible<String> {
        if specifiers::is_placeholder(text) {
            return Possible::Unknown("a mark in it is still to be replaced".into());
        }
        if self.envsubst && text.contains('$') {
            return Possible::Unknown("`$` is replaced in a template".into());
        }
        specifiers::expand(text, &self.name, self.manager)
    }
}

/// Why nothing is known of a section with a hole.
pub(super) const HOLE: &str =
    "a template engine or a drop-in that may not apply puts lines here that are not known";
