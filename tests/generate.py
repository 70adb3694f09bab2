"""`python -m tests.generate`, from the root of the repository: writes what is made from the code.

That is the completion scripts, the man page, and what the page of the Python API says of each class
and function. Tests hold the files to what is made here.
"""

from __future__ import annotations

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


def main() -> None:
    """Write every file anew."""
    for name, make in GENERATED.items():
        path = ROOT / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(make(), "utf-8")
        print(name)


if __name__ == "__main__":
    main()
