//! The findings that a team knows and has not mended yet: a run that goes by them shows what is new.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many findings of each fingerprint are known, and one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline(BTreeMap<String, (usize, Entry)>);

/// A known finding, as the file lists it. Only the fingerprint counts; the rest is for whoever reads the file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The name of its rule.
    pub rule: String,
    /// The file that it points to.
    pub path: String,
    /// See [`fingerprint`](crate::fingerprint::fingerprint).
    pub fingerprint: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    findings: Vec<Entry>,
}

/// The version of the file's format.
const VERSION: u32 = 1;

impl Baseline {
    /// Reads the file.
    ///
    /// # Errors
    /// If it is no baseline; the message says where, and what to do.
    pub fn read(text: &str) -> Result<Baseline, String> {
        let again = "write it anew with `--write-baseline`";
        let document: Document =
            serde_json::from_str(text).map_err(|error| format!("this is no baseline: {error}; {again}"))?;
        if document.version != VERSION {
            return Err(format!(
                "this is a baseline of version {}, not {VERSION}: {again}",
                document.version
            ));
        }
        let mut counts = BTreeMap::new();
        for entry in document.findings {
            counts.entry(entry.fingerprint.clone()).or_insert((0, entry)).0 += 1;
        }
        Ok(Baseline(counts))
    }

    /// The text of the file, which ends in a line end.
    pub fn write(mut findings: Vec<Entry>) -> String {
        findings.sort_by(|a, b| (&a.path, &a.rule, &a.fingerprint).cmp(&(&b.path, &b.rule, &b.fingerprint)));
        let document = Document { version: VERSION, findings };
        // There is nothing in it that JSON could not hold.
        serde_json::to_string_pretty(&document).map(|text| text + "\n").unwrap_or_default()
    }

    /// Whether one more finding of a fingerprint is known; it counts as met then.
    pub fn take(&mut self, fingerprint: &str) -> bool {
        let known = self.0.get_mut(fingerprint).filter(|(count, _)| *count > 0);
        if let Some((count, _)) = known {
            *count -= 1;
            return true;
        }
        false
    }

    /// How many findings are known and were not met, of those that could have been.
    pub fn left(&self, could_be: impl Fn(&Entry) -> bool) -> usize {
        self.0.values().filter(|(_, entry)| could_be(entry)).map(|(count, _)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, fingerprint: &str) -> Entry {
        Entry { rule: "zero-timeout".into(), path: path.into(), fingerprint: fingerprint.into() }
    }

    #[test]
    fn each_finding_is_known_as_often_as_it_was_written() {
        let text = Baseline::write(vec![entry("b", "2"), entry("a", "1"), entry("c", "1")]);
        assert!(text.ends_with("}\n") && text.find("\"a\"") < text.find("\"b\""));
        let mut baseline = Baseline::read(&text).unwrap();
        assert_eq!(["1", "1", "1", "3"].map(|it| baseline.take(it)), [true, true, false, false]);
        assert_eq!((baseline.left(|_| true), baseline.left(|entry| entry.path == "a")), (1, 0));
    }

    #[test]
    fn what_is_no_baseline_is_refused() {
        for text in ["", "[]", "{\"version\": 2, \"findings\": []}", "{\"version\": 1}"] {
            let message = Baseline::read(text).unwrap_err();
            assert!(message.contains("--write-baseline"), "{message}");
        }
    }
}
