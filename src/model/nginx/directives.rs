//! The directives that hops are made of: how their arguments are read, and their defaults.
//!
//! Source: the module references of nginx.org, checked against `src/http/modules/ngx_http_*_module.c` of 1.31.3.

use std::sync::LazyLock;

use super::super::{Buffers, Datum, Version};
use crate::value::{Duration, Names, Size};

/// A directive that is resolved.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// Its name.
    pub name: &'static str,
    /// How its arguments are read.
    pub kind: ValueKind,
    default: fn(Version) -> Datum,
}

/// How the arguments of a directive are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// One length of time.
    Time,
    /// One number of bytes, up to `m`.
    Size,
    /// One number of bytes, up to `g`.
    Offset,
    /// `on` or `off`.
    Flag,
    /// A number and a size.
    Buffers,
    /// One whole number.
    Number,
    /// One word.
    Word,
    /// All its words, however many.
    Words,
}

impl Directive {
    /// The value that is in force where nobody writes the directive.
    pub fn default(&self, nginx: Version) -> Datum {
        (self.default)(nginx)
    }

    /// All directives, sorted by name.
    pub fn all() -> impl Iterator<Item = &'static Directive> {
        DIRECTIVES.iter()
    }
}

/// The directive of a name, if hops are made of it.
pub fn directive(name: &str) -> Option<&'static Directive> {
    BY_NAME.get(name)
}

static BY_NAME: LazyLock<Names<&Directive>> =
    LazyLock::new(|| DIRECTIVES.iter().map(|it| (it.name, it)).collect());

const fn row(name: &'static str, kind: ValueKind, default: fn(Version) -> Datum) -> Directive {
    Directive { name, kind, default }
}

fn minute(_: Version) -> Datum {
    Datum::Duration(Duration::seconds(60))
}

/// A memory page: 4 KiB on all but a few machines, and what every published build for x86-64 has.
fn page(_: Version) -> Datum {
    Datum::Size(Size::kibibytes(4))
}

fn eight_pages(_: Version) -> Datum {
    Datum::Buffers(Buffers { number: 8, size: Size::kibibytes(4) })
}

fn gibibyte(_: Version) -> Datum {
    Datum::Size(Size::kibibytes(1 << 20))
}

fn ten_minutes(_: Version) -> Datum {
    Datum::Duration(Duration::seconds(600))
}

fn one(_: Version) -> Datum {
    Datum::Text("1".into())
}

/// `DEFAULT_CONNECTIONS` of `src/event/ngx_event.c`.
fn connections(_: Version) -> Datum {
    Datum::Int(512)
}

fn four_times_8k(_: Version) -> Datum {
    Datum::Buffers(Buffers { number: 4, size: Size::kibibytes(8) })
}

fn no_time(_: Version) -> Datum {
    Datum::Duration(Duration::seconds(0))
}

fn zero(_: Version) -> Datum {
    Datum::Int(0)
}

fn error_timeout(_: Version) -> Datum {
    Datum::List(vec!["error".into(), "timeout".into()])
}

fn nothing_stale(_: Version) -> Datum {
    Datum::List(vec!["off".into()])
}

fn off(_: Version) -> Datum {
    Datum::Bool(false)
}

fn mebibyte(_: Version) -> Datum {
    Datum::Size(Size::kibibytes(1 << 10))
}

fn on(_: Version) -> Datum {
    Datum::Bool(true)
}

fn unset(_: Version) -> Datum {
    Datum::Unset
}

/// 1.1 since nginx 1.29.7, 1.0 before.
fn http_version(nginx: Version) -> Datum {
    Datum::Text(if nginx >= Version(1, 29, 7) { "1.1" } else { "1.0" }.into())
}

use ValueKind::{Buffers as Several, Flag, Number, Offset, Size as Bytes, Time, Word, Words};

