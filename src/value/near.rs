//! Names that are all but equal.

/// The most letters that a slip changes.
const MOST: usize = 2;

/// The longest name that is compared, in bytes.
const LONGEST: usize = 64;

/// The most names that one is compared with, so that many mistakes among many names cost no more than their number.
const MANY: usize = 100;

/// The one of some names that is evidently meant by a misspelt one: no other is as near, and at most two letters are
/// wrong, missing, too many or swapped with their neighbour. A short name says less, so at least twice as many letters
/// as are wrong must be right; and what differs in a digit is another of its sort, not a slip.
pub fn near<'a>(misspelt: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if misspelt.len() > LONGEST {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    let mut is_only = true;
    for (at, name) in names.into_iter().enumerate() {
        if at == MANY {
            return None;
        }
        if name.len().abs_diff(misspelt.len()) > MOST {
            continue;
        }
        let distance = distance(misspelt.as_bytes(), name.as_bytes());
        match best {
            Some((least, _)) if distance > least => {}
            Some((least, other)) if distance == least => is_only &= other == name,
            _ => (best, is_only) = (Some((distance, name)), true),
        }
    }
    let right = |name: &str, wrong: usize| name.len().min(misspelt.len()).saturating_sub(wrong);
    let digits = |name: &str| name.bytes().filter(u8::is_ascii_digit).collect::<Vec<_>>();
    best.filter(|(_, name)| digits(name) == digits(misspelt))
        .filter(|(wrong, name)| is_only && (1..=MOST).contains(wrong) && right(name, *wrong) >= 2 * wrong)
        .map(|(_, name)| name)
}

/// How many letters have to be changed, added, left out or swapped with their neighbour: the distance of Damerau and
/// Levenshtein, in which no letter is touched twice.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let changed = last[j] + usize::from(x != y);
            let mut least = changed.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_one_or_two_letters_is_seen_through() {
        for (misspelt, names, expected) in [
            ("@ap", &["@app", "@static"][..], Some("@app")),
            ("@appp", &["@app"], Some("@app")),
            ("@paparrot", &["@paparort"], Some("@paparort")),
            ("@App", &["@app"], Some("@app")),
            ("@proxy_to_ap", &["@proxy_to_app", "@proxy_to_api"], None),
            ("@backend1", &["@backend2", "@backend"], None),
            ("@app1", &["@app2"], None),
            ("@app", &["@app"], None),
            ("@maintenance", &["@app"], None),
            ("@a", &["@b"], None),
            ("@ab", &["@cd"], None),
            ("@django", &["@djnago"], Some("@djnago")),
        ] {
            assert_eq!(near(misspelt, names.iter().copied()), expected, "{misspelt} {names:?}");
        }
    }
}
