//! What the terminal can show.

use std::env;
use std::io;

use anstream::{AutoStream, ColorChoice};

use super::arguments::Color;
use crate::output::Style;

/// The width where there is no terminal to ask, in columns.
const WIDTH: usize = 100;

/// The style of standard output.
pub(super) fn style(color: Color) -> Style {
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        // Honours NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM.
        Color::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
    };
    let columns = env::var("COLUMNS").ok().and_then(|it| it.parse().ok());
    let terminal = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    let width = terminal.or(columns).unwrap_or(WIDTH).max(40);
    Style { color, unicode: speaks_unicode(), width }
}

/// Whether the locale is not one of those that are certainly without.
fn speaks_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| env::var(name).ok().filter(|it| !it.is_empty()));
    !matches!(locale.as_deref(), Some("C" | "POSIX"))
}
