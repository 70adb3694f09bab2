"""Running commands inside of this process: for what a process of its own has nothing to do with."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from ibmqbatch.cli.main import main
from tests.conftest import Finished, point_at
from tests.proxy import Proxy

__all__ = ["Inside", "beside"]


class Inside:
    """Runs commands on a data folder; what they print is no terminal's."""

    def __init__(self, home: Path, **env: str) -> None:
        self.home = home
        kept = {key: value for key, value in os.environ.items() if not key.startswith("IBMQBATCH")}
        self.env = {**kept, "IBMQBATCH_HOME": str(home), **env}

    def __call__(self, *words: object, code: int = 0) -> Finished:
        """Run a command, and hold it to its exit code."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self.env, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            found = int(main([str(word) for word in words]))
        done = Finished(found, out.getvalue(), err.getvalue())
        assert found == code, f"{found}: {done.out}\n{done.err}"
        assert "unforeseen" not in done.err
        return done

    def data(self, *words: object, code: int = 0) -> Any:
        """Return the data of a command's document."""
        return self(*words, "--json", code=code).json["data"]

    def submit(self, *words: object) -> str:
        """Submit and return the set's id."""
        return self("submit", *words, "--quiet").out.strip()

    def results(self, job_set: str) -> list[dict[str, Any]]:
        """Return the results of a set, once it is done."""
        found: list[dict[str, Any]] = self.data("results", job_set, "--wait")["results"]
        return found

    def counts(self, job_set: str) -> list[dict[str, int]]:
        """Return the counts of its circuits."""
        return [result["counts"] for result in self.results(job_set)]


@contextlib.contextmanager
def beside(service_folder: Path, home: Path) -> Iterator[tuple[Inside, Proxy]]:
    """Give a data folder of its own whose service is the one of the tests, behind a proxy."""
    told = json.loads((service_folder / "service.json").read_bytes())
    with Proxy(told["url"]) as proxy:
        point_at(home, told, proxy.url)
        yield Inside(home), proxy
