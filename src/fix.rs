//! Mends, applied until nothing is left to apply, and proven before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{Report, check_all, policy};
use crate::config::Settings;
use crate::edit::{Applicability, Edit, Fix, apply, conflict};
use crate::finding::{Finding, Severity};
use crate::source::{FileId, Sources};
use crate::suppress;

/// How often fixes may bring forth further fixes.
const MAX_ROUNDS: usize = 10;

/// What fixing came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The texts afterwards; equal to those before where nothing was mended.
    pub sources: Sources,
    /// What was mended, in the order in which it was: the rule, and what its fix did.
    pub applied: Vec<(&'static str, String)>,
    /// The rules whose fixes were taken back, since they brought a syntax error, a finding of another rule, or no end.
    pub withdrawn: Vec<&'static str>,
    /// What is left.
    pub report: Report,
}

impl Outcome {
    /// The files that are no longer as they were.
    pub fn changed(&self, before: &Sources) -> Vec<FileId> {
        let differs = |id: &FileId| before.get(*id).bytes() != self.sources.get(*id).bytes();
        before.iter().map(|(id, _)| id).filter(differs).collect()
    }
}

/// Applies the fixes that may be trusted at least so far, again and again until none applies.
///
/// A round whose result is worse is tried once more fix by fix, and the bad ones are left out. What never settles is
/// taken back altogether.
pub fn fix(sources: &Sources, settings: &Settings, at_least: Applicability) -> Outcome {
    let mut now = start(sources, settings);
    for _ in 0..MAX_ROUNDS {
        let fixes = applicable(&now, settings, at_least);
        let together = disjoint(&fixes);
        let round = match attempt(&now, &together, settings) {
            Some(next) => Some(next),
            None => one_by_one(&mut now, &together, settings),
        };
        match round {
            Some(next) => now = next,
            None => return reported(now, settings),
        }
    }
    // Ten rounds of fixes that bring forth fixes have no end: the files stay as they were.
    let rules: BTreeSet<&'static str> = now.applied.iter().map(|(rule, _)| *rule).collect();
    let before = Outcome { withdrawn: rules.into_iter().collect(), ..start(sources, settings) };
    reported(before, settings)
}

/// Writes comments that silence the findings that the policy lets through, each above the statement that it points to.
///
/// # Errors
/// If a finding is left that no comment reaches; nothing is changed then.
pub fn add_ignores(sources: &Sources, settings: &Settings, reason: &str) -> Result<Outcome, String> {
    let before = reported(start(sources, settings), settings);
    let (edits, left) = suppress::additions(&before.report.findings, sources, reason);
    if let Some(finding) = left.first() {
        let source = sources.get(finding.primary.span.file);
        let (path, line) = (&source.path, source.position(finding.primary.span.start).0);
        return Err(format!(
            "there is no place for a comment that silences `{}` at {path}:{line}",
            finding.rule
        ));
    }
    let mut after = before.clone();
    after.sources = edited(sources, &edits);
    after.report = check_all(&after.sources, settings);
    after.applied = before.report.findings.iter().map(|it| (it.rule, "ignored".to_owned())).collect();
    let after = reported(after, settings);
    if let Some(finding) = after.report.findings.first() {
        let source = after.sources.get(finding.primary.span.file);
        return Err(format!("a comment does not silence `{}` in {}", finding.rule, source.path));
    }
    Ok(after)
}

/// The sources after edits that are disjoint.
fn edited<'a>(sources: &Sources, edits: impl IntoIterator<Item = &'a Edit>) -> Sources {
    let mut by_file: BTreeMap<FileId, BTreeSet<&Edit>> = BTreeMap::new();
    for edit in edits {
        by_file.entry(edit.span.file).or_default().insert(edit);
    }
    let mut after = sources.clone();
    for (file, edits) in by_file {
        after.replace(file, apply(sources.get(file).bytes(), edits));
    }
    after
}

/// The state before any fix. While fixing, a report holds all findings: what the policy holds back must not grow either.
fn start(sources: &Sources, settings: &Settings) -> Outcome {
    let report = check_all(sources, settings);
    Outcome { sources: sources.clone(), applied: Vec::new(), withdrawn: Vec::new(), report }
}

/// The state with the report that the user asked for.
fn reported(mut outcome: Outcome, settings: &Settings) -> Outcome {
    policy(&mut outcome.report, &outcome.sources, settings);
    outcome
}

