//! The loop that mends: what does harm is left out, and the rest is mended all the same.

use crate::cli::hoplint;
use crate::support::write;

const RELOAD: &str =
    "ExecReload=/bin/kill -HUP $MAINPID\nRestart=on-failure\n[Install]\nWantedBy=multi-user.target\n";

fn unit(app: &str, options: &str) -> String {
    format!(
        "[Service]\nWorkingDirectory=/srv/{app}\nExecStart=/srv/{app}/venv/bin/gunicorn -w 2 {options} {app}:app\n{RELOAD}"
    )
}

#[test]
fn one_fix_that_does_harm_holds_back_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    write(&here.join("shop.service"), unit("shop", "-b 127.0.0.1:8000"));
    // Mended, it would listen where the other app does.
    write(&here.join("stock.service"), unit("stock", "-b 8000"));
    for site in 0..25 {
        let pass = "location / { proxy_pass http://127.0.0.1:8000; proxy_read_timeout 0; }";
        write(
            &here.join(format!("sites/{site}.conf")),
            format!("server {{ listen 80; server_name s{site}; {pass} }}\n"),
        );
    }
    let ran = hoplint(here, &["check", "--fix", "--unsafe-fixes", "--format=concise"]);
    assert!(ran.stderr.contains("Mended 25 findings in 25 files: zero-timeout."), "{ran:?}");
    assert!(ran.stderr.contains("The fixes of bind-syntax were left out"), "{ran:?}");
    let left: Vec<&str> = ran.stdout.split_terminator('\n').collect();
    assert!(left.len() == 1 && left[0].starts_with("stock.service:3:"), "{ran:?}");
}

#[test]
fn what_a_mistake_hid_is_mended_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    write(&here.join("shop.service"), unit("shop", "-b 8000 --timeout 90"));
    write(
        &here.join("nginx.conf"),
        "events { }\nhttp { server { listen 80; location / { proxy_pass http://127.0.0.1:8000; } } }\n",
    );
    let ran = hoplint(here, &["check", "--fix", "--unsafe-fixes"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let text = |name: &str| std::fs::read_to_string(here.join(name)).unwrap();
    assert!(text("shop.service").contains("-b 127.0.0.1:8000 --timeout 90"));
    assert!(text("nginx.conf").contains("proxy_read_timeout 95s;"));
}

const GATE: &str = "ExecReload=/bin/kill -HUP $MAINPID\n";

/// What becomes of a file when it is mended.
fn mended(name: &str, text: &str, how: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    write(&directory.path().join(name), text);
    let arguments = [&["check"], how].concat();
    let ran = hoplint(directory.path(), &arguments);
    assert_ne!(ran.status, Some(2), "{ran:?}");
    std::fs::read_to_string(directory.path().join(name)).unwrap()
}

#[test]
fn what_is_put_behind_a_last_line_ends_the_line_as_those_before_it_end() {
    let start = "ExecStart=/v/bin/gunicorn -w 2 app:app";
    let unit = format!("[Service]\nWorkingDirectory=/srv/app\n{start}\n{}", GATE.trim_end());
    let windows = unit.replace('\n', "\r\n");
    let fixed = mended("app.service", &windows, &["--fix", "--unsafe-fixes"]);
    assert_eq!(fixed, format!("{windows}\r\nRestart=on-failure"));
    let windows = format!("[Service]\n{GATE}WorkingDirectory=/srv/app\n{start}").replace('\n', "\r\n");
    let ignored = mended("app.service", &windows, &["--add-ignores=why"]);
    let comment = "# hoplint: ignore[restart-policy] why\r\nExecStart";
    assert_eq!(ignored, windows.replace("ExecStart", comment));
}

#[test]
fn a_comment_that_is_taken_away_leaves_the_end_of_the_file_and_its_mark_as_they_were() {
    let unit = format!("[Service]\n{GATE}ExecStart=/v/bin/gunicorn -w 2 app:app\nRestart=always");
    let comment = "# hoplint: ignore[watchdog-set] not there";
    for unit in [unit.clone(), unit.replace('\n', "\r\n")] {
        let eol = if unit.contains('\r') { "\r\n" } else { "\n" };
        let last = format!("{unit}{eol}{comment}");
        assert_eq!(mended("app.service", &last, &["--fix"]), unit);
        let first = format!("\u{feff}{comment}{eol}{unit}");
        assert_eq!(mended("app.service", &first, &["--fix"]), format!("\u{feff}{unit}"));
    }
}

#[test]
fn comments_are_added_behind_a_byte_order_mark_and_beside_comments_that_are_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let unit = unit("shop", "-b 127.0.0.1:8000").replace("Restart=on-failure\n", "");
    write(&here.join("gunicorn.conf.py"), "\u{feff}time_out = 50\n");
    write(&here.join("shop.service"), format!("# hoplint: ignore[watchdog-set] not there\n{unit}"));
    let site = "server { listen 80; location / { return 200; } }\n";
    write(&here.join("site.conf"), format!("\u{feff}{site}"));
    let ran = hoplint(here, &["check", "--add-ignores=why", "--format=concise"]);
    assert!(ran.status == Some(1) && ran.stderr.contains("Ignored 3 findings in 3 files"), "{ran:?}");
    assert!(ran.stdout.contains("shop.service:1:19: warning[unused-suppression]"), "{ran:?}");
    let text = std::fs::read_to_string(here.join("gunicorn.conf.py")).unwrap();
    assert_eq!(text, "\u{feff}# hoplint: ignore[gunicorn-unknown-setting] why\ntime_out = 50\n");
    let text = std::fs::read_to_string(here.join("site.conf")).unwrap();
    assert_eq!(text, format!("\u{feff}# hoplint: ignore[syntax-error] why\n{site}"));
    assert_eq!(hoplint(here, &["check", "--fix"]).status, Some(0));
}
