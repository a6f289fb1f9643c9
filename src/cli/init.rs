//! `hoplint init`.

use std::io::Write;
use std::path::{Display, Path};

use super::arguments::InitArguments;
use super::{Failure, Status, gather, say_unread};
use crate::check::check;
use crate::config::Typed;
use crate::discover::{self, Wanted};
use crate::output;

const CONFIGURATION: &str = "hoplint.toml";
const HOOKS: &str = ".pre-commit-config.yaml";

/// Writes a configuration and a hook for a tree that has none. Nothing that is there is changed.
pub(super) fn run(arguments: &InitArguments, to: &mut dyn Write) -> Result<Status, Failure> {
    let directory = &arguments.path;
    let paths = std::slice::from_ref(directory);
    discover::is_directory(directory)?;
    let known = discover::settings(Wanted::Nearest, paths)?.file;
    let read = |settings: &_| discover::read(paths, settings);
    let (found, settings) = gather(paths, Wanted::Nothing, &Typed::default(), false, read)?;
    say_unread(&found);
    let report = check(&found.sources, &settings);
    writeln!(to, "Read {}.", output::what_was_read(&found.sources, &report))?;
    match known {
        Some(file) => writeln!(to, "`{file}` is there already: `hoplint config` shows what is in force.")?,
        None => {
            let path = directory.join(CONFIGURATION);
            discover::write_new(&path, &output::starter(&report, &found.sources))?;
            writeln!(to, "Wrote `{}`: nothing in it is in force yet.", shown(&path))?;
        }
    }
    let hooks = directory.join(HOOKS);
    match discover::text_if_there(&hooks)? {
        Some(text) if text.contains("hoplint") => {
            writeln!(to, "`{}` speaks of hoplint already.", shown(&hooks))?;
        }
        Some(_) => {
            writeln!(
                to,
                "To run hoplint before each commit, add this to `{}`:\n\n{}",
                shown(&hooks),
                output::HOOK
            )?;
        }
        None if discover::is_repository(directory) => {
            discover::write_new(&hooks, &format!("repos:\n{}", output::HOOK))?;
            writeln!(to, "Wrote `{}`: `pre-commit install` makes git go by it.", shown(&hooks))?;
        }
        None => writeln!(to, "Wrote no hook: this is not the root of a git repository.")?,
    }
    writeln!(
        to,
        "Next: `hoplint check`, and `hoplint check --write-baseline FILE` where there is much to mend."
    )?;
    Ok(if found.problems.is_empty() { Status::Clean } else { Status::Failure })
}

/// A path without the `./` that a default has.
fn shown(path: &Path) -> Display<'_> {
    path.strip_prefix(".").unwrap_or(path).display()
}
