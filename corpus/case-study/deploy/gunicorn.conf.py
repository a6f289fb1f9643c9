"""Gunicorn for the data service; read from the working directory of flask-data.service."""

import multiprocessing

# For nginx alone. 8000 was taken by the old reporting service.
bind = "127.0.0.1:8001"

workers = multiprocessing.cpu_count() * 2 + 1
worker_class = "sync"

# An export of a full year takes the database up to a minute and a half.
timeout = 120
graceful_timeout = 30

accesslog = "-"
errorlog = "-"
loglevel = "info"
