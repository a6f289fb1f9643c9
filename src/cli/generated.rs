//! What is generated from the arguments: completions of shells, and pages of the manual.

use std::io::Write;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::arguments::Arguments;
use super::{Failure, Status};
use crate::rules::{Category, RULES};

/// Writes what a shell reads to complete commands, options, and the names of rules.
pub(super) fn completions(shell: Shell, to: &mut dyn Write) -> Result<Status, Failure> {
    let rules = || RULES.iter().map(|rule| PossibleValue::new(rule.name).help(rule.summary));
    let categories = Category::ALL.iter().map(|it| it.name()).chain(["all"]).map(PossibleValue::new);
    let selectors: Vec<PossibleValue> = rules().chain(categories).collect();
    let selected = |it: Arg| it.value_parser(PossibleValuesParser::new(selectors.clone()));
    let mut command = Arguments::command()
        .mut_subcommand("explain", |it| {
            it.mut_arg("rule", |it| it.value_parser(PossibleValuesParser::new(rules())))
        })
        .mut_subcommand("check", |it| it.mut_arg("select", selected).mut_arg("ignore", selected));
    // It writes to no stream that can end, unlike the one that is given.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "hoplint", &mut text);
    to.write_all(&text)?;
    Ok(Status::Clean)
}

/// Writes the page of a command, or of hoplint as a whole.
pub(super) fn manual(name: Option<&str>, to: &mut dyn Write) -> Result<Status, Failure> {
    let mut whole = Arguments::command();
    whole.build();
    let command = match name {
        None => whole,
        Some(name) => whole.find_subcommand(name).cloned().ok_or_else(|| unknown(name, &whole))?,
    };
    Man::new(command).render(to)?;
    Ok(Status::Clean)
}

fn unknown(name: &str, whole: &Command) -> String {
    let names: Vec<&str> = whole.get_subcommands().map(Command::get_name).collect();
    format!("there is no command `{name}`: there are {}", names.join(", "))
}
