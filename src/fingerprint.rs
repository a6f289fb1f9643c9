//! What makes a finding the same finding after other lines of its file have moved.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::Hasher;

use fnv::FnvHasher;

use crate::finding::Finding;
use crate::source::{Root, Source, Sources};

/// The fingerprint of a finding: sixteen hexadecimal digits from its rule, its file and the text of the lines that it points
/// to, without the white space around them. Where else in the file those stand, and what the message says of them, does not
/// count. Findings that agree in all that share one.
///
/// The file is named from the directory of the configuration or, without one, from its tree on, so that a run from another
/// directory gives the same.
pub fn fingerprint(finding: &Finding, sources: &Sources, trees: &[Root]) -> String {
    let span = finding.primary.span;
    let source = sources.get(span.file);
    let mut hasher = FnvHasher::default();
    // Each part ends in a byte that no UTF-8 has.
    let mut part = |text: &str| {
        hasher.write(text.as_bytes());
        hasher.write_u8(0xff);
    };
    part(finding.rule);
    part(&path(&source.path, trees));
    lines(source, span.range()).for_each(&mut part);
    format!("{:016x}", hasher.finish())
}

/// The path of a file from the directory of the configuration or from its tree on.
pub fn path<'a>(path: &'a str, trees: &[Root]) -> Cow<'a, str> {
    let inside = trees.iter().find_map(|root| Some((root, path.strip_prefix(root.path.as_str())?)));
    match inside {
        Some((root, inside)) if root.below.is_empty() => Cow::Borrowed(inside),
        Some((root, inside)) => Cow::Owned(format!("{}{inside}", root.below)),
        None => Cow::Borrowed(path),
    }
}

/// The lines that a range of bytes touches, without the white space around them.
fn lines(source: &Source, range: std::ops::Range<usize>) -> impl Iterator<Item = &str> {
    let (bytes, _) = source.lines_around(range, 0);
    source.text[bytes].split_inclusive('\n').map(str::trim)
}

/// Tells findings apart that share a fingerprint: the first of them keeps it, the second gets `-2`.
#[derive(Debug, Default)]
pub struct Unique(BTreeMap<String, usize>);

impl Unique {
    /// The fingerprint for the next finding that has this one.
    pub fn next(&mut self, fingerprint: String) -> String {
        let count = self.0.entry(fingerprint.clone()).or_default();
        *count += 1;
        if *count == 1 { fingerprint } else { format!("{fingerprint}-{count}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Label, Severity};
    use crate::source::{FileKind, Span};

    fn of(text: &str, statement: &str, rule: &'static str, message: &str) -> String {
        let mut sources = Sources::default();
        let file = sources.add(Source::new("nginx.conf", FileKind::Nginx, text.into()));
        let at = text.find(statement).unwrap();
        let span = Span::new(file, at..at + statement.len());
        let finding = Finding {
            rule,
            severity: Severity::Error,
            outcome: "502".into(),
            message: message.into(),
            primary: Label { span, text: String::new() },
            related: Vec::new(),
            help: None,
            fix: None,
            fix_at_app: None,
        };
        fingerprint(&finding, &sources, &[])
    }

    #[test]
    fn what_moves_stays_the_same_and_what_changes_does_not() {
        let first = of("a 1;\nb 2;\n", "b 2;", "zero-timeout", "x");
        assert_eq!(first, of("# new\na 1;\n    b 2;\r\n", "b 2;", "zero-timeout", "said in other words"));
        assert_ne!(first, of("a 1;\nb 3;\n", "b 3;", "zero-timeout", "x"));
        assert_ne!(first, of("a 1;\nb 2;\n", "b 2;", "zero-buffer", "x"));
        assert_ne!(of("a\n b\n", "a\n b", "zero-timeout", "x"), of("a b\n", "a b", "zero-timeout", "x"));
    }

    #[test]
    fn a_file_is_named_from_its_tree_on() {
        let root = |path: &str, below: &str| [Root { path: path.into(), below: below.into() }];
        assert_eq!(path("../a/b/c", &root("../a/", "")), "b/c");
        assert_eq!(path("b/c", &root("", "a/")), "a/b/c");
        assert_eq!(path("/x/c", &root("y/", "")), "/x/c");
    }

    #[test]
    fn equal_ones_are_told_apart() {
        let mut unique = Unique::default();
        assert_eq!(["a", "b", "a", "a"].map(|it| unique.next(it.into())), ["a", "b", "a-2", "a-3"]);
    }
}
