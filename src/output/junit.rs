//! JUnit's XML: a suite a file, and in it a failed test for each finding.

use std::collections::BTreeMap;
use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{explained, harmless};
use crate::check::{Held, Report};
use crate::finding::Finding;
use crate::source::{FileId, Sources};

/// What a file has to show.
#[derive(Default)]
struct Suite<'a> {
    findings: Vec<&'a Finding>,
    held: Vec<&'a Held>,
}

/// Writes the document. Every file that was read is a suite, so that what has nothing to find shows as passed; what was
/// silenced is a test that is skipped.
///
/// # Errors
/// If the text cannot be written.
pub fn junit(report: &Report, sources: &Sources, to: &mut dyn Write) -> io::Result<()> {
    let mut suites: BTreeMap<FileId, Suite> = BTreeMap::new();
    for (id, source) in sources.iter() {
        if source.kind.is_configuration() {
            suites.entry(id).or_default();
        }
    }
    for finding in &report.findings {
        suites.entry(finding.primary.span.file).or_default().findings.push(finding);
    }
    for held in &report.held {
        suites.entry(held.finding.primary.span.file).or_default().held.push(held);
    }
    let mut suites: Vec<(&str, Suite)> =
        suites.into_iter().map(|(id, suite)| (sources.get(id).path.as_str(), suite)).collect();
    suites.sort_by_key(|(path, _)| *path);
    let failures = report.findings.len().to_string();
    let tests = suites.iter().map(|(_, suite)| suite.tests()).sum::<usize>().to_string();
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("testsuites")
        .with_attributes([("name", "hoplint"), ("tests", &tests), ("failures", &failures), ("errors", "0")])
        .write_inner_content(|writer| {
            suites.iter().try_for_each(|(path, it)| it.write(path, sources, writer))
        })?;
    to.write_all(&writer.into_inner())?;
    writeln!(to)
}

impl Suite<'_> {
    /// How many tests it is shown as: a file without a finding passes one.
    fn tests(&self) -> usize {
        (self.findings.len() + self.held.len()).max(1)
    }

    fn write(&self, path: &str, sources: &Sources, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let path = xml(path);
        let counts = [self.tests(), self.findings.len(), self.held.len()].map(|it| it.to_string());
        let [tests, failures, skipped] = &counts;
        writer
            .create_element("testsuite")
            .with_attributes([
                ("name", path.as_str()),
                ("tests", tests),
                ("failures", failures),
                ("errors", "0"),
                ("skipped", skipped),
            ])
            .write_inner_content(|writer| {
                for finding in &self.findings {
                    case(writer, &name(finding, sources), &path, |writer| failure(writer, finding, sources))?;
                }
                for held in &self.held {
                    case(writer, &name(&held.finding, sources), &path, |writer| {
                        let message = xml(&held.why.told());
                        let element = writer.create_element("skipped");
                        element.with_attribute(("message", message.as_str())).write_empty().map(|_| ())
                    })?;
                }
                if self.findings.is_empty() && self.held.is_empty() {
                    let attributes = [("name", "no findings"), ("classname", &path)];
                    writer.create_element("testcase").with_attributes(attributes).write_empty()?;
                }
                Ok(())
            })?;
        Ok(())
    }
}

/// The rule and the line, by which tests of one file are told apart.
fn name(finding: &Finding, sources: &Sources) -> String {
    let span = finding.primary.span;
    format!("{} at line {}", finding.rule, sources.get(span.file).position(span.start).0)
}

fn case(
    writer: &mut Writer<Vec<u8>>,
    name: &str,
    path: &str,
    content: impl FnOnce(&mut Writer<Vec<u8>>) -> io::Result<()>,
) -> io::Result<()> {
    let element = writer.create_element("testcase");
    element.with_attributes([("name", name), ("classname", path)]).write_inner_content(content)?;
    Ok(())
}

fn failure(writer: &mut Writer<Vec<u8>>, finding: &Finding, sources: &Sources) -> io::Result<()> {
    let message = xml(&finding.message);
    writer
        .create_element("failure")
        .with_attributes([("type", finding.severity.name()), ("message", &message)])
        .write_text_content(BytesText::new(&xml(&explained(finding, sources))))?;
    Ok(())
}

/// A text without the characters that XML 1.0 has no place for.
fn xml(text: &str) -> String {
    harmless(text).replace(['\u{fffe}', '\u{ffff}'], "?")
}
