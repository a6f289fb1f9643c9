//! What any code of a file may do to its names behind their back.

use std::collections::BTreeSet;

use crate::syntax::gunicorn::{Keyword, Statement, StatementKind};

/// What functions of the file do to its names, whenever they run.
pub(super) struct Survey {
    /// Names that a function declares global.
    pub(super) rebound: BTreeSet<String>,
    /// What may give any name any value.
    pub(super) hazard: Option<String>,
}

/// What any code of a file, functions included, may do to its names behind their back.
pub(super) fn survey(statements: &[Statement]) -> Survey {
    let mut survey = Survey { rebound: BTreeSet::new(), hazard: None };
    walk(statements, false, &mut survey);
    survey
}

fn walk(statements: &[Statement], in_function: bool, survey: &mut Survey) {
    for statement in statements {
        let mut names = Vec::new();
        match &statement.kind {
            StatementKind::Assign { targets, value } => {
                targets.iter().for_each(|target| target.mentions(&mut names));
                value.mentions(&mut names);
            }
            StatementKind::Change { target, value, .. } => {
                target.mentions(&mut names);
                value.mentions(&mut names);
            }
            StatementKind::Evaluate(expression)
            | StatementKind::Delete(expression)
            | StatementKind::Decorator(expression)
            | StatementKind::Return(Some(expression)) => expression.mentions(&mut names),
            StatementKind::Raise(values) | StatementKind::Assert(values) => {
                values.iter().for_each(|value| value.mentions(&mut names));
            }
            StatementKind::Global(globals) => survey.rebound.extend(globals.iter().cloned()),
            StatementKind::Block { keyword, header, body } => {
                header.each(&mut |value| value.mentions(&mut names));
                walk(body, in_function || *keyword == Keyword::Def, survey);
            }
            StatementKind::Import(imports) => {
                names.extend(imports.iter().filter_map(|import| import.name.as_deref()));
            }
            StatementKind::ImportAll(_)
            | StatementKind::Pass
            | StatementKind::Jump
            | StatementKind::Return(None)
            | StatementKind::Template(_) => {}
        }
        if let Some(hazard) = hazard(&names, in_function) {
            survey.hazard.get_or_insert_with(|| format!("`{hazard}`"));
        }
        let settings = |name: &&str| matches!(*name, "set" | "settings");
        if in_function && names.contains(&"cfg") && names.iter().any(settings) {
            survey.hazard.get_or_insert_with(|| "a hook".into());
        }
    }
}

/// A name by which code reaches the names of a module as data.
fn hazard<'a>(names: &[&'a str], in_function: bool) -> Option<&'a str> {
    names.iter().enumerate().find_map(|(at, name)| {
        let reaches = match *name {
            "exec" | "eval" | "execfile" | "globals" | "__dict__" | "modules" | "_getframe"
            | "currentframe" => true,
            // Those of a function are its own.
            "locals" | "vars" => !in_function,
            "setattr" | "delattr" => names.get(at + 1) != Some(&"self"),
            _ => false,
        };
        reaches.then_some(*name)
    })
}
