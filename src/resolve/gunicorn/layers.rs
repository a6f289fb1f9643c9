//! One setting from its layers: each replaces what the one below it says.
//!
//! Source: `Application.load_config` in `gunicorn/app/base.py` of 20.1.0, 23.0.0 and 27.0.1, which agree.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::argparse::{Given, Options};
use super::python::str;
use super::scope::{Scope, variable};
use super::table::{self, Fallback, Row};
use super::validate::{Trouble, int, is_no_int, no_int, validate};
use super::value::Value;
use crate::model::{
    Anchor, AppFault, AppFaultKind, Datum, Dialect, Origin, OriginKind, Setting, Table, Version,
};
use crate::resolve::launch::Environment;
use crate::source::{Sources, Span};
use crate::value::{Duration, Possible};

/// All settings of an app.
pub(super) type Settings = BTreeMap<&'static str, Arc<Setting<Datum>>>;

/// Why a setting that nobody sets is not known.
pub(super) const MACHINE: &str = "its default depends on the machine";

/// What a configuration file may say.
pub(super) enum File<'a> {
    /// There is none.
    Absent,
    /// This one, for certain, as its names are in the end.
    Read(&'a Scope<'a>),
    /// Perhaps this one, or another: what it binds is unknown, for this reason.
    Perhaps(Vec<&'a Scope<'a>>, String),
    /// One that is not known.
    Unknown(String),
}

/// What the layers depend on.
pub(super) struct Layers<'a> {
    pub(super) version: Version,
    /// What [`standard`] says of that version.
    pub(super) standard: &'a Settings,
    pub(super) environment: &'a Environment,
    /// The directory that Gunicorn starts in.
    pub(super) directory: Possible<String>,
    pub(super) file: File<'a>,
    pub(super) variable: Options,
    /// Where `GUNICORN_CMD_ARGS` is set.
    pub(super) variable_place: Option<Span>,
    pub(super) line: Options,
    pub(super) sources: &'a Sources,
}

/// All settings that a release has, as they are where nobody says anything.
pub(super) fn standard(version: Version) -> Settings {
    table::of_version(version).map(|row| (row.name, Arc::new(fallback(row, version)))).collect()
}

/// All settings that a release has, and what it refuses of any layer, also where a layer above says something else.
pub(super) fn resolve(layers: &Layers) -> (Settings, Vec<AppFault>) {
    let mut faults = Faults::default();
    let rows = table::of_version(layers.version);
    let settings = rows.map(|row| (row.name, layers.setting(row, &mut faults))).collect();
    (settings, faults.into_all(layers))
}

/// The faults of each layer, in the order in which Gunicorn comes upon them.
#[derive(Default)]
struct Faults {
    defaults: Vec<AppFault>,
    file: Vec<AppFault>,
    variable: Vec<AppFault>,
    line: Vec<AppFault>,
}

impl Faults {
    fn into_all(self, layers: &Layers) -> Vec<AppFault> {
        let words = [&layers.line, &layers.variable].into_iter().flat_map(|options| options.faults.clone());
        let mut all: Vec<AppFault> = words.collect();
        all.extend(self.defaults);
        // Where argparse gives up, no value of an option is looked at.
        all.extend(self.file);
        all.extend(self.variable);
        all.extend(self.line);
        all
    }
}

