//! Mends, applied until nothing is left to apply, and proven before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{Report, check_all, policy};
use crate::config::Settings;
use crate::edit::{Applicability, Edit, Fix, apply, conflict};
use crate::finding::{Finding, Severity};
use crate::source::{FileId, Sources, Span};
use crate::suppress;

/// How often fixes may bring forth further fixes.
const MAX_ROUNDS: usize = 10;

/// How often a fix may be followed by those of what it uncovers.
const MAX_FOLLOWERS: usize = 3;

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
/// Of the fixes of a round whose result is worse, those that do the harm are found by halving, and left out where they do it
/// alone, too. Fixes that bring forth fixes without end are given up with their rules, and the rest is done anew.
pub fn fix(sources: &Sources, settings: &Settings, at_least: Applicability) -> Outcome {
    fix_telling(sources, settings, at_least, &|_| ())
}

/// As [`fix`], with something to be told before each round, from 1: a large tree takes a while.
pub fn fix_telling(
    sources: &Sources,
    settings: &Settings,
    at_least: Applicability,
    tell: &dyn Fn(usize),
) -> Outcome {
    let mut endless = BTreeSet::new();
    loop {
        match settle(start(sources, settings), settings, at_least, &endless, tell) {
            Ok(mut outcome) => {
                outcome.withdrawn.extend(endless);
                outcome.withdrawn.sort_unstable();
                outcome.withdrawn.dedup();
                return reported(outcome, settings);
            }
            Err(rules) => endless.extend(rules),
        }
    }
}

/// Mends until nothing is left to mend, or says which rules find no end.
fn settle(
    mut now: Outcome,
    settings: &Settings,
    at_least: Applicability,
    endless: &BTreeSet<&'static str>,
    tell: &dyn Fn(usize),
) -> Result<Outcome, BTreeSet<&'static str>> {
    let mut rounds = 0;
    for round in 1.. {
        tell(round);
        let mut fixes = applicable(&now, settings, at_least);
        fixes.retain(|(rule, _)| !endless.contains(rule));
        // A comment that was misspelt silences something that would be mended otherwise.
        if fixes.iter().any(|(rule, _)| suppress::is_about_comments(rule)) {
            fixes.retain(|(rule, _)| suppress::is_about_comments(rule));
        }
        let together = disjoint(&fixes);
        let mut round = Round { now: &now, settings, good: Vec::new(), bad: Vec::new(), next: None };
        round.sift(&together);
        let Round { next, bad, .. } = round;
        let followed = || bad.iter().find_map(|mend| with_followers(&now, mend, settings, at_least));
        let Some(next) = next.or_else(followed) else {
            now.withdrawn = bad.iter().map(|(rule, _)| *rule).collect();
            return Ok(now);
        };
        // A round in which fixes had to wait for each other is none that brought forth new ones.
        rounds += usize::from(together.len() == fixes.len());
        if rounds > MAX_ROUNDS {
            return Err(next.applied[now.applied.len()..].iter().map(|(rule, _)| *rule).collect());
        }
        now = next;
    }
    Ok(now)
}

/// The search for those of some fixes that do no harm together.
struct Round<'a> {
    now: &'a Outcome,
    settings: &'a Settings,
    good: Vec<Mend>,
    bad: Vec<Mend>,
    /// The state after the good ones.
    next: Option<Outcome>,
}

impl Round<'_> {
    /// Adds fixes to the good ones where that makes nothing worse, and else each half of them. One bad fix among many costs
    /// twice the logarithm of their number.
    fn sift(&mut self, fixes: &[Mend]) {
        if fixes.is_empty() {
            return;
        }
        let all = [self.good.as_slice(), fixes].concat();
        let mended = all.iter().map(|(rule, _)| *rule).collect();
        let next = applied(self.now, &all, self.settings);
        if is_no_worse(&self.now.report, &next.report, &mended) {
            (self.good, self.next) = (all, Some(next));
        } else if let [bad] = fixes {
            self.bad.push(bad.clone());
        } else {
            let (first, second) = fixes.split_at(fixes.len() / 2);
            self.sift(first);
            self.sift(second);
        }
    }
}

