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
}
