//! What can be typed.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::config::{Selector, Typed, level, level_names};
use crate::discover::Wanted;
use crate::finding::Severity;

/// Check every hop between nginx, Gunicorn and systemd before it is deployed, and mend what can be mended safely.
#[derive(Debug, Parser)]
#[command(name = "hoplint", version, max_term_width = 100, after_help = STATUS)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

const STATUS: &str = "Exit status: 0 nothing found at or above the failing level; 1 findings (with --diff: changes); \
                      2 hoplint could not do its job.";

// The headings of the options of `check`.
const MENDING: &str = "Mending";
const OUTPUT: &str = "Output";
const COUNTING: &str = "What counts";
const KNOWN: &str = "Findings that are known";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Report where the two ends of a hop disagree
    Check(CheckArguments),
    /// Show what was understood: routes, who answers them, the settings in force and where each comes from
    Map(MapArguments),
    /// Show the page of a rule: what goes wrong, what the client sees, examples, and why the fix is safe
    Explain(ExplainArguments),
    /// List the rules
    Rules,
    /// Show the configuration in force, and where each value comes from
    Config(ConfigArguments),
    /// Write a configuration to begin with, and a hook for pre-commit; nothing that is there is changed
    Init(InitArguments),
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print a page of the manual, for `man -l -`
    Man {
        /// The command that it is about; hoplint as a whole without it
        command: Option<String>,
    },
}

#[derive(Debug, Args)]
#[command(after_help = STATUS)]
pub(super) struct CheckArguments {
    /// Directories to read and report on, or files to report on (what surrounds a file is read too)
    #[arg(default_value = ".")]
    pub(super) paths: Vec<PathBuf>,
    /// Pass over files that are no configuration, even if nothing else was named: for hooks that name whatever changed
    #[arg(long)]
    pub(super) ignore_unknown: bool,
    /// Mend the files in place where that is safe
    #[arg(long, help_heading = MENDING)]
    pub(super) fix: bool,
    /// Show what --fix would change as a unified diff, and change nothing
    #[arg(long, help_heading = MENDING)]
    pub(super) diff: bool,
    /// Let --fix and --diff use fixes that change what a running service does, too
    #[arg(long, help_heading = MENDING)]
    pub(super) unsafe_fixes: bool,
    /// How to show findings
    #[arg(long, value_enum, default_value_t = Format::Full, help_heading = OUTPUT)]
    pub(super) format: Format,
    /// Write the report to a file: in a format of its own beside what is shown (sarif=report.sarif), or instead of it
    /// (report.txt); may be given several times
    #[arg(long, value_name = "[FORMAT=]FILE", help_heading = OUTPUT)]
    pub(super) output_file: Vec<OutputFile>,
    /// Show how often each rule spoke, instead of the findings
    #[arg(long, help_heading = OUTPUT)]
    pub(super) statistics: bool,
    /// Write all findings to a baseline, and go on from there; without a file, to that of the configuration
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with_all = ["fix", "diff", "add_ignores", "baseline"], help_heading = KNOWN)]
    pub(super) write_baseline: Option<Option<PathBuf>>,
    /// Write a comment with this reason above each finding, so that it is silent from now on
    #[arg(long, value_name = "REASON", conflicts_with_all = ["fix", "diff"], value_parser = reason, help_heading = KNOWN)]
    pub(super) add_ignores: Option<String>,
    /// Report on this file alone, as it stands on standard input: what surrounds it is read from disk. With --fix its mended
    /// text is written to standard output and the report to standard error
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "write_baseline", "add_ignores"])]
    pub(super) stdin_filename: Option<PathBuf>,
    /// Check again whenever a file changes, until Ctrl-C
    #[arg(long, conflicts_with_all = ["fix", "write_baseline", "add_ignores", "stdin_filename", "output_file"])]
    pub(super) watch: bool,
    #[command(flatten)]
    pub(super) policy: PolicyArguments,
    #[command(flatten)]
    pub(super) configuration: ConfigurationArguments,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(super) color: Color,
}

/// What goes over the configuration.
#[derive(Debug, Args)]
pub(super) struct PolicyArguments {
    /// Check these rules and categories alone, whatever is configured
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = Selector::parse, help_heading = COUNTING)]
    pub(super) select: Vec<Selector>,
    /// Leave these rules and categories out
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = Selector::parse, help_heading = COUNTING)]
    pub(super) ignore: Vec<Selector>,
    /// What findings of a rule or a category are: error, warning, note or off
    #[arg(long, value_name = "RULE=LEVEL", value_delimiter = ',', value_parser = severity, help_heading = COUNTING)]
    pub(super) severity: Vec<(Selector, Option<Severity>)>,
    /// The mildest severity that makes the run fail [default: warning]
    #[arg(long, value_enum, value_name = "LEVEL", help_heading = COUNTING)]
    pub(super) fail_on: Option<Level>,
    /// Show notes too: what is harmless by itself
    #[arg(long, help_heading = COUNTING)]
    pub(super) pedantic: bool,
    /// Show no notes, whatever is configured
    #[arg(long, conflicts_with = "pedantic", help_heading = COUNTING)]
    pub(super) no_pedantic: bool,
    /// Show and fail for what is not in this baseline alone
    #[arg(long, value_name = "FILE", help_heading = KNOWN)]
    pub(super) baseline: Option<PathBuf>,
    /// Show what is in the baseline too, whatever is configured
    #[arg(long, conflicts_with = "baseline", help_heading = KNOWN)]
    pub(super) no_baseline: bool,
}

