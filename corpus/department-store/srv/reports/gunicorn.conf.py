bind = "127.0.0.1:8061"
workers = 3
# The report of the year takes its time.
timeout = 120
# A deploy should not.
graceful_timeout = 10
