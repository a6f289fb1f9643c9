bind = "127.0.0.1:8051"
workers = 2
# An event is written down and no more; who takes longer hangs.
timeout = 3
