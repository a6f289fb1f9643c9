//! Gunicorn configurations whose values are larger, deeper or more than anybody works out.

use super::{Text, app, bad, item, lines, run};

/// Texts from a size, with the largest that fits into what is read.
const PROGRAMS: &[Text] = &[
    ("a chain of names", 50_000, |size| {
        format!("a0 = 3\n{}timeout = a{size}\n", lines(size, |at| format!("a{} = a{at}\n", at + 1)))
    }),
    ("a text that doubles", 80_000, |size| format!("a = 'x'\n{}bind = a\n", "a = a + a\n".repeat(size))),
    ("a text that doubles by +=", 80_000, |size| format!("a = 'x'\n{}bind = a\n", "a += a\n".repeat(size))),
    ("a list that doubles", 80_000, |size| format!("a = [1]\n{}bind = a\n", "a = [a, a]\n".repeat(size))),
    ("a dict that doubles", 30_000, |size| {
        format!("a = {{}}\n{}bind = a\n", "a = {'x': a, 'y': a}\n".repeat(size))
    }),
    ("an f-string that doubles", 50_000, |size| {
        format!("a = 'x'\n{}bind = a\n", "a = f'{a}{a}'\n".repeat(size))
    }),
    ("a power of a power", 1, |_| "timeout = 10**10**10\n".into()),
    ("powers", 300_000, |size| format!("timeout = {}9\n", "9**".repeat(size))),
    ("a text of a terabyte", 1, |_| "bind = 'x' * 10**12\n".into()),
    ("a list of a terabyte", 1, |_| "bind = ['x'] * 10**12\n".into()),
    ("a shift by a terabyte", 1, |_| "timeout = 1 << 10**12\n".into()),
    ("a range of a terabyte", 1, |_| "bind = [x for x in range(10**12) for y in range(10**12)]\n".into()),
    ("a width of a gigabyte", 1, |_| {
        "a = '%1000000000d' % 1\nb = '{:>1000000000}'.format(1)\nc = f'{1:>1000000000}'\nd = 'a'.rjust(10**9)\n\
         bind = a + b + c + d\n"
            .into()
    }),
    ("a number of many digits", 1_000_000, |size| format!("timeout = {}\n", "9".repeat(size))),
    ("a sum", 500_000, |size| format!("timeout = {}1\n", "1+".repeat(size))),
    ("conditions", 60_000, |size| format!("timeout = {}1\n", lines(size, |at| format!("{at} if x else ")))),
    ("settings under conditions", 35_000, |size| lines(size, |at| format!("if x{at}: timeout = {at}\n"))),
    ("a list of many items", 250_000, |size| format!("bind = [{}]\n", "'a',".repeat(size))),
    ("a dict of many items", 60_000, |size| {
        format!("a = {{{}}}\ntimeout = a['a1']\n", lines(size, |at| format!("'a{at}': {at},")))
    }),
    ("attributes", 500_000, |size| format!("import os\ntimeout = os{}\n", ".a".repeat(size))),
    ("calls", 500_000, |size| format!("timeout = a{}\n", "()".repeat(size))),
    ("signs", 1_000_000, |size| format!("timeout = {}1\n", "-".repeat(size))),
    ("functions that call each other", 30_000, |size| {
        format!("{}timeout = f0()\n", lines(size, |at| format!("def f{at}(): return f{}()\n", at + 1)))
    }),
    ("the same setting", 70_000, |size| "timeout = 30\n".repeat(size)),
    ("names that are nearly settings", 60_000, |size| lines(size, |at| format!("timeou{at} = 1\n"))),
    ("texts that do not end", 250_000, |size| "'''\n".repeat(size)),
    ("an expression of one line", 1_000_000, |size| format!("timeout = {}\n", "a".repeat(size))),
];

#[test]
fn programs_are_not_worked_out_without_end() {
    let items = PROGRAMS.iter().map(|(name, size, text)| {
        item(name, (*size / 200 + 1, *size), |tree, size| {
            app(tree);
            bad(tree, "app/gunicorn.conf.py", &[&text(size)]);
        })
    });
    run(items.collect());
}

#[test]
fn modules_import_each_other() {
    run(vec![
        item("imports in circles", (1, 1), |tree, _| {
            app(tree);
            bad(tree, "app/gunicorn.conf.py", &["from base import *\n"]);
            bad(tree, "app/base.py", &["from other import *\nx = 1\n"]);
            bad(tree, "app/other.py", &["from base import *\n"]);
        }),
        item("imports in layers", (8, 8), |tree, size| {
            app(tree);
            bad(tree, "app/gunicorn.conf.py", &["from m0 import *\n"]);
            for at in 0..size {
                let imports = format!("from m{} import *\n", at + 1).repeat(200);
                bad(tree, &format!("app/m{at}.py"), &[&imports, "x = 1\n"]);
            }
        }),
        item("requirements that include each other", (100, 1000), |tree, size| {
            app(tree);
            bad(
                tree,
                "requirements.txt",
                &["gunicorn\n", &"-r requirements.txt\n-r other.txt\n".repeat(size)],
            );
            bad(tree, "other.txt", &[&"-r requirements.txt\n".repeat(size)]);
        }),
        item("requirements", (2_000, 500_000), |tree, size| {
            app(tree);
            bad(tree, "requirements.txt", &[&lines(size, |at| format!("gunicorn>={at}\n"))]);
        }),
    ]);
}
