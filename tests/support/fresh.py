"""An interpreter that has imported nothing yet, for what forked ones cannot tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import Any

__all__ = ["run_fresh"]


def run_fresh(code: str, *options: str, **env: str) -> Any:
    """Run a program in an interpreter with these options; return its last line, read as JSON."""
    done = subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(code)],
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr  # a warning where none can be raised
    return json.loads(done.stdout.splitlines()[-1])
