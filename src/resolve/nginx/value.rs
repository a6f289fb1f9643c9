//! The arguments of a directive as a value.

use super::trouble;
use crate::model::{Buffers, Datum, Directive as Known, ValueKind, Version};
use crate::syntax::nginx::{Directive, Word};
use crate::value::{Duration, Possible, Size};

/// What nginx says of an argument that means nothing, if it is one word of the table's directives that is wrong and not
/// their number.
pub(super) fn refusal(known: &Known, directive: &Directive, nginx: Version) -> Option<String> {
    let words = directive.arguments();
    let is_filled_in = |word: &Word| word.text.contains('$') || trouble::filled_in(&word.text).is_some();
    let expected = if known.kind == ValueKind::Buffers { 2 } else { 1 };
    // What is no `on` or `off` is refused before the module sees it.
    if matches!(known.kind, ValueKind::Words | ValueKind::Flag)
        || words.len() != expected
        || words.iter().any(is_filled_in)
        || read(known, words, nginx).is_some()
    {
        return None;
    }
    let name = known.name;
    Some(match known.kind {
        ValueKind::Number => format!("\"{name}\" directive invalid number"),
        ValueKind::Word => format!("invalid value \"{}\"", words[0].text),
        _ => format!("\"{name}\" directive invalid value"),
    })
}

/// What a directive of the table says. What nginx refuses says nothing, and what a template fills in is not known.
pub(super) fn value(known: &Known, directive: &Directive, nginx: Version) -> Possible<Datum> {
    let words = directive.arguments();
    if words.iter().any(|word| word.template) {
        return Possible::Unknown("it is filled in by a template".into());
    }
    if known.kind != ValueKind::Words && words.iter().any(|word| word.text.contains('$')) {
        return Possible::Unknown("it is a variable".into());
    }
    match read(known, words, nginx) {
        Some(datum) => Possible::Known(datum),
        None => {
            let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            Possible::Unknown(format!("nginx refuses `{} {}`", known.name, words.join(" ")))
        }
    }
}

/// What the words behind a directive say, if nginx takes them.
pub(super) fn read<W: AsRef<str>>(known: &Known, words: &[W], nginx: Version) -> Option<Datum> {
    match (known.kind, words) {
        (ValueKind::Words, words) => Some(Datum::List(words.iter().map(|it| it.as_ref().into()).collect())),
        (kind, [word]) => read_one(kind, known.name, word.as_ref(), nginx),
        (ValueKind::Buffers, [number, size]) => buffers(number.as_ref(), size.as_ref()).map(Datum::Buffers),
        _ => None,
    }
}

fn read_one(kind: ValueKind, name: &str, word: &str, nginx: Version) -> Option<Datum> {
    match kind {
        ValueKind::Time => Duration::from_nginx(word).map(Datum::Duration),
        ValueKind::Size => Size::from_nginx(word, false).map(Datum::Size),
        ValueKind::Offset => Size::from_nginx(word, true).map(Datum::Size),
        ValueKind::Flag if word.eq_ignore_ascii_case("on") => Some(Datum::Bool(true)),
        ValueKind::Flag if word.eq_ignore_ascii_case("off") => Some(Datum::Bool(false)),
        ValueKind::Word if name == "proxy_http_version" => {
            // HTTP/2 to upstreams came with 1.29.4.
            let is_taken = matches!(word, "1.0" | "1.1") || word == "2" && nginx >= Version(1, 29, 4);
            is_taken.then(|| Datum::Text(word.into()))
        }
        ValueKind::Word => Some(Datum::Text(word.into())),
        ValueKind::Number => word.parse().ok().map(Datum::Int),
        ValueKind::Flag | ValueKind::Buffers | ValueKind::Words => None,
    }
}

/// `ngx_conf_set_bufs_slot`: neither the number nor the size may be 0.
fn buffers(number: &str, size: &str) -> Option<Buffers> {
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = number.parse().ok().filter(|number| *number > 0)?;
    let size = Size::from_nginx(size, false).filter(|size| size.bytes > 0)?;
    Some(Buffers { number, size })
}

