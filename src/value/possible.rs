//! What is known of a value.

/// How many values are kept apart: each is compared with all others.
const MAX_VALUES: usize = 64;

/// The longest condition that is put together, in bytes.
const MAX_CONDITION: usize = 200;

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
    /// It is one of these, mostly only one, if nothing that cannot be seen says otherwise; then it can be any. Whoever
    /// judges takes it as unknown, whoever shows it shows the values.
    Usually(Box<Usual<T>>),
    /// It cannot be told, for this reason.
    Unknown(String),
}

/// What a value is if nothing that cannot be seen says otherwise. Few values are such: kept apart, the others take half the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usual<T> {
    /// The values; never empty.
    pub values: Vec<T>,
    /// When it is another one, to stand behind "unless": "`PORT` is set in the environment".
    pub unless: String,
}

impl<T> Possible<T> {
    fn usually(values: Vec<T>, unless: String) -> Possible<T> {
        Possible::Usually(Box::new(Usual { values, unless }))
    }

    /// The value, if there is only one that it can be.
    pub fn known(&self) -> Option<&T> {
        match self {
            Possible::Known(value) => Some(value),
            Possible::OneOf(_) | Possible::Usually(_) | Possible::Unknown(_) => None,
        }
    }

    /// All values that it can be, or `None` where it can be any.
    pub fn candidates(&self) -> Option<&[T]> {
        match self {
            Possible::Known(value) => Some(std::slice::from_ref(value)),
            Possible::OneOf(values) => Some(values),
            Possible::Usually(_) | Possible::Unknown(_) => None,
        }
    }

    /// The values that are worth showing: all that it can be, or those that it usually is.
    pub fn likely(&self) -> &[T] {
        match self {
            Possible::Known(value) => std::slice::from_ref(value),
            Possible::OneOf(values) => values,
            Possible::Usually(usual) => &usual.values,
            Possible::Unknown(_) => &[],
        }
    }

    /// Why it can be any value, if it can.
    pub fn doubt(&self) -> Option<String> {
        match self {
            Possible::Known(_) | Possible::OneOf(_) => None,
            Possible::Usually(usual) => Some(format!("it may be another one: {}", usual.unless)),
            Possible::Unknown(why) => Some(why.clone()),
        }
    }

