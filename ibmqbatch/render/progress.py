"""Progress of long work: bars and a live table on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from .console import drawing_on, err, is_terminal, message, out
from .tables import job_set_view
from .text import counts_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.progress import Progress, TaskID

__all__ = ["ProgressBars", "live_view"]

_STAGES = {
    "finding": ("Finding", "files"),
    "reading": ("Reading", "circuits"),
    "compiling": ("Compiling", "circuits"),
    "sending": ("Sending", "jobs"),
    "fetching": ("Fetching", "results"),
    "waiting": ("Waiting", "jobs"),
    "listing": ("Listing", "jobs"),
    "rebuilding": ("Rebuilding", "jobs"),
    "recovering": ("Recovering", "sets"),
}
_LINE_EVERY = 10.0  # seconds, where there is no terminal
_FRAME_EVERY = 0.1  # seconds
_SLOW = 2.0  # seconds after which a stage is worth a line of its own


class ProgressBars:
    """One bar a stage, on stderr. Use as a context manager; silent when not `enabled`.

    After `stop` only notes are shown: something else, a live table perhaps, has the screen.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._stopped = False
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._begun: dict[str, float] = {}
        self._shown: dict[str, tuple[int, int]] = {}
        self._last = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Remove the bars for good, before something else is drawn."""
        self._stopped = True
        self.clear()

    def clear(self) -> None:
        """Remove the bars until there is something to show again."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
            self._tasks.clear()

    def note(self, text: str) -> None:
        """Show a note without breaking a bar."""
        if self._enabled:
            message(text)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Show that `done` of `total` things of `stage` are finished."""
        now = time.monotonic()
        at_end = done >= total
        if not self._enabled or self._stopped or (now - self._last < _FRAME_EVERY and not at_end):
            return
        if is_terminal(stderr=True):
            self._last = now
            self._draw(stage, done, total)
        else:
            begun = self._begun.setdefault(stage, now)
            slow = now - begun > _SLOW
            news = self._shown.get(stage) != (done, total)
            if slow and news and (at_end or now - self._last > _LINE_EVERY):
                self._last = now
                self._shown[stage] = done, total
                verb, things = _STAGES[stage]
                message(f"{verb}: {done} of {total} {things}")

    def _draw(self, stage: str, done: int, total: int) -> None:
        verb, things = _STAGES[stage]
        if self._bars is None:
            from rich.progress import BarColumn, Progress, TextColumn

            self._bars = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                TextColumn("{task.completed}/{task.total} {task.fields[things]}"),
                console=err(),
                transient=True,
                auto_refresh=False,
            )
            self._bars.start()
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(verb, total=total, things=things)
        # What is counted may have changed: of one set after the other, say.
        self._bars.update(self._tasks[stage], completed=done, total=total, refresh=True)


@contextlib.contextmanager
def live_view(
    describe: Callable[[], Mapping[str, Any]], *, stderr: bool, enabled: bool = True
) -> Iterator[Callable[[], None]]:
    """Yield a function that shows how a set stands now, as often as it is called.

    On a terminal that is a table of the height of the screen, left in place at the end; elsewhere
    a line whenever the counts have changed.
    """
    if not enabled:
        yield lambda: None
    elif is_terminal(stderr=stderr):
        from rich.live import Live

        console = err() if stderr else out()
        with (
            Live(
                console=console, auto_refresh=False, transient=True, vertical_overflow="crop"
            ) as live,
            drawing_on(console),
        ):
            yield lambda: _draw(live, console, describe())
    else:
        yield _line_writer(describe)


def _draw(live: Live, console: Console, item: Mapping[str, Any]) -> None:
    live.update(job_set_view(item, rows=console.height, width=console.width), refresh=True)


def _line_writer(describe: Callable[[], Mapping[str, Any]]) -> Callable[[], None]:
    last: list[str] = []

    def write() -> None:
        item = describe()
        counts = counts_text(item["counts"])
        if [counts] != last:
            last[:] = [counts]
            message(f"{item['id']}: {counts}")

    return write
