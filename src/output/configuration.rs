//! The configuration in force, as a `hoplint.toml` that means the same.

use std::io::{self, Write};

use toml::{Table, Value};

use super::on_one_line;
use crate::config::{KEYS, Key, Settings, Takes, written};

/// Writes the settings, each with where it comes from. The file that is used is named first, and those that were passed over,
/// with the reasons.
///
/// # Errors
/// If the text cannot be written.
pub fn configuration(
    settings: &Settings,
    passed_over: &[(String, &str)],
    to: &mut dyn Write,
) -> io::Result<()> {
    let used = settings.file.as_deref();
    let used = used.map_or("none, so that everything has its default".into(), on_one_line);
    writeln!(to, "# configuration: {used}")?;
    for (name, why) in passed_over {
        writeln!(to, "# passed over: {}: {why}", on_one_line(name))?;
    }
    writeln!(to)?;
    let page = Page { settings, to };
    page.table(&written(settings))
}

struct Page<'a> {
    settings: &'a Settings,
    to: &'a mut dyn Write,
}

impl Page<'_> {
    fn table(mut self, table: &Table) -> io::Result<()> {
        let (tables, plain): (Vec<&Key>, Vec<&Key>) = KEYS.iter().partition(|key| is_table(key.takes));
        for key in plain {
            self.value(key.name, key.name, table.get(key.name))?;
        }
        for key in tables {
            let name = key.name;
            match (key.takes, table.get(name)) {
                (Takes::Tables(keys), Some(Value::Array(machines))) => {
                    for (at, machine) in machines.iter().enumerate() {
                        writeln!(self.to, "\n[[{name}]]")?;
                        self.keys(keys, machine, name, &format!("{name}.{at}"))?;
                    }
                }
                (Takes::Table(keys), Some(inner)) => {
                    writeln!(self.to, "\n[{name}]")?;
                    self.keys(keys, inner, name, name)?;
                }
                (_, Some(Value::Table(inner))) => self.names(inner, name, name)?,
                _ => writeln!(self.to, "\n# {name}: nothing  # {}", self.origin(name))?,
            }
        }
        Ok(())
    }

    /// The fixed keys of a table, those that are tables last.
    fn keys(&mut self, keys: &[Key], table: &Value, header: &str, path: &str) -> io::Result<()> {
        let (tables, plain): (Vec<&Key>, Vec<&Key>) = keys.iter().partition(|key| is_table(key.takes));
        for key in plain {
            self.value(key.name, &format!("{path}.{}", key.name), table.get(key.name))?;
        }
        for key in tables {
            if let Some(inner) = table.get(key.name).and_then(Value::as_table) {
                self.names(inner, &format!("{header}.{}", key.name), &format!("{path}.{}", key.name))?;
            }
        }
        Ok(())
    }

    /// A table of names of the user's own.
    fn names(&mut self, table: &Table, header: &str, path: &str) -> io::Result<()> {
        writeln!(self.to, "\n[{header}]")?;
        for (name, value) in table {
            self.value(name, &format!("{path}.{name}"), Some(value))?;
        }
        Ok(())
    }

    fn value(&mut self, key: &str, path: &str, value: Option<&Value>) -> io::Result<()> {
        let mut origin = self.origin(path);
        if path == "target.gunicorn" {
            origin.push_str(", where no lock file and no requirement says it");
        }
        match value {
            Some(value) => writeln!(self.to, "{} = {value}  # {origin}", quoted(key)),
            None => writeln!(self.to, "# {key}: nothing  # {origin}"),
        }
    }

    fn origin(&self, path: &str) -> String {
        self.settings.origins.get(path).map_or("default".into(), |origin| on_one_line(origin))
    }
}

fn is_table(takes: Takes) -> bool {
    matches!(takes, Takes::Severities | Takes::Ignores | Takes::Paths | Takes::Table(_) | Takes::Tables(_))
}

/// A key as TOML has it: on one line, whatever is in it.
fn quoted(key: &str) -> String {
    let pair = Table::from_iter([(key.to_owned(), Value::Boolean(true))]).to_string();
    pair.trim_end().strip_suffix(" = true").unwrap_or(&pair).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_on_one_line() {
        for (key, written) in [
            ("nginx-rejected", "nginx-rejected"),
            ("", "\"\""),
            ("/srv/a b", "\"/srv/a b\""),
            ("a\nb", "\"a\\nb\""),
            ("a\"'b", "\"a\\\"'b\""),
            ("a = true", "\"a = true\""),
        ] {
            assert_eq!(quoted(key), written);
            let read: Table = format!("{written} = 1").parse().expect("it is TOML");
            assert!(read.contains_key(key));
        }
    }
}
