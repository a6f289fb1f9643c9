//! Which headers or parameters are in force at a level.

use super::{LevelId, Nginx, Sent};

/// The headers or parameters of one directive that are in force at a level.
#[derive(Clone, Debug)]
pub struct Sending<'a> {
    /// The level that they stand in; `None` where none of the levels has any, so that nginx's own alone are sent.
    pub level: Option<LevelId>,
    /// What is certainly written, in order.
    pub sent: Vec<&'a Sent>,
    /// Why there may be others instead or besides, where that is so.
    pub open: Option<&'a str>,
    /// The only headers of which there may be others, where these are known.
    pub others: Option<&'static [&'static str]>,
}

impl Nginx {
    /// What `proxy_set_header` and its kin add to what is sent, at a level. One at a level hides all that is inherited.
    pub fn sending(&self, level: LevelId, directive: &str) -> Sending<'_> {
        let mut next = Some(level);
        while let Some(id) = next {
            let here = self.level(id);
            let all = here.sent.iter().map(AsRef::as_ref);
            let sent: Vec<&Sent> = all.filter(|it: &&Sent| it.directive == directive).collect();
            let mut holes = here.holes.iter().filter(|hole| hole.may_set(directive));
            let first = holes.clone().find(|hole| hole.headers.is_none()).or_else(|| holes.next());
            let hole = first.map(|hole| hole.why.as_str());
            let doubt = sent.iter().find_map(|it| it.doubt.as_deref());
            let open = hole.or(doubt).or(here.open_above.as_deref().filter(|_| sent.is_empty()));
            if !sent.is_empty() || open.is_some() {
                let others = first.and_then(|hole| hole.headers).filter(|_| doubt.is_none());
                return Sending { level: (!sent.is_empty()).then_some(id), sent, open, others };
            }
            next = here.parent;
        }
        Sending { level: None, sent: Vec::new(), open: None, others: None }
    }
}

impl<'a> Sending<'a> {
    /// What is written for a header, whatever its case; nginx sends each that is written. Nothing where none is, or none is
    /// certain.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &'a Sent> {
        self.sent.iter().copied().filter(move |it| it.name.eq_ignore_ascii_case(name))
    }

    /// Why a header may be sent that is not among those in `sent`, where that is so.
    pub fn doubt_of(&self, name: &str) -> Option<&'a str> {
        let is_other = |names: &[&str]| names.iter().any(|it| it.eq_ignore_ascii_case(name));
        self.open.filter(|_| self.others.is_none_or(is_other))
    }

    /// Whether it is certain that nothing is written for a header, so that what nginx sends by itself goes.
    pub fn lacks(&self, name: &str) -> bool {
        self.open.is_none() && self.named(name).next().is_none()
    }
}
