//! Programs that run another program: their options, and what they do to it.
//!
//! An option that is not listed makes what runs unknown. Source: each program's own manual page or `--help`. Whether one
//! takes the process over or starts another was seen for those of coreutils 9.1 and util-linux 2.38; for the others it is
//! what their documentation says of them.

/// A program that runs another.
pub(super) struct Row {
    /// What it is called.
    pub(super) name: &'static str,
    /// The word that has to come before the program: `run`.
    pub(super) verb: Option<&'static str>,
    /// Options that take no value, short letters each for themselves.
    pub(super) flags: &'static str,
    /// Options that take a value: the rest of the word, or the next one.
    pub(super) valued: &'static str,
    /// How many words come before the program.
    pub(super) operands: usize,
    /// Whether `NAME=VALUE` may come before the program.
    pub(super) assigns: bool,
    /// What becomes of the process.
    pub(super) process: Process,
    /// What becomes of the environment, if anything may.
    pub(super) environment: Option<&'static str>,
    /// Options that set more variables than are known here, or start elsewhere.
    pub(super) unsure: &'static str,
}

/// What becomes of the process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Process {
    /// The program takes its place.
    Same,
    /// The program is another process.
    Other,
    /// One or the other, by version or circumstance.
    Unknown,
}

const PLAIN: Row = Row {
    name: "",
    verb: None,
    flags: "",
    valued: "",
    operands: 0,
    assigns: false,
    process: Process::Same,
    environment: None,
    unsure: "",
};

const fn same(name: &'static str, flags: &'static str, valued: &'static str) -> Row {
    Row { name, flags, valued, ..PLAIN }
}

const fn forks(name: &'static str, flags: &'static str, valued: &'static str) -> Row {
    Row { name, flags, valued, process: Process::Other, ..PLAIN }
}

const DOTENV: &str = "it reads a file of variables";
const SECRETS: &str = "it brings variables from elsewhere";

