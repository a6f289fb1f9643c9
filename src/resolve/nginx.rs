//! stub
use super::*;
use crate::model::*;
/// stub
pub struct Resolved {
    /// x
    pub nginx: Nginx,
    /// x
    pub unresolved: Vec<Unresolved>,
}
/// stub
pub fn resolve(
    _: &[FileId],
    _: &BTreeMap<FileId, Parsed<syntax::nginx::Tree>>,
    _: &Paths,
    _: &Sources,
    _: &Target,
) -> Resolved {
    Resolved { nginx: Nginx::default(), unresolved: vec![] }
}
