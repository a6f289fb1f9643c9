//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Report where the two ends of a hop disagree
    Check(CheckArguments),
    /// Show what was understood: routes, who answers them, the settings in force and where each comes from
    Map(MapArguments),
    /// Show the page of a rule
    Explain {
        /// The name of the rule
        rule: String,
    },
    /// List the rules
    Rules,
}

#[derive(Debug, Args)]
#[command(after_help = STATUS)]
pub(super) struct CheckArguments {
    /// Directories to read and report on, or files to report on (what surrounds a file is read too)
    #[arg(default_value = ".")]
    pub(super) paths: Vec<PathBuf>,
    /// Mend the files in place where that is safe
    #[arg(long)]
    pub(super) fix: bool,
    /// Show what --fix would change as a unified diff, and change nothing
    #[arg(long)]
    pub(super) diff: bool,
    /// Let --fix and --diff use fixes that change what a running service does, too
    #[arg(long)]
    pub(super) unsafe_fixes: bool,
    /// How to show findings
    #[arg(long, value_enum, default_value_t = Format::Full)]
    pub(super) format: Format,
    /// Check these rules alone
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) select: Vec<String>,
    /// Leave these rules out
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) ignore: Vec<String>,
    /// Show notes too: what is harmless by itself
    #[arg(long)]
    pub(super) pedantic: bool,
    /// The mildest severity that makes the run fail [default: warning]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(super) fail_on: Option<Level>,
    /// The configuration to go by, instead of the nearest hoplint.toml or pyproject.toml
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(super) color: Color,
}

#[derive(Debug, Args)]
pub(super) struct MapArguments {
    /// The directory to read
    #[arg(default_value = ".")]
    pub(super) path: PathBuf,
    /// How to show what was understood
    #[arg(long, value_enum, default_value_t = MapFormat::Text)]
    pub(super) format: MapFormat,
    /// The configuration to go by, instead of the nearest hoplint.toml or pyproject.toml
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Excerpts of both ends, and the mend
    Full,
    /// One line a finding
    Concise,
    /// One JSON document
    Json,
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
