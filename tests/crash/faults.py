"""A disk that fails: errors at system calls, put there by strace, and what it saw."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.crash.stage import Stage

__all__ = ["Call", "Fault", "have_strace", "trace", "try_fault"]

_WRITES = "pwrite64,write,ftruncate,fsync,fdatasync,rename,unlink"
_LINE = re.compile(r"^\d+ +(?P<name>\w+)\((?P<told>.*)$", re.MULTILINE)
_PATH = re.compile(r"<(?P<path>/[^>]*)>|\"(?P<named>/[^\"]*)\"")


@dataclass(frozen=True, slots=True)
class Call:
    """A system call: its name, the first file that it is about, and what it was told."""

    name: str
    path: str
    told: str


@dataclass(frozen=True, slots=True)
class Fault:
    """The `count`th call of this name fails with this error; `lasting`: all later ones, too.

    Where the error is SIGKILL, the process dies there. With `paths` it is about these files alone.
    Calls are counted for each thread by itself.
    Those of `write` go to stderr as well.
    """

    name: str
    error: str
    count: int
    lasting: bool = False
    paths: tuple[Path, ...] = ()

    @property
    def words(self) -> list[str]:
        """How strace is told."""
        when = f"{self.count}{'+' if self.lasting else ''}"
        what = "signal" if self.error.startswith("SIG") else "error"
        chosen = [word for path in self.paths for word in ("-P", str(path))]
        return [*chosen, "-e", f"inject={self.name}:{what}={self.error}:when={when}"]


def have_strace() -> bool:
    """Tell whether strace is here, and may look at processes."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-o", "/dev/null", "true"], check=False).returncode == 0


def _strace(
    stage: Stage, words: Sequence[object], log: Path, calls: str, more: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *("strace", "-f", "-y", "-s", "64", "-o", log),
            # Faster, but signals are not put in then.
            *([] if any("signal=" in word for word in more) else ["--seccomp-bpf"]),
            *("-e", f"trace={calls}", *more),
            *(sys.executable, "-m", "ibmqbatch", *map(str, words)),
        ],
        env={**stage.env, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=stage.folder,
        capture_output=True,
        text=True,
        check=False,
    )


def trace(stage: Stage, *words: object, calls: str = f"{_WRITES},sendto") -> list[Call]:
    """Run a command and return the calls that it made, in their order."""
    log = stage.folder / "trace"
    done = _strace(stage, words, log, calls)
    assert done.returncode == 0, done.stderr
    found = []
    for line in _LINE.finditer(log.read_text(errors="replace")):
        path = _PATH.search(line["told"])
        name = (path["path"] or path["named"]) if path else ""
        found.append(Call(line["name"], name, line["told"]))
    return found


def own_calls(stage: Stage, *words: object) -> Counter[str]:
    """Run a command; count its calls that change the data folder, by their names."""
    return Counter(call.name for call in trace(stage, *words, calls=_WRITES))


def try_fault(
    stage: Stage,
    words: Sequence[object],
    fault: Fault,
    *,
    complete: bool = False,
    codes: Container[int] = range(-9, 256),
) -> list[str]:
    """Run a command while the disk fails; return what is wrong with how it ended.

    `complete`: where it says that all is well, everything must be done. `codes` are the exit codes
    that are right.
    """
    done = _strace(stage, words, stage.folder / "trace", fault.name, fault.words)
    faults = []
    if done.returncode not in codes:
        faults.append(f"exit code {done.returncode}: {done.stderr}")
    if "Traceback" in done.stderr or "unforeseen" in done.stderr:
        faults.append(f"no sentence: {done.stderr}")
    if done.returncode == 0 and complete:
        faults += stage.audit().faults
    told = "error: " in done.stderr or fault.name == "write"
    if done.returncode not in {0, -signal.SIGKILL} and not told:
        faults.append(f"exit code {done.returncode}, and no error: {done.stderr}")
    return faults
