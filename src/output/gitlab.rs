//! The Code Quality report of GitLab: a list of issues as the Code Climate engines write them.

use std::io::{self, Write};

use serde::Serialize;

use super::explained;
use crate::check::Report;
use crate::finding::Severity;
use crate::fingerprint::Unique;
use crate::source::{Sources, Span};

#[derive(Serialize)]
struct Issue<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    check_name: &'static str,
    description: &'a str,
    content: Content,
    categories: [&'static str; 1],
    severity: &'static str,
    fingerprint: String,
    location: Location<'a>,
    other_locations: Vec<Location<'a>>,
}

#[derive(Serialize)]
struct Content {
    body: String,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

/// Writes the list. Files are where they are seen from the directory of the run, which has to be the root of the repository.
///
/// # Errors
/// If the text cannot be written.
pub fn gitlab(report: &Report, sources: &Sources, to: &mut dyn Write) -> io::Result<()> {
    let mut unique = Unique::default();
    let issues: Vec<Issue> = report
        .findings
        .iter()
        .map(|finding| Issue {
            kind: "issue",
            check_name: finding.rule,
            description: &finding.message,
            content: Content { body: explained(finding, sources) },
            categories: ["Bug Risk"],
            severity: match finding.severity {
                Severity::Error => "critical",
                Severity::Warning => "major",
                Severity::Note => "minor",
            },
            fingerprint: unique.next(report.fingerprint(finding, sources)),
            location: location(finding.primary.span, sources),
            other_locations: finding.related.iter().map(|label| location(label.span, sources)).collect(),
        })
        .collect();
    serde_json::to_writer_pretty(&mut *to, &issues)?;
    writeln!(to)
}

fn location(span: Span, sources: &Sources) -> Location<'_> {
    let source = sources.get(span.file);
    let lines = Lines { begin: source.position(span.start).0, end: source.position(span.end).0 };
    Location { path: &source.path, lines }
}
