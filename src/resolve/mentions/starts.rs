//! Which words of a line start a server.

use super::words;

/// Programs that listen, by the word that starts them.
const SERVERS: [&str; 26] = [
    "gunicorn",
    "gunicorn3",
    "uvicorn",
    "daphne",
    "hypercorn",
    "granian",
    "uwsgi",
    "waitress-serve",
    "flask",
    "runserver",
    "runserver_plus",
    "runworker",
    "node",
    "nodejs",
    "npm",
    "yarn",
    "pnpm",
    "pm2",
    "puma",
    "unicorn",
    "rails",
    "java",
    "php-fpm",
    "streamlit",
    "jupyter",
    "superset",
];

/// Words of commands that speak of a server without starting it.
pub(super) const NO_START: [&str; 24] = [
    "install",
    "systemctl",
    "service",
    "journalctl",
    "apt",
    "apt-get",
    "yum",
    "dnf",
    "apk",
    "pkill",
    "killall",
    "kill",
    "cp",
    "mv",
    "ln",
    "rm",
    "chown",
    "chmod",
    "mkdir",
    "echo",
    "tail",
    "which",
    "add",
    "image",
];

/// Keys of playbooks whose values are names of things, and no commands.
const NAMES: [&str; 22] = [
    "become_user",
    "creates",
    "desc",
    "description",
    "dest",
    "group",
    "hosts",
    "id",
    "image",
    "label",
    "listen",
    "msg",
    "name",
    "notify",
    "owner",
    "path",
    "role",
    "src",
    "state",
    "tags",
    "unit",
    "user",
];

/// The first words of what a package manager of Node does without starting anything.
const BUILDS: [&str; 10] = ["audit", "build", "cache", "ci", "config", "i", "install", "lint", "set", "test"];

/// The words of a line that start a server, with where they begin. In a playbook much is only named.
pub(super) fn starts(line: &str, is_yaml: bool) -> Vec<(usize, &str)> {
    if is_yaml && names_things(line) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for command in line.split(['&', '|', ';']) {
        let offset = command.as_ptr() as usize - line.as_ptr() as usize;
        let words: Vec<(usize, &str)> =
            words(command, |c| c.is_ascii_alphanumeric() || "-_./".contains(c)).collect();
        if words.iter().any(|(_, word)| NO_START.contains(word)) {
            continue;
        }
        for (nth, (at, word)) in words.iter().enumerate() {
            let name = word.rsplit('/').next().unwrap_or(word);
            if SERVERS.contains(&name)
                && !is_asked(command, &words[..nth])
                && !is_brief(name, &words[nth + 1..])
            {
                found.push((offset + at, *word));
            }
        }
    }
    found
}

/// Whether the value of a line's key is a name: `- name: restart gunicorn`.
fn names_things(line: &str) -> bool {
    let key = line.trim_start().trim_start_matches("- ").split_once(':').map_or("", |(key, _)| key);
    NAMES.contains(&key.trim().trim_matches(['"', '\'']))
}

/// Whether the words before a program only ask whether it is there: `command -v node`, `[ -x /usr/bin/node ]`.
fn is_asked(command: &str, before: &[(usize, &str)]) -> bool {
    match before {
        [.., (_, "command"), (_, "-v" | "-V")] => true,
        [.., (_, "-e" | "-f" | "-h" | "-L" | "-x")] => command.contains("[ ") || command.contains("test "),
        _ => false,
    }
}

/// Whether a program with what follows it prints or builds something, and ends.
fn is_brief(name: &str, after: &[(usize, &str)]) -> bool {
    let mut after = after.iter().map(|(_, word)| *word);
    match name {
        "npm" | "yarn" | "pnpm" => {
            let mut action = None;
            while let Some(word) = after.next() {
                match word {
                    "--prefix" | "--cwd" | "--dir" | "-C" => drop(after.next()),
                    "run" | "run-script" => {}
                    "-v" | "--version" => return true,
                    _ if word.starts_with('-') => {}
                    _ => {
                        action = Some(word);
                        break;
                    }
                }
            }
            action.is_some_and(|action| BUILDS.contains(&action.split(['-', '.']).next().unwrap_or(action)))
        }
        "node" | "nodejs" => {
            matches!(after.next(), Some("-v" | "--version" | "-e" | "--eval" | "-p" | "--print"))
        }
        _ => matches!(after.next(), Some("-v" | "-V" | "-version" | "--version" | "--help")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_starts_a_server_where_it_is_run() {
        for (line, expected) in [
            ("exec /venv/bin/gunicorn app:app", true),
            ("node -v && npm run build", false),
            ("npm install && node server.js", true),
            ("npm --prefix web run build", false),
            ("npm run build-only; npm ci", false),
            ("npm run serve", true),
            ("npm start", true),
            ("yarn", true),
            ("if command -v node >/dev/null; then", false),
            ("[ ! -e /usr/bin/node ] && ln -s /usr/bin/nodejs /usr/bin/node", false),
            ("echo \"$(node --version)\"", false),
            ("node -e 'print(1)'", false),
            ("java -version", false),
            ("java -jar app.jar", true),
            ("systemctl restart gunicorn || gunicorn app:app", true),
        ] {
            assert_eq!(!starts(line, false).is_empty(), expected, "{line}");
        }
    }

    #[test]
    fn a_playbook_names_more_than_it_starts() {
        for (line, expected) in [
            ("    - name: restart gunicorn", false),
            ("        name: gunicorn", false),
            ("      notify: gunicorn", false),
            ("      command: /venv/bin/gunicorn app:app", true),
            ("      - gunicorn", true),
            ("      run: node server.js", true),
        ] {
            assert_eq!(!starts(line, true).is_empty(), expected, "{line}");
        }
    }
}
