//! What gives variables their values.

use crate::syntax::nginx::{Body, Directive, Word};

/// The variables that a directive sets, without the dollar, each with its value where that is a constant. The empty
/// name stands for a script, which sets what it likes.
pub(super) fn assignments<'t, 's>(directive: &'t Directive<'s>) -> Vec<(String, Option<&'t Word<'s>>)> {
    let mut found = Vec::new();
    let name = directive.name();
    if matches!(directive.body, Body::Raw(_))
        || directive.rows().is_empty() && name.contains("_by_lua")
        || matches!(name, "js_access" | "perl")
    {
        found.push((String::new(), None));
    }
    let sets = name == "set" || name.starts_with("set_") || name.ends_with("_set");
    let first = directive.arguments().first().filter(|_| sets);
    if let Some(variable) = first.and_then(|word| word.text.strip_prefix('$')) {
        let value = match directive.arguments() {
            [_, value] if name == "set" && !value.template && !value.text.contains('$') => Some(value),
            _ => None,
        };
        found.push((variable.to_owned(), value));
    }
    let words = directive.words.iter().filter(|word| word.grouped);
    let groups = words.flat_map(|word| named_groups(&word.text));
    found.extend(groups.map(|name| (name.to_owned(), None)));
    found
}

/// The named groups of a regular expression, each of which sets the variable of its name: `(?<name>...)`,
/// `(?P<name>...)`, `(?'name'...)`.
fn named_groups(text: &str) -> impl Iterator<Item = &str> {
    text.split("(?").skip(1).filter_map(|group| {
        let group = group.trim_start_matches('P').strip_prefix(['<', '\''])?;
        group.split(['>', '\'']).next().filter(|name| !name.is_empty() && !name.starts_with(['=', '!']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use crate::syntax::nginx::{Item, parse};

    #[test]
    fn what_sets_a_variable() {
        for (text, expected) in [
            ("set $a b;", vec![("a", Some("b"))]),
            ("set $a \"b c\";", vec![("a", Some("b c"))]),
            ("set $a $b;", vec![("a", None)]),
            ("set $a {{ b }};", vec![("a", None)]),
            ("set_by_lua_block $a { return 1 }", vec![("", None), ("a", None)]),
            ("auth_request_set $a $upstream_http_b;", vec![("a", None)]),
            ("js_set $a b;", vec![("a", None)]),
            (
                "location ~ \"(?<a>x)(?P<b>y)(?'c'z)(?=d)(?<!e)\" { }",
                vec![("a", None), ("b", None), ("c", None)],
            ),
            ("access_by_lua_file x.lua;", vec![("", None)]),
            ("return 200 $a;", vec![]),
        ] {
            let tree = parse(FileId(0), text).tree;
            let [Item::Directive(directive)] = &tree.items[..] else { panic!("{text}") };
            let found = assignments(directive);
            let found: Vec<_> =
                found.iter().map(|(name, value)| (name.as_str(), value.map(|it| it.text.as_str()))).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