    /// The same value, but only unless something says otherwise.
    pub fn unless(self, condition: &str) -> Possible<T> {
        let unless = condition.to_string();
        match self {
            Possible::Known(value) => Possible::usually(vec![value], unless),
            Possible::OneOf(values) => Possible::usually(values, unless),
            Possible::Usually(usual) => Possible::usually(usual.values, either(&usual.unless, condition)),
            Possible::Unknown(_) => self,
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

    /// The same knowledge of references to the values.
    pub fn as_ref(&self) -> Possible<&T> {
        match self {
            Possible::Known(value) => Possible::Known(value),
            Possible::OneOf(values) => Possible::OneOf(values.iter().collect()),
            Possible::Usually(usual) => {
                Possible::usually(usual.values.iter().collect(), usual.unless.clone())
            }
            Possible::Unknown(why) => Possible::Unknown(why.clone()),
        }
    }

    /// The same knowledge of something derived.
    pub fn map<U>(self, f: impl Fn(T) -> U) -> Possible<U> {
        match self {
            Possible::Known(value) => Possible::Known(f(value)),
            Possible::OneOf(values) => Possible::OneOf(values.into_iter().map(f).collect()),
            Possible::Usually(usual) => {
                let Usual { values, unless } = *usual;
                Possible::usually(values.into_iter().map(f).collect(), unless)
            }
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
            Possible::Usually(usual) => {
                let Usual { values, unless } = *usual;
                let values = values.into_iter().map(f).collect::<Result<Vec<U>, String>>();
                values.map(|values| Possible::usually(values, unless))
            }
            Possible::Unknown(why) => Ok(Possible::Unknown(why)),
        };
        result.unwrap_or_else(Possible::Unknown)
    }
}

impl<T> Possible<T> {
    /// The values and the condition under which it is another one, or why it can be any.
    ///
    /// # Errors
    /// If it can be any value.
    pub fn parts(self) -> Result<(Vec<T>, Option<String>), String> {
        match self {
            Possible::Known(value) => Ok((vec![value], None)),
            Possible::OneOf(values) => Ok((values, None)),
            Possible::Usually(usual) => Ok((usual.values, Some(usual.unless))),
            Possible::Unknown(why) => Err(why),
        }
    }

    /// The reverse of [`Possible::parts`]; the values are as many as they were given.
    ///
    /// # Panics
    /// If there is no value at all.
    pub fn from_parts(mut values: Vec<T>, unless: Option<String>) -> Possible<T> {
        let value = match values.len() {
            0 => panic!("a value is one of at least one"),
            1 => Possible::Known(values.remove(0)),
            _ => Possible::OneOf(values),
        };
        match unless {
            Some(condition) => value.unless(&condition),
            None => value,
        }
    }
}

impl<T: PartialEq> Possible<T> {
    /// One of several values; equal ones count once, and a single one is known.
    ///
    /// # Panics
    /// If there is no value at all.
    pub fn one_of(values: impl IntoIterator<Item = T>) -> Possible<T> {
        let mut values = values.into_iter();
        let Some(first) = values.next() else { panic!("a value is one of at least one") };
        let Some(second) = values.find(|value| *value != first) else { return Possible::Known(first) };
        let mut distinct = vec![first, second];
        for value in values {
            if !distinct.contains(&value) {
                distinct.push(value);
            }
        }
        Possible::OneOf(distinct)
    }

    /// What is known when either of two happened. More values than anybody distinguishes are as good as any.
    pub fn or(self, other: Possible<T>) -> Possible<T> {
        let (mine, my_condition) = match self.parts() {
            Ok(parts) => parts,
            Err(why) => return Possible::Unknown(why),
        };
        let (theirs, their_condition) = match other.parts() {
            Ok(parts) => parts,
            Err(why) => return Possible::Unknown(why),
        };
        let values = match Possible::one_of(mine.into_iter().chain(theirs)) {
            Possible::OneOf(values) if values.len() > MAX_VALUES => {
                Possible::Unknown(format!("it may be one of more than {MAX_VALUES} values"))
            }
            several => several,
        };
        match (my_condition, their_condition) {
            (Some(mine), Some(theirs)) => values.unless(&either(&mine, &theirs)),
            (Some(condition), None) | (None, Some(condition)) => values.unless(&condition),
            (None, None) => values,
        }
    }

    /// Equal values count once.
    pub fn distinct(self) -> Possible<T> {
        match self {
            Possible::OneOf(values) => Possible::one_of(values),
            Possible::Usually(usual) => Possible::one_of(usual.values).unless(&usual.unless),
            other => other,
        }
    }
}

/// A condition that holds where one of two does, as a person would write it. A long one is not made longer.
pub fn either(a: &str, b: &str) -> String {
    if a.contains(b) || a.len() + b.len() > MAX_CONDITION {
        return a.to_string();
    }
    if b.contains(a) { b.to_string() } else { format!("{a}, or {b}") }
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
    fn what_is_usual_is_shown_and_never_judged() {
        let usual = Possible::Known(3).unless("`W` is set");
        assert!(!usual.must(|_| true) && usual.may(|_| false));
        assert_eq!((usual.known(), usual.candidates(), usual.likely()), (None, None, [3].as_slice()));
        assert_eq!(usual.clone().map(|it| it + 1), Possible::Known(4).unless("`W` is set"));
        let failed = usual.clone().try_map(|_| Err::<i32, _>("no number".into()));
        assert_eq!(failed, Possible::Unknown("no number".into()));
        let several = Possible::usually(vec![4, 3], "`W` is set".into());
        assert_eq!(Possible::Known(4).or(usual.clone()), several);
        assert_eq!(usual.clone().or(Possible::Known(3)), usual);
        assert_eq!(usual.or(Possible::Unknown("x".into())), Possible::Unknown("x".into()));
    }

    #[test]
    fn either_of_two_is_unknown_when_one_is() {
        assert_eq!(Possible::Known(1).or(Possible::Known(1)), Possible::Known(1));
        assert_eq!(Possible::Known(1).or(Possible::Known(2)), Possible::OneOf(vec![1, 2]));
        assert!((0..100).map(Possible::Known).fold(Possible::Known(0), Possible::or).candidates().is_none());
        assert_eq!(Possible::Known(1).or(Possible::Unknown("x".into())), Possible::Unknown("x".into()));
    }
}
