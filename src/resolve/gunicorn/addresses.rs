//! The lists of addresses that are trusted, and the address of a statsd server.
//!
//! Source: `validate_string_to_addr_list`, `validate_hostport` and `validate_statsd_address` in `gunicorn/config.py`.

use std::net::IpAddr;

use super::bind;
use super::table::Row;
use super::validate::{Trouble, int, is_no_int, no_int};
use crate::model::{Datum, Version};

/// The release of which it was read that every word has to be an address. Whether those between it and
/// [`UNCHECKED`] have the check was not looked up.
const CHECKED: Version = Version(23, 0, 0);

/// The last release of which it was read that any word will do.
const UNCHECKED: Version = Version(20, 1, 0);

/// The release that takes networks.
const NETWORKS: Version = Version(24, 1, 0);

/// The words of a list of trusted addresses.
pub(super) fn list(row: &Row, version: Version, words: Vec<String>) -> Result<Vec<String>, Trouble> {
    if version <= UNCHECKED {
        return Ok(words);
    }
    for word in words.iter().filter(|word| *word != "*") {
        match judge(word, version) {
            Ok(()) => {}
            Err(Trouble::Refused(_)) if version < CHECKED => {
                return Err(Trouble::Unknown(format!(
                    "whether `{}` may hold `{word}` is not known",
                    row.name
                )));
            }
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(words)
}

/// `ipaddress.ip_network` of Python, in its strict mode, and `ipaddress.ip_address` before it.
fn judge(word: &str, version: Version) -> Result<(), Trouble> {
    if word.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    // A scope has rules of its own.
    if word.contains('%') || !word.is_ascii() {
        return Err(Trouble::Unknown(format!("`{word}` is not followed")));
    }
    let what = if version < NETWORKS { "address" } else { "network" };
    let refused = || Trouble::Refused(format!("'{word}' does not appear to be an IPv4 or IPv6 {what}"));
    let Some((address, length)) = word.split_once('/').filter(|_| version >= NETWORKS) else {
        return Err(refused());
    };
    let address: IpAddr = address.parse().map_err(|_| refused())?;
    // A mask may be written as an address too.
    if length.parse::<IpAddr>().is_ok() {
        return Err(Trouble::Unknown(format!("`{word}` is not followed")));
    }
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let length: u32 = match length.parse() {
        Ok(number) if number <= width && length.bytes().all(|byte| byte.is_ascii_digit()) => number,
        _ => return Err(refused()),
    };
    let host = if width == length { 0 } else { bits & (u128::MAX >> (128 - (width - length))) };
    if host == 0 { Ok(()) } else { Err(Trouble::Refused(format!("{word} has host bits set"))) }
}

/// The address of a statsd server. Before 21.0 it was a host and a port.
pub(super) fn statsd(version: Version, datum: Datum) -> Result<Datum, Trouble> {
    let Datum::Text(text) = datum else { return Ok(datum) };
    if version <= UNCHECKED {
        let parts: Vec<&str> = text.split(':').collect();
        let [host, port] = parts.as_slice() else {
            return Err(Trouble::Refused("Value must consist of: hostname:port".into()));
        };
        return match int(port, false) {
            Some(port) => Ok(Datum::Text(format!("{host}:{port}"))),
            None if is_no_int(port, false) => Err(Trouble::Refused(no_int(port, 10))),
            None => Err(Trouble::Unknown(format!("`{text}` is not followed"))),
        };
    }
    let unknown = || Trouble::Unknown(format!("`{text}` is not followed"));
    if text.starts_with("unix:") {
        return Err(unknown());
    }
    match bind::parse(&text, "8125") {
        Ok(bind::Parsed::Tcp(host, port)) => Ok(Datum::Text(format!("{host}:{port}"))),
        Err(Trouble::Refused(_)) if version >= CHECKED => {
            Err(Trouble::Refused("Value must be one of ('host:port', 'unix://PATH')".into()))
        }
        _ => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks() {
        let newest = Version(27, 0, 1);
        for (word, version, expected) in [
            ("10.0.0.1", newest, "taken"),
            ("::1", newest, "taken"),
            ("10.0.0.0/8", newest, "taken"),
            ("fd00::/8", newest, "taken"),
            ("0.0.0.0/0", newest, "taken"),
            ("10.0.0.1/32", newest, "taken"),
            ("10.0.0.1/8", newest, "10.0.0.1/8 has host bits set"),
            ("10.0.0.0/33", newest, "'10.0.0.0/33' does not appear to be an IPv4 or IPv6 network"),
            ("nginx", newest, "'nginx' does not appear to be an IPv4 or IPv6 network"),
            ("", newest, "'' does not appear to be an IPv4 or IPv6 network"),
            ("10.0.0.0/8", CHECKED, "'10.0.0.0/8' does not appear to be an IPv4 or IPv6 address"),
            ("10.0.0.0/255.0.0.0", newest, "unknown"),
            ("fe80::1%eth0", newest, "unknown"),
        ] {
            let said = match judge(word, version) {
                Ok(()) => "taken".into(),
                Err(Trouble::Refused(words)) => words,
                Err(Trouble::Unknown(_)) => "unknown".into(),
            };
            assert_eq!(said, expected, "{word}");
        }
    }
}
