worker_class = "gthread"
workers = 2
threads = 16
# Partners keep their connections open.
worker_connections = 4000
