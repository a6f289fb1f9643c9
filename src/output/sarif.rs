//! SARIF 2.1.0, the OASIS format that code scanning reads.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::all;
use crate::check::{Held, Report, Why};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::fingerprint::Unique;
use crate::rules::{RULES, Rule};
use crate::source::{Source, Sources, Span};

/// Where the published schema is to be had.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes the document: the rules that found something with their pages, and each finding with both ends and the mend. What
/// was silenced is there too, and marked.
///
/// # Errors
/// If the text cannot be written.
pub fn sarif(report: &Report, sources: &Sources, to: &mut dyn Write) -> io::Result<()> {
    let all = all(report, sources);
    let found: BTreeSet<&str> = all.iter().map(|(finding, _)| finding.rule).collect();
    let rules: Vec<&Rule> = RULES.iter().copied().filter(|rule| found.contains(rule.name)).collect();
    let index = rules.iter().enumerate().map(|(at, rule)| (rule.name, at)).collect();
    let tool = json!({"driver": {
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "shortDescription": {"text": env!("CARGO_PKG_DESCRIPTION")},
        "rules": rules.iter().map(|it| rule(it)).collect::<Vec<_>>(),
    }});
    let run =
        Run { column_kind: "unicodeCodePoints", results: Results { all, index, report, sources }, tool };
    let document = Document { schema: SCHEMA, runs: [run], version: "2.1.0" };
    let mut serializer = serde_json::Serializer::pretty(&mut *to);
    document.serialize(&mut serializer)?;
    writeln!(to)
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "$schema")]
    schema: &'a str,
    runs: [Run<'a>; 1],
    version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    column_kind: &'a str,
    results: Results<'a>,
    tool: Value,
}

/// The findings, each of which is put together when its turn comes to be written: as values all of them take gigabytes.
struct Results<'a> {
    all: Vec<(&'a Finding, Option<&'a Held>)>,
    /// The places of the rules in their list.
    index: BTreeMap<&'a str, usize>,
    report: &'a Report,
    sources: &'a Sources,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut unique = Unique::default();
        serializer.collect_seq(self.all.iter().map(|(finding, held)| {
            let fingerprint = unique.next(self.report.fingerprint(finding, self.sources));
            let mut result = result(finding, *held, self.sources, fingerprint);
            result["ruleIndex"] = json!(self.index[finding.rule]);
            if self.report.is_compared {
                let is_old = held.is_some_and(|held| matches!(held.why, Why::Baseline));
                result["baselineState"] = json!(if is_old { "unchanged" } else { "new" });
            }
            result
        }))
    }
}

fn rule(rule: &Rule) -> Value {
    let outcome = format!("{} Outcome: {}.", sentence(rule.summary), rule.outcome);
    json!({
        "id": rule.name,
        "shortDescription": {"text": sentence(rule.summary)},
        "fullDescription": {"text": outcome},
        "help": {"text": rule.page, "markdown": rule.page},
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {"tags": [rule.category.name()], "problem.severity": problem(rule.severity)},
    })
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// The severity as GitHub's code scanning calls it.
fn problem(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "recommendation",
    }
}

fn result(finding: &Finding, held: Option<&Held>, sources: &Sources, fingerprint: String) -> Value {
    let text = match &finding.help {
        Some(help) => format!("{}. {}", finding.message, sentence(help)),
        None => format!("{}.", finding.message),
    };
    let related: Vec<Value> = finding
        .related
        .iter()
        .enumerate()
        .map(|(at, label)| {
            let mut location = location(label, sources);
            location["id"] = json!(at + 1);
            location
        })
        .collect();
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": {"text": text},
        "locations": [location(&finding.primary, sources)],
        "relatedLocations": related,
        "partialFingerprints": {"hoplint/v1": fingerprint},
        "properties": {"outcome": finding.outcome},
    });
    if let Some(fix) = finding.fix.as_ref().filter(|fix| fix.applicability > Applicability::Manual) {
        result["fixes"] = json!([mend(fix, sources)]);
    }
    // An empty list says that what could be suppressed is not.
    let suppressions: Vec<Value> = held.iter().map(|held| suppression(&held.why)).collect();
    result["suppressions"] = json!(suppressions);
    result
}

fn suppression(why: &Why) -> Value {
    match why {
        Why::Comment { reason } => json!({"kind": "inSource", "justification": reason}),
        Why::Baseline => json!({"kind": "external", "justification": why.told()}),
    }
}

fn location(label: &Label, sources: &Sources) -> Value {
    let source = sources.get(label.span.file);
    json!({
        "physicalLocation": {
            "artifactLocation": artifact(source),
            "region": region(label.span, source),
        },
        "message": {"text": label.text},
    })
}

/// A file by its path, as a reference that is relative to where the run was.
fn artifact(source: &Source) -> Value {
    if source.path.starts_with('/') {
        json!({"uri": format!("file://{}", uri(&source.path))})
    } else {
        json!({"uri": uri(&source.path), "uriBaseId": "%SRCROOT%"})
    }
}

/// A path with all but the unreserved characters of RFC 3986 and `/` as `%` and two digits.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte as char)
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

fn region(span: Span, source: &Source) -> Value {
    let (start, end) = (source.position(span.start), source.position(span.end));
    json!({"startLine": start.0, "startColumn": start.1, "endLine": end.0, "endColumn": end.1})
}

/// A fix as the changes of each of its files.
fn mend(fix: &Fix, sources: &Sources) -> Value {
    let mut files: BTreeMap<&str, (Value, Vec<Value>)> = BTreeMap::new();
    for edit in fix.edits() {
        let source = sources.get(edit.span.file);
        let replacement = json!({
            "deletedRegion": region(edit.span, source),
            "insertedContent": {"text": edit.replacement},
        });
        files.entry(&source.path).or_insert_with(|| (artifact(source), Vec::new())).1.push(replacement);
    }
    let changes: Vec<Value> = files
        .into_values()
        .map(|(artifact, edits)| json!({"artifactLocation": artifact, "replacements": edits}))
        .collect();
    let caution = match fix.applicability {
        Applicability::Safe => "",
        _ => " (unsafe: it changes what a running service does)",
    };
    json!({"description": {"text": format!("{}{caution}", fix.title)}, "artifactChanges": changes})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_reference() {
        assert_eq!(uri("hosts/web 1/a:b#c%ä.conf"), "hosts/web%201/a%3Ab%23c%25%C3%A4.conf");
    }
}
