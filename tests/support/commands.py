"""Running `ibmqbatch`: inside of this process, or forked from one that has all imported."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from typer.utils import get_params_from_function

from ibmqbatch.cli.main import main
from tests.support import forks

__all__ = ["Cli", "Finished", "point_at", "run_here"]


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Cli:
    """Runs `ibmqbatch` as a user would, who has no terminal."""

    def __init__(self, home: Path, cwd: Path, *, apart: bool = False) -> None:
        self.home = home
        self.cwd = cwd
        self._apart = apart
        self.env = {
            **{key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ},
            "HOME": str(home.parent),  # where Qiskit keeps accounts
            "IBMQBATCH_HOME": str(home),
            "IBMQBATCH_RUNTIME": str(home.parent / "runtime"),
            "PAGER": "cat",  # nobody is there to leave one
        }

    def start(
        self, *words: object, env: Any = None, streams: tuple[int, int, int] | None = None
    ) -> forks.Process:
        """Start a command and return its process."""
        return forks.start(words, env=env or self.env, cwd=self.cwd, streams=streams)

    def __call__(
        self, *words: object, code: int | None = 0, env: Any = None, stdin: str = ""
    ) -> Finished:
        """Run a command to its end, and hold it to its exit code.

        That is inside of this process, unless the commands run `apart`: what they start must be no
        children of it then.
        """
        if self._apart:
            return self.alone(*words, code=code, env=env)
        return _held(run_here(words, env or self.env, self.cwd, stdin), code)

    def alone(self, *words: object, code: int | None = 0, env: Any = None) -> Finished:
        """Run a command to its end in a process of its own, and hold it to its exit code."""
        process = self.start(*words, env=env)
        out, err = process.communicate()
        return _held(Finished(process.wait(), out, err), code)

    def submit(self, *words: object, code: int = 0, env: Any = None) -> str:
        """Submit and return the set's id."""
        return self("submit", *words, "--quiet", code=code, env=env).out.strip()

    def data(self, *words: object, code: int = 0) -> Any:
        """Return the data of a command's document."""
        return self(*words, "--json", code=code).json["data"]

    def results(self, job_set: str) -> list[dict[str, Any]]:
        """Return the results of a set, once it is done."""
        found: list[dict[str, Any]] = self.data("results", job_set, "--wait")["results"]
        return found

    def counts(self, job_set: str) -> list[dict[str, int]]:
        """Return the counts of its circuits."""
        return [result["counts"] for result in self.results(job_set)]


# Reading the signature of a verb takes longer than many a verb: once a process is enough.
_parameters = functools.cache(get_params_from_function)


def run_here(
    words: tuple[object, ...], env: Mapping[str, str], cwd: Path, stdin: str = ""
) -> Finished:
    """Run a command with these variables."""
    out, err = io.StringIO(), io.StringIO()
    with (
        io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8") as given,
        mock.patch("sys.stdin", given),
        mock.patch("typer.main.get_params_from_function", _parameters),
        mock.patch.dict(os.environ, env, clear=True),
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = int(main([str(word) for word in words]))
    return Finished(code, out.getvalue(), err.getvalue())


def _held(done: Finished, code: int | None) -> Finished:
    # Tracebacks on stdout are the service's own, which `logs` shows.
    assert "Traceback" not in done.err, done.err
    assert "unforeseen" not in done.out + done.err, done.err
    if code is not None:
        assert done.code == code, f"{done.code}: {done.out}\n{done.err}"
    return done


def point_at(home: Path, told: dict[str, Any], url: str) -> None:
    """Write the file by which the local service of `home` is found."""
    folder = home / "local"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "service.json").write_text(json.dumps({**told, "url": url}))
