//! Signals that a unit's commands send.

use crate::edit::Edit;
use crate::source::Span;

/// A signal that a command sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Its name: `SIGHUP`.
    pub name: String,
    /// Whether it is written; else it is the `SIGTERM` that `kill` sends without being told.
    pub is_written: bool,
    /// Where another one can be written: the name or the number, or an empty place before the receiver where none is
    /// written. `None` where a fix cannot write.
    pub place: Option<Span>,
    /// Who gets it.
    pub receiver: Receiver,
}

/// Who gets a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// The service's main process, by `$MAINPID`.
    Main,
    /// The process whose number a file holds.
    PidFile,
    /// Nobody: the variable is written in a way in which nothing replaces it. Where it can be written in another.
    Nobody(Option<Span>),
    /// Every process of a name, by `pkill` or `killall`.
    Named(String),
}

impl Receiver {
    /// Whether it is every Gunicorn, by a name that stands for masters too: `gunicorn`, `gunicorn shop.wsgi`. A pattern such
    /// as `gunicorn: worker` is for workers alone, and `gunicorn-tasks` may be another program.
    pub fn is_any_gunicorn(&self) -> bool {
        let Receiver::Named(name) = self else { return false };
        let first = name.split_ascii_whitespace().next().unwrap_or_default();
        let program = first.rsplit('/').next().unwrap_or_default();
        matches!(program, "gunicorn" | "gunicorn:" | "gunicorn3") && !name.contains("worker")
    }
}

impl Signal {
    /// Sends another signal, by its name without `SIG`.
    pub fn instead(&self, name: &str) -> Option<Edit> {
        let replacement = if self.is_written { name.to_owned() } else { format!("-{name} ") };
        Some(Edit { span: self.place?, replacement })
    }
}
