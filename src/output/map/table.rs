//! The values that meet, side by side, or one below the other where the terminal is narrow.

use super::super::paint::{Run, Tone, run, width, width_of, wrap};
use super::numbers::Row;
use super::words::{Entry, as_above};

/// The least that a column is made to hold.
const NARROW: usize = 24;

/// What stands between columns.
const GAP: usize = 2;

/// How long a text may be that makes its column wider; what is longer is a sentence, and is folded.
const SENTENCE: usize = 44;

/// The name of the last row, and the longest.
const UNKNOWN: &str = "not known";

/// What stands in a row: its name, and the entries of each column.
type Cells<'a> = (&'a str, Vec<&'a [Entry]>);

/// The rows below the names of their columns, as lines of at most so many columns; those that say no more than that nothing
/// is written, or known, in a few words below them.
pub(super) fn table(rows: &[Row], names: [&str; 3], columns: usize) -> Vec<Vec<Run>> {
    let (plain, rows): (Vec<Row>, Vec<Row>) = rows.iter().cloned().partition(Row::is_plain);
    let mut ends: Vec<[Vec<Entry>; 3]> = rows.iter().map(|row| row.ends().map(<[Entry]>::to_vec)).collect();
    as_above(ends.iter_mut().flatten().flatten());
    let used: Vec<usize> = (0..3).filter(|end| ends.iter().any(|it| !it[*end].is_empty())).collect();
    let cells = rows.iter().zip(&ends);
    let cells: Vec<Cells> =
        cells.map(|(row, ends)| (row.what, used.iter().map(|end| ends[*end].as_slice()).collect())).collect();
    let names: Vec<&str> = used.iter().map(|end| names[*end]).collect();
    let head = width(UNKNOWN) + GAP;
    let room = columns.saturating_sub(head + GAP * names.len().saturating_sub(1));
    let mut lines = match widths(&cells, &names, room) {
        Some(widths) => side_by_side(&cells, &names, head, &widths),
        None => one_below_the_other(&cells, &names, head, columns),
    };
    lines.extend(paragraphs("defaults", defaults(&plain), head, columns));
    lines.extend(paragraphs(UNKNOWN, unknown(&plain), head, columns));
    lines
}

const PROGRAMS: [&str; 3] = ["nginx", "Gunicorn", "systemd"];

/// What nobody wrote, by program.
fn defaults(rows: &[Row]) -> Vec<Vec<Run>> {
    let values = |end: usize| {
        let entries = rows.iter().flat_map(move |row| row.ends()[end]).filter(|entry| entry.is_default);
        entries.map(|entry| entry.text.as_str()).collect::<Vec<_>>().join(", ")
    };
    let paragraph = |(end, program): (usize, &&str)| {
        let values = values(end);
        (!values.is_empty()).then(|| vec![run(Tone::Dim, format!("{program}'s: {values}"))])
    };
    PROGRAMS.iter().enumerate().filter_map(paragraph).collect()
}

/// What is not known, by program and reason.
fn unknown(rows: &[Row]) -> Vec<Vec<Run>> {
    let mut found: Vec<(usize, &str, &str, Vec<&str>)> = Vec::new();
    for end in 0..PROGRAMS.len() {
        for entry in rows.iter().flat_map(|row| row.ends()[end]) {
            let Some(why) = entry.why.as_deref() else { continue };
            let is_same =
                |it: &&mut (usize, &str, &str, Vec<&str>)| (it.0, it.1, it.2) == (end, why, &entry.origin);
            match found.iter_mut().find(is_same) {
                Some((.., names)) => names.push(&entry.name),
                None => found.push((end, why, &entry.origin, vec![&entry.name])),
            }
        }
    }
    let paragraph = |(end, why, origin, names): (usize, &str, &str, Vec<&str>)| {
        let text = format!("{}'s {}: {why}", PROGRAMS[end], names.join(", "));
        let origin = if origin.is_empty() { String::new() } else { format!(" ({origin})") };
        vec![run(Tone::Yellow, text), run(Tone::Dim, origin)]
    };
    found.into_iter().map(paragraph).collect()
}

/// Paragraphs behind a name that stands before the first.
fn paragraphs(name: &str, paragraphs: Vec<Vec<Run>>, head: usize, columns: usize) -> Vec<Vec<Run>> {
    let (mut lines, mut name) = (Vec::new(), name);
    for paragraph in paragraphs {
        for (at, line) in wrap(&paragraph, columns.saturating_sub(head + GAP)).into_iter().enumerate() {
            let indent = if at == 0 { head } else { head + GAP };
            let before = run(Tone::Plain, format!("{:indent$}", std::mem::take(&mut name)));
            lines.push([vec![before], line].concat());
        }
    }
    lines
}

