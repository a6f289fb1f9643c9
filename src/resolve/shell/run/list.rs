//! Commands that are joined by `&&` and `||`.

use super::super::State;
use crate::model::{Origin, OriginKind, Setting};
use crate::resolve::launch::Argument;
use crate::source::Span;
use crate::syntax::shell::Join;

/// Commands that are joined by `&&` and `||`.
#[derive(Default)]
pub(super) struct List {
    /// Whether the command before certainly succeeded.
    pub(super) sure: bool,
    /// Whether what comes now depends on a command that may have failed.
    pub(super) dependent: bool,
    pub(super) behind_or: bool,
    /// What was known before that.
    before: Option<Before>,
}

struct Before {
    directory: Setting<String>,
    parameters: Vec<Argument>,
    exports_all: bool,
}

impl List {
    pub(super) fn follow(&mut self, join: Join, state: &mut State) {
        match join {
            Join::Start => {}
            Join::Or => self.behind_or = true,
            Join::And if !self.sure && !self.dependent => {
                self.dependent = true;
                state.touched = Some(Vec::new());
                self.before = Some(Before {
                    directory: state.directory.clone(),
                    parameters: state.parameters.clone(),
                    exports_all: state.exports_all,
                });
            }
            Join::And => {}
        }
    }

    /// What it did behind a command that may have failed, it may not have done.
    pub(super) fn end(&mut self, state: &mut State, place: Span) {
        if let Some(before) = self.before.take() {
            for name in state.touched.take().unwrap_or_default() {
                state.doubt(&name, "the script may or may not set it", place);
            }
            if state.directory != before.directory {
                state.directory = Setting::unknown(
                    "the script may or may not change the directory",
                    Origin::at(OriginKind::CommandLine, place),
                );
            }
            if state.parameters != before.parameters {
                state.lose_parameters("the script may or may not change its parameters");
            }
            if state.exports_all != before.exports_all {
                state.lose("the script may or may not export everything");
            }
        }
        *self = List::default();
    }
}
