//! Names that are all but another.

/// The longest name that is compared, in bytes.
const LONGEST: usize = 64;

/// Which of some names one is a misspelling of: the only one that is nearest, at most so far away as its length allows.
/// `None` where several are as near; and what differs in a digit is another of its sort, not a slip.
///
/// All names are looked at: whoever has many mistakes among many names has to bound their number.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = match name.len() {
        3..=7 => 1,
        8..=LONGEST => 2,
        _ => return None,
    };
    let mut best: Option<(usize, &str)> = None;
    let mut several = false;
    for other in names {
        let Some(distance) = distance(name, other, most).filter(|_| other.len() > 2) else { continue };
        match best {
            Some((_, same)) if same == other => {}
            Some((least, _)) if distance > least => {}
            Some((least, _)) if distance == least => several = true,
            _ => (best, several) = (Some((distance, other)), false),
        }
    }
    let digits = |name: &str| name.bytes().filter(u8::is_ascii_digit).collect::<Vec<_>>();
    best.map(|(_, other)| other).filter(|other| !several && digits(other) == digits(name))
}

/// How many letters have to be put in, left out, exchanged or swapped with their neighbour to make one name of another, if
/// that is at most `most`.
pub fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    // Three rows of the table of distances between beginnings.
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let exchanged = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = exchanged.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        if row.iter().all(|it| *it > most) {
            return None;
        }
        (before, last) = (last, row);
    }
    Some(last[b.len()]).filter(|it| *it <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("proxy_passs", "proxy_pass", Some(1)),
            ("porxy_pass", "proxy_pass", Some(1)),
            ("proxy_pas", "proxy_pass", Some(1)),
            ("proxi_pasz", "proxy_pass", Some(2)),
            ("proxy", "proxy_pass", None),
            ("", "ab", Some(2)),
            ("", "abc", None),
        ] {
            assert_eq!(distance(a, b, 2), expected, "{a} {b}");
        }
    }

    #[test]
    fn only_one_name_is_nearest() {
        let names = ["app_server", "api_server", "backend"];
        assert_eq!(nearest("app_sever", names), Some("app_server"));
        assert_eq!(nearest("ap_server", names), None);
        assert_eq!(nearest("backnd", names), Some("backend"));
        assert_eq!(nearest("frontend", names), None);
        assert_eq!(nearest("backend_2", ["backend_1"]), None);
        assert_eq!(nearest("app", ["ap"]), None);
        assert_eq!(nearest("@ap", ["@app", "@old"]), Some("@app"));
        assert_eq!(nearest("backends", ["backend", "backend"]), Some("backend"));
    }
}
