//! The words that directives take, each with the first release that takes it; 0 where 252 did. A word that came between
//! 252 and 257 is taken to be as new as 257.

/// A word and the first release that takes it.
pub type Word = (&'static str, u32);

pub(super) const ACCESSES: &[Word] = &[("none", 0), ("main", 0), ("exec", 0), ("all", 0)];

pub(super) const ACTIONS: &[Word] = &[
    ("none", 0),
    ("reboot", 0),
    ("reboot-force", 0),
    ("reboot-immediate", 0),
    ("poweroff", 0),
    ("poweroff-force", 0),
    ("poweroff-immediate", 0),
    ("exit", 0),
    ("exit-force", 0),
    ("soft-reboot", 257),
    ("soft-reboot-force", 257),
    ("kexec", 257),
    ("kexec-force", 257),
    ("halt", 257),
    ("halt-force", 257),
    ("halt-immediate", 257),
];

pub(super) const COLLECT: &[Word] = &[("inactive", 0), ("inactive-or-failed", 0)];

pub(super) const DEVICE_POLICIES: &[Word] = &[("auto", 0), ("closed", 0), ("strict", 0)];

pub(super) const EXIT_TYPES: &[Word] = &[("main", 0), ("cgroup", 0)];

pub(super) const FAILURE_MODES: &[Word] = &[("terminate", 0), ("abort", 0), ("kill", 0)];

pub(super) const JOB_MODES: &[Word] = &[
    ("fail", 0),
    ("replace", 0),
    ("replace-irreversibly", 0),
    ("isolate", 0),
    ("flush", 0),
    ("ignore-dependencies", 0),
    ("ignore-requirements", 0),
    ("triggering", 0),
    ("restart-dependencies", 257),
];

pub(super) const KEYRINGS: &[Word] = &[("inherit", 0), ("private", 0), ("shared", 0)];

pub(super) const KILL_MODES: &[Word] = &[("control-group", 0), ("process", 0), ("mixed", 0), ("none", 0)];

pub(super) const OOM_ACTIONS: &[Word] = &[("auto", 0), ("kill", 0)];

pub(super) const OOM_POLICIES: &[Word] = &[("continue", 0), ("stop", 0), ("kill", 0)];

pub(super) const OOM_PREFERENCES: &[Word] = &[("none", 0), ("avoid", 0), ("omit", 0)];

pub(super) const PRESERVE: &[Word] = &[("restart", 0)];

pub(super) const PRIVATE_TMP: &[Word] = &[("connected", 257), ("disconnected", 257)];

pub(super) const PRIVATE_USERS: &[Word] =
    &[("self", 257), ("identity", 257), ("full", 258), ("managed", 258)];

pub(super) const PROC_SUBSETS: &[Word] = &[("all", 0), ("pid", 0)];

pub(super) const PROTECT_CGROUPS: &[Word] = &[("private", 257), ("strict", 257)];

pub(super) const PROTECT_HOME: &[Word] = &[("read-only", 0), ("tmpfs", 0)];

pub(super) const PROTECT_HOSTNAME: &[Word] = &[("private", 258)];

pub(super) const PROTECT_PROC: &[Word] =
    &[("default", 0), ("noaccess", 0), ("invisible", 0), ("ptraceable", 0)];

pub(super) const PROTECT_SYSTEM: &[Word] = &[("full", 0), ("strict", 0)];

pub(super) const RESTARTS: &[Word] = &[
    ("no", 0),
    ("on-success", 0),
    ("on-failure", 0),
    ("on-abnormal", 0),
    ("on-watchdog", 0),
    ("on-abort", 0),
    ("always", 0),
];

pub(super) const TIMESTAMPS: &[Word] = &[("off", 0), ("us", 0), ("usec", 0), ("ns", 0), ("nsec", 0)];

pub(super) const TYPES: &[Word] = &[
    ("simple", 0),
    ("exec", 0),
    ("forking", 0),
    ("oneshot", 0),
    ("dbus", 0),
    ("notify", 0),
    ("notify-reload", 257),
    ("idle", 0),
];

pub(super) const UTMP_MODES: &[Word] = &[("init", 0), ("login", 0), ("user", 0)];

pub(super) const V6_ONLY: &[Word] = &[("default", 0), ("both", 0), ("ipv6-only", 0)];

pub(super) const SOCKET_PROTOCOLS: &[Word] = &[("udplite", 0), ("sctp", 0), ("mptcp", 257)];
