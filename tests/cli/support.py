"""Documents held to their schema, screens held to their width, and circuits that take a while."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
from rich.cells import cell_len

from ibmqbatch.render.output import SCHEMA
from tests.support.commands import Cli, point_at
from tests.support.proxy import Proxy
from tests.support.service import Client, new_crn, open_client
from tests.support.terminal import run_in_terminal, without_escapes

VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))

# Measuring in the middle makes the simulator run every shot on its own.
SLOW = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[12];
creg a[12];
creg c[12];
h q;
measure q -> a;
h q;
measure q -> c;
"""


class Machines(NamedTuple):
    """Two machines of an account, the proxy before its service, another program of the account."""

    here: Cli
    there: Cli
    proxy: Proxy
    program: Client


@contextlib.contextmanager
def apart(service_folder: Path, folder: Path) -> Iterator[Machines]:
    """Give two machines on an instance of their own."""
    told = json.loads((service_folder / "service.json").read_bytes())
    told["crn"] = new_crn()
    with (
        Proxy(told["url"]) as proxy,
        open_client(told["url"], told["api_key"], told["crn"]) as program,
    ):
        for name in ("here", "there"):
            point_at(folder / name, told, proxy.url)
        here, there = (Cli(folder / name, folder) for name in ("here", "there"))
        yield Machines(here, there, proxy, program)


def document(done: Any, command: str, code: int = 0) -> dict[str, Any]:
    """Hold a command's output to the schema, and to its exit code."""
    told: dict[str, Any] = json.loads(done.out)
    VALIDATOR.validate(told)
    assert (told["command"], told["exit_code"], done.code) == (command, code, code)
    return told


def screen(cli: Cli, columns: int, *words: object) -> list[str]:
    """Run a command on a terminal and return its lines, held to the terminal's width."""
    code, text = run_in_terminal(
        *words, env=cli.env, cwd=cli.cwd, columns=columns, term="xterm-256color"
    )
    assert code in {0, 2, 3, 6}, text
    lines = without_escapes(text).replace("\r", "\n").splitlines()
    for line in lines:
        assert cell_len(line) <= columns, line
    return lines
