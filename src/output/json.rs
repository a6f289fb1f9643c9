//! A report as one JSON document, version 1. Later versions add fields and take none away.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::{fixable, kinds};
use crate::check::{Report, Why};
use crate::edit::Applicability;
use crate::finding::{Finding, Label, Severity};
use crate::source::Sources;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    tool: Tool,
    summary: Summary,
    findings: Vec<JsonFinding<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Summary {
    files: usize,
    /// How many files of each kind; a kind of which there is none is left out.
    kinds: BTreeMap<&'static str, usize>,
    stacks: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    /// How many findings a comment silences.
    suppressed: usize,
    /// How many the baseline knows.
    baselined: usize,
    fixable: usize,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'static str,
    severity: &'static str,
    outcome: &'a str,
    message: &'a str,
    help: Option<&'a str>,
    primary: Place<'a>,
    related: Vec<Place<'a>>,
    fix: Option<JsonFix<'a>>,
    /// The same in every run that finds it, until the lines that it points to change.
    fingerprint: String,
}

#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    start: Position,
    end: Position,
    label: &'a str,
}

/// Line and column from 1, the column in characters; the offset in bytes.
#[derive(Serialize)]
struct Position {
    line: usize,
    column: usize,
    offset: u32,
}

#[derive(Serialize)]
struct JsonFix<'a> {
    title: &'a str,
    applicability: &'static str,
    edits: Vec<JsonEdit<'a>>,
}

#[derive(Serialize)]
struct JsonEdit<'a> {
    path: &'a str,
    start: u32,
    end: u32,
    replacement: &'a str,
}

/// Writes the document.
///
/// # Errors
/// If the text cannot be written.
pub fn json(report: &Report, sources: &Sources, to: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        version: 1,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        summary: Summary {
            files: sources.len(),
            kinds: kinds(sources).into_iter().map(|(kind, count)| (kind.name(), count)).collect(),
            stacks: report.stacks.len(),
            errors: report.count(Severity::Error),
            warnings: report.count(Severity::Warning),
            notes: report.count(Severity::Note),
            suppressed: report.held.iter().filter(|it| it.why != Why::Baseline).count(),
            baselined: report.held.iter().filter(|it| it.why == Why::Baseline).count(),
            fixable: fixable(report, Applicability::Safe),
        },
        findings: report.findings.iter().map(|it| finding(it, report, sources)).collect(),
    };
    serde_json::to_writer_pretty(&mut *to, &document)?;
    writeln!(to)
}

fn finding<'a>(finding: &'a Finding, report: &Report, sources: &'a Sources) -> JsonFinding<'a> {
    JsonFinding {
        rule: finding.rule,
        severity: finding.severity.name(),
        outcome: &finding.outcome,
        message: &finding.message,
        help: finding.help.as_deref(),
        primary: place(&finding.primary, sources),
        related: finding.related.iter().map(|label| place(label, sources)).collect(),
        fix: finding.fix.as_ref().map(|fix| JsonFix {
            title: &fix.title,
            applicability: fix.applicability.name(),
            edits: fix
                .edits()
                .iter()
                .map(|edit| JsonEdit {
                    path: &sources.get(edit.span.file).path,
                    start: edit.span.start,
                    end: edit.span.end,
                    replacement: &edit.replacement,
                })
                .collect(),
        }),
        fingerprint: report.fingerprint(finding, sources),
    }
}

fn place<'a>(label: &'a Label, sources: &'a Sources) -> Place<'a> {
    let source = sources.get(label.span.file);
    let position = |offset| {
        let (line, column) = source.position(offset);
        Position { line, column, offset }
    };
    Place {
        path: &source.path,
        start: position(label.span.start),
        end: position(label.span.end),
        label: &label.text,
    }
}
