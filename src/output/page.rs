//! A page written in Markdown, as a terminal shows it.

use std::io::{self, Write};

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::Style;
use super::paint::{Run, Tone, paint, run, width, width_of, wrap};

/// How wide text is at most: longer lines are tiring to read.
const WIDEST: usize = 100;

/// How far code stands to the right.
const INDENT: usize = 4;

/// Writes a page with its headings, emphasis, lists, tables and code.
///
/// # Errors
/// If the text cannot be written.
pub fn page(markdown: &str, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let mut page = Page {
        style,
        to,
        runs: Vec::new(),
        is_strong: false,
        lists: Vec::new(),
        item: None,
        is_after_item: false,
        is_first: true,
    };
    let mut code: Option<String> = None;
    let mut table = Vec::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                page.start_block()?;
                page.code_title(&kind)?;
                code = Some(String::new());
            }
            Event::End(TagEnd::CodeBlock) => page.code(&code.take().unwrap_or_default())?,
            Event::Text(text) => match &mut code {
                Some(code) => code.push_str(&text),
                None => page.text(&text),
            },
            Event::Code(text) if style.color => page.runs.push(run(Tone::Cyan, &*text)),
            Event::Code(text) => page.runs.push(run(Tone::Cyan, format!("`{text}`"))),
            Event::SoftBreak | Event::HardBreak => page.runs.push(run(Tone::Plain, " ")),
            Event::Start(Tag::Strong | Tag::Emphasis) => page.is_strong = true,
            Event::End(TagEnd::Strong | TagEnd::Emphasis) => page.is_strong = false,
            Event::End(TagEnd::Heading(level)) => page.heading(level)?,
            Event::End(TagEnd::Paragraph) => page.paragraph()?,
            Event::Start(Tag::List(number)) => {
                page.paragraph()?;
                page.lists.push(number);
                page.is_after_item = false;
            }
            Event::End(TagEnd::List(_)) => {
                page.lists.pop();
            }
            Event::Start(Tag::Item) => page.start_item(),
            Event::End(TagEnd::Item) => page.paragraph()?,
            Event::End(TagEnd::TableCell) => {
                let cell = std::mem::take(&mut page.runs);
                table.last_mut().unwrap_or(&mut Vec::new()).push(cell);
            }
            Event::Start(Tag::TableHead | Tag::TableRow) => table.push(Vec::new()),
            Event::End(TagEnd::Table) => page.table(&std::mem::take(&mut table))?,
            // The rest is not written on these pages, or is of no use on a terminal, as the address of a link.
            _ => {}
        }
    }
    page.paragraph()
}

/// How comments of examples begin that say what is found there.
const MARKERS: [&str; 3] = ["# error: [", "# warning: [", "# note: ["];

struct Page<'a> {
    style: Style,
    to: &'a mut dyn Write,
    /// The text of the block so far.
    runs: Vec<Run>,
    is_strong: bool,
    /// The lists that are open, with their next numbers where they have some.
    lists: Vec<Option<u64>>,
    /// What stands before the text of an item: `- `, `3. `.
    item: Option<String>,
    /// Whether an item of the list stands above.
    is_after_item: bool,
    /// Whether nothing stands above.
    is_first: bool,
}

