"""Running commands inside of this process: for what a process of its own has nothing to do with."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import Finished, point_at
from tests.inprocess import run_here
from tests.local.support import Client, new_crn
from tests.proxy import Proxy

__all__ = ["Inside", "apart", "beside", "other_program"]


class Inside:
    """Runs commands on a data folder; what they print is no terminal's."""

    def __init__(self, home: Path, **env: str) -> None:
        self.home = home
        kept = {key: value for key, value in os.environ.items() if not key.startswith("IBMQBATCH")}
        self.env = {**kept, "IBMQBATCH_HOME": str(home), **env}

    def __call__(self, *words: object, code: int = 0) -> Finished:
        """Run a command, and hold it to its exit code."""
        done = Finished(*run_here(words, self.env))
        assert done.code == code, f"{done.code}: {done.out}\n{done.err}"
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


@contextlib.contextmanager
def apart(service_folder: Path, folder: Path) -> Iterator[tuple[Inside, Inside, Proxy, Client]]:
    """Give an instance of its own: two machines of its account, the proxy, another program."""
    told = json.loads((service_folder / "service.json").read_bytes())
    told["crn"] = new_crn()
    with Proxy(told["url"]) as proxy, other_program(told) as program:
        for name in ("here", "there"):
            point_at(folder / name, told, proxy.url)
        yield Inside(folder / "here"), Inside(folder / "there"), proxy, program


@contextlib.contextmanager
def other_program(told: dict[str, Any]) -> Iterator[Client]:
    """Talk to the service as another program of the account would, straight."""
    with httpx.Client(base_url=told["url"], timeout=30) as http:
        grant = {
            "grant_type": "urn:ibm:params:oauth:grant-type:apikey",
            "apikey": told["api_key"],
        }
        token = http.post("/identity/token", data=grant).json()["access_token"]
        http.headers.update(
            {
                "Authorization": f"Bearer {token}",
                "Service-CRN": told["crn"],
                "IBM-API-Version": "2026-04-15",
            }
        )
        yield Client(http)
