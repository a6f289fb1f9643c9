//! What the lines of a unit assign to variables.

use std::collections::BTreeMap;

use crate::value::Possible;

/// What `Environment=` gives the processes of a unit; files of variables are not in it.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// The values, by name.
    pub values: BTreeMap<String, Possible<String>>,
    /// Why there may be others, if there may.
    pub open: Option<String>,
}

impl Variables {
    /// What is known of a variable: `Known(None)` where it certainly gets no value.
    pub fn get(&self, name: &str) -> Possible<Option<String>> {
        match (self.values.get(name), &self.open) {
            (Some(value), _) => value.clone().map(Some),
            (None, Some(why)) => Possible::Unknown(why.clone()),
            (None, None) => Possible::Known(None),
        }
    }
}