/// The state after a fix that does harm alone and the fixes of what it uncovered, if it is no worse than the state before: a
/// mistake may have hidden others that can be mended as well.
fn with_followers(
    now: &Outcome,
    mend: &Mend,
    settings: &Settings,
    at_least: Applicability,
) -> Option<Outcome> {
    let (mended, had) = (BTreeSet::from([mend.0]), by_rule(&now.report, &BTreeSet::new()));
    let mut next = applied(now, std::slice::from_ref(mend), settings);
    for _ in 0..MAX_FOLLOWERS {
        let has = by_rule(&next.report, &BTreeSet::new());
        let grew = |rule: &str| {
            let before = had.get(rule).copied().unwrap_or_default();
            has.get(rule).is_some_and(|now| now.grave > before.grave)
        };
        let mut followers = applicable(&next, settings, at_least);
        followers.retain(|(rule, _)| grew(rule));
        if followers.is_empty() {
            return None;
        }
        next = applied(&next, &disjoint(&followers), settings);
        if is_no_worse(&now.report, &next.report, &mended) {
            return Some(next);
        }
    }
    None
}

/// Writes comments that silence the findings that the policy lets through, each above the statement that it points to. What
/// is wrong with a comment is left: that is mended.
///
/// # Errors
/// If a finding is left that no comment reaches; nothing is changed then.
pub fn add_ignores(sources: &Sources, settings: &Settings, reason: &str) -> Result<Outcome, String> {
    let before = reported(start(sources, settings), settings);
    let may_change = |finding: &Finding| settings.may_change(&sources.get(finding.primary.span.file).path);
    let findings = before.report.findings.iter().filter(|finding| may_change(finding));
    let (edits, left) = suppress::additions(findings, sources, reason);
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
    let is_silenced = |finding: &&Finding| !suppress::is_about_comments(finding.rule) && may_change(finding);
    let silenced = before.report.findings.iter().filter(is_silenced);
    after.applied = silenced.map(|it| (it.rule, "ignored".to_owned())).collect();
    let after = reported(after, settings);
    if let Some(finding) = after.report.findings.iter().find(is_silenced) {
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

/// The fixes of the findings that are left and asked about.
fn applicable(now: &Outcome, settings: &Settings, at_least: Applicability) -> Vec<Mend> {
    let may_change = |edit: &Edit| settings.may_change(&now.sources.get(edit.span.file).path);
    let wanted = |finding: &Finding| {
        let fix = finding.fix.clone()?;
        let trusted = fix.applicability >= at_least && fix.applicability > Applicability::Manual;
        (trusted && fix.edits().iter().all(may_change)).then_some((finding.rule, fix))
    };
    let Report { findings, held, trees, .. } = &now.report;
    let (findings, held, trees) = (findings.clone(), held.clone(), trees.clone());
    let mut report = Report { stacks: Vec::new(), findings, held, trees, is_compared: false, outdated: 0 };
    policy(&mut report, &now.sources, settings);
    report.findings.iter().filter_map(wanted).collect()
}

/// Those of the fixes that can be applied together: the first wins, what it touches waits for the next round.
fn disjoint(fixes: &[Mend]) -> Vec<Mend> {
    // By where they begin; none of them clash, so that they end in the same order.
    let mut taken: BTreeMap<(FileId, u32, u32), BTreeSet<&Edit>> = BTreeMap::new();
    let mut together: Vec<Mend> = Vec::new();
    for (rule, fix) in fixes {
        let clashes = |edit: &Edit| {
            let Span { file, start, end } = edit.span;
            let before = taken.range((file, 0, 0)..=(file, end, u32::MAX)).rev();
            let near = before.take_while(|((_, _, others_end), _)| *others_end >= start);
            near.flat_map(|(_, others)| others).any(|other| *other != edit && conflict(other.span, edit.span))
        };
        if fix.edits().iter().any(clashes) {
            continue;
        }
        for edit in fix.edits() {
            taken.entry((edit.span.file, edit.span.start, edit.span.end)).or_default().insert(edit);
        }
        together.push((rule, fix.clone()));
    }
    together
}

/// The state after some fixes.
fn applied(now: &Outcome, fixes: &[Mend], settings: &Settings) -> Outcome {
    let sources = edited(&now.sources, fixes.iter().flat_map(|(_, fix)| fix.edits()));
    let report = check_all(&sources, settings);
    let mut applied = now.applied.clone();
    applied.extend(fixes.iter().map(|(rule, fix)| (*rule, fix.title.clone())));
    Outcome { sources, applied, withdrawn: Vec::new(), report }
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
