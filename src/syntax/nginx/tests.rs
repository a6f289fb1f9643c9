//! What nginx 1.31.3 does with each of these was seen with `nginx -t`.

use super::*;

fn read(text: &str) -> Parsed<Tree<'_>> {
    let tiles = tiles(text);
    let mut at = 0;
    for tile in &tiles {
        assert_eq!(tile.start, at, "a gap or an overlap in {text:?}");
        at = tile.end;
    }
    assert_eq!(at, text.len(), "the end of {text:?} is not covered");
    parse(FileId(0), text)
}

/// The items in a form that is quick to compare: `a b;`, `a { b; }`, `<tag>`.
fn shape(items: &[Item], text: &str) -> String {
    let mut parts = Vec::new();
    for item in items {
        match item {
            Item::Directive(directive) => {
                let words: Vec<&str> = directive.words.iter().map(|word| word.text.as_str()).collect();
                let words = words.join("|");
                parts.push(match &directive.body {
                    Body::Simple => format!("{words};"),
                    Body::Block(items) => {
                        format!("{words} {{ {} }}", shape(items, text)).replace("{  }", "{ }")
                    }
                    Body::Raw(span) => format!("{words} [[{}]]", &text[span.range()]),
                });
            }
            Item::Comment(_) => {}
            Item::Template(template) => parts.push(format!("<{:?}>", template.kind)),
        }
    }
    parts.join(" ")
}

fn messages(parsed: &Parsed<Tree>, text: &str) -> Vec<String> {
    let line = |at: u32| text[..at as usize].matches('\n').count() + 1;
    parsed.errors.iter().map(|error| format!("{}: {}", line(error.span.start), error.message)).collect()
}

#[test]
fn a_line_of_plain_words_is_read_as_any_other() {
    const PIECES: [&str; 23] = [
        "a", "B", "_", "9", " ", "\t", "\r", "$x", "${", "{", "}", ";", "|||||||", ">>>>>>> ", "<",
        "<<<<<<< ", "<%", "%>", "%", "\\", "__A__", "\u{b}", "ä",
    ];
    let mut quick = 0;
    for (one, two) in PIECES.iter().flat_map(|one| PIECES.iter().map(move |two| (one, two))) {
        for (begin, end) in
            ["if a", "if a "].into_iter().flat_map(|it| [";", "{", " {", " {b;"].map(|end| (it, end)))
        {
            let text = format!("{begin}{one}{two}{end}\n}} c;\n");
            // A remark takes the line's shape from it and changes nothing else.
            let (line, rest) = text.split_once('\n').unwrap();
            let remarked = format!("{line} #\n{rest}");
            let (plain, other) = (read(&text), read(&remarked));
            assert_eq!(shape(&plain.tree.items, &text), shape(&other.tree.items, &remarked), "{text:?}");
            assert_eq!(messages(&plain, &text), messages(&other, &remarked), "{text:?}");
            let rules = Grammar::parse(start(&text), &text).unwrap().flatten();
            quick += rules.filter(|pair| pair.as_rule() == Rule::line).count();
        }
    }
    assert!(quick > 2_000, "{quick}");
}

#[test]
fn a_block_that_is_not_closed_ends_where_the_next_one_begins() {
    for (text, end) in [
        ("upstream a {\n server b;\n\nserver {\n listen 80;\n}\n", "server {"),
        ("map $a $b {\n c d;\n\nserver {\n listen 80;\n}\n", "server {"),
        ("map $a $b {\n c d\n\nserver {\n listen 80;\n}\n", "server {"),
    ] {
        let items = read(text).tree.items;
        let [Item::Directive(first), Item::Directive(second)] = &items[..] else { panic!("{text}") };
        let next = text.rfind(end).unwrap();
        assert_eq!((first.span().range(), second.span().range().start), (0..next, next), "{text}");
    }
}