const ROWS: &[Row] = &[
    // coreutils, util-linux and their like.
    same("nohup", "", ""),
    same("nice", "", "-n --adjustment"),
    same("ionice", "-t --ignore", "-c --class -n --classdata"),
    Row {
        operands: 1,
        ..same(
            "chrt",
            "-a -b -d -f -i -o -r -R -v --all-tasks --batch --deadline --fifo --idle --other --rr --reset-on-fork --verbose",
            "-T -P -D --sched-runtime --sched-period --sched-deadline",
        )
    },
    Row { operands: 1, ..same("taskset", "-a -c --all-tasks --cpu-list", "") },
    same("stdbuf", "", "-i -o -e --input --output --error"),
    same(
        "numactl",
        "-a -l --all --localalloc",
        "-N -m -C -i -p --cpunodebind --membind --physcpubind --interleave --preferred",
    ),
    same(
        "prlimit",
        "-v --verbose",
        "-c -d -e -f -i -l -m -n -q -r -s -t -u -x -y --as --core --cpu --data --fsize --locks --memlock --msgqueue --nice --nofile --nproc --rss --rtprio --rttime --sigpending --stack",
    ),
    same(
        "setpriv",
        "--clear-groups --init-groups --keep-groups --no-new-privs",
        "--reuid --regid --ruid --euid --rgid --egid --groups --bounding-set --inh-caps --ambient-caps --pdeathsig",
    ),
    same("setarch", "-R -v", ""),
    // A leader of a session, which a service is, has to fork before it can begin another.
    Row { process: Process::Unknown, ..same("setsid", "-c -f -w --ctty --fork --wait", "") },
    Row {
        operands: 1,
        ..forks("timeout", "-v -p --foreground --preserve-status --verbose", "-k -s --kill-after --signal")
    },
    Row {
        operands: 1,
        ..forks(
            "flock",
            "-e -x -s -n -o -u -F --exclusive --shared --nonblock --nb --close --no-fork",
            "-w -E --timeout --wait --conflict-exit-code",
        )
    },
    same("systemd-cat", "", "-t -p --identifier --priority --stderr-priority --level-prefix"),
    // Other users.
    Row {
        assigns: true,
        environment: Some("`sudo` resets most of it"),
        unsure: "-D --chdir -R --chroot",
        ..forks(
            "sudo",
            "-A -b -E -H -k -n -P -S --askpass --background --set-home --non-interactive --preserve-groups --stdin --preserve-env",
            "-u -g -p -C -r -t -T -U --user --group --prompt --close-from --role --type --command-timeout",
        )
    },
    Row { operands: 1, environment: None, ..same("gosu", "", "") },
    Row { operands: 1, ..same("su-exec", "", "") },
    Row { operands: 1, ..same("setuidgid", "", "") },
    Row { operands: 1, ..same("s6-setuidgid", "", "") },
    Row {
        unsure: "-/",
        environment: None,
        ..same("chpst", "-v -V -P -0 -1 -2", "-u -U -b -n -l -L -m -d -o -p -f -c -r -t")
    },
    Row { operands: 1, environment: Some(DOTENV), ..same("envdir", "", "") },
    Row { operands: 1, environment: Some(DOTENV), ..same("s6-envdir", "", "") },
    same("authbind", "--deep", "--depth"),
    // Virtual environments.
    Row {
        verb: Some("run"),
        unsure: "-C --directory",
        ..same(
            "poetry",
            "-q -v -vv -vvv -n --quiet --verbose --no-interaction --no-plugins --no-cache --ansi --no-ansi",
            "-P --project",
        )
    },
    Row { verb: Some("run"), unsure: "--directory", ..forks("uv", UV_FLAGS, UV_VALUED) },
    Row { environment: None, ..forks("uvx", UV_FLAGS, UV_VALUED) },
    Row {
        verb: Some("run"),
        environment: Some("`pipenv run` reads a `.env` file"),
        ..same("pipenv", "-q -v --quiet --verbose --site-packages --bare --three", "--python --pypi-mirror")
    },
    Row {
        verb: Some("run"),
        environment: Some(DOTENV),
        ..forks(
            "pdm",
            "-g -s -q -v --global --site-packages --quiet --verbose --no-lock --recreate",
            "-p -c --project --config --venv",
        )
    },
    Row { verb: Some("run"), ..same("rye", "-v -q --verbose --quiet", "--pyproject --env-file") },
    Row {
        verb: Some("run"),
        environment: Some("the project may set variables for it"),
        process: Process::Unknown,
        ..same("hatch", "-q -v --quiet --verbose --no-color --no-interactive", "-e -p --env --project")
    },
    Row {
        verb: Some("run"),
        environment: Some(CONDA),
        unsure: "--cwd",
        ..forks("conda", "-v --no-capture-output --live-stream --verbose", "-n -p --name --prefix")
    },
    Row {
        verb: Some("run"),
        environment: Some(CONDA),
        unsure: "--cwd",
        ..forks("mamba", "-v --no-capture-output --live-stream --verbose", "-n -p --name --prefix")
    },
    Row {
        verb: Some("run"),
        environment: Some(CONDA),
        process: Process::Unknown,
        unsure: "--cwd -e --env",
        ..same(
            "micromamba",
            "-q --quiet --clean-env --detach",
            "-n -p -r -a --name --prefix --root-prefix --attach --label",
        )
    },
    Row {
        verb: Some("run"),
        environment: Some("the project may set variables for it"),
        ..forks(
            "pixi",
            "-v -q --verbose --quiet --frozen --locked --as-is --no-install --skip-deps --clean-env",
            "-e --environment --manifest-path --color",
        )
    },
    Row { verb: Some("exec"), ..same("pyenv", "", "") },
    Row { verb: Some("exec"), environment: Some(DOTENV), operands: 1, ..same("direnv", "", "") },
    Row {
        verb: Some("exec"),
        environment: Some("its configuration may set variables"),
        process: Process::Unknown,
        ..same("mise", "", "")
    },
    // What instruments a program.
    Row { verb: Some("run-program"), ..same("newrelic-admin", "", "") },
    same("ddtrace-run", "-d -p -v --debug --profiling --version", ""),
    same("opentelemetry-instrument", "", OTEL),
    same("elasticapm-run", "", ""),
    same("splunk-py-trace", "", ""),
    same("splunk-run", "", ""),
    same("appsignal-wrapper", "", ""),
    // What brings variables.
    Row {
        verb: Some("run"),
        environment: Some(DOTENV),
        process: Process::Unknown,
        ..same("dotenv", "--override --no-override", "-f -q -e --file --quote --export")
    },
    Row {
        verb: Some("run"),
        environment: Some(DOTENV),
        ..forks("honcho", "", "-e -d -f --env --app-root --procfile")
    },
    Row {
        verb: Some("exec"),
        environment: Some(SECRETS),
        operands: 1,
        ..same(
            "aws-vault",
            "-n -j --no-session --json --debug",
            "-d --duration --region --backend --mfa-token",
        )
    },
    Row {
        verb: Some("exec"),
        environment: Some(SECRETS),
        operands: 1,
        ..same("chamber", "", "-r --retries")
    },
    Row {
        verb: Some("run"),
        environment: Some(SECRETS),
        ..forks(
            "doppler",
            "--preserve-env --silent --no-fallback --forward-signals",
            "-p -c -t --project --config --token --name-transformer --fallback",
        )
    },
    Row {
        verb: Some("run"),
        environment: Some(SECRETS),
        ..forks(
            "infisical",
            "--silent --expand --include-imports",
            "--env --path --projectId --token --domain --tags",
        )
    },
    Row {
        verb: Some("run"),
        environment: Some(SECRETS),
        ..forks("op", "--no-masking", "--env-file --account")
    },
    // What stays in front of a program.
    forks("tini", "-s -g -v -w", "-p -e"),
    forks("dumb-init", "-c -v --single-child --verbose", "-r --rewrite"),
    forks("catatonit", "-g", ""),
    forks(
        "xvfb-run",
        "-a -l --auto-servernum --listen-tcp",
        "-e -f -n -p -s -w --error-file --auth-file --server-num --xauth-protocol --server-args --wait",
    ),
];

