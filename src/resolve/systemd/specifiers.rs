//! Specifiers: `%i` and its kin, and the marks that people leave to be replaced by hand.

use super::name::{UnitName, unescape};
use crate::model::Manager;
use crate::value::Possible;

/// How long a text may get, in bytes: no line of a unit may be longer. Source: `LONG_LINE_MAX` in
/// `src/basic/def.h` of systemd 252.
const MAX_LENGTH: usize = 1 << 20;

/// Replaces the specifiers of a text. `%` before what is no letter and no digit stands for itself.
///
/// Source: `specifier_printf` in `src/shared/specifier.c` and the table of systemd.unit(5), systemd 252; the values
/// of the names were checked with `systemd --user --test`.
pub(super) fn expand(text: &str, name: &UnitName, manager: Manager) -> Possible<String> {
    if !text.contains('%') {
        return Possible::Known(text.into());
    }
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        expanded.push_str(&rest[..at]);
        if expanded.len() > MAX_LENGTH {
            return Possible::Unknown("the text is too long".into());
        }
        let Some(letter) = rest[at + 1..].chars().next() else {
            expanded.push('%');
            return Possible::Known(expanded);
        };
        rest = &rest[at + 1 + letter.len_utf8()..];
        match letter {
            '%' => expanded.push('%'),
            _ if !letter.is_ascii_alphanumeric() => expanded.extend(['%', letter]),
            _ => match value(letter, name, manager) {
                Ok(value) => expanded.push_str(&value),
                Err(why) => return Possible::Unknown(why),
            },
        }
    }
    expanded.push_str(rest);
    Possible::Known(expanded)
}

/// What a specifier stands for.
fn value(letter: char, name: &UnitName, manager: Manager) -> Result<String, String> {
    let instance = || match name.instance.as_deref() {
        Some("") => Err("the instance is not known".to_owned()),
        Some(instance) => Ok(instance.to_owned()),
        None => Ok(String::new()),
    };
    let plain = |text: &str| unescape(text).ok_or_else(|| format!("`%{letter}` is no text here"));
    let last_part = || name.prefix.rsplit('-').next().unwrap_or_default();
    match (letter, manager) {
        ('i', _) => instance(),
        ('I', _) => plain(&instance()?),
        ('n', _) => instance().map(|_| name.text.clone()),
        ('N', _) => instance().map(|_| name.stem().to_owned()),
        ('p', _) => Ok(name.prefix.clone()),
        ('P', _) => plain(&name.prefix),
        ('j', _) => Ok(last_part().to_owned()),
        ('J', _) => plain(last_part()),
        ('t', Manager::System) => Ok("/run".into()),
        ('S', Manager::System) => Ok("/var/lib".into()),
        ('C', Manager::System) => Ok("/var/cache".into()),
        ('L', Manager::System) => Ok("/var/log".into()),
        ('E', Manager::System) => Ok("/etc".into()),
        _ => Err(format!("what `%{letter}` stands for is not known")),
    }
}

/// Whether a text holds a mark that is evidently meant to be replaced before the file is used: `<user>`, `__PATH__`,
/// `@PREFIX@`, `{name}`, or the word placeholder.
pub(in crate::resolve) fn is_placeholder(text: &str) -> bool {
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ' | '.');
    let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    const WORD: &[u8] = b"placeholder";
    // All values are asked, and hardly one has any of these.
    text.contains('<') && marked(text, "<", ">", named)
        || text.contains('@') && marked(text, "@", "@", named)
        || text.contains('{') && marked(text, "{", "}", named)
        || text.contains('_') && marked(text, "__", "__", upper)
        || text.as_bytes().windows(WORD.len()).any(|it| it.eq_ignore_ascii_case(WORD))
}

/// Whether a name of at most 60 characters stands between two marks; `${NAME}` is a variable and does not count.
fn marked(text: &str, open: &str, close: &str, is_part: impl Fn(char) -> bool) -> bool {
    text.match_indices(open).filter(|(at, _)| !text[..*at].ends_with('$')).any(|(at, _)| {
        let mut name = String::new();
        for c in text[at + open.len()..].chars().take(60 + close.len()) {
            if name.starts_with(|c: char| c.is_ascii_alphabetic()) && format!("{name}{c}").ends_with(close) {
                return true;
            }
            if !is_part(c) {
                return false;
            }
            name.push(c);
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_directories() {
        let name = UnitName::parse("foo-bar@a-1.service").unwrap();
        let known = |text: &str| expand(text, &name, Manager::System).known().cloned();
        assert_eq!(
            known("%n %N %p %P %i %I %j %J").as_deref(),
            Some("foo-bar@a-1.service foo-bar@a-1 foo-bar foo/bar a-1 a/1 bar bar")
        );
        assert_eq!(known("%t/%p %% %(h)s 5%").as_deref(), Some("/run/foo-bar % %(h)s 5%"));
        assert_eq!(known("%h"), None);
        assert_eq!(known("%Z"), None);
        assert_eq!(expand("%t", &name, Manager::Unknown).known(), None);
        let template = UnitName::parse("web@.service").unwrap();
        assert_eq!(
            expand("800%i", &template, Manager::System),
            Possible::Unknown("the instance is not known".into())
        );
        let plain = UnitName::parse("web.service").unwrap();
        assert_eq!(expand("%p-%i", &plain, Manager::System), Possible::Known("web-".into()));
    }

    #[test]
    fn marks_to_be_replaced() {
        for text in
            ["/home/<user>/app", "__DIR__/app", "@prefix@/bin", "{venv}/bin/gunicorn", "ENV_PLACEHOLDER"]
        {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["/a", "${PORT}", "a <b", "user@host", "a__init__", "{\"a\": 1}", "%(h)s", "2>&1", "{}"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
