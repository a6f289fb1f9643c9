//! What a template engine may do to the statements of a file.

use std::ops::Range;

use crate::syntax::gunicorn::{Statement, StatementKind};

/// Where statements may be left out or repeated, as offsets in their order: between the `if` of an engine and its end.
pub(super) fn regions(statements: &[Statement]) -> Vec<Range<u32>> {
    let mut regions = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    let mut end = 0;
    // Statements nest at most 100 deep, and so does this stack.
    let mut pending: Vec<std::slice::Iter<Statement>> = vec![statements.iter()];
    while let Some(iterator) = pending.last_mut() {
        let Some(statement) = iterator.next() else {
            pending.pop();
            continue;
        };
        end = end.max(statement.span.end);
        match &statement.kind {
            StatementKind::Block { body, .. } => pending.push(body.iter()),
            StatementKind::Template(text) => match step(text) {
                Step::Opens => {
                    if depth == 0 {
                        start = statement.span.start;
                    }
                    depth += 1;
                }
                Step::Closes => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        regions.push(start..statement.span.end);
                    }
                }
                Step::Stays => {}
            },
            _ => {}
        }
    }
    if depth > 0 {
        regions.push(start..end);
    }
    regions
}

/// Whether a line of a template may bring statements that are not in the file.
pub(super) fn inserts(text: &str) -> bool {
    if text.starts_with("{{") || text.starts_with("<%=") {
        return true;
    }
    text.starts_with("{%")
        && !text.contains("{{")
        && matches!(word(text), "include" | "import" | "from" | "extends" | "call" | "block" | "macro")
        || text.contains("{{")
}

enum Step {
    Opens,
    Closes,
    Stays,
}

fn step(text: &str) -> Step {
    let word = word(text);
    if text.starts_with("<%") {
        let code = text.trim_start_matches("<%").trim_end_matches("%>").trim_matches(['-', ' ']);
        return match word {
            "end" | "}" => Step::Closes,
            "if" | "unless" | "case" | "for" | "while" | "until" => Step::Opens,
            _ if code.ends_with(" do") || code.ends_with('|') && code.contains(" do ") => Step::Opens,
            _ => Step::Stays,
        };
    }
    match word {
        "if" | "for" | "with" | "filter" | "macro" | "call" | "block" => Step::Opens,
        _ if word.starts_with("end") && word != "endraw" && word != "endset" => Step::Closes,
        _ => Step::Stays,
    }
}

/// The first word of a template's statement.
fn word(text: &str) -> &str {
    let code = text.trim_start_matches(['{', '<', '%', '-', '+', ' ', '\n', '\t']);
    code.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default()
}
