//! What the commands of a `$(...)` print, of the few that print what is known.

use super::expand::{self, Reading, plain};
use super::{Placing, State};
use crate::syntax::shell::{self, Command, Place, Way};
use crate::value::Possible;

/// The output of some commands, without the line ends behind it. Substitutions in them are followed as deep as the grammar
/// reads them.
pub(super) fn value(text: &str, state: &mut State, reading: Reading) -> Possible<String> {
    let not_known = || Possible::Unknown(format!("what `{}` prints is not known", text.trim()));
    let script = shell::parse(text);
    let plain_run = |command: &Command| {
        command.place == Place::Straight
            && command.way == Way::Plain
            && command.join != shell::Join::Or
            && !(command.bash_only && reading.dialect != super::Dialect::Bash)
    };
    if script.commands.is_empty() || !script.commands.iter().all(plain_run) {
        return not_known();
    }
    // What it assigned would stay in a process of its own.
    if text.contains('=') {
        return not_known();
    }
    let outside = state.directory.clone();
    let value = printed(text, &script.commands, state, reading);
    state.directory = outside;
    value.unwrap_or_else(not_known)
}

/// What some commands print; `None` where that is not known.
fn printed(
    text: &str,
    commands: &[Command],
    inner: &mut State,
    reading: Reading,
) -> Option<Possible<String>> {
    let place = match reading.placing {
        Placing::Whole(span) => span,
        Placing::File(file, base) => crate::source::Span::new(file, base..base),
    };
    let reading = Reading { placing: Placing::Whole(place), ..reading };
    let (last, before) = commands.split_last()?;
    for command in before {
        let words: Vec<_> = command.words.iter().flat_map(|it| expand::words(it, inner, reading)).collect();
        match plain(&words).as_deref() {
            Ok(["cd", arguments @ ..]) => inner.change_directory(arguments, place),
            Ok(_) => return None,
            Err(why) => return Some(Possible::Unknown(why.clone())),
        }
    }
    let words: Vec<_> = last.words.iter().flat_map(|it| expand::words(it, inner, reading)).collect();
    let words = match plain(&words) {
        Ok(words) => words,
        Err(why) => return Some(Possible::Unknown(why)),
    };
    // What goes elsewhere is not in the output.
    if last.redirected
        && !text.trim_end().ends_with("2>/dev/null")
        && !text.trim_end().ends_with("2> /dev/null")
    {
        return None;
    }
    Some(match words.as_slice() {
        ["pwd"] | ["pwd", "-P" | "-L"] => inner.directory.value.clone(),
        ["dirname", path] | ["dirname", "--", path] => Possible::Known(dirname(path)),
        ["basename", path] | ["basename", "--", path] => Possible::Known(basename(path)),
        ["realpath", path] | ["readlink", "-f", path] | ["realpath", "-s" | "-m" | "-e", path] => {
            inner.directory.value.clone().map(|directory| joined(&directory, path))
        }
        ["echo", words @ ..] if !words.iter().any(|word| word.starts_with('-') || word.contains('\\')) => {
            Possible::Known(words.join(" ").trim_end_matches('\n').into())
        }
        _ => return None,
    })
}

/// The directory of a path, as dirname(1) prints it.
pub(super) fn dirname(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    match (trimmed.rfind('/'), path.starts_with('/')) {
        (None, true) if trimmed.is_empty() => "/".into(),
        (None, _) => ".".into(),
        (Some(at), _) => match trimmed[..at].trim_end_matches('/') {
            "" => "/".into(),
            directory => directory.into(),
        },
    }
}

/// The last component of a path, as basename(1) prints it.
fn basename(path: &str) -> String {
    match path.trim_end_matches('/') {
        "" if path.starts_with('/') => "/".into(),
        trimmed => trimmed.rsplit('/').next().unwrap_or_default().into(),
    }
}

/// A path from a directory, with `.` and `..` taken out.
pub(super) fn joined(directory: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{directory}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_as_the_tools_print_them() {
        for (path, directory, name) in [
            ("/a/b", "/a", "b"),
            ("a", ".", "a"),
            ("/a", "/", "a"),
            ("/", "/", "/"),
            ("a//b//", "a", "b"),
            ("", ".", ""),
        ] {
            assert_eq!((dirname(path).as_str(), basename(path).as_str()), (directory, name), "{path}");
        }
        assert_eq!(joined("/a/b", "../c/./d"), "/a/c/d");
        assert_eq!(joined("/a", "/x/.."), "/");
    }
}