/// The value that is evidently meant by one that means nothing: `on` by `yes`, `5s` by `5sec`, `16k` by `16kb`.
pub(super) fn meant(kind: ValueKind, text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    if kind == ValueKind::Flag {
        let is_on = matches!(lower.as_str(), "yes" | "true" | "1" | "enable" | "enabled");
        let is_off = matches!(lower.as_str(), "no" | "false" | "0" | "disable" | "disabled");
        return (is_on || is_off).then(|| if is_on { "on" } else { "off" }.into());
    }
    let (number, unit) = lower.split_at(lower.find(|c: char| !c.is_ascii_digit()).unwrap_or(lower.len()));
    let unit = match (kind, unit.trim_start()) {
        (ValueKind::Time, "sec" | "secs" | "second" | "seconds") => "s",
        (ValueKind::Time, "min" | "mins" | "minute" | "minutes") => "m",
        (ValueKind::Time, "hr" | "hrs" | "hour" | "hours") => "h",
        (ValueKind::Size | ValueKind::Offset, "kb" | "kib") => "k",
        (ValueKind::Size | ValueKind::Offset, "mb" | "mib") => "m",
        (ValueKind::Offset, "gb" | "gib") => "g",
        _ => return None,
    };
    (!number.is_empty()).then(|| format!("{number}{unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::directive;
    use crate::source::FileId;
    use crate::syntax::nginx::{Item, parse};

    #[test]
    fn what_is_evidently_meant() {
        for (kind, text, expected) in [
            (ValueKind::Flag, "Yes", Some("on")),
            (ValueKind::Flag, "0", Some("off")),
            (ValueKind::Flag, "maybe", None),
            (ValueKind::Time, "30sec", Some("30s")),
            (ValueKind::Time, "2 minutes", Some("2m")),
            (ValueKind::Time, "sec", None),
            (ValueKind::Time, "1.5s", None),
            (ValueKind::Size, "16KB", Some("16k")),
            (ValueKind::Size, "1gb", None),
            (ValueKind::Offset, "1GB", Some("1g")),
        ] {
            assert_eq!(meant(kind, text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn arguments_are_read_as_nginx_reads_them() {
        for (text, expected) in [
            ("proxy_read_timeout 2m;", "120 s"),
            ("proxy_read_timeout \"60 s\";", "nginx refuses `proxy_read_timeout 60 s`"),
            ("proxy_read_timeout 60 s;", "nginx refuses `proxy_read_timeout 60 s`"),
            ("proxy_read_timeout;", "nginx refuses `proxy_read_timeout `"),
            ("proxy_read_timeout ${T};", "it is a variable"),
            ("proxy_read_timeout {{ t }}s;", "it is filled in by a template"),
            ("proxy_buffer_size 16k;", "16 KiB"),
            ("proxy_buffer_size 1g;", "nginx refuses `proxy_buffer_size 1g`"),
            ("client_max_body_size 1g;", "1024 MiB"),
            ("client_max_body_size 0;", "0 bytes"),
            ("proxy_buffering ON;", "true"),
            ("proxy_buffering yes;", "nginx refuses `proxy_buffering yes`"),
            ("proxy_buffers 8 16k;", "8 x 16 KiB"),
            ("proxy_buffers 8 0;", "nginx refuses `proxy_buffers 8 0`"),
            ("proxy_buffers 8;", "nginx refuses `proxy_buffers 8`"),
            ("proxy_http_version 1.1;", "1.1"),
            ("proxy_http_version 3;", "nginx refuses `proxy_http_version 3`"),
        ] {
            let tree = parse(FileId(0), text).tree;
            let [Item::Directive(written)] = &tree.items[..] else { panic!("{text}") };
            let found = match value(directive(written.name()).unwrap(), written, Version(1, 31, 3)) {
                Possible::Known(datum) => datum.to_string(),
                Possible::OneOf(_) | Possible::Usually(_) => panic!("{text}"),
                Possible::Unknown(why) => why,
            };
            assert_eq!(found, expected, "{text}");
        }
    }
}
