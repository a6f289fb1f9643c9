//! Which configuration file a launch reads.
//!
//! Source: `Application.load_config` and `get_default_config_file` in `gunicorn/config.py`: the file of `-c`, else the one
//! of `GUNICORN_CMD_ARGS`, else `gunicorn.conf.py` of the directory that it starts in, whatever `--chdir` says.

use std::collections::{BTreeMap, BTreeSet};

use super::apps::Stack;
use super::validate::absolute;
use super::value::Value;
use crate::resolve::paths::{Mapped, common_suffix, is_example};
use crate::resolve::variants;
use crate::source::FileId;
use crate::value::Possible;

/// The name that is looked for by itself.
pub(super) const DEFAULT_NAME: &str = "gunicorn.conf.py";

/// What a launch reads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Nothing.
    Absent,
    /// This file, by its path on the machine.
    File(FileId, String),
    /// One of these or none, for this reason.
    Perhaps(Vec<FileId>, String),
    /// A file that is not in the tree, or it is not known which, for this reason; these are candidates.
    Unknown(Vec<FileId>, String),
}

/// The file that `-c` means.
pub(super) fn explicit(stack: &Stack, value: &Possible<Value>, directory: &Possible<String>) -> Choice {
    let text = match value {
        Possible::Known(Value::Text(text)) => text,
        Possible::Unknown(why) => return unknown(stack, why),
        _ => return unknown(stack, "it has several values"),
    };
    if text.starts_with("python:") {
        return Choice::Unknown(stack.files.to_vec(), format!("the module `{text}` is not looked for"));
    }
    let path = text.strip_prefix("file:").unwrap_or(text);
    let deployed = absolute(path, directory).unwrap_or_else(|_| path.to_string());
    match stack.paths.find(&deployed) {
        Mapped::File(file) if stack.trees.contains_key(&file) => Choice::File(file, deployed),
        Mapped::File(_) => {
            Choice::Unknown(Vec::new(), format!("`{path}` was not read as a configuration file"))
        }
        Mapped::Missing => {
            Choice::Unknown(Vec::new(), format!("the configuration file `{path}` is not in the tree"))
        }
        Mapped::Ambiguous => {
            let name = deployed.rsplit('/').next().unwrap_or(&deployed);
            let files = stack.paths.named(name).iter().map(|(_, file)| *file).collect();
            Choice::Unknown(files, format!("several files of the tree may be `{path}`"))
        }
    }
}

/// Which launch each file is for, where several of them would read it by different paths. A repository holds one of
/// these paths; what lies at the others is not in it.
#[derive(Debug, Default)]
pub(super) struct Claims {
    by_file: BTreeMap<FileId, BTreeSet<String>>,
}

impl Claims {
    /// Notes what a launch would read.
    pub(super) fn note(&mut self, choice: &Choice) {
        if let Choice::File(file, deployed) = choice {
            self.by_file.entry(*file).or_default().insert(deployed.clone());
        }
    }

    /// What a launch reads, given what all others would read: the path that shares the most with the file's own is the
    /// file, if there is only one.
    pub(super) fn settle(
        &self,
        stack: &Stack,
        launched_in: FileId,
        directory: &Possible<String>,
        choice: Choice,
    ) -> Choice {
        let (file, deployed) = match &choice {
            Choice::File(file, deployed) => (file, deployed),
            Choice::Perhaps(files, why) if directory.known().is_some() => {
                let is_elsewhere_perhaps = |file: &&FileId| !self.is_at_its_place(stack, **file);
                let files: Vec<FileId> = files.iter().filter(is_elsewhere_perhaps).copied().collect();
                return if files.is_empty() { Choice::Absent } else { Choice::Perhaps(files, why.clone()) };
            }
            _ => return choice,
        };
        let path = |file| stack.sources.get(file).path.as_str();
        if variants::conflict(path(launched_in), path(*file)) {
            let why = format!("the `{deployed}` of the tree is for another environment");
            return Choice::Unknown(Vec::new(), why);
        }
        if is_example(path(*file)) && !is_example(path(launched_in)) {
            let why = format!("`{}` is an example of it", path(*file));
            return Choice::Unknown(vec![*file], format!("`{deployed}` is not in the tree: {why}"));
        }
        if stack.paths.is_said(deployed) {
            return choice;
        }
        let shared = |deployed: &str| common_suffix(path(*file), deployed);
        let own = shared(deployed);
        let others = self.by_file.get(file).into_iter().flatten().filter(|other| *other != deployed);
        match others.into_iter().find(|other| shared(other) >= own) {
            Some(other) => {
                let path = path(*file);
                Choice::Unknown(vec![*file], format!("`{path}` may be `{other}` instead of `{deployed}`"))
            }
            None => choice,
        }
    }

