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