type Mend = (&'static str, Fix);

/// The fixes of the findings that are left and asked about, without those that were withdrawn.
fn applicable(now: &Outcome, settings: &Settings, at_least: Applicability) -> Vec<Mend> {
    let wanted = |finding: &Finding| {
        let fix = finding.fix.clone()?;
        let trusted = fix.applicability >= at_least && fix.applicability > Applicability::Manual;
        (trusted && !now.withdrawn.contains(&finding.rule)).then_some((finding.rule, fix))
    };
    let mut report = now.report.clone();
    policy(&mut report, &now.sources, settings);
    report.findings.iter().filter_map(wanted).collect()
}

/// Those of the fixes that can be applied together: the first wins, what it touches waits for the next round.
fn disjoint(fixes: &[Mend]) -> Vec<Mend> {
    let mut taken: BTreeMap<FileId, Vec<Edit>> = BTreeMap::new();
    let mut together: Vec<Mend> = Vec::new();
    for (rule, fix) in fixes {
        let clashes = |edit: &Edit| {
            let others = taken.get(&edit.span.file).into_iter().flatten();
            others.into_iter().any(|other| other != edit && conflict(other.span, edit.span))
        };
        if fix.edits().iter().any(clashes) {
            continue;
        }
        for edit in fix.edits() {
            taken.entry(edit.span.file).or_default().push(edit.clone());
        }
        together.push((rule, fix.clone()));
    }
    together
}

/// The state after some fixes, if it is no worse than the state before.
fn attempt(now: &Outcome, fixes: &[Mend], settings: &Settings) -> Option<Outcome> {
    if fixes.is_empty() {
        return None;
    }
    let mut next = now.clone();
    next.sources = edited(&now.sources, fixes.iter().flat_map(|(_, fix)| fix.edits()));
    next.report = check_all(&next.sources, settings);
    next.applied.extend(fixes.iter().map(|(rule, fix)| (*rule, fix.title.clone())));
    let mended: BTreeSet<&str> = fixes.iter().map(|(rule, _)| *rule).collect();
    is_no_worse(&now.report, &next.report, &mended).then_some(next)
}

/// Whether there is no new syntax error, no new finding of a rule that mended nothing, and fewer of those that did.
///
/// A new note is no harm: what joins an app to its route lets more be said of both. Nor is what is said of a unit that
/// systemd refused before, and that so never ran.
fn is_no_worse(before: &Report, after: &Report, mended: &BTreeSet<&str>) -> bool {
    let refusals = |report: &Report| report.stacks.iter().map(|stack| stack.refusals.len()).sum::<usize>();
    let mut loaded = refused(before);
    for file in refused(after) {
        loaded.remove(&file);
    }
    let (had, has) = (by_rule(before, &BTreeSet::new()), by_rule(after, &loaded));
    let fits = |(rule, now): (&&str, &Count)| {
        let before = had.get(rule).copied().unwrap_or_default();
        if mended.contains(rule) { now.all < before.all } else { now.grave <= before.grave }
    };
    refusals(after) <= refusals(before) && has.iter().all(fits)
}

/// The files of the units that systemd refuses.
fn refused(report: &Report) -> BTreeSet<FileId> {
    let units = report.stacks.iter().flat_map(|stack| &stack.units).filter(|unit| unit.is_refused());
    units.flat_map(|unit| unit.files.iter().copied()).collect()
}

/// How many findings a rule has, and how many of them are more than notes and not of these files.
#[derive(Clone, Copy, Default)]
struct Count {
    all: usize,
    grave: usize,
}

fn by_rule(report: &Report, pardoned: &BTreeSet<FileId>) -> BTreeMap<&'static str, Count> {
    let mut counts: BTreeMap<&'static str, Count> = BTreeMap::new();
    // What is said of comments follows from what they silence: a mend makes some of them superfluous.
    let of_files = report.findings.iter().filter(|finding| !suppress::is_about_comments(finding.rule));
    for finding in of_files {
        let count = counts.entry(finding.rule).or_default();
        count.all += 1;
        let is_pardoned = pardoned.contains(&finding.primary.span.file);
        count.grave += usize::from(finding.severity > Severity::Note && !is_pardoned);
    }
    counts
}

/// Takes the first fix that does no harm by itself, and withdraws the rules of those before it that do.
fn one_by_one(now: &mut Outcome, fixes: &[Mend], settings: &Settings) -> Option<Outcome> {
    for mend in fixes {
        if now.withdrawn.contains(&mend.0) {
            continue;
        }
        if let Some(next) = attempt(now, std::slice::from_ref(mend), settings) {
            return Some(next);
        }
        now.withdrawn.push(mend.0);
    }
    None
}
