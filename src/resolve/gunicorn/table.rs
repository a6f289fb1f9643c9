//! Gunicorn's settings as a table.
//!
//! Source: `gunicorn/config.py` of 19.10.0, 20.1.0, 21.2.0, 22.0.0, 23.0.0, 24.1.1, 25.3.0, 26.2.0 and 27.0.1, asked for
//! its `KNOWN_SETTINGS`.

use Action::{Append, AutoInt, False, File, Int as Integer, Optional, Store, True};
use Fallback::{Bool as No, Int as Number, List, Machine, Table, Text as Is, Unset};
use Kind::{
    Account, Addresses, Bool, Choice, Class, Dictionary, Directory, Hook, Int, Protocols, Seconds, Statsd,
    Text, Texts, Tls, Words,
};

use super::choices::{self, Choices};
use crate::model::Version;

/// A setting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Its name in a configuration file.
    pub(super) name: &'static str,
    /// Its options on the command line.
    pub(super) flags: &'static [&'static str],
    /// What the options take.
    pub(super) action: Action,
    /// What values it takes.
    pub(super) kind: Kind,
    /// Its default in the newest release.
    pub(super) default: Fallback,
    /// The release that brought it.
    pub(super) since: Version,
}

/// What an option takes, by argparse's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// There is no option: the configuration file alone sets it.
    File,
    /// A text.
    Store,
    /// What `int()` takes.
    Int,
    /// What `int()` takes with any base; a leading zero means octal.
    AutoInt,
    /// A text, each one more of a list.
    Append,
    /// Nothing: it is true.
    True,
    /// Nothing: it is false.
    False,
    /// A text, or nothing.
    Optional,
}

/// What values a setting takes: its validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number that is not negative.
    Int,
    /// The same, counting seconds.
    Seconds,
    /// True or false.
    Bool,
    /// A text or `None`, without whitespace at its ends.
    Text,
    /// A worker or logger class: a text, or a class.
    Class,
    /// A list of texts, or one.
    Texts,
    /// A text that commas part.
    Words,
    /// Addresses or networks that commas part.
    Addresses,
    /// `h1` and `h2` that commas part.
    Protocols,
    /// A user or a group by name or number.
    Account,
    /// A directory that exists.
    Directory,
    /// One of a few words.
    Choice(&'static Choices),
    /// A function of so many arguments; where it is `None`, of two to four.
    Hook(Option<usize>),
    /// A dictionary.
    Dictionary,
    /// The address of a statsd server.
    Statsd,
    /// A version of TLS, of which only older releases take notice.
    Tls,
}

/// A default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fallback {
    /// `None`.
    Unset,
    /// A number.
    Int(i64),
    /// True or false.
    Bool(bool),
    /// A text.
    Text(&'static str),
    /// A list of texts.
    List(&'static [&'static str]),
    /// Texts by name.
    Table(&'static [(&'static str, &'static str)]),
    /// It depends on the machine.
    Machine,
}

/// The settings of a release.
pub(super) fn of_version(version: Version) -> impl Iterator<Item = &'static Row> {
    TABLE.iter().filter(move |row| row.since <= version)
}

/// A setting's default in a release.
pub(super) fn default(row: &Row, version: Version) -> Fallback {
    match row.name {
        "forwarded_allow_ips" | "proxy_allow_ips" if version < Version(23, 0, 0) => List(&["127.0.0.1"]),
        "proxy_protocol" if version < Version(24, 1, 0) => No(false),
        _ => row.default,
    }
}

/// What a setting's options take in a release.
pub(super) fn action(row: &Row, version: Version) -> Action {
    if row.name == "proxy_protocol" && version < Version(24, 1, 0) { True } else { row.action }
}

/// What values a setting takes in a release.
pub(super) fn kind(row: &Row, version: Version) -> Kind {
    if row.name == "proxy_protocol" && version < Version(24, 1, 0) { Bool } else { row.kind }
}

/// Whether a value that is refused may be taken by another release that has the setting.
pub(super) fn depends_on_version(row: &Row) -> bool {
    row.name == "proxy_protocol" || matches!(row.kind, Addresses | Protocols | Statsd | Tls)
}

/// The setting of a name, in whichever release.
pub(super) fn of_name(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}

/// The setting of an option, in a release.
pub(super) fn of_flag(flag: &str, version: Version) -> Option<&'static Row> {
    of_version(version).find(|row| row.flags.contains(&flag))
}

/// The names of all settings of a release.
pub(super) fn names(version: Version) -> impl Iterator<Item = &'static str> {
    of_version(version).map(|row| row.name)
}

/// Every release that is met.
const OLDEST: Version = Version(0, 0, 0);

