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
pub fn resolve(_: &[FileId], _: &BTreeMap<FileId, Parsed<syntax::compose::Tree>>, _: &Sources) -> Resolved {
    Resolved { apps: vec![], unresolved: vec![] }
}
