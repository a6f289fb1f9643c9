//! The command line: what was typed, what is done, and with which status it ends.

mod arguments;
mod check;
mod init;
mod terminal;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Command, ConfigArguments, MapArguments, MapFormat};
use crate::check::check;
use crate::config::{Settings, Typed, schema};
use crate::discover::{self, Found, Wanted};
use crate::output;
use crate::rules::{Category, RULES, nearest, rule};

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
            let of_category = Category::ALL.iter().map(|it| it.name().len()).max().unwrap_or(0);
            for rule in RULES {
                let (severity, fix) = (rule.severity.name(), rule.fix.name());
                let (name, category, summary) = (rule.name, rule.category.name(), rule.summary);
                writeln!(
                    to,
                    "{name:width$}  {category:of_category$}  {severity:7}  fix: {fix:9}  {summary}"
                )?;
            }
            Ok(Status::Clean)
        }
        Command::Init(arguments) => init::run(arguments, to),
        Command::Config(arguments) => run_config(arguments, to),
    }
}

/// Reads the files and the configuration of a run, and says what could not be read.
fn prepare(paths: &[PathBuf], wanted: Wanted, typed: &Typed) -> Result<(Found, Settings), Failure> {
    let mut settings = discover::settings(wanted, paths)?;
    typed.apply(&mut settings);
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

fn run_config(arguments: &ConfigArguments, to: &mut dyn Write) -> Result<Status, Failure> {
    if arguments.schema {
        writeln!(to, "{:#}", schema())?;
        return Ok(Status::Clean);
    }
    let paths = std::slice::from_ref(&arguments.path);
    discover::is_there(&arguments.path)?;
    let wanted = arguments.configuration.wanted();
    let mut settings = discover::settings(wanted, paths)?;
    arguments.policy.typed().apply(&mut settings);
    let passed_over = discover::passed_over(wanted, paths, settings.file.as_deref());
    output::configuration(&settings, &passed_over, to)?;
    Ok(Status::Clean)
}

fn run_map(arguments: &MapArguments, to: &mut dyn Write) -> Result<Status, Failure> {
    let paths = std::slice::from_ref(&arguments.path);
    let (found, settings) = prepare(paths, arguments.configuration.wanted(), &Typed::default())?;
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
