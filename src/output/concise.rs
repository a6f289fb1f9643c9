//! One line a finding.

use std::io::{self, Write};

use crate::check::Report;
use crate::source::Sources;

/// Writes `path:line:column: severity[rule]: message` for each finding.
///
/// # Errors
/// If the text cannot be written.
pub fn concise(report: &Report, sources: &Sources, to: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        let span = finding.primary.span;
        let source = sources.get(span.file);
        let (line, column) = source.position(span.start);
        let severity = finding.severity.name();
        writeln!(to, "{}:{line}:{column}: {severity}[{}]: {}", source.path, finding.rule, finding.message)?;
    }
    Ok(())
}
