"""Commands that can be killed at a crash point, and write down which they come to.

Their clocks run faster than the world's: waits are that much shorter, and what is said to lag so
many seconds may lag a fraction of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.crash.points import Kill, watch
from tests.support import forks

__all__ = ["Child", "Commands"]


@dataclass(frozen=True, slots=True)
class Child:
    """A command: its process, and the files that it writes to."""

    process: forks.Process
    out: Path
    err: Path
    journal: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait(self) -> int:
        """Wait for its end; return its exit code, negative for a signal."""
        return self.process.wait()

    def events(self) -> list[str]:
        """Return the crash points that it has come to so far."""
        return self.journal.read_text().splitlines()


class Commands:
    """Starts commands, all on one clock that runs `speed` times as fast from now on."""

    def __init__(self, folder: Path, speed: float = 1.0) -> None:
        self._folder = folder
        self._count = 0
        self._begun = time.time()
        self._speed = speed

    def start(
        self, *words: object, env: Mapping[str, str], cwd: Path, kill: Kill | None = None
    ) -> Child:
        """Start a command; with `kill` it dies when it comes to that event."""
        self._count += 1
        paths = [self._folder / f"{self._count}.{kind}" for kind in ("out", "err", "journal")]
        for path in paths:
            path.touch(0o600)
        told = {
            "journal": str(paths[2]),
            "kill": None if kill is None else asdict(kill),
            "begun": self._begun,
            "speed": self._speed,
        }
        with (
            Path(os.devnull).open() as nothing,
            paths[0].open("ab") as out,
            paths[1].open("ab") as err,
        ):
            streams = (nothing.fileno(), out.fileno(), err.fileno())
            process = forks.start(
                words, env=env, cwd=cwd, streams=streams, first=(f"{__name__}:_prepare", told)
            )
        return Child(process, *paths)

    def run(
        self, *words: object, env: Mapping[str, str], cwd: Path, kill: Kill | None = None
    ) -> tuple[int, Child]:
        """Run a command to its end."""
        child = self.start(*words, env=env, cwd=cwd, kill=kill)
        return child.wait(), child


def _prepare(
    *, journal: str, kill: Mapping[str, object] | None, begun: float, speed: float
) -> None:
    """Make this process one that can be killed, in a hurry."""
    if speed != 1:
        _hurry(begun, speed)
    descriptor = os.open(journal, os.O_WRONLY | os.O_APPEND)
    watch(descriptor, None if kill is None else Kill(**kill))  # type: ignore[arg-type]


def _hurry(begun: float, speed: float) -> None:
    """Have every clock of the tool run so much faster."""
    from ibmqbatch.clock import Clock

    def sleep(self: Clock, seconds: float) -> None:
        seconds = min(seconds, self.left)
        if seconds > 0:
            self.interrupted.wait(seconds / speed)

    Clock.now = lambda _self: begun + (time.time() - begun) * speed  # type: ignore[method-assign]
    Clock.monotonic = lambda _self: time.monotonic() * speed  # type: ignore[method-assign]
    Clock.up = lambda _self: (  # type: ignore[method-assign]
        time.clock_gettime(time.CLOCK_BOOTTIME) * speed
    )
    Clock.sleep = sleep  # type: ignore[method-assign]
