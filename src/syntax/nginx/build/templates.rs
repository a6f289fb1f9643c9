//! Remarks, pieces of templates and the marks of a merge: what nginx passes over, or never sees.

use super::Builder;
use super::statements::too_long;
use crate::source::Span;
use crate::syntax::SyntaxError;
use crate::syntax::nginx::template::{kind, tags};
use crate::syntax::nginx::{Item, Template, TemplateKind};

impl Builder<'_> {
    pub(super) fn comment(&mut self, span: Span, text: &str) {
        // `# {% if x %}` does its work in a remark as well.
        let tags = tags(text);
        if tags.is_empty()
            && let Some(error) = too_long(span, self.text)
        {
            self.error(error);
        }
        let works = |kind: &TemplateKind| !matches!(kind, TemplateKind::Nothing | TemplateKind::Text);
        if !tags.iter().any(works) {
            return self.push(Item::Comment(span));
        }
        for kind in tags {
            self.tag(kind);
            self.push(Item::Template(Template { span, kind }));
        }
    }

    pub(super) fn template(&mut self, span: Span, text: &str) {
        if text.starts_with("{#") {
            return self.push(Item::Comment(span));
        }
        // A switch for its line, which then may or may not be there: `%{enabled}    }`.
        self.entangled |= text.starts_with("%{");
        let kinds = if text.starts_with(['{', '<']) { tags(text) } else { vec![kind(text)] };
        for kind in kinds {
            // `$name` alone on its line may as well be a word in the wrong place.
            if !text.starts_with('$') {
                self.tag(kind);
            }
            self.push(Item::Template(Template { span, kind }));
        }
    }

    /// Keeps the book of open tags.
    fn tag(&mut self, kind: TemplateKind) {
        self.has_tags |= kind != TemplateKind::Nothing;
        let base = self.stack.last().map_or(0, |frame| frame.open_tags);
        match kind {
            TemplateKind::Open => self.open_tags += 1,
            TemplateKind::Close if self.open_tags > base => self.open_tags -= 1,
            TemplateKind::Close => self.entangled = true,
            TemplateKind::Middle => self.entangled |= self.open_tags <= base,
            TemplateKind::Text | TemplateKind::Nothing => {}
        }
    }

    /// Notes a conflict once; our side of it is read.
    pub(super) fn conflict(&mut self, span: Span, text: &str) {
        let ends = text.starts_with('>') || text.contains("\n>>>>>>>");
        let told = self.in_conflict;
        self.in_conflict = !ends;
        if !told || text.starts_with('<') {
            let marker = &text[..7];
            self.error(SyntaxError {
                span: Span { end: span.start + 7, ..span },
                message: format!("unknown directive \"{marker}\""),
                hint: Some("a merge was not finished here: keep one side and take the markers away".into()),
                ignored: false,
            });
        }
    }

    /// Keeps the book of tags inside a directive; `open` becomes the ones that have no partner in it.
    pub(super) fn tags_inside(&mut self, text: &str, open: &mut Vec<TemplateKind>) {
        for kind in tags(text) {
            self.tag(kind);
            match kind {
                TemplateKind::Close if open.last() == Some(&TemplateKind::Open) => {
                    open.pop();
                }
                TemplateKind::Open | TemplateKind::Close => open.push(kind),
                TemplateKind::Middle | TemplateKind::Text | TemplateKind::Nothing => {}
            }
        }
    }
}
