"""`python -m tests.generate`: writes what is made from the code; `--check` only compares.

That is the completion scripts, the man page, and what the page of the Python API says of each class
and function. Tests hold the files to what is made here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from ibmqbatch.cli.completion.scripts import SCRIPTS
from ibmqbatch.cli.manual import man_page

ROOT = Path(__file__).parent.parent


def _script(shell: str) -> Callable[[], str]:
    return lambda: SCRIPTS[shell][1]


def _api_page() -> str:
    from tests.managed.api_page import api_page  # brings in Qiskit

    return api_page()


GENERATED: dict[str, Callable[[], str]] = {
    **{f"completions/{name}": _script(shell) for shell, (name, _) in SCRIPTS.items()},
    "docs/api.md": _api_page,
    "docs/ibmqbatch.1": man_page,
}


def main(*, check: bool) -> int:
    """Write, or name, every file that is not what the code makes; return the exit code."""
    stale = 0
    for name, make in GENERATED.items():
        path = ROOT / name
        text = make()
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale += 1
        print(f"{name} is out of date" if check else name)
        if not check:
            path.write_text(text, "utf-8")
    return int(check and stale > 0)


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
