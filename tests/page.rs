//! The pages of the rules as the tests read them: sections, and in them examples of several files.

use hoplint::rules::{RULES, Rule};
use hoplint::source::{FileKind, Source, Sources};

/// A page, cut up.
pub(crate) struct Page {
    pub(crate) rule: &'static Rule,
    /// What stands before the first section.
    pub(crate) head: String,
    pub(crate) sections: Vec<Section>,
}

/// What stands below one `##` heading.
pub(crate) struct Section {
    pub(crate) heading: String,
    pub(crate) prose: String,
    pub(crate) examples: Vec<Example>,
}

/// The files below one `###` heading, or directly below the `##` one.
pub(crate) struct Example {
    pub(crate) title: String,
    pub(crate) blocks: Vec<Block>,
}

/// A fenced block with a `file=`.
pub(crate) struct Block {
    pub(crate) path: String,
    /// `None` for a module of the app, which is no configuration.
    pub(crate) kind: Option<FileKind>,
    pub(crate) text: String,
}

/// All pages.
pub(crate) fn pages() -> Vec<Page> {
    RULES.iter().map(|rule| page(rule)).collect()
}

fn page(rule: &'static Rule) -> Page {
    let mut page = Page { rule, head: String::new(), sections: Vec::new() };
    let mut open: Option<Block> = None;
    for line in rule.page.split_inclusive('\n') {
        let trimmed = line.trim_end();
        if let Some(block) = &mut open {
            if trimmed == "```" {
                let examples = &mut page.sections.last_mut().unwrap().examples;
                examples.last_mut().unwrap().blocks.push(open.take().unwrap());
            } else {
                block.text.push_str(line);
            }
        } else if let Some(heading) = trimmed.strip_prefix("## ") {
            let example = Example { title: String::new(), blocks: Vec::new() };
            let section = Section { heading: heading.into(), prose: String::new(), examples: vec![example] };
            page.sections.push(section);
        } else if let Some(title) = trimmed.strip_prefix("### ") {
            let examples = &mut page.sections.last_mut().unwrap().examples;
            examples.push(Example { title: title.into(), blocks: Vec::new() });
        } else if let Some(info) = trimmed.strip_prefix("```") {
            open = Some(block(info).unwrap_or_else(|| panic!("{}: what is ```{info}?", rule.name)));
        } else if let Some(section) = page.sections.last_mut() {
            section.prose.push_str(line);
        } else {
            page.head.push_str(line);
        }
    }
    assert!(open.is_none(), "{}: a block is not closed", rule.name);
    for section in &mut page.sections {
        section.examples.retain(|example| !(example.title.is_empty() && example.blocks.is_empty()));
    }
    page
}

fn block(info: &str) -> Option<Block> {
    let (language, path) = info.split_once(" file=")?;
    let kind = match language {
        "nginx" => Some(FileKind::Nginx),
        "python" => Some(FileKind::Gunicorn),
        "systemd" => Some(FileKind::Systemd),
        "yaml" => Some(FileKind::Compose),
        "sh" | "text" => Some(FileKind::Launcher),
        "machine" => Some(FileKind::Machine),
        "packages" => Some(FileKind::Packages),
        "module" => None,
        _ => return None,
    };
    Some(Block { path: path.into(), kind, text: String::new() })
}

impl Page {
    pub(crate) fn examples(&self, heading: &str) -> &[Example] {
        let section = self.sections.iter().find(|section| section.heading == heading);
        section.map_or(&[], |section| &section.examples)
    }
}

impl Example {
    pub(crate) fn sources(&self) -> Sources {
        let mut sources = Sources::default();
        for block in &self.blocks {
            match block.kind {
                Some(kind) => {
                    sources.add(Source::new(block.path.as_str(), kind, block.text.as_str().into()));
                }
                None => sources.note_module(block.path.as_str(), Some(block.text.clone())),
            }
        }
        sources
    }

    /// What the markers announce, as `severity rule path:line`, sorted. A marker that stands alone on its line speaks
    /// of the next one.
    pub(crate) fn markers(&self) -> Vec<String> {
        let mut expected = Vec::new();
        for block in &self.blocks {
            for (at, line) in block.text.split_inclusive('\n').enumerate() {
                let Some((before, severity, rule)) = marker(line) else { continue };
                let line = if before.trim().is_empty() { at + 2 } else { at + 1 };
                expected.push(format!("{severity} {rule} {}:{line}", block.path));
            }
        }
        expected.sort();
        expected
    }
}

/// The marker of a line: what stands before it, the severity, and the rule.
fn marker(line: &str) -> Option<(&str, &str, &str)> {
    let (before, comment) = line.rsplit_once("# ")?;
    let (severity, rule) = comment.trim_end().strip_suffix(']')?.split_once(": [")?;
    matches!(severity, "error" | "warning" | "note").then_some((before, severity, rule))
}

/// A text without its markers, as it stands under `## Fixed`.
pub(crate) fn without_markers(text: &str) -> String {
    let strip = |line: &str| match marker(line) {
        Some((before, ..)) if before.trim().is_empty() => String::new(),
        Some((before, ..)) => format!("{}\n", before.trim_end()),
        None => line.to_owned(),
    };
    text.split_inclusive('\n').map(strip).collect()
}