impl Layers<'_> {
    /// A setting, which is one and the same thing for all apps of which nobody says anything.
    fn setting(&self, row: &'static Row, faults: &mut Faults) -> Arc<Setting<Datum>> {
        if let Some(why) = self.line.refused.as_ref().or(self.variable.refused.as_ref()) {
            return Arc::new(Setting::unknown(why.clone(), Origin::DEFAULT));
        }
        let setting = self.default(row, &mut faults.defaults);
        let setting = self.of_file(row, setting, &mut faults.file);
        let setting =
            self.of_options(row, setting, &self.variable, OriginKind::Environment, &mut faults.variable);
        self.of_options(row, setting, &self.line, OriginKind::CommandLine, &mut faults.line)
    }

    /// What goes where nobody says anything.
    fn standard(&self, row: &Row) -> Arc<Setting<Datum>> {
        let standard = self.standard.get(row.name).cloned();
        standard.unwrap_or_else(|| Arc::new(fallback(row, self.version)))
    }

    /// The default, which three settings take from the environment.
    fn default(&self, row: &'static Row, faults: &mut Vec<AppFault>) -> Arc<Setting<Datum>> {
        let variable_name = match row.name {
            "bind" => "PORT",
            "workers" => "WEB_CONCURRENCY",
            "forwarded_allow_ips" => "FORWARDED_ALLOW_IPS",
            "default_proc_name" | "logconfig" => return self.of_application(row),
            _ => return self.standard(row),
        };
        let place = self.environment.listed(variable_name).and_then(|setting| setting.origin.place);
        let from_environment = place
            .map_or(Origin { kind: OriginKind::Environment, place: None, anchor: None }, |place| {
                Origin::at(OriginKind::Environment, place)
            });
        let read = |text: &str| -> Result<Datum, Trouble> {
            let value = match row.name {
                "bind" => Value::List(vec![Value::Text(format!("0.0.0.0:{text}"))]),
                "workers" => match int(text, false) {
                    Some(number) => Value::Int(number),
                    None if is_no_int(text, false) => return Err(Trouble::Refused(no_int(text, 10))),
                    None => return Err(Trouble::Unknown("this `WEB_CONCURRENCY` is not followed".into())),
                },
                _ => Value::Text(text.into()),
            };
            validate(row, self.version, &value, &self.directory)
        };
        Arc::new(match variable(self.environment, variable_name) {
            Possible::Known(None) => return self.standard(row),
            Possible::Known(Some(text)) => {
                let value = match read(&text) {
                    Ok(datum) => Possible::Known(datum),
                    Err(Trouble::Unknown(why)) => Possible::Unknown(why),
                    Err(Trouble::Refused(message)) => {
                        let why = format!("Gunicorn refuses this `{variable_name}`");
                        if let Some(place) = place {
                            let kind = AppFaultKind::Value;
                            let fault = self.fault(kind, row, place, variable_name, text, message);
                            faults.push(fault);
                        }
                        Possible::Unknown(why)
                    }
                };
                Setting { value, origin: from_environment }
            }
            Possible::OneOf(_) | Possible::Usually(_) => {
                Setting::unknown(format!("`{variable_name}` of the environment decides"), from_environment)
            }
            Possible::Unknown(why) => Setting::unknown(
                format!("`{variable_name}` of the environment decides: {why}"),
                Origin::DEFAULT,
            ),
        })
    }

    fn fault(
        &self,
        kind: AppFaultKind,
        row: &Row,
        place: Span,
        setting: &str,
        value: String,
        message: String,
    ) -> AppFault {
        fault(kind, row, self.version, place, setting, value, message)
    }

    /// Gunicorn takes two defaults from the application that it is to serve, `init` in `gunicorn/app/wsgiapp.py`.
    fn of_application(&self, row: &'static Row) -> Arc<Setting<Datum>> {
        let mut rows = table::of_version(self.version);
        if rows.any(|row| {
            row.name == "paste" && (self.line.get(row).is_some() || self.line.doubt(row).is_some())
        }) {
            return Arc::new(Setting::unknown("what `--paste` brings is not known", Origin::DEFAULT));
        }
        match &self.line.target {
            Some((text, place)) if row.name == "default_proc_name" => {
                let origin = Origin::at(OriginKind::CommandLine, *place);
                Arc::new(Setting { value: text.clone().map(Datum::Text), origin })
            }
            _ => self.standard(row),
        }
    }

    fn of_file(
        &self,
        row: &Row,
        below: Arc<Setting<Datum>>,
        faults: &mut Vec<AppFault>,
    ) -> Arc<Setting<Datum>> {
        match &self.file {
            File::Absent => below,
            File::Read(scope) => {
                let said = of_scope(row, self.version, scope, &self.directory);
                faults.extend(said.fault.clone());
                said.over(below)
            }
            File::Perhaps(scopes, why) => {
                let may_bind = scopes.iter().any(|scope| scope.bound(row.name) != Possible::Known(None));
                if may_bind { Arc::new(Setting::unknown(why.clone(), Origin::DEFAULT)) } else { below }
            }
            File::Unknown(why) => Arc::new(Setting::unknown(why.clone(), Origin::DEFAULT)),
        }
    }

    fn of_options(
        &self,
        row: &Row,
        below: Arc<Setting<Datum>>,
        options: &Options,
        kind: OriginKind,
        faults: &mut Vec<AppFault>,
    ) -> Arc<Setting<Datum>> {
        if let Some(given) = options.get(row) {
            let directory = &self.directory;
            let judged = judge(row, &given.value, |value| validate(row, self.version, value, directory));
            if let Some((value, message)) = judged.refused {
                let flag = row.flags.last().copied().unwrap_or(row.name);
                let eats = given.option.is_some() && options.target.is_none() && row.name == "proxy_protocol";
                let kind = if eats { AppFaultKind::EatenApplication } else { AppFaultKind::Value };
                let place = given.option.filter(|_| eats).unwrap_or(given.place);
                faults.push(self.fault(kind, row, place, flag, str(&value), message));
            }
            let value = judged.value;
            let origin = match (kind, self.variable_place) {
                (OriginKind::Environment, Some(place)) => Origin::at(kind, place),
                (OriginKind::Environment, None) => Origin { kind, place: None, anchor: None },
                _ => self.origin_of(given, kind),
            };
            return Arc::new(Setting { value, origin });
        }
        match options.doubt(row) {
            Some(why) => Arc::new(Setting::unknown(why, below.origin.clone())),
            None => below,
        }
    }

    /// An option can be changed where its value stands in the file as the process gets it.
    fn origin_of(&self, given: &Given, kind: OriginKind) -> Origin {
        let Span { file, start, end } = given.place;
        let written = self.sources.text(given.place);
        let plain =
            written.bytes().all(|byte| !matches!(byte, b'"' | b'\'' | b'\\' | b'$' | b'%') && byte > b' ');
        match given.tail.and_then(|tail| u32::try_from(tail).ok()) {
            Some(tail)
                if plain
                    && tail <= end - start
                    && given_text(given, &written[written.len() - tail as usize..]) =>
            {
                let value = Span { file, start: end - tail, end };
                Origin::anchored(kind, Anchor { span: given.place, value, dialect: Dialect::CommandLine })
            }
            _ => Origin::at(kind, given.place),
        }
    }
}

