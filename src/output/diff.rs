//! Changes as unified diffs that `git apply` and `patch -p1` take.

use std::io::{self, Write};

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
            to.write_all(&file_diff(path, old, new, 3))?;
        }
    }
    Ok(())
}

/// The change of one file, with so many lines around each change. A diff knows neither `/` nor `..`: of a path that begins
/// with them it names what follows, to be applied from there.
pub fn file_diff(path: &str, old: &[u8], new: &[u8], context: usize) -> Vec<u8> {
    let path = path.trim_start_matches("../").trim_start_matches('/');
    let (from, to) = (header(&format!("a/{path}")), header(&format!("b/{path}")));
    let diff = TextDiff::from_lines(old, new);
    let mut text = Vec::new();
    let written = diff.unified_diff().context_radius(context).header(&from, &to).to_writer(&mut text);
    debug_assert!(written.is_ok(), "a Vec takes whatever is written to it");
    text
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
