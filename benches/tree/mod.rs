//! Generated trees: nginx's main file and so many sites of about sixty lines, and for a tenth of them the app with its unit;
//! all alike in shape and none in its names.

/// One file of a tree.
pub(crate) struct File {
    /// Its path below the tree.
    pub(crate) path: String,
    /// What stands in it.
    pub(crate) text: String,
}

/// A tree of so many sites.
pub(crate) fn tree(sites: usize) -> Vec<File> {
    let mut files = vec![
        File { path: "nginx.conf".into(), text: MAIN.into() },
        File { path: "snippets/proxy.conf".into(), text: SNIPPET.into() },
    ];
    files.extend(
        (0..sites).map(|at| File { path: format!("sites-enabled/site{at:06}.conf"), text: site(at) }),
    );
    for at in (0..sites).step_by(10) {
        files.push(File { path: format!("apps/app_{at}/gunicorn.conf.py"), text: app(at) });
        files.push(File { path: format!("systemd/app_{at}.service"), text: unit(at) });
    }
    files
}

const MAIN: &str = "\
worker_processes auto;
pid nginx.pid;
error_log stderr;

events {
    worker_connections 1024;
}

http {
    access_log off;
    server_names_hash_max_size 2097152;
    server_names_hash_bucket_size 128;
    client_max_body_size 20m;
    proxy_read_timeout 75s;
    proxy_http_version 1.1;

    map $http_upgrade $connection_upgrade {
        default upgrade;
        '' close;
    }

    include sites-enabled/*.conf;
}
";

const SNIPPET: &str = "\
proxy_set_header Host $host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
";

/// Where the app of a site listens.
fn address(at: usize) -> String {
    format!("127.0.{}.1:{}", at / 50_000 % 250 + 1, 10_000 + at % 50_000)
}

fn app(at: usize) -> String {
    let address = address(at);
    format!(
        "\
import multiprocessing

bind = \"{address}\"
workers = multiprocessing.cpu_count() * 2 + 1
worker_class = \"gthread\"
threads = 4
timeout = 60
keepalive = 75
max_requests = 1000
max_requests_jitter = 100
accesslog = \"-\"
"
    )
}

fn unit(at: usize) -> String {
    format!(
        "\
[Unit]
Description=The app of site {at}
After=network.target

[Service]
Type=notify
User=app_{at}
Group=app_{at}
WorkingDirectory=/srv/app_{at}
Environment=DJANGO_SETTINGS_MODULE=site{at}.settings
ExecStart=/srv/app_{at}/venv/bin/gunicorn -c /srv/app_{at}/gunicorn.conf.py site{at}.wsgi:application
ExecReload=/bin/kill -s HUP $MAINPID
KillMode=mixed
TimeoutStopSec=60
Restart=on-failure

[Install]
WantedBy=multi-user.target
"
    )
}

fn site(at: usize) -> String {
    let (address, host) = (address(at), format!("site{at}.example.org"));
    format!(
        "\
# {host}: generated
upstream app_{at} {{
    server {address} max_fails=0;
    server unix:/run/app_{at}/gunicorn.sock max_fails=0 backup;
    keepalive 16;
}}

server {{
    listen 127.0.0.1:8080;
    server_name {host} www.{host} *.{host};
    root /srv/{host}/public;

    charset utf-8;
    client_max_body_size 50m;
    keepalive_timeout 30s;
    gzip on;
    gzip_types text/css application/javascript application/json image/svg+xml;

    add_header X-Frame-Options \"SAMEORIGIN\" always;
    add_header X-Content-Type-Options nosniff always;
    add_header Content-Security-Policy \"default-src 'self'; img-src 'self' data:; script-src 'self'\";

    error_page 500 502 503 504 /50x.html;
    location = /50x.html {{
        internal;
    }}

    location = /favicon.ico {{
        access_log off;
        log_not_found off;
    }}

    location /static/ {{
        alias /srv/{host}/static/;
        expires 30d;
        add_header Cache-Control \"public, immutable\";
    }}

    location ~* \"\\.(?:css|js|png|jpe?g|gif|svg|woff2?)$\" {{
        expires 7d;
        try_files $uri @app;
    }}

    location /ws/ {{
        proxy_pass http://app_{at};
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_set_header Host $host;
        proxy_read_timeout 1h;
    }}

    location / {{
        # the app itself
        include snippets/proxy.conf;
        proxy_redirect off;
        proxy_buffering on;
        proxy_buffer_size 8k;
        proxy_buffers 16 8k;
        proxy_connect_timeout 5s;
        proxy_pass http://app_{at};
    }}

    location @app {{
        proxy_pass http://app_{at};
    }}
}}
"
    )
}