#[test]
fn words_end_and_quotes_close_where_nginx_has_it() {
    for (text, expected) in [
        ("", ""),
        (" \t\r\n", ""),
        ("a;", "a;"),
        ("a b c;", "a|b|c;"),
        ("a\r\nb\r\n;\r\n", "a|b;"),
        ("a # b; c\n d;", "a|d;"),
        ("a#b c;", "a#b|c;"),
        ("a b#c;", "a|b#c;"),
        ("# a;\nb;", "b;"),
        ("a \"b c\" 'd e';", "a|b c|d e;"),
        ("a b\"c;", "a|b\"c;"),
        ("a b'c d';", "a|b'c|d';"),
        ("a \"\";", "a|;"),
        ("a \"b\\\"c\" 'd\\'e';", "a|b\"c|d'e;"),
        ("a 'b;c{d}e#f';", "a|b;c{d}e#f;"),
        ("a \"b\nc\";", "a|b\nc;"),
        ("a b\\;c;", "a|b\\;c;"),
        ("a b\\ c;", "a|b\\ c;"),
        ("a b\\{c;", "a|b\\{c;"),
        ("a \\.php$;", "a|\\.php$;"),
        ("a ${b}c$d;", "a|${b}c$d;"),
        ("a ${{b};", "a|${{b};"),
        ("a x{y;}", "a|x { y; }"),
        ("a{b{c;}}", "a { b { c; } }"),
        ("a b}c;", "a|b}c;"),
        ("if ($a = \"b\") { c; }", "if|($a|=|b|) { c; }"),
        ("if ($a ~* \"b{2}\"){c;}", "if|($a|~*|b{2}|) { c; }"),
        ("a \"b\")c;", "a|b|)c;"),
        ("location ~ \\.(a|b)$ { }", "location|~|\\.(a|b)$ { }"),
        ("map $a $b { default 0; ~^/x 1; }", "map|$a|$b { default|0; ~^/x|1; }"),
        ("a \u{1}\u{e4}\u{1f600};", "a|\u{1}\u{e4}\u{1f600};"),
        ("a 100%;", "a|100%;"),
        ("a <b>;", "a|<b>;"),
        ("a \"<b {c\";", "a|<b {c;"),
        ("server { a \"b{{2}\"; c { d { } }}", "server { a|b{{2}; c { d { } } }"),
        ("return 200 '{\"a\": {\"b\": {}}}';", "return|200|{\"a\": {\"b\": {}}};"),
        ("server {#why\n a; }", "server { a; }"),
        ("location / {# a\n b; # c\n}\n# d #}\n", "location|/ { b; }"),
    ] {
        let parsed = read(text);
        assert_eq!(shape(&parsed.tree.items, text), expected, "{text:?}");
        assert_eq!(messages(&parsed, text), [""; 0], "{text:?}");
    }
}

#[test]
fn lua_is_kept_whole() {
    for (text, lua) in [
        ("content_by_lua_block { ngx.say(\"}\") }", " ngx.say(\"}\") "),
        ("content_by_lua_block{}", ""),
        ("\"rewrite_by_lua_block\" { a }", " a "),
        ("set_by_lua_block $a { if x then return {1, {2}} end }", " if x then return {1, {2}} end "),
        ("access_by_lua_block {\n -- it's }\n x = '\\'}' }", "\n -- it's }\n x = '\\'}' "),
        ("log_by_lua_block { a = [[ } ]] b = [==[ ]] } ]==] }", " a = [[ } ]] b = [==[ ]] } ]==] "),
        ("log_by_lua_block { --[[ } \n } ]] a[1] = {[2]=3} }", " --[[ } \n } ]] a[1] = {[2]=3} "),
    ] {
        let text = &format!("{text} b;");
        let parsed = read(text);
        assert_eq!(messages(&parsed, text), [""; 0], "{text}");
        let Some(Item::Directive(Directive { body: Body::Raw(span), .. })) = parsed.tree.items.first() else {
            panic!("{text}: {:?}", parsed.tree)
        };
        assert_eq!(&text[span.range()], lua, "{text}");
        assert_eq!(parsed.tree.items.len(), 2, "{text}");
    }
    let unended = "content_by_lua_block { if x then { ";
    assert_eq!(messages(&read(unended), unended), ["1: unexpected end of file, expecting \"}\""]);
    assert_eq!(shape(&read("a_by_lua_block { b; }").tree.items, ""), "a_by_lua_block { b; }");
    assert_eq!(shape(&read("content_by_lua_block;").tree.items, ""), "content_by_lua_block;");
}

