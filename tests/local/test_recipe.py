"""The lines that `serve` prints for other programs; tests/conformance pastes them into these."""

from __future__ import annotations

import ast
import subprocess

from ibmqbatch.local.server import recipe
from tests.support.service import new_crn

ORIGIN = "http://127.0.0.1:8765"


def test_whatever_is_in_a_key_a_shell_reads_it_as_it_is() -> None:
    key = 'it\'s-a-$HOME-`date`-"key"'
    for block in recipe(ORIGIN, key, new_crn()).split("\n\n")[:2]:
        script = f'{block}\nprintf %s "$IBMQBATCH_TOKEN$QISKIT_IBM_TOKEN"\n'
        done = subprocess.run(
            ["/bin/sh"], input=script, env={}, capture_output=True, text=True, check=True
        )
        assert done.stdout == key


def test_whatever_is_in_a_key_python_reads_it_as_it_is() -> None:
    key, crn = 'it\'s-a-\\n-"key"', new_crn()
    *_, block = recipe(ORIGIN, key, crn).split("\n\n")
    (call,) = (
        node.value
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
    )
    given = {each.arg: ast.literal_eval(each.value) for each in call.keywords}
    assert given == {"url": f"{ORIGIN}/experimental/api/v1", "token": key, "instance": crn}
