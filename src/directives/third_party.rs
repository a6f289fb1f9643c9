//! Names.

/// Whether.
pub fn is_third_party(name: &str) -> bool {
    name.contains("_by_lua") || name == "subs_filter"
}