#[test]
fn one_mistake_is_one_error_and_what_follows_is_read() {
    for (text, expected, error) in [
        ("a { b c\n}\nd;", "a { b|c; } d;", "2: unexpected \"}\""),
        ("a;\n}\nb;", "a; b;", "2: unexpected \"}\""),
        ("a {\n b;\n", "a { b; }", "3: unexpected end of file, expecting \"}\""),
        ("a {\n b { c;\n}\n", "a { b { c; } }", "4: unexpected end of file, expecting \"}\""),
        ("a;\nb c\n", "a; b|c;", "3: unexpected end of file, expecting \";\" or \"}\""),
        ("a {\n b c\n", "a { b|c; }", "3: unexpected end of file, expecting \";\" or \"}\""),
        ("a;;\nb;", "a; b;", "1: unexpected \";\""),
        ("a { };\nb;", "a { } b;", "1: unexpected \";\""),
        ("{ a; }\nb;", "a; b;", "1: unexpected \"{\""),
        ("location / {{\n a;\n}\nb;", "location|/ { a; } b;", "1: unexpected \"{\""),
        ("a \"b\"c;\nd;", "a|b;d;", "1: unexpected \"c\""),
        (
            "a \"b;\nc \"d\";\ne;",
            "a|b; c|d; e;",
            "1: this quote is not closed: nginx reads on for the next \"",
        ),
        ("a 'b;\nc;", "a|b; c;", "1: this quote is not closed: nginx reads on for the next '"),
        ("a 'b {\nc;}", "a|b  { c; }", "1: this quote is not closed: nginx reads on for the next '"),
        (
            "server {\n listen 80\n location / { a; }\n}",
            "server { listen|80; location|/ { a; } }",
            "2: directive \"listen\" is not terminated by \";\"",
        ),
        (
            "server_name ~^a{2,3}$;\na;",
            "server_name|~^a; 2,3}$; a;",
            "1: directive \"server_name\" is not terminated by \";\"",
        ),
        ("listen 80 { a; }", "listen|80 { a; }", "1: directive \"listen\" is not terminated by \";\""),
        ("map $a $b { listen 1; }", "map|$a|$b { listen|1; }", ""),
        ("events;\na;", "events; a;", "1: directive \"events\" has no opening \"{\""),
        ("http { server a; }", "http { server { a; } }", "1: directive \"server\" has no opening \"{\""),
        ("upstream a { server b; }", "upstream|a { server|b; }", ""),
        (
            "\u{feff}a;",
            "a;",
            "1: nginx takes the byte order mark for a part of the first word: unknown directive",
        ),
    ] {
        let parsed = read(text);
        let expected = expected.replace("b;d;", "b; d;");
        assert_eq!(shape(&parsed.tree.items, text), expected, "{text:?}");
        let errors: Vec<String> = Some(error.to_string()).filter(|it| !it.is_empty()).into_iter().collect();
        assert_eq!(messages(&parsed, text), errors, "{text:?}");
    }
}

#[test]
fn what_follows_a_mistake_is_read_as_it_was_meant() {
    for (text, expected, error) in [
        // A `{` that is not there, or a `}` or a `;` in its place.
        (
            "http {\nserver\n a;\n location / { }\n}\n}",
            "http { server { a; location|/ { } } }",
            "2: directive \"server\" has no opening \"{\"",
        ),
        (
            "location ~ ^/a$\n proxy_pass b;\n}\nc;",
            "location|~|^/a$ { proxy_pass|b; } c;",
            "1: directive \"location\" has no opening \"{\"",
        ),
        ("if ($a = b) return 403; }\nc;", "if|($a|=|b)|return|403; c;", ""),
        (
            "server { if ($a = b) return 403; }\nc; }\nd;",
            "server { if|($a|=|b) { return|403; } c; } d;",
            "1: directive \"if\" has no opening \"{\"",
        ),
        (
            "server { location /; {\n a; } }\nb;",
            "server { location|/ { a; } } b;",
            "1: directive \"location\" has no opening \"{\"",
        ),
        ("location / } {\n a; }\nb;", "location|/ { a; } b;", "1: unexpected \"}\""),
        ("server {\n if ($a) }\n b;\n }\n}", "server { if|($a) { } b; }", "2: unexpected \"}\""),
        // A `}` that is not there.
        ("types {\n a b;\nserver {\n c;\n}\nd;", "types { a|b; } server { c; } d;", "3: unexpected \"{\""),
        (
            "upstream a {\n server b;\nserver {\n c;\n}\nd;",
            "upstream|a { server|b; } server { c; } d;",
            "3: directive \"server\" is not terminated by \";\"",
        ),
        // A `{` or `}` in the place of a `;`.
        ("map $a $b {\n c d {\n e f;\n}\ng;", "map|$a|$b { c|d; e|f; } g;", "2: unexpected \"{\""),
        (
            "server {\n  root /a {\n  index b;\n}\nc;",
            "server { root|/a; index|b; } c;",
            "2: directive \"root\" is not terminated by \";\"",
        ),
        ("upstream a { server b };\nc;", "upstream|a { server|b; } c;", "1: unexpected \"}\""),
        // Quotes.
        (
            "location / { return 200 \"a; }\nb;",
            "location|/ { return|200|a; } b;",
            "1: this quote is not closed: nginx reads on for the next \"",
        ),
        ("a \"b; # it's\nc;", "a|b; c;", "1: this quote is not closed: nginx reads on for the next \""),
        ("a \"b\"'c;\nd 'e';", "a|b; d|e;", "1: unexpected \"'\""),
        ("a { b \"c\"}\nd;", "a { b|c; } d;", "1: unexpected \"}\""),
        (
            "a { b { c \"d;\n",
            "a { b { c|d; } }",
            "1: this quote is not closed: nginx reads on for the next \"",
        ),
        ("location / {{return 200;}}\na;", "location|/ { return|200; } a;", "1: unexpected \"{\""),
        // Merges.
        (
            "a {\n<<<<<<< HEAD\n b {\n=======\n c {\n>>>>>>> x\n }\n}\nd;",
            "a { b { } } d;",
            "2: unknown directive \"<<<<<<<\"",
        ),
        (
            "a\n<<<<<<< HEAD\r\nb;\n||||||| 1\nc;\n=======\r\nd;\n>>>>>>> x\ne;",
            "a; b; e;",
            "2: unknown directive \"<<<<<<<\"",
        ),
        ("a;\n=======\nb;", "a; b;", "2: unknown directive \"=======\""),
    ] {
        let parsed = read(text);
        assert_eq!(shape(&parsed.tree.items, text), expected, "{text:?}");
        let errors: Vec<String> = Some(error.to_string()).filter(|it| !it.is_empty()).into_iter().collect();
        assert_eq!(messages(&parsed, text), errors, "{text:?}");
    }
}

