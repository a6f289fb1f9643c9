//! Workflow commands of GitHub Actions: an annotation a finding, beside the line that it points to.

use std::io::{self, Write};

use super::{explained, harmless};
use crate::check::Report;
use crate::finding::Severity;
use crate::source::Sources;

/// Writes `::error file=…,line=…,…::message` for each finding. Files are where they are seen from the directory of the run,
/// which has to be the root of the repository.
///
/// # Errors
/// If the text cannot be written.
pub fn github(report: &Report, sources: &Sources, to: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        let span = finding.primary.span;
        let source = sources.get(span.file);
        let ((line, column), (end_line, end_column)) =
            (source.position(span.start), source.position(span.end));
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        write!(to, "::{command} file={},line={line},endLine={end_line}", property(&source.path))?;
        // Columns mean something on one line alone.
        if line == end_line {
            write!(to, ",col={column},endColumn={end_column}")?;
        }
        let title = property(&format!("hoplint: {}", finding.rule));
        writeln!(to, ",title={title}::{}", data(&explained(finding, sources)))?;
    }
    Ok(())
}

/// A message as the runner unescapes it.
///
/// Source: `escapeData` and `escapeProperty` of `@actions/core`, `command.ts`.
fn data(text: &str) -> String {
    harmless(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_property_or_the_line_is_escaped() {
        assert_eq!(data("100 %: a,\nb"), "100 %25: a,%0Ab");
        assert_eq!(property("a:b,c%"), "a%3Ab%2Cc%25");
    }
}
