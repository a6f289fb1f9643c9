//! One line a finding.

use std::io::{self, Write};

use super::on_one_line;
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
        let (path, message) = (on_one_line(&source.path), on_one_line(&finding.message));
        writeln!(to, "{path}:{line}:{column}: {severity}[{}]: {message}", finding.rule)?;
    }
    Ok(())
}
