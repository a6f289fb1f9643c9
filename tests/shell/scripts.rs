//! Scripts that start a Gunicorn: those that people write, and any.

use crate::support::Dice;

/// The environment of every script.
pub(crate) const VARIABLES: [(&str, &str); 3] =
    [("PORT", "9000"), ("OPTIONS", "--timeout 30  -k sync"), ("EMPTY", "")];

/// Variables that scripts speak of.
pub(crate) const NAMES: [&str; 8] = ["A", "B", "C", "PORT", "OPTIONS", "EMPTY", "DIR", "X"];

/// A file that scripts read.
pub(crate) const READ: &str = "A=read\nexport B=\"read $A\"\n# C=no\n";

/// Scripts by hand, the first of them after those that many tutorials show.
pub(crate) const SCRIPTS: &[&str] = &[
    "#!/bin/bash\nNAME=shop\nDIR=/usr\nSOCKFILE=$DIR/run/shop.sock\nNUM=3\necho \"Starting $NAME as `whoami`\"\ncd $DIR\n\
     export PYTHONPATH=$DIR:$PYTHONPATH\nRUNDIR=$(dirname $SOCKFILE)\ntest -d $RUNDIR || true $RUNDIR\n\
     exec gunicorn ${MODULE:-shop.wsgi}:application \\\n  --name $NAME \\\n  --workers $NUM \\\n  --bind=unix:$SOCKFILE\n",
    "DIR=$(cd \"$(dirname \"$0\")\" && pwd)\ncd \"$DIR/..\"\nexec gunicorn -c \"$DIR/gunicorn.conf.py\" \"$@\"\n",
    "DIR=\"$( cd \"$( dirname \"$0\" )\" >/dev/null 2>&1 && pwd )\"\ngunicorn -c $DIR/x.py a:b\n",
    "cd ${0%/*} || exit 1\nexec gunicorn a:b -n ${0##*/}\n",
    "set -e\n: ${PORT:=8000}\n: ${WORKERS:=4}\nexec gunicorn -b \"0.0.0.0:$PORT\" -w $WORKERS a:b\n",
    "set -a\n. ./vars.env\nset +a\nC=no\nexec gunicorn $A a:b\n",
    "set -a && . ./vars.env && set +a\nexec gunicorn \"$B\" a:b\n",
    "if [ -z \"$X\" ]; then X=5; fi\nexec gunicorn -w $X a:b\n",
    "[ -n \"$X\" ] && export A=1\n[ -n \"$PORT\" ] && export B=1\nexec gunicorn a:b\n",
    "exec gunicorn $OPTIONS \"$OPTIONS\" x$OPTIONS'y' $EMPTY \"$EMPTY\" a:b\n",
    "exec gunicorn $@ a:b\n",
    "exec gunicorn $* a:b\n",
    "exec gunicorn \"$*\" a:b\n",
    "exec gunicorn x\"$@\"y \"${1}\" $3 ${4:-none} $# a:b\n",
    "shift\nexec gunicorn \"$@\"\n",
    "exec gunicorn \"${01}\" ${10} a:b\n",
    "exec gunicorn -n \"${00}\" a:b\n",
    "set -- -b :1 \"$@\"\nexec gunicorn \"$@\"\n",
    "A=1 B=\"$PORT\" exec gunicorn a:b\n",
    "A=1 gunicorn a:b; B=2\n",
    "A=1\nexport A\nA=2\nB=3\nexport C\nexec gunicorn a:b\n",
    "export A=1 B C=\"2 3\"\nunset PORT A\nexec gunicorn a:b ${PORT-none}\n",
    "export A=$OPTIONS\nexec gunicorn \"$A\"\n",
    "f() { A=2; }\nA=1\nf\nexec gunicorn $A a:b\n",
    "f() { A=2; }\nA=1\nexec gunicorn $A a:b\n",
    "start() { exec gunicorn \"$@\"; }\nstart a:b\n",
    "for A in 1 2; do B=$A; done\nexec gunicorn $A $B a:b\n",
    "case $PORT in 9*) A=1;; *) A=2;; esac\nexec gunicorn $A\n",
    "(cd /usr; A=1; export PORT=1)\nexec gunicorn $A a:b\n",
    "{ cd /usr; A=1; }\nexec gunicorn $A a:b\n",
    "cd /usr | cat\nexec gunicorn a:b\n",
    "cat <<EOF > /dev/null\nexec gunicorn no\nEOF\nexec gunicorn yes\n",
    "gunicorn --check-config a:b > /dev/null || true\nrm -f ../out ./out out \"$(dirname \"$0\")/../out\"\nexec gunicorn a:b\n",
    "gunicorn a:b 2>&1 | cat\n",
    "gunicorn a:b -w 2 >> /dev/null 2>&1\n",
    "exec env A=7 -u PORT gunicorn a:b\n",
    "exec nice -n 1 gunicorn a:b 'x y'\n",
    "exec timeout 9 gunicorn a:b\n",
    "exec gunicorn 'it'\\''s' \"a\\\"b\\$c\\d\" a\\ b $'x\\ty' a:b\n",
    "exec gunicorn ~ ~/x a=~/y * ? [s]ub {a,b} a:b\n",
    "IFS=:\nA=1:2\nexec gunicorn $A a:b\n",
    "A='*'\nexec gunicorn $A \"$A\" a:b\n",
    "eval \"A=1\"\nexec gunicorn $A a:b\n",
    "cd sub\ncd ..\ncd -- /usr/bin/..\nexec gunicorn $PWD $(pwd) a:b\n",
    "true && A=1\nfalse && B=1\nexec gunicorn \"$A$B\" a:b\n",
    "true || A=1\nfalse || B=1\nexec gunicorn \"$A$B\" a:b\n",
    "while read A; do B=1; done < /dev/null\nexec gunicorn x$A$B a:b\n",
    "X=$(echo 1 2)\nexec gunicorn $X \"$X\" $(basename /a/b.c) a:b\n",
    "X=$((1 + 2))\nexec gunicorn $X a:b\n",
    "A=$(A=2; echo $A)\nexec gunicorn x$A\n",
    "A=1; A=$A$A; A+=3\nexec gunicorn $A\n",
    "source ./vars.env\nexec gunicorn x$A a:b\n",
    "exec gunicorn \"${X:-'q'}\" ${X:-'q'} \"${X:-a b}\" ${X:-a b} ${X:-\"a b\"} ${X:-$PORT} a:b\n",
    "exec gunicorn a:b # comment\n",
    "exec gunicorn a#b \\\n  c \\\n\n",
    "trap 'true' TERM\numask 022\nulimit -c 0\nexec gunicorn a:b\n",
    "command gunicorn a:b\n",
    "\"gunicorn\" a:b\n",
    "g=gunicorn\n$g a:b\n",
    "exec > /dev/null\nexec gunicorn a:b\n",
    "export A=1\nreadonly B=2\nexec gunicorn $B a:b\n",
    "A=1 true\nexec gunicorn x$A a:b\n",
    "A=1 :\nexec gunicorn x$A a:b\n",
    "A=1 export B=2\nexec gunicorn x$A a:b\n",
    "PORT=1\nexec gunicorn -b :$PORT a:b\n",
];