/// `http 80;` may be a line of a file that a `map` includes, and `server a;` one of an `upstream`.
#[test]
fn a_fragment_is_judged_by_what_it_holds() {
    for (text, error) in [
        ("http 80;\nhttps 443;", false),
        ("server a;\nkeepalive 4;", false),
        ("add_header a b;\nserver c;", true),
        ("server { }\nserver a;", true),
        ("root /a;\nlocation b;", true),
        ("events;", true),
    ] {
        assert_eq!(read(text).errors.len(), usize::from(error), "{text}");
    }
}

#[test]
fn hints_name_the_cause() {
    for (text, hint) in [
        ("a {\n b c\n}\n", "put a `;` behind `c`"),
        ("server {\n  location / {\n    a;\n}\n", "the block of `location /` on line 2 is not closed"),
        ("server {\n  a;\n", "the block of `server` on line 1 is not closed"),
        ("location / {{ }", "there is one `{` too many"),
        ("map $a $b {\n  c d;\nserver {\n  e;\n}", "the block of `map $a $b` on line 1 is not closed"),
        ("http {\nserver {\n  listen 80\n  location / { }\n}\n}", "put a `;` behind `80`"),
        ("a { b \"c\"}", "put a `;` behind the word"),
        (
            "a {\n b \"c;\n d e;# \"\n}\n",
            "the quote that opens on line 2 is closed on line 3: is it meant to go that far?",
        ),
        ("<<<<<<< HEAD\na;\n", "a merge was not finished here: keep one side and take the markers away"),
    ] {
        let parsed = read(text);
        assert_eq!(parsed.errors[0].hint.as_deref(), Some(hint), "{text}");
    }
}

#[test]
fn pieces_of_templates_are_no_mistakes() {
    for (text, expected) in [
        ("a {{ b }};", "a|{{ b }};"),
        ("a {{ b | c(\"}}\") }}d;", "a|{{ b | c(\"}}\") }}d;"),
        ("a {{ {'b': 1}[c] }};", "a|{{ {'b': 1}[c] }};"),
        ("a \"{{ b[\"c\"] }}\";", "a|{{ b[\"c\"] }};"),
        ("a {{ '{{' }};", "a|{{ '{{' }};"),
        ("{{ a }} {{ b }};", "{{ a }}|{{ b }};"),
        ("{{ a }}\nb;", "<Text> b;"),
        ("{{ a }}{% endif %}\nb;", "<Text> <Close> b;"),
        ("{% if a %}\nb;\n{% else %}c;{% endif %}", "<Open> b; <Middle> c; <Close>"),
        (
            "server_name\n {% for a in b %}\n {{ a }}\n {% endfor %}\n;",
            "server_name|{% for a in b %}|{{ a }}|{% endfor %};",
        ),
        ("# {% if a %}\nb;\n# {% endif %}", "<Open> b; <Close>"),
        (
            "{% if a %}\nserver {\n{% else %}\nserver {\n{% endif %}\n}",
            "<Open> server { <Middle> server { <Close> } }",
        ),
        ("{# a } b #}\nc;", "c;"),
        ("a {% if b %}c;{% else %}d;{% endif %}", "a|{% if b %}c; <Open> <Middle> d; <Close>"),
        ("a{# } #} b;", "a{# } #}|b;"),
        ("{{ if .A }}\nb;\n{{ end }}", "<Open> b; <Close>"),
        ("{{- /* it's } */}}\n{{ $a := b }}\nc;", "<Nothing> <Nothing> c;"),
        ("<% if a %>\nb <%= c %>;\n<% end %>", "<Open> b|<%= c %>; <Close>"),
        ("<%= a %>\nb;", "<Text> b;"),
        ("${A}\nb;", "<Text> b;"),
        ("$A\nb ${C};", "<Text> b|${C};"),
        ("__A__\nb __C__;", "<Text> b|__C__;"),
        ("%{a} location / {\n%{a}}\n", "<Text> location|/ { <Text> }"),
        ("a 'b{{c}}d';", "a|b{{c}}d;"),
        ("a ${{ b }};", "a|${{ b }};"),
    ] {
        let parsed = read(text);
        assert_eq!(shape(&parsed.tree.items, text), expected, "{text:?}");
        assert_eq!(messages(&parsed, text), [""; 0], "{text:?}");
    }
}

