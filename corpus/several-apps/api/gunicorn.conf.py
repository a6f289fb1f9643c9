workers = 2
# A sync worker with threads is a gthread worker.
threads = 8
keepalive = 75
