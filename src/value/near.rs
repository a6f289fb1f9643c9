//! Names that are all but another.

/// Which of some names one is a misspelling of: the only one that is nearest, at most so far away as its length allows.
/// `None` where several are as near.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = match name.len() {
        0..=3 => return None,
        4..=7 => 1,
        _ => 2,
    };
    let mut best: Option<(usize, &str)> = None;
    let mut several = false;
    for other in names {
        let Some(distance) = distance(name, other, most) else { continue };
        match best {
            Some((_, same)) if same == other => {}
            Some((least, _)) if distance > least => {}
            Some((least, _)) if distance == least => several = true,
            _ => (best, several) = (Some((distance, other)), false),
        }
    }
    best.filter(|_| !several).map(|(_, other)| other)
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
        assert_eq!(nearest("app", ["ap"]), None);
        assert_eq!(nearest("backends", ["backend", "backend"]), Some("backend"));
    }
}
