//! stub
use super::*;
use crate::model::*;
/// stub
pub struct Resolved {
    /// x
    pub units: Vec<Unit>,
    /// x
    pub launches: Vec<launch::Launch>,
    /// x
    pub unresolved: Vec<Unresolved>,
}
/// stub
pub fn resolve(
    _: &[FileId],
    _: &BTreeMap<FileId, Parsed<syntax::systemd::Tree>>,
    _: &Paths,
    _: &Sources,
) -> Resolved {
    Resolved { units: vec![], launches: vec![], unresolved: vec![] }
}
