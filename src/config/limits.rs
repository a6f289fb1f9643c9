//! The keys of `[limits]`.

use toml::de::DeValue;

use super::Settings;
use super::keys::{Key, Takes};
use super::reader::{Reader, Value};
use crate::limits::Limit;

pub(super) static LIMITS: &[Key] = &[
    Key {
        name: "file-size",
        takes: Takes::Limit(Limit::File),
        about: "The largest file of nginx's, of packages, and of scripts that is read. Of hoplint's own files it holds too.",
        default: "\"16M\"",
        required: false,
        read: |reader, value, settings| read(reader, value, Limit::File, settings),
    },
    Key {
        name: "source-size",
        takes: Takes::Limit(Limit::Source),
        about: "The largest Gunicorn configuration, Python module, unit, Compose file, and file about directories and \
                accounts that is read.",
        default: "\"1M\"",
        required: false,
        read: |reader, value, settings| read(reader, value, Limit::Source, settings),
    },
    Key {
        name: "total-size",
        takes: Takes::Limit(Limit::Total),
        about: "How large all files may be together that are read.",
        default: "\"256M\"",
        required: false,
        read: |reader, value, settings| read(reader, value, Limit::Total, settings),
    },
    Key {
        name: "ignore-size",
        takes: Takes::Limit(Limit::Ignore),
        about: "The largest .gitignore or .ignore of a directory that is gone into.",
        default: "\"1M\"",
        required: false,
        read: |reader, value, settings| read(reader, value, Limit::Ignore, settings),
    },
    Key {
        name: "directives",
        takes: Takes::Limit(Limit::Directives),
        about: "How many of nginx's directives of one machine are followed in files that are read again: those of a file \
                count each time but the first that it is included.",
        default: "4000000",
        required: false,
        read: |reader, value, settings| read(reader, value, Limit::Directives, settings),
    },
];

/// Reads a limit: a size is a text, and a count is a number.
fn read(reader: &mut Reader, value: &Value, limit: Limit, settings: &mut Settings) {
    if limit.is_size() {
        if let Some(size) = reader.text(value, |text| limit.size(text)) {
            settings.limits.set(limit, size);
        }
        return;
    }
    let DeValue::Integer(written) = value.get_ref() else {
        return reader.wrong_type(value, "a number, without quotes");
    };
    let number = u64::from_str_radix(written.as_str(), written.radix()).ok();
    match limit.fitting(number, written.as_str()) {
        Ok(number) => settings.limits.set(limit, number),
        Err(message) => reader.fault(value.span(), message, None),
    }
}
