//! What was understood of the stacks, for a person.

mod head;
mod left;
mod numbers;
mod routes;
mod table;
mod words;

use std::collections::BTreeMap;
use std::io::{self, Write};

use self::words::Words;
use super::Style;
use super::paint::{Run, Tone, paint, run, wrap};
use crate::check::Report;
use crate::config::Settings;
use crate::source::Sources;

/// Writes every stack: what it is made of, each route with where it goes, who answers and the values that meet there with
/// their origins, what is left over at either end, and all that stayed unresolved.
///
/// # Errors
/// If the text cannot be written.
pub fn map(
    report: &Report,
    sources: &Sources,
    settings: &Settings,
    style: Style,
    to: &mut dyn Write,
) -> io::Result<()> {
    for (at, stack) in report.stacks.iter().enumerate() {
        let mut page = Page { style, to: &mut *to };
        if at > 0 {
            page.blank()?;
        }
        let mains = stack.nginx.mains.iter().filter_map(|main| Some((main.http?, *main)));
        let mains: BTreeMap<_, _> = mains.collect();
        let words = Words { stack, sources, mains: &mains };
        head::head(words, settings, &mut page)?;
        routes::routes(words, &mut page)?;
        left::apps(words, &mut page)?;
        left::left_over(words, &mut page)?;
        unresolved(words, &mut page)?;
    }
    Ok(())
}

fn unresolved(words: Words<'_>, page: &mut Page<'_>) -> io::Result<()> {
    if words.stack.unresolved.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.paragraph(2, 4, &[run(Tone::Bold, "unresolved")])?;
    for it in &words.stack.unresolved {
        let place = run(Tone::Dim, format!("{}: ", words.place(it.span)));
        let why = run(Tone::Yellow, &it.why);
        page.paragraph(4, 6, &[place, run(Tone::Plain, format!("{}: ", it.what)), why])?;
    }
    Ok(())
}

/// Where it is written, and how.
struct Page<'a> {
    style: Style,
    to: &'a mut dyn Write,
}

/// The longest line that a person reads with ease; what is written is no wider, however wide the terminal is.
const WIDEST: usize = 160;

impl Page<'_> {
    /// How many columns there are behind an indentation.
    fn columns(&self, indent: usize) -> usize {
        self.style.width.min(WIDEST).saturating_sub(indent)
    }

    fn arrow(&self) -> &'static str {
        if self.style.unicode { "\u{2192}" } else { "->" }
    }

    fn blank(&mut self) -> io::Result<()> {
        writeln!(self.to)
    }

    /// Some runs as a paragraph; its first line is indented otherwise than the rest.
    fn paragraph(&mut self, first: usize, rest: usize, runs: &[Run]) -> io::Result<()> {
        let lines = wrap(runs, self.columns(first.max(rest)));
        for (at, line) in lines.iter().enumerate() {
            let indent = if at == 0 { first } else { rest };
            self.line(indent, line)?;
        }
        Ok(())
    }

    fn lines(&mut self, indent: usize, lines: &[Vec<Run>]) -> io::Result<()> {
        lines.iter().try_for_each(|line| self.line(indent, line))
    }

    fn line(&mut self, indent: usize, line: &[Run]) -> io::Result<()> {
        let text = paint(line, self.style);
        let text = format!("{}{text}", " ".repeat(indent));
        writeln!(self.to, "{}", text.trim_end())
    }
}
