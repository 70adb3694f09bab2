"""What all stages share: the service, the proxy before it, and the parent of all commands."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from tests.crash.commands import Commands
from tests.crash.stage import Stage, write_slow, write_states
from tests.support.proxy import Proxy
from tests.support.service import LocalServer

__all__ = ["SPEED", "Theatre"]

# How much faster the clocks of commands run: IBM's settle time of 30 s takes 0.6.
SPEED = 50.0


class Theatre:
    """Use as a context manager. `folder` is there, and empty; `make_proxy` takes an address.

    The clocks of commands run `speed` times as fast as the world's.
    """

    def __init__(
        self, folder: Path, make_proxy: Callable[[str], Proxy] = Proxy, speed: float = SPEED
    ) -> None:
        self._folder = folder
        self._make_proxy = make_proxy
        self._speed = speed
        self._numbers = itertools.count()
        self._stack = contextlib.ExitStack()
        self._circuits: dict[int, Path] = {}
        self._warm = False

    def __enter__(self) -> Self:
        for name in ("service", "commands"):
            (self._folder / name).mkdir()
        write_slow(self._folder / "slow", 3)
        self.commands = Commands(self._folder / "commands", self._speed)
        self.service = self._stack.enter_context(LocalServer(self._folder / "service"))
        self.proxy = self._stack.enter_context(self._make_proxy(self.service.service["url"]))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def warm(self) -> None:
        """Have the service's workers be ready: a first job takes a second longer."""
        if not self._warm:
            with self.stage(3) as stage:
                stage.done(*stage.submit_words("--wait", slow=True))
        self._warm = True

    @contextlib.contextmanager
    def stage(self, circuits: int) -> Iterator[Stage]:
        """Set a stage for a set of so many circuits; it is gone afterwards."""
        if circuits not in self._circuits:
            self._circuits[circuits] = write_states(self._folder / f"{circuits}", circuits)
        folder = self._folder / f"stage{next(self._numbers)}"
        self.proxy.rules.clear()
        self.proxy.seen.clear()
        yield Stage(folder, self.commands, self.service, self.proxy, self._circuits[circuits])
        shutil.rmtree(folder)
