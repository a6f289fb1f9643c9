//! Comprehensions over values that are known.

use super::evaluate::{holds, value_of};
use super::operators;
use super::value::{MAX_ITEMS, Value};
use super::view::View;
use crate::syntax::gunicorn::{Clause, Comprehension, Expression, ExpressionKind, Makes};
use crate::value::Possible;

/// How many loops may stand in one comprehension.
const MAX_CLAUSES: usize = 3;

/// What a comprehension gives.
pub(super) fn value(view: &View, it: &Comprehension) -> Possible<Value> {
    let mut run = Run { it, pairs: Vec::new(), steps: 0, unless: None };
    if it.clauses.len() > MAX_CLAUSES {
        return Possible::Unknown("it has too many loops".into());
    }
    if let Err(why) = run.clause(view, 0) {
        return Possible::Unknown(why);
    }
    let unless = run.unless;
    let result = match it.makes {
        Makes::List => Ok(Value::List(run.pairs.into_iter().map(|(item, _)| item).collect())),
        // When its items are worked out is not told apart: nothing between changes them but what makes them unknown.
        Makes::Generator => Ok(Value::Iterator(run.pairs.into_iter().map(|(item, _)| item).collect())),
        Makes::Set => operators::set(run.pairs.into_iter().map(|(item, _)| item).collect()),
        Makes::Dict => {
            let mut entries = Vec::new();
            let put = |(key, value)| operators::put(&mut entries, key, value);
            run.pairs.into_iter().try_for_each(put).map(|()| Value::Dict(entries))
        }
    };
    match (result, unless) {
        (Ok(value), Some(condition)) => Possible::Known(value).unless(&condition),
        (Ok(value), None) => Possible::Known(value),
        (Err(why), _) => Possible::Unknown(why),
    }
}

struct Run<'a> {
    it: &'a Comprehension,
    pairs: Vec<(Value, Value)>,
    steps: usize,
    unless: Option<String>,
}

impl Run<'_> {
    /// The loops from one on; their number is bounded, and so is this recursion.
    fn clause(&mut self, view: &View, at: usize) -> Result<(), String> {
        let Some(clause) = self.it.clauses.get(at) else {
            let item = self.one(value_of(view, &self.it.item))?;
            let value = match &self.it.value {
                Some(value) => self.one(value_of(view, value))?,
                None => Value::None,
            };
            if matches!(item, Value::Iterator(_))
                || matches!(value, Value::Iterator(_))
                || item.depth() > 3
                || value.depth() > 3
            {
                return Err("its items are not followed".into());
            }
            self.pairs.push((item, value));
            return Ok(());
        };
        for item in self.one(value_of(view, &clause.values))?.items()? {
            self.steps += 1;
            if self.steps > MAX_ITEMS {
                return Err("it has too many items".into());
            }
            let mut names = Vec::new();
            bind(&clause.target, item, &mut names)?;
            let inner = view.with(names);
            if self.passes(&inner, clause)? {
                self.clause(&inner, at + 1)?;
            }
        }
        Ok(())
    }

    fn passes(&mut self, view: &View, clause: &Clause) -> Result<bool, String> {
        for condition in &clause.conditions {
            if !self.one(holds(view, condition))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The one value that something has.
    fn one<T>(&mut self, value: Possible<T>) -> Result<T, String> {
        let (mut values, unless) = value.parts()?;
        if let (Some(condition), None) = (unless, &self.unless) {
            self.unless = Some(condition);
        }
        match (values.pop(), values.is_empty()) {
            (Some(value), true) => Ok(value),
            _ => Err("it may have several values".into()),
        }
    }
}

/// The names that a loop gives values.
pub(super) fn bind(
    target: &Expression,
    value: Value,
    names: &mut Vec<(String, Value)>,
) -> Result<(), String> {
    match &target.kind {
        ExpressionKind::Name(name) => names.push((name.clone(), value)),
        ExpressionKind::Tuple(targets) | ExpressionKind::List(targets) => {
            let items = value.items()?;
            if items.len() != targets.len() {
                return Err("the number of values is another".into());
            }
            targets.iter().zip(items).try_for_each(|(target, item)| bind(target, item, names))?;
        }
        _ => return Err("what is bound is not followed".into()),
    }
    Ok(())
}
