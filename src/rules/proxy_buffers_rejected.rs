//! Buffer sizes that contradict each other, so that nginx does not start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::{Category, Context, Fixable, Rule};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{
    Anchor, AppId, Buffers, FromDatum, Level, LevelId, LevelKind, Origin, OriginKind, Setting, Statements,
};
use crate::source::Span;
use crate::value::Size;

pub(super) const RULE: Rule = Rule {
    name: "proxy-buffers-rejected",
    category: Category::Buffer,
    severity: Severity::Error,
    summary: "buffer sizes that nginx refuses together",
    outcome: "nginx does not start",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/proxy-buffers-rejected.md"),
    check,
};

/// The gateways that buffer responses, by what their directives begin with.
const FAMILIES: [&str; 4] = ["proxy_", "fastcgi_", "uwsgi_", "scgi_"];

/// The five directives, without what their names begin with.
const NAMES: [&str; 5] =
    ["buffer_size", "buffers", "busy_buffers_size", "temp_file_write_size", "max_temp_file_size"];

/// Their names, for each of [`FAMILIES`].
static WHOLE_NAMES: LazyLock<[[String; 5]; 4]> =
    LazyLock::new(|| FAMILIES.map(|family| NAMES.map(|name| format!("{family}{name}"))));

/// The five sizes of one gateway that are in force at a level, and where each comes from, in the order of [`NAMES`].
struct Sizes {
    numbers: Numbers,
    origins: [Origin; 5],
}

/// The sizes in bytes, which a fix can change.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Numbers {
    buffer: u64,
    number: u64,
    each: u64,
    busy: Option<u64>,
    temp_write: Option<u64>,
    max_temp: u64,
}

/// Looks at each level as nginx merges it; what a level inherits without a word of its own was judged above it.
fn check(context: &Context, findings: &mut Vec<Finding>) {
    let mut seen: BTreeSet<Vec<Span>> = BTreeSet::new();
    let mut lazy: Option<(BTreeMap<LevelId, AppId>, Statements)> = None;
    for (at, level) in context.deployment.nginx.levels.iter().enumerate() {
        for (family, names) in FAMILIES.into_iter().zip(&*WHOLE_NAMES) {
            if !judged_here(context, level, names) {
                continue;
            }
            let id = LevelId(at as u32);
            let Some(sizes) = sizes(context, id, names) else { continue };
            let Some(broken) = sizes.numbers.broken(family) else { continue };
            if !seen.insert(sizes.places()) {
                continue;
            }
            let (apps, statements) =
                lazy.get_or_insert_with(|| (apps_below(context), Statements::new(&context.deployment.nginx)));
            let mut finding = finding(context, family, &sizes, &broken, apps.get(&id).copied());
            finding.fix = fix(context, family, &sizes, statements);
            findings.push(finding);
        }
    }
}

/// Whether nginx merges the level with something that it has not judged yet. It does not judge `http` by itself.
fn judged_here(context: &Context, level: &Level, names: &[String; 5]) -> bool {
    let writes = |level: &Level| level.written.iter().any(|it| names.iter().any(|name| name == it.name));
    let parent = level.parent.map(|id| context.deployment.nginx.level(id));
    level.kind != LevelKind::Http
        && (writes(level) || parent.is_some_and(|it| it.kind == LevelKind::Http && writes(it)))
}

/// The sizes in force, if all of them are known.
fn sizes(context: &Context, level: LevelId, names: &[String; 5]) -> Option<Sizes> {
    fn read<T: FromDatum + Clone>(context: &Context, level: LevelId, name: &str) -> Option<(T, Origin)> {
        let deployment = context.deployment;
        let setting: Setting<T> = deployment.nginx.setting(level, name, deployment.target.nginx);
        Some((setting.value.known()?.clone(), setting.origin))
    }
    let [buffer, buffers, busy, temp_write, max_temp] = names;
    let (buffer, buffer_origin) = read::<Size>(context, level, buffer)?;
    let (buffers, buffers_origin) = read::<Buffers>(context, level, buffers)?;
    let (busy, busy_origin) = read::<Option<Size>>(context, level, busy)?;
    let (temp_write, temp_write_origin) = read::<Option<Size>>(context, level, temp_write)?;
    let (max_temp, max_temp_origin) = read::<Size>(context, level, max_temp)?;
    let numbers = Numbers {
        buffer: buffer.bytes,
        number: buffers.number,
        each: buffers.size.bytes,
        busy: busy.map(|it| it.bytes),
        temp_write: temp_write.map(|it| it.bytes),
        max_temp: max_temp.bytes,
    };
    let origins = [buffer_origin, buffers_origin, busy_origin, temp_write_origin, max_temp_origin];
    Some(Sizes { numbers, origins })
}

impl Sizes {
    /// Where the sizes are written, each once.
    fn places(&self) -> Vec<Span> {
        let mut places: Vec<Span> = self.origins.iter().filter_map(|origin| origin.place).collect();
        places.sort_unstable();
        places
    }
}

