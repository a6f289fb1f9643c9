"""Starts a service, and listens for it, as systemd does: shop.service and shop.socket of the working directory.

With a socket unit the service starts when the first connection comes.
"""
import grp
import os
import pwd
import select
import shlex
import shutil
import socket


def read(name):
    values = {}
    if os.path.exists(name):
        with open(name) as lines:
            for line in lines:
                key, equals, value = line.strip().partition("=")
                if equals:
                    values[key] = value
    return values


def ids(user, group):
    account = pwd.getpwnam(user)
    return account.pw_uid, grp.getgrnam(group).gr_gid if group else account.pw_gid


def directory(path, mode):
    # The umask has no say in it.
    os.makedirs(path, exist_ok=True)
    os.chmod(path, mode)


here = os.getcwd()
service, unit = read("shop.service"), read("shop.socket")
uid, gid = ids(service.get("User", "root"), service.get("Group"))
environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
listener = None
if unit:
    path = unit["ListenStream"]
    if not os.path.isdir(os.path.dirname(path)):
        directory(os.path.dirname(path), int(unit.get("DirectoryMode", "0755"), 8))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    os.chmod(path, int(unit.get("SocketMode", "0666"), 8))
    os.chown(path, *ids(unit.get("SocketUser", "root"), unit.get("SocketGroup")))
    listener.listen(64)
    select.select([listener], [], [])
if "RuntimeDirectory" in service:
    made = os.path.join("/run", service["RuntimeDirectory"])
    directory(made, int(service.get("RuntimeDirectoryMode", "0755"), 8))
    for folder, _, names in os.walk(made):
        for path in [folder, *(os.path.join(folder, name) for name in names)]:
            os.chown(path, uid, gid)
if listener:
    os.dup2(listener.fileno(), 3)
    os.set_inheritable(3, True)
    environment.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.chdir(service.get("WorkingDirectory", here))
words = shlex.split(service["ExecStart"])
# The right to read what others may not is left to it: the interpreter may lie in a home. It may not write for that.
become = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
become += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
os.execve(shutil.which("setpriv"), [*become, *words], environment)
