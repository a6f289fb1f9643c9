//! A list that mostly has nothing in it.

use std::ops::Deref;

/// A list that mostly has nothing in it, and then is no larger than a pointer.
#[allow(clippy::box_collection, reason = "the vector itself is three times as large")]
#[derive(Clone, Debug)]
pub struct Few<T>(Option<Box<Vec<T>>>);

impl<T> Few<T> {
    /// An empty list.
    pub const NONE: Few<T> = Few(None);

    /// Adds something at the end.
    pub fn push(&mut self, item: T) {
        self.0.get_or_insert_default().push(item);
    }

    /// Leaves what is asked for.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        if let Some(items) = &mut self.0 {
            items.retain(keep);
        }
    }

    /// Gives back the room that nothing stands in.
    pub fn shrink_to_fit(&mut self) {
        if let Some(items) = &mut self.0 {
            items.shrink_to_fit();
        }
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_ref().map_or(&[], |items| items.as_slice())
    }
}

impl<T> Extend<T> for Few<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.push(item));
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_few_is_a_list() {
        let mut few = Few::NONE;
        assert!(few.is_empty());
        few.extend([1, 2, 3]);
        few.retain(|it| *it != 2);
        few.push(4);
        few.shrink_to_fit();
        assert_eq!((&*few, few.into_iter().sum::<i32>()), (&[1, 3, 4][..], 8));
        assert_eq!(size_of::<Few<String>>(), size_of::<usize>());
    }
}
