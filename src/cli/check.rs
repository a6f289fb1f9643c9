//! `hoplint check`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::arguments::{CheckArguments, Format, OutputFile};
use super::progress::Progress;
use super::{Failure, Status, say, say_cut, say_unread, stdin, terminal, watch};
use crate::baseline::{Baseline, Entry};
use crate::check::{Report, check};
use crate::config::Settings;
use crate::discover::{self, Found, WriteError};
use crate::edit::Applicability;
use crate::finding::Finding;
use crate::fingerprint;
use crate::fix::{Outcome, add_ignores, fix_telling};
use crate::output::{self, Style};
use crate::source::Sources;

pub(super) fn run(arguments: &CheckArguments, to: &mut dyn Write) -> Result<Status, Failure> {
    if arguments.watch {
        return watch::run(arguments, to);
    }
    if let Some(path) = &arguments.stdin_filename {
        return stdin::run(arguments, path, to);
    }
    let progress = Progress::start();
    progress.tell("Reading files");
    let (found, settings) = read(arguments)?;
    let status = once(&found, &settings, arguments, progress, to);
    // The process ends here, and giving back the memory piece by piece takes its time.
    rayon::spawn(move || drop(found));
    status
}

/// Reads the configuration and the files.
pub(super) fn read(arguments: &CheckArguments) -> Result<(Found, Settings), Failure> {
    gather(arguments, &arguments.paths, |settings| discover::read(&arguments.paths, settings))
}

/// As [`super::gather`], with all that was typed.
pub(super) fn gather(
    arguments: &CheckArguments,
    paths: &[PathBuf],
    read: impl FnOnce(&Settings) -> Result<Found, String>,
) -> Result<(Found, Settings), Failure> {
    let (wanted, typed) = (arguments.configuration.wanted(), arguments.policy.typed());
    let (found, mut settings) = super::gather(paths, wanted, &typed, arguments.ignore_unknown, read)?;
    settings.baseline = match known(&settings, arguments) {
        Some(path) if arguments.write_baseline.is_none() => {
            Some(discover::baseline(&path, &settings.limits)?)
        }
        _ => None,
    };
    Ok((found, settings))
}

/// Does with what was read what was asked for.
pub(super) fn once(
    found: &Found,
    settings: &Settings,
    arguments: &CheckArguments,
    progress: Progress,
    to: &mut dyn Write,
) -> Result<Status, Failure> {
    if let Some(path) = arguments.output_file.iter().map(|it| &it.path).find(|path| found.is_read(path)) {
        let why = "it is configuration that is checked";
        return Err(format!("cannot write a report to `{}`: {why}", path.display()).into());
    }
    progress.tell(format!("Checking {}", output::plural(found.sources.len(), "file")));
    let status = if arguments.diff {
        show_diff(found, settings, arguments, progress, to)?
    } else if arguments.fix {
        mend(found, settings, arguments, progress, to)?
    } else if let Some(reason) = &arguments.add_ignores {
        ignore(found, settings, reason, arguments, progress, to)?
    } else {
        let written = written(arguments, settings)?;
        let report = check(&found.sources, settings);
        drop(progress);
        say_unread(found);
        match &written {
            Some(path) => write_baseline(&report, &found.sources, path, settings)?,
            None => {
                show(&report, &found.sources, arguments, terminal::style(arguments.color), to)?;
                let status = judged(&report, settings);
                rayon::spawn(move || drop(report));
                status
            }
        }
    };
    Ok(if found.problems.is_empty() { status } else { Status::Failure })
}

/// The file of the baseline: what was typed is seen from here, what is configured from the configuration.
pub(super) fn known(settings: &Settings, arguments: &CheckArguments) -> Option<PathBuf> {
    let file = settings.baseline_file.clone()?;
    let directory = settings.directory.clone().filter(|_| arguments.policy.typed().baseline.is_none());
    Some(directory.map_or_else(|| file.clone(), |directory| directory.join(&file)))
}

/// The file that the baseline is written to, if it is.
fn written(arguments: &CheckArguments, settings: &Settings) -> Result<Option<PathBuf>, String> {
    let Some(path) = &arguments.write_baseline else { return Ok(None) };
    let path = path.clone().or_else(|| known(settings, arguments));
    let why = "--write-baseline needs a file: name one here, or as `baseline` in the configuration";
    path.map(Some).ok_or_else(|| why.into())
}

/// Mends as far as was asked for.
pub(super) fn mended(
    found: &Found,
    settings: &Settings,
    arguments: &CheckArguments,
    progress: &Progress,
) -> Outcome {
    let at_least = if arguments.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe };
    let tell = |round: usize| progress.tell(format!("Mending, round {round}"));
    fix_telling(&found.sources, settings, at_least, &tell)
}

pub(super) fn judged(report: &Report, settings: &Settings) -> Status {
    match report.fails(settings) {
        _ if report.is_cut() => Status::Failure,
        true => Status::Findings,
        false => Status::Clean,
    }
}

