//! Files as they were read: their bytes, what kind they are, and where their lines begin.
//!
//! Everything else in the crate speaks of places as byte offsets. Lines and columns exist only where a person or a
//! JSON consumer reads them, through [`Source::position`].

use std::collections::{BTreeMap, BTreeSet};

/// What some editors put at the beginning of a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A file of one run, as an index into [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in one file; `end` is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file that the offsets are in.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

impl Span {
    /// A span from offsets as the standard library counts them. A source is never larger than `u32` can count
    /// (see [`Limit::most`](crate::limits::Limit::most)).
    pub fn new(file: FileId, range: std::ops::Range<usize>) -> Span {
        Span { file, start: range.start as u32, end: range.end as u32 }
    }

    /// The offsets, for slicing a text.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The smallest span that holds both; both must be in one file.
    pub fn to(self, other: Span) -> Span {
        debug_assert_eq!(self.file, other.file, "a span cannot cross files");
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// The language of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// An nginx configuration or a fragment of one.
    Nginx,
    /// A Gunicorn configuration file, which is Python.
    Gunicorn,
    /// A systemd unit or a drop-in.
    Systemd,
    /// A Compose file.
    Compose,
    /// Which Gunicorn is installed: requirements, `pyproject.toml`, a lock file.
    Packages,
    /// What directories and accounts the machine has: `tmpfiles.d`, `sysusers.d`, `/etc/passwd`, `/etc/group`.
    Machine,
    /// Something that may start servers and is searched for mentions of addresses, but not understood: a script, a
    /// Dockerfile, a Procfile, a Supervisor program.
    Launcher,
}

impl FileKind {
    /// Whether there is something to lint in it; the others only tell what meets it.
    pub fn is_configuration(self) -> bool {
        !matches!(self, FileKind::Packages | FileKind::Machine | FileKind::Launcher)
    }

    /// All kinds, in the order in which they are counted for the user.
    pub const ALL: [FileKind; 7] = [
        FileKind::Nginx,
        FileKind::Gunicorn,
        FileKind::Systemd,
        FileKind::Compose,
        FileKind::Packages,
        FileKind::Machine,
        FileKind::Launcher,
    ];

    /// The name for a person: `2 nginx, 1 Gunicorn`.
    pub fn name(self) -> &'static str {
        match self {
            FileKind::Nginx => "nginx",
            FileKind::Gunicorn => "Gunicorn",
            FileKind::Systemd => "systemd",
            FileKind::Compose => "Compose",
            FileKind::Packages => "packages",
            FileKind::Machine => "machine",
            FileKind::Launcher => "other",
        }
    }
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it is, `/`-separated, relative to the directory that the run began in where it lies below it.
    pub path: String,
    /// What it is written in.
    pub kind: FileKind,
    /// The text that is parsed. It has exactly the length of the file: a byte that is no UTF-8 stands as one `\x1a`.
    pub text: String,
    /// The bytes of the file, where they are not those of `text`.
    raw: Option<Vec<u8>>,
    line_starts: Vec<u32>,
    /// How many characters stand before each multiple of [`STRIDE`], so that a column costs the same in any line.
    characters: Vec<u32>,
}

/// How many bytes apart characters are counted beforehand.
const STRIDE: usize = 1024;

impl Source {
    /// A source from the bytes of a file.
    pub fn new(path: impl Into<String>, kind: FileKind, bytes: Vec<u8>) -> Source {
        let (text, raw) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let bytes = error.into_bytes();
                (same_length_text(&bytes), Some(bytes))
            }
        };
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at as u32 + 1)).collect();
        let mut characters = vec![0];
        for chunk in text.as_bytes().chunks(STRIDE) {
            characters.push(characters[characters.len() - 1] + first_bytes(chunk));
        }
        Source { path: path.into(), kind, text, raw, line_starts, characters }
    }

    /// The bytes of the file, as read.
    pub fn bytes(&self) -> &[u8] {
        self.raw.as_deref().unwrap_or(self.text.as_bytes())
    }

    /// The file's name without its directories.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Line and column of an offset, both from 1; the column counts characters.
    pub fn position(&self, offset: u32) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let column = self.characters_before(offset) - self.characters_before(self.line_starts[line - 1]) + 1;
        (line, column as usize)
    }

    /// The lines that a range of bytes touches, with so many more before and behind it: their bytes, and how many lines
    /// stand before them.
    pub fn lines_around(
        &self,
        range: std::ops::Range<usize>,
        more: usize,
    ) -> (std::ops::Range<usize>, usize) {
        let line_of = |offset: usize| self.line_starts.partition_point(|start| *start as usize <= offset) - 1;
        let first = line_of(range.start).saturating_sub(more);
        let behind = self.line_starts.get(line_of(range.end) + more + 1);
        let end = behind.map_or(self.text.len(), |start| *start as usize);
        (self.line_starts[first] as usize..end, first)
    }

    fn characters_before(&self, offset: u32) -> u32 {
        let offset = (offset as usize).min(self.text.len());
        let counted = offset / STRIDE;
        self.characters[counted] + first_bytes(&self.text.as_bytes()[counted * STRIDE..offset])
    }
}

