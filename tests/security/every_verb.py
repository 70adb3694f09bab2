"""Every verb once, as it goes well and as it goes wrong: `python -m tests.security.every_verb`.

As a program it works in the present folder, prints nothing, and stops the service that it started.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from ibmqbatch.cli.app import COMMANDS, GROUPS
from tests.support.circuits import BELL
from tests.support.commands import Cli, Finished

__all__ = ["every_verb"]

_ONCE = ("--shots", 10, "--quiet")


def every_verb(cli: Cli, *options: str) -> list[Finished]:
    """Run every verb with these options; return how each ended."""
    ended: dict[str, list[Finished]] = {}

    def run(verb: str, *words: object, code: int | None = 0, stdin: str = "") -> Finished:
        more = options if verb != "help" else ()
        done = cli(*verb.split(), *words, *more, code=code, stdin=stdin)
        ended.setdefault(verb, []).append(done)
        return done

    circuits = cli.cwd / "circuits"
    circuits.mkdir(exist_ok=True)
    for name in ("a", "b"):
        (circuits / f"{name}.qasm").write_text(BELL)
    run("backends")
    run("backends", "fake_manila")
    service = json.loads((cli.home / "local" / "service.json").read_bytes())
    run("submit", circuits, "--max-circuits", 1, *_ONCE, "--once", "key", "--wait")
    run("submit", circuits, *_ONCE, "--detach", "--private", "--batch", "--name", "private")
    run("submit", circuits / "a.qasm", *_ONCE, "--backend", "fake_manila", "--seed", 1)
    run("submit", "missing.qasm", code=2)
    run("status")
    run("status", "latest", "--usage", "--events")
    run("status", "nope", "-v", code=6)
    run("resume", "private", "--wait")
    run("results", "private", "--wait", "-o", "counts.txt")
    run("results", "private", "--raw", "raw")
    run("results", "latest", "--wait")
    run("wait", "latest", "private")
    run("report", "latest", "-o", "report.html")
    run("plot", "latest", code=None)
    run("compare", "latest", "latest")
    run("show", "latest", "--circuit", 0, "--compiled", "--draw")
    run("logs", "latest")
    run("retag", "latest", "--add", "good", "--name", "renamed")
    run("retry", "renamed", code=None)
    run("cancel", "renamed", code=None)
    run("collect")
    run("export", "renamed", "-o", "set.sqlite")
    run("forget", "renamed", "--yes")
    run("import", "set.sqlite")
    run("import", circuits / "a.qasm", code=None)
    run("forget", "renamed", "--yes")
    run("recover", "--tag", "good", code=None)
    run("account login", "--url", f"{service['url']}/api/v1", stdin=service["api_key"])
    run("submit", circuits, *_ONCE, "--account", "ibm", "--backend", "ideal_simulator")
    run("account login", "bad", "--url", f"{service['url']}/api/v1", code=None, stdin="x" * 44)
    run("account list")
    run("account show")
    run("account instances")
    run("account use", "local")
    run("account logout", "ibm")
    run("serve", "--status")
    run("help", "exit-codes")
    assert set(ended) == set(COMMANDS) - set(GROUPS), "a verb is missing here"
    return [done for verb in ended.values() for done in verb]


if __name__ == "__main__":
    here = Cli(Path(os.environ["IBMQBATCH_HOME"]), Path.cwd())
    try:
        every_verb(here)
    finally:
        here("serve", "--stop")
