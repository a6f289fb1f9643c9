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

/// At which ends of a hop somebody wrote the value that the two disagree about; elsewhere a program's default is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// At the proxy's.
    pub proxy: bool,
    /// At the app's.
    pub app: bool,
}

impl Finding {
    /// Takes the mends at both ends of a disagreement. What nobody wrote is nobody's word to follow: a mend that follows a
    /// default gives way to the other one, where that may be trusted as far.
    pub fn mend(&mut self, at_proxy: Option<Fix>, at_app: Option<Fix>, said: Said) {
        let trust = |fix: &Option<Fix>| fix.as_ref().map(|fix| fix.applicability);
        let (proxy, app) = (trust(&at_proxy), trust(&at_app));
        self.fix = at_proxy.filter(|_| said.app || !said.proxy || app < proxy);
        self.fix_at_app = at_app.filter(|_| said.proxy || !said.app || proxy < app);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{Applicability, Edit};
    use crate::source::FileId;

    #[test]
    fn a_mend_that_follows_a_default_gives_way() {
        use Applicability::{Safe, Unsafe};
        let span = Span::new(FileId(0), 0..0);
        let fix = |how| Fix::new("", how, vec![Edit { span, replacement: "x".into() }]);
        let left = |at_proxy: Option<Applicability>, at_app: Option<Applicability>, proxy, app| {
            let primary = Label { span, text: String::new() };
            let mut finding = Finding {
                rule: "",
                severity: Severity::Note,
                outcome: String::new(),
                message: String::new(),
                primary,
                related: Vec::new(),
                help: None,
                fix: None,
                fix_at_app: None,
            };
            finding.mend(at_proxy.and_then(fix), at_app.and_then(fix), Said { proxy, app });
            (finding.fix.is_some(), finding.fix_at_app.is_some())
        };
        assert_eq!(left(Some(Safe), Some(Safe), true, true), (true, true));
        assert_eq!(left(Some(Safe), Some(Safe), true, false), (false, true));
        assert_eq!(left(Some(Safe), Some(Unsafe), true, false), (true, true));
        assert_eq!(left(Some(Safe), Some(Unsafe), false, true), (true, false));
        assert_eq!(left(Some(Safe), None, true, false), (true, false));
        assert_eq!(left(None, Some(Unsafe), false, true), (false, true));
        assert_eq!(left(Some(Safe), Some(Safe), false, false), (true, true));
    }
}
