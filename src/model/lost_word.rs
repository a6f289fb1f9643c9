//! A word of a command line that is not there when the program starts.

use super::UnitCommand;
use crate::source::{Sources, Span};

/// A word that systemd takes as a whole for a variable, and leaves out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostWord {
    /// Its place among the words of the command.
    pub at: usize,
    /// Where it stands, without quotes.
    pub span: Span,
    /// The names of the variables that are meant by it.
    pub names: Vec<Span>,
}

/// The first word of a command that systemd replaces as a whole, if its name is none that a variable can have:
/// `$HOST:$PORT`. Source: `replace_env_argv` in `src/basic/env-util.c` of systemd 252.
pub fn lost_word(command: &UnitCommand, sources: &Sources) -> Option<LostWord> {
    let at = command.words.iter().position(|word| word.splits)?;
    let written = command.words[at].span;
    let text = sources.text(written);
    let word = text.trim_matches(['"', '\'']);
    let start = written.start as usize + text.find(word)?;
    let span = Span::new(written.file, start..start + word.len());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '$' | '_' | ':' | '/' | '.' | '-');
    let mut names = Vec::new();
    for (dollar, _) in word.match_indices('$') {
        let rest = &word[dollar + 1..];
        let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let starts = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let from = start + dollar + 1;
        names.push(starts.then_some(Span::new(written.file, from..from + length))?);
    }
    let is_longer = names.first().is_some_and(|first| first.start == span.start + 1 && first.end < span.end);
    (is_longer && word.chars().all(is_plain)).then_some(LostWord { at, span, names })
}
