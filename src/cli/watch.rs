//! `hoplint check --watch`: checks again whenever a file changes.

use std::io::{self, Write};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::arguments::CheckArguments;
use super::progress::Progress;
use super::{Failure, Status, check, say, terminal};
use crate::config::Settings;
use crate::discover::{Found, State, Wanted};

/// How long nothing is looked at; longer where looking takes long, so that it takes a tenth of the time at most.
const PAUSE: Duration = Duration::from_millis(300);

/// How long the files have to stay as they are before they are read: who writes one often writes several.
const SETTLED: Duration = Duration::from_millis(100);

/// How often it is looked whether they do; whatever never rests is read all the same.
const MOST_LOOKS: usize = 20;

/// Checks, and checks again when something has changed that counts, until the process is ended.
///
/// Times and lengths of files tell that something may have changed: that works on any file system and in a container, and needs
/// nothing of the kernel, whose watches are counted. What is read then tells whether it counts.
pub(super) fn run(arguments: &CheckArguments, to: &mut dyn Write) -> Result<Status, Failure> {
    let mut last: Option<Result<(Found, Settings), String>> = None;
    loop {
        let state = state(arguments, last.as_ref());
        let now = match check::read(arguments) {
            Ok(read) => Ok(read),
            // What was there and is gone, or wrong now, may come back; what never was is a mistake of the command line.
            Err(Failure::Message(message)) if last.is_some() => Err(message),
            Err(failure) => return Err(failure),
        };
        if last.as_ref() != Some(&now) {
            show(&now, arguments, to)?;
        }
        last = Some(now);
        wait(arguments, last.as_ref(), state);
    }
}

fn show(
    now: &Result<(Found, Settings), String>,
    arguments: &CheckArguments,
    to: &mut dyn Write,
) -> Result<(), Failure> {
    if terminal::can_overwrite(&io::stdout()) {
        write!(to, "\x1b[H\x1b[2J\x1b[3J")?;
        to.flush()?;
    }
    match now {
        Ok((found, settings)) => {
            check::once(found, settings, arguments, Progress::none(), to)?;
        }
        Err(message) => say(&format!("error: {message}")),
    }
    to.flush()?;
    say("Watching for changes; Ctrl-C ends it.");
    Ok(())
}

/// The state of all that was read, and of what would be.
fn state(arguments: &CheckArguments, last: Option<&Result<(Found, Settings), String>>) -> State {
    let read = last.and_then(|last| last.as_ref().ok());
    let baseline = read.and_then(|(_, settings)| check::known(settings, arguments));
    let configuration = match arguments.configuration.wanted() {
        Wanted::Named(path) => Some(path),
        Wanted::Nearest | Wanted::Nothing => None,
    };
    let files = read.into_iter().flat_map(|(found, _)| found.files.values().cloned());
    let named = configuration.map(PathBuf::from).into_iter().chain(baseline);
    let all: Vec<PathBuf> = files.chain(named).collect();
    let limits = read.map(|(_, settings)| settings.limits).unwrap_or_default();
    State::of(&arguments.paths, all.iter().map(PathBuf::as_path), &limits)
}

/// Waits until something is not as it was, and then until all stays as it is.
fn wait(arguments: &CheckArguments, last: Option<&Result<(Found, Settings), String>>, before: State) {
    let mut now = before.clone();
    while now == before {
        let start = Instant::now();
        now = state(arguments, last);
        if now == before {
            thread::sleep(PAUSE.max(start.elapsed() * 9));
        }
    }
    for _ in 0..MOST_LOOKS {
        thread::sleep(SETTLED);
        let next = state(arguments, last);
        if next == now {
            return;
        }
        now = next;
    }
}
