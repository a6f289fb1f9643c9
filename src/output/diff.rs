//! Changes as unified diffs that `git apply` and `patch -p1` take.

use std::io::{self, Write};
use std::ops::Range;

use similar::TextDiff;

use crate::source::{FileId, Sources};

/// Writes the change of every file that differs between two states of the same files, in the order of their paths.
///
/// # Errors
/// If the text cannot be written.
pub fn diff(before: &Sources, after: &Sources, to: &mut dyn Write) -> io::Result<()> {
    let mut files: Vec<(&str, FileId)> =
        before.iter().map(|(id, source)| (source.path.as_str(), id)).collect();
    files.sort_unstable();
    for (path, id) in files {
        let (old, new) = (before.get(id).bytes(), after.get(id).bytes());
        if old != new {
            to.write_all(&file_diff(path, old, new, 3, 0))?;
        }
    }
    Ok(())
}

/// The change of one file, or of a part of it that so many lines stand before, with so many lines around each change. A
/// diff knows neither `/` nor `..`: of a path that begins with them it names what follows, to be applied from there.
pub fn file_diff(path: &str, old: &[u8], new: &[u8], context: usize, lines_before: usize) -> Vec<u8> {
    let path = path.trim_start_matches("../").trim_start_matches('/');
    let (from, to) = (header(&format!("a/{path}")), header(&format!("b/{path}")));
    let (old, new): (Vec<&[u8]>, Vec<&[u8]>) = (lines(old).collect(), lines(new).collect());
    let diff = TextDiff::from_slices(&old, &new);
    let mut text = format!("--- {from}\n+++ {to}\n").into_bytes();
    // Written byte by byte: `UnifiedDiff::to_writer` replaces what is no UTF-8, and takes a lone CR for a line's end.
    for hunk in diff.unified_diff().context_radius(context).iter_hunks() {
        let (Some(first), Some(last)) = (hunk.ops().first(), hunk.ops().last()) else { continue };
        let from = place(first.old_range().start..last.old_range().end, lines_before);
        let to = place(first.new_range().start..last.new_range().end, lines_before);
        text.extend(format!("@@ -{from} +{to} @@\n").into_bytes());
        for change in hunk.iter_changes() {
            text.extend(change.tag().to_string().into_bytes());
            text.extend_from_slice(change.value());
            if !change.value().ends_with(b"\n") {
                text.extend_from_slice(b"\n\\ No newline at end of file\n");
            }
        }
    }
    text
}

/// Lines as a hunk's header names them: from 1, and the line before where there are none.
fn place(lines: Range<usize>, lines_before: usize) -> String {
    let start = lines.start + lines_before;
    match lines.len() {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        count => format!("{},{count}", start + 1),
    }
}

/// The lines of a text as `git` and `patch` see them, with their ends.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

/// A file name as diffs write it: one with blanks is ended by a tab, one with control characters or quotes is quoted as
/// C does.
fn header(name: &str) -> String {
    if name.contains(['"', '\\']) || name.chars().any(char::is_control) {
        let escaped: String = name.chars().map(escape).collect();
        format!("\"{escaped}\"")
    } else if name.contains(' ') {
        format!("{name}\t")
    } else {
        name.to_owned()
    }
}

fn escape(c: char) -> String {
    match c {
        '"' | '\\' => format!("\\{c}"),
        '\n' => "\\n".into(),
        '\t' => "\\t".into(),
        '\r' => "\\r".into(),
        c if c.is_control() => format!("\\{:03o}", c as u32),
        c => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_line_ends_are_kept_as_they_are() {
        let old = b"caf\xe9 {\n  a\r  b 1;\r\n}";
        let new = b"caf\xe9 {\n  a\r  b 2;\r\n}";
        let expected = b"--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n caf\xe9 {\n-  a\r  b 1;\r\n+  a\r  b 2;\r\n }\n\\ No newline at end of file\n";
        assert_eq!(file_diff("x", old, new, 3, 0), expected);
        assert!(file_diff("x", b"", b"b\n", 3, 7).ends_with(b"@@ -7,0 +8 @@\n+b\n"));
    }
}