    /// Whether a launch reads a file at the very path that it has in the stack. The stack has the shape of the machine there,
    /// and the file lies in no other directory.
    fn is_at_its_place(&self, stack: &Stack, file: FileId) -> bool {
        let inside = stack.sources.get(file).path.strip_prefix(stack.paths.root());
        let deployed = self.by_file.get(&file).into_iter().flatten();
        deployed
            .into_iter()
            .any(|deployed| deployed.strip_prefix('/') == inside || stack.paths.is_said(deployed))
    }
}

/// Any file may be read: an option that is not known names it.
pub(super) fn unknown(stack: &Stack, why: &str) -> Choice {
    Choice::Unknown(stack.files.to_vec(), format!("which configuration file is read is not known: {why}"))
}

/// The file that is read where no option names one.
pub(super) fn implicit(stack: &Stack, directory: &Possible<String>) -> Choice {
    let named = stack.paths.named(DEFAULT_NAME);
    let is_outside =
        |it: &String| stack.paths.is_outside(&format!("{}/{DEFAULT_NAME}", it.trim_end_matches('/')));
    if directory.known().is_some_and(is_outside) {
        return Choice::Unknown(
            Vec::new(),
            "the directory that it starts in lies outside of what was read".into(),
        );
    }
    let all = || named.iter().map(|(_, file)| *file).collect::<Vec<_>>();
    let deployed = directory.known().map(|it| format!("{}/{DEFAULT_NAME}", it.trim_end_matches('/')));
    let elsewhere = stack.paths.elsewhere(deployed.as_deref().unwrap_or_default()).map(|path| {
        Choice::Unknown(
            all(),
            format!("`{path}` may be the `{DEFAULT_NAME}` that it reads, and is not in its stack"),
        )
    });
    if named.is_empty() {
        return elsewhere.unwrap_or(Choice::Absent);
    }
    let (Possible::Known(directory), Some(deployed)) = (directory, deployed) else {
        return elsewhere.unwrap_or_else(|| {
            Choice::Perhaps(all(), format!("`{DEFAULT_NAME}` is read if it lies where Gunicorn starts"))
        });
    };
    if stack.paths.is_said(&deployed) {
        return match stack.paths.find(&deployed) {
            Mapped::File(file) if stack.trees.contains_key(&file) => Choice::File(file, deployed),
            Mapped::Missing => elsewhere.unwrap_or(Choice::Absent),
            Mapped::File(_) | Mapped::Ambiguous => {
                Choice::Unknown(Vec::new(), format!("`{deployed}` was not read as a configuration file"))
            }
        };
    }
    let last = directory.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if !last.is_empty() {
        let fits = |path: &str| path.rsplit('/').nth(1) == Some(last);
        let certain = match stack.paths.find(&deployed) {
            Mapped::File(file) => named.iter().find(|(path, id)| *id == file && fits(path)).map(|_| file),
            Mapped::Missing | Mapped::Ambiguous => None,
        };
        let at_root = named.iter().find(|(path, _)| path == DEFAULT_NAME).map(|(_, file)| *file);
        let certain = certain.or(at_root.filter(|_| !has_directory(stack, last)));
        if let Some(file) = certain.filter(|file| stack.trees.contains_key(file)) {
            return Choice::File(file, deployed);
        }
    }
    elsewhere.unwrap_or_else(|| {
        let why = format!("whether a `{DEFAULT_NAME}` of the tree lies in `{directory}` is not known");
        Choice::Perhaps(all(), why)
    })
}

/// Whether a directory of the stack has this name.
pub(super) fn has_directory(stack: &Stack, name: &str) -> bool {
    let folders = || {
        let root = stack.paths.root();
        let inside = stack.sources.iter().filter_map(|(_, source)| source.path.strip_prefix(root));
        inside.filter_map(|path| path.rsplit_once('/')).flat_map(|(folders, _)| folders.split('/')).collect()
    };
    stack.folders.get_or_init(folders).contains(name)
}
