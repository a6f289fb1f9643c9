//! systemd's word splitting: `extract_first_word` with its quotes and C escapes.
//!
//! Source: `src/basic/extract-word.c` and `cunescape_one` in `src/basic/escape.c` of systemd 252; the table of the
//! tests was checked with `systemd --user --test`, which prints command lines as it read them.

use std::ops::Range;

use crate::units::Kind;

/// What separates words.
pub(super) const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// A word, with its quotes and escapes resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Its text; `None` where escapes make it something that is not UTF-8.
    pub(super) text: Option<String>,
    /// Where it stands in the text that was split, quotes included.
    pub(super) range: Range<usize>,
}

/// What a backslash means, and whether quotes mean anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escapes {
    /// It starts a C escape, and what is none is a mistake, as in `Environment=`.
    Strict,
    /// It starts a C escape, and what is none is kept, as in `ExecStart=`.
    Kept,
    /// It goes, and what follows it has no other meaning, as in `ReadWritePaths=`.
    Dropped,
    /// The same, and quotes stand for themselves, as in `SupplementaryGroups=`.
    Plain,
}

impl Escapes {
    /// Those of the words of a list. Each was tried with `systemd-analyze verify` of systemd 252.
    pub(super) fn of(kind: Kind) -> Escapes {
        match kind {
            Kind::Environment | Kind::Unsets => Escapes::Strict,
            Kind::Paths | Kind::Binds | Kind::Overlays | Kind::Places | Kind::Families | Kind::Names => {
                Escapes::Dropped
            }
            Kind::Identities | Kind::Statuses | Kind::Sockets | Kind::Calls | Kind::Networks => {
                Escapes::Plain
            }
            _ => Escapes::Kept,
        }
    }
}

/// The text cannot be split: a quote is not closed, or an escape is wrong where that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unbalanced;

/// The next word from an offset on, and the offset where the search for the one after it begins. `whole` are ranges
/// that are taken as they stand, whatever is in them: template expressions.
pub(super) fn next(
    text: &str,
    from: usize,
    whole: &[Range<usize>],
    escapes: Escapes,
) -> Result<Option<(Word, usize)>, Unbalanced> {
    let start = text.len() - text[from..].trim_start_matches(BLANKS).len();
    if start == text.len() {
        return Ok(None);
    }
    let bytes = text.as_bytes();
    let mut word = Vec::new();
    let mut quote = None;
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        if let Some(range) = covering(whole, at) {
            word.extend_from_slice(&bytes[at..range.end]);
            at = range.end;
            continue;
        }
        match (byte, quote) {
            (b'\\', _) => at += escape(&text[at..], escapes, quote.is_some(), &mut word)?,
            (_, Some(open)) if byte == open => {
                quote = None;
                at += 1;
            }
            (b'\'' | b'"', None) if escapes != Escapes::Plain => {
                quote = Some(byte);
                at += 1;
            }
            (b' ' | b'\t' | b'\n' | b'\r', None) => break,
            _ => {
                word.push(byte);
                at += 1;
            }
        }
    }
    if quote.is_some() {
        return Err(Unbalanced);
    }
    let end = text.len() - text[at..].trim_start_matches(BLANKS).len();
    Ok(Some((Word { text: String::from_utf8(word).ok(), range: start..at }, end)))
}

/// All words of a text.
pub(super) fn all(text: &str, whole: &[Range<usize>], escapes: Escapes) -> Result<Vec<Word>, Unbalanced> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some((word, next)) = next(text, at, whole, escapes)? {
        words.push(word);
        at = next;
    }
    Ok(words)
}

/// The range that an offset lies in.
pub(super) fn covering(ranges: &[Range<usize>], at: usize) -> Option<&Range<usize>> {
    let index = ranges.partition_point(|range| range.end <= at);
    ranges.get(index).filter(|range| range.start <= at)
}

