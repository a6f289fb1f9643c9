//! What makes a machine's directories and accounts, and its defaults: `tmpfiles.d`, `sysusers.d`, `/etc/passwd`, `/etc/group`
//! and `system.conf.d`.
//!
//! Source: tmpfiles.d(5), sysusers.d(5) and systemd-system.conf(5) of systemd 252, passwd(5) and group(5).

/// In which way a file says what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines of `tmpfiles.d`.
    Tmpfiles,
    /// Lines of `sysusers.d`.
    Sysusers,
    /// `/etc/passwd`.
    Passwd,
    /// `/etc/group`.
    Group,
    /// The service manager's own settings: `system.conf`, `system.conf.d`.
    Manager,
}

impl Format {
    /// The format of a file by its path; `None` where it tells nothing.
    pub fn of(path: &str) -> Option<Format> {
        let mut parts = path.rsplit('/');
        let (name, parent) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        match (name, parent) {
            ("passwd", "etc") => Some(Format::Passwd),
            ("group", "etc") => Some(Format::Group),
            ("system.conf" | "user.conf", "systemd") => Some(Format::Manager),
            _ if !name.contains(".conf") => None,
            _ if matches!(parent, "system.conf.d" | "user.conf.d") => Some(Format::Manager),
            _ if parent == "sysusers.d" || name.contains("sysuser") => Some(Format::Sysusers),
            _ if parent == "tmpfiles.d" || name.contains("tmpfile") || name.contains("tempfile") => {
                Some(Format::Tmpfiles)
            }
            _ => None,
        }
    }
}

/// A line of `tmpfiles.d`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tmpfile {
    /// The letter of its type: `d`.
    pub kind: char,
    /// The path, as written.
    pub path: String,
    /// The mode in octal, where one is given that is read.
    pub mode: Option<u32>,
    /// The owner; `None` where it is root.
    pub user: Option<String>,
    /// The group; `None` where it is root's.
    pub group: Option<String>,
}

/// The lines of a `tmpfiles.d` file, but for those that are none.
pub fn tmpfiles(text: &str) -> Vec<Tmpfile> {
    lines(text).filter_map(tmpfile).collect()
}

fn tmpfile(line: &str) -> Option<Tmpfile> {
    let mut words = words(line).into_iter();
    let (kind, path) = (words.next()?, words.next()?);
    let mut letters = kind.chars();
    let kind = letters.next().filter(char::is_ascii_alphabetic)?;
    // Signs that change when and how, not what is there in the end.
    let is_type = letters.as_str().bytes().all(|sign| b"+!-=~^$?".contains(&sign));
    let given = |word: Option<String>| word.filter(|word| word != "-");
    let mode = given(words.next()).and_then(|mode| {
        u32::from_str_radix(mode.trim_start_matches([':', '~']), 8).ok().filter(|mode| *mode <= 0o7777)
    });
    let (user, group) = (given(words.next()), given(words.next()));
    (is_type && path.starts_with(['/', '%'])).then_some(Tmpfile { kind, path, mode, user, group })
}

/// What a file says of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// There is a group of this name, with this number where one is given.
    Group(String, Option<String>),
    /// There is a user of this name, with the number or the name of his first group where that is given.
    User(String, Option<String>),
    /// A user is in a group besides.
    Member(String, String),
}

/// What the lines of a file say of accounts; nothing in `tmpfiles.d` and the manager's settings.
pub fn accounts(format: Format, text: &str) -> Vec<Account> {
    match format {
        Format::Tmpfiles | Format::Manager => Vec::new(),
        Format::Sysusers => lines(text).filter_map(sysuser).collect(),
        Format::Passwd => lines(text).filter_map(passwd).collect(),
        Format::Group => lines(text).flat_map(group).collect(),
    }
}

fn sysuser(line: &str) -> Option<Account> {
    let mut words = words(line).into_iter();
    let (kind, name) = (words.next()?, words.next()?);
    match (kind.trim_end_matches('!'), words.next()) {
        // `UID:GROUP` names another group than the one that is made with the user.
        ("u", id) => {
            let group = id.as_ref().and_then(|id| id.split_once(':')).map(|(_, group)| group.to_owned());
            Some(Account::User(name.clone(), Some(group.unwrap_or(name))))
        }
        ("g", id) => Some(Account::Group(name, id.filter(|id| id != "-"))),
        ("m", Some(group)) => Some(Account::Member(name, group)),
        _ => None,
    }
}

