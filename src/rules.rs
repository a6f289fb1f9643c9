//! The rules: one visible list, which is the registry, the index of the documentation and the subject of the tests.
//!
//! A rule is a pure function over the model. It knows nothing of syntax, levels or output; what it cannot know, it does
//! not judge. Adding one takes its page, its file, a `mod` line and an entry in [`RULES`].

mod app_target_missing;
mod app_worker_mismatch;
mod bind_conflict;
mod bind_syntax;
mod body_limit_above_app;
mod connections_exhausted;
mod daemon_under_manager;
mod decimal_umask;
mod descriptor_limit;
mod dropin_shadowed;
mod duplicate_upstream_server;
mod environment_syntax;
mod exec_path;
mod exec_quoting;
mod exec_shell_syntax;
mod exec_start_count;
mod gateway_protocol_mismatch;
mod graceful_below_worker;
mod gunicorn_config_not_loaded;
mod gunicorn_invalid_value;
mod gunicorn_unknown_setting;
mod host_header_lost;
mod identity_mismatch;
mod keepalive_ineffective;
mod keepalive_race;
mod kill_behaviour;
mod malformed_suppression;
mod max_conns_without_queue;
mod max_fails_blackout;
mod max_requests_drops;
mod named_location_missing;
mod nginx_rejected;
mod option_eats_app;
mod path_not_writable;
mod privileged_port;
mod proxy_buffers_rejected;
mod proxy_loop;
mod proxy_uri_joined;
mod read_timeout_below_worker;
mod reload_behaviour;
mod reload_in_production;
mod request_limit_below_proxy;
mod resolver_missing;
mod restart_policy;
mod retries_multiply_timeout;
mod runtime_directory;
mod sandbox_blocks_app;
mod scheme_headers_conflict;
mod scheme_mismatch;
mod service_type;
mod shell_wrapper;
mod single_sync_worker;
mod small_backlog;
mod socket_activation_bypassed;
mod socket_in_private_tmp;
mod socket_permission;
mod stop_timeout_below_graceful;
mod syntax_error;
mod transfer_encoding_set;
mod unbuffered_sync_worker;
mod unit_ignored_value;
mod unix_target_syntax;
mod unknown_rule;
mod unused_suppression;
mod upstream_localhost;
mod upstream_unbound;
mod upstream_undefined;
mod variable_port_literal;
mod watchdog_set;
mod websocket_headers_missing;
mod worker_class_unavailable;
mod worker_timeout_below_read;
mod worker_timeout_disabled;
mod working_directory;
mod zero_buffer;
mod zero_timeout;
mod zero_workers;

pub(crate) use malformed_suppression::RULE as MALFORMED_SUPPRESSION;
pub(crate) use unknown_rule::RULE as UNKNOWN_RULE;
pub(crate) use unused_suppression::RULE as UNUSED_SUPPRESSION;

use crate::edit::Edit;
use crate::finding::{Finding, Label, Severity};
use crate::model::Deployment;
use crate::source::{Sources, Span, line_start};

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name, which is the contract with its users.
    pub name: &'static str,
    /// What it is about.
    pub category: Category,
    /// How bad its findings are.
    pub severity: Severity,
    /// The mistake in a few words.
    pub summary: &'static str,
    /// What the client or the operator sees.
    pub outcome: &'static str,
    /// Whether it can mend what it finds.
    pub fix: Fixable,
    /// Its manual page, in Markdown; also its specification, which the tests execute.
    pub page: &'static str,
    /// Finds the mistakes of a stack.
    pub check: fn(&Context, &mut Vec<Finding>),
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Ports, hosts and sockets.
    Address,
    /// How long who waits for whom.
    Timeout,
    /// Memory between the two ends.
    Buffer,
    /// What the two ends speak.
    Protocol,
    /// Connections that are kept open.
    Keepalive,
    /// How much can be done at once.
    Capacity,
    /// nginx's own configuration.
    Nginx,
    /// Gunicorn's own configuration.
    Gunicorn,
    /// The units of systemd.
    Systemd,
    /// What is said to hoplint itself.
    Hoplint,
}

impl Category {
    /// All categories.
    pub const ALL: [Category; 10] = [
        Category::Address,
        Category::Timeout,
        Category::Buffer,
        Category::Protocol,
        Category::Keepalive,
        Category::Capacity,
        Category::Nginx,
        Category::Gunicorn,
        Category::Systemd,
        Category::Hoplint,
    ];

    /// The name in lists.
    pub fn name(self) -> &'static str {
        match self {
            Category::Address => "address",
            Category::Timeout => "timeout",
            Category::Buffer => "buffer",
            Category::Protocol => "protocol",
            Category::Keepalive => "keepalive",
            Category::Capacity => "capacity",
            Category::Nginx => "nginx",
            Category::Gunicorn => "gunicorn",
            Category::Systemd => "systemd",
            Category::Hoplint => "hoplint",
        }
    }
}

/// Whether a rule can mend what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fixable {
    /// The mend is for a person.
    Never,
    /// Where there is one evident intent.
    Sometimes,
    /// Every finding brings its mend.
    Always,
}

