//! The parser that pest makes of `grammar/systemd.pest`.

use pest::Parser;
use pest::iterators::Pair;

/// The rules of the grammar.
#[derive(pest_derive::Parser)]
#[grammar = "../grammar/systemd.pest"]
struct UnitParser;

/// The parse of a text: one pair of [`Rule::file`]. The grammar matches every text; `None` stands for a fault in it, of
/// which the tests would tell.
pub(super) fn parse(text: &str) -> Option<Pair<'_, Rule>> {
    UnitParser::parse(Rule::file, text).ok()?.next()
}
