//! Numbers of bytes.

use std::fmt;

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size {
    /// Bytes.
    pub bytes: u64,
}

impl Size {
    /// A number of kibibytes.
    pub const fn kibibytes(number: u64) -> Size {
        Size { bytes: number * 1024 }
    }

    /// Reads a size as nginx does: digits, then nothing, `k`/`K` or `m`/`M`; with `g`/`G` too where the directive takes
    /// an offset. `None` where nginx says "invalid value".
    ///
    /// Source: `ngx_parse_size` and `ngx_parse_offset` in `src/core/ngx_parse.c` of nginx 1.31.3.
    pub fn from_nginx(text: &str, gigabytes: bool) -> Option<Size> {
        let (number, scale) = match text.as_bytes().last()? {
            b'k' | b'K' => (&text[..text.len() - 1], 1 << 10),
            b'm' | b'M' => (&text[..text.len() - 1], 1 << 20),
            b'g' | b'G' if gigabytes => (&text[..text.len() - 1], 1 << 30),
            _ => (text, 1),
        };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let bytes = number.parse::<u64>().ok()?.checked_mul(scale)?;
        i64::try_from(bytes).ok().map(|_| Size { bytes })
    }

    /// The same size as nginx's directives take it: `16k`, `1m`, `4097`.
    pub fn to_nginx(self) -> String {
        match self.bytes {
            bytes if bytes > 0 && bytes.is_multiple_of(1 << 20) => format!("{}m", bytes >> 20),
            bytes if bytes > 0 && bytes.is_multiple_of(1 << 10) => format!("{}k", bytes >> 10),
            bytes => bytes.to_string(),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bytes {
            bytes if bytes > 0 && bytes.is_multiple_of(1 << 20) => write!(f, "{} MiB", bytes >> 20),
            bytes if bytes > 0 && bytes.is_multiple_of(1 << 10) => write!(f, "{} KiB", bytes >> 10),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Size;

    #[test]
    fn nginx_sizes() {
        for (text, gigabytes, bytes) in [
            ("4k", false, Some(4096)),
            ("16K", false, Some(16_384)),
            ("1m", false, Some(1 << 20)),
            ("4096", false, Some(4096)),
            ("0", false, Some(0)),
            ("1g", false, None),
            ("1g", true, Some(1 << 30)),
            ("16kb", false, None),
            ("k", false, None),
            ("", false, None),
            ("-1", false, None),
            ("99999999999999999999", false, None),
        ] {
            assert_eq!(Size::from_nginx(text, gigabytes).map(|it| it.bytes), bytes, "{text:?}");
        }
    }
}