fn passwd(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    let group = fields.nth(2)?;
    Some(Account::User(name.into(), Some(group.into())))
}

fn group(line: &str) -> Vec<Account> {
    let fields: Vec<&str> = line.trim_end().split(':').collect();
    let [name, _, id, members] = fields.as_slice() else { return Vec::new() };
    let member = |user: &str| Account::Member(user.into(), (*name).into());
    let members = members.split(',').map(str::trim).filter(|user| !user.is_empty()).map(member);
    std::iter::once(Account::Group((*name).into(), Some((*id).into()))).chain(members).collect()
}

/// The lines that say something.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The words of a line; quotes hold blanks together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_with(String::new);
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_with(String::new).push(c),
        }
    }
    words.extend(word);
    words
}

/// Whether a text without a telling name is a `tmpfiles.d` file: each of its lines is a line of one.
pub fn looks_like_tmpfiles(text: &str) -> bool {
    let mut lines = lines(text).peekable();
    lines.peek().is_some() && lines.all(|line| tmpfile(line).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_tmpfiles() {
        let read = |text: &str| {
            let show = |it: Tmpfile| {
                format!(
                    "{} {} {:?} {:?} {:?}",
                    it.kind,
                    it.path,
                    it.mode,
                    it.user.as_deref(),
                    it.group.as_deref()
                )
            };
            tmpfiles(text).into_iter().map(show).collect::<Vec<_>>()
        };
        assert_eq!(
            read("# why\nd /run/shop 0750 shop www-data -\nD! \"/run/a b\" - - - 10d\nd= %t/x :~0755\n"),
            [
                "d /run/shop Some(488) Some(\"shop\") Some(\"www-data\")",
                "D /run/a b None None None",
                "d %t/x Some(493) None None",
            ]
        );
        assert!(read("directory /run/x\nd run/x\nd\n").is_empty());
        assert!(looks_like_tmpfiles("d /run/shop 0755 shop shop\n\n"));
        assert!(!looks_like_tmpfiles("bind 127.0.0.1\n") && !looks_like_tmpfiles("\n"));
    }

    #[test]
    fn accounts_of_all_sorts() {
        let user = |name: &str, group: &str| Account::User(name.into(), Some(group.into()));
        let member = |name: &str, group: &str| Account::Member(name.into(), group.into());
        assert_eq!(
            accounts(Format::Sysusers, "u shop - \"The shop\"\nu! api 900:web\ng web 901\nm www-data shop\n"),
            [
                user("shop", "shop"),
                user("api", "web"),
                Account::Group("web".into(), Some("901".into())),
                member("www-data", "shop"),
            ]
        );
        assert_eq!(
            accounts(Format::Passwd, "shop:x:1000:1001:,,,:/home/shop:/bin/sh\n"),
            [user("shop", "1001")]
        );
        assert_eq!(
            accounts(Format::Group, "shop:x:1001:www-data, deploy\nempty:x:7:\nbroken\n"),
            [
                Account::Group("shop".into(), Some("1001".into())),
                member("www-data", "shop"),
                member("deploy", "shop"),
                Account::Group("empty".into(), Some("7".into())),
            ]
        );
    }

    #[test]
    fn formats_by_path() {
        for (path, expected) in [
            ("usr/lib/tmpfiles.d/shop.conf", Some(Format::Tmpfiles)),
            ("templates/gunicorn-tempfile.conf.j2", Some(Format::Tmpfiles)),
            ("deploy/shop-tmpfiles.conf", Some(Format::Tmpfiles)),
            ("sysusers.d/shop.conf", Some(Format::Sysusers)),
            ("etc/group", Some(Format::Group)),
            ("etc/passwd", Some(Format::Passwd)),
            ("src/group", None),
            ("tmpfiles.d/README", None),
        ] {
            assert_eq!(Format::of(path), expected, "{path}");
        }
    }
}
