worker_class = "gthread"
threads = 8
umask = 0o007
keepalive = 75
