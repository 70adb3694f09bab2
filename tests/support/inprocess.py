"""Running a command inside of this process: Qiskit is here, and takes a second to import."""

from __future__ import annotations

import contextlib
import functools
import io
import os
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

from typer.utils import get_params_from_function

from ibmqbatch.cli.main import main

__all__ = ["run_here"]

# Reading the signature of a verb takes longer than many a verb: once a process is enough.
_parameters = functools.cache(get_params_from_function)


def run_here(
    words: tuple[object, ...], env: Mapping[str, str], cwd: Path, stdin: str = ""
) -> tuple[int, str, str]:
    """Run a command with these variables; return its exit code and what it printed, no terminal."""
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
    return code, out.getvalue(), err.getvalue()
