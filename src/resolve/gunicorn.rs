//! stub
use super::*;
use crate::model::*;
/// stub
pub struct Resolved {
    /// x
    pub apps: Vec<App>,
    /// x
    pub unresolved: Vec<Unresolved>,
}
/// stub
pub fn resolve(
    _: &[launch::Launch],
    _: &[FileId],
    _: &BTreeMap<FileId, Parsed<syntax::gunicorn::Tree>>,
    _: Option<&str>,
    _: &Paths,
    _: &Sources,
    _: &Target,
) -> Resolved {
    Resolved { apps: vec![], unresolved: vec![] }
}