/// The first of sorted ranges that a part has bytes in common with.
pub(super) fn touching<'a>(ranges: &'a [Range<usize>], part: &Range<usize>) -> Option<&'a Range<usize>> {
    let index = ranges.partition_point(|range| range.end <= part.start);
    ranges[index..].iter().find(|range| !range.is_empty()).filter(|range| range.start < part.end)
}

/// Resolves the escape at the start of a text; gives its length.
fn escape(text: &str, escapes: Escapes, quoted: bool, word: &mut Vec<u8>) -> Result<usize, Unbalanced> {
    let Some(letter) = text[1..].chars().next() else {
        // At the end of the text a backslash stands for itself outside of quotes.
        if quoted || escapes != Escapes::Kept {
            return Err(Unbalanced);
        }
        word.push(b'\\');
        return Ok(1);
    };
    if matches!(escapes, Escapes::Dropped | Escapes::Plain) {
        word.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        return Ok(1 + letter.len_utf8());
    }
    let code = |digits: Range<usize>, radix: u32| {
        let digits = text.get(digits)?;
        let plain = digits.chars().all(|digit| digit.is_digit(radix));
        u32::from_str_radix(digits, radix).ok().filter(|number| plain && *number > 0)
    };
    let simple = match letter {
        'a' => Some(7),
        'b' => Some(8),
        'f' => Some(12),
        'n' => Some(b'\n'),
        'r' => Some(b'\r'),
        't' => Some(b'\t'),
        'v' => Some(11),
        's' => Some(b' '),
        '\\' | '"' | '\'' => Some(letter as u8),
        _ => None,
    };
    if let Some(byte) = simple {
        word.push(byte);
        return Ok(2);
    }
    let (byte, character, length) = match letter {
        'x' => (code(2..4, 16), None, 4),
        '0'..='7' => (code(1..4, 8).filter(|number| *number <= 255), None, 4),
        'u' => (None, code(2..6, 16), 6),
        'U' => (None, code(2..10, 16), 10),
        _ => (None, None, 0),
    };
    if let Some(byte) = byte.and_then(|number| u8::try_from(number).ok()) {
        word.push(byte);
        Ok(length)
    } else if let Some(character) = character.and_then(char::from_u32) {
        word.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(length)
    } else if escapes == Escapes::Kept {
        word.push(b'\\');
        word.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(1 + letter.len_utf8())
    } else {
        Err(Unbalanced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_as_systemd_splits_them() {
        let split = |text: &str| {
            let words = all(text, &[], Escapes::Kept).ok()?;
            words.into_iter().map(|word| word.text).collect::<Option<Vec<String>>>()
        };
        for (text, expected) in [
            ("a  b\tc", Some(vec!["a", "b", "c"])),
            ("'a b' \"c d\"", Some(vec!["a b", "c d"])),
            ("'c d'e f'g h'i", Some(vec!["c de", "fg hi"])),
            (r"a\x20b \t \q \101 \u00e9", Some(vec!["a b", "\t", r"\q", "A", "é"])),
            (r#""a\"b" 'it\'s'"#, Some(vec!["a\"b", "it's"])),
            ("'' a", Some(vec!["", "a"])),
            ("a\\", Some(vec!["a\\"])),
            ("&& > $X 2>&1", Some(vec!["&&", ">", "$X", "2>&1"])),
            ("it's", None),
            ("\"a", None),
            (r"\xe9", None),
        ] {
            let expected = expected.map(|it| it.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(split(text), expected, "{text}");
        }
    }

    #[test]
    fn strict_escapes_and_ranges() {
        assert_eq!(all(r"A=\d", &[], Escapes::Strict), Err(Unbalanced));
        let expression = std::slice::from_ref(&(8..18));
        let words = all("a 'b c' {{ d 'e }}f", expression, Escapes::Kept).unwrap();
        let ranges: Vec<_> = words.iter().map(|word| word.range.clone()).collect();
        assert_eq!(ranges, [0..1, 2..7, 8..19]);
        assert_eq!(words[2].text.as_deref(), Some("{{ d 'e }}f"));
    }
}
