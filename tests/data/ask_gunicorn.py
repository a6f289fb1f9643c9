"""Asks Gunicorn for its settings: many starts in one process, each in a child of its own.

A list of cases comes in as JSON, [{"directory", "environment", "arguments"}], and as many answers go out,
[{"status", "output", "errors"}]. What Gunicorn reads of the environment while it is imported it reads in the child; only
modules of Python's own are there before.
"""

import argparse, email, inspect, importlib.machinery, importlib.metadata, importlib.util, ipaddress, json, logging.config, os, random, shlex, signal, socket, ssl, sys, tempfile, traceback  # noqa

try:
    # What Gunicorn 20 asks for entry points, and what takes the most of its start.
    import pkg_resources  # noqa
except ImportError:
    pass


def child(case, output, errors):
    os.dup2(output.fileno(), 1)
    os.dup2(errors.fileno(), 2)
    os.environ.clear()
    os.environ.update(case["environment"])
    os.chdir(case["directory"])
    sys.argv = ["gunicorn", "--print-config", *case["arguments"]]
    status = 0
    try:
        from gunicorn.app.wsgiapp import run
        run()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def ask(case):
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = os.fork()
        if process == 0:
            child(case, output, errors)
        _, status = os.waitpid(process, 0)
        read = lambda file: (file.seek(0), file.read().decode("utf-8", "replace"))[1]
        return {"status": os.waitstatus_to_exitcode(status), "output": read(output), "errors": read(errors)}


json.dump([ask(case) for case in json.load(sys.stdin)], sys.stdout)
