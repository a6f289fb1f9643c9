//! The JSON Schema of `hoplint.toml`, for editors.

use serde_json::{Map, Value, json};

use super::Truth;
use super::keys::{KEYS, Key, Takes};
use super::selector::{Selector, level_names};
use super::versions::Program;

/// A glob that is none of those that a .gitignore would read otherwise.
const GLOB: &str = r"^(?![#!]|\./)(?!(.*/)?\.\.(/|$)).*\S";

/// A path from the directory of the configuration on.
const RELATIVE: &str = r"^(?!/)(?!(.*/)?\.\.(/|$)).";

/// An address: a port behind a host or behind an IPv6 address in brackets, or the path of a socket.
const ADDRESS: &str = concat!(
    r"^(unix:/.+|",
    r"(\[[0-9A-Fa-f:.]+\]|((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.(?!:)|(?=:))){4}|(?![0-9.]+:)[0-9A-Za-z_-]+(\.[0-9A-Za-z_-]+)*)",
    r":([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))$"
);

/// The schema, in the draft that editors know best.
pub fn schema() -> Value {
    let mut schema = table(KEYS);
    let Some(top) = schema.as_object_mut() else { return schema };
    top.insert("$schema".into(), "http://json-schema.org/draft-07/schema#".into());
    top.insert("title".into(), "hoplint".into());
    let about = "The configuration of hoplint: hoplint.toml, or the table tool.hoplint of pyproject.toml.";
    top.insert("description".into(), about.into());
    let definitions = json!({
        "selector": {"description": "A rule, a category of rules, or all of them.", "enum": Selector::names()},
        "selectors": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/selector"}},
        "severity": {"description": "How bad findings are.", "enum": level_names()},
        "glob": {"type": "string", "pattern": GLOB},
        "globs": {"type": "array", "items": {"$ref": "#/definitions/glob"}},
        "path": {"type": "string", "pattern": RELATIVE},
        "address": {"type": "string", "pattern": ADDRESS},
    });
    top.insert("definitions".into(), definitions);
    schema
}

fn table(keys: &[Key]) -> Value {
    let properties: Map<String, Value> = keys.iter().map(|key| (key.name.into(), property(key))).collect();
    let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = json!({"type": "object", "additionalProperties": false, "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn property(key: &Key) -> Value {
    let mut schema = takes(key.takes);
    if let Ok(default) = toml::from_str::<toml::Table>(&format!("it = {}", key.default)) {
        schema["default"] = json!(default["it"]);
    }
    schema["description"] = key.about.into();
    schema
}

fn takes(takes: Takes) -> Value {
    // Beside a `$ref` an editor of this draft sees nothing else.
    let named = |name: &str| json!({"allOf": [{"$ref": format!("#/definitions/{name}")}]});
    match takes {
        Takes::Flag => json!({"type": "boolean"}),
        Takes::Severity => json!({"enum": ["error", "warning", "note"]}),
        Takes::Truth => json!({"enum": Truth::ALL.map(Truth::name)}),
        Takes::Version(program) => json!({"type": "string", "pattern": version(program)}),
        Takes::Limit(limit) if limit.is_size() => json!({"type": "string", "pattern": "^[0-9]+[KMG]?$"}),
        Takes::Limit(limit) => json!({"type": "integer", "minimum": 1, "maximum": limit.most()}),
        Takes::File => json!({"type": "string", "minLength": 1}),
        Takes::Root => named("path"),
        Takes::Selectors => named("selectors"),
        Takes::Globs => named("globs"),
        Takes::Addresses => json!({"type": "array", "items": {"$ref": "#/definitions/address"}}),
        Takes::Severities => json!({
            "type": "object",
            "propertyNames": {"$ref": "#/definitions/selector"},
            "additionalProperties": {"$ref": "#/definitions/severity"},
        }),
        Takes::Ignores => json!({
            "type": "object",
            "propertyNames": {"pattern": GLOB},
            "additionalProperties": {"$ref": "#/definitions/selectors"},
        }),
        Takes::Paths => json!({
            "type": "object",
            "propertyNames": {"pattern": "^/"},
            "additionalProperties": {"$ref": "#/definitions/path"},
        }),
        Takes::Table(keys) => table(keys),
        Takes::Tables(keys) => json!({"type": "array", "items": table(keys)}),
    }
}

/// The versions of a program that there are. A leading zero changes no number.
fn version(program: Program) -> String {
    let exist: Vec<String> = program.exist().map(|it| it.to_string()).collect();
    let exist = exist.join("|");
    match program {
        Program::Nginx => format!(r"^0*1(\.0*({exist})(\.[0-9]{{1,9}})?)?$"),
        Program::Gunicorn | Program::Systemd => format!(r"^0*({exist})(\.[0-9]{{1,9}}){{0,2}}$"),
    }
}
