# Since the move from port 8021 nobody but nginx can ask.
bind = "unix:/run/search/search.sock"
umask = 0o007
workers = 2
