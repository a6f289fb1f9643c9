"""The shell of an action of GitHub's, or of a job of GitLab's, as one script: steps.py FILE [INPUT=VALUE]..."""

import shlex
import sys

import ruamel.yaml


def exports(variables):
    return [f"export {name}={shlex.quote(str(value))}" for name, value in variables.items()]


def of_action(action, given):
    inputs = {name: it["default"] for name, it in action["inputs"].items()} | given
    for step in action["runs"]["steps"]:
        if "run" not in step:
            continue
        variables = step.get("env", {})
        for name, value in inputs.items():
            wanted = "${{ inputs.%s }}" % name
            variables = {it: value if text == wanted else text for it, text in variables.items()}
        left = [text for text in [*variables.values(), step["run"]] if "${{" in text]
        if left:
            raise SystemExit(f"only a runner knows {left}")
        yield "\n".join(["(set -eo pipefail", *exports(variables), step["run"], ")"])


def of_job(job, given):
    yield "\n".join(["set -e", *exports(job["variables"] | given), *job["before_script"], *job["script"]])


with open(sys.argv[1], encoding="utf-8") as file:
    document = ruamel.yaml.YAML(typ="safe").load(file)
given = dict(pair.split("=", 1) for pair in sys.argv[2:])
steps = of_action(document, given) if "runs" in document else of_job(document["hoplint"], given)
print("\n".join(steps))