/// How wide each column is: as its entries are on one line each where that fits, else folded behind the value, else an
/// equal share. None where a share would be too narrow to read.
fn widths(cells: &[Cells], names: &[&str], room: usize) -> Option<Vec<usize>> {
    let widest = |measure: &dyn Fn(&Entry) -> usize| -> Vec<usize> {
        let column = |at: usize| cells.iter().flat_map(move |(_, ends)| ends[at]).map(measure).max();
        names.iter().enumerate().map(|(at, name)| column(at).unwrap_or(0).max(width(name))).collect()
    };
    let whole = widest(&|entry| width_of(&entry.runs()));
    if whole.iter().sum::<usize>() <= room {
        return Some(whole);
    }
    let folded = widest(&|entry| width(&entry.text).max(width(&entry.origin) + GAP).min(SENTENCE));
    // Who needs less than a share leaves the rest to the others.
    let mut given = vec![0; names.len()];
    let (mut room, mut open): (usize, Vec<usize>) = (room, (0..names.len()).collect());
    while !open.is_empty() {
        let share = room / open.len();
        let Some(at) = open.iter().position(|at| folded[*at] <= share) else {
            open.iter().for_each(|at| given[*at] = share);
            return (share >= NARROW).then_some(given);
        };
        let at = open.remove(at);
        given[at] = folded[at];
        room -= folded[at];
    }
    for (given, whole) in given.iter_mut().zip(&whole) {
        let more = room.min(whole.saturating_sub(*given));
        *given += more;
        room -= more;
    }
    Some(given)
}

fn side_by_side(cells: &[Cells], names: &[&str], head: usize, widths: &[usize]) -> Vec<Vec<Run>> {
    let titles = names.iter().zip(widths).map(|(name, columns)| wrap(&[run(Tone::Bold, *name)], *columns));
    let mut lines = joined("", titles.collect(), head, widths);
    for (what, ends) in cells {
        let folded = ends.iter().zip(widths).map(|(entries, columns)| fold(entries, *columns));
        lines.extend(joined(what, folded.collect(), head, widths));
    }
    lines
}

/// Cells beside each other, behind the name of their row.
fn joined(what: &str, cells: Vec<Vec<Vec<Run>>>, head: usize, widths: &[usize]) -> Vec<Vec<Run>> {
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    let line = |at: usize| {
        let mut line = vec![run(Tone::Plain, format!("{:head$}", if at == 0 { what } else { "" }))];
        let mut start = head;
        for (cell, columns) in cells.iter().zip(widths) {
            if let Some(runs) = cell.get(at).filter(|runs| !runs.is_empty()) {
                let blank = start - width_of(&line);
                line.push(run(Tone::Plain, " ".repeat(blank)));
                line.extend(runs.iter().cloned());
            }
            start += columns + GAP;
        }
        line
    };
    (0..height).map(line).collect()
}

/// Entries below each other: each on one line where it fits, else with where it comes from on the next.
fn fold(entries: &[Entry], columns: usize) -> Vec<Vec<Run>> {
    let mut lines = Vec::new();
    for entry in entries {
        let whole = entry.runs();
        if width_of(&whole) <= columns {
            lines.push(whole);
            continue;
        }
        lines.extend(wrap(&[run(entry.tone, &entry.text)], columns));
        if entry.origin.is_empty() {
            continue;
        }
        for mut line in wrap(&[run(Tone::Dim, &entry.origin)], columns.saturating_sub(GAP)) {
            line.insert(0, run(Tone::Plain, " ".repeat(GAP)));
            lines.push(line);
        }
    }
    lines
}

fn one_below_the_other(cells: &[Cells], names: &[&str], head: usize, columns: usize) -> Vec<Vec<Run>> {
    let whose = names.iter().map(|name| width(name)).max().unwrap_or(0) + GAP;
    // The names of the settings tell whose they are, too.
    let whose = if head + whose + NARROW <= columns { whose } else { 0 };
    let mut lines = Vec::new();
    for (what, ends) in cells {
        let mut what = *what;
        for (name, entries) in names.iter().zip(ends) {
            let mut name = *name;
            for line in fold(entries, columns.saturating_sub(head + whose).max(NARROW)) {
                let mut whole = vec![run(Tone::Plain, format!("{what:head$}"))];
                if whose > 0 {
                    whole.push(run(Tone::Bold, format!("{name:whose$}")));
                }
                whole.extend(line);
                lines.push(whole);
                (what, name) = ("", "");
            }
        }
    }
    lines
}
