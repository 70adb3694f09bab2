"""IBM's client in a process of its own, waiting to be told what to do."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.support.proxy import Proxy, Seen
from tests.support.service import new_crn

ELSEWHERE = os.environ.get("IBMQBATCH_CONFORMANCE_PYTHON")
PYTHON = ELSEWHERE or (sys.executable if find_spec("qiskit_ibm_runtime") else None)
REQUIRED = os.environ.get("IBMQBATCH_CONFORMANCE_REQUIRED") == "1"
PROGRAM = Path(__file__).with_name("client.py")


@dataclass(frozen=True)
class Served:
    """A service that runs, as it says itself; `url` is that of the origin, `said` all it prints."""

    url: str
    api_key: str
    instance: str
    said: str


class ClientError(Exception):
    """What IBM's client raised: `kind` is the name of its class."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


@dataclass
class Ibm:
    """IBM's client, waiting to be told a scenario; `calls` and `names` are what it was called."""

    process: subprocess.Popen[str]
    proxy: Proxy
    version: str
    calls: int = 0
    names: list[str] = field(default_factory=list)
    instance: str = field(default_factory=new_crn)

    def __call__(self, scenario: str, **arguments: Any) -> Any:
        """Run a scenario and return what it returns, or raise ClientError."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        told = {"scenario": scenario, "arguments": arguments}
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        self.calls, self.names = answer["calls"], answer["names"]
        if "error" in answer:
            raise ClientError(**answer["error"])
        return answer["value"]

    def here(self, scenario: str, **arguments: Any) -> Any:
        """Run a scenario in the test's own instance."""
        return self(scenario, instance=self.instance, **arguments)

    @contextlib.contextmanager
    def requests(self) -> Iterator[list[Seen]]:
        """Gather the requests that the block leads to."""
        first, seen = len(self.proxy.seen), []
        yield seen
        seen.extend(self.proxy.seen[first:])