/// Sorted by name.
static DIRECTIVES: &[Directive] = &[
    row("client_max_body_size", Offset, mebibyte),
    row("fastcgi_buffer_size", Bytes, page),
    row("fastcgi_buffering", Flag, on),
    row("fastcgi_buffers", Several, eight_pages),
    row("fastcgi_busy_buffers_size", Bytes, unset),
    row("fastcgi_cache_use_stale", Words, nothing_stale),
    row("fastcgi_connect_timeout", Time, minute),
    row("fastcgi_keep_conn", Flag, off),
    row("fastcgi_max_temp_file_size", Bytes, gibibyte),
    row("fastcgi_next_upstream", Words, error_timeout),
    row("fastcgi_next_upstream_timeout", Time, no_time),
    row("fastcgi_next_upstream_tries", Number, zero),
    row("fastcgi_read_timeout", Time, minute),
    row("fastcgi_send_timeout", Time, minute),
    row("fastcgi_temp_file_write_size", Bytes, unset),
    row("grpc_buffer_size", Bytes, page),
    row("grpc_connect_timeout", Time, minute),
    row("grpc_next_upstream", Words, error_timeout),
    row("grpc_next_upstream_timeout", Time, no_time),
    row("grpc_next_upstream_tries", Number, zero),
    row("grpc_read_timeout", Time, minute),
    row("grpc_send_timeout", Time, minute),
    row("hash", Words, unset),
    row("ip_hash", Words, unset),
    row("keepalive", Words, unset),
    row("keepalive_requests", Words, unset),
    row("keepalive_timeout", Words, unset),
    row("large_client_header_buffers", Several, four_times_8k),
    row("least_conn", Words, unset),
    row("least_time", Words, unset),
    row("proxy_bind", Words, unset),
    row("proxy_buffer_size", Bytes, page),
    row("proxy_buffering", Flag, on),
    row("proxy_buffers", Several, eight_pages),
    row("proxy_busy_buffers_size", Bytes, unset),
    row("proxy_cache", Word, unset),
    row("proxy_cache_use_stale", Words, nothing_stale),
    row("proxy_connect_timeout", Time, minute),
    row("proxy_http_version", Word, http_version),
    row("proxy_intercept_errors", Flag, off),
    row("proxy_max_temp_file_size", Bytes, gibibyte),
    row("proxy_next_upstream", Words, error_timeout),
    row("proxy_next_upstream_timeout", Time, no_time),
    row("proxy_next_upstream_tries", Number, zero),
    row("proxy_pass_request_body", Flag, on),
    row("proxy_read_timeout", Time, minute),
    row("proxy_request_buffering", Flag, on),
    row("proxy_send_timeout", Time, minute),
    row("proxy_set_body", Word, unset),
    row("proxy_ssl_verify", Flag, off),
    row("proxy_store", Words, unset),
    row("proxy_temp_file_write_size", Bytes, unset),
    row("proxy_timeout", Time, ten_minutes),
    row("queue", Words, unset),
    row("random", Words, unset),
    row("resolver", Words, unset),
    row("scgi_buffer_size", Bytes, page),
    row("scgi_buffering", Flag, on),
    row("scgi_buffers", Several, eight_pages),
    row("scgi_busy_buffers_size", Bytes, unset),
    row("scgi_cache_use_stale", Words, nothing_stale),
    row("scgi_connect_timeout", Time, minute),
    row("scgi_max_temp_file_size", Bytes, gibibyte),
    row("scgi_next_upstream", Words, error_timeout),
    row("scgi_next_upstream_timeout", Time, no_time),
    row("scgi_next_upstream_tries", Number, zero),
    row("scgi_read_timeout", Time, minute),
    row("scgi_send_timeout", Time, minute),
    row("scgi_temp_file_write_size", Bytes, unset),
    row("ssl", Flag, off),
    row("sticky", Words, unset),
    row("user", Words, unset),
    row("uwsgi_buffer_size", Bytes, page),
    row("uwsgi_buffering", Flag, on),
    row("uwsgi_buffers", Several, eight_pages),
    row("uwsgi_busy_buffers_size", Bytes, unset),
    row("uwsgi_cache_use_stale", Words, nothing_stale),
    row("uwsgi_connect_timeout", Time, minute),
    row("uwsgi_max_temp_file_size", Bytes, gibibyte),
    row("uwsgi_next_upstream", Words, error_timeout),
    row("uwsgi_next_upstream_timeout", Time, no_time),
    row("uwsgi_next_upstream_tries", Number, zero),
    row("uwsgi_read_timeout", Time, minute),
    row("uwsgi_send_timeout", Time, minute),
    row("uwsgi_temp_file_write_size", Bytes, unset),
    row("worker_connections", Number, connections),
    row("worker_processes", Word, one),
    row("worker_rlimit_nofile", Number, unset),
    row("zone", Words, unset),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(DIRECTIVES.is_sorted_by(|a, b| a.name < b.name));
        assert_eq!(directive("proxy_buffers").map(|it| it.kind), Some(ValueKind::Buffers));
        assert!(directive("proxy_passs").is_none());
    }
}
