//! A text to words, as a POSIX shell and Python's `shlex.split` part it.

/// The words of a text; `None` where a quote is not closed.
pub(super) fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => match chars.next()? {
                            c @ ('"' | '\\') => word.push(c),
                            c => word.extend(['\\', c]),
                        },
                        c => word.push(c),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(chars.next()?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// What `shlex.split` says of a text that it cannot part.
pub(super) fn not_split(text: &str) -> &'static str {
    let closed = [format!("{text}'"), format!("{text}\"")];
    if closed.iter().any(|text| split(text).is_some()) {
        "No closing quotation"
    } else {
        "No escaped character"
    }
}

/// A simple command of a shell: the directory that it changes to, whether it replaces the shell, and its words.
pub(super) struct Simple {
    /// The directory of a leading `cd`.
    pub(super) directory: Option<String>,
    /// Whether it begins with `exec`.
    pub(super) replaces: bool,
    /// The words, assignments to variables before them included.
    pub(super) words: Vec<String>,
}

/// Reads `cd DIRECTORY && exec COMMAND`, where `cd` and `exec` may be missing. `None` for all that needs a shell.
pub(super) fn simple(script: &str) -> Option<Simple> {
    let mut rest = script.trim();
    let mut directory = None;
    if let Some((first, behind)) = rest.split_once("&&")
        && let Some(path) = first.trim().strip_prefix("cd ")
    {
        let path = path.trim();
        let plain = path.starts_with('/')
            && path
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_'));
        if !plain {
            return None;
        }
        directory = Some(path.to_string());
        rest = behind.trim();
    }
    if rest
        .contains([';', '|', '&', '<', '>', '(', ')', '$', '`', '*', '?', '[', '#', '~', '{', '}', '!', '\n'])
    {
        return None;
    }
    let mut words = split(rest)?;
    let replaces = words.first().is_some_and(|word| word == "exec");
    if replaces {
        words.remove(0);
    }
    Some(Simple { directory, replaces, words })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_quotes() {
        for (text, words) in [
            ("-b  a:1 'x y'", Some(vec!["-b", "a:1", "x y"])),
            (r#"a"b c"\ d ''"#, Some(vec!["ab c d", ""])),
            (r#""a\"\n""#, Some(vec![r#"a"\n"#])),
            ("'a", None),
            ("", Some(vec![])),
        ] {
            let words = words.map(|words| words.into_iter().map(String::from).collect());
            assert_eq!(split(text), words, "{text:?}");
        }
    }

    #[test]
    fn simple_commands() {
        let read = |script| simple(script).map(|it| (it.directory, it.replaces, it.words.join("|")));
        assert_eq!(read("gunicorn -b :1 a:b"), Some((None, false, "gunicorn|-b|:1|a:b".into())));
        assert_eq!(read("exec gunicorn a"), Some((None, true, "gunicorn|a".into())));
        assert_eq!(
            read("cd /srv/a && exec gunicorn a"),
            Some((Some("/srv/a".into()), true, "gunicorn|a".into()))
        );
        for script in [
            "cd $X && gunicorn a",
            "a; b",
            "a && b",
            "gunicorn $PORT",
            "gunicorn a >> log",
            "a | b",
            "source x",
        ] {
            let words = simple(script).map(|it| it.words);
            assert!(words.is_none() || words == Some(vec!["source".into(), "x".into()]), "{script}");
        }
    }
}
