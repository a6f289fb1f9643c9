//! The parser that pest makes of `grammar/gunicorn.pest`.
#![allow(missing_docs, reason = "the derived rules are documented in the grammar")]

#[derive(pest_derive::Parser)]
#[grammar = "../grammar/gunicorn.pest"]
pub(super) struct Grammar;