impl Fixable {
    /// The name in lists.
    pub fn name(self) -> &'static str {
        match self {
            Fixable::Never => "never",
            Fixable::Sometimes => "sometimes",
            Fixable::Always => "always",
        }
    }
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The stack.
    pub deployment: &'a Deployment,
    /// The texts, for anchors to find indentation in.
    pub sources: &'a Sources,
}

impl Context<'_> {
    /// Whether a text stands anywhere in the stack but in comments and in what these edits replace: whoever says it there
    /// does not go by them.
    pub fn stands_elsewhere(&self, text: &str, edits: &[Edit]) -> bool {
        let is_replaced = |place: Span| {
            edits.iter().any(|edit| {
                edit.span.file == place.file && edit.span.start <= place.start && place.end <= edit.span.end
            })
        };
        self.deployment.files.iter().any(|file| {
            let all = &self.sources.get(*file).text;
            all.match_indices(text).any(|(at, _)| {
                let is_comment = all[line_start(all, at)..].trim_start().starts_with(['#', ';']);
                !is_comment && !is_replaced(Span::new(*file, at..at + text.len()))
            })
        })
    }
}

/// All rules, sorted by name.
pub static RULES: &[&Rule] = &[
    &app_target_missing::RULE,
    &app_worker_mismatch::RULE,
    &bind_conflict::RULE,
    &bind_syntax::RULE,
    &body_limit_above_app::RULE,
    &connections_exhausted::RULE,
    &daemon_under_manager::RULE,
    &decimal_umask::RULE,
    &descriptor_limit::RULE,
    &dropin_shadowed::RULE,
    &duplicate_upstream_server::RULE,
    &environment_syntax::RULE,
    &exec_path::RULE,
    &exec_quoting::RULE,
    &exec_shell_syntax::RULE,
    &exec_start_count::RULE,
    &gateway_protocol_mismatch::RULE,
    &graceful_below_worker::RULE,
    &gunicorn_config_not_loaded::RULE,
    &gunicorn_invalid_value::RULE,
    &gunicorn_unknown_setting::RULE,
    &host_header_lost::RULE,
    &identity_mismatch::RULE,
    &keepalive_ineffective::RULE,
    &keepalive_race::RULE,
    &kill_behaviour::RULE,
    &malformed_suppression::RULE,
    &max_conns_without_queue::RULE,
    &max_fails_blackout::RULE,
    &max_requests_drops::RULE,
    &named_location_missing::RULE,
    &nginx_rejected::RULE,
    &option_eats_app::RULE,
    &path_not_writable::RULE,
    &privileged_port::RULE,
    &proxy_buffers_rejected::RULE,
    &proxy_loop::RULE,
    &proxy_uri_joined::RULE,
    &read_timeout_below_worker::RULE,
    &reload_behaviour::RULE,
    &reload_in_production::RULE,
    &request_limit_below_proxy::RULE,
    &resolver_missing::RULE,
    &restart_policy::RULE,
    &retries_multiply_timeout::RULE,
    &runtime_directory::RULE,
    &sandbox_blocks_app::RULE,
    &scheme_headers_conflict::RULE,
    &scheme_mismatch::RULE,
    &service_type::RULE,
    &shell_wrapper::RULE,
    &single_sync_worker::RULE,
    &small_backlog::RULE,
    &socket_activation_bypassed::RULE,
    &socket_in_private_tmp::RULE,
    &socket_permission::RULE,
    &stop_timeout_below_graceful::RULE,
    &syntax_error::RULE,
    &transfer_encoding_set::RULE,
    &unbuffered_sync_worker::RULE,
    &unit_ignored_value::RULE,
    &unix_target_syntax::RULE,
    &unknown_rule::RULE,
    &unused_suppression::RULE,
    &upstream_localhost::RULE,
    &upstream_unbound::RULE,
    &upstream_undefined::RULE,
    &variable_port_literal::RULE,
    &watchdog_set::RULE,
    &websocket_headers_missing::RULE,
    &worker_class_unavailable::RULE,
    &worker_timeout_below_read::RULE,
    &worker_timeout_disabled::RULE,
    &working_directory::RULE,
    &zero_buffer::RULE,
    &zero_timeout::RULE,
    &zero_workers::RULE,
];

/// The rule of a name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.name == name)
}

/// The rule whose name is nearest to one that is none.
pub fn nearest(name: &str) -> Option<&'static str> {
    let names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    similar::get_close_matches(name, &names, 1, 0.6).first().copied()
}

/// The end of a help that goes for several routes, of which one is shown: `; 2 more routes are meant`.
fn more_routes(all: usize) -> String {
    match all {
        0 | 1 => String::new(),
        2 => "; 1 more route is meant".into(),
        all => format!("; {} more routes are meant", all - 1),
    }
}

/// What a rule about comments finds in a stack: nothing. Such comments are read, and judged, where they silence findings.
fn nothing(_: &Context, _: &mut Vec<Finding>) {}

impl Rule {
    /// A finding of this rule, without help or fix.
    pub(crate) fn finding(&self, message: String, primary: Label, related: Vec<Label>) -> Finding {
        Finding {
            rule: self.name,
            severity: self.severity,
            outcome: self.outcome.into(),
            message,
            primary,
            related,
            help: None,
            fix: None,
            fix_at_app: None,
        }
    }
}