/// An inequality that does not hold: nginx's own message, and the numbers in it.
struct Broken {
    message: String,
    numbers: String,
}

impl Numbers {
    /// The value of one of [`NAMES`] as a directive takes it, if it is set.
    fn written(self, at: usize) -> Option<String> {
        let size = |bytes: u64| Size { bytes }.to_nginx();
        match at {
            0 => Some(size(self.buffer)),
            1 => Some(format!("{} {}", self.number, size(self.each))),
            2 => self.busy.map(size),
            3 => self.temp_write.map(size),
            _ => Some(size(self.max_temp)),
        }
    }

    fn largest(self) -> u64 {
        self.buffer.max(self.each)
    }

    fn busy_in_force(self) -> u64 {
        self.busy.unwrap_or(2 * self.largest())
    }

    fn all_but_one(self) -> u64 {
        (self.number.saturating_sub(1)).saturating_mul(self.each)
    }

    /// The first of the five inequalities that does not hold, in the order in which nginx checks them.
    ///
    /// Source: `ngx_http_proxy_merge_loc_conf` in `src/http/modules/ngx_http_proxy_module.c` of nginx 1.31.3, whose
    /// like the other three gateways have. In spite of its words the third lets the two sides be equal.
    fn broken(self, family: &str) -> Option<Broken> {
        let show = |bytes| Size { bytes }.to_string();
        let larger = format!("the larger of {family}buffer_size and one of the {family}buffers");
        let at_least = |name: &str, size: u64| Broken {
            message: format!(
                "\"{family}{name}\" must be equal to or greater than the maximum of the value of \
                 \"{family}buffer_size\" and one of the \"{family}buffers\""
            ),
            numbers: format!(
                "{family}{name} is {}, less than {}, {larger}",
                show(size),
                show(self.largest())
            ),
        };
        if self.number < 2 {
            let message = format!("there must be at least 2 \"{family}buffers\"");
            return Some(Broken {
                message,
                numbers: format!("{family}buffers are {}, less than 2", self.number),
            });
        }
        if self.busy_in_force() < self.largest() {
            return Some(at_least("busy_buffers_size", self.busy_in_force()));
        }
        if self.busy_in_force() > self.all_but_one() {
            let source = match self.busy {
                Some(_) => String::new(),
                None => format!(" (by default: twice {larger})"),
            };
            return Some(Broken {
                message: format!(
                    "\"{family}busy_buffers_size\" must be less than the size of all \"{family}buffers\" minus one \
                     buffer"
                ),
                numbers: format!(
                    "{family}busy_buffers_size is {}{source}, more than {}, which {} of the {} {family}buffers hold",
                    show(self.busy_in_force()),
                    show(self.all_but_one()),
                    self.number - 1,
                    self.number
                ),
            });
        }
        if let Some(size) = self.temp_write.filter(|size| *size < self.largest()) {
            return Some(at_least("temp_file_write_size", size));
        }
        (self.max_temp != 0 && self.max_temp < self.largest()).then(|| Broken {
            message: format!(
                "\"{family}max_temp_file_size\" must be equal to zero to disable temporary files usage or must be \
                 equal to or greater than the maximum of the value of \"{family}buffer_size\" and one of the \
                 \"{family}buffers\""
            ),
            numbers: format!(
                "{family}max_temp_file_size is {}, less than {}, {larger}",
                show(self.max_temp),
                show(self.largest())
            ),
        })
    }

    /// Sizes that hold together: nothing smaller than it was, and `buffers` raised before anything else.
    fn mended(self) -> Numbers {
        let mut numbers = self;
        let largest = self.largest();
        if numbers.number < 2 {
            numbers.number = 8;
        }
        numbers.busy = numbers.busy.map(|size| if size < largest { 2 * largest } else { size });
        if numbers.busy_in_force() > numbers.all_but_one() {
            numbers.each = largest;
            numbers.number = numbers.number.max(numbers.busy_in_force().div_ceil(largest.max(1)) + 1);
        }
        numbers.temp_write = numbers.temp_write.map(|size| if size < largest { 2 * largest } else { size });
        if numbers.max_temp != 0 {
            numbers.max_temp = numbers.max_temp.max(largest);
        }
        numbers
    }
}

fn finding(context: &Context, family: &str, sizes: &Sizes, broken: &Broken, app: Option<AppId>) -> Finding {
    let mut labels = labels(family, sizes);
    let primary = labels.remove(0);
    if let Some(app) = app.map(|id| context.deployment.app(id)) {
        let text = "an app behind it: no request arrives here while nginx does not run".into();
        labels.push(Label { span: app.listeners.origin.place.unwrap_or(app.place), text });
    }
    let message = format!("nginx refuses these sizes and does not start: {}", broken.numbers);
    let mut finding = RULE.finding(message, primary, labels);
    finding.help = Some(format!(
        "`nginx -t` says `[emerg] {}`; a running nginx goes on with its old configuration, and stays down after the \
         next restart",
        broken.message
    ));
    finding
}

