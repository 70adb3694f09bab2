"""`python -m tests.call_chain`: what of the product the commands `submit`, `results`, `retag` pass.

Each is run once to have everything imported, and once more to be counted, for one Bell circuit and
with the service running. Counted are the files and functions in which something is called, and the
changes of room: calls from a function of one room (a folder of the package, or its root) to one of
another, on all threads. Code that a module runs when it is imported is not counted, nor what is
written inside of an expression, nor a generator that goes on. `--calls` prints every change of
room, with how often it is made.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType

import ibmqbatch
from tests.support.circuits import BELL
from tests.support.commands import run_here
from tests.support.service import LocalServer

ROOT = Path(ibmqbatch.__file__).parent
_BEGIN = 0  # in the argument of the instruction RESUME
_PREFIX = f"{ROOT}{os.sep}"


@dataclass
class Passed:
    """What one command has passed: its functions, and calls from one room to another."""

    functions: set[CodeType] = field(default_factory=set)
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def files(self) -> set[str]:
        return {code.co_filename for code in self.functions}

    def see(self, frame: FrameType, event: str, _argument: object) -> None:
        """Take note of a call; this is a profile function."""
        code = frame.f_code
        if event != "call" or not _is_product(code) or _resumes(frame):
            return
        self.functions.add(code)
        caller = frame.f_back
        while caller is not None and not _is_product(caller.f_code):
            caller = caller.f_back
        if caller is not None and _room(caller.f_code) != _room(code):
            self.changes[_name(caller.f_code), _name(code)] += 1


def _is_product(code: CodeType) -> bool:
    return code.co_filename.startswith(_PREFIX) and not code.co_name.startswith("<")


def _resumes(frame: FrameType) -> bool:
    """Return whether a generator goes on after a `yield`, which is no call."""
    return frame.f_code.co_code[frame.f_lasti + 1] & 3 != _BEGIN


def _room(code: CodeType) -> str:
    return code.co_filename.removeprefix(_PREFIX).rpartition(os.sep)[0].partition(os.sep)[0]


def _name(code: CodeType) -> str:
    return f"{code.co_filename.removeprefix(_PREFIX)}:{code.co_qualname}"


def watched(words: tuple[str, ...], env: dict[str, str], folder: Path) -> tuple[str, Passed]:
    """Run a command; return what it prints, and what it has passed."""
    passed = Passed()
    threading.setprofile(passed.see)
    sys.setprofile(passed.see)
    try:
        done = run_here(words, env, folder)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    assert done.code == 0, done.err
    return done.out.strip(), passed


def counted() -> dict[str, Passed]:
    """Run all three commands; return what each has passed."""
    found: dict[str, Passed] = {}
    with tempfile.TemporaryDirectory() as name, LocalServer(Path(name)):
        folder = Path(name)
        env = {"PATH": os.defpath, "HOME": name, "IBMQBATCH_HOME": name}
        env["IBMQBATCH_RUNTIME"] = str(folder / "runtime")
        (folder / "bell.qasm").write_text(BELL)
        for _ in range(2):  # the second time everything is imported
            job_set, found["submit"] = watched(("submit", "bell.qasm"), env, folder)
            # Until the job is done `results` asks for it again and again.
            run_here(("status", job_set, "--watch"), env, folder)
            _, found["results"] = watched(("results", job_set), env, folder)
            _, found["retag"] = watched(("retag", job_set, "--add", "good"), env, folder)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", action="store_true", help="print every change of room")
    shown = parser.parse_args()
    print(f"{'command':10}{'files':>7}{'functions':>11}{'changes of room':>17}")
    for command, passed in counted().items():
        print(
            f"{command:10}{len(passed.files):7}{len(passed.functions):11}"
            f"{passed.changes.total():17}"
        )
        if shown.calls:
            for (caller, called), times in passed.changes.most_common():
                print(f"    {times:4}  {caller}  ->  {called}")


if __name__ == "__main__":
    main()
