//! What is being done, on runs that take a while.

use std::env;
use std::io::{self, Write};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::terminal;

/// How long a run takes before it says what it does.
const DELAY: Duration = Duration::from_secs(1);

/// A line on standard error that says what is being done. It is there only on a terminal, only after a while, and gone when
/// this is dropped.
pub(super) struct Progress {
    to_thread: Option<(Sender<String>, JoinHandle<()>)>,
}

impl Progress {
    /// The line of a run that begins now.
    pub(super) fn start() -> Progress {
        let is_ci = env::var_os("CI").is_some_and(|it| !it.is_empty() && it != "false");
        match terminal::can_overwrite(&io::stderr()) && !is_ci {
            true => Progress::on(io::stderr(), DELAY),
            false => Progress::none(),
        }
    }

    /// No line at all.
    pub(super) fn none() -> Progress {
        Progress { to_thread: None }
    }

    fn on(to: impl Write + Send + 'static, delay: Duration) -> Progress {
        let (sender, receiver) = channel::<String>();
        let thread = thread::spawn(move || {
            let (start, mut to) = (Instant::now(), to);
            let (mut what, mut is_shown) = (String::new(), false);
            loop {
                // What is shown changes only when there is something new to say.
                let next = match is_shown {
                    true => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
                    false => receiver.recv_timeout(delay.saturating_sub(start.elapsed())),
                };
                match next {
                    Ok(text) => what = text,
                    Err(RecvTimeoutError::Timeout) => is_shown = true,
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                is_shown |= start.elapsed() >= delay;
                if is_shown {
                    let _ = write!(to, "\r\x1b[K{what}...").and_then(|()| to.flush());
                }
            }
            if is_shown {
                let _ = write!(to, "\r\x1b[K").and_then(|()| to.flush());
            }
        });
        Progress { to_thread: Some((sender, thread)) }
    }

    /// Says what is done from now on.
    pub(super) fn tell(&self, what: impl Into<String>) {
        if let Some((sender, _)) = &self.to_thread {
            // A thread that is gone has nobody to tell.
            let _ = sender.send(what.into());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.to_thread.take() {
            drop(sender);
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Shown(Arc<Mutex<Vec<u8>>>);

    impl Write for Shown {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_short_run_says_nothing_and_a_long_one_what_it_does() {
        let shown = Shown::default();
        let progress = Progress::on(shown.clone(), Duration::from_secs(3600));
        progress.tell("Reading");
        drop(progress);
        assert!(shown.0.lock().unwrap().is_empty());
        let progress = Progress::on(shown.clone(), Duration::ZERO);
        progress.tell("Reading");
        progress.tell("Checking 3 files");
        drop(progress);
        let text = String::from_utf8(shown.0.lock().unwrap().clone()).unwrap();
        assert!(text.ends_with("\r\x1b[KChecking 3 files...\r\x1b[K"), "{text:?}");
    }
}