/// How many characters begin in a part of a text.
fn first_bytes(part: &[u8]) -> u32 {
    part.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count() as u32
}

/// Invalid UTF-8 as text of the same length, so that offsets into one are offsets into the other.
fn same_length_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\x1a'));
    }
    text
}

/// A directory that is read as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Root {
    /// Where it is, as the paths of its files begin: empty, or ending in `/`.
    pub path: String,
    /// The way to it from the directory of the configuration, if it lies below that: empty, or ending in `/`.
    pub below: String,
}

/// All files of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    list: Vec<Source>,
    by_path: BTreeMap<String, FileId>,
    links: BTreeMap<String, FileId>,
    unread_links: BTreeSet<String>,
    null_links: BTreeSet<String>,
    unread: Vec<String>,
    modules: BTreeMap<String, Option<String>>,
    configurations: BTreeSet<String>,
}

impl Sources {
    /// Adds a file; one of the same path is replaced.
    pub fn add(&mut self, source: Source) -> FileId {
        if let Some(id) = self.by_path.get(&source.path) {
            self.list[id.0 as usize] = source;
            return self.by_path[&self.list[id.0 as usize].path];
        }
        let id = FileId(self.list.len() as u32);
        self.by_path.insert(source.path.clone(), id);
        self.list.push(source);
        id
    }

    /// The file of an identifier that these sources gave out.
    pub fn get(&self, id: FileId) -> &Source {
        &self.list[id.0 as usize]
    }

    /// The file at a path, if it was read.
    pub fn by_path(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// Adds a symbolic link: another path by which a file is known.
    pub fn link(&mut self, path: impl Into<String>, to: FileId) {
        self.links.insert(path.into(), to);
    }

    /// The symbolic links and the files that they lead to, by their paths.
    pub fn links(&self) -> impl Iterator<Item = (&str, FileId)> {
        self.links.iter().map(|(path, id)| (path.as_str(), *id))
    }

    /// Adds a symbolic link that leads to nothing that was read: out of the tree, or nowhere.
    pub fn unread_link(&mut self, path: impl Into<String>) {
        self.unread_links.insert(path.into());
    }

    /// Adds a symbolic link to /dev/null: what is read through it is empty.
    pub fn null_link(&mut self, path: impl Into<String>) {
        self.null_links.insert(path.into());
    }

    /// The paths of the symbolic links to /dev/null.
    pub fn null_links(&self) -> impl Iterator<Item = &str> {
        self.null_links.iter().map(String::as_str)
    }

    /// The paths of the symbolic links that lead to nothing that was read.
    pub fn unread_links(&self) -> impl ExactSizeIterator<Item = &str> {
        self.unread_links.iter().map(String::as_str)
    }

    /// Notes a file or a directory that is there and cannot be read.
    pub fn note_unread(&mut self, path: impl Into<String>) {
        self.unread.push(path.into());
    }

    /// The files and directories that are there and cannot be read.
    pub fn unread(&self) -> &[String] {
        &self.unread
    }

    /// Notes a configuration file of Gunicorn's default name that is there and was not asked for.
    pub fn note_configuration(&mut self, path: impl Into<String>) {
        self.configurations.insert(path.into());
    }

    /// The configuration files of Gunicorn's default name that are there and were not read.
    pub fn configurations(&self) -> impl Iterator<Item = &str> {
        self.configurations.iter().map(String::as_str)
    }

    /// Notes a Python file that is no configuration, and its text where somebody may ask for it.
    pub fn note_module(&mut self, path: impl Into<String>, text: Option<String>) {
        self.modules.insert(path.into(), text);
    }

    /// Whether a module was noted at a path.
    pub fn has_module(&self, path: &str) -> bool {
        self.modules.contains_key(path)
    }

    /// The Python files that are no configuration, by their paths, and their texts as far as they were read.
    pub fn modules(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.modules.iter().map(|(path, text)| (path.as_str(), text.as_deref()))
    }

    /// All files, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        self.list.iter().enumerate().map(|(at, source)| (FileId(at as u32), source))
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The text under a span.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file).text.get(span.range()).unwrap_or_default()
    }

    /// The same files with one file's bytes exchanged.
    pub fn replace(&mut self, id: FileId, bytes: Vec<u8>) {
        let source = &mut self.list[id.0 as usize];
        *source = Source::new(std::mem::take(&mut source.path), source.kind, bytes);
    }
}

