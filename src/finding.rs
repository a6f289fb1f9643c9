//! What a rule says.

use crate::edit::Fix;
use crate::source::Span;

/// How bad a finding is. Ordered from the mildest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Harmless by itself; shown on request.
    Note,
    /// Fails under an ordinary event: a slow request, a deploy, a restart, a burst.
    Warning,
    /// Fails for certain as the configuration stands.
    Error,
}

impl Severity {
    /// The name in messages and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A place and what is to be said of it. Each label stands in a file of its own choosing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is there: ``nginx gives up after 30 s, set here``.
    pub text: String,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The name of the rule.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What the client or the operator sees: `502`, `nginx does not start`.
    pub outcome: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where it is mended or, if it can be mended at both ends, where it is noticed.
    pub primary: Label,
    /// The other ends.
    pub related: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
    /// The mend, where the tool can write it. Of a disagreement between the two ends of a hop it is the one at the proxy's
    /// end, which follows the app.
    pub fix: Option<Fix>,
    /// The mend of the same disagreement at the app's end, which follows the proxy. A rule writes both where there are
    /// both; a report holds the one that was chosen, in `fix`.
    pub fix_at_app: Option<Fix>,
}
