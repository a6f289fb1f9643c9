//! Of how many readings of a statement something holds.

use std::collections::BTreeMap;

use crate::source::Span;

/// How often statements are read, and of how many of the readings something holds: the file of one may be included in
/// several places, and a value that is inherited goes for several routes.
#[derive(Clone, Debug, Default)]
pub struct Tally(BTreeMap<Span, (usize, usize)>);

impl Tally {
    /// Counts a reading.
    pub fn count(&mut self, statement: Span, holds: bool) {
        let (all, these) = self.0.entry(statement).or_default();
        *all += 1;
        *these += usize::from(holds);
    }

    /// Whether it holds wherever a statement is read.
    pub fn is_whole(&self, statement: Span) -> bool {
        self.0.get(&statement).is_some_and(|(all, these)| all == these)
    }
}
