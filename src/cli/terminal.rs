//! What the terminal can show.

use std::env;
use std::io::{self, IsTerminal};

use anstream::{AutoStream, ColorChoice};
use terminal_size::{Height, Width};

use super::arguments::Color;
use crate::output::Style;

/// The width where there is no terminal to ask, in columns.
const WIDTH: usize = 100;

/// The style of standard output.
pub(super) fn style(color: Color) -> Style {
    let width = terminal_size::terminal_size_of(io::stdout());
    style_of(color, AutoStream::choice(&io::stdout()), width)
}

/// The style of standard error.
pub(super) fn style_of_errors(color: Color) -> Style {
    let width = terminal_size::terminal_size_of(io::stderr());
    style_of(color, AutoStream::choice(&io::stderr()), width)
}

fn style_of(color: Color, choice: ColorChoice, terminal: Option<(Width, Height)>) -> Style {
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        // Honours NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM.
        Color::Auto => choice != ColorChoice::Never,
    };
    let columns = env::var("COLUMNS").ok().and_then(|it| it.parse().ok());
    let terminal = terminal.map(|(width, _)| usize::from(width.0));
    let width = terminal.or(columns).unwrap_or(WIDTH).max(40);
    Style { color, unicode: speaks_unicode(), width }
}

/// Whether a stream is a terminal on which a line can be written over.
pub(super) fn can_overwrite(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Whether the locale is not one of those that are certainly without.
fn speaks_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| env::var(name).ok().filter(|it| !it.is_empty()));
    !matches!(locale.as_deref(), Some("C" | "POSIX"))
}
