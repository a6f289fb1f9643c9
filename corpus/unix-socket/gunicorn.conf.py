# For a run by hand; under systemd the socket unit decides.
bind = "127.0.0.1:8000"
workers = 4
timeout = 60
graceful_timeout = 30
