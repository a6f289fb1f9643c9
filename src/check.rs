//! Sources to findings: parse, resolve, judge, and apply the policy of the run.

mod readers;
mod shared;

use rayon::prelude::*;

use self::shared::Shared;
use crate::config::{Settings, StackSettings, Truth};
use crate::finding::{Finding, Severity};
use crate::fingerprint::{fingerprint, path};
use crate::model::Deployment;
use crate::resolve::stacks::{Named, stacks};
use crate::resolve::{Told, deployments};
use crate::rules::{Context, RULES, Rule};
use crate::source::{Root, Sources};
use crate::suppress::Suppressions;
use crate::value::Globs;

/// What a run found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The stacks as they were understood, by their roots.
    pub stacks: Vec<Deployment>,
    /// The findings that the policy lets through, sorted by place.
    pub findings: Vec<Finding>,
    /// Those that it would, were they not silenced one by one.
    pub held: Vec<Held>,
    /// The trees of the run.
    pub trees: Vec<Root>,
    /// Whether the run was compared with a baseline.
    pub is_compared: bool,
    /// How many findings of the baseline were not found any more.
    pub outdated: usize,
}

/// A finding that is not shown.
#[derive(Clone, Debug)]
pub struct Held {
    /// What it would say.
    pub finding: Finding,
    /// What silenced it.
    pub why: Why,
}

/// What silences a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// A comment beside it, with the reason that it gives.
    Comment {
        /// In the words of whoever wrote it.
        reason: String,
    },
    /// It stands in the baseline.
    Baseline,
}

impl Why {
    /// In a few words.
    pub fn told(&self) -> String {
        match self {
            Why::Comment { reason } => format!("ignored: {reason}"),
            Why::Baseline => "in the baseline".into(),
        }
    }
}

impl Report {
    /// How many findings are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// The fingerprint of a finding: see [`fingerprint`].
    pub fn fingerprint(&self, finding: &Finding, sources: &Sources) -> String {
        fingerprint(finding, sources, &self.trees)
    }

    /// Whether something was not followed to its end.
    pub fn is_cut(&self) -> bool {
        self.stacks.iter().any(|stack| !stack.cut.is_empty())
    }

    /// Whether a finding is bad enough to fail the run.
    pub fn fails(&self, settings: &Settings) -> bool {
        self.findings.iter().any(|finding| finding.severity >= settings.fail_on)
    }
}

/// Checks all stacks of a run. The same input gives the same report, however many threads there are.
pub fn check(sources: &Sources, settings: &Settings) -> Report {
    let mut report = check_all(sources, settings);
    policy(&mut report, sources, settings);
    report
}

/// As [`check`], with the findings that the policy of the run holds back.
pub fn check_all(sources: &Sources, settings: &Settings) -> Report {
    let stacks = understand(sources, settings);
    let mut found: Vec<Vec<Finding>> =
        stacks.par_iter().map(|stack| judge(stack, sources, settings.truth)).collect();
    let shared = Shared::new(&stacks);
    shared.hold_back(&mut found);
    shared.tell_apart(&mut found, &stacks);
    let mut all: Vec<Finding> = found.into_iter().flatten().collect();
    let in_order =
        |findings: &mut Vec<Finding>| findings.sort_by(|a, b| order(a, sources).cmp(&order(b, sources)));
    in_order(&mut all);
    shared.tell_once(&mut all);
    let mut suppressions = Suppressions::of(sources);
    let (mut findings, mut held) = (Vec::new(), Vec::new());
    for finding in all {
        match suppressions.reason(&finding) {
            Some(reason) => held.push(Held { finding, why: Why::Comment { reason } }),
            None => findings.push(finding),
        }
    }
    // Where something could not be read, its findings may only be missing.
    let has_run = |rule: &str| settings.is_on(rule) && sources.unread().is_empty();
    let of_comments = suppressions.judge(sources, has_run);
    if !of_comments.is_empty() {
        findings.extend(of_comments);
        in_order(&mut findings);
    }
    Report { stacks, findings, held, trees: settings.trees.clone(), is_compared: false, outdated: 0 }
}

