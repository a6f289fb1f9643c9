//! stub
use super::Parsed;
use crate::source::FileId;
/// stub
#[derive(Debug, Clone)]
pub struct Tree;
/// stub
pub fn parse(_: FileId, _: &str) -> Parsed<Tree> {
    Parsed { tree: Tree, errors: vec![] }
}