const fn row(
    name: &'static str,
    flags: &'static [&'static str],
    action: Action,
    kind: Kind,
    default: Fallback,
    since: Version,
) -> Row {
    Row { name, flags, action, kind, default, since }
}

#[rustfmt::skip]
static TABLE: &[Row] = &[
    row("config", &["-c", "--config"], Store, Text, Is("./gunicorn.conf.py"), OLDEST),
    row("wsgi_app", &[], File, Text, Unset, Version(20, 1, 0)),
    row("bind", &["-b", "--bind"], Append, Texts, List(&["127.0.0.1:8000"]), OLDEST),
    row("backlog", &["--backlog"], Integer, Int, Number(2048), OLDEST),
    row("workers", &["-w", "--workers"], Integer, Int, Number(1), OLDEST),
    row("worker_class", &["-k", "--worker-class"], Store, Class, Is("sync"), OLDEST),
    row("threads", &["--threads"], Integer, Int, Number(1), OLDEST),
    row("worker_connections", &["--worker-connections"], Integer, Int, Number(1000), OLDEST),
    row("max_requests", &["--max-requests"], Integer, Int, Number(0), OLDEST),
    row("max_requests_jitter", &["--max-requests-jitter"], Integer, Int, Number(0), OLDEST),
    row("timeout", &["-t", "--timeout"], Integer, Seconds, Number(30), OLDEST),
    row("graceful_timeout", &["--graceful-timeout"], Integer, Seconds, Number(30), OLDEST),
    row("keepalive", &["--keep-alive"], Integer, Seconds, Number(2), OLDEST),
    row("limit_request_line", &["--limit-request-line"], Integer, Int, Number(4094), OLDEST),
    row("limit_request_fields", &["--limit-request-fields"], Integer, Int, Number(100), OLDEST),
    row("limit_request_field_size", &["--limit-request-field_size"], Integer, Int, Number(8190), OLDEST),
    row("reload", &["--reload"], True, Bool, No(false), OLDEST),
    row("reload_engine", &["--reload-engine"], Store, Choice(&choices::RELOAD_ENGINE), Is("auto"), OLDEST),
    row("reload_extra_files", &["--reload-extra-file"], Append, Texts, List(&[]), OLDEST),
    row("spew", &["--spew"], True, Bool, No(false), OLDEST),
    row("check_config", &["--check-config"], True, Bool, No(false), OLDEST),
    row("print_config", &["--print-config"], True, Bool, No(false), Version(20, 1, 0)),
    row("preload_app", &["--preload"], True, Bool, No(false), OLDEST),
    row("sendfile", &["--no-sendfile"], False, Bool, Unset, OLDEST),
    row("reuse_port", &["--reuse-port"], True, Bool, No(false), OLDEST),
    row("chdir", &["--chdir"], Store, Directory, Machine, OLDEST),
    row("daemon", &["-D", "--daemon"], True, Bool, No(false), OLDEST),
    row("raw_env", &["-e", "--env"], Append, Texts, List(&[]), OLDEST),
    row("pidfile", &["-p", "--pid"], Store, Text, Unset, OLDEST),
    row("worker_tmp_dir", &["--worker-tmp-dir"], Store, Text, Unset, OLDEST),
    row("user", &["-u", "--user"], Store, Account, Machine, OLDEST),
    row("group", &["-g", "--group"], Store, Account, Machine, OLDEST),
    row("umask", &["-m", "--umask"], AutoInt, Int, Number(0), OLDEST),
    row("initgroups", &["--initgroups"], True, Bool, No(false), OLDEST),
    row("tmp_upload_dir", &[], File, Text, Unset, OLDEST),
    row("secure_scheme_headers", &[], File, Dictionary, Table(&[("X-FORWARDED-PROTOCOL", "ssl"), ("X-FORWARDED-PROTO", "https"), ("X-FORWARDED-SSL", "on")]), OLDEST),
    row("forwarded_allow_ips", &["--forwarded-allow-ips"], Store, Addresses, List(&["127.0.0.1", "::1"]), OLDEST),
    row("accesslog", &["--access-logfile"], Store, Text, Unset, OLDEST),
    row("disable_redirect_access_to_syslog", &["--disable-redirect-access-to-syslog"], True, Bool, No(false), OLDEST),
    row("access_log_format", &["--access-logformat"], Store, Text, Is("%(h)s %(l)s %(u)s %(t)s \"%(r)s\" %(s)s %(b)s \"%(f)s\" \"%(a)s\""), OLDEST),
    row("errorlog", &["--error-logfile", "--log-file"], Store, Text, Is("-"), OLDEST),
    row("loglevel", &["--log-level"], Store, Text, Is("info"), OLDEST),
    row("capture_output", &["--capture-output"], True, Bool, No(false), OLDEST),
    row("logger_class", &["--logger-class"], Store, Class, Is("gunicorn.glogging.Logger"), OLDEST),
    row("logconfig", &["--log-config"], Store, Text, Unset, OLDEST),
    row("logconfig_dict", &[], File, Dictionary, Table(&[]), OLDEST),
    row("logconfig_json", &["--log-config-json"], Store, Text, Unset, Version(21, 0, 0)),
    row("syslog_addr", &["--log-syslog-to"], Store, Text, Is("udp://localhost:514"), OLDEST),
    row("syslog", &["--log-syslog"], True, Bool, No(false), OLDEST),
    row("syslog_prefix", &["--log-syslog-prefix"], Store, Text, Unset, OLDEST),
    row("syslog_facility", &["--log-syslog-facility"], Store, Text, Is("user"), OLDEST),
    row("enable_stdio_inheritance", &["-R", "--enable-stdio-inheritance"], True, Bool, No(false), OLDEST),
    row("statsd_host", &["--statsd-host"], Store, Statsd, Unset, OLDEST),
    row("dogstatsd_tags", &["--dogstatsd-tags"], Store, Text, Is(""), Version(20, 0, 0)),
    row("statsd_prefix", &["--statsd-prefix"], Store, Text, Is(""), OLDEST),
    row("enable_backlog_metric", &["--enable-backlog-metric"], True, Bool, No(false), Version(24, 0, 0)),
    row("proc_name", &["-n", "--name"], Store, Text, Unset, OLDEST),
    row("default_proc_name", &[], File, Text, Is("gunicorn"), OLDEST),
    row("pythonpath", &["--pythonpath"], Store, Text, Unset, OLDEST),
    row("paste", &["--paste", "--paster"], Store, Text, Unset, OLDEST),
    row("on_starting", &[], File, Hook(Some(1)), Is("<OnStarting.on_starting()>"), OLDEST),
    row("on_reload", &[], File, Hook(Some(1)), Is("<OnReload.on_reload()>"), OLDEST),
    row("when_ready", &[], File, Hook(Some(1)), Is("<WhenReady.when_ready()>"), OLDEST),
    row("pre_fork", &[], File, Hook(Some(2)), Is("<Prefork.pre_fork()>"), OLDEST),
    row("post_fork", &[], File, Hook(Some(2)), Is("<Postfork.post_fork()>"), OLDEST),
    row("post_worker_init", &[], File, Hook(Some(1)), Is("<PostWorkerInit.post_worker_init()>"), OLDEST),
    row("worker_int", &[], File, Hook(Some(1)), Is("<WorkerInt.worker_int()>"), OLDEST),
    row("worker_abort", &[], File, Hook(Some(1)), Is("<WorkerAbort.worker_abort()>"), OLDEST),
    row("pre_exec", &[], File, Hook(Some(1)), Is("<PreExec.pre_exec()>"), OLDEST),
    row("pre_request", &[], File, Hook(Some(2)), Is("<PreRequest.pre_request()>"), OLDEST),
    row("post_request", &[], File, Hook(None), Is("<PostRequest.post_request()>"), OLDEST),
    row("child_exit", &[], File, Hook(Some(2)), Is("<ChildExit.child_exit()>"), OLDEST),
    row("worker_exit", &[], File, Hook(Some(2)), Is("<WorkerExit.worker_exit()>"), OLDEST),
    row("nworkers_changed", &[], File, Hook(Some(3)), Is("<NumWorkersChanged.nworkers_changed()>"), OLDEST),
    row("on_exit", &[], File, Hook(Some(1)), Is("<OnExit.on_exit()>"), OLDEST),
    row("ssl_context", &[], File, Hook(Some(2)), Is("<NewSSLContext.ssl_context()>"), Version(21, 0, 0)),
    row("proxy_protocol", &["--proxy-protocol"], Optional, Choice(&choices::PROXY_PROTOCOL), Is("off"), OLDEST),
    row("proxy_allow_ips", &["--proxy-allow-from"], Store, Addresses, List(&["127.0.0.1", "::1"]), OLDEST),
    row("protocol", &["--protocol"], Store, Text, Is("http"), Version(24, 0, 0)),
    row("uwsgi_allow_ips", &["--uwsgi-allow-from"], Store, Addresses, List(&["127.0.0.1", "::1"]), Version(24, 0, 0)),
    row("keyfile", &["--keyfile"], Store, Text, Unset, OLDEST),
    row("certfile", &["--certfile"], Store, Text, Unset, OLDEST),
    row("ssl_version", &["--ssl-version"], Store, Tls, Machine, OLDEST),
    row("cert_reqs", &["--cert-reqs"], Store, Int, Number(0), OLDEST),
    row("ca_certs", &["--ca-certs"], Store, Text, Unset, OLDEST),
    row("suppress_ragged_eofs", &["--suppress-ragged-eofs"], True, Bool, No(true), OLDEST),
    row("do_handshake_on_connect", &["--do-handshake-on-connect"], True, Bool, No(false), OLDEST),
    row("ciphers", &["--ciphers"], Store, Text, Unset, OLDEST),
    row("http_protocols", &["--http-protocols"], Store, Protocols, List(&["h1"]), Version(25, 0, 0)),
    row("http2_cleartext", &["--http2-cleartext"], Store, Choice(&choices::HTTP2_CLEARTEXT), Is("off"), Version(26, 2, 0)),
    row("http2_max_concurrent_streams", &["--http2-max-concurrent-streams"], Integer, Int, Number(100), Version(25, 0, 0)),
    row("http2_initial_window_size", &["--http2-initial-window-size"], Integer, Int, Number(65535), Version(25, 0, 0)),
    row("http2_max_frame_size", &["--http2-max-frame-size"], Integer, Int, Number(16384), Version(25, 0, 0)),
    row("http2_max_header_list_size", &["--http2-max-header-list-size"], Integer, Int, Number(65536), Version(25, 0, 0)),
    row("raw_paste_global_conf", &["--paste-global"], Append, Texts, List(&[]), OLDEST),
    row("permit_obsolete_folding", &["--permit-obsolete-folding"], True, Bool, No(false), Version(23, 0, 0)),
    row("strip_header_spaces", &["--strip-header-spaces"], True, Bool, No(false), Version(20, 0, 1)),
    row("permit_unconventional_http_method", &["--permit-unconventional-http-method"], True, Bool, No(false), Version(22, 0, 0)),
    row("permit_unconventional_http_version", &["--permit-unconventional-http-version"], True, Bool, No(false), Version(22, 0, 0)),
    row("casefold_http_method", &["--casefold-http-method"], True, Bool, No(false), Version(22, 0, 0)),
    row("forwarder_headers", &["--forwarder-headers"], Store, Words, List(&["SCRIPT_NAME", "PATH_INFO"]), Version(23, 0, 0)),
    row("header_map", &["--header-map"], Store, Choice(&choices::HEADER_MAP), Is("drop"), Version(22, 0, 0)),
    row("asgi_loop", &["--asgi-loop"], Store, Choice(&choices::ASGI_LOOP), Is("auto"), Version(24, 0, 0)),
    row("asgi_lifespan", &["--asgi-lifespan"], Store, Choice(&choices::ASGI_LIFESPAN), Is("auto"), Version(24, 0, 0)),
    row("asgi_disconnect_grace_period", &["--asgi-disconnect-grace-period"], Integer, Seconds, Number(3), Version(25, 0, 0)),
    row("websocket_max_message_size", &["--websocket-max-message-size"], Integer, Int, Number(16777216), Version(26, 3, 0)),
    row("http_parser", &["--http-parser"], Store, Choice(&choices::HTTP_PARSER), Is("auto"), Version(25, 0, 0)),
    row("root_path", &["--root-path"], Store, Text, Is(""), Version(24, 0, 0)),
    row("dirty_apps", &["--dirty-app"], Append, Texts, List(&[]), Version(25, 0, 0)),
    row("dirty_workers", &["--dirty-workers"], Integer, Int, Number(0), Version(25, 0, 0)),
    row("dirty_timeout", &["--dirty-timeout"], Integer, Seconds, Number(300), Version(25, 0, 0)),
    row("dirty_threads", &["--dirty-threads"], Integer, Int, Number(1), Version(25, 0, 0)),
    row("dirty_graceful_timeout", &["--dirty-graceful-timeout"], Integer, Seconds, Number(30), Version(25, 0, 0)),
    row("on_dirty_starting", &[], File, Hook(Some(1)), Is("<OnDirtyStarting.on_dirty_starting()>"), Version(25, 0, 0)),
    row("dirty_post_fork", &[], File, Hook(Some(2)), Is("<DirtyPostFork.dirty_post_fork()>"), Version(25, 0, 0)),
    row("dirty_worker_init", &[], File, Hook(Some(1)), Is("<DirtyWorkerInit.dirty_worker_init()>"), Version(25, 0, 0)),
    row("dirty_worker_exit", &[], File, Hook(Some(2)), Is("<DirtyWorkerExit.dirty_worker_exit()>"), Version(25, 0, 0)),
    row("control_socket", &["--control-socket"], Store, Text, Machine, Version(25, 1, 0)),
    row("control_socket_mode", &["--control-socket-mode"], AutoInt, Int, Number(384), Version(25, 1, 0)),
    row("control_socket_disable", &["--no-control-socket"], True, Bool, No(false), Version(25, 1, 0)),
];
