//! What such a comment says.

use std::ops::Range;

use super::MARK;
use crate::rules::RULES;
use crate::source::{Source, line_start, text_start};
use crate::syntax::outline::Outline;

/// A comment that can be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    /// How far it reaches.
    pub(super) reach: Reach,
    /// The names between the brackets, each with its place in the file; never empty.
    pub(super) rules: Vec<(String, Range<usize>)>,
    /// What stands behind them; never empty.
    pub(super) reason: String,
    /// All of it.
    pub(super) range: Range<usize>,
}

/// How far a comment reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The statement on its line, or behind it.
    Statement,
    /// The block that this statement opens.
    Block,
    /// The file.
    File,
}

/// What is wrong with a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// In a sentence.
    pub(super) message: String,
    /// The comment as it was meant, where that is evident.
    pub(super) instead: Option<String>,
}

const FORMS: [(&str, Reach); 3] =
    [("ignore-file", Reach::File), ("ignore-block", Reach::Block), ("ignore", Reach::Statement)];

/// Reads a comment that begins at an offset; `None` where it is not addressed to hoplint.
pub(super) fn parse(text: &str, offset: usize) -> Option<Result<Comment, Wrong>> {
    let said = text.trim_start_matches(['#', ';', ' ', '\t']).strip_prefix(MARK)?;
    let wrong = |message: &str| Err(Wrong { message: message.into(), instead: instead(text, said) });
    let said = said.trim_start();
    let Some((word, reach)) = FORMS.iter().find(|(word, _)| said.starts_with(word)) else {
        return Some(wrong(
            "what is said to hoplint here is none of `ignore`, `ignore-block` and `ignore-file`",
        ));
    };
    let behind = &said[word.len()..];
    let Some(behind) = behind.trim_start().strip_prefix('[') else {
        return Some(wrong("this names no rule in brackets"));
    };
    let Some((names, reason)) = behind.split_once(']') else {
        return Some(wrong("the bracket around the rules is not closed"));
    };
    let at = |part: &str| offset + (part.as_ptr() as usize - text.as_ptr() as usize);
    let rules: Vec<(String, Range<usize>)> = names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| (name.to_owned(), at(name)..at(name) + name.len()))
        .collect();
    if rules.is_empty() {
        return Some(wrong("this names no rule"));
    }
    // A dash or a colon leads over to the reason.
    let reason = reason.trim().trim_start_matches(['-', ':', '\u{2013}', '\u{2014}']).trim_start();
    if !reason.chars().any(char::is_alphanumeric) {
        return Some(wrong("this gives no reason"));
    }
    Some(Ok(Comment { reach: *reach, rules, reason: reason.into(), range: offset..offset + text.len() }))
}

/// The comment with brackets around the rules that it names without them, if it gives a reason: `ignore rule, rule why`.
fn instead(text: &str, said: &str) -> Option<String> {
    let said = said.trim_start();
    let (word, _) = FORMS.iter().find(|(word, _)| said.starts_with(word))?;
    let behind = said[word.len()..].trim_start_matches([':', '(', '=', ' ']);
    let mut rest = behind;
    let mut rules = Vec::new();
    loop {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
        let Some(rule) = RULES.iter().find(|rule| rule.name == &rest[..end]) else { break };
        rules.push(rule.name);
        rest = rest[end..].trim_start_matches([',', ')', ':', ' ']);
    }
    let is_whole = !rules.is_empty() && rest.chars().any(char::is_alphanumeric) && !rest.contains(['[', ']']);
    let before = &text[..text.len() - said.len()];
    is_whole.then(|| format!("{before}{word}[{}] {rest}", rules.join(", ")))
}

