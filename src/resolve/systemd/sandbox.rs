//! What a service sees of the file system.
//!
//! Source: `apply_mount_namespace` in `src/core/execute.c` and `setup_namespace` in `src/core/namespace.c` of systemd 252,
//! with the tables of `ProtectSystem=` and `ProtectHome=` there; tried with the manager itself.

use std::collections::{BTreeMap, BTreeSet};

use super::denied;
use super::merge::{HOLE, Merged};
use super::settings::Settings;
use crate::model::{Facility, FromDatum, Manager, Mount, MountKind, Origin, Sandbox};
use crate::value::{Possible, normalize_path};

/// The directories that systemd makes for a service, and where.
const MADE: [(&str, &str); 5] = [
    ("RuntimeDirectory", "/run"),
    ("StateDirectory", "/var/lib"),
    ("CacheDirectory", "/var/cache"),
    ("LogsDirectory", "/var/log"),
    ("ConfigurationDirectory", "/etc"),
];

/// Directives that give the service another root, or put images over it.
const ROOTS: [&str; 6] =
    ["RootDirectory", "RootImage", "RootEphemeral", "MountImages", "ExtensionImages", "ExtensionDirectories"];

/// What other units say that bears on a service.
pub(super) struct Others {
    /// The names of the units that others join the namespaces of.
    joined: BTreeSet<String>,
    /// Whether a slice lets packets through.
    slice_allows: bool,
}

impl Others {
    pub(super) fn of(units: &[Merged<'_>]) -> Others {
        let lines = units.iter().flat_map(|unit| unit.list("Unit", "JoinsNamespaceOf"));
        let names = lines.flat_map(|line| line.value().text.split_whitespace());
        let mut slices = units.iter().filter(|unit| unit.name.kind == "slice");
        Others {
            joined: names.map(str::to_owned).collect(),
            slice_allows: slices.any(|unit| !unit.list("Slice", "IPAddressAllow").is_empty()),
        }
    }
}

/// What a service is kept from.
pub(super) fn sandbox(unit: &Merged<'_>, settings: &Settings, others: &Others) -> Sandbox {
    let joins = !unit.list("Unit", "JoinsNamespaceOf").is_empty() || others.joined.contains(&unit.name.text);
    let mut seen = View { settings, mounts: BTreeMap::new(), open: None };
    match unit.manager {
        Manager::System => seen.fill(),
        Manager::User => seen.doubt("a user's service manager may not confine a service"),
        Manager::Unknown => seen.doubt("which service manager it is for is not known"),
    }
    if unit.hole("Service").is_some() {
        seen.doubt(HOLE);
    }
    let mut denied = BTreeMap::new();
    if seen.open.is_none() {
        denied = denied::denied(unit, settings, joins);
    }
    if others.slice_allows {
        denied.remove(&Facility::Packets);
    }
    Sandbox { open: seen.open, mounts: seen.mounts, denied, joined: joins }
}

/// What is gathered of the mounts.
struct View<'a> {
    settings: &'a Settings,
    mounts: BTreeMap<String, Mount>,
    open: Option<String>,
}

