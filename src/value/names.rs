//! What belongs to each of many fixed names.

use rustc_hash::FxBuildHasher;

#[allow(clippy::disallowed_types, reason = "it is only looked into, so that its order shows nowhere")]
type Table<V> = std::collections::HashMap<&'static str, V, FxBuildHasher>;

/// What belongs to each of many fixed names, for where every directive of every file asks: a table can only be looked into.
#[derive(Clone, Debug)]
pub struct Names<V>(Table<V>);

impl<V: Copy> Names<V> {
    /// What belongs to a name, if anything does.
    pub fn get(&self, name: &str) -> Option<V> {
        self.0.get(name).copied()
    }
}

impl<V> FromIterator<(&'static str, V)> for Names<V> {
    fn from_iter<I: IntoIterator<Item = (&'static str, V)>>(entries: I) -> Names<V> {
        Names(entries.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_what_belongs_to_it() {
        let names: Names<u8> = [("a", 1), ("b", 2)].into_iter().collect();
        assert_eq!((names.get("a"), names.get("b"), names.get("ab")), (Some(1), Some(2), None));
    }
}
