//! Buffer sizes that nginx refuses together, at each level that they are written at and merged from.

use super::{Case, Mend, run, server};

/// A stack in which nginx refuses the sizes, in these words, until they are mended.
fn refused(http: &str, says: &str) {
    run(&Case {
        rule: "proxy-buffers-rejected",
        http,
        before: "does not start",
        log: says,
        mend: Mend::Unsafe,
        ..Case::default()
    });
}

const PASS: &str = "proxy_pass http://127.0.0.1:APP;";
const BUSY_ABOVE: &str =
    "\"proxy_busy_buffers_size\" must be less than the size of all \"proxy_buffers\" minus one buffer";
const BUSY_BELOW: &str =
    "\"proxy_busy_buffers_size\" must be equal to or greater than the maximum of the value of";

#[test]
fn a_larger_first_buffer_alone_is_refused_in_a_location() {
    refused(&server(&format!("{PASS} proxy_buffer_size 16k;")), BUSY_ABOVE);
}

#[test]
fn a_larger_first_buffer_alone_is_refused_in_a_server() {
    let http = server(PASS).replace("location", "proxy_buffer_size 16k; location");
    refused(&http, BUSY_ABOVE);
}

#[test]
fn a_larger_first_buffer_alone_is_refused_in_http() {
    refused(&format!("proxy_buffer_size 16k;\n{}", server(PASS)), BUSY_ABOVE);
}

#[test]
fn sizes_of_three_levels_are_merged_and_refused() {
    let http = server(&format!("{PASS} proxy_busy_buffers_size 24k;"));
    refused(
        &format!("proxy_buffers 4 4k;\n{}", http.replace("location", "proxy_buffer_size 8k; location")),
        BUSY_ABOVE,
    );
}

#[test]
fn fewer_bytes_busy_than_a_buffer_holds_are_refused() {
    refused(&server(&format!("{PASS} proxy_buffers 16 16k; proxy_busy_buffers_size 8k;")), BUSY_BELOW);
}

#[test]
fn one_buffer_is_refused() {
    refused(&server(&format!("{PASS} proxy_buffers 1 64k;")), "there must be at least 2 \"proxy_buffers\"");
}

#[test]
fn less_in_a_file_at_once_than_a_buffer_holds_is_refused() {
    let says = "\"proxy_temp_file_write_size\" must be equal to or greater than the maximum of the value of";
    refused(&server(&format!("{PASS} proxy_buffers 8 16k; proxy_temp_file_write_size 8k;")), says);
}

#[test]
fn a_file_that_may_not_hold_a_buffer_is_refused() {
    let says = "\"proxy_max_temp_file_size\" must be equal to zero to disable temporary files usage or must be equal to";
    refused(&server(&format!("{PASS} proxy_buffers 8 16k; proxy_max_temp_file_size 8k;")), says);
}