impl View<'_> {
    fn doubt(&mut self, why: &str) {
        self.open.get_or_insert_with(|| why.to_owned());
    }

    /// A setting's value, if it is set; `None` too where it is not known, which is noted.
    fn get<T: FromDatum>(&mut self, name: &str) -> Option<(T, Origin)> {
        let setting = self.settings.get(name)?.read::<T>();
        match setting.value {
            Possible::Known(value) => Some((value, setting.origin)),
            Possible::OneOf(_) | Possible::Usually(_) | Possible::Unknown(_) => {
                self.doubt(&format!("`{name}=` is not known"));
                None
            }
        }
    }

    /// A switch that may be a word too: `yes`, `no`, or the word.
    fn word(&mut self, name: &'static str) -> (String, Origin) {
        let is_switch = self.settings.get(name).is_some_and(|it| it.read::<bool>().value.known().is_some());
        let found = if is_switch {
            self.get::<bool>(name).map(|(on, origin)| (if on { "yes" } else { "no" }.to_owned(), origin))
        } else {
            self.get::<String>(name)
        };
        found.unwrap_or_else(|| ("no".into(), Origin::DEFAULT))
    }

    fn fill(&mut self) {
        if let Some(key) = ROOTS.iter().find(|key| self.settings.contains_key(**key)) {
            self.doubt(&format!("`{key}=` changes what is where"));
        }
        let (mut tmp, mut system, mut home) =
            (self.word("PrivateTmp"), self.word("ProtectSystem"), self.word("ProtectHome"));
        let mut names = ("PrivateTmp", "ProtectSystem", "ProtectHome");
        // `unit_patch_contexts` in `src/core/unit.c`: such a user brings these with it, whatever else is
        // written, but for a stricter `ProtectHome=`.
        if let Some((true, origin)) = self.get::<bool>("DynamicUser") {
            if tmp.0 == "no" {
                (tmp, names.0) = (("yes".into(), origin.clone()), "DynamicUser");
            }
            if system.0 != "strict" {
                (system, names.1) = (("strict".into(), origin.clone()), "DynamicUser");
            }
            if home.0 == "no" {
                (home, names.2) = (("read-only".into(), origin), "DynamicUser");
            }
        }
        if tmp.0 != "no" {
            self.put_all(&["/tmp", "/var/tmp"], MountKind::Private, names.0, &tmp);
        }
        self.protect_system(names.1, &system);
        self.protect_home(names.2, &home);
        self.devices();
        self.lists();
        self.made();
    }

    fn protect_system(&mut self, name: &'static str, setting: &(String, Origin)) {
        let read_only: &[&str] = match setting.0.as_str() {
            "no" => &[],
            "full" => &["/usr", "/boot", "/efi", "/etc", "/lib", "/lib64", "/bin", "/sbin"],
            "strict" => &["/"],
            _ => &["/usr", "/boot", "/efi", "/lib", "/lib64", "/bin", "/sbin"],
        };
        self.put_all(read_only, MountKind::ReadOnly, name, setting);
        if setting.0 == "strict" {
            self.put_all(&["/home", "/root", "/proc", "/sys", "/dev"], MountKind::Writable, name, setting);
            // It stays as it is where it is there when the first process starts.
            self.put_all(&["/run/user"], MountKind::Unknown, name, setting);
        }
    }

    fn protect_home(&mut self, name: &'static str, setting: &(String, Origin)) {
        let kind = match setting.0.as_str() {
            "no" => return,
            "read-only" => MountKind::ReadOnly,
            "tmpfs" => MountKind::Empty,
            _ => MountKind::Hidden,
        };
        for path in ["/home", "/root", "/run/user"] {
            // What `ProtectSystem=` says of these is only that it leaves them to this.
            self.mounts.remove(path);
        }
        self.put_all(&["/home", "/root", "/run/user"], kind, name, setting);
    }

    /// Directives that only bear on the kernel's own file systems.
    fn devices(&mut self) {
        if let Some((true, origin)) = self.get::<bool>("PrivateDevices") {
            let setting = ("yes".to_owned(), origin);
            self.put_all(&["/dev"], MountKind::Unknown, "PrivateDevices", &setting);
            self.put_all(&["/dev/shm"], MountKind::Writable, "PrivateDevices", &setting);
        }
        for name in ["ProtectKernelTunables", "ProtectControlGroups", "ProtectProc", "ProcSubset"] {
            if self.settings.contains_key(name) {
                let setting = (String::new(), Origin::DEFAULT);
                self.put_all(&["/proc", "/sys"], MountKind::Unknown, "ProtectKernelTunables", &setting);
            }
        }
    }

    /// The directives that take paths.
    fn lists(&mut self) {
        const LISTS: [(&str, MountKind); 8] = [
            ("ReadWritePaths", MountKind::Writable),
            ("ReadOnlyPaths", MountKind::ReadOnly),
            ("InaccessiblePaths", MountKind::Hidden),
            ("TemporaryFileSystem", MountKind::Empty),
            // What is mounted there is another file, and what these two name is mounted over itself.
            ("BindPaths", MountKind::Unknown),
            ("BindReadOnlyPaths", MountKind::Unknown),
            ("ExecPaths", MountKind::Unknown),
            ("NoExecPaths", MountKind::Unknown),
        ];
        for (name, kind) in LISTS {
            for (word, origin) in self.words(name) {
                // A dash passes over what is missing, and a plus means the root of the service, which is that of the machine.
                let word = word.strip_prefix('-').unwrap_or(&word);
                let word = word.strip_prefix('+').unwrap_or(word);
                if word.contains('\\') || word.split('/').any(|part| part == "..") {
                    self.doubt(&format!("a path of `{name}=` is not followed"));
                    continue;
                }
                let mut parts = word.split(':');
                let source = parts.next().unwrap_or_default();
                let is_bind = name.starts_with("Bind");
                let path = parts.next().filter(|path| is_bind && !path.is_empty()).unwrap_or(source);
                self.put(path, kind, name, source.to_owned(), origin);
            }
        }
    }

    fn made(&mut self) {
        for (name, base) in MADE {
            for (word, origin) in self.words(name) {
                let mut parts = word.split(':');
                let path = parts.next().unwrap_or_default();
                // That one belongs to root.
                let kind = if base == "/etc" { MountKind::Unknown } else { MountKind::Made };
                self.put(&format!("{base}/{path}"), kind, name, path.to_owned(), origin.clone());
                // With a user that is made up it lies elsewhere, behind a link.
                self.put(&format!("{base}/private/{path}"), kind, name, path.to_owned(), origin.clone());
                for link in parts {
                    self.put(
                        &format!("{base}/{link}"),
                        MountKind::Unknown,
                        name,
                        path.to_owned(),
                        origin.clone(),
                    );
                }
            }
        }
    }

    fn words(&mut self, name: &str) -> Vec<(String, Origin)> {
        let (words, origin) = self.get::<Vec<String>>(name).unwrap_or((Vec::new(), Origin::DEFAULT));
        words.into_iter().map(|word| (word, origin.clone())).collect()
    }

    fn put_all(&mut self, paths: &[&str], kind: MountKind, name: &'static str, setting: &(String, Origin)) {
        for path in paths {
            self.put(path, kind, name, setting.0.clone(), setting.1.clone());
        }
    }

    /// Where several lines speak of one path, what is stricter holds; what is not known of that is unknown.
    ///
    /// Source: `mount_path_compare` and `drop_duplicates` in `src/core/namespace.c` of systemd 252: leave to write comes before
    /// an empty directory, unless it is what `ProtectSystem=strict` leaves alone.
    fn put(&mut self, path: &str, kind: MountKind, directive: &'static str, value: String, origin: Origin) {
        let path = normalize_path(path);
        let new = Mount { path: path.clone(), kind, directive, value, origin };
        let Some(old) = self.mounts.remove(&path) else {
            self.mounts.insert(path, new);
            return;
        };
        let (strict, lax) = if old.kind <= new.kind { (old, new) } else { (new, old) };
        let is_implied = !lax.directive.starts_with("ReadWrite");
        let kind = match (strict.kind, lax.kind) {
            (MountKind::Hidden | MountKind::Unknown, _) => strict.kind,
            (MountKind::Empty, MountKind::Writable) if !is_implied => MountKind::Writable,
            (_, MountKind::Writable) => strict.kind,
            (strict, lax) if strict == lax => strict,
            _ => MountKind::Unknown,
        };
        self.mounts.insert(path, Mount { kind, ..strict });
    }
}
