//! Which environment a name speaks of: production, staging, a developer's machine.

/// The words for environments; those of one row mean the same, and the first are for the one that users see.
const ENVIRONMENTS: [&[&str]; 7] = [
    &["production", "prod", "prd", "live"],
    &["staging", "stage", "stg"],
    &["development", "develop", "dev", "devel"],
    &["testing", "test", "qa", "uat"],
    &["preproduction", "preprod"],
    &["sandbox"],
    &["local"],
];

/// The environment that the last word of a text speaks of which is a word for one, as a number.
pub fn environment(text: &str) -> Option<usize> {
    let mut words = text.rsplit(|c: char| !c.is_ascii_alphanumeric()).peekable();
    while let Some(word) = words.next() {
        // `usr/local` is a directory of any machine.
        if word.eq_ignore_ascii_case("local") && words.peek() == Some(&"usr") {
            continue;
        }
        let is_it = |it: &&str| it.eq_ignore_ascii_case(word);
        let found = ENVIRONMENTS.iter().position(|words| words.iter().any(is_it));
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Whether a text speaks of an environment that users do not see: `app-dev.service`, `config.settings.local`.
pub fn is_not_for_users(text: &str) -> bool {
    environment(text).is_some_and(|environment| environment > 0)
}