impl PolicyArguments {
    pub(super) fn typed(&self) -> Typed {
        let (shown, hidden) = (self.pedantic.then_some(true), self.no_pedantic.then_some(false));
        Typed {
            select: self.select.clone(),
            ignore: self.ignore.clone(),
            severity: self.severity.clone(),
            fail_on: self.fail_on.map(Level::severity),
            pedantic: shown.or(hidden),
            baseline: self.baseline.clone().map(Some).or(self.no_baseline.then_some(None)),
        }
    }
}

/// Which configuration a run goes by.
#[derive(Debug, Args)]
pub(super) struct ConfigurationArguments {
    /// The configuration to go by, instead of the nearest hoplint.toml or pyproject.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Go by no configuration
    #[arg(long, conflicts_with = "config")]
    no_config: bool,
}

impl ConfigurationArguments {
    pub(super) fn wanted(&self) -> Wanted<'_> {
        match &self.config {
            _ if self.no_config => Wanted::Nothing,
            Some(path) => Wanted::Named(path),
            None => Wanted::Nearest,
        }
    }
}

/// A rule or a category and a severity.
fn severity(text: &str) -> Result<(Selector, Option<Severity>), String> {
    let (name, severity) = text.split_once('=').ok_or("write it as `RULE=LEVEL`")?;
    let levels = level_names().join(", ");
    let severity = level(severity).ok_or_else(|| format!("`{severity}` is none of {levels}"))?;
    Ok((Selector::parse(name)?, severity))
}

/// Where a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OutputFile {
    /// In which format; that of the run where there is nothing.
    pub(super) format: Option<Format>,
    pub(super) path: PathBuf,
}

impl FromStr for OutputFile {
    type Err = String;

    fn from_str(text: &str) -> Result<OutputFile, String> {
        // A path may hold a `=` as well, behind a `/` or a `.`.
        let named =
            text.split_once('=').filter(|(name, _)| name.bytes().all(|it| it.is_ascii_alphanumeric()));
        let output = match named {
            Some((name, path)) => OutputFile { format: Some(format(name)?), path: path.into() },
            None => OutputFile { format: None, path: text.into() },
        };
        match output.path.to_str() {
            Some("") => Err("it names no file".into()),
            Some("-") => Err("what goes to standard output is what --format says; name a file".into()),
            _ => Ok(output),
        }
    }
}

fn format(name: &str) -> Result<Format, String> {
    Format::from_str(name, false).map_err(|_| {
        let known: Vec<_> =
            Format::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
        let known: Vec<&str> = known.iter().map(|it| it.get_name()).collect();
        let near = similar::get_close_matches(name, &known, 1, 0.6).first().copied();
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        format!("there is no format `{name}`{hint} (a file that is called so is `./{name}=...`)")
    })
}

/// A reason that fits on the line of a comment.
fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.contains(char::is_control) {
        Err("it has to fit on one line".into())
    } else if !text.chars().any(char::is_alphanumeric) {
        Err("it says nothing: why may these findings stay?".into())
    } else {
        Ok(text.into())
    }
}

#[derive(Debug, Args)]
pub(super) struct MapArguments {
    /// The directory to read, or a file: then the stack is shown that it is in
    #[arg(default_value = ".")]
    pub(super) path: PathBuf,
    /// How to show what was understood
    #[arg(long, value_enum, default_value_t = MapFormat::Text)]
    pub(super) format: MapFormat,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(super) color: Color,
    #[command(flatten)]
    pub(super) configuration: ConfigurationArguments,
}

#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// The directory to write them to
    #[arg(default_value = ".")]
    pub(super) path: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ConfigArguments {
    /// The directory or the file whose configuration is looked for
    #[arg(default_value = ".")]
    pub(super) path: PathBuf,
    /// Print the JSON Schema of hoplint.toml instead, for editors
    #[arg(long)]
    pub(super) schema: bool,
    #[command(flatten)]
    pub(super) policy: PolicyArguments,
    #[command(flatten)]
    pub(super) configuration: ConfigurationArguments,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// The name of the rule
    pub(super) rule: String,
    /// When to use colours; with them, and on a terminal, the page is laid out for reading, and else it is Markdown
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(super) color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Excerpts of both ends, and the mend
    Full,
    /// One line a finding
    Concise,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// A Code Quality report of GitLab
    Gitlab,
    /// JUnit's XML
    Junit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum MapFormat {
    /// For reading
    Text,
    /// One JSON document
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Level {
    /// Certain failures
    Error,
    /// Failures under an ordinary event
    Warning,
    /// Everything
    Note,
}

impl Level {
    pub(super) fn severity(self) -> Severity {
        match self {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Note => Severity::Note,
        }
    }
}
