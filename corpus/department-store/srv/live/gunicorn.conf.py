bind = "127.0.0.1:8041"
worker_class = "uvicorn_worker.UvicornWorker"
workers = 2
# It leaks.
max_requests = 500
max_requests_jitter = 50
