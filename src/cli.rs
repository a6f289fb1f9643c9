//! The command line: what was typed, what is done, and with which status it ends.

mod arguments;
mod check;
mod terminal;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Command, MapArguments, MapFormat};
use crate::check::check;
use crate::config::Settings;
use crate::discover::{self, Found};
use crate::output;
use crate::rules::{RULES, nearest, rule};

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// Nothing at or above the failing level.
    Clean,
    /// Findings, or changes that `--diff` would make.
    Findings,
    /// The tool could not do its job.
    Failure,
}

/// Why a run could not do its job: a sentence for the user, or a stream that takes no more text.
#[derive(Debug)]
enum Failure {
    Message(String),
    Output(io::Error),
}

impl From<String> for Failure {
    fn from(message: String) -> Failure {
        Failure::Message(message)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}

/// Runs the program with the arguments of the process. A reader that closes the pipe ends the run without a word.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are asked for; everything else is a mistake of the command line.
            let failed = error.use_stderr();
            let _ = error.print();
            return code(if failed { Status::Failure } else { Status::Clean });
        }
    };
    let stdout = io::stdout();
    let mut to = BufWriter::new(stdout.lock());
    let result = dispatch(&arguments, &mut to).and_then(|status| Ok(to.flush().map(|()| status)?));
    match result {
        Ok(status) => code(status),
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => code(Status::Clean),
        Err(Failure::Output(error)) => fail(&format!("cannot write the report: {error}")),
        Err(Failure::Message(message)) => {
            let _ = to.flush();
            fail(&message)
        }
    }
}

fn code(status: Status) -> ExitCode {
    ExitCode::from(match status {
        Status::Clean => 0,
        Status::Findings => 1,
        Status::Failure => 2,
    })
}

fn fail(message: &str) -> ExitCode {
    say(&format!("error: {message}"));
    code(Status::Failure)
}

/// Says something that belongs to no report.
fn say(message: &str) {
    let _ = writeln!(io::stderr(), "{}", output::harmless(message));
}

fn dispatch(arguments: &Arguments, to: &mut dyn Write) -> Result<Status, Failure> {
    match &arguments.command {
        Command::Check(arguments) => check::run(arguments, to),
        Command::Map(arguments) => run_map(arguments, to),
        Command::Explain { rule: name } => {
            let rule = rule(name).ok_or_else(|| unknown_rule(name))?;
            write!(to, "{}", rule.page)?;
            Ok(Status::Clean)
        }
        Command::Rules => {
            let width = RULES.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
            for rule in RULES {
                let (severity, fix) = (rule.severity.name(), rule.fix.name());
                let line = format!("{:width$}  {severity:7}  fix: {fix:9}  {}", rule.name, rule.summary);
                writeln!(to, "{line}")?;
            }
            Ok(Status::Clean)
        }
    }
}

/// Reads the files and the configuration of a run, and says what could not be read.
fn prepare(
    paths: &[PathBuf],
    config: Option<&std::path::Path>,
    typed: impl Fn(&mut Settings),
) -> Result<(Found, Settings), Failure> {
    let mut settings = discover::settings(config, paths)?;
    typed(&mut settings);
    for name in settings.select.iter().chain(&settings.ignore) {
        if rule(name).is_none() {
            return Err(unknown_rule(name).into());
        }
    }
    let found = discover::read(paths, &settings)?;
    settings.trees.clone_from(&found.trees);
    settings.only.clone_from(&found.only);
    for path in &found.excluded {
        say(&format!("`{path}` is not read: the configuration excludes it."));
    }
    for problem in &found.problems {
        say(&format!("error: {problem}"));
    }
    Ok((found, settings))
}

fn unknown_rule(name: &str) -> String {
    let hint = nearest(name).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("there is no rule `{name}`{hint} (`hoplint rules` lists them all)")
}

fn run_map(arguments: &MapArguments, to: &mut dyn Write) -> Result<Status, Failure> {
    let paths = std::slice::from_ref(&arguments.path);
    let (found, settings) = prepare(paths, arguments.config.as_deref(), |_| {})?;
    let report = check(&found.sources, &settings);
    let read = output::what_was_read(&found.sources, &report);
    match arguments.format {
        MapFormat::Text => {
            output::map(&report, &found.sources, to)?;
            writeln!(to, "\nRead {read}.")?;
        }
        MapFormat::Json => {
            output::map_json(&report, &found.sources, to)?;
            to.flush()?;
            say(&format!("Read {read}."));
        }
    }
    Ok(if found.problems.is_empty() { Status::Clean } else { Status::Failure })
}