/// Whether a written text is what the option got.
fn given_text(given: &Given, written: &str) -> bool {
    match given.value.known() {
        Some(Value::Text(text)) => text == written,
        Some(Value::Int(number)) => int(written, true).or(int(written, false)) == Some(*number),
        Some(Value::List(items)) => matches!(items.as_slice(), [Value::Text(text)] if text == written),
        _ => false,
    }
}

/// What a layer says: nothing where the value is `None`.
pub(super) struct Said {
    pub(super) value: Possible<Option<Datum>>,
    pub(super) origin: Origin,
    /// What is refused of it.
    pub(super) fault: Option<AppFault>,
}

/// What came of a value.
struct Judged<V, T> {
    value: Possible<T>,
    /// The first of the values and why it is refused, where all are.
    refused: Option<(V, String)>,
}

/// What comes of each of the values that there may be.
fn judge<V: Clone, T: PartialEq>(
    row: &Row,
    value: &Possible<V>,
    validate: impl Fn(&V) -> Result<T, Trouble>,
) -> Judged<V, T> {
    if let Possible::Known(value) = value
        && let Ok(datum) = validate(value)
    {
        return Judged { value: Possible::Known(datum), refused: None };
    }
    let values = match value {
        Possible::Unknown(why) => return Judged { value: Possible::Unknown(why.clone()), refused: None },
        other => other.likely(),
    };
    let unless = if let Possible::Usually(usual) = value { Some(usual.unless.as_str()) } else { None };
    let (mut taken, mut refused, mut unknown) = (Vec::new(), Vec::new(), None);
    for value in values {
        match validate(value) {
            Ok(datum) => taken.push(datum),
            Err(Trouble::Refused(message)) => refused.push((value.clone(), message)),
            Err(Trouble::Unknown(why)) => unknown = unknown.or(Some(why)),
        }
    }
    let all_refused = taken.is_empty() && unknown.is_none() && unless.is_none();
    let value = match unknown {
        Some(why) => Possible::Unknown(why),
        None if refused.is_empty() => match unless {
            Some(condition) => Possible::one_of(taken).unless(condition),
            None => Possible::one_of(taken),
        },
        None => Possible::Unknown(format!("Gunicorn refuses this value of `{}`", row.name)),
    };
    Judged { value, refused: refused.into_iter().next().filter(|_| all_refused) }
}

