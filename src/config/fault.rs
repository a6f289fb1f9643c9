//! What is wrong with a configuration, shown where it stands.

use std::fmt::Write;
use std::ops::Range;

/// The longest line that is shown.
const WIDTH: usize = 160;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where it stands.
    pub(super) span: Range<usize>,
    /// What is wrong, and what was meant if that can be told.
    pub(super) message: String,
    /// What may stand there.
    pub(super) help: Option<String>,
}

/// The line and the column of a byte, both from 1 on.
pub(super) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..floor(text, at)];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

/// The mistakes of a file in the order of their places, with the lines that they stand on.
pub(super) fn shown(name: &str, text: &str, mut faults: Vec<Fault>) -> String {
    faults.sort_by_key(|fault| (fault.span.start, fault.span.end));
    let each = faults.iter().map(|fault| fault.shown(name, text));
    each.collect::<Vec<_>>().join("\nerror: ")
}

impl Fault {
    fn shown(&self, name: &str, text: &str) -> String {
        let (line, column) = position(text, self.span.start);
        let mut shown = format!("{name}:{line}:{column}: {}", self.message);
        let written = text.split('\n').nth(line - 1).unwrap_or_default().trim_end_matches('\r');
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        if written.chars().count() <= WIDTH {
            let start = floor(text, self.span.start);
            let marked = &text[start..floor(text, self.span.end).max(start)];
            let marked = marked.split(['\n', '\r']).next().unwrap_or_default().chars().count().max(1);
            // A tab takes as much room above the marks as below.
            let room: String =
                written.chars().take(column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            let _ = write!(shown, "\n {number} | {written}\n {margin} | {room}{}", "^".repeat(marked));
        }
        if let Some(help) = &self.help {
            let _ = write!(shown, "\n {margin} = {help}");
        }
        shown
    }
}

/// The last boundary between characters that is not behind a byte.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