/// One of some texts.
fn pick(dice: &mut Dice, sides: &[&'static str]) -> &'static str {
    sides[dice.below(sides.len())]
}

/// A script from parts that people use, put together at random.
pub(crate) fn generated(dice: &mut Dice) -> String {
    let mut script = String::new();
    for _ in 0..1 + dice.below(6) {
        script.push_str(&statement(dice, 2));
        script.push('\n');
    }
    let prefix = ["", "", "A=last ", "exec ", "exec ", "exec ", "true && ", "test -n \"$A\" && exec "];
    script.push_str(pick(dice, &prefix));
    script.push_str("gunicorn");
    for _ in 0..1 + dice.below(4) {
        script.push(' ');
        script.push_str(&word(dice));
    }
    script.push_str(pick(
        dice,
        &["\n", "\n", " 2>&1\n", " > /dev/null\n", " # end\n", " | cat\n", " && true\n", "; true\n"],
    ));
    script
}

fn statement(dice: &mut Dice, depth: usize) -> String {
    let name = pick(dice, &NAMES);
    match dice.below(if depth == 0 { 14 } else { 25 }) {
        0..=2 => format!("{name}={}", word(dice)),
        3 => format!("export {name}={}", word(dice)),
        4 => format!("export {name}"),
        5 => format!("unset {name}"),
        6 => {
            format!("cd {}", pick(dice, &["/usr", "\"$DIR\"", "..", "/usr/bin/..", ".", "$(dirname \"$0\")"]))
        }
        7 => format!("set -- {} {}", word(dice), word(dice)),
        8 => (pick(dice, &["shift", "set -a", "set +a", "set -e", "set -u", "set -f"])).to_owned(),
        9 => format!(": ${{{name}:={}}}", pick(dice, &["x", "", "$PORT", "a/b"])),
        10 => format!("echo {} > /dev/null", word(dice)),
        11 => {
            (pick(dice, &[". ./vars.env", "true", "false", "# comment", "DIR=/usr", "readonly X"])).to_owned()
        }
        12 => format!("{name}={} {}={}", word(dice), pick(dice, &NAMES), word(dice)),
        13 => format!("{name}={} true", word(dice)),
        14 => format!(
            "if {}; then {}; else {}; fi",
            test(dice),
            statement(dice, depth - 1),
            statement(dice, depth - 1)
        ),
        15 | 16 => format!("{} && {}", test(dice), statement(dice, depth - 1)),
        17 => format!("{} || {}", test(dice), statement(dice, depth - 1)),
        18 => format!("for {name} in 1 {}; do {}; done", word(dice), statement(dice, depth - 1)),
        19 => format!("f() {{ {}; }}\n{}", line(dice, depth - 1), pick(dice, &["f", "", "f x y"])),
        20 => format!("{{ {}; }}", line(dice, depth - 1)),
        21 => format!("({})", line(dice, depth - 1)),
        22 => format!("{} | cat", line(dice, depth - 1)),
        23 => format!("case {} in 9*|x) {};; *) {};; esac", word(dice), line(dice, 0), line(dice, 0)),
        _ => format!("{} && {}; {}", line(dice, 0), line(dice, 0), line(dice, 0)),
    }
}

/// A statement that goes on its line with others.
fn line(dice: &mut Dice, depth: usize) -> String {
    loop {
        let statement = statement(dice, depth);
        if !statement.contains(['#', '\n']) {
            return statement;
        }
    }
}

fn test(dice: &mut Dice) -> &'static str {
    pick(
        dice,
        &[
            "[ -n \"$A\" ]",
            "test -z \"$B\"",
            "[ \"$PORT\" = 9000 ]",
            "true",
            "false",
            "[ -d /usr ]",
            "cd /usr",
        ],
    )
}

fn word(dice: &mut Dice) -> String {
    const PARTS: [&str; 34] = [
        "a",
        "-w",
        "3",
        "x=y",
        ":80",
        "/a/b",
        "'q r'",
        "\"s t\"",
        "\\ ",
        "$A",
        "${A}",
        "\"$A\"",
        "$B",
        "\"$B $C\"",
        "$OPTIONS",
        "\"$OPTIONS\"",
        "${X:-d}",
        "${X-d}",
        "\"${X:-d e}\"",
        "${EMPTY:-f}",
        "${EMPTY-f}",
        "$EMPTY",
        "$1",
        "\"$2\"",
        "\"$@\"",
        "$#",
        "$(dirname /a/b)",
        "`pwd`",
        "$(echo $A)",
        "${0##*/}",
        "$PORT",
        "'$A'",
        "\"\\$A\"",
        "\"\"",
    ];
    let mut word = String::new();
    for _ in 0..1 + dice.below(2) {
        word.push_str(pick(dice, &PARTS));
    }
    word
}
