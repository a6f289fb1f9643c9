import os

bind = "unix:/run/blog/gunicorn.sock"
umask = 0o007
workers = int(os.environ.get("WEB_CONCURRENCY", 2))

# The command line of the unit says otherwise, and it wins.
timeout = 600
