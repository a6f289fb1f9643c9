//! What headers tell Gunicorn about the scheme.
//!
//! Source: `parse_headers` in `gunicorn/http/message.py` of 20.1.0 and 23.0.0, `HeaderPolicy` of 27.0.1: each header that the
//! table names has to say the same as the first of them; any text but the table's is plain HTTP.

use super::DIRECTIVE;
use crate::model::{LevelId, Nginx, Sent, Table};
use crate::source::Span;

/// A header of the table that is certainly sent.
pub(super) struct Told<'a> {
    pub(super) sent: &'a Sent,
    /// What is sent.
    pub(super) value: String,
    /// What would say HTTPS.
    pub(super) expected: String,
    pub(super) is_secure: bool,
}

/// A header, and those that say the contrary of it: never none.
pub(super) struct Contradiction<'a> {
    pub(super) kept: Told<'a>,
    pub(super) wrong: Vec<Told<'a>>,
}

impl Contradiction<'_> {
    /// Where all of it is written, the header that is kept first.
    pub(super) fn statements(&self) -> Vec<Span> {
        std::iter::once(&self.kept).chain(&self.wrong).map(|it| it.sent.anchor.span).collect()
    }
}

/// What contradicts each other in requests that come over TLS, or not. The header that is kept is `X-Forwarded-Proto`, which
/// frameworks know best, or else the first.
pub(super) fn contradiction<'a>(
    nginx: &'a Nginx,
    level: LevelId,
    table: &Table,
    tls: bool,
) -> Option<Contradiction<'a>> {
    let sending = nginx.sending(level, DIRECTIVE);
    if sending.open.is_some() {
        return None;
    }
    let mut told: Vec<Told> = sending.sent.into_iter().filter_map(|sent| told(sent, table, tls)).collect();
    let best = told.iter().position(|it| it.sent.name.eq_ignore_ascii_case("X-Forwarded-Proto"));
    if told.is_empty() {
        return None;
    }
    let kept = told.remove(best.unwrap_or_default());
    let wrong: Vec<Told> = told.into_iter().filter(|it| it.is_secure != kept.is_secure).collect();
    (!wrong.is_empty()).then_some(Contradiction { kept, wrong })
}

/// What a header says of a request, if the table names it. The table is asked for names in capitals.
fn told<'a>(sent: &'a Sent, table: &Table, tls: bool) -> Option<Told<'a>> {
    let expected = table.get(&sent.name.to_ascii_uppercase())?.to_owned();
    let value = value(sent.value.known().filter(|_| sent.doubt.is_none())?, tls)?;
    // An empty one is not sent.
    let value = value.trim_matches([' ', '\t']).to_owned();
    let is_secure = value == expected;
    (!value.is_empty()).then_some(Told { sent, value, expected, is_secure })
}

/// What a value is in a request that comes over TLS, or not, where nothing else decides.
fn value(written: &str, tls: bool) -> Option<String> {
    let named = written.strip_prefix("${").and_then(|it| it.strip_suffix('}')).or(written.strip_prefix('$'));
    let by_scheme = match named.map(str::to_ascii_lowercase).as_deref() {
        Some("scheme") => Some(if tls { "https" } else { "http" }),
        Some("https") => Some(if tls { "on" } else { "" }),
        _ => None,
    };
    by_scheme.or((!written.contains('$')).then_some(written)).map(str::to_owned)
}
