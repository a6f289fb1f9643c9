//! Sources to findings: parse, resolve, judge, and apply the policy of the run.

mod readers;

use rayon::prelude::*;

use crate::config::{Settings, Truth};
use crate::finding::{Finding, Severity};
use crate::model::Deployment;
use crate::resolve::stacks::stacks;
use crate::resolve::{Trees, deployment, parse};
use crate::rules::{Context, RULES};
use crate::source::Sources;

/// What a run found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The stacks as they were understood, by their roots.
    pub stacks: Vec<Deployment>,
    /// The findings that the policy lets through, sorted by place.
    pub findings: Vec<Finding>,
}

impl Report {
    /// How many findings are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Whether a finding is bad enough to fail the run.
    pub fn fails(&self, settings: &Settings) -> bool {
        self.findings.iter().any(|finding| finding.severity >= settings.fail_on)
    }
}

/// Checks all stacks of a run. The same input gives the same report, however many threads there are.
pub fn check(sources: &Sources, settings: &Settings) -> Report {
    let mut report = check_all(sources, settings);
    report.findings.retain(|finding| is_reported(finding, sources, settings));
    report
}

/// As [`check`], with the findings that the policy of the run holds back.
pub fn check_all(sources: &Sources, settings: &Settings) -> Report {
    let trees = parse(sources);
    let stacks = understand(sources, &trees, settings);
    let found: Vec<Vec<Finding>> =
        stacks.par_iter().map(|stack| judge(stack, sources, settings.truth)).collect();
    let mut findings: Vec<Finding> = found.into_iter().flatten().collect();
    findings.sort_by(|a, b| place(a, sources).cmp(&place(b, sources)));
    findings.dedup();
    Report { stacks, findings }
}

/// By what findings are sorted.
fn place<'a>(finding: &'a Finding, sources: &'a Sources) -> (&'a str, u32, &'static str, &'a str) {
    let span = finding.primary.span;
    (&sources.get(span.file).path, span.start, finding.rule, &finding.message)
}

fn understand(sources: &Sources, trees: &Trees, settings: &Settings) -> Vec<Deployment> {
    let mut stacks = stacks(sources, &settings.trees, &settings.stacks);
    // What is merely searched is no machine by itself.
    stacks.retain(|stack| stack.files.iter().any(|id| sources.get(*id).kind.is_configuration()));
    stacks.par_iter().map(|stack| deployment(stack, trees, sources, settings.target)).collect()
}

fn judge(deployment: &Deployment, sources: &Sources, truth: Truth) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        (rule.check)(&Context { deployment, sources }, &mut findings);
    }
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
        Truth::App => at_proxy.or(at_app),
        Truth::Proxy => at_app.or(at_proxy),
    };
}

/// The policy of a run: what is selected, bad enough, and in a file that was asked about.
pub fn is_reported(finding: &Finding, sources: &Sources, settings: &Settings) -> bool {
    let named = |names: &[String]| names.iter().any(|name| name == finding.rule);
    let selected = settings.select.is_empty() || named(&settings.select);
    let mut labels = std::iter::once(&finding.primary).chain(&finding.related);
    let concerned = settings
        .only
        .as_ref()
        .is_none_or(|only| labels.any(|label| only.contains(&sources.get(label.span.file).path)));
    selected && !named(&settings.ignore) && finding.severity >= settings.show && concerned
}
