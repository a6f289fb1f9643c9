//! Comments that silence findings: `# hoplint: ignore[rule] reason`.
//!
//! `ignore` holds for the statement on whose line it stands or, alone on a line, for the statement behind it; `ignore-block`
//! for the whole block that this statement opens; `ignore-file` for the file. A finding is silenced where any of its labels
//! lies in the reach of such a comment: each end of a hop has a right to say that it is meant.

mod comment;
mod named;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use memchr::memmem::Finder;

use self::comment::{Comment, Reach, Wrong};
use self::named::Named;
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Label};
use crate::rules::{MALFORMED_SUPPRESSION, RULES, UNKNOWN_RULE, UNUSED_SUPPRESSION, nearest};
use crate::source::{FileId, Source, Sources, Span, line_end, line_start, whole_lines};
use crate::syntax::outline::{Outline, Statement};

/// The mark that every such comment has.
const MARK: &str = "hoplint:";

/// The comments of a run.
#[derive(Debug, Default)]
pub struct Suppressions {
    /// Those that can be understood, by their files and in the order of their texts.
    by_file: BTreeMap<FileId, Vec<Comment>>,
    /// The same by the rules that they name.
    named: BTreeMap<(FileId, String), Named>,
    /// What is to be said of the others.
    findings: Vec<Finding>,
}

impl Suppressions {
    /// The comments of all files.
    pub fn of(sources: &Sources) -> Suppressions {
        let mut all = Suppressions::default();
        let mark = Finder::new(MARK);
        for (file, source) in sources.iter() {
            if mark.find(source.text.as_bytes()).is_some() {
                all.read(file, source);
            }
        }
        all
    }

    fn read(&mut self, file: FileId, source: &Source) {
        let outline = Outline::of(file, source);
        for range in &outline.comments {
            let span = Span::new(file, range.clone());
            match comment::parse(&source.text[range.clone()], range.start) {
                None => {}
                Some(Err(wrong)) => self.findings.push(malformed(span, &wrong, source)),
                Some(Ok(comment)) => match reach(&comment, source, &outline) {
                    Some(reach) => {
                        let comments = self.by_file.entry(file).or_default();
                        for (rule, _) in &comment.rules {
                            let named = self.named.entry((file, rule.clone())).or_default();
                            named.add(reach.clone(), comments.len());
                        }
                        comments.push(comment);
                    }
                    None => {
                        let wrong = Wrong {
                            message: "no statement that opens a block stands on this line or behind it"
                                .into(),
                            instead: None,
                        };
                        self.findings.push(malformed(span, &wrong, source));
                    }
                },
            }
        }
    }

    /// The reason to be silent about a finding, if there is one.
    pub fn reason(&mut self, finding: &Finding) -> Option<String> {
        let mut reason = None;
        for label in std::iter::once(&finding.primary).chain(&finding.related) {
            let file = label.span.file;
            let Some(comments) = self.by_file.get(&file) else { continue };
            let named = self.named.get_mut(&(file, finding.rule.to_owned()));
            if let Some(at) = named.and_then(|named| named.reaching(&label.span.range())) {
                reason.get_or_insert_with(|| comments[at].reason.clone());
            }
        }
        reason
    }

    /// What is to be said of the comments themselves, after all findings were asked about: those that cannot be understood,
    /// that name no rule, and those of a rule that ran and that silenced nothing.
    pub fn judge(self, sources: &Sources, has_run: impl Fn(&str) -> bool) -> Vec<Finding> {
        let mut findings = self.findings;
        let named = self.named.into_iter().map(|((file, rule), named)| (file, rule, named.unused()));
        let unused_ones: BTreeSet<(FileId, usize, String)> = named
            .flat_map(|(file, rule, unused)| unused.into_iter().map(move |at| (file, at, rule.clone())))
            .collect();
        for (file, comments) in self.by_file {
            let source = sources.get(file);
            for (number, comment) in comments.iter().enumerate() {
                for (at, (name, place)) in comment.rules.iter().enumerate() {
                    let place = Span::new(file, place.clone());
                    let without = || removal(file, source, comment, at);
                    if !RULES.iter().any(|rule| rule.name == name) {
                        findings.push(unknown(name, place, without()));
                    } else if unused_ones.contains(&(file, number, name.clone())) && has_run(name) {
                        findings.push(unused(name, place, without()));
                    }
                }
            }
        }
        findings
    }
}

/// What a comment reaches; `None` where it speaks of a block and there is none.
fn reach(comment: &Comment, source: &Source, outline: &Outline) -> Option<Range<usize>> {
    if comment.reach == Reach::File {
        return Some(0..source.text.len().max(1));
    }
    let line = comment.line(source, outline);
    let first = outline.statements.partition_point(|it| it.head.start < line.start);
    let on_line = outline.statements[first..].iter().take_while(|it| it.head.start < line.end);
    if comment.reach == Reach::Block {
        return on_line.filter_map(|it| it.block.clone()).next();
    }
    // A statement may go on for lines, and one that began before may end on this line.
    let whole = |it: &Statement| it.head.clone();
    let before = outline.statements[..first].last().map(whole).filter(|it| it.end > line.start);
    Some(
        on_line
            .map(whole)
            .chain(before)
            .fold(line.clone(), |all, it| all.start.min(it.start)..all.end.max(it.end)),
    )
}

