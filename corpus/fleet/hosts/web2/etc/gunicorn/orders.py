# Since the renumbering of ports each service has a hundred of its own; nginx was forgotten on this host.
bind = "127.0.0.1:8100"
workers = 2
timeout = 30
