//! One setting from its layers: each replaces what the one below it says.
//!
//! Source: `Application.load_config` in `gunicorn/app/base.py` of 20.1.0, 23.0.0 and 27.0.1, which agree.

use std::collections::BTreeMap;

use super::argparse::{Given, Options};
use super::scope::{Scope, variable};
use super::table::{self, Fallback, Row};
use super::validate::{int, validate};
use super::value::Value;
use crate::model::{Anchor, Datum, Dialect, Origin, OriginKind, Setting, Version};
use crate::resolve::launch::Environment;
use crate::source::{Sources, Span};
use crate::value::{Duration, Possible};

/// All settings of an app.
pub(super) type Settings = BTreeMap<&'static str, Setting<Datum>>;

/// Why a setting that nobody sets is not known.
pub(super) const MACHINE: &str = "its default depends on the machine";

/// What a configuration file may say.
pub(super) enum File<'a> {
    /// There is none.
    Absent,
    /// This one, for certain, as its names are in the end. Where it begins, for what is not anchored.
    Read(&'a Scope<'a>),
    /// Perhaps this one, or another: what it binds is unknown, for this reason.
    Perhaps(Vec<&'a Scope<'a>>, String),
    /// One that is not known.
    Unknown(String),
}

/// What the layers depend on.
pub(super) struct Layers<'a> {
    pub(super) version: Version,
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

/// All settings that a release has.
pub(super) fn resolve(layers: &Layers) -> Settings {
    table::of_version(layers.version).map(|row| (row.name, layers.setting(row))).collect()
}

impl Layers<'_> {
    fn setting(&self, row: &'static Row) -> Setting<Datum> {
        if let Some(why) = self.line.refused.as_ref().or(self.variable.refused.as_ref()) {
            return Setting::unknown(why.clone(), Origin::DEFAULT);
        }
        let setting = self.of_file(row, self.default(row));
        let setting = self.of_options(row, setting, &self.variable, OriginKind::Environment);
        self.of_options(row, setting, &self.line, OriginKind::CommandLine)
    }

    /// The default, which three settings take from the environment.
    fn default(&self, row: &'static Row) -> Setting<Datum> {
        let variable_name = match row.name {
            "bind" => "PORT",
            "workers" => "WEB_CONCURRENCY",
            "forwarded_allow_ips" => "FORWARDED_ALLOW_IPS",
            "default_proc_name" | "logconfig" => return self.of_application(row),
            _ => return fallback(row, self.version),
        };
        let standard = fallback(row, self.version);
        let place = self.environment.variables.get(variable_name).and_then(|setting| setting.origin.place);
        let from_environment = place
            .map_or(Origin { kind: OriginKind::Environment, place: None, anchor: None }, |place| {
                Origin::at(OriginKind::Environment, place)
            });
        let read = |text: String| -> Result<Datum, String> {
            let value = match row.name {
                "bind" => Value::List(vec![Value::Text(format!("0.0.0.0:{text}"))]),
                "workers" => Value::Int(int(&text, false).ok_or("Gunicorn refuses this `WEB_CONCURRENCY`")?),
                _ => Value::Text(text),
            };
            validate(row, self.version, &value, &self.directory)
        };
        match variable(self.environment, variable_name) {
            Possible::Known(None) => standard,
            Possible::Known(Some(text)) => {
                let value = read(text).map_or_else(Possible::Unknown, Possible::Known);
                Setting { value, origin: from_environment }
            }
            Possible::OneOf(_) | Possible::Usually { .. } => {
                Setting::unknown(format!("`{variable_name}` of the environment decides"), from_environment)
            }
            Possible::Unknown(why) => Setting::unknown(
                format!("`{variable_name}` of the environment decides: {why}"),
                Origin::DEFAULT,
            ),
        }
    }

    /// Gunicorn takes two defaults from the application that it is to serve, `init` in `gunicorn/app/wsgiapp.py`.
    fn of_application(&self, row: &'static Row) -> Setting<Datum> {
        let standard = fallback(row, self.version);
        let mut rows = table::of_version(self.version);
        if rows.any(|row| {
            row.name == "paste" && (self.line.get(row).is_some() || self.line.doubt(row).is_some())
        }) {
            return Setting::unknown("what `--paste` brings is not known", Origin::DEFAULT);
        }
        match &self.line.target {
            Some((text, place)) if row.name == "default_proc_name" => {
                let origin = Origin::at(OriginKind::CommandLine, *place);
                Setting { value: text.clone().map(Datum::Text), origin }
            }
            _ => standard,
        }
    }

    fn of_file(&self, row: &Row, below: Setting<Datum>) -> Setting<Datum> {
        match &self.file {
            File::Absent => below,
            File::Read(scope) => of_scope(row, self.version, scope, &self.directory).over(below),
            File::Perhaps(scopes, why) => {
                let may_bind = scopes.iter().any(|scope| scope.bound(row.name) != Possible::Known(None));
                if may_bind { Setting::unknown(why.clone(), Origin::DEFAULT) } else { below }
            }
            File::Unknown(why) => Setting::unknown(why.clone(), Origin::DEFAULT),
        }
    }

    fn of_options(
        &self,
        row: &Row,
        below: Setting<Datum>,
        options: &Options,
        kind: OriginKind,
    ) -> Setting<Datum> {
        if let Some(given) = options.get(row) {
            let directory = &self.directory;
            let value = given.value.clone().try_map(|value| validate(row, self.version, &value, directory));
            let origin = match (kind, self.variable_place) {
                (OriginKind::Environment, Some(place)) => Origin::at(kind, place),
                (OriginKind::Environment, None) => Origin { kind, place: None, anchor: None },
                _ => self.origin_of(given, kind),
            };
            return Setting { value, origin };
        }
        match options.doubt(row) {
            Some(why) => Setting::unknown(why, below.origin),
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
}

impl Said {
    /// The setting where the layer below says something too.
    pub(super) fn over(self, below: Setting<Datum>) -> Setting<Datum> {
        let origin = self.origin;
        match self.value {
            Possible::Known(None) => below,
            Possible::Known(Some(datum)) => Setting::known(datum, origin),
            Possible::Unknown(why) => Setting { value: Possible::Unknown(why), origin },
            Possible::OneOf(values) => Setting { value: each_over(values, &below), origin },
            Possible::Usually { values, unless } => {
                Setting { value: each_over(values, &below).unless(&unless), origin }
            }
        }
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
    let value = scope.bound(row.name).try_map(|value| match value {
        None => Ok(None),
        Some(value) => validate(row, version, &value, directory).map(Some),
    });
    let value = value.distinct();
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
    Said { value, origin }
}

fn fallback(row: &Row, version: Version) -> Setting<Datum> {
    let datum = match table::default(row, version) {
        Fallback::Unset => Datum::Unset,
        Fallback::Bool(value) => Datum::Bool(value),
        Fallback::Text(text) => Datum::Text(text.into()),
        Fallback::List(items) => Datum::List(items.iter().map(|item| item.to_string()).collect()),
        Fallback::Machine => return Setting::unknown(MACHINE, Origin::DEFAULT),
        Fallback::Int(number) => match (row.kind, u64::try_from(number)) {
            (table::Kind::Seconds, Ok(seconds)) => Datum::Duration(Duration::seconds(seconds)),
            _ => Datum::Int(number),
        },
    };
    Setting::known(datum, Origin::DEFAULT)
}
