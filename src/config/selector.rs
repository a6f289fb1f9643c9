//! What names rules: a rule, a category, or all of them.

use similar::get_close_matches;

use crate::finding::Severity;
use crate::rules::{Category, RULES, Rule};

/// One name in a list of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Every rule: `all`.
    All,
    /// The rules of a category.
    Category(Category),
    /// One rule.
    Rule(&'static str),
}

/// The name of them all.
const ALL: &str = "all";

impl Selector {
    /// The selector of a name.
    ///
    /// # Errors
    /// If it is none; the sentence says which one may be meant.
    pub fn parse(name: &str) -> Result<Selector, String> {
        if name == ALL {
            return Ok(Selector::All);
        }
        let category = Category::ALL.into_iter().find(|it| it.name() == name).map(Selector::Category);
        let rule = || RULES.iter().find(|rule| rule.name == name).map(|rule| Selector::Rule(rule.name));
        category.or_else(rule).ok_or_else(|| {
            let near = get_close_matches(name, &Selector::names(), 1, 0.6).first().copied();
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            format!("there is no rule and no category `{name}`{hint} (`hoplint rules` lists them all)")
        })
    }

    /// All names: `all`, the categories, the rules.
    pub fn names() -> Vec<&'static str> {
        let categories = Category::ALL.iter().map(|category| category.name());
        std::iter::once(ALL).chain(categories).chain(RULES.iter().map(|rule| rule.name)).collect()
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Selector::All => ALL,
            Selector::Category(category) => category.name(),
            Selector::Rule(name) => name,
        }
    }

    /// Whether it means a rule.
    pub fn covers(self, rule: &Rule) -> bool {
        match self {
            Selector::All => true,
            Selector::Category(category) => rule.category == category,
            Selector::Rule(name) => rule.name == name,
        }
    }

    /// How closely it says what it means.
    pub(super) fn rank(self) -> u8 {
        match self {
            Selector::All => 1,
            Selector::Category(_) => 2,
            Selector::Rule(_) => 3,
        }
    }
}

/// The selector that names a rule most closely.
pub(super) fn closest(selectors: &[Selector], rule: &Rule) -> Option<Selector> {
    selectors.iter().copied().filter(|it| it.covers(rule)).max_by_key(|it| it.rank())
}

/// The severities that can be set, `off` among them.
pub fn level_names() -> [&'static str; 4] {
    ["error", "warning", "note", "off"]
}

/// What a name of a severity means; `Some(None)` is off.
pub fn level(name: &str) -> Option<Option<Severity>> {
    let severity =
        [Severity::Error, Severity::Warning, Severity::Note].into_iter().find(|it| it.name() == name);
    severity.map(Some).or((name == "off").then_some(None))
}
