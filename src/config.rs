//! The configuration of hoplint itself: `hoplint.toml`, or `[tool.hoplint]` in `pyproject.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::baseline::Baseline;
use crate::finding::Severity;
use crate::model::{Target, Version};
use crate::source::Root;

/// What a run goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The rules that are on; all where there is nothing.
    pub select: Vec<String>,
    /// The rules that are off, whatever `select` says.
    pub ignore: Vec<String>,
    /// The mildest severity that is shown.
    pub show: Severity,
    /// The mildest severity that makes a run fail.
    pub fail_on: Severity,
    /// Which end of a hop is right where the two disagree, and both could be mended.
    pub truth: Truth,
    /// The versions that are meant.
    pub target: Target,
    /// The directory of the configuration, if there is one.
    pub directory: Option<PathBuf>,
    /// The trees of the run. Each is read as machines of its own.
    pub trees: Vec<Root>,
    /// Globs of files that are not read at all, as in a .gitignore beside the configuration.
    pub exclude: Vec<String>,
    /// Globs of files that are read even where .gitignore leaves them out or their name tells nothing.
    pub include: Vec<String>,
    /// Files that are of a language whatever they look like.
    pub files: FileKinds,
    /// The machines that are named.
    pub stacks: Vec<StackSettings>,
    /// The files that are reported on; all where there is nothing.
    pub only: Option<Vec<String>>,
    /// The files that fixes may change; all where there is nothing.
    pub may_change: Option<Vec<String>>,
    /// The findings that are known, and not shown.
    pub baseline: Option<Baseline>,
}

impl Settings {
    /// Whether a rule is asked.
    pub fn is_on(&self, rule: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| name == rule);
        (self.select.is_empty() || named(&self.select)) && !named(&self.ignore)
    }
}

/// Globs of files that are of a language whatever they look like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileKinds {
    /// Of nginx's.
    pub nginx: Vec<String>,
    /// Of Gunicorn's.
    pub gunicorn: Vec<String>,
    /// Of systemd's units.
    pub systemd: Vec<String>,
}

/// What is said of a machine, or of several whose directories one pattern names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackSettings {
    /// The directories, relative to the directory of the configuration, or to a tree that does not lie below it; `*` stands
    /// for one component.
    pub root: String,
    /// Globs of files elsewhere that belong to it too, from the directory of the configuration.
    pub include: Vec<String>,
    /// Globs of files below `root` that do not belong to it.
    pub exclude: Vec<String>,
    /// Absolute directories and files of the machine, each with the path that it has from the directory of the
    /// configuration.
    pub paths: Vec<(String, String)>,
}

