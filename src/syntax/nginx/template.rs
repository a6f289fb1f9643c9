//! What the tags of template engines do to the text around them.

use super::TemplateKind;

/// The tags in a text, of whatever engine, in order: `{% ... %}`, `<% ... %>`, and the actions of Go's `{{ ... }}`.
pub(super) fn tags(text: &str) -> Vec<TemplateKind> {
    const BRACKETS: [(&str, &str); 4] = [("{{", "}}"), ("{%", "%}"), ("<%", "%>"), ("{#", "#}")];
    let mut found = Vec::new();
    let mut rest = text;
    // A closer that is not ahead is looked for once.
    let mut gone = [false; BRACKETS.len()];
    while let Some(at) = rest.find(['{', '<']) {
        rest = &rest[at..];
        let bracket = BRACKETS.iter().position(|(opener, _)| rest.starts_with(opener));
        let end = bracket.filter(|at| !gone[*at]).and_then(|at| {
            let end = rest.find(BRACKETS[at].1);
            gone[at] = end.is_none();
            end
        });
        let Some(end) = end else {
            rest = &rest[1..];
            continue;
        };
        found.push(kind(&rest[..end + 2]));
        rest = &rest[end + 2..];
    }
    found
}

/// What one piece does.
pub(super) fn kind(piece: &str) -> TemplateKind {
    let inside = |opener: &str, closer: &str| {
        let inner = piece.strip_prefix(opener)?;
        let inner = inner.strip_suffix(closer).unwrap_or(inner);
        Some(inner.trim_matches(|c: char| c == '-' || c == '+' || c.is_whitespace()))
    };
    if let Some(tag) = inside("{%", "%}") {
        jinja(tag)
    } else if piece.starts_with("<%=") {
        TemplateKind::Text
    } else if let Some(code) = inside("<%", "%>") {
        ruby(code)
    } else if let Some(action) = inside("{{", "}}") {
        go(action)
    } else if piece.starts_with("{#") {
        TemplateKind::Nothing
    } else {
        TemplateKind::Text
    }
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

fn jinja(tag: &str) -> TemplateKind {
    match first_word(tag) {
        "else" | "elif" | "elsif" | "empty" => TemplateKind::Middle,
        "import" | "from" | "do" | "load" => TemplateKind::Nothing,
        "set" | "assign" if tag.contains('=') => TemplateKind::Nothing,
        // Nothing is left out between these.
        "raw" | "endraw" | "verbatim" | "endverbatim" | "autoescape" | "endautoescape" => {
            TemplateKind::Nothing
        }
        word if word.starts_with("end") => TemplateKind::Close,
        "if" | "for" | "macro" | "call" | "filter" | "set" | "block" | "with" | "unless" | "comment"
        | "trans" | "case" => TemplateKind::Open,
        _ => TemplateKind::Text,
    }
}

fn ruby(code: &str) -> TemplateKind {
    let ends_in_block = |code: &str| {
        let head = code.trim_end();
        let head = match head.strip_suffix('|') {
            Some(parameters) => parameters.rsplit_once('|').map_or("", |(head, _)| head).trim_end(),
            None => head,
        };
        head.ends_with(" do") || head.ends_with('{')
    };
    match first_word(code) {
        _ if code.starts_with('#') || code.starts_with("=begin") || code.is_empty() => TemplateKind::Nothing,
        "end" => TemplateKind::Close,
        _ if code.starts_with('}') => TemplateKind::Close,
        "else" | "elsif" | "when" | "rescue" | "ensure" => TemplateKind::Middle,
        "if" | "unless" | "case" | "while" | "until" | "for" | "begin" => TemplateKind::Open,
        _ if ends_in_block(code) => TemplateKind::Open,
        _ if code.contains('=') => TemplateKind::Nothing,
        _ => TemplateKind::Text,
    }
}

fn go(action: &str) -> TemplateKind {
    let is_comment = action.starts_with("/*") || action.starts_with('!');
    match first_word(action) {
        _ if is_comment => TemplateKind::Nothing,
        "end" => TemplateKind::Close,
        "else" => TemplateKind::Middle,
        "if" | "range" | "with" | "define" | "block" if action.contains(char::is_whitespace) => {
            TemplateKind::Open
        }
        "break" | "continue" => TemplateKind::Middle,
        // Mustache and its kin.
        _ if action.starts_with('#') || action.starts_with('^') => TemplateKind::Open,
        _ if action.starts_with('/') => TemplateKind::Close,
        _ if action.starts_with('$') && (action.contains(":=") || action.contains(" = ")) => {
            TemplateKind::Nothing
        }
        _ => TemplateKind::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TemplateKind::{Close, Middle, Nothing, Open, Text};

    #[test]
    fn what_pieces_do() {
        for (piece, expected) in [
            ("{% if a %}", Open),
            ("{%- for x in y -%}", Open),
            ("{% else %}", Middle),
            ("{% elif b %}", Middle),
            ("{% endif %}", Close),
            ("{%+ endfor -%}", Close),
            ("{% set a = 1 %}", Nothing),
            ("{% set a %}", Open),
            ("{% endset %}", Close),
            ("{% raw %}", Nothing),
            ("{% endraw %}", Nothing),
            ("{% include 'x' %}", Text),
            ("{% import 'x' as y %}", Nothing),
            ("{% from 'x' import y %}", Nothing),
            ("{% block a %}", Open),
            ("{% endblock a %}", Close),
            ("{% unheard of %}", Text),
            ("{{ x }}", Text),
            ("{{ if .X }}", Open),
            ("{{- range $i, $x := .Y -}}", Open),
            ("{{ end }}", Close),
            ("{{ else if .Z }}", Middle),
            ("{{ $x := 1 }}", Nothing),
            ("{{- /* remark */}}", Nothing),
            ("{{ template \"x\" . }}", Text),
            ("{{#each y}}", Open),
            ("{{/each}}", Close),
            ("<% if a %>", Open),
            ("<%- a.each do |x| -%>", Open),
            ("<% if a then %>", Open),
            ("<% a.each { |x| %>", Open),
            ("<% else %>", Middle),
            ("<% end %>", Close),
            ("<% } %>", Close),
            ("<%# remark %>", Nothing),
            ("<% x = 1 %>", Nothing),
            ("<% render 'x' %>", Text),
            ("<%= x %>", Text),
            ("{# remark #}", Nothing),
            ("${EXTRA}", Text),
            ("%{enabled}", Text),
        ] {
            assert_eq!(kind(piece), expected, "{piece}");
        }
    }

    #[test]
    fn tags_are_found_in_words_and_remarks() {
        assert_eq!(tags("a{% if x %}{{ y }}{% endif %}"), [Open, Text, Close]);
        assert_eq!(tags("a { b { c %} <"), []);
        assert_eq!(tags("{{ open"), []);
    }
}
