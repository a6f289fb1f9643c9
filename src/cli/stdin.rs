//! `hoplint check --stdin-filename`: the file that an editor holds, in the tree that it belongs to.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::Path;

use super::arguments::CheckArguments;
use super::progress::Progress;
use super::{Failure, Status, check, say_unread, terminal};
use crate::config::Settings;
use crate::discover;
use crate::limits::Limit;

pub(super) fn run(arguments: &CheckArguments, path: &Path, to: &mut dyn Write) -> Result<Status, Failure> {
    let mut bytes = Vec::new();
    let read = |settings: &Settings| {
        let most = settings.limits.get(Limit::File);
        let taken = io::stdin().lock().take(most + 1).read_to_end(&mut bytes);
        taken.map_err(|error| format!("cannot read standard input: {error}"))?;
        discover::read_around(path, bytes.clone(), settings)
    };
    let (found, mut settings) = check::gather(arguments, &[path.to_owned()], read)?;
    // What a fix would change elsewhere is not the editor's to write.
    settings.may_change = found.only.clone().map(BTreeSet::from_iter);
    if !arguments.fix || arguments.diff {
        return check::once(&found, &settings, arguments, Progress::none(), to);
    }
    let file = found.only.as_ref().and_then(|only| found.sources.by_path(only.first()?));
    let Some(file) = file else {
        // It is excluded, or passed over: whoever takes what is written gets what was there.
        say_unread(&found);
        to.write_all(&bytes)?;
        return Ok(Status::Clean);
    };
    let outcome = check::mended(&found, &settings, arguments, &Progress::none());
    say_unread(&found);
    let (before, after) = (found.sources.get(file).bytes(), outcome.sources.get(file).bytes());
    to.write_all(after)?;
    to.flush()?;
    let style = terminal::style_of_errors(arguments.color);
    check::show(&outcome.report, &outcome.sources, arguments, style, &mut io::stderr())?;
    check::say_mended(&outcome, usize::from(before != after));
    let status = check::judged(&outcome.report, &settings);
    Ok(if found.problems.is_empty() { status } else { Status::Failure })
}
