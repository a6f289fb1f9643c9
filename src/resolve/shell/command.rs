//! What a command is, by its words.

use super::builtins::assignment;
use crate::syntax::shell::{Command, Piece, Way, Word};

/// The program of a command, where it is a plain word.
pub(in crate::resolve) fn program(command: &Command) -> Option<&str> {
    command.words.iter().find(|word| assignment(word).is_none()).and_then(Word::literal)
}

/// Whether a command further on may be a start of something.
pub(super) fn may_start(command: &Command) -> bool {
    let speaks = |word: &Word| {
        word.pieces.iter().any(|piece| match piece {
            Piece::Text(text) | Piece::Quoted(text) => text.contains("gunicorn"),
            _ => false,
        })
    };
    command.way == Way::Unread || program(command) == Some("exec") || command.words.iter().any(speaks)
}

/// Whether a word of `set` may be `-a`.
pub(super) fn may_export_all(word: &Word) -> bool {
    word.literal()
        .is_none_or(|text| text == "allexport" || text.starts_with(['-', '+']) && text.contains('a'))
}

/// Whether a command activates a virtual environment: it sets variables that say where Python is.
pub(super) fn is_activation(command: &Command) -> bool {
    matches!(program(command), Some("." | "source"))
        && command.words.last().is_some_and(|word| match word.pieces.last() {
            Some(Piece::Text(text) | Piece::Quoted(text)) => text.ends_with("bin/activate"),
            _ => false,
        })
}