/// By what findings are sorted: their places first.
pub fn order<'a>(finding: &'a Finding, sources: &'a Sources) -> (&'a str, u32, &'static str, &'a str) {
    let span = finding.primary.span;
    (&sources.get(span.file).path, span.start, finding.rule, &finding.message)
}

fn understand(sources: &Sources, settings: &Settings) -> Vec<Deployment> {
    let named: Vec<Named> = settings.stacks.iter().map(named).collect();
    let stacks = || {
        let mut stacks = stacks(sources, &settings.trees, &named);
        // What is merely searched is no machine by itself.
        stacks.retain(|stack| stack.files.iter().any(|id| sources.get(*id).kind.is_configuration()));
        stacks
    };
    let Settings { target, external, limits, .. } = settings;
    deployments(stacks, sources, Told { target: *target, external, limits })
}

fn named(stack: &StackSettings) -> Named {
    // The configuration holds no others than those that can be read.
    let globs = |written: &[String]| Globs::new(written).unwrap_or_default();
    Named {
        root: stack.root.clone(),
        include: globs(&stack.include),
        exclude: globs(&stack.exclude),
        paths: stack.paths.clone(),
    }
}

fn judge(deployment: &Deployment, sources: &Sources, truth: Truth) -> Vec<Finding> {
    let of_rule = |rule: &&Rule| {
        let mut findings = Vec::new();
        (rule.check)(&Context { deployment, sources }, &mut findings);
        findings
    };
    let mut findings: Vec<Finding> = RULES.par_iter().flat_map_iter(of_rule).collect();
    readers::hold_back(deployment, sources, &mut findings);
    for finding in &mut findings {
        choose(finding, truth);
    }
    findings
}

/// Leaves a finding the mend at the end that is not the truth; where only one end can be mended, that one.
fn choose(finding: &mut Finding, truth: Truth) {
    let (at_proxy, at_app) = (finding.fix.take(), finding.fix_at_app.take());
    finding.fix = match truth {
        Truth::App => at_proxy.or(at_app.filter(|fix| !fix.on_demand)),
        Truth::Proxy => at_app.or(at_proxy),
    };
}

/// The policy of a run: how bad findings are; what is selected, bad enough, in a file that was asked about and that is not
/// ignored, and not in the baseline.
pub fn policy(report: &mut Report, sources: &Sources, settings: &Settings) {
    let held = report.held.iter_mut().map(|held| &mut held.finding);
    for finding in report.findings.iter_mut().chain(held) {
        finding.severity = settings.severity_of(finding.rule).flatten().unwrap_or(finding.severity);
    }
    let trees = &report.trees;
    report.findings.retain(|finding| is_reported(finding, sources, settings, trees));
    report.held.retain(|held| is_reported(&held.finding, sources, settings, trees));
    let Some(baseline) = &settings.baseline else { return };
    report.is_compared = true;
    let mut left = baseline.clone();
    let findings = std::mem::take(&mut report.findings);
    for finding in findings {
        if left.take(&report.fingerprint(&finding, sources)) {
            report.held.push(Held { finding, why: Why::Baseline });
        } else {
            report.findings.push(finding);
        }
    }
    // What a run does not look at, or sees one end of alone, may still be there.
    let sees_all = settings.only.is_none() && settings.trees.iter().all(|tree| tree.below.is_empty());
    report.outdated = left.left(|entry| sees_all && settings.is_on(&entry.rule));
}

fn is_reported(finding: &Finding, sources: &Sources, settings: &Settings, trees: &[Root]) -> bool {
    let mut labels = std::iter::once(&finding.primary).chain(&finding.related);
    let concerned = settings
        .only
        .as_ref()
        .is_none_or(|only| labels.any(|label| only.contains(&sources.get(label.span.file).path)));
    let place = path(&sources.get(finding.primary.span.file).path, trees);
    settings.is_on(finding.rule)
        && finding.severity >= settings.show
        && concerned
        && !settings.is_ignored_at(finding.rule, &place)
}
