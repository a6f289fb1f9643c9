//! Scripts to commands.

use super::*;

/// The commands of a script, one a line: how it comes to run, and its words as written.
fn read(text: &str) -> Vec<String> {
    let mut at = 0;
    for tile in tiles(text) {
        assert_eq!(tile.start, at, "gap or overlap in {text:?}");
        at = tile.end;
    }
    assert_eq!(at, text.len(), "the tiles of {text:?} end early");
    let show = |command: &Command| {
        let place = match command.place {
            Place::Straight => "",
            Place::Perhaps => "perhaps ",
            Place::Apart => "apart ",
            Place::Function => "function ",
        };
        let join = match command.join {
            Join::Start => "",
            Join::And => "and ",
            Join::Or => "or ",
        };
        let way = match command.way {
            Way::Plain => "",
            Way::Piped => "piped ",
            Way::Background => "background ",
            Way::Loop => "loop ",
            Way::Definition => "definition ",
            Way::Unread => "unread ",
        };
        let words: Vec<&str> = command.words.iter().map(|word| &text[word.range.clone()]).collect();
        format!("{place}{join}{way}{}", words.join(" ")).trim_end().to_owned()
    };
    parse(text).commands.iter().map(show).collect()
}

#[test]
fn commands_know_how_they_come_to_run() {
    for (text, expected) in [
        ("a b\n# c\nd", vec!["a b", "d"]),
        ("a; b & c && d || e\n", vec!["a", "background b", "c", "and d", "or e"]),
        ("a |\n\n b", vec!["piped a", "piped b"]),
        ("a &&\n b", vec!["a", "and b"]),
        ("a > x 2>&1 < y b", vec!["a b"]),
        ("a 2 > x", vec!["a 2"]),
        ("a \\\n  b\\\nc\n", vec!["a b\\\nc"]),
        (
            "if a; then b; elif c; then d; else e; fi; f",
            vec!["perhaps a", "perhaps b", "perhaps c", "perhaps d", "perhaps e", "f"],
        ),
        ("for x in 1 2; do a; done\nb", vec!["perhaps loop x", "perhaps a", "b"]),
        ("for x\ndo a\ndone", vec!["perhaps loop x", "perhaps a"]),
        ("while a; do b; done < x; c", vec!["perhaps a", "perhaps b", "c"]),
        ("case $1 in\n a|b) c;;\n (d) e;;\n *) f\nesac\ng", vec!["perhaps c", "perhaps e", "perhaps f", "g"]),
        ("(a; b); c", vec!["apart a", "apart b", "c"]),
        ("{ a; b; }; c", vec!["a", "b", "c"]),
        ("x && { a; }; c", vec!["x", "perhaps a", "c"]),
        ("f() { a; }\nf", vec!["definition f", "function a", "f"]),
        ("function f {\n if a; then b; fi\n}\nf", vec!["definition f", "function a", "function b", "f"]),
        ("[[ a == b && (c < d) ]] && e", vec!["[[", "and e"]),
        ("a=(b 'c d')\ne", vec!["a=", "e"]),
        ("a <<EOF\n$(b\nEOF\nc", vec!["a", "c"]),
        ("a <<-'E O' > x\nc", vec!["unread"]),
        ("a <<-E > x\n\tb '\n\tE\nc", vec!["a", "c"]),
        ("a <<EOF\n EOF\nEOF", vec!["a"]),
        ("! a; b", vec!["a", "b"]),
        ("x=1 if", vec!["x=1 if"]),
        ("echo if; then", vec!["echo if", "unread"]),
        ("a $(b (c) 'd)' \"e)\") f", vec!["a $(b (c) 'd)' \"e)\") f"]),
        ("a \"$(b \"$(c \"d\")\")\" f", vec!["a \"$(b \"$(c \"d\")\")\" f"]),
        ("a ${b:-'}'} \"${c:-'}'}\"", vec!["a ${b:-'}'} \"${c:-'}'}\""]),
        ("((i++))\nb", vec!["unread"]),
        ("a\nb 'c\nd", vec!["a", "unread"]),
        ("{ a; } | b; c", vec!["a", "unread"]),
        ("if a; then b", vec!["perhaps a", "perhaps b", "unread"]),
        ("a <(b)", vec!["unread"]),
    ] {
        let found = read(text);
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(found, expected, "{text:?}");
    }
}

#[test]
fn words_have_their_pieces() {
    let pieces = |text: &str| parse(text).commands[0].words[0].pieces.clone();
    let parameter =
        |name: &str, operation, quoted| Piece::Parameter(Parameter { name: name.into(), operation, quoted });
    assert_eq!(
        pieces("a'b'\\c\"d$e\\$\\x\""),
        [
            Piece::Text("a".into()),
            Piece::Quoted("b".into()),
            Piece::Quoted("c".into()),
            Piece::Quoted("d".into()),
            parameter("e", Operation::Value, true),
            Piece::Quoted("$".into()),
            Piece::Quoted("\\x".into()),
        ]
    );
    let default = Operation::Default { word: "'8'".into(), colon: true, assign: false };
    assert_eq!(pieces("${P:-'8'}"), [parameter("P", default, false)]);
    assert_eq!(pieces("${0%/*}"), [parameter("0", Operation::Directory, false)]);
    assert_eq!(pieces("\"${BASH_SOURCE[0]}\""), [parameter("BASH_SOURCE[0]", Operation::Value, true)]);
    assert_eq!(pieces("$(a $(b))"), [Piece::Substitution { text: "a $(b)".into(), quoted: false }]);
    assert_eq!(pieces("$((1 + 2))"), [Piece::Odd(false)]);
    assert_eq!(pieces("{{ a }}/b"), [Piece::Template, Piece::Text("/b".into())]);
    assert_eq!(pieces("\"\""), [Piece::Quoted(String::new())]);
}

#[test]
fn hostile_texts_are_read_in_linear_time() {
    for unit in [
        "$(",
        "\"$(",
        "`",
        "'",
        "\"",
        "${",
        "(",
        "{ ",
        "if ",
        "<<a\n",
        "a\\\n",
        "$",
        "{{",
        "case x in ",
        "((",
        "f() {\n",
    ] {
        read(&unit.repeat(2_000));
        read(&format!("a {}", unit.repeat(2_000)));
    }
}
