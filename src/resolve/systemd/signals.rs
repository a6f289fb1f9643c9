//! Commands that send a signal: `kill -HUP $MAINPID` and its like.
//!
//! Source: kill(1) and killall(1) of procps 4.0, psmisc 23 and util-linux 2.38, and the `kill` of dash and bash. What is
//! not listed here is not known to be one.

use crate::model::{Argument, Receiver, Signal};
use crate::source::{Sources, Span};
use crate::syntax::shell::{self, Join, Piece, Way};
use crate::units;

/// A word as far as it matters here.
struct Word {
    /// Its text, if it is known.
    text: Option<String>,
    /// Where it stands, if that is so byte for byte.
    exact: Option<Span>,
    /// Whom it names, if it is not by its text.
    receiver: Option<Receiver>,
}

/// The signal that a command sends, if it does nothing else.
pub(super) fn sent(words: &[Argument], sources: &Sources) -> Option<Signal> {
    let program = name(words.first()?.text.known()?);
    match program {
        "kill" => kill(words[1..].iter().map(|word| of_argument(word, sources)).collect()),
        "pkill" | "killall" => named(words[1..].iter().map(|word| of_argument(word, sources)).collect()),
        "sh" | "dash" | "bash" => match &words[1..] {
            [option, script] if option.text.known().is_some_and(|it| it == "-c") => in_shell(script, sources),
            _ => None,
        },
        _ => None,
    }
}

/// A program without its directory.
fn name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

fn of_argument(word: &Argument, sources: &Sources) -> Word {
    let written = sources.text(word.span);
    let is_main = matches!(written.trim_matches(['"', '\'']), "$MAINPID" | "${MAINPID}");
    let text = word.text.known().cloned();
    Word {
        exact: (text.as_deref() == Some(written) || is_main).then_some(word.span),
        receiver: (text.is_none() && is_main).then_some(Receiver::Main),
        text: text.filter(|_| !word.splits),
    }
}

/// `sh -c 'kill -HUP $MAINPID'`, with nothing but `|| true` behind it.
fn in_shell(script: &Argument, sources: &Sources) -> Option<Signal> {
    let text = script.text.known()?;
    let written = sources.text(script.span);
    let inner = ['\'', '"'].iter().find_map(|quote| written.strip_prefix(*quote)?.strip_suffix(*quote));
    let exact = inner == Some(text.as_str());
    let commands = shell::parse(text).commands;
    let (command, rest) = commands.split_first()?;
    let passes_over = |it: &shell::Command| {
        it.join == Join::Or && matches!(it.words.as_slice(), [word] if plain(word).as_deref() == Some("true"))
    };
    let is_plain = command.way == Way::Plain && command.place == shell::Place::Straight;
    if !is_plain || !rest.iter().all(passes_over) {
        return None;
    }
    let mut words = command.words.as_slice();
    if words.first().and_then(plain).as_deref() == Some("exec") {
        words = &words[1..];
    }
    let (program, words) = words.split_first()?;
    let place = |word: &shell::Word| {
        let start = script.span.start as usize + 1;
        Span::new(script.span.file, start + word.range.start..start + word.range.end)
    };
    let words = words.iter().map(|word| Word {
        text: plain(word),
        exact: exact.then(|| place(word)),
        receiver: receiver(word),
    });
    match name(&plain(program)?) {
        "kill" => kill(words.collect()),
        "pkill" | "killall" => named(words.collect()),
        _ => None,
    }
}

/// The text of a word that holds nothing to be replaced.
fn plain(word: &shell::Word) -> Option<String> {
    let text = |piece: &Piece| match piece {
        Piece::Text(text) | Piece::Quoted(text) => Some(text.clone()),
        _ => None,
    };
    word.pieces.iter().map(text).collect()
}

/// Whom a word of a shell names that is not plain.
fn receiver(word: &shell::Word) -> Option<Receiver> {
    match word.pieces.as_slice() {
        [Piece::Parameter(it)] if it.name == "MAINPID" && it.operation == shell::Operation::Value => {
            Some(Receiver::Main)
        }
        [Piece::Substitution { text, .. }] if text.trim_start().starts_with("cat ") => {
            Some(Receiver::PidFile)
        }
        _ => None,
    }
}

/// A signal that is written, and where its name or number stands.
type Given = (String, Option<Span>);

/// The options of `kill` and its kin: the signal, and the words behind it. `flags` are other options that change nothing.
fn signal(words: Vec<Word>, flags: &[&str]) -> Option<(Option<Given>, Vec<Word>)> {
    let mut given = None;
    let mut words = words.into_iter().peekable();
    while let Some(option) = words.next_if(|word| word.text.as_deref().is_some_and(|it| it.starts_with('-')))
    {
        let text = option.text?;
        let mut name = |written: &str, exact: Option<Span>| -> Option<()> {
            let name = units::signal(&written.to_ascii_uppercase())?;
            let place =
                exact.map(|span| Span::new(span.file, span.end as usize - written.len()..span.end as usize));
            given.replace((name, place)).is_none().then_some(())
        };
        match text.as_str() {
            "--" => break,
            "-s" | "--signal" => {
                let word = words.next()?;
                name(&word.text?, word.exact)?;
            }
            "-n" => {
                // It has to be a number.
                name(&words.next()?.text?, None)?;
            }
            flag if flags.contains(&flag) => {}
            _ => match text.strip_prefix("--signal=").or_else(|| text.strip_prefix('-')) {
                Some(written) => name(written, option.exact)?,
                None => return None,
            },
        }
    }
    Some((given, words.collect()))
}

/// A signal to one process.
fn kill(words: Vec<Word>) -> Option<Signal> {
    let (given, rest) = signal(words, &[])?;
    let [target] = rest.as_slice() else { return None };
    let receiver = match (&target.receiver, target.text.as_deref()) {
        (Some(receiver), _) => receiver.clone(),
        (None, Some(text)) if is_nobody(text) => {
            Receiver::Nobody(target.exact.filter(|_| !text.starts_with('$') || text.contains('(')))
        }
        _ => return None,
    };
    Some(finished(given, target, receiver))
}

/// The main process's variable as a word that nobody replaces.
fn is_nobody(text: &str) -> bool {
    text.trim_matches(['$', '{', '}', '(', ')']) == "MAINPID"
}

/// A signal to all processes of a name. Options that choose among them are not followed.
fn named(words: Vec<Word>) -> Option<Signal> {
    let (given, rest) = signal(words, &["-f", "-x", "-e", "-w", "-q", "--full", "--exact"])?;
    let [target] = rest.as_slice() else { return None };
    let receiver = Receiver::Named(target.text.clone()?);
    Some(finished(given, target, receiver))
}

fn finished(given: Option<Given>, target: &Word, receiver: Receiver) -> Signal {
    let before = target.exact.map(|span| Span::new(span.file, span.start as usize..span.start as usize));
    match given {
        Some((name, place)) => Signal { name, is_written: true, place, receiver },
        None => Signal { name: "SIGTERM".into(), is_written: false, place: before, receiver },
    }
}