impl Comment {
    /// The line that it is about: its own where something else stands on that, else the next that is neither blank nor a
    /// comment.
    pub(super) fn line(&self, source: &Source, outline: &Outline) -> Range<usize> {
        let text = &source.text;
        let start = line_start(text, self.range.start);
        if !text[start..self.range.start].trim().is_empty() {
            return start..self.range.end;
        }
        let mut at = self.range.end;
        while let Some(newline) = text[at..].find('\n') {
            let line = at + newline + 1;
            let end = text[line..].find('\n').map_or(text.len(), |newline| line + newline);
            let first = line + (text[line..end].len() - text[line..end].trim_start().len());
            let is_comment = outline.comments.binary_search_by_key(&first, |it| it.start).is_ok();
            if first < end && !is_comment {
                // What is wrong with a byte order mark can be silenced behind it alone.
                let is_behind_mark = start > 0 && start == text_start(text);
                return if is_behind_mark { 0..end } else { line..end };
            }
            at = end;
        }
        self.range.clone()
    }
}

/// Where a comment goes that is to reach a range: the beginning of the line on which its statement begins. `None` where
/// that statement shares its line with the end of another, in which a comment would stand.
pub(super) fn place_above(source: &Source, outline: &Outline, range: Range<usize>) -> Option<usize> {
    let text = &source.text;
    // What statements begin with is disjoint: the last that begins before a place is the one that may go on there.
    let around = |at: usize| {
        let before = outline.statements.partition_point(|it| it.head.start <= at);
        outline.statements[..before].last().filter(|it| it.head.end > at)
    };
    let start = around(range.start).map_or(range.start, |it| it.head.start);
    let first = text_start(text);
    let line = line_start(text, start).max(first);
    around(line).is_none_or(|it| it.head.start == line || line == first).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is understood of a comment: its reach, its rules and its reason; or what is wrong, and how it was meant.
    fn read(text: &str) -> Option<String> {
        Some(match parse(text, 0)? {
            Ok(comment) => {
                let rules: Vec<&str> = comment.rules.iter().map(|(name, _)| name.as_str()).collect();
                for (name, range) in &comment.rules {
                    assert_eq!(&text[range.clone()], name);
                }
                format!("{:?} {} | {}", comment.reach, rules.join("+"), comment.reason)
            }
            Err(wrong) => match wrong.instead {
                Some(instead) => format!("meant: {instead}"),
                None => format!("wrong: {}", wrong.message),
            },
        })
    }

    #[test]
    fn forms() {
        for (text, expected) in [
            ("# hoplint: ignore[zero-timeout] it is a test", Some("Statement zero-timeout | it is a test")),
            ("#hoplint:ignore[ a , b ]  - why not", Some("Statement a+b | why not")),
            ("; hoplint: ignore-file[a] said of all", Some("File a | said of all")),
            ("## hoplint: ignore-block[a]: because", Some("Block a | because")),
            ("# hoplint: ignore [a] because", Some("Statement a | because")),
            ("# see hoplint: ignore[a] because", None),
            ("# nothing of ours", None),
            ("# hoplint: ignore[a]", Some("wrong: this gives no reason")),
            ("# hoplint: ignore[a] --", Some("wrong: this gives no reason")),
            ("# hoplint: ignore[] because", Some("wrong: this names no rule")),
            ("# hoplint: ignore[a because", Some("wrong: the bracket around the rules is not closed")),
            ("# hoplint: ignore because", Some("wrong: this names no rule in brackets")),
            ("# hoplint: ignore zero-timeout", Some("wrong: this names no rule in brackets")),
            (
                "# hoplint: ignore zero-timeout it is a test",
                Some("meant: # hoplint: ignore[zero-timeout] it is a test"),
            ),
            (
                "# hoplint: ignore: zero-timeout, zero-buffer why",
                Some("meant: # hoplint: ignore[zero-timeout, zero-buffer] why"),
            ),
            (
                "# hoplint: disable=zero-timeout",
                Some(
                    "wrong: what is said to hoplint here is none of `ignore`, `ignore-block` and `ignore-file`",
                ),
            ),
        ] {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
    }
}
