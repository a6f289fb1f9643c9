//! Starts of Gunicorn, each with what it reads: its files, its environment and its words.

/// A start of Gunicorn.
pub(super) struct Case<'a> {
    /// The `gunicorn.conf.py` where it starts.
    pub(super) file: Option<&'a str>,
    /// The variables that are set.
    pub(super) variables: &'a [(&'a str, &'a str)],
    /// The words behind `gunicorn`.
    pub(super) line: &'a [&'a str],
    /// Further files, by their paths.
    pub(super) files: &'a [(&'a str, &'a str)],
    /// Why it cannot be told from the files that Gunicorn refuses it, where it does and is not known to.
    pub(super) unseen: Option<&'a str>,
}

pub(super) const fn case<'a>(
    file: Option<&'a str>,
    variables: &'a [(&'a str, &'a str)],
    line: &'a [&'a str],
) -> Case<'a> {
    Case { file, variables, line, files: &[], unseen: None }
}

impl<'a> Case<'a> {
    const fn with(mut self, files: &'a [(&'a str, &'a str)]) -> Case<'a> {
        self.files = files;
        self
    }

    const fn unseen(mut self, why: &'a str) -> Case<'a> {
        self.unseen = Some(why);
        self
    }
}

const fn file(text: &'static str) -> Case<'static> {
    case(Some(text), &[], APP)
}

const fn line(words: &'static [&'static str]) -> Case<'static> {
    case(None, &[], words)
}

const APP: &[&str] = &["app:app"];

const MACHINE: &str = "what the machine has is not known";

const TREE: &str = "a file that is not in the tree may be on the machine";

const IMPORT: &str = "what is imported is not followed";

const APPLICATION: &str = "whether there is an application of this name is not a matter of the settings";

const PYTHON: &str = "an exception of the file's own is not followed";

/// `other.py` lies beside the application in every case.
pub(super) const OTHER: &str = "import os\nos.environ['FROM_OTHER'] = '77'\ntimeout = 77\n";

/// The application is `app:app` of the directory that it starts in.
pub(super) static CASES: &[Case<'static>] = &[
    case(None, &[], APP),
    case(Some("bind = '127.0.0.1:9000'\nworkers = 3\n"), &[], APP),
    case(Some("workers = 3\n"), &[], &["-w", "4", "app:app"]),
    case(Some("workers = 3\n"), &[("GUNICORN_CMD_ARGS", "--workers=5 -b :1")], APP),
    case(Some("workers = 3\n"), &[("GUNICORN_CMD_ARGS", "--workers=5 -t 7")], &["-w4", "app:app"]),
    case(None, &[("PORT", "5000")], APP),
    case(Some("bind = []\n"), &[("PORT", "5000")], APP),
    case(None, &[("WEB_CONCURRENCY", "7")], APP),
    case(None, &[("WEB_CONCURRENCY", "7"), ("FORWARDED_ALLOW_IPS", "*")], &["-w", "2", "app:app"]),
    case(None, &[("WEB_CONCURRENCY", "seven")], APP),
    case(None, &[], &["-b", "a:1", "-b", "b:2", "app:app"]),
    case(Some("bind = ['a:1', 'b:2']\n"), &[], &["-b", "c:3", "app:app"]),
    case(Some("bind = 'a:1,b:2'\n"), &[], APP),
    case(Some("bind = ('a:1',)\ntimeout = '0x10'\nreload = ' TRUE '\n"), &[], APP),
    case(Some("timeout = True\nkeepalive = False\n"), &[], APP),
    case(Some("timeout = '30s'\n"), &[], APP),
    case(Some("workers = 3,\n"), &[], APP),
    case(Some("workers = 1.5\n"), &[], APP),
    case(Some("timeout = -1\n"), &[], APP),
    case(Some("reload = 1\n"), &[], APP),
    case(Some("Timeout = 99\nworker = 3\n"), &[], APP),
    case(Some("import os\nworkers = int(os.environ.get('W', 2)) * 2 + 1\n"), &[], APP),
    case(Some("import os\nworkers = int(os.environ.get('W', 2)) * 2 + 1\n"), &[("W", "4")], APP),
    case(Some("from os import environ as e\nbind = '0.0.0.0:' + e['P']\n"), &[("P", "81")], APP),
    case(Some("import os\nbind = '0.0.0.0:' + os.environ['P']\n"), &[], APP).unseen(PYTHON),
    case(Some("import os\nif os.getenv('D'):\n    timeout = 0\nelse:\n    timeout = 60\n"), &[], APP),
    case(Some("import os\nif os.getenv('D') == 'x': timeout = 0\nelif 1: timeout = 5\n"), &[("D", "x")], APP),
    case(
        Some("import multiprocessing\nworkers = multiprocessing.cpu_count() * 2 + 1\ntimeout = 5\n"),
        &[],
        APP,
    ),
    case(
        Some("import multiprocessing as m\nm.cpu_count = lambda: 1\nworkers = m.cpu_count() * 2 + 1\n"),
        &[],
        APP,
    ),
    case(
        Some(
            "import os\nfrom os import path\npath.join = lambda *a: '/x'\npidfile = os.path.join('/a', 'b')\n",
        ),
        &[],
        APP,
    ),
    case(Some("a = b = 5\ntimeout = a ** 2 - -b // 2 % 3\nthreads = 7 // -2 + 10\n"), &[], APP),
    case(
        Some("timeout = 2 ** 3 ** 2 // 3 << 1 | 1\nworkers = -2 ** 2 + 10\nthreads = 1 + (not 0)\n"),
        &[],
        APP,
    ),
    case(Some("bind = '%s:%d' % ('127.0.0.1', 8000)\nproc_name = '{}-{}'.format('a', 1)\n"), &[], APP),
    case(Some("bind = ['127.0.0.1:8000']\nbind.append('127.0.0.1:8001')\ntimeout = 9\n"), &[], APP),
    case(Some("timeout = 5\ntimeout += 5\nworkers = 2\n"), &[], APP),
    case(Some("for timeout in [1, 2, 3]:\n    pass\nworkers = 2\n"), &[], APP),
    case(Some("from other import *\nworkers = 2\n"), &[], APP),
    case(Some("timeout = 3\nfrom other import *\n"), &[], APP),
    // Letters beyond ASCII in an encoding of the file's own.
    case(
        Some("# -*- coding: latin-1 -*-\nproc_name = 'é'\nworkers = 3\nerrorlog = f'{workers}é'\n"),
        &[],
        APP,
    ),
    case(Some("#!/usr/bin/python\n# vim: set fileencoding=utf-8 :\nproc_name = 'é'\n"), &[], APP),
    // Modules of the directory.
    case(Some("from base import *\nworkers = 2\n"), &[], APP)
        .with(&[("base.py", "workers = 9\ntimeout = 11\nbind = ['127.0.0.1:7001']\n_threads = 4\n")]),
    case(Some("workers = 2\nfrom base import *\nkeepalive = more\n"), &[], APP)
        .with(&[("base.py", "workers = 9\nmore = 6\ndef post_fork(a, b): pass\n")]),
    case(Some("from base import *\nkeepalive = len(binds)\nbind = binds + ['127.0.0.1:7002']\n"), &[], APP)
        .with(&[("base.py", "binds = ['127.0.0.1:7001']\n")]),
    case(Some("from base import *\n"), &[], APP)
        .with(&[("base.py", "__all__ = ['timeout']\ntimeout = 11\nworkers = 9\n")]),
    case(
        Some("from base import *\nimport os\nkeepalive = int(os.environ.get('A', 3))\n"),
        &[("A", "5")],
        APP,
    )
    .with(&[("base.py", "import os\nworkers = int(os.environ['A'])\nos.environ['A'] = '8'\n")]),
    case(Some("from base import *\n"), &[], APP).with(&[
        ("base.py", "from deeper import *\ntimeout = t + 1\n"),
        ("deeper.py", "t = 20\nworkers = 3\n"),
    ]),
    case(Some("from base import *\ntimeout = 5\n"), &[], APP).with(&[
        ("base.py", "from round import *\nworkers = 3\n"),
        ("round.py", "from base import *\nthreads = 2\n"),
    ]),
    case(Some("from base import *\ntimeout = 5\n"), &[], APP)
        .with(&[("base.py", "workers = 3\n"), ("base/__init__.py", "workers = 4\n")]),
    case(Some("from json import *\ntimeout = 5\n"), &[], APP).with(&[("json.py", "workers = 3\n")]),
    case(Some("from base import *\ntimeout = 5\nworkers = f()\n"), &[], APP)
        .with(&[("base.py", "n = 3\ndef f():\n    return n\n")]),
    case(Some("n = 7\nfrom base import *\nn = 8\nworkers = f()\n"), &[], APP)
        .with(&[("base.py", "n = 3\nf = lambda: n\n")]),
    case(Some("from base import *\ntimeout = 5\n"), &[], APP)
        .with(&[("base.py", "if __name__ == '__config__':\n    workers = 3\nelse:\n    workers = 4\n")]),
    case(Some("from base import *\n"), &[], APP)
        .with(&[("base.py", "import os\nif os.environ.get('X'):\n    workers = 3\ntimeout = 5\n")]),
    case(Some("from base import *\nfrom base import *\ntimeout = t\n"), &[], APP)
        .with(&[("base.py", "workers = 3\ndel workers\nt = 9\n")]),
    case(Some("from sub.base import *\n"), &[], APP).with(&[("sub/base.py", "workers = 3\n")]),
    case(None, &[], &["-c", "sub/g.py", "app:app"]).with(&[
        ("sub/g.py", "from base import *\n"),
        ("base.py", "workers = 3\n"),
        ("sub/base.py", "workers = 4\n"),
    ]),
    case(None, &[], &["-c", "sub/g.py", "--chdir", "sub", "app:app"]).with(&[
        ("sub/g.py", "from base import *\n"),
        ("base.py", "workers = 3\n"),
        ("sub/base.py", "workers = 4\n"),
    ]),
    case(Some("try:\n    timeout = 4\nexcept Exception:\n    timeout = 5\n"), &[], APP),
    case(Some("with open('/dev/null') as f:\n    timeout = 4\n"), &[], APP),
    case(Some("timeout = 1\ndef f():\n    global timeout\n    timeout = 2\nf()\n"), &[], APP),
    case(Some("globals()['timeout'] = 8\n"), &[], APP),
    case(Some("timeout = 8\ndel timeout\n"), &[], APP),
    case(Some("exec('timeout = 8')\nworkers = 2\n"), &[], APP),
    case(Some("import os\nos.environ['X'] = '5'\ntimeout = int(os.environ.get('X', 1))\n"), &[], APP),
    case(Some("import other\nimport os\ntimeout = int(os.environ.get('FROM_OTHER', 1))\n"), &[], APP),
    case(Some("timeout, workers = 9, 3\n"), &[], APP),
    case(Some("(timeout := 9)\nworkers = 3\n"), &[], APP),
    case(Some("timeout: int = 9\nworkers: int\n"), &[], APP),
    case(Some("timeout = 9; workers = 3 if timeout > 8 else 4\n"), &[], APP),
    case(
        Some("timeout = 1 if 0 else 2 if [] else 3\nthreads = None or 4\nworkers = 0 or '' or 2\n"),
        &[],
        APP,
    ),
    case(Some("timeout = max(3, 9, 4)\nthreads = min([2, 1])\nworkers = len('abc')\n"), &[], APP),
    case(Some("x = {'a': 1}\ntimeout = x['a']\nworkers = [1, 2, 3][-1]\n"), &[], APP),
    case(
        Some("umask = 0o22\nloglevel = 'de' 'bug'\nproc_name = r'a\\b'\npidfile = '\\x2ftmp\\x2fp'\n"),
        &[],
        APP,
    ),
    case(Some("umask = '0007'\n"), &[], APP),
    case(None, &[], &["-m", "007", "app:app"]),
    case(None, &[], &["-m", "22", "app:app"]),
    case(None, &[], &["-t", "010", "app:app"]),
    case(None, &[], &["-t", "0x10", "app:app"]),
    case(None, &[], &["--timeo=50", "--preload", "app:app", "--log-lev", "debug"]),
    case(None, &[], &["app:app", "extra", "words"]),
    case(None, &[], &["app:app", "-w", "2", "words"]),
    case(None, &[], &["--work", "2", "app:app"]),
    case(None, &[], &["-Dw3", "app:app"]),
    case(None, &[], &["--no-sendfile", "--reuse-port", "app:app"]),
    case(None, &[], &["--log-file=-", "--access-logfile", "-", "app:app"]),
    case(None, &[], &["--nope", "app:app"]),
    case(None, &[], &["--proxy-protocol", "app:app"]),
    case(None, &[], &["app:app", "--proxy-protocol"]),
    case(Some("timeout = 3\n"), &[], &["-c", "other.py", "app:app"]),
    case(Some("timeout = 3\n"), &[], &["-c", "file:./other.py", "app:app"]),
    case(Some("timeout = 3\n"), &[], &["-c", "python:other", "app:app"]),
    case(Some("timeout = 3\n"), &[("GUNICORN_CMD_ARGS", "-c other.py")], APP),
    case(Some("timeout = 3\n"), &[], &["-c", "missing.py", "app:app"]).unseen(TREE),
    case(Some("timeout = 3\nchdir = '/tmp'\n"), &[], APP),
    case(Some("wsgi_app = 'app:app'\nproc_name = ' x '\n"), &[], &[]),
    case(Some("forwarded_allow_ips = '10.0.0.1, 10.0.0.2,'\nuser = None\n"), &[], APP),
    case(Some("worker_class = 'gthread'\nthreads = 4\nthreads = 2\n"), &[], APP),
    case(Some("if __name__ == '__main__':\n    timeout = 1\nelse:\n    timeout = 2\n"), &[], APP),
    case(Some("\u{feff}timeout = 2\r\nworkers = (1 +\r\n 2)\r\n"), &[], APP),
    case(Some("timeout = 2 +\nworkers = 3\n"), &[], APP).unseen("an expression that is none is passed over"),
    case(Some("timeout = 'a\nworkers = 3\n"), &[], APP),
    case(Some("def when_ready(server):\n    server.cfg.set('timeout', 5)\nworkers = 2\n"), &[], APP),
    case(Some("class A:\n    timeout = 4\nworkers = 2\n"), &[], APP),
    case(Some("import os\np = os.path.join('/run', 'app', 'x.sock')\nbind = 'unix:' + p\n"), &[], APP),
    case(
        Some("timeout = 5\nif timeout == 5 and 'a' in 'abc' and not None is None:\n    timeout = 6\n"),
        &[],
        APP,
    ),
    case(Some("raw_env = ['A=1']\nbacklog = 1_000\nlimit_request_line = 0b11\n"), &[], APP),
    case(Some("timeout = 3 < 4 < 2\n"), &[], APP),
    case(
        Some("timeout = int('5') if str(5) == '5' else 6\nworkers = int(2.9)\nthreads = abs(-2)\n"),
        &[],
        APP,
    ),
    case(Some("x = [1]\ny = x\ny.append(2)\nworkers = len(x)\n"), &[], APP),
    case(Some("while True:\n    timeout = 5\n    break\nelse:\n    timeout = 6\n"), &[], APP),
    case(Some("import threading as timeout\n"), &[], APP).unseen(IMPORT),
    case(Some("from importlib import reload\n"), &[], APP).unseen(IMPORT),
    case(None, &[], &["--bind=unix:/tmp/a b.sock", "app:app"]),
    case(None, &[("GUNICORN_CMD_ARGS", "--name 'a b' ignored:app")], APP),
    case(None, &[("GUNICORN_CMD_ARGS", "'")], APP),
    case(None, &[], &["--", "app:app"]),
    // Integers of all spellings, in a file and on a command line.
    file("workers = '4'\nthreads = '0b11'\nbacklog = '0o17'\ntimeout = ' 30 '\nkeepalive = '1_0'\n"),
    file("workers = '010'\n"),
    file("workers = ''\n"),
    file("workers = 'four'\n"),
    file("workers = None\n"),
    file("workers = [3]\n"),
    file("workers = '+3'\n"),
    file("workers = '0X1f'\n"),
    file("workers = '٣'\n"),
    file("workers = 0\nthreads = 0\nworker_connections = 0\n"),
    file("timeout = 30.0\n"),
    file("timeout = '30.0'\n"),
    file("timeout = '-1'\n"),
    file("graceful_timeout = 10 ** 12\n"),
    line(&["-w", "four", "app:app"]),
    line(&["-w", "", "app:app"]),
    line(&["-w", " 4 ", "app:app"]),
    line(&["-w", "+4", "app:app"]),
    line(&["-w", "1_0", "app:app"]),
    line(&["-w", "1.5", "app:app"]),
    line(&["-w=4", "app:app"]),
    line(&["-w", "-1", "app:app"]),
    line(&["-t", "30s", "app:app"]),
    line(&["--backlog", "0x10", "app:app"]),
    line(&["--workers", "2", "--workers=3", "-w4", "app:app"]),
    line(&["-w"]),
    line(&["app:app", "-w"]),
    line(&["-w", "-t", "3", "app:app"]),
    // Octal and decimal masks.
    file("umask = 22\n"),
    file("umask = '0o022'\n"),
    file("umask = '022'\n"),
    file("umask = True\n"),
    line(&["-m", "0022", "app:app"]),
    line(&["-m", "0o22", "app:app"]),
    line(&["-m", "0x12", "app:app"]),
    line(&["-m", "08", "app:app"]),
    line(&["-m", "0_22", "app:app"]),
    line(&["--umask=0", "app:app"]),
    // Booleans.
    file("reload = 'true'\npreload_app = 'FALSE'\ndaemon = None\n"),
    file("reload = 'yes'\n"),
    file("reload = 'on'\n"),
    file("reload = 0\n"),
    file("reload = []\n"),
    file("preload_app = ''\n"),
    file("sendfile = False\n"),
    file("sendfile = True\n"),
    case(None, &[("SENDFILE", "no")], APP),
    line(&["--preload=1", "app:app"]),
    line(&["--preload", "true", "app:app"]).unseen(APPLICATION),
    line(&["--no-preload", "app:app"]),
    line(&["--reload", "--reload", "app:app"]),
    // Texts.
    file("proc_name = 5\n"),
    file("accesslog = True\n"),
    file("accesslog = ['-']\n"),
    file("accesslog = '-'\nerrorlog = None\nloglevel = ' debug '\n"),
    file("loglevel = 'loud'\n"),
    file("pidfile = ()\n"),
    file("access_log_format = '%(h)s' ' %(r)s'\n"),
    file("pythonpath = '/a,/b'\ndogstatsd_tags = ' a '\n"),
    line(&["-n", "a b", "app:app"]),
    line(&["-n", "", "app:app"]),
    line(&["-p", "x.pid", "--log-level", "", "app:app"]),
    // Lists, within a layer and across layers.
    file("bind = 'a:1'\n"),
    file("bind = ''\n"),
    file("bind = None\n"),
    file("bind = []\n"),
    file("bind = 8000\n"),
    file("bind = True\n"),
    file("bind = [8000]\n"),
    file("bind = ['a:1', None]\n"),
    file("bind = ('a:1', ' b:2 ')\n"),
    file("bind = 'a:1',\n"),
    file("bind = ['unix:/run/a.sock', '[::]:80', 'fd://3']\n"),
    file("raw_env = 'A=1'\n"),
    file("raw_env = ['A=1', 'B']\n"),
    file("raw_env = {'A': '1'}\n"),
    line(&["-e", "A=1", "-e", "B=2", "app:app"]),
    line(&["-e", "A", "app:app"]),
    case(Some("raw_env = ['A=1']\n"), &[("GUNICORN_CMD_ARGS", "-e B=2 -e C=3")], APP),
    case(Some("bind = ['a:1']\n"), &[("GUNICORN_CMD_ARGS", "-b b:2 -b c:3")], &["-b", "d:4", "app:app"]),
    line(&["--reload-extra-file", "app.py", "--reload-extra-file", "other.py", "app:app"]),
    line(&["--reload-extra-file", "missing.txt", "app:app"]).unseen(MACHINE),
    line(&["-b", "", "app:app"]),
    line(&["-b", "a:1", "-b", "", "app:app"]),
    line(&["-b=a:1", "app:app"]),
    line(&["-ba:1", "app:app"]),
    line(&["-b", "-1", "app:app"]),
    line(&["-b", "-x", "app:app"]),
    line(&["-b", "--", "a:1", "app:app"]).unseen("the releases of Python disagree"),
    // The environment.
    case(None, &[("PORT", "")], APP),
    case(None, &[("PORT", "eighty")], APP),
    case(None, &[("PORT", "5000")], &["-b", "a:1", "app:app"]),
    case(Some("bind = 'a:1'\n"), &[("PORT", "5000")], APP),
    case(None, &[("WEB_CONCURRENCY", "")], APP),
    case(None, &[("WEB_CONCURRENCY", "-1")], APP),
    case(None, &[("WEB_CONCURRENCY", " 7 ")], APP),
    case(None, &[("WEB_CONCURRENCY", "0x7")], APP),
    case(Some("workers = 2\n"), &[("WEB_CONCURRENCY", "seven")], APP),
    case(None, &[("FORWARDED_ALLOW_IPS", "*")], APP),
    case(None, &[("FORWARDED_ALLOW_IPS", "nginx")], APP),
    case(None, &[("FORWARDED_ALLOW_IPS", "10.0.0.0/8")], APP),
    case(None, &[("FORWARDED_ALLOW_IPS", "")], APP),
    case(None, &[("GUNICORN_CMD_ARGS", "")], APP),
    case(None, &[("GUNICORN_CMD_ARGS", "--nope")], APP),
    case(None, &[("GUNICORN_CMD_ARGS", "-w four")], &["-w", "4", "app:app"]),
    case(None, &[("GUNICORN_CMD_ARGS", "app:app")], &[]),
    case(None, &[("GUNICORN_CMD_ARGS", "-w 2 # 3")], APP),
    case(None, &[("GUNICORN_CMD_ARGS", "-t -1")], APP),
    case(None, &[("GUNICORN_CMD_ARGS", "--preload")], APP),
    // Which file is read.
    case(Some("workers = 3\n"), &[("GUNICORN_CMD_ARGS", "-c missing.py")], &["-c", "other.py", "app:app"]),
    case(Some("workers = 3\n"), &[], &["--config=other.py", "app:app"]),
    case(None, &[], &["-c", "sub/own.py", "app:app"]).with(&[("sub/own.py", "workers = 9\n")]),
    case(None, &[], &["-c", "own.conf", "app:app"]).with(&[("own.conf", "workers = 9\n")]),
    case(None, &[], &["--chdir", "sub", "app:app"])
        .with(&[("sub/gunicorn.conf.py", "workers = 9\n"), ("sub/app.py", "def app(e, s): pass\n")]),
    case(Some("workers = 3\n"), &[], &["--chdir", "sub", "app:app"])
        .with(&[("sub/gunicorn.conf.py", "workers = 9\n"), ("sub/app.py", "def app(e, s): pass\n")]),
    case(None, &[], &["--chdir", "sub", "-c", "own.py", "app:app"])
        .with(&[("sub/own.py", "workers = 9\n"), ("sub/app.py", "def app(e, s): pass\n")])
        .unseen(TREE),
    case(None, &[], &["--chdir", "nowhere", "app:app"]).unseen(MACHINE),
    case(None, &[], &["--chdir", "sub/../sub/.", "app:app"]).with(&[("sub/app.py", "def app(e, s): pass\n")]),
    case(Some("chdir = 'sub'\n"), &[], APP).with(&[("sub/app.py", "def app(e, s): pass\n")]),
    case(Some("chdir = None\n"), &[], APP),
    case(Some("chdir = 5\n"), &[], APP),
    case(Some("config = 'other.py'\n"), &[], APP),
    // Where the application is named.
    line(&[]),
    file("wsgi_app = 'app:app'\n"),
    case(Some("wsgi_app = 'other:x'\n"), &[], APP),
    case(Some("wsgi_app = 'app:app'\n"), &[], &["-w", "2"]),
    case(None, &[("GUNICORN_CMD_ARGS", "-w 2")], &[]),
    line(&["app:app", "a", "-w", "2", "b", "c"]),
    line(&["-w", "2", "app:app", ">>", "log"]),
    line(&["app:app", "-w", "2", ">>", "log", "2>&1"]),
    line(&["--paste", "missing.ini"]).unseen(MACHINE),
    line(&["-w", "2", "--", "app:app"]),
    line(&["--", "app:app", "-w", "2"]),
    // Prefixes, aliases and unknown options.
    line(&["--worker-cl", "gthread", "app:app"]),
    line(&["--log-", "x", "app:app"]),
    line(&["--acc", "-", "app:app"]),
    line(&["--log-file", "x.log", "--error-logfile", "y.log", "app:app"]),
    line(&["--accesslog", "-", "app:app"]),
    line(&["--keepalive", "5", "app:app"]),
    line(&["--access-log-format", "x", "app:app"]),
    line(&["--worker", "4", "app:app"]),
    line(&["-x", "app:app"]),
    line(&["-Rw3", "app:app"]),
    line(&["-DR", "app:app"]),
    line(&["-Dx", "app:app"]),
    line(&["--limit-request-field_size", "100", "app:app"]),
    line(&["--limit-request-field-size", "100", "app:app"]),
    line(&["--wsgi-app", "app:app"]),
    line(&["—workers", "4"]).unseen(APPLICATION),
    // What releases disagree on.
    line(&["--proxy-protocol", "v2", "app:app"]).unseen(APPLICATION),
    line(&["--proxy-protocol=auto", "app:app"]),
    line(&["--proxy-protocol", "--preload", "app:app"]),
    line(&["app:app", "--proxy-protocol", "bad"]),
    file("proxy_protocol = True\n"),
    file("proxy_protocol = 'v1'\n"),
    file("proxy_protocol = 'on'\n"),
    file("forwarded_allow_ips = 'nginx'\n"),
    file("forwarded_allow_ips = '10.0.0.0/8'\n"),
    file("forwarded_allow_ips = '10.0.0.1/8'\n"),
    file("forwarded_allow_ips = ['10.0.0.1', '10.0.0.2']\n"),
    file("forwarded_allow_ips = ' * '\nproxy_allow_ips = ''\n"),
    file("proxy_allow_ips = '10.0.0.1,,10.0.0.2'\n"),
    line(&["--forwarded-allow-ips", "*", "app:app"]),
    line(&["--forwarded-allow-ips=unix:", "app:app"]),
    file("header_map = 'Dangerous'\n"),
    file("header_map = 'keep'\n"),
    file("forwarder_headers = 'a, b'\n"),
    file("http_protocols = 'H1'\n"),
    file("http_protocols = 'h3'\n"),
    file("http2_cleartext = True\n"),
    file("http2_max_frame_size = 1\n"),
    file("protocol = 'uwsgi'\nroot_path = '/api'\n"),
    file("asgi_loop = ' UVLOOP '\nhttp_parser = 'python'\n"),
    file("asgi_lifespan = True\n"),
    file("ssl_version = 'TLSv1_2'\n"),
    file("keyfile = 'k.pem'\ncertfile = 'c.pem'\ncert_reqs = 2\nciphers = 'HIGH'\n"),
    file("suppress_ragged_eofs = False\ndo_handshake_on_connect = True\n"),
    line(&["--suppress-ragged-eofs", "--cert-reqs", "1", "app:app"]),
    line(&["--cert-reqs", "one", "app:app"]),
    line(&["--control-socket-mode", "0660", "app:app"]),
    line(&["--no-control-socket", "app:app"]),
    file("statsd_host = 'localhost:8125'\n"),
    file("statsd_host = 'localhost'\n"),
    file("statsd_host = 'a:b:c'\n"),
    file("reload_engine = 'poll'\n"),
    file("reload_engine = 'Poll'\n"),
    line(&["--reload-engine", "watchdog", "app:app"]),
    // Worker classes and threads.
    file("worker_class = 'sync'\nthreads = 2\n"),
    file("worker_class = 'gevent'\n"),
    file("worker_class = 'nope'\n"),
    file("worker_class = None\n"),
    file("worker_class = 5\n"),
    line(&["-k", "gthread", "--threads", "4", "app:app"]),
    file("logger_class = 'x.Y'\n"),
    // Accounts.
    file("user = 0\ngroup = '0'\n"),
    file("user = ''\n"),
    file("user = 1.5\n"),
    file("user = 'no-such-user'\n").unseen(MACHINE),
    line(&["-u", "root", "-g", "root", "app:app"]),
    line(&["-u", "no-such-user", "app:app"]).unseen(MACHINE),
    // Hooks and dictionaries.
    file("def on_starting(server):\n    pass\ntimeout = 9\n"),
    file("post_fork = None\n"),
    file("post_fork = 5\n"),
    file("post_fork = 'nope'\n"),
    file("post_fork = 'os.path.join'\n").unseen("what a hook is imported from is not followed"),
    file("when_ready = 'os.path.basename'\n"),
    file("def post_fork(x):\n    pass\n"),
    file("def post_fork(*all):\n    pass\n"),
    file("def post_fork(a, b=1, *, c=2, **d):\n    pass\n"),
    file("pre_fork = lambda server, worker: None\npost_request = lambda a, b, c, d: None\n"),
    file("post_request = lambda a: None\n"),
    file("async def on_starting(server):\n    pass\n"),
    file("def timeout():\n    return 5\n"),
    file("def loglevel():\n    return 'debug'\n"),
    file("def worker_class():\n    return 'gthread'\n"),
    file("class post_fork:\n    def __init__(self, a, b):\n        pass\n"),
    file("import functools\n@functools.lru_cache\ndef post_fork(a, b):\n    pass\n"),
    file("def f(server, worker):\n    pass\npost_fork = f\npre_fork = f\n"),
    file("worker_class = lambda: 'gthread'\n"),
    file("on_exit = {'a': 1}\n").unseen("a dictionary with entries is not followed"),
    file("timeout = {'a': 1}\n").unseen("a dictionary with entries is not followed"),
    file("bind = {'127.0.0.1:8000': 1}\n"),
    file("logconfig_dict = {'version': 1, 'a': [1, {'b': None}], 'c': ('x',)}\n"),
    file("logconfig_dict = dict(version=1)\n"),
    file("logconfig_dict = [1]\n"),
    file("def post_fork(server, worker):\n    pass\n"),
    file("post_request = lambda worker, req: None\n"),
    file("secure_scheme_headers = {'X-A': 'b'}\n"),
    file("secure_scheme_headers = 'X-A'\n"),
    file("logconfig_dict = None\n"),
    // Names that are no settings, and imports that are.
    file("worker = 3\nTIMEOUT = 4\nlog_level = 'debug'\n"),
    file("from os import path as chdir\n").unseen(IMPORT),
    file("import logging as loglevel\n").unseen(IMPORT),
    file("import other as workers\n").unseen(IMPORT),
    // Ends of the file itself.
    file("import no_such_module\nworkers = 3\n").unseen(PYTHON),
    file("raise RuntimeError('x')\n").unseen(PYTHON),
    file("import sys\nsys.exit(3)\n").unseen(PYTHON),
    file("workers = undefined\n").unseen(PYTHON),
    file(""),
    file("# workers = 3\n"),
    // What a lower layer says is validated even where a higher one says something else.
    case(Some("workers = 'x'\n"), &[], &["-w", "2", "app:app"]),
    case(Some("timeout = 1.5\n"), &[("GUNICORN_CMD_ARGS", "-t 4")], APP),
    case(Some("if False:\n    workers = 'x'\n"), &[], APP),
    case(Some("import os\nworkers = 'x' if os.environ.get('A') else 2\n"), &[], APP),
    case(Some("import os\nworkers = 'x' if os.environ.get('A') else 2\n"), &[("A", "1")], APP),
    case(Some("import random\nworkers = 1.5 if random.random() > 2 else None\n"), &[], APP),
];
