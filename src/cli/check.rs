//! `hoplint check`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::arguments::{CheckArguments, Format, OutputFile};
use super::{Failure, Status, prepare, say, terminal};
use crate::baseline::{Baseline, Entry};
use crate::check::{Report, check};
use crate::config::{Settings, Typed};
use crate::discover::{self, Found};
use crate::edit::Applicability;
use crate::finding::Finding;
use crate::fingerprint;
use crate::fix::{Outcome, add_ignores, fix};
use crate::output;
use crate::source::Sources;

pub(super) fn run(arguments: &CheckArguments, to: &mut dyn Write) -> Result<Status, Failure> {
    let typed = arguments.policy.typed();
    let (found, mut settings) = prepare(&arguments.paths, arguments.configuration.wanted(), &typed)?;
    let known = known(&settings, &typed);
    let written = match &arguments.write_baseline {
        None => None,
        Some(path) => Some(path.clone().or_else(|| known.clone()).ok_or(
            "--write-baseline needs a file: name one here, or as `baseline` in the configuration".to_owned(),
        )?),
    };
    settings.baseline = match &known {
        Some(path) if written.is_none() => Some(discover::baseline(path)?),
        _ => None,
    };
    let at_least = if arguments.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe };
    let status = if arguments.diff {
        show_diff(&found, &settings, at_least, to)?
    } else if arguments.fix {
        mend(&found, &settings, at_least, arguments, to)?
    } else if let Some(reason) = &arguments.add_ignores {
        ignore(&found, &settings, reason, arguments, to)?
    } else {
        let report = check(&found.sources, &settings);
        match &written {
            Some(path) => write_baseline(&report, &found.sources, path)?,
            None => {
                show(&report, &found.sources, arguments, to)?;
                judged(&report, &settings)
            }
        }
    };
    Ok(if found.problems.is_empty() { status } else { Status::Failure })
}

/// The file of the baseline: what was typed is seen from here, what is configured from the configuration.
fn known(settings: &Settings, typed: &Typed) -> Option<PathBuf> {
    let file = settings.baseline_file.clone()?;
    let directory = settings.directory.clone().filter(|_| typed.baseline.is_none());
    Some(directory.map_or_else(|| file.clone(), |directory| directory.join(&file)))
}

fn judged(report: &Report, settings: &Settings) -> Status {
    if report.fails(settings) { Status::Findings } else { Status::Clean }
}

/// Writes the report to the files that were asked for, and to standard output where none of them takes its place.
fn show(
    report: &Report,
    sources: &Sources,
    arguments: &CheckArguments,
    to: &mut dyn Write,
) -> Result<(), Failure> {
    let mut is_elsewhere = false;
    for OutputFile { format, path } in &arguments.output_file {
        let mut text = Vec::new();
        write_report(report, sources, arguments, format.unwrap_or(arguments.format), &mut text)?;
        discover::write_report(path, &text)?;
        is_elsewhere |= format.is_none();
    }
    if !is_elsewhere {
        write_report(report, sources, arguments, arguments.format, to)?;
        to.flush()?;
    }
    // In the format for people the summary is a part of the report.
    if is_elsewhere || arguments.format != Format::Full {
        say(&summary(report, sources));
    }
    let gone = report.outdated;
    if gone > 0 {
        let findings = output::plural(gone, "finding");
        say(&format!("{findings} of the baseline are gone: write it anew with --write-baseline."));
    }
    Ok(())
}

fn summary(report: &Report, sources: &Sources) -> String {
    let read = output::what_was_read(sources, report);
    format!("Read {read}: {}.", output::what_was_found(report))
}

