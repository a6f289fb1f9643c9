//! The comments of a file that name a rule, looked up by place: with many of them, not each is held against each finding.

use std::ops::Range;

/// What some comments reach, and which places they were asked for.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// The comments by number, with what they reach, in the order of where that begins.
    reaches: Vec<(Range<usize>, usize)>,
    /// How far the first so many of them reach.
    ends: Vec<usize>,
    /// The places that one of them reaches.
    asked: Vec<Range<usize>>,
}

impl Named {
    pub(super) fn add(&mut self, reach: Range<usize>, comment: usize) {
        self.reaches.push((reach, comment));
        self.ends.clear();
    }

    /// The first comment that reaches a place; an empty one is the place between two bytes.
    pub(super) fn reaching(&mut self, place: &Range<usize>) -> Option<usize> {
        if self.ends.is_empty() {
            self.reaches.sort_by_key(|(reach, _)| reach.start);
            self.ends = furthest(self.reaches.iter().map(|(reach, _)| reach.end));
        }
        // The first that reaches far enough begins before the place, or all that reach far enough begin behind it.
        let at = self.ends.partition_point(|end| *end <= place.start);
        let (reach, comment) = self.reaches.get(at)?;
        (reach.start < end(place)).then(|| {
            self.asked.push(place.clone());
            *comment
        })
    }

    /// The comments that reach none of the places that were asked for.
    pub(super) fn unused(mut self) -> Vec<usize> {
        self.asked.sort_by_key(|place| place.start);
        let ends = furthest(self.asked.iter().map(end));
        let is_used = |reach: &Range<usize>| {
            let before = self.asked.partition_point(|place| place.start < reach.end);
            before > 0 && ends[before - 1] > reach.start
        };
        self.reaches.iter().filter(|(reach, _)| !is_used(reach)).map(|(_, comment)| *comment).collect()
    }
}

/// Where a place ends: an empty one has room for a byte.
fn end(place: &Range<usize>) -> usize {
    place.end.max(place.start + 1)
}

/// How far each of them reaches or one before it.
fn furthest(ends: impl Iterator<Item = usize>) -> Vec<usize> {
    ends.scan(0, |furthest, end| {
        *furthest = end.max(*furthest);
        Some(*furthest)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_what_touches() {
        let reaches = [0..100, 5..10, 10..12, 20..30, 25..26, 12..40, 90..95];
        for some in 1..1 << reaches.len() {
            let chosen: Vec<usize> = (0..reaches.len()).filter(|at| some & (1 << at) != 0).collect();
            for start in [0, 4, 5, 9, 10, 24, 26, 39, 41, 99, 100, 120] {
                for place in [start..start, start..start + 1, start..start + 7] {
                    let mut named = Named::default();
                    chosen.iter().for_each(|at| named.add(reaches[*at].clone(), *at));
                    let touches =
                        |at: &&usize| reaches[**at].start < end(&place) && place.start < reaches[**at].end;
                    let touching: Vec<usize> = chosen.iter().filter(touches).copied().collect();
                    let found = named.reaching(&place);
                    assert_eq!(found.is_some(), !touching.is_empty(), "{chosen:?} {place:?}");
                    assert!(found.is_none_or(|at| touching.contains(&at)), "{chosen:?} {place:?}");
                    let unused = named.unused();
                    assert_eq!(unused.len(), chosen.len() - touching.len(), "{chosen:?} {place:?}");
                    assert!(unused.iter().all(|at| !touching.contains(at)), "{chosen:?} {place:?}");
                }
            }
        }
    }
}
