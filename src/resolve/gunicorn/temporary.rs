//! Where Gunicorn's workers put what is temporary.

use super::layers::Settings;
use super::scope::variable;
use super::validate;
use crate::resolve::launch::Environment;
use crate::value::Possible;

/// The directories that Python tries for temporary files.
///
/// Source: `_candidate_tempdir_list` in `tempfile.py` of Python 3.11; `raw_env` is set before.
pub(super) fn temporary(
    environment: &Environment,
    is_changed: bool,
    directory: &Possible<String>,
    settings: &Settings,
) -> Possible<Vec<String>> {
    const VARIABLES: [&str; 3] = ["TMPDIR", "TEMP", "TMP"];
    let raw = settings.get("raw_env").map(|it| it.read::<Vec<String>>().value);
    let sets = |pair: &String| VARIABLES.iter().any(|name| pair.starts_with(name));
    if is_changed || !raw.is_some_and(|raw| raw.must(|pairs| !pairs.iter().any(sets))) {
        return Possible::Unknown("the configuration may change the environment".into());
    }
    let mut directories = Vec::new();
    for name in VARIABLES {
        match variable(environment, name) {
            Possible::Known(Some(path)) if path.is_empty() => {}
            Possible::Known(Some(path)) => match validate::absolute(&path, directory) {
                Ok(path) => directories.push(path),
                Err(why) => return Possible::Unknown(why),
            },
            Possible::Known(None) => {}
            other => {
                return Possible::Unknown(other.doubt().unwrap_or_else(|| format!("`{name}` may be set")));
            }
        }
    }
    directories.extend(["/tmp", "/var/tmp", "/usr/tmp"].map(str::to_owned));
    match directory {
        Possible::Known(directory) => directories.push(directory.clone()),
        other => return Possible::Unknown(other.doubt().unwrap_or_default()),
    }
    Possible::Known(directories)
}