fn write_report(
    report: &Report,
    sources: &Sources,
    arguments: &CheckArguments,
    format: Format,
    to: &mut dyn Write,
) -> Result<(), Failure> {
    let style = terminal::style(arguments.color);
    match format {
        Format::Full | Format::Concise if arguments.statistics => output::statistics(report, to)?,
        Format::Full => output::full(report, sources, style, to)?,
        Format::Concise => output::concise(report, sources, to)?,
        Format::Json => output::json(report, sources, to)?,
        Format::Sarif => output::sarif(report, sources, to)?,
        Format::Github => output::github(report, sources, to)?,
        Format::Gitlab => output::gitlab(report, sources, to)?,
        Format::Junit => output::junit(report, sources, to)?,
    }
    if format == Format::Full {
        writeln!(to, "{}", summary(report, sources))?;
    }
    Ok(())
}

fn show_diff(
    found: &Found,
    settings: &Settings,
    at_least: Applicability,
    to: &mut dyn Write,
) -> Result<Status, Failure> {
    let outcome = fix(&found.sources, settings, at_least);
    output::diff(&found.sources, &outcome.sources, to)?;
    to.flush()?;
    let changed = outcome.changed(&found.sources).len();
    let read = output::what_was_read(&found.sources, &outcome.report);
    say(&format!("Read {read}: {} would change.", output::plural(changed, "file")));
    say_withdrawn(&outcome);
    Ok(if changed == 0 { Status::Clean } else { Status::Findings })
}

fn mend(
    found: &Found,
    settings: &Settings,
    at_least: Applicability,
    arguments: &CheckArguments,
    to: &mut dyn Write,
) -> Result<Status, Failure> {
    let outcome = fix(&found.sources, settings, at_least);
    let changed = write_back(found, &outcome)?;
    show(&outcome.report, &outcome.sources, arguments, to)?;
    if changed > 0 {
        let rules: BTreeSet<&str> = outcome.applied.iter().map(|(rule, _)| *rule).collect();
        let (findings, files) = (outcome.applied.len(), output::plural(changed, "file"));
        let rules = rules.into_iter().collect::<Vec<_>>().join(", ");
        say(&format!("Mended {} in {files}: {rules}.", output::plural(findings, "finding")));
    }
    say_withdrawn(&outcome);
    Ok(judged(&outcome.report, settings))
}

/// Writes the files that are no longer as they were, and says how many they are.
fn write_back(found: &Found, outcome: &Outcome) -> Result<usize, Failure> {
    let changed = outcome.changed(&found.sources);
    discover::write(&changed, &found.sources, &outcome.sources, &found.files).map_err(|error| match error
        .written
        .as_slice()
    {
        [] => format!("{}; nothing was changed", error.message),
        written => format!("{}; already changed: {}", error.message, written.join(", ")),
    })?;
    Ok(changed.len())
}

fn say_withdrawn(outcome: &Outcome) {
    if !outcome.withdrawn.is_empty() {
        let rules = outcome.withdrawn.join(", ");
        say(&format!(
            "The fixes of {rules} were left out: they would have brought new findings, or called for ever more fixes."
        ));
    }
}

/// Writes comments that silence the findings of the run.
fn ignore(
    found: &Found,
    settings: &Settings,
    reason: &str,
    arguments: &CheckArguments,
    to: &mut dyn Write,
) -> Result<Status, Failure> {
    let outcome = add_ignores(&found.sources, settings, reason)?;
    let changed = write_back(found, &outcome)?;
    show(&outcome.report, &outcome.sources, arguments, to)?;
    let findings = output::plural(outcome.applied.len(), "finding");
    say(&format!("Ignored {findings} in {}.", output::plural(changed, "file")));
    Ok(judged(&outcome.report, settings))
}

fn write_baseline(report: &Report, sources: &Sources, path: &Path) -> Result<Status, Failure> {
    let entry = |finding: &Finding| Entry {
        rule: finding.rule.into(),
        path: fingerprint::path(&sources.get(finding.primary.span.file).path, &report.trees).into_owned(),
        fingerprint: report.fingerprint(finding, sources),
    };
    let text = Baseline::write(report.findings.iter().map(entry).collect());
    discover::write_baseline(path, &text)?;
    let findings = output::plural(report.findings.len(), "finding");
    say(&format!("Wrote {findings} to `{}`.", path.display()));
    Ok(Status::Clean)
}