/// Where the line around an offset begins; the first one behind a byte order mark.
pub fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(text_start(text).min(at), |newline| newline + 1)
}

/// Where a text begins: behind its byte order mark.
pub fn text_start(text: &str) -> usize {
    if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 }
}

/// The line end of the line around an offset; of the one before where the text ends without one.
pub fn line_end(text: &str, at: usize) -> &'static str {
    let newline = text[at..].find('\n').map(|newline| at + newline).or_else(|| text[..at].rfind('\n'));
    if newline.is_some_and(|newline| text[..newline].ends_with('\r')) { "\r\n" } else { "\n" }
}

/// What goes with whole lines that are taken away: where the text ends without a line end, the one before them, so that it
/// still does.
pub fn whole_lines(text: &str, lines: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let is_last = lines.end == text.len() && !text.ends_with('\n');
    let before = &text[..lines.start];
    let kept = match is_last {
        true => before.strip_suffix("\r\n").or_else(|| before.strip_suffix('\n')).unwrap_or(before),
        false => before,
    };
    kept.len()..lines.end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_from_one_and_in_characters() {
        let source = Source::new("a", FileKind::Nginx, "ä b\r\nc".into());
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(2), (1, 2));
        assert_eq!(source.position(6), (2, 1));
        assert_eq!(source.position(7), (2, 2));
    }

    #[test]
    fn a_line_begins_behind_a_byte_order_mark_and_ends_as_the_one_before() {
        assert_eq!((line_start("\u{feff}a\nb", 4), line_start("\u{feff}a\nb", 5)), (3, 5));
        assert_eq!((line_start("\u{feff}a", 0), line_start("a", 0)), (0, 0));
        assert_eq!((line_end("a\r\nb", 0), line_end("a\r\nb", 4)), ("\r\n", "\r\n"));
        assert_eq!((line_end("a\nb", 3), line_end("a\r\nb\n", 3), line_end("a", 1)), ("\n", "\n", "\n"));
    }

    #[test]
    fn a_last_line_takes_the_line_end_before_it() {
        assert_eq!(whole_lines("a\nb", 2..3), 1..3);
        assert_eq!(whole_lines("a\r\nb", 3..4), 1..4);
        assert_eq!(whole_lines("a\nb\n", 2..4), 2..4);
        assert_eq!(whole_lines("b", 0..1), 0..1);
    }

    #[test]
    fn lines_around_a_place() {
        let source = Source::new("a", FileKind::Nginx, "a\nb\nc\nd".into());
        assert_eq!(source.lines_around(2..3, 0), (2..4, 1));
        assert_eq!(source.lines_around(2..3, 1), (0..6, 0));
        assert_eq!(source.lines_around(6..7, 1), (4..7, 2));
    }

    #[test]
    fn columns_of_a_long_line_are_counted_in_characters_too() {
        let text = format!("a\n{}b", "\u{e4}x".repeat(STRIDE));
        let source = Source::new("a", FileKind::Nginx, text.clone().into());
        assert_eq!(source.position(text.len() as u32 - 1), (2, 2 * STRIDE + 1));
        assert_eq!(source.position(text.len() as u32), (2, 2 * STRIDE + 2));
        assert_eq!(source.position(2), (2, 1));
    }

    #[test]
    fn bytes_that_are_no_utf8_keep_every_offset() {
        let bytes = b"a \xff\xe9 b".to_vec();
        let source = Source::new("a", FileKind::Nginx, bytes.clone());
        assert_eq!(source.text.len(), bytes.len());
        assert_eq!(source.text, "a \x1a\x1a b");
        assert_eq!(source.bytes(), bytes);
    }
}
