//! Files of `EnvironmentFile=`, which are read in a way of their own: not as a shell does, and not as `Environment=`.
//!
//! Source: `parse_env_file_internal` in `src/basic/env-file.c` of systemd 252.

use std::ops::Range;

/// Where the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Key,
    BeforeValue,
    Value,
    ValueEscape,
    Single,
    Double,
    DoubleEscape,
    Comment,
}

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct EnvFile {
    /// Its assignments, in order.
    pub(super) assignments: Vec<(String, String)>,
    /// The names that are none and that systemd drops the assignments to, such as `export A`: where they stand.
    pub(super) dropped: Vec<Range<usize>>,
}

/// Reads a file. `None` where versions of systemd differ on it: a comment that ends in a backslash.
pub(super) fn parse(text: &str) -> Option<EnvFile> {
    let mut state = State::Start;
    let mut file = EnvFile::default();
    let mut start = 0;
    let mut key = String::new();
    let mut value = String::new();
    // How much of the value is kept when blanks at its end go.
    let mut kept = 0;
    for (at, c) in text.char_indices() {
        let newline = matches!(c, '\n' | '\r');
        let blank = matches!(c, ' ' | '\t') || newline;
        state = match state {
            State::Start if matches!(c, '#' | ';') => State::Comment,
            State::Start if blank => State::Start,
            State::Start => {
                start = at;
                key.push(c);
                State::Key
            }
            State::Key if newline => {
                key.clear();
                State::Start
            }
            State::Key if c == '=' => State::BeforeValue,
            State::Key => {
                key.push(c);
                State::Key
            }
            State::BeforeValue | State::Value if newline => {
                value.truncate(if state == State::Value { kept } else { value.len() });
                file.push(start, &mut key, &mut value);
                kept = 0;
                State::Start
            }
            State::BeforeValue if c == '\'' => State::Single,
            State::BeforeValue if c == '"' => State::Double,
            State::BeforeValue | State::Value if c == '\\' => State::ValueEscape,
            State::BeforeValue if blank => State::BeforeValue,
            State::BeforeValue | State::Value => {
                value.push(c);
                if !blank {
                    kept = value.len();
                }
                State::Value
            }
            State::ValueEscape => {
                if !newline {
                    value.push(c);
                    kept = value.len();
                }
                State::Value
            }
            State::Single if c == '\'' => State::BeforeValue,
            State::Double if c == '"' => State::BeforeValue,
            State::Double if c == '\\' => State::DoubleEscape,
            State::Single | State::Double => {
                value.push(c);
                kept = value.len();
                state
            }
            State::DoubleEscape => {
                if !matches!(c, '"' | '\\' | '`' | '$' | '\n') {
                    value.push('\\');
                }
                if c != '\n' {
                    value.push(c);
                }
                kept = value.len();
                State::Double
            }
            State::Comment if c == '\\' => return None,
            State::Comment if newline => State::Start,
            State::Comment => State::Comment,
        };
    }
    match state {
        State::Start | State::Key | State::Comment => {}
        State::Value => {
            value.truncate(kept);
            file.push(start, &mut key, &mut value);
        }
        _ => file.push(start, &mut key, &mut value),
    }
    Some(file)
}

impl EnvFile {
    /// Takes an assignment whose name begins at an offset.
    fn push(&mut self, start: usize, key: &mut String, value: &mut String) {
        let name = std::mem::take(key);
        let name = name.trim_end_matches([' ', '\t']);
        let value = std::mem::take(value);
        // `export A=b` names no variable, and is dropped.
        if super::environment::is_name(name) {
            self.assignments.push((name.to_owned(), value));
        } else {
            self.dropped.push(start..start + name.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn assignments_of_files() {
        for (text, expected) in [
            ("A=b\nC=d e \n", vec![("A", "b"), ("C", "d e")]),
            ("# x\n ; y\n A = b", vec![("A", "b")]),
            ("A='b c' \nB=\"d \\\"e\\\" \\x\"", vec![("A", "b c"), ("B", "d \"e\" \\x")]),
            ("A=b\\\nc\nB=d\\e", vec![("A", "bc"), ("B", "de")]),
            ("export A=b\nB=$A%i", vec![("B", "$A%i")]),
            ("A=\nfoo\nB=it's", vec![("A", ""), ("B", "it's")]),
            ("A=b\r\nB='c'd\r\n", vec![("A", "b"), ("B", "cd")]),
            ("GUNICORN_CMD_ARGS=--bind=:1 --workers 3", vec![("GUNICORN_CMD_ARGS", "--bind=:1 --workers 3")]),
        ] {
            let found = parse(text).unwrap();
            let found: Vec<(&str, &str)> =
                found.assignments.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            assert_eq!(found, expected, "{text:?}");
        }
        assert!(parse("# a\\\nA=b").is_none());
        assert_eq!(parse("A=b\n export  C = d\ne-f=1\n").unwrap().dropped, [5..14, 19..22]);
    }
}
