//! Paths of the configuration.

/// What is wrong with the path of a directory or a file from the directory of the configuration on, if something is.
pub(super) fn relative_fault(path: &str) -> Option<String> {
    if path.is_empty() {
        return Some("a path has to name something; the directory of the configuration is `.`".into());
    }
    if path.starts_with('/') {
        return Some(format!("`{path}` has to be a path from the directory of the configuration on"));
    }
    let leads_out = path.split('/').any(|part| part == "..");
    leads_out.then(|| format!("`{path}` leads out of the directory of the configuration"))
}