/// A value that is refused.
fn fault(
    kind: AppFaultKind,
    row: &Row,
    version: Version,
    place: Span,
    setting: &str,
    value: String,
    message: String,
) -> AppFault {
    let version = table::depends_on_version(row).then_some(version);
    AppFault { version, ..AppFault::new(kind, place, setting, &value, message) }
}

impl Said {
    /// The setting where the layer below says something too.
    pub(super) fn over(self, below: Arc<Setting<Datum>>) -> Arc<Setting<Datum>> {
        let origin = self.origin;
        Arc::new(match self.value {
            Possible::Known(None) => return below,
            Possible::Known(Some(datum)) => Setting::known(datum, origin),
            Possible::Unknown(why) => Setting { value: Possible::Unknown(why), origin },
            Possible::OneOf(values) => Setting { value: each_over(values, &below), origin },
            Possible::Usually(usual) => {
                Setting { value: each_over(usual.values, &below).unless(&usual.unless), origin }
            }
        })
    }
}

fn each_over(values: Vec<Option<Datum>>, below: &Setting<Datum>) -> Possible<Datum> {
    let values = values.into_iter().map(|value| match value {
        Some(datum) => Possible::Known(datum),
        None => below.value.clone(),
    });
    values.reduce(Possible::or).unwrap_or(Possible::Unknown("not resolved".into()))
}

/// What a configuration file says of a setting.
pub(super) fn of_scope(row: &Row, version: Version, scope: &Scope, directory: &Possible<String>) -> Said {
    let judged = judge(row, &scope.bound(row.name), |value| match value {
        None => Ok(None),
        Some(value) => validate(row, version, value, directory).map(Some),
    });
    let value = judged.value;
    let origin = match (scope.names.get(row.name), &value) {
        (Some(name), Possible::Unknown(why)) if why == "a template fills it in" => {
            Origin::at(OriginKind::Template, name.place)
        }
        (Some(name), _) => name.anchor.map_or_else(
            || Origin::at(OriginKind::Written, name.place),
            |anchor| Origin::anchored(OriginKind::Written, anchor),
        ),
        (None, _) => Origin::DEFAULT,
    };
    let refused = judged.refused.and_then(|(value, message)| Some((value?, message, origin.place?)));
    let fault = refused.map(|(value, message, place)| {
        let place = origin.anchor.map_or(place, |anchor| anchor.value);
        fault(AppFaultKind::FileValue, row, version, place, row.name, str(&value), message)
    });
    Said { value, origin, fault }
}

fn fallback(row: &Row, version: Version) -> Setting<Datum> {
    let datum = match table::default(row, version) {
        Fallback::Unset => Datum::Unset,
        Fallback::Bool(value) => Datum::Bool(value),
        Fallback::Text(text) => Datum::Text(text.into()),
        Fallback::List(items) => Datum::List(items.iter().map(|item| item.to_string()).collect()),
        Fallback::Table(entries) => {
            let shown: Vec<String> =
                entries.iter().map(|(name, text)| format!("'{name}': '{text}'")).collect();
            let entries = entries.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
            Datum::Table(Box::new(Table { text: format!("{{{}}}", shown.join(", ")), entries }))
        }
        Fallback::Machine => return Setting::unknown(MACHINE, Origin::DEFAULT),
        Fallback::Int(number) => match (row.kind, u64::try_from(number)) {
            (table::Kind::Seconds, Ok(seconds)) => Datum::Duration(Duration::seconds(seconds)),
            _ => Datum::Int(number),
        },
    };
    Setting::known(datum, Origin::DEFAULT)
}
