//! Excerpts of all files that a finding speaks of, what the client will see, and the mend as a diff.

use std::fmt;
use std::io::{self, Write};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    Severity as Level, SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use super::{Style, file_diff, harmless, on_one_line};
use crate::check::Report;
use crate::edit::{Edit, Fix, apply};
use crate::finding::{Finding, Label, Severity};
use crate::source::{FileId, Source, Sources, Span};

/// Writes every finding with its excerpts.
///
/// # Errors
/// If the text cannot be written.
pub fn full(report: &Report, sources: &Sources, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let handler = handler(style);
    for finding in &report.findings {
        let excerpts = excerpts(finding, sources);
        if excerpts.iter().any(|excerpt| excerpt.source.text.split('\n').any(|line| line.len() > MAX_LINE)) {
            write_plain(finding, sources, to)?;
            continue;
        }
        for excerpt in excerpts {
            let mut text = String::new();
            handler.render_report(&mut text, &excerpt).map_err(io::Error::other)?;
            to.write_all(excerpt.without_heading(&text).as_bytes())?;
        }
        if let Some(fix) = &finding.fix {
            write_fix(fix, sources, style, to)?;
        }
        writeln!(to)?;
    }
    Ok(())
}

/// The longest line that is shown, in bytes: nobody reads one, and miette gives up at 65,536 columns.
const MAX_LINE: usize = 10_000;

/// A finding without excerpts, where a line is too long to be shown.
fn write_plain(finding: &Finding, sources: &Sources, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{}", code(finding))?;
    writeln!(to, "  {}", harmless(&finding.message))?;
    for label in std::iter::once(&finding.primary).chain(&finding.related) {
        let source = sources.get(label.span.file);
        let (line, column) = source.position(label.span.start);
        writeln!(to, "  {}:{line}:{column}: {}", on_one_line(&source.path), harmless(&label.text))?;
    }
    if let Some(help) = &finding.help {
        writeln!(to, "  help: {}", harmless(help))?;
    }
    if let Some(fix) = &finding.fix {
        writeln!(to, "  {} fix: {}", fix.applicability.name(), harmless(&fix.title))?;
    }
    writeln!(to)
}

/// How many lines are shown around a label and around a change.
const CONTEXT_LINES: usize = 1;

fn handler(style: Style) -> GraphicalReportHandler {
    let theme = GraphicalTheme {
        characters: if style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() },
        styles: if style.color { ThemeStyles::ansi() } else { ThemeStyles::none() },
    };
    GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_links(false)
        .with_context_lines(CONTEXT_LINES)
}

/// One file's part of a finding, as miette wants it: its labels are all of one source.
struct Excerpt {
    /// The heading; only the first excerpt of a finding has one.
    heading: Option<(String, String)>,
    severity: Level,
    help: Option<String>,
    source: Part,
    labels: Vec<LabeledSpan>,
}

/// The excerpts of a finding: the file of the primary label first, and the help under the last.
fn excerpts(finding: &Finding, sources: &Sources) -> Vec<Excerpt> {
    let labels = || std::iter::once(&finding.primary).chain(&finding.related);
    let mut files: Vec<FileId> = Vec::new();
    for label in labels() {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    let (first, last) = (files.first().copied(), files.last().copied());
    let excerpt = |file: FileId| {
        let source = sources.get(file);
        let here = labels().enumerate().filter(|(_, label)| label.span.file == file);
        Excerpt {
            heading: (first == Some(file)).then(|| (code(finding), harmless(&finding.message).into_owned())),
            severity: match finding.severity {
                Severity::Error => Level::Error,
                Severity::Warning => Level::Warning,
                Severity::Note => Level::Advice,
            },
            help: finding
                .help
                .as_deref()
                .filter(|_| last == Some(file))
                .map(|help| harmless(help).into_owned()),
            source: Part::of(source, labels().filter(|label| label.span.file == file)),
            labels: here.map(|(at, label)| labeled(at == 0, label)).collect(),
        }
    };
    files.iter().map(|file| excerpt(*file)).collect()
}

fn code(finding: &Finding) -> String {
    format!("{}[{}]: {}", finding.severity.name(), finding.rule, finding.outcome)
}

/// The part of a file that labels lie in, for miette to read: a file of many findings is not gone through for each.
struct Part {
    name: String,
    text: String,
    start: usize,
    lines_before: usize,
}

impl Part {
    fn of<'a>(source: &Source, labels: impl Iterator<Item = &'a Label>) -> Part {
        let range =
            labels.map(|label| label.span.range()).reduce(|a, b| a.start.min(b.start)..a.end.max(b.end));
        // miette takes one line around each label, and looks at the one beyond.
        let (part, lines_before) = source.lines_around(range.unwrap_or(0..0), CONTEXT_LINES + 1);
        let text = harmless(&source.text[part.clone()]).into_owned();
        Part { name: on_one_line(&source.path), text, start: part.start, lines_before }
    }
}

