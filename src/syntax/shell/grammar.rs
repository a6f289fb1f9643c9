//! The parser that pest makes of `grammar/shell.pest`.

use pest::Parser;
use pest::iterators::Pair;

/// The rules of the grammar.
#[derive(pest_derive::Parser)]
#[grammar = "../grammar/shell.pest"]
struct ShellParser;

/// The parse of a text: one pair of [`Rule::script`]. The grammar matches every text; `None` stands for a fault in it, of
/// which the tests would tell.
pub(super) fn parse(text: &str) -> Option<Pair<'_, Rule>> {
    ShellParser::parse(Rule::script, text).ok()?.next()
}