fn malformed(span: Span, wrong: &Wrong, source: &Source) -> Finding {
    let primary = Label { span, text: "this silences nothing".into() };
    let mut finding = MALFORMED_SUPPRESSION.finding(wrong.message.clone(), primary, Vec::new());
    finding.help = Some(
        "write `hoplint: ignore[rule-name] reason`, `ignore-block[…]` or `ignore-file[…]`: which rule, and why it may be silent"
            .into(),
    );
    finding.fix = match &wrong.instead {
        Some(instead) => Fix::new(
            "write it as it is read",
            Applicability::Safe,
            vec![Edit { span, replacement: instead.clone() }],
        ),
        None => Fix::new(
            "remove the comment",
            Applicability::Unsafe,
            vec![Edit {
                span: Span::new(span.file, whole(source, span.range())),
                replacement: String::new(),
            }],
        ),
    };
    finding
}

fn unknown(name: &str, place: Span, without: Edit) -> Finding {
    let near = nearest(name);
    let message = match near {
        Some(near) => format!("there is no rule `{name}`: did you mean `{near}`?"),
        None => format!("there is no rule `{name}`"),
    };
    let mut finding =
        UNKNOWN_RULE.finding(message, Label { span: place, text: "no rule".into() }, Vec::new());
    finding.help = Some("`hoplint rules` lists them all".into());
    finding.fix = match near {
        Some(near) => {
            let edit = Edit { span: place, replacement: near.into() };
            Fix::new(format!("write `{near}`"), Applicability::Safe, vec![edit])
        }
        None => Fix::new("remove it", Applicability::Safe, vec![without]),
    };
    finding
}

fn unused(name: &str, place: Span, without: Edit) -> Finding {
    let message = format!("nothing is to be silenced here: `{name}` finds nothing that this comment reaches");
    let primary = Label { span: place, text: "silences nothing".into() };
    let mut finding = UNUSED_SUPPRESSION.finding(message, primary, Vec::new());
    finding.help = Some("remove it, so that it does not hide what comes later".into());
    finding.fix = Fix::new("remove it", Applicability::Safe, vec![without]);
    finding
}

/// Takes one name out of a comment, or the comment away where it is the only one.
fn removal(file: FileId, source: &Source, comment: &Comment, at: usize) -> Edit {
    let range = match comment.rules.as_slice() {
        [_] => whole(source, comment.range.clone()),
        [(_, first), (_, second), ..] if at == 0 => first.start..second.start,
        rules => rules[at - 1].1.end..rules[at].1.end,
    };
    Edit { span: Span::new(file, range), replacement: String::new() }
}

/// A comment with its line where nothing else stands on it, else with the blank before it.
fn whole(source: &Source, comment: Range<usize>) -> Range<usize> {
    let text = &source.text;
    let line = line_start(text, comment.start);
    let before = &text[line..comment.start];
    let end = comment.end + text[comment.end..].find('\n').map_or(text.len() - comment.end, |at| at + 1);
    match before.trim().is_empty() {
        true => whole_lines(text, line..end),
        false => line + before.trim_end().len()..comment.end,
    }
}

/// The comments that would silence these findings, each above the statement that the finding points to: edits that add
/// them, and the findings for which there is no place.
pub fn additions<'a>(
    findings: impl IntoIterator<Item = &'a Finding>,
    sources: &Sources,
    reason: &str,
) -> (Vec<Edit>, Vec<&'a Finding>) {
    let mut places: BTreeMap<(FileId, usize), BTreeSet<&str>> = BTreeMap::new();
    let mut outlines: BTreeMap<FileId, Outline> = BTreeMap::new();
    let mut left = Vec::new();
    // What is wrong with a comment is mended, not silenced.
    for finding in findings.into_iter().filter(|finding| !is_about_comments(finding.rule)) {
        let file = finding.primary.span.file;
        let source = sources.get(file);
        let outline = outlines.entry(file).or_insert_with(|| Outline::of(file, source));
        let at = comment::place_above(source, outline, finding.primary.span.range());
        match at {
            Some(at) => {
                places.entry((file, at)).or_default().insert(finding.rule);
            }
            None => left.push(finding),
        }
    }
    let edits = places.into_iter().map(|((file, at), rules)| {
        let text = &sources.get(file).text;
        let rest = &text[at..];
        let indentation = &rest[..rest.len() - rest.trim_start_matches([' ', '\t']).len()];
        let eol = line_end(text, at);
        let rules = rules.into_iter().collect::<Vec<_>>().join(", ");
        let replacement = format!("{indentation}# {MARK} ignore[{rules}] {reason}{eol}");
        Edit { span: Span::new(file, at..at), replacement }
    });
    (edits.collect(), left)
}

/// Whether a rule is about such comments themselves.
pub fn is_about_comments(rule: &str) -> bool {
    [MALFORMED_SUPPRESSION, UNKNOWN_RULE, UNUSED_SUPPRESSION].iter().any(|it| it.name == rule)
}
