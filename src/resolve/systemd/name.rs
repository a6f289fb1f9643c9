//! Unit names: what they are made of, and which drop-in directories belong to them.

/// The types of units. Source: systemd.unit(5).
const TYPES: [&str; 11] = [
    "service",
    "socket",
    "target",
    "timer",
    "path",
    "slice",
    "mount",
    "automount",
    "swap",
    "device",
    "scope",
];

/// A unit's name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct UnitName {
    /// The whole: `web@8001.service`.
    pub(super) text: String,
    /// What stands before the `@`, or before the type: `web`.
    pub(super) prefix: String,
    /// What stands behind the `@`: empty for a template, absent where there is no `@`.
    pub(super) instance: Option<String>,
    /// The type: `service`.
    pub(super) kind: &'static str,
}

impl UnitName {
    /// Takes a name apart; `None` where it ends in no type of unit or is too long to name one.
    pub(super) fn parse(text: &str) -> Option<UnitName> {
        if text.len() > 255 {
            return None;
        }
        let (stem, kind) = text.rsplit_once('.')?;
        let kind = TYPES.into_iter().find(|it| *it == kind)?;
        if stem.is_empty() {
            return None;
        }
        let (prefix, instance) = match stem.split_once('@') {
            Some((prefix, instance)) => (prefix, Some(instance.to_owned())),
            None => (stem, None),
        };
        Some(UnitName { text: text.into(), prefix: prefix.into(), instance, kind })
    }

    /// Whether it is a template: `web@.service`.
    pub(super) fn is_template(&self) -> bool {
        self.instance.as_deref() == Some("")
    }

    /// The name of the template that an instance is made from.
    pub(super) fn template(&self) -> Option<String> {
        let instance = self.instance.as_deref()?;
        (!instance.is_empty()).then(|| format!("{}@.{}", self.prefix, self.kind))
    }

    /// The name of a template's instance.
    pub(super) fn with_instance(&self, instance: &str) -> UnitName {
        UnitName {
            text: format!("{}@{instance}.{}", self.prefix, self.kind),
            instance: Some(instance.into()),
            ..self.clone()
        }
    }

    /// The name without the type: `web@8001`.
    pub(super) fn stem(&self) -> &str {
        &self.text[..self.text.len() - self.kind.len() - 1]
    }

    /// The same name with another type.
    pub(super) fn with_kind(&self, kind: &str) -> String {
        format!("{}.{kind}", self.stem())
    }

    /// The names of the directories whose drop-ins apply, the most specific first.
    ///
    /// Seen with systemd 252: to `foo-bar@1.service` apply `foo-bar@1.service.d`, `foo-bar@.service.d`,
    /// `foo-@1.service.d`, `foo-@.service.d`, `foo-.service.d` and `service.d`.
    pub(super) fn drop_in_directories(&self) -> Vec<String> {
        let mut forms: Vec<String> = Vec::new();
        match self.instance.as_deref() {
            Some("") => forms.push("@".into()),
            Some(instance) => forms.extend([format!("@{instance}"), "@".into()]),
            None => forms.push(String::new()),
        }
        let mut prefixes = vec![self.prefix.as_str()];
        let chopped = self.prefix.rmatch_indices('-').map(|(at, _)| &self.prefix[..=at]);
        prefixes.extend(chopped.filter(|prefix| *prefix != self.prefix && *prefix != "-"));
        let mut directories = Vec::new();
        for (at, prefix) in prefixes.iter().enumerate() {
            for form in &forms {
                directories.push(format!("{prefix}{form}.{}.d", self.kind));
            }
            if at > 0 && self.instance.is_some() {
                directories.push(format!("{prefix}.{}.d", self.kind));
            }
        }
        directories.push(format!("{}.d", self.kind));
        directories
    }
}

/// The unit whose drop-ins a directory holds, by the directory's name: `web@.service` for `web@.service.d`.
pub(super) fn of_drop_in_directory(name: &str) -> Option<&str> {
    let unit = name.strip_suffix(".d")?;
    (UnitName::parse(unit).is_some() || TYPES.contains(&unit)).then_some(unit)
}

/// A name as systemd unescapes it for `%I`, `%J` and `%P`: `-` is `/`, `\x2d` a byte. `None` where the result is no
/// text.
pub(super) fn unescape(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let hex = behind.strip_prefix(b"x").and_then(|hex| hex.get(..2)).filter(|_| *first == b'\\');
        match hex {
            Some(hex) => {
                bytes.push(u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?);
                rest = &behind[3..];
            }
            None => {
                bytes.push(if *first == b'-' { b'/' } else { *first });
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let name = UnitName::parse("foo-bar@1.service").unwrap();
        assert_eq!(
            (name.prefix.as_str(), name.instance.as_deref(), name.stem()),
            ("foo-bar", Some("1"), "foo-bar@1")
        );
        assert_eq!(name.template().as_deref(), Some("foo-bar@.service"));
        assert!(UnitName::parse("web@.socket").unwrap().is_template());
        assert_eq!(UnitName::parse("a.b.service").unwrap().prefix, "a.b");
        assert_eq!(UnitName::parse(".service"), None);
        assert_eq!(UnitName::parse("a.conf"), None);
    }

    #[test]
    fn drop_in_directories_from_the_most_specific_on() {
        let of = |name: &str| UnitName::parse(name).unwrap().drop_in_directories();
        assert_eq!(of("a.service"), ["a.service.d", "service.d"]);
        assert_eq!(of("a-b-c.service"), ["a-b-c.service.d", "a-b-.service.d", "a-.service.d", "service.d"]);
        assert_eq!(
            of("foo-bar@1.service"),
            [
                "foo-bar@1.service.d",
                "foo-bar@.service.d",
                "foo-@1.service.d",
                "foo-@.service.d",
                "foo-.service.d",
                "service.d"
            ]
        );
    }

    /// Checked with `systemd-escape -u`.
    #[test]
    fn unescaping() {
        for (escaped, plain) in
            [("a-b", Some("a/b")), (r"a\x2db", Some("a-b")), ("8001", Some("8001")), (r"\xe9", None)]
        {
            assert_eq!(unescape(escaped).as_deref(), plain, "{escaped}");
        }
    }
}