/// Writes the report to the files that were asked for, and to standard output where none of them takes its place.
pub(super) fn show(
    report: &Report,
    sources: &Sources,
    arguments: &CheckArguments,
    style: Style,
    to: &mut dyn Write,
) -> Result<(), Failure> {
    say_cut(report, sources);
    let mut is_elsewhere = false;
    for OutputFile { format, path } in &arguments.output_file {
        let mut text = Vec::new();
        let plain = Style { color: false, ..style };
        write_report(report, sources, arguments, format.unwrap_or(arguments.format), plain, &mut text)?;
        discover::write_report(path, &text)?;
        is_elsewhere |= format.is_none();
    }
    if !is_elsewhere {
        write_report(report, sources, arguments, arguments.format, style, to)?;
        to.flush()?;
    }
    // In the format for people the summary is a part of the report.
    if is_elsewhere || arguments.format != Format::Full {
        say(&summary(report, sources));
    }
    let gone = report.outdated;
    if gone > 0 {
        let (findings, are) = (output::plural(gone, "finding"), if gone == 1 { "is" } else { "are" });
        say(&format!("{findings} of the baseline {are} gone: write it anew with --write-baseline."));
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
    style: Style,
    to: &mut dyn Write,
) -> Result<(), Failure> {
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
    arguments: &CheckArguments,
    progress: Progress,
    to: &mut dyn Write,
) -> Result<Status, Failure> {
    let outcome = mended(found, settings, arguments, &progress);
    drop(progress);
    say_unread(found);
    say_cut(&outcome.report, &outcome.sources);
    output::diff(&found.sources, &outcome.sources, to)?;
    to.flush()?;
    let changed = outcome.changed(&found.sources).len();
    let read = output::what_was_read(&found.sources, &outcome.report);
    say(&format!("Read {read}: {} would change.", output::plural(changed, "file")));
    say_withdrawn(&outcome);
    Ok(match changed {
        _ if outcome.report.is_cut() => Status::Failure,
        0 => Status::Clean,
        _ => Status::Findings,
    })
}

fn mend(
    found: &Found,
    settings: &Settings,
    arguments: &CheckArguments,
    progress: Progress,
    to: &mut dyn Write,
) -> Result<Status, Failure> {
    let mend = |settings: &Settings| Ok(mended(found, settings, arguments, &progress));
    let written = write_back(found, settings, mend);
    drop(progress);
    say_unread(found);
    let Written { outcome, changed, refused } = written?;
    show(&outcome.report, &outcome.sources, arguments, terminal::style(arguments.color), to)?;
    say_mended(&outcome, changed);
    say_refused(&refused);
    Ok(if refused.is_empty() { judged(&outcome.report, settings) } else { Status::Failure })
}

/// Says what was mended in so many files, and what was not.
pub(super) fn say_mended(outcome: &Outcome, changed: usize) {
    if changed > 0 {
        let rules: BTreeSet<&str> = outcome.applied.iter().map(|(rule, _)| *rule).collect();
        let (findings, files) = (outcome.applied.len(), output::plural(changed, "file"));
        let rules = rules.into_iter().collect::<Vec<_>>().join(", ");
        say(&format!("Mended {} in {files}: {rules}.", output::plural(findings, "finding")));
    }
    say_withdrawn(outcome);
}

/// What came of writing.
struct Written {
    /// What was mended.
    outcome: Outcome,
    /// In how many files.
    changed: usize,
    /// The files that could not be written, and why.
    refused: BTreeMap<String, String>,
}

/// Writes the files that are no longer as they were. A file that cannot be written is left as it is, and so is whatever else a
/// fix would change together with it: all is mended anew without, so that what is written was judged as it is written.
fn write_back(
    found: &Found,
    settings: &Settings,
    mend: impl Fn(&Settings) -> Result<Outcome, String>,
) -> Result<Written, Failure> {
    let (mut settings, mut refused) = (settings.clone(), BTreeMap::new());
    loop {
        let outcome = mend(&settings)?;
        let changed = outcome.changed(&found.sources);
        match discover::write(&changed, found, &outcome.sources) {
            Ok(()) => return Ok(Written { outcome, changed: changed.len(), refused }),
            Err(WriteError::Stopped(message)) => return Err(message.into()),
            Err(WriteError::Refused(files)) => {
                let path = |id| found.sources.get(id).path.clone();
                refused.extend(files.into_iter().map(|(id, why)| (path(id), why)));
                let paths = found.sources.iter().map(|(id, _)| path(id));
                settings.may_change = Some(paths.filter(|path| !refused.contains_key(path)).collect());
            }
        }
    }
}

fn say_refused(refused: &BTreeMap<String, String>) {
    for (path, why) in refused {
        say(&format!(
            "error: cannot write `{path}`: {why}; it was left as it is, with what would have changed together with it."
        ));
    }
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
    progress: Progress,
    to: &mut dyn Write,
) -> Result<Status, Failure> {
    let written = write_back(found, settings, |settings| add_ignores(&found.sources, settings, reason));
    drop(progress);
    say_unread(found);
    let Written { outcome, changed, refused } = written?;
    show(&outcome.report, &outcome.sources, arguments, terminal::style(arguments.color), to)?;
    let findings = output::plural(outcome.applied.len(), "finding");
    say(&format!("Ignored {findings} in {}.", output::plural(changed, "file")));
    say_refused(&refused);
    Ok(if refused.is_empty() { judged(&outcome.report, settings) } else { Status::Failure })
}

fn write_baseline(
    report: &Report,
    sources: &Sources,
    path: &Path,
    settings: &Settings,
) -> Result<Status, Failure> {
    let entry = |finding: &Finding| Entry {
        rule: finding.rule.into(),
        path: fingerprint::path(&sources.get(finding.primary.span.file).path, &report.trees).into_owned(),
        fingerprint: report.fingerprint(finding, sources),
    };
    say_cut(report, sources);
    let text = Baseline::write(report.findings.iter().map(entry).collect());
    discover::write_baseline(path, &text, &settings.limits)?;
    let findings = output::plural(report.findings.len(), "finding");
    say(&format!("Wrote {findings} to `{}`.", path.display()));
    Ok(if report.is_cut() { Status::Failure } else { Status::Clean })
}
