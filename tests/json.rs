//! The JSON documents, as they are agreed with the programs that read them.

use std::path::Path;

use serde_json::Value;

use crate::cli::{NGINX, copy_of, hoplint};

fn json(directory: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&hoplint(directory, arguments).stdout).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn check_speaks_json_as_agreed() {
    let directory = copy_of("case-study");
    let document = json(directory.path(), &["check", "--format", "json"]);
    assert_eq!(keys(&document), ["findings", "summary", "tool", "version"]);
    assert_eq!(document["version"], 1);
    let summary = &document["summary"];
    let names = ["errors", "files", "fixable", "notes", "stacks", "suppressed", "warnings"];
    let all =
        ["baselined", "errors", "files", "fixable", "kinds", "notes", "stacks", "suppressed", "warnings"];
    assert_eq!(keys(summary), all);
    assert_eq!(summary["kinds"], serde_json::json!({"nginx": 1, "Gunicorn": 1, "systemd": 1}));
    assert_eq!(names.map(|name| summary[name].as_u64().unwrap()), [2, 3, 3, 0, 1, 0, 1]);
    let text = std::fs::read_to_string(directory.path().join(NGINX)).unwrap();
    for finding in document["findings"].as_array().unwrap() {
        let names =
            ["fingerprint", "fix", "help", "message", "outcome", "primary", "related", "rule", "severity"];
        assert_eq!(keys(finding), names);
        let primary = &finding["primary"];
        assert_eq!(keys(primary), ["end", "label", "path", "start"]);
        assert_eq!(keys(&primary["start"]), ["column", "line", "offset"]);
        assert_eq!(primary["path"], NGINX);
        let offset = primary["start"]["offset"].as_u64().unwrap() as usize;
        let line = text[..offset].matches('\n').count() as u64 + 1;
        assert_eq!(primary["start"]["line"], line);
        let related = finding["related"].as_array().unwrap();
        assert!(related.iter().any(|label| label["path"] == "deploy/gunicorn.conf.py"), "{finding}");
        assert_eq!(keys(&finding["fix"]), ["applicability", "edits", "title"]);
        assert_eq!(finding["fix"]["applicability"], "safe");
        assert_eq!(keys(&finding["fix"]["edits"][0]), ["end", "path", "replacement", "start"]);
    }
    let unfixable = json(copy_of("broken").path(), &["check", "--format", "json"]);
    assert_eq!(unfixable["findings"][0]["fix"], Value::Null);
}

#[test]
fn map_speaks_json_as_agreed() {
    let directory = copy_of("case-study");
    let document = json(directory.path(), &["map", "--format", "json"]);
    assert_eq!(keys(&document), ["stacks", "version"]);
    let stack = &document["stacks"][0];
    assert_eq!(keys(stack), ["apps", "files", "nginx", "root", "routes", "units", "unresolved", "versions"]);
    assert_eq!(
        stack["files"][0],
        serde_json::json!({"path": "deploy/gunicorn.conf.py", "language": "Gunicorn"})
    );
    assert_eq!(keys(&stack["versions"]), ["gunicorn", "nginx", "systemd"]);
    let route = &stack["routes"][0];
    let names =
        ["id", "listen", "location", "peers", "sends", "servers", "settings", "target", "upstream", "uri"];
    assert_eq!(keys(route), names);
    assert_eq!(route["uri"]["state"], "kept");
    assert_eq!(keys(&route["sends"]), ["directive", "others", "written"]);
    assert_eq!(keys(&stack["nginx"][0]), ["block", "files"]);
    assert_eq!(route["location"], "/data");
    assert_eq!(route["peers"][0]["address"], "127.0.0.1:8000");
    let read = &route["settings"]["proxy_read_timeout"];
    assert_eq!((&read["state"], read["value"].as_f64()), (&Value::from("known"), Some(30.0)));
    assert_eq!(keys(&read["origin"]), ["kind", "line", "path"]);
    assert_eq!(read["origin"]["kind"], "written");
    assert_eq!(read["origin"]["line"], 37);
    let send = &route["settings"]["proxy_send_timeout"];
    assert_eq!((&send["origin"]["kind"], send["value"].as_f64()), (&Value::from("default"), Some(60.0)));
    let app = &stack["apps"][0];
    let names = [
        "behind",
        "id",
        "kind",
        "launched_by",
        "listeners",
        "settings",
        "target",
        "worker_class",
        "working_directory",
    ];
    assert_eq!(keys(app), names);
    assert_eq!(app["settings"]["timeout"]["value"].as_f64(), Some(120.0));
    assert_eq!(app["settings"]["bind"]["value"], serde_json::json!(["127.0.0.1:8001"]));
    assert_eq!(keys(&stack["units"][0]), ["id", "name", "path", "settings"]);
    for entry in stack["unresolved"].as_array().unwrap() {
        assert_eq!(keys(entry), ["line", "path", "what", "why"]);
    }
}
