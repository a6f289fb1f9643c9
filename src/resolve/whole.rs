//! What is asked of all files of a run, in whichever stack they are: each is worked out once, when it is first asked for.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::source::{FileId, FileKind, Sources};

/// All files of a run.
#[derive(Debug)]
pub(super) struct Whole<'s> {
    sources: &'s Sources,
    sites: OnceLock<Sites>,
    words: OnceLock<BTreeSet<String>>,
    nginx_has_drop_ins: OnceLock<bool>,
}

/// The sites that are enabled.
#[derive(Debug, Default)]
struct Sites {
    /// The directories in which a `sites-enabled` holds something.
    enabling: BTreeSet<String>,
    /// What lies there, or is led to from there.
    enabled: BTreeSet<FileId>,
}

impl<'s> Whole<'s> {
    pub(super) fn new(sources: &'s Sources) -> Whole<'s> {
        let (sites, words, nginx_has_drop_ins) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Whole { sources, sites, words, nginx_has_drop_ins }
    }

    /// Whether a site is kept and not enabled: it lies in a `sites-available`, the `sites-enabled` beside it holds something,
    /// and nothing leads from there to it.
    pub(super) fn is_disabled(&self, file: FileId) -> bool {
        let Some(above) = beside(&self.sources.get(file).path, "sites-available") else { return false };
        let sites = self.sites.get_or_init(|| self.sites());
        sites.enabling.contains(above) && !sites.enabled.contains(&file)
    }

    fn sites(&self) -> Sites {
        let mut sites = Sites::default();
        let files = self.sources.iter().map(|(file, source)| (source.path.as_str(), file));
        for (path, file) in files.chain(self.sources.links()) {
            if let Some(above) = beside(path, "sites-enabled") {
                sites.enabling.insert(above.to_owned());
                sites.enabled.insert(file);
            }
        }
        sites
    }

    /// Whether a file of another program than nginx speaks of a name: a Compose file's service, a script's host.
    pub(super) fn is_mentioned(&self, name: &str) -> bool {
        let words = self.words.get_or_init(|| {
            let others = self.sources.iter().filter(|(_, source)| source.kind != FileKind::Nginx);
            let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            let words = others.flat_map(|(_, source)| source.text.split(move |c| !is_part(c)));
            words.map(str::to_owned).collect()
        });
        words.contains(name)
    }

    /// Whether there are drop-ins of nginx's unit, which the machine has from a package: what they set is not followed.
    pub(super) fn nginx_has_drop_ins(&self) -> bool {
        let any = || self.sources.iter().any(|(_, source)| source.path.contains("nginx.service.d/"));
        *self.nginx_has_drop_ins.get_or_init(any)
    }
}

/// What a directory of this name that a file lies in is in.
fn beside<'p>(path: &'p str, name: &str) -> Option<&'p str> {
    let (directory, _) = path.rsplit_once('/')?;
    directory.strip_suffix(name).filter(|above| above.is_empty() || above.ends_with('/'))
}
