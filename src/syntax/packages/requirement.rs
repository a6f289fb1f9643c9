//! One requirement, and files that hold one on each line.

use super::{Bound, Operator, Wish};

/// The requirements of a file of lines; a backslash at the end of a line joins the next one to it.
pub(super) fn lines(text: &str, package: &str) -> Vec<Wish> {
    let mut wishes = Vec::new();
    let mut start = 0;
    let mut joins = false;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        if !joins {
            wishes.extend(one(trimmed, start + line.len() - trimmed.len(), package));
        }
        joins = line.trim_end().ends_with('\\');
        start += line.len();
    }
    wishes
}

/// What a requirement says, if it is for a package; `start` is where its text stands.
pub(super) fn one(text: &str, start: usize, package: &str) -> Option<Wish> {
    let (name, rest) = text.split_at_checked(package.len())?;
    if !name.eq_ignore_ascii_case(package)
        || rest.starts_with(|c: char| c.is_alphanumeric() || "-_./:".contains(c))
    {
        return None;
    }
    let wish = |end: usize, bounds, is_partial| Some(Wish { range: start..start + end, bounds, is_partial });
    let blank = |c: char| matches!(c, ' ' | '\t');
    let mut at = package.len();
    let skip = |at: usize| at + text[at..].len() - text[at..].trim_start_matches(blank).len();
    if text[skip(at)..].starts_with('[') {
        let Some(close) = text[at..].find(']') else { return wish(at, Vec::new(), true) };
        at += close + 1;
    }
    let begin = skip(at);
    // The conditions end where the marker, an option, a comment or the line does.
    let rest = &text[begin..];
    let stop =
        [";", " -", "\t-", " #", "\t#", "\\", "\r", "\n"].iter().filter_map(|mark| rest.find(mark)).min();
    let rest = rest[..stop.unwrap_or(rest.len())].trim_end_matches(blank);
    if rest.is_empty() {
        return wish(at, Vec::new(), false);
    }
    let inner = rest.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(rest);
    match bounds(inner) {
        Some(bounds) => wish(begin + rest.len(), bounds, false),
        None => wish(at, Vec::new(), true),
    }
}

/// Conditions with commas between them; `None` where they are not read.
pub(super) fn bounds(text: &str) -> Option<Vec<Bound>> {
    const OPERATORS: [(&str, Operator); 10] = [
        ("===", Operator::Equal),
        ("==", Operator::Equal),
        ("!=", Operator::Unequal),
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("~=", Operator::Compatible),
        ("<", Operator::Below),
        (">", Operator::Above),
        ("^", Operator::Caret),
        ("~", Operator::Tilde),
    ];
    let bound = |part: &str| {
        let part = part.trim();
        let (sign, operator) = OPERATORS.iter().find(|(sign, _)| part.starts_with(sign))?;
        let version = part[sign.len()..].trim();
        let is_plain = version.chars().all(|c| c.is_ascii_alphanumeric() || ".*+!-_".contains(c));
        (is_plain && !version.is_empty()).then(|| Bound { operator: *operator, version: version.into() })
    };
    text.split(',').filter(|part| !part.trim().is_empty()).map(bound).collect()
}
