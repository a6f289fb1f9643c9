//! What only a shell would understand, in a command line that no shell reads.

use super::{Argument, UnitCommand};
use crate::source::Sources;

/// What a shell has built in. Some systems have programs of the first three names, which change nothing but themselves.
pub const BUILTINS: [&str; 12] =
    ["cd", "umask", "ulimit", ".", "source", "export", "exec", "eval", "set", "unset", "if", "for"];

/// Programs that hand words to a shell, or that have a use of their own for such signs.
const INTERPRETERS: [&str; 26] = [
    "[", "ash", "autossh", "awk", "bash", "busybox", "csh", "dash", "eval", "expr", "fish", "gawk", "ksh",
    "mawk", "parallel", "perl", "runuser", "screen", "sh", "ssh", "su", "tcsh", "test", "tmux", "watch",
    "zsh",
];

/// What is there of a shell's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShellSyntax {
    /// The program is a builtin.
    Builtin,
    /// An assignment stands before the program.
    Assignment,
    /// A word, by its place in the command.
    Word(usize),
    /// The script that a shell is given is only this word, by its place in the command, and what belongs to it stands
    /// behind it: `bash -c cd /srv && run`.
    Script(usize),
}

/// The first part of a command that only a shell would understand, and no program of it is one.
pub fn shell_syntax(command: &UnitCommand, sources: &Sources) -> Option<ShellSyntax> {
    let program = command.words.first()?.text.known()?;
    if BUILTINS.contains(&program.as_str()) {
        return Some(ShellSyntax::Builtin);
    }
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
    if command.words.len() > 1 && program.split_once('=').is_some_and(|(name, _)| is_name(name)) {
        return Some(ShellSyntax::Assignment);
    }
    for (at, word) in command.words.iter().enumerate() {
        if word.splits {
            return None;
        }
        let text = word.text.known().map_or("", String::as_str);
        let name = text.rsplit('/').next().unwrap_or(text);
        if INTERPRETERS.binary_search(&name).is_ok() {
            return torn_script(command, at, sources);
        }
        let is_last = at + 1 == command.words.len();
        if at > 0 && is_operator(text, is_last) && sources.text(word.span) == text {
            return Some(ShellSyntax::Word(at));
        }
    }
    None
}

/// A script of a shell that is cut off at its first word, since what goes on behind that is not in its quotes.
fn torn_script(command: &UnitCommand, shell: usize, sources: &Sources) -> Option<ShellSyntax> {
    let text = |at: usize| command.words.get(at)?.text.known().map(String::as_str);
    let last = |at: usize| text(at).map(|it| it.rsplit('/').next().unwrap_or(it));
    let is_shell = matches!(last(shell)?, "ash" | "bash" | "dash" | "ksh" | "sh" | "zsh");
    let is_main = shell == 0 || shell == 1 && last(0)? == "env";
    let letters = text(shell + 1)?.strip_prefix('-')?;
    let has_script = letters.ends_with('c') && letters.bytes().all(|letter| letter.is_ascii_alphabetic());
    // A script may make a command of its arguments.
    if !is_shell || !is_main || !has_script || text(shell + 2)?.contains('$') {
        return None;
    }
    let behind = command.words.get(shell + 3..)?;
    let is_sign = |word: &&Argument| {
        let sign = word.text.known().map_or("", String::as_str);
        matches!(sign, "&&" | "||" | "|") && sources.text(word.span) == sign
    };
    behind.iter().take_while(|word| !word.splits).find(is_sign)?;
    Some(ShellSyntax::Script(shell + 2))
}

/// Whether a word that is not in quotes means something to a shell.
pub fn is_operator(text: &str, is_last: bool) -> bool {
    match text {
        "&&" | "||" | "|" | "#" => true,
        "&" => is_last,
        _ => redirection(text).is_some(),
    }
}

/// What a redirection leads to; empty where that is the next word.
pub fn redirection(text: &str) -> Option<&str> {
    let target = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
    let has_one = text.len() - target.len() <= 1;
    let target = [">>", ">|", ">", "<"].iter().find_map(|sign| target.strip_prefix(sign))?;
    let is_target = target.is_empty() || target.starts_with(['/', '.', '$', '~']);
    let is_number =
        target.strip_prefix('&').is_some_and(|it| it.len() == 1 && it.starts_with(['0', '1', '2', '-']));
    (has_one && (is_target || is_number)).then_some(target)
}
