//! One mistake in a text.

use crate::support::Dice;

/// A text with one mistake, or what looks like one.
pub(super) struct Mutant {
    /// The changed text.
    pub(super) bytes: Vec<u8>,
    /// Where it was changed.
    pub(super) at: usize,
    /// What was done to it.
    pub(super) how: &'static str,
}

const STRUCTURE: &[u8] = b";{}\"'\\#$\n() ";

/// Changes a text in one place.
pub(super) fn mutate(dice: &mut Dice, text: &str) -> Mutant {
    loop {
        let mut bytes = text.as_bytes().to_vec();
        let (at, how) = change(dice, &mut bytes);
        // An address is left as it is: a changed one is a name that nginx would look up.
        let addresses = |bytes: &[u8]| bytes.windows(15).filter(|it| it == b"server unix:/x;").count();
        let untouched = addresses(&bytes) == addresses(text.as_bytes());
        if bytes != text.as_bytes() && (untouched || how == "cut") {
            return Mutant { bytes, at, how };
        }
    }
}

fn change(dice: &mut Dice, bytes: &mut Vec<u8>) -> (usize, &'static str) {
    let wanted = *dice.roll(STRUCTURE);
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == wanted).collect();
    let anywhere = dice.below(bytes.len());
    let place = if places.is_empty() { anywhere } else { *dice.roll(&places) };
    // Where a word is long, it may become too long.
    let long = bytes.windows(20).position(|it| it == [b'x'; 20]);
    if let Some(at) = long.filter(|_| dice.below(2) == 0) {
        bytes.splice(at..at, vec![b'x'; 1 + dice.below(60)]);
        return (at, "stretch");
    }
    match dice.below(14) {
        0..=3 => {
            bytes.remove(place);
            (place, "drop")
        }
        4 => {
            bytes.insert(place, bytes[place]);
            (place, "double")
        }
        5 | 6 => {
            bytes.insert(anywhere, wanted);
            (anywhere, "insert")
        }
        7 => {
            let boundary = (place + 1).min(bytes.len());
            bytes.insert(boundary, *dice.roll(STRUCTURE));
            (boundary, "insert")
        }
        8 => {
            let next = (place + 1).min(bytes.len() - 1);
            bytes.swap(place, next);
            (place, "swap")
        }
        9 => {
            bytes.truncate(anywhere);
            (anywhere, "cut")
        }
        10 => {
            bytes[place] = *dice.roll(STRUCTURE);
            (place, "replace")
        }
        11 => {
            let start = bytes[..anywhere].iter().rposition(|it| *it == b'\n').map_or(0, |at| at + 1);
            let end = bytes[anywhere..]
                .iter()
                .position(|it| *it == b'\n')
                .map_or(bytes.len(), |at| anywhere + at + 1);
            if dice.below(2) == 0 {
                bytes.drain(start..end);
                (start, "drop a line")
            } else {
                let line = bytes[start..end].to_vec();
                bytes.splice(start..start, line);
                (start, "double a line")
            }
        }
        12 => {
            let start = bytes[..anywhere].iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
            let end = bytes[anywhere..]
                .iter()
                .position(u8::is_ascii_whitespace)
                .map_or(bytes.len(), |at| anywhere + at);
            bytes.drain(start.min(end)..end);
            (start, "drop a word")
        }
        _ => {
            let strange: &[&[u8]] =
                &[b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"\t", b"\\\n", b"\"\"", b"'a'", b"};", b"# x\n"];
            bytes.splice(place..place, dice.roll(strange).iter().copied());
            (place, "strange")
        }
    }
}
