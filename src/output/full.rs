//! Excerpts of all files that a finding speaks of, what the client will see, and the mend as a diff.

use std::fmt;
use std::io::{self, Write};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity as Level,
    SourceCode, ThemeCharacters, ThemeStyles,
};

use super::{Style, file_diff};
use crate::check::Report;
use crate::edit::{Edit, Fix, apply};
use crate::finding::{Finding, Label, Severity};
use crate::source::{FileId, Sources};

/// Writes every finding with its excerpts.
///
/// # Errors
/// If the text cannot be written.
pub fn full(report: &Report, sources: &Sources, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let handler = handler(style);
    for finding in &report.findings {
        let mut text = String::new();
        let rendered = handler.render_report(&mut text, &Excerpt::of(finding, sources));
        rendered.map_err(io::Error::other)?;
        to.write_all(text.as_bytes())?;
        if let Some(fix) = &finding.fix {
            write_fix(fix, sources, style, to)?;
        }
        writeln!(to)?;
    }
    Ok(())
}

fn handler(style: Style) -> GraphicalReportHandler {
    let theme = GraphicalTheme {
        characters: if style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() },
        styles: if style.color { ThemeStyles::ansi() } else { ThemeStyles::none() },
    };
    GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_links(false)
        .with_context_lines(1)
        .with_show_related_as_nested(true)
}

/// One file's part of a finding, as miette wants it: the labels of one source, and the other files as related ones.
struct Excerpt {
    message: String,
    code: Option<String>,
    severity: Option<Level>,
    help: Option<String>,
    source: NamedSource<String>,
    labels: Vec<LabeledSpan>,
    related: Vec<Excerpt>,
}

impl Excerpt {
    fn of(finding: &Finding, sources: &Sources) -> Excerpt {
        let mut files: Vec<FileId> = Vec::new();
        for label in std::iter::once(&finding.primary).chain(&finding.related) {
            if !files.contains(&label.span.file) {
                files.push(label.span.file);
            }
        }
        let labels_in = |file: FileId| {
            std::iter::once((true, &finding.primary))
                .chain(finding.related.iter().map(|label| (false, label)))
                .filter(move |(_, label)| label.span.file == file)
        };
        let mut excerpts = files.iter().map(|file| {
            let source = sources.get(*file);
            Excerpt {
                message: format!("in {}", source.path),
                code: None,
                severity: Some(Level::Advice),
                help: None,
                source: NamedSource::new(&source.path, source.text.clone()),
                labels: labels_in(*file).map(|(primary, label)| labeled(primary, label)).collect(),
                related: Vec::new(),
            }
        });
        let Some(first) = excerpts.next() else { unreachable!("a finding has a primary label") };
        let related = excerpts.collect();
        Excerpt {
            message: finding.message.clone(),
            code: Some(format!("{}[{}]: {}", finding.severity.name(), finding.rule, finding.outcome)),
            severity: Some(match finding.severity {
                Severity::Error => Level::Error,
                Severity::Warning => Level::Warning,
                Severity::Note => Level::Advice,
            }),
            help: finding.help.clone(),
            related,
            ..first
        }
    }
}

fn labeled(primary: bool, label: &Label) -> LabeledSpan {
    let (at, length) = (label.span.start as usize, (label.span.end - label.span.start) as usize);
    if primary {
        LabeledSpan::new_primary_with_span(Some(label.text.clone()), (at, length))
    } else {
        LabeledSpan::new(Some(label.text.clone()), at, length)
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Excerpt {}

impl Diagnostic for Excerpt {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<Level> {
        self.severity
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        (!self.related.is_empty()).then(|| {
            Box::new(self.related.iter().map(|it| it as &dyn Diagnostic)) as Box<dyn Iterator<Item = _>>
        })
    }
}

/// The title of a fix and what it changes.
fn write_fix(fix: &Fix, sources: &Sources, style: Style, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "  {} fix: {}", fix.applicability.name(), fix.title)?;
    let mut files: Vec<FileId> = fix.edits().iter().map(|edit| edit.span.file).collect();
    files.dedup();
    for file in files {
        let source = sources.get(file);
        let edits: Vec<&Edit> = fix.edits().iter().filter(|edit| edit.span.file == file).collect();
        let after = apply(source.bytes(), edits);
        let diff = file_diff(&source.path, source.bytes(), &after, 1);
        for line in String::from_utf8_lossy(&diff).split_inclusive('\n') {
            let line = line.trim_end_matches(['\n', '\r']);
            let color = match line.as_bytes().first() {
                Some(b'+') => "\x1b[32m",
                Some(b'-') => "\x1b[31m",
                Some(b'@') => "\x1b[36m",
                _ => "",
            };
            match (style.color, color) {
                (true, color) if !color.is_empty() => writeln!(to, "    {color}{line}\x1b[0m")?,
                _ => writeln!(to, "    {line}")?,
            }
        }
    }
    Ok(())
}
