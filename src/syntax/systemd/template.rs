//! What marks of template engines do to the lines around them.

/// What a mark does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// What follows is there or not, or several times, until the mark that closes.
    Open,
    /// The end of that.
    Close,
    /// Nothing to the lines around it.
    Nothing,
    /// It puts lines that are not known.
    Insert,
}

/// The effect of a Jinja statement or comment (`{% if x %}`, `{# why #}`) or of an ERB one (`<% if x %>`).
pub(super) fn of_tag(tag: &str) -> Effect {
    let inner = inside(tag);
    if tag.starts_with("{#") || inner.starts_with('#') {
        return Effect::Nothing;
    }
    if tag.starts_with("<%") { of_ruby(inner) } else { of_jinja(inner) }
}

/// The effect of an expression that stands where a key would: an action of a Go template (`{{ if .X }}`), or a text.
pub(super) fn of_expression(expression: &str) -> Effect {
    match first_word(inside(expression)) {
        "if" | "range" | "with" | "define" | "block" => Effect::Open,
        "end" => Effect::Close,
        "else" | "/*" => Effect::Nothing,
        _ => Effect::Insert,
    }
}

fn of_jinja(statement: &str) -> Effect {
    match first_word(statement) {
        "if" | "for" | "macro" | "call" | "filter" | "block" | "raw" | "with" | "autoescape" | "trans" => {
            Effect::Open
        }
        "set" if !statement.contains('=') => Effect::Open,
        "include" | "extends" => Effect::Insert,
        word if word.starts_with("end") => Effect::Close,
        _ => Effect::Nothing,
    }
}

fn of_ruby(code: &str) -> Effect {
    match first_word(code) {
        "if" | "unless" | "case" | "for" | "while" | "until" | "begin" => Effect::Open,
        "end" | "}" => Effect::Close,
        _ if opens_block(code) => Effect::Open,
        _ => Effect::Nothing,
    }
}

/// `hosts.each do |host|` and `hosts.each { |host|`.
fn opens_block(code: &str) -> bool {
    let head = match code.strip_suffix('|').and_then(|rest| rest.rsplit_once('|')) {
        Some((head, _)) => head.trim_end(),
        None => code,
    };
    head.ends_with('{') || head == "do" || head.ends_with(" do") || head.ends_with(")do")
}

/// The text between the marks, without the signs for trimming and without blanks.
fn inside(mark: &str) -> &str {
    let inner = mark.get(2..mark.len() - 2).unwrap_or_default();
    inner.trim_start_matches(['-', '+']).trim_end_matches(['-', '+']).trim()
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_open_and_close() {
        for (tag, effect) in [
            ("{% if a %}", Effect::Open),
            ("{%- for a in b -%}", Effect::Open),
            ("{% endfor %}", Effect::Close),
            ("{%- endif -%}", Effect::Close),
            ("{% else %}", Effect::Nothing),
            ("{% set a = 1 %}", Effect::Nothing),
            ("{% set a %}", Effect::Open),
            ("{% include 'a' %}", Effect::Insert),
            ("{# if #}", Effect::Nothing),
            ("<% if @a -%>", Effect::Open),
            ("<% @a.each do |b| -%>", Effect::Open),
            ("<% @a.each {|b| %>", Effect::Open),
            ("<% end -%>", Effect::Close),
            ("<% a = 1 if b %>", Effect::Nothing),
            ("<%# if %>", Effect::Nothing),
        ] {
            assert_eq!(of_tag(tag), effect, "{tag}");
        }
        for (expression, effect) in [
            ("{{ if .A }}", Effect::Open),
            ("{{- end }}", Effect::Close),
            ("{{ lines }}", Effect::Insert),
            ("<%= lines %>", Effect::Insert),
        ] {
            assert_eq!(of_expression(expression), effect, "{expression}");
        }
    }
}
