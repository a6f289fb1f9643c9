//! Of how many readings of a statement something holds.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::source::Span;

/// How often statements are read, and of how many of the readings something holds: the file of one may be included in
/// several places, and a value that is inherited goes for several routes.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    readings: Vec<(Span, bool)>,
    /// Whether it holds in all readings of each statement: for the few that ask, as all are counted.
    whole: OnceCell<BTreeMap<Span, bool>>,
}

impl Tally {
    /// Counts a reading.
    pub fn count(&mut self, statement: Span, holds: bool) {
        self.readings.push((statement, holds));
        self.whole.take();
    }

    /// Whether it holds wherever a statement is read; not where it is read nowhere.
    pub fn is_whole(&self, statement: Span) -> bool {
        self.whole.get_or_init(|| whole(&self.readings)).get(&statement) == Some(&true)
    }
}

fn whole(readings: &[(Span, bool)]) -> BTreeMap<Span, bool> {
    let mut whole = BTreeMap::new();
    for (statement, holds) in readings {
        *whole.entry(*statement).or_insert(true) &= holds;
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn it_holds_where_each_reading_says_so() {
        let [one, other, unread] = [0, 1, 2].map(|at| Span { file: FileId(0), start: at, end: at });
        let mut tally = Tally::default();
        tally.count(one, true);
        tally.count(other, false);
        assert!(tally.is_whole(one) && !tally.is_whole(other) && !tally.is_whole(unread));
        tally.count(one, false);
        tally.count(other, true);
        assert!(!tally.is_whole(one) && !tally.is_whole(other));
    }
}