/// What each size is and where it comes from; those that are written at the level first, in the order of the text.
fn labels(family: &str, sizes: &Sizes) -> Vec<Label> {
    let mut labels: Vec<(bool, Label)> = Vec::new();
    for (at, origin) in sizes.origins.iter().enumerate() {
        let (Some(span), Some(value)) = (origin.place, sizes.numbers.written(at)) else { continue };
        let text = format!("{family}{} is {value}, {}", NAMES[at], origin.describe("nginx"));
        labels.push((origin.kind != OriginKind::Written, Label { span, text }));
    }
    labels.sort_by_key(|(inherited, label)| (*inherited, label.span));
    labels.into_iter().map(|(_, label)| label).collect()
}

/// Changes what has to change: in place where it is written at the level, beside the level's own sizes where it is
/// inherited or nobody wrote it. A size whose file is included elsewhere too may have no room for another beside it.
fn fix(context: &Context, family: &str, sizes: &Sizes, statements: &Statements) -> Option<Fix> {
    let mended = sizes.numbers.mended();
    let own = sizes.origins.iter().find(|origin| origin.kind == OriginKind::Written);
    let names = NAMES.map(|name| format!("{family}{name}"));
    let (mut edits, mut added, mut titles) = (Vec::new(), Vec::new(), Vec::new());
    for (at, origin) in sizes.origins.iter().enumerate() {
        let Some(value) = mended.written(at).filter(|_| mended.written(at) != sizes.numbers.written(at))
        else {
            continue;
        };
        titles.push(format!("`{} {value}`", names[at]));
        match origin.anchor {
            Some(anchor) if own.is_none() || origin.kind == OriginKind::Written => {
                // A comment between the number and the size would be lost with them.
                if context.sources.text(anchor.value).contains('#') {
                    return None;
                }
                edits.push(anchor.set(&value))
            }
            _ => added.push((names[at].as_str(), value)),
        }
    }
    if !added.is_empty() {
        let here = |origin: &&Origin| own.is_none() || origin.kind == OriginKind::Written;
        let mut places = sizes.origins.iter().filter(here).filter_map(|origin| origin.anchor);
        let has_room = |place: &Anchor| added.iter().all(|(name, _)| statements.may_add(place.span, name));
        edits.push(places.find(has_room)?.add_after(context.sources, &added)?);
    }
    Fix::new(format!("set {}", titles.join(" and ")), Applicability::Safe, edits)
}

/// The first app that a route in a level, or in a level below it, leads to.
fn apps_below(context: &Context) -> BTreeMap<LevelId, AppId> {
    let mut apps = BTreeMap::new();
    for hop in &context.deployment.hops {
        let Some(app) = hop.app() else { continue };
        let mut next = Some(context.deployment.route(hop.route).level);
        while let Some(level) = next {
            apps.entry(level).or_insert(app);
            next = context.deployment.nginx.level(level).parent;
        }
    }
    apps
}

#[cfg(test)]
mod tests {
    use super::*;

    const K: u64 = 1024;
    const DEFAULT: Numbers =
        Numbers { buffer: 4 * K, number: 8, each: 4 * K, busy: None, temp_write: None, max_temp: 1 << 30 };

    #[test]
    fn whatever_is_refused_holds_together_after_the_mend() {
        assert!(DEFAULT.broken("proxy_").is_none());
        let mut refused = 0;
        for buffer in [1, 4, 8, 16, 128] {
            for (number, each) in [(1, 4), (2, 4), (4, 32), (8, 4), (8, 16)] {
                for busy in [None, Some(1), Some(8), Some(64), Some(1000)] {
                    for (temp_write, max_temp) in [(None, 1 << 20), (Some(4), 1 << 20), (None, 8), (None, 0)]
                    {
                        let numbers = Numbers {
                            buffer: buffer * K,
                            number,
                            each: each * K,
                            busy: busy.map(|it| it * K),
                            temp_write: temp_write.map(|it: u64| it * K),
                            max_temp: max_temp * K,
                        };
                        refused += u32::from(numbers.broken("proxy_").is_some());
                        assert!(numbers.mended().broken("proxy_").is_none());
                        assert!(numbers.broken("proxy_").is_some() || numbers.mended() == numbers);
                    }
                }
            }
        }
        assert!(refused > 100);
    }

    #[test]
    fn the_usual_mistake_gets_the_usual_mend() {
        let mended = Numbers { buffer: 16 * K, ..DEFAULT }.mended();
        assert_eq!((mended.number, mended.each), (8, 16 * K));
        // 14 KiB is the most that goes with the default buffers.
        assert!(Numbers { buffer: 14 * K, ..DEFAULT }.broken("proxy_").is_none());
        assert!(Numbers { buffer: 14 * K + 1, ..DEFAULT }.broken("proxy_").is_some());
    }
}
