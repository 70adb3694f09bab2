"""Logging in to the service of the test run, and what it takes to do so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.commands import Cli, Finished


class Login:
    """Runs `ibmqbatch account login` with a key on its standard input."""

    def __init__(self, cli: Cli, url: str, key: str, crn: str) -> None:
        self.cli, self.url, self.key, self.crn = cli, url, key, crn

    def __call__(
        self,
        *words: object,
        code: int = 0,
        key: str | None = None,
        at: bool = True,
        env: Any = None,
    ) -> Finished:
        """Log in (`at` this service, unless that is said otherwise), held to an exit code."""
        given = self.key if key is None else key
        done = self.cli(*self.words(*words, at=at), code=code, env=env, stdin=given)
        assert self.key not in done.out + done.err
        return done

    def words(self, *words: object, at: bool = True) -> list[str]:
        """Return the command's words."""
        where = ["--url", f"{self.url}/api/v1"] if at else []
        return ["account", "login", *map(str, words), *where]

    @property
    def path(self) -> Path:
        return self.cli.home / "accounts.json"

    @property
    def stored(self) -> dict[str, Any]:
        """What is stored, by name."""
        if not self.path.exists():
            return {}
        kept: dict[str, Any] = json.loads(self.path.read_text())["accounts"]
        return kept


def found(*names: str) -> bytes:
    """Return what the search answers that finds instances of these names."""
    crn = "crn:v1:bluemix:public:quantum-computing:us-east:a/test:{}::"
    items = [
        {
            "crn": crn.format(name.replace(" ", "-")),
            "name": name,
            "service_plan_unique_id": "ibmqbatch-local",
            "doc": {"extensions": {"backends": ["ANY"]}},
        }
        for name in names
    ]
    return json.dumps({"items": items}).encode()