impl SourceCode for Part {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let offset = span.offset().checked_sub(self.start).ok_or(MietteError::OutOfBounds)?;
        let part = self.text.read_span(&(offset, span.len()).into(), before, after)?;
        let found = SourceSpan::from((part.span().offset() + self.start, part.span().len()));
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            part.data(),
            found,
            part.line() + self.lines_before,
            part.column(),
            // miette counts from the first line of the file.
            part.line_count() + self.lines_before,
        )))
    }
}

impl Excerpt {
    /// What miette made of it; a heading that was not asked for is cut off.
    fn without_heading<'a>(&self, rendered: &'a str) -> &'a str {
        if self.heading.is_some() {
            return rendered;
        }
        // The frame begins on the line that names the file; colours may stand between its bracket and the name.
        let frame = rendered.find(&format!("{}:", self.source.name)).unwrap_or(0);
        &rendered[rendered[..frame].rfind('\n').map_or(0, |at| at + 1)..]
    }
}

fn labeled(primary: bool, label: &Label) -> LabeledSpan {
    let (at, length) = (label.span.start as usize, (label.span.end - label.span.start) as usize);
    let text = Some(harmless(&label.text).into_owned());
    if primary {
        LabeledSpan::new_primary_with_span(text, (at, length))
    } else {
        LabeledSpan::new(text, at, length)
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.heading.as_ref().map_or("", |(_, message)| message))
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Excerpt {}

impl Diagnostic for Excerpt {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.heading.as_ref().map(|(code, _)| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<Level> {
        Some(self.severity)
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
}

/// The title of a fix and what it changes.
fn write_fix(fix: &Fix, sources: &Sources, style: Style, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "  {} fix: {}", fix.applicability.name(), harmless(&fix.title))?;
    let mut files: Vec<FileId> = fix.edits().iter().map(|edit| edit.span.file).collect();
    files.dedup();
    for file in files {
        let source = sources.get(file);
        let edits: Vec<&Edit> = fix.edits().iter().filter(|edit| edit.span.file == file).collect();
        let (Some(first), Some(last)) = (edits.first(), edits.last()) else { continue };
        let range = first.span.start as usize..last.span.end as usize;
        let (part, lines_before) = source.lines_around(range, CONTEXT_LINES);
        let old = &source.bytes()[part.clone()];
        let shifted: Vec<Edit> = edits.iter().map(|edit| shifted(edit, part.start as u32)).collect();
        let new = apply(old, &shifted);
        let diff = file_diff(&source.path, old, &new, CONTEXT_LINES, lines_before);
        for line in String::from_utf8_lossy(&diff).split_inclusive('\n') {
            let line = harmless(line.trim_end_matches(['\n', '\r']));
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

/// An edit in the offsets of a part of its file.
fn shifted(edit: &Edit, start: u32) -> Edit {
    let span = Span { start: edit.span.start - start, end: edit.span.end - start, ..edit.span };
    Edit { span, replacement: edit.replacement.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::Applicability;
    use crate::source::FileKind;

    fn rendered(style: Style) -> String {
        let mut sources = Sources::default();
        let nginx = "server {\n    location / {\n        proxy_pass http://127.0.0.1:8000;\n    }\n}\n";
        let site = sources.add(Source::new("site.conf", FileKind::Nginx, nginx.into()));
        let python = "bind = \"127.0.0.1:8001\"\n";
        let app = sources.add(Source::new("gunicorn.conf.py", FileKind::Gunicorn, python.into()));
        let at = nginx.find("127").unwrap();
        let target = Span::new(site, at..at + 14);
        let edit = Edit { span: target, replacement: "127.0.0.1:8001".into() };
        let finding = Finding {
            rule: "upstream-unbound",
            severity: Severity::Error,
            outcome: "502".into(),
            message: "nginx connects to 127.0.0.1:8000, but Gunicorn listens on 127.0.0.1:8001: every request gets a 502".into(),
            primary: Label { span: target, text: "nobody listens on 127.0.0.1:8000".into() },
            related: vec![Label { span: Span::new(app, 0..23), text: "Gunicorn listens here".into() }],
            help: Some("let nginx connect to the address that the app is bound to; nginx's error log says so".into()),
            fix: Fix::new("connect to 127.0.0.1:8001", Applicability::Safe, vec![edit]),
            fix_at_app: None,
        };
        let report = report(vec![finding]);
        let mut text = Vec::new();
        full(&report, &sources, style, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn report(findings: Vec<Finding>) -> Report {
        let (held, trees) = (Vec::new(), Vec::new());
        Report { stacks: Vec::new(), findings, held, trees, is_compared: false, outdated: 0 }
    }

    #[test]
    fn a_line_of_any_length_is_spoken_of() {
        let mut sources = Sources::default();
        let file = sources.add(Source::new("a.service", FileKind::Systemd, vec![b'x'; 200_000]));
        let label = Label { span: Span::new(file, 150_000..150_001), text: "here".into() };
        let finding = Finding {
            rule: "r",
            severity: Severity::Error,
            outcome: "502".into(),
            message: "m".into(),
            primary: label,
            related: Vec::new(),
            help: None,
            fix: None,
            fix_at_app: None,
        };
        let report = report(vec![finding]);
        let mut out = Vec::new();
        full(&report, &sources, Style { unicode: false, color: false, width: 80 }, &mut out).unwrap();
        let expected = "error[r]: 502\n  m\n  a.service:1:150001: here\n\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn both_ends_and_the_mend_are_shown() {
        let text = rendered(Style { color: false, unicode: true, width: 80 });
        let expected = "\
error[upstream-unbound]: 502

  × nginx connects to 127.0.0.1:8000, but Gunicorn listens on 127.0.0.1:8001:
  │ every request gets a 502
   ╭─[site.conf:3:27]
 2 │     location / {
 3 │         proxy_pass http://127.0.0.1:8000;
   ·                           ───────┬──────
   ·                                  ╰── nobody listens on 127.0.0.1:8000
 4 │     }
   ╰────
   ╭─[gunicorn.conf.py:1:1]
 1 │ bind = \"127.0.0.1:8001\"
   · ───────────┬───────────
   ·            ╰── Gunicorn listens here
   ╰────
  help: let nginx connect to the address that the app is bound to; nginx's
        error log says so
  safe fix: connect to 127.0.0.1:8001
    --- a/site.conf
    +++ b/site.conf
    @@ -2,3 +2,3 @@
         location / {
    -        proxy_pass http://127.0.0.1:8000;
    +        proxy_pass http://127.0.0.1:8001;
         }

";
        assert_eq!(text, expected);
    }

    #[test]
    fn colours_change_nothing_else() {
        let plain = rendered(Style { color: false, unicode: true, width: 80 });
        let coloured = rendered(Style { color: true, unicode: true, width: 80 });
        let parts = coloured.split('\x1b').enumerate();
        let stripped: String =
            parts.map(|(at, it)| if at == 0 { it } else { it.split_once('m').unwrap().1 }).collect();
        assert_eq!(stripped, plain);
    }

    #[test]
    fn a_plain_terminal_gets_ascii_and_a_colourful_one_colours() {
        assert!(rendered(Style { color: false, unicode: false, width: 80 }).is_ascii());
        let colourful = rendered(Style { color: true, unicode: true, width: 80 });
        assert!(colourful.contains("\x1b[32m+"));
        assert_eq!(colourful.matches('×').count(), 1, "one heading a finding");
    }
}