#[test]
fn tags_that_cross_blocks_are_told() {
    for (text, entangled) in [
        ("{% if a %}\nserver { b; }\n{% endif %}", false),
        ("server { {% if a %} b; {% endif %} }", false),
        ("a {% if b %}c{% endif %};", false),
        ("{% if a %}\nserver {\n{% endif %}\n}", true),
        ("server { {% if a %} }\n{% endif %}", true),
        ("{% if a %}\nb;", true),
        ("{% endif %}\nb;", true),
        ("server {\n{% else %}\n}", true),
        ("%{a}b;", true),
        ("a {% if b %}c;{% else %}d;{% endif %}", false),
        ("a {% if b %} { {% endif %} }", true),
        ("{% set a = 1 %}\nserver { }", false),
        ("server { a;", false),
    ] {
        assert_eq!(read(text).tree.entangled, entangled, "{text}");
    }
}

#[test]
fn words_and_remarks_end_where_the_buffer_of_nginx_does() {
    let long = |length: usize| "a".repeat(length);
    for (text, refused) in [
        (format!("a {};", long(4095)), false),
        (format!("a {};", long(4096)), true),
        (format!("a \"{}\";", long(4094)), false),
        (format!("a \"{}\";", long(4095)), true),
        (format!("#{}\n", long(4094)), false),
        (format!("#{}\n", long(4095)), true),
        (" ".repeat(6000), false),
    ] {
        assert_eq!(read(&text).errors.len(), usize::from(refused), "{} bytes", text.len());
    }
}

#[test]
fn depth_is_bounded() {
    let deep = format!("{}b;{} c;", "a{".repeat(5000), "}".repeat(5000));
    let parsed = read(&deep);
    assert_eq!(parsed.errors.len(), 1);
    assert_eq!(parsed.tree.items.len(), 2);
}

/// No pattern of openers makes reading quadratic: at this size that would take minutes.
#[test]
fn hostile_texts_take_linear_time() {
    for piece in [
        "{{",
        "{%",
        "{#",
        "<%",
        "\"",
        "'",
        "\"'",
        "{{\"",
        "{{'",
        "\"{{\n",
        "a {",
        "a \"b",
        "[[",
        "content_by_lua_block {[[",
        "content_by_lua_block {",
        "content_by_lua_block a ",
        "{{/*",
        "${{",
        "%{",
        "\\",
        "__A",
        "{{{",
        "\"; ",
        "\"{{\"}}\n",
        "{{ {",
        "<%=",
        ";",
        "}",
        "{{a}} ",
        "a{#",
        "=======\n",
        "=======\na;\n",
        "<<<<<<< a\n",
        "server a\n",
        "types {",
        "server\n{",
        "location /;#\n",
        "location / }#\n",
        "upstream a { server\n",
        "\"a\"$",
        "root a {\n",
        "\"{{}}",
        "a \"{{\"{{ }}\n",
    ] {
        read(&piece.repeat(10_000 / piece.len()));
    }
}

proptest::proptest! {
    /// Whatever stands in a file, reading ends, and no byte of it goes unseen.
    #[test]
    fn any_text_is_covered(text in "([a-z ;{}#\"'\\\\$<>%)\n]|\\{\\{|\\}\\}|\\{%|%\\}|<%|_by_lua_block|.){0,60}") {
        read(&text);
    }
}
