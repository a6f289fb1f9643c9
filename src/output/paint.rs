//! Text with colours that fits a width: runs of words that are wrapped first and painted last.

use super::{Style, harmless};

/// How a run of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tone {
    /// As it is.
    Plain,
    /// What one looks for first.
    Bold,
    /// What nobody wrote, and where things stand.
    Dim,
    /// What does not work.
    Red,
    /// What is not known.
    Yellow,
    /// Code.
    Cyan,
}

impl Tone {
    fn code(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Bold => "\x1b[1m",
            Tone::Dim => "\x1b[2m",
            Tone::Red => "\x1b[31m",
            Tone::Yellow => "\x1b[33m",
            Tone::Cyan => "\x1b[36m",
        }
    }
}

/// A run of text of one tone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Run {
    pub(super) tone: Tone,
    pub(super) text: String,
}

/// A run.
pub(super) fn run(tone: Tone, text: impl Into<String>) -> Run {
    Run { tone, text: text.into() }
}

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

/// How many columns some runs take.
pub(super) fn width_of(runs: &[Run]) -> usize {
    runs.iter().map(|run| width(&run.text)).sum()
}

/// Breaks runs into lines of so many columns: between words, and where a word is longer than a line, behind a `/` of it or
/// anywhere. No line begins or ends with a blank, and blanks that follow each other are one.
pub(super) fn wrap(runs: &[Run], columns: usize) -> Vec<Vec<Run>> {
    let columns = columns.max(1);
    let (mut lines, mut line, mut used) = (Vec::new(), Vec::<Run>::new(), 0);
    for word in words(runs) {
        let length: usize = word.iter().map(|(_, text)| width(text)).sum();
        if used > 0 && used + 1 + length <= columns {
            let is_alike = line.last().is_some_and(|last| last.tone == word[0].0);
            push(&mut line, if is_alike { word[0].0 } else { Tone::Plain }, " ");
            used += 1;
        } else if used > 0 {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        for (tone, mut text) in word.into_iter().flat_map(parts) {
            if used > 0 && used + width(text) > columns {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            while width(text) > columns {
                let (head, tail) = cut(text, columns);
                lines.push(vec![run(tone, head)]);
                text = tail;
            }
            push(&mut line, tone, text);
            used += width(text);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// The words of some runs; one may begin in one run and end in the next.
fn words(runs: &[Run]) -> Vec<Vec<(Tone, &str)>> {
    let mut words: Vec<Vec<(Tone, &str)>> = Vec::new();
    let mut goes_on = false;
    for run in runs {
        for (at, text) in run.text.split(char::is_whitespace).enumerate() {
            // What stands behind a blank begins a word, and so does a run behind one that ended in a blank.
            goes_on &= at == 0;
            if text.is_empty() {
                continue;
            }
            match words.last_mut().filter(|_| goes_on) {
                Some(word) => word.push((run.tone, text)),
                None => words.push(vec![(run.tone, text)]),
            }
            goes_on = true;
        }
        goes_on &= !run.text.ends_with(char::is_whitespace);
    }
    words
}

/// The parts of a word behind which a line may end.
fn parts((tone, text): (Tone, &str)) -> impl Iterator<Item = (Tone, &str)> {
    text.split_inclusive('/').map(move |part| (tone, part))
}

/// A text at so many characters, at least one.
fn cut(text: &str, characters: usize) -> (&str, &str) {
    let at = text.char_indices().nth(characters.max(1)).map_or(text.len(), |(at, _)| at);
    text.split_at(at)
}

/// Adds to the last run of a line where it looks alike.
fn push(line: &mut Vec<Run>, tone: Tone, text: &str) {
    match line.last_mut() {
        Some(last) if last.tone == tone => last.text.push_str(text),
        _ => line.push(run(tone, text)),
    }
}

/// A line as the terminal gets it: nothing in it moves the cursor, whatever it was made of.
pub(super) fn paint(line: &[Run], style: Style) -> String {
    let mut painted = String::new();
    for run in line {
        let text = harmless(&run.text).replace(['\n', '\t', '\r'], " ");
        if !style.color || run.tone == Tone::Plain || text.trim().is_empty() {
            painted.push_str(&text);
        } else {
            painted.push_str(run.tone.code());
            painted.push_str(&text);
            painted.push_str("\x1b[0m");
        }
    }
    painted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, columns: usize) -> Vec<String> {
        let lines = wrap(&[run(Tone::Plain, text)], columns);
        lines.iter().map(|line| line.iter().map(|run| run.text.as_str()).collect()).collect()
    }

    #[test]
    fn lines_end_between_words_and_behind_slashes() {
        assert_eq!(wrapped("a bc  def", 4), ["a bc", "def"]);
        assert_eq!(wrapped("deploy/nginx/app.conf:12", 13), ["deploy/nginx/", "app.conf:12"]);
        assert_eq!(wrapped("x deploy/app.conf", 16), ["x", "deploy/app.conf"]);
        assert_eq!(wrapped("x deploy/nginx/app.conf", 10), ["x", "deploy/", "nginx/", "app.conf"]);
        let runs = [run(Tone::Plain, "a ("), run(Tone::Dim, "b c"), run(Tone::Plain, ")")];
        assert_eq!(
            wrap(&runs, 5),
            [
                vec![run(Tone::Plain, "a ("), run(Tone::Dim, "b")],
                vec![run(Tone::Dim, "c"), run(Tone::Plain, ")")],
            ]
        );
        assert_eq!(wrapped("abcdefg", 3), ["abc", "def", "g"]);
        assert_eq!(wrapped(" ", 3), [""]);
    }

    #[test]
    fn no_line_is_longer_than_it_may_be() {
        let text = "where/ever a line ends and what-ever it is/made of";
        for columns in 1..60 {
            let lines = wrapped(text, columns);
            assert!(lines.iter().all(|line| width(line) <= columns), "{columns}: {lines:?}");
            let all: String = lines.concat().split_whitespace().collect();
            assert_eq!(all, text.split_whitespace().collect::<String>());
        }
    }

    #[test]
    fn runs_are_painted_where_colours_are_shown_and_harmless_always() {
        let line = [run(Tone::Bold, "a\x1b[31m"), run(Tone::Plain, "b")];
        let style = |color| Style { color, unicode: true, width: 80 };
        assert_eq!(paint(&line, style(true)), "\x1b[1ma?[31m\x1b[0mb");
        assert_eq!(paint(&line, style(false)), "a?[31mb");
    }
}