/// Which end of a hop is right where the two disagree: fixes make the other one follow it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Truth {
    /// The app: nginx is made to follow.
    #[default]
    App,
    /// The proxy: Gunicorn is made to follow.
    Proxy,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            select: Vec::new(),
            ignore: Vec::new(),
            show: Severity::Warning,
            fail_on: Severity::Warning,
            truth: Truth::App,
            target: Target::NEWEST,
            directory: None,
            trees: vec![Root::default()],
            exclude: Vec::new(),
            include: Vec::new(),
            files: FileKinds::default(),
            stacks: Vec::new(),
            only: None,
            may_change: None,
            baseline: None,
        }
    }
}

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    select: Vec<String>,
    ignore: Vec<String>,
    fail_on: Option<Level>,
    fix: Fixing,
    target: Versions,
    exclude: Vec<String>,
    include: Vec<String>,
    files: FileKinds,
    stack: Vec<Stack>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Error,
    Warning,
    Note,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Fixing {
    truth: Truth,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Versions {
    nginx: Option<String>,
    gunicorn: Option<String>,
    systemd: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stack {
    root: String,
    #[serde(default)]
    include: Vec<String>,
    #[serde(default)]
    exclude: Vec<String>,
    #[serde(default)]
    paths: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pyproject {
    tool: Tool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tool {
    hoplint: Option<File>,
}

/// Reads a `hoplint.toml`.
///
/// # Errors
/// If the text is no TOML, or holds a key or a value that means nothing; the message shows the line.
pub fn from_hoplint_toml(text: &str) -> Result<Settings, String> {
    settings(toml::from_str(text).map_err(|error| error.to_string())?)
}

/// Reads the `[tool.hoplint]` table of a `pyproject.toml`, if it has one.
///
/// # Errors
/// As [`from_hoplint_toml`].
pub fn from_pyproject(text: &str) -> Result<Option<Settings>, String> {
    let pyproject: Pyproject = toml::from_str(text).map_err(|error| error.to_string())?;
    pyproject.tool.hoplint.map(settings).transpose()
}

fn settings(file: File) -> Result<Settings, String> {
    let mut settings = Settings { select: file.select, ignore: file.ignore, ..Settings::default() };
    if let Some(level) = file.fail_on {
        settings.fail_on = match level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Note => Severity::Note,
        };
    }
    settings.show = settings.show.min(settings.fail_on);
    settings.truth = file.fix.truth;
    let version = |text: Option<String>, newest: Version| text.map_or(Ok(newest), |text| text.parse());
    let Target { nginx, gunicorn, systemd } = Target::NEWEST;
    settings.target = Target {
        nginx: version(file.target.nginx, nginx)?,
        gunicorn: version(file.target.gunicorn, gunicorn)?,
        systemd: version(file.target.systemd, systemd)?,
    };
    (settings.exclude, settings.include, settings.files) = (file.exclude, file.include, file.files);
    let stack = |it: Stack| StackSettings {
        root: it.root,
        include: it.include,
        exclude: it.exclude,
        paths: it.paths.into_iter().collect(),
    };
    settings.stacks = file.stack.into_iter().map(stack).collect();
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let text = "ignore = [\"syntax-error\"]\nfail-on = \"error\"\n[target]\nnginx = \"1.22\"\n\
                    [[stack]]\nroot = \"hosts/*\"\n";
        let settings = from_hoplint_toml(text).unwrap();
        assert_eq!(settings.ignore, ["syntax-error"]);
        assert_eq!(settings.fail_on, Severity::Error);
        assert_eq!(settings.target.nginx, Version(1, 22, 0));
        assert_eq!(settings.stacks, [StackSettings { root: "hosts/*".into(), ..StackSettings::default() }]);
        assert!(from_pyproject("[project]\nname = \"x\"\n").unwrap().is_none());
        assert!(from_pyproject("[tool.hoplint]\nselect = [\"syntax-error\"]\n").unwrap().is_some());
    }

    #[test]
    fn which_files_are_read_and_where_they_belong_is_read() {
        let text = "exclude = [\"old/\"]\ninclude = [\"dist/site\"]\n[files]\nnginx = [\"*.ngx\"]\n\
                    [[stack]]\nroot = \"web\"\ninclude = [\"common/**\"]\nexclude = [\"*.bak\"]\n\
                    [stack.paths]\n\"/srv/app\" = \"backend\"\n";
        let settings = from_hoplint_toml(text).unwrap();
        assert_eq!((settings.exclude, settings.include), (vec!["old/".into()], vec!["dist/site".into()]));
        assert_eq!(settings.files, FileKinds { nginx: vec!["*.ngx".into()], ..FileKinds::default() });
        let expected = StackSettings {
            root: "web".into(),
            include: vec!["common/**".into()],
            exclude: vec!["*.bak".into()],
            paths: vec![("/srv/app".into(), "backend".into())],
        };
        assert_eq!(settings.stacks, [expected]);
    }

    #[test]
    fn the_truth_is_the_app_unless_it_is_said() {
        let proxy = "[fix]\ntruth = \"proxy\"\n";
        assert_eq!(from_hoplint_toml("").unwrap().truth, Truth::App);
        assert_eq!(from_hoplint_toml("[fix]\n").unwrap().truth, Truth::App);
        assert_eq!(from_hoplint_toml(proxy).unwrap().truth, Truth::Proxy);
        let pyproject = proxy.replace("[fix]", "[tool.hoplint.fix]");
        assert_eq!(from_pyproject(&pyproject).unwrap().unwrap().truth, Truth::Proxy);
    }

    #[test]
    fn a_wrong_truth_is_told_with_its_key_its_line_and_what_may_stand_there() {
        let wrong = "[fix]\ntruth = \"nginx\"\n";
        let in_pyproject = wrong.replace("[fix]", "[tool.hoplint.fix]");
        for error in [from_hoplint_toml(wrong).unwrap_err(), from_pyproject(&in_pyproject).unwrap_err()] {
            for part in ["line 2", "truth = \"nginx\"", "expected `app` or `proxy`"] {
                assert!(error.contains(part), "{error}");
            }
        }
        let error = from_hoplint_toml("[fix]\nthruth = \"app\"\n").unwrap_err();
        assert!(error.contains("line 2") && error.contains("expected `truth`"), "{error}");
    }

    #[test]
    fn what_means_nothing_is_an_error() {
        for text in ["ignor = []", "fail-on = \"never\"", "[target]\nnginx = \"new\"", "[[stack]]\n", "= 1"] {
            assert!(from_hoplint_toml(text).is_err(), "{text}");
        }
    }
}
