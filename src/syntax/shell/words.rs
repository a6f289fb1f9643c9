//! Pairs of the grammar to the pieces of a word.

use pest::iterators::Pair;

use super::grammar::Rule;
use super::{Operation, Parameter, Piece, Word};

/// A word from its pair.
pub(super) fn word(pair: Pair<'_, Rule>) -> Word {
    let range = pair.as_span().start()..pair.as_span().end();
    let mut pieces = Vec::new();
    for part in pair.into_inner() {
        if part.as_rule() == Rule::double {
            let before = pieces.len();
            part.into_inner().for_each(|inner| piece(&inner, true, &mut pieces));
            if pieces.len() == before {
                pieces.push(Piece::Quoted(String::new()));
            }
        } else {
            piece(&part, false, &mut pieces);
        }
    }
    Word { pieces, range }
}

fn piece(pair: &Pair<'_, Rule>, quoted: bool, pieces: &mut Vec<Piece>) {
    let text = pair.as_str();
    pieces.push(match pair.as_rule() {
        Rule::continuation | Rule::quote => return,
        Rule::text => Piece::Text(text.into()),
        Rule::quoted_text | Rule::quoted_dollar => Piece::Quoted(text.into()),
        Rule::dollar => Piece::Quoted(text.into()),
        Rule::single => Piece::Quoted(text[1..text.len() - 1].into()),
        Rule::escape => Piece::Quoted(text[1..].into()),
        // In double quotes a backslash is one, but before these.
        Rule::quoted_escape if text[1..].starts_with(['$', '`', '"', '\\']) => {
            Piece::Quoted(text[1..].into())
        }
        Rule::quoted_escape => Piece::Quoted(text.into()),
        Rule::expression => Piece::Template,
        Rule::parameter => {
            Piece::Parameter(Parameter { name: text[1..].into(), operation: Operation::Value, quoted })
        }
        Rule::braced | Rule::quoted_braced => match braced(&text[2..text.len() - 1], quoted) {
            Some(parameter) => Piece::Parameter(parameter),
            None => Piece::Odd(quoted),
        },
        Rule::substitution if text.starts_with("$((") => Piece::Odd(quoted),
        Rule::substitution => Piece::Substitution { text: text[2..text.len() - 1].into(), quoted },
        Rule::backquote if text.contains('\\') => Piece::Odd(quoted),
        Rule::backquote => Piece::Substitution { text: text[1..text.len() - 1].into(), quoted },
        _ => Piece::Odd(quoted),
    });
}

/// What stands between `${` and `}`.
fn braced(text: &str, quoted: bool) -> Option<Parameter> {
    let end = match text.chars().next()? {
        c if c.is_ascii_alphabetic() || c == '_' => {
            text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
        }
        c if c.is_ascii_digit() => text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()),
        '@' | '*' => 1,
        _ => return None,
    };
    let (mut name, mut rest) = (text[..end].to_owned(), &text[end..]);
    if let Some(behind) = rest.strip_prefix("[0]") {
        name.push_str("[0]");
        rest = behind;
    }
    let default = |word: &str, colon, assign| Operation::Default { word: word.into(), colon, assign };
    let operation = match rest {
        "" => Operation::Value,
        "%/*" => Operation::Directory,
        "##*/" => Operation::Name,
        _ => {
            let (colon, behind) = rest.strip_prefix(':').map_or((false, rest), |behind| (true, behind));
            match behind.chars().next()? {
                '-' => default(&behind[1..], colon, false),
                '=' => default(&behind[1..], colon, true),
                '?' => Operation::Required,
                _ => Operation::Other,
            }
        }
    };
    Some(Parameter { name, operation, quoted })
}