impl Page<'_> {
    fn columns(&self) -> usize {
        self.style.width.min(WIDEST)
    }

    fn text(&mut self, text: &str) {
        let tone = if self.is_strong { Tone::Bold } else { Tone::Plain };
        self.runs.push(run(tone, text));
    }

    /// Leaves a line free between blocks.
    fn start_block(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.is_first) {
            writeln!(self.to)?;
        }
        Ok(())
    }

    fn line(&mut self, indent: usize, line: &[Run]) -> io::Result<()> {
        let text = format!("{}{}", " ".repeat(indent), paint(line, self.style));
        writeln!(self.to, "{}", text.trim_end())
    }

    /// Headings are underlined, so that they are ones without colours too.
    fn heading(&mut self, level: HeadingLevel) -> io::Result<()> {
        self.start_block()?;
        let text: String = std::mem::take(&mut self.runs).into_iter().map(|run| run.text).collect();
        let (double, single) = if self.style.unicode { ("\u{2550}", "\u{2500}") } else { ("=", "-") };
        let lines = wrap(&[run(Tone::Bold, text)], self.columns());
        let longest = lines.iter().map(|line| width_of(line)).max().unwrap_or(0);
        for line in lines {
            self.line(0, &line)?;
        }
        match level {
            HeadingLevel::H1 => self.line(0, &[run(Tone::Bold, double.repeat(longest))]),
            HeadingLevel::H2 => self.line(0, &[run(Tone::Bold, single.repeat(longest))]),
            _ => Ok(()),
        }
    }

    fn start_item(&mut self) {
        self.item = Some(match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ if self.style.unicode => "\u{2022} ".into(),
            _ => "- ".into(),
        });
    }

    /// What was gathered, as a paragraph or the text of an item.
    fn paragraph(&mut self) -> io::Result<()> {
        let runs = std::mem::take(&mut self.runs);
        if runs.is_empty() {
            return Ok(());
        }
        let mark = self.item.take();
        // Items follow each other without a free line.
        if mark.is_none() || !std::mem::replace(&mut self.is_after_item, true) {
            self.start_block()?;
        }
        let outer = 2 * self.lists.len();
        let hang = if self.lists.is_empty() { 0 } else { outer + mark.as_deref().map_or(0, width) };
        let lines = wrap(&runs, self.columns().saturating_sub(hang));
        for (at, line) in lines.iter().enumerate() {
            match mark.as_deref().filter(|_| at == 0) {
                Some(mark) => self.line(outer, &[&[run(Tone::Plain, mark)], line.as_slice()].concat())?,
                None => self.line(hang, line)?,
            }
        }
        Ok(())
    }

    /// A block of code below the name of its file.
    fn code_title(&mut self, kind: &CodeBlockKind<'_>) -> io::Result<()> {
        let CodeBlockKind::Fenced(info) = kind else { return Ok(()) };
        match info.split_once("file=") {
            Some((_, path)) => self.line(INDENT, &[run(Tone::Dim, format!("{path}:"))]),
            None => Ok(()),
        }
    }

    fn code(&mut self, code: &str) -> io::Result<()> {
        for line in code.split_inclusive('\n') {
            let line = line.trim_end();
            // What the rule says stands in comments.
            let is_marker = |at: &usize| MARKERS.iter().any(|it| line[*at..].starts_with(it));
            let at = line.rfind("# ").filter(is_marker);
            let (before, marker) = line.split_at(at.unwrap_or(line.len()));
            let runs = [run(Tone::Cyan, before), run(Tone::Red, marker)];
            self.line(INDENT, &runs)?;
        }
        Ok(())
    }

    /// A table, the widest columns of which give way until it fits.
    fn table(&mut self, rows: &[Vec<Vec<Run>>]) -> io::Result<()> {
        const GAP: usize = 2;
        self.start_block()?;
        let number = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| width_of(cell)).max();
        let mut widths: Vec<usize> = (0..number).map(|at| widest(at).unwrap_or(0)).collect();
        let room = self.columns().saturating_sub(GAP * number.saturating_sub(1)).max(number);
        while widths.iter().sum::<usize>() > room {
            if let Some(widest) = widths.iter_mut().max() {
                *widest -= 1;
            }
        }
        for (at, row) in rows.iter().enumerate() {
            let cells: Vec<Vec<Vec<Run>>> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| match at {
                    0 => wrap(&cell.iter().map(|it| run(Tone::Bold, &it.text)).collect::<Vec<_>>(), *width),
                    _ => wrap(cell, *width),
                })
                .collect();
            for height in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
                let mut line = Vec::new();
                for (cell, width) in cells.iter().zip(&widths) {
                    let part = cell.get(height).map(Vec::as_slice).unwrap_or_default();
                    line.extend(part.iter().cloned());
                    line.push(run(Tone::Plain, " ".repeat(width - width_of(part) + GAP)));
                }
                self.line(0, &line)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(markdown: &str, color: bool, width: usize) -> String {
        let mut text = Vec::new();
        page(markdown, Style { color, unicode: true, width }, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn blocks_are_shown_as_a_person_reads_them() {
        let markdown = "# a-rule\n\nOne **504** and\n`code` of [that](x.md).\n\n- first\n  goes on\n- second\n\nNext:\n\n1. x\n2. y\n\n\
                        ## Bad\n\n```nginx file=a.conf\nx 1;\n  y;\n```\n\n| a | b |\n|---|---|\n| `1` | two |\n";
        let expected = "a-rule\n\u{2550}\u{2550}\u{2550}\u{2550}\u{2550}\u{2550}\n\nOne 504 and `code` of that.\n\n  \u{2022} first goes on\n  \
                        \u{2022} second\n\nNext:\n\n  1. x\n  2. y\n\nBad\n\u{2500}\u{2500}\u{2500}\n\n    a.conf:\n    x 1;\n      y;\n\n\
                        a    b\n`1`  two\n";
        assert_eq!(shown(markdown, false, 80), expected);
        let coloured = shown(markdown, true, 80);
        for part in
            ["\x1b[1ma-rule\x1b[0m", "\x1b[1m504\x1b[0m", "\x1b[36mcode\x1b[0m", "    \x1b[36mx 1;\x1b[0m"]
        {
            assert!(coloured.contains(part), "{coloured:?}");
        }
    }

    #[test]
    fn no_word_of_a_page_is_lost_and_no_text_is_too_wide() {
        for rule in crate::rules::RULES {
            for width in [40, 80] {
                let text = shown(rule.page, false, width);
                let is_prose = |line: &&str| !line.starts_with("    ");
                let longest = text.split('\n').filter(is_prose).map(|line| line.chars().count()).max();
                assert!(longest.is_some_and(|it| it <= width), "{} at {width}:\n{text}", rule.name);
                let words = |text: &str| -> Vec<String> {
                    let letters = |c: char| !c.is_alphanumeric();
                    text.split(letters).filter(|it| !it.is_empty()).map(str::to_owned).collect()
                };
                let all: std::collections::BTreeSet<String> = words(&text).into_iter().collect();
                let of_fences = [
                    "nginx", "python", "systemd", "file", "md", "sh", "yaml", "text", "machine", "packages",
                    "module",
                ];
                // A word that is longer than a line is broken, as is one behind a slash.
                let lost: Vec<String> = words(rule.page)
                    .into_iter()
                    .filter(|it| it.len() < 20 && !all.contains(it) && !of_fences.contains(&it.as_str()))
                    .filter(|it| {
                        !rule.page.contains(&format!("[{it}")) && !rule.page.contains(&format!("{it}.md"))
                    })
                    .collect();
                assert!(lost.is_empty(), "{} at {width} loses {lost:?}", rule.name);
            }
        }
    }
}