const CONDA: &str = "the environment may set variables";

const UV_FLAGS: &str = "-n -q -v -U --all-extras --no-dev --dev --only-dev --all-groups --no-default-groups --no-editable --inexact --exact --isolated --active --no-sync --locked --frozen --no-project --no-env-file --no-config --no-cache --offline --no-progress --native-tls --managed-python --no-managed-python --no-python-downloads --refresh --upgrade --reinstall --no-build-isolation --compile-bytecode --no-sources --no-index --no-build --no-binary --quiet --verbose --all-packages --gui-script";

const UV_VALUED: &str = "-p --extra --no-extra --group --no-group --only-group --with --with-editable --with-requirements --from --package --python --project --index --default-index --index-url --extra-index-url -i -f --find-links --cache-dir --config-file --color --index-strategy --keyring-provider --resolution --prerelease --fork-strategy --exclude-newer --link-mode --refresh-package --reinstall-package --upgrade-package -P --allow-insecure-host --python-preference -w";

const OTEL: &str = "--traces_exporter --metrics_exporter --logs_exporter --exporter_otlp_endpoint --exporter_otlp_protocol --exporter_otlp_headers --exporter_otlp_traces_endpoint --exporter_otlp_metrics_endpoint --service_name --resource_attributes --id_generator --propagators --traces_sampler --traces_sampler_arg";

/// The row of a program.
pub(super) fn of(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

/// Whether a wrapper is a script of Python, so that `python /venv/bin/NAME` runs it.
pub(super) fn is_of_python(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "newrelic-admin",
        "ddtrace-run",
        "opentelemetry-instrument",
        "poetry",
        "pipenv",
        "pdm",
        "dotenv",
        "honcho",
        "elasticapm-run",
    ];
    NAMES.contains(&name)
}
