//! What is known of a value.

/// How many values are kept apart: each is compared with all others.
const MAX_VALUES: usize = 64;

/// A value that may not be known from the files alone.
///
/// Unknown is not the default, and absent is not unknown: whoever reads a setting that nobody wrote gets the program's
/// default as `Known`, and whoever reads one that cannot be told gets `Unknown` with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Possible<T> {
    /// It is this one.
    Known(T),
    /// It is one of these; never empty.
    OneOf(Vec<T>),
    /// It cannot be told, for this reason.
    Unknown(String),
}

impl<T> Possible<T> {
    /// The value, if there is only one that it can be.
    pub fn known(&self) -> Option<&T> {
        match self {
            Possible::Known(value) => Some(value),
            Possible::OneOf(_) | Possible::Unknown(_) => None,
        }
    }

    /// All values that it can be, or `None` where it can be any.
    pub fn candidates(&self) -> Option<&[T]> {
        match self {
            Possible::Known(value) => Some(std::slice::from_ref(value)),
            Possible::OneOf(values) => Some(values),
            Possible::Unknown(_) => None,
        }
    }

    /// Whether the condition holds for every value that it can be. Of an unknown value nothing holds.
    pub fn must(&self, condition: impl Fn(&T) -> bool) -> bool {
        self.candidates().is_some_and(|values| values.iter().all(condition))
    }

    /// Whether the condition may hold. Of an unknown value everything may.
    pub fn may(&self, condition: impl Fn(&T) -> bool) -> bool {
        self.candidates().is_none_or(|values| values.iter().any(condition))
    }

    /// The same knowledge of something derived.
    pub fn map<U>(self, f: impl Fn(T) -> U) -> Possible<U> {
        match self {
            Possible::Known(value) => Possible::Known(f(value)),
            Possible::OneOf(values) => Possible::OneOf(values.into_iter().map(f).collect()),
            Possible::Unknown(why) => Possible::Unknown(why),
        }
    }

    /// The same knowledge of something derived that one of the values may not have: then nothing is known.
    pub fn try_map<U>(self, f: impl Fn(T) -> Result<U, String>) -> Possible<U> {
        let result = match self {
            Possible::Known(value) => f(value).map(Possible::Known),
            Possible::OneOf(values) => {
                values.into_iter().map(f).collect::<Result<Vec<U>, String>>().map(Possible::OneOf)
            }
            Possible::Unknown(why) => Ok(Possible::Unknown(why)),
        };
        result.unwrap_or_else(Possible::Unknown)
    }
}

impl<T: PartialEq> Possible<T> {
    /// One of several values; equal ones count once, and a single one is known.
    ///
    /// # Panics
    /// If there is no value at all.
    pub fn one_of(values: impl IntoIterator<Item = T>) -> Possible<T> {
        let mut distinct: Vec<T> = Vec::new();
        for value in values {
            if !distinct.contains(&value) {
                distinct.push(value);
            }
        }
        match distinct.len() {
            0 => panic!("a value is one of at least one"),
            1 => Possible::Known(distinct.remove(0)),
            _ => Possible::OneOf(distinct),
        }
    }

    /// What is known when either of two happened. More values than anybody distinguishes are as good as any.
    pub fn or(self, other: Possible<T>) -> Possible<T> {
        match (self, other) {
            (Possible::Unknown(why), _) | (_, Possible::Unknown(why)) => Possible::Unknown(why),
            (a, b) => match Possible::one_of(a.into_vec().into_iter().chain(b.into_vec())) {
                Possible::OneOf(values) if values.len() > MAX_VALUES => {
                    Possible::Unknown(format!("it may be one of more than {MAX_VALUES} values"))
                }
                several => several,
            },
        }
    }

    fn into_vec(self) -> Vec<T> {
        match self {
            Possible::Known(value) => vec![value],
            Possible::OneOf(values) => values,
            Possible::Unknown(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Possible;

    #[test]
    fn nothing_must_hold_of_an_unknown_value_and_everything_may() {
        let unknown: Possible<u32> = Possible::Unknown("a template".into());
        assert!(!unknown.must(|_| true));
        assert!(unknown.may(|_| false));
        let several = Possible::one_of([1, 2, 1]);
        assert_eq!(several, Possible::OneOf(vec![1, 2]));
        assert!(several.must(|value| *value < 3) && !several.must(|value| *value < 2));
        assert!(several.may(|value| *value < 2) && !several.may(|value| *value > 2));
    }

    #[test]
    fn either_of_two_is_unknown_when_one_is() {
        assert_eq!(Possible::Known(1).or(Possible::Known(1)), Possible::Known(1));
        assert_eq!(Possible::Known(1).or(Possible::Known(2)), Possible::OneOf(vec![1, 2]));
        assert!((0..100).map(Possible::Known).fold(Possible::Known(0), Possible::or).candidates().is_none());
        assert_eq!(Possible::Known(1).or(Possible::Unknown("x".into())), Possible::Unknown("x".into()));
    }
}
