//! The command line: what was typed, what is done, and with which status it ends.

mod arguments;
mod check;
mod generated;
mod init;
mod progress;
mod stdin;
mod terminal;
mod watch;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Command, ConfigArguments, ExplainArguments, MapArguments, MapFormat};
use self::progress::Progress;
use crate::check::{Report, check};
use crate::config::{Settings, Typed, schema};
use crate::discover::{self, Found, Wanted};
use crate::model::Deployment;
use crate::output;
use crate::rules::{Category, RULES, nearest, rule};
use crate::source::Sources;

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
        Command::Explain(arguments) => explain(arguments, to),
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
        Command::Completions { shell } => generated::completions(*shell, to),
        Command::Man { command } => generated::manual(command.as_deref(), to),
    }
}

/// The page of a rule: laid out where somebody reads it, as it is written where a program does.
fn explain(arguments: &ExplainArguments, to: &mut dyn Write) -> Result<Status, Failure> {
    let rule = rule(&arguments.rule).ok_or_else(|| unknown_rule(&arguments.rule))?;
    let style = terminal::style(arguments.color);
    if style.color || io::stdout().is_terminal() {
        output::page(rule.page, style, to)?;
    } else {
        write!(to, "{}", rule.page)?;
    }
    Ok(Status::Clean)
}

/// Reads the configuration of a run, and then its files. Where there is nothing to lint that is an error, unless it is to be
/// passed over.
fn gather(
    paths: &[PathBuf],
    wanted: Wanted,
    typed: &Typed,
    is_unknown_ignored: bool,
    read: impl FnOnce(&Settings) -> Result<Found, String>,
) -> Result<(Found, Settings), Failure> {
    let mut settings = discover::settings(wanted, paths)?;
    typed.apply(&mut settings);
    let found = read(&settings)?;
    if found.is_nothing() && !is_unknown_ignored {
        return Err(nothing(&found, paths, &settings).into());
    }
    settings.trees.clone_from(&found.trees);
    settings.only.clone_from(&found.only);
    Ok((found, settings))
}

/// Says what was not read.
fn say_unread(found: &Found) {
    for path in &found.excluded {
        say(&format!("`{path}` is not read: the configuration excludes it."));
    }
    for part in &found.parts {
        let here = if part.is_empty() || part.ends_with("..") {
            "this directory".to_owned()
        } else {
            format!("`{part}`")
        };
        say(&format!(
            "Only {here} was read, not the repository around it: the other ends of its hops may be there."
        ));
    }
    for problem in &found.problems {
        say(&format!("error: {problem}"));
    }
}

/// Says what was not followed to its end.
fn say_cut(report: &Report, sources: &Sources) {
    for cut in report.stacks.iter().flat_map(|stack| &stack.cut) {
        let source = sources.get(cut.span.file);
        let line = source.position(cut.span.start).0;
        say(&format!("error: {}:{line}: {}", source.path, cut.why));
    }
}

fn nothing(found: &Found, paths: &[PathBuf], settings: &Settings) -> String {
    if !found.problems.is_empty() {
        return found.problems.join("; ");
    }
    let names: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    let names = names.join(", ");
    let but = if settings.exclude.is_empty() { "" } else { " that the configuration does not exclude" };
    format!("nothing to lint in {names}: no nginx, Gunicorn or systemd configuration was found there{but}")
}

/// Leaves the stacks that a file is in which was named.
fn keep_stacks_of(only: &[String], report: &mut Report, found: &Found) -> Result<(), String> {
    let is_named =
        |stack: &Deployment| stack.files.iter().any(|id| only.contains(&found.sources.get(*id).path));
    report.stacks.retain(is_named);
    match report.stacks.is_empty() {
        true if only.is_empty() => Err("the configuration excludes it, so that it is in no stack".into()),
        true => {
            Err(format!("`{}` is in no stack: nothing that is to be linted lies with it", only.join("`, `")))
        }
        false => Ok(()),
    }
}

/// Says that there is no such rule, and which are called so in part, or nearly.
fn unknown_rule(name: &str) -> String {
    const MOST: usize = 4;
    let in_part = RULES.iter().map(|rule| rule.name).filter(|it| name.len() > 2 && it.contains(name));
    let mut meant: Vec<&str> = in_part.collect();
    if meant.is_empty() || meant.len() > MOST {
        meant = nearest(name).into_iter().collect();
    }
    let of_category = Category::ALL.iter().any(|category| category.name() == name);
    let hint = match meant.as_slice() {
        _ if of_category => "; it is a category of rules".into(),
        [] => String::new(),
        meant => format!("; did you mean `{}`?", meant.join("` or `")),
    };
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
    let progress = Progress::start();
    progress.tell("Reading files");
    let wanted = arguments.configuration.wanted();
    let read = |settings: &Settings| discover::read(paths, settings);
    let (found, settings) = gather(paths, wanted, &Typed::default(), false, read)?;
    progress.tell(format!("Reading {} as their programs do", output::plural(found.sources.len(), "file")));
    let mut report = check(&found.sources, &settings);
    drop(progress);
    say_unread(&found);
    say_cut(&report, &found.sources);
    let is_whole = found.problems.is_empty() && !report.is_cut();
    let read = output::what_was_read(&found.sources, &report);
    if let Some(only) = &found.only {
        keep_stacks_of(only, &mut report, &found)?;
    }
    match arguments.format {
        MapFormat::Text => {
            if let Some([path]) = found.only.as_deref() {
                let roots: Vec<&str> = report.stacks.iter().map(Deployment::place).collect();
                let stacks = if roots.len() == 1 { "the stack" } else { "the stacks" };
                let said = format!("`{path}` is in {stacks} `{}`.", roots.join("`, `"));
                writeln!(to, "{}\n", output::harmless(&said))?;
            }
            output::map(&report, &found.sources, &settings, terminal::style(arguments.color), to)?;
            writeln!(to, "\nRead {read}.")?;
        }
        MapFormat::Json => {
            output::map_json(&report, &found.sources, to)?;
            to.flush()?;
            say(&format!("Read {read}."));
        }
    }
    Ok(if is_whole { Status::Clean } else { Status::Failure })
}
