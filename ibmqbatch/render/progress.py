"""Progress of long work: bars and a live table on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from .console import drawing_on, err, is_terminal, message, out
from .tables import job_set_view, progress_texts, sets_view
from .text import counts_text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress, TaskID

__all__ = ["ProgressBars", "live_view", "live_view_of_sets"]

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
_TICKS = 2  # a second: times on the screen go on while nothing else happens
_SHARE = 0.1  # of the time at most is spent on telling how a set stands while it is moved

Data = Mapping[str, Any]


class ProgressBars:
    """One bar a stage, on stderr. Use as a context manager; silent when not `enabled`.

    After `stop` only notes are shown. While a live table has the screen, that is drawn instead.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._stopped = False
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._begun: dict[str, float] = {}
        self._shown: dict[str, tuple[int, int]] = {}
        self._last = 0.0
        self._show: Callable[[], None] | None = None
        self._every = _FRAME_EVERY

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @contextlib.contextmanager
    def covered_by(self, show: Callable[[], None]) -> Iterator[None]:
        """Have `show` called for the block, now and then, instead of drawing progress as bars."""
        self.clear()
        self._show = show
        try:
            yield
        finally:
            self._show = None

    def stop(self) -> None:
        """Remove the bars for good."""
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
        if self._show is not None:
            if now - self._last >= self._every:
                self._show()
                self._last = time.monotonic()
                self._every = max(_FRAME_EVERY, (self._last - now) / _SHARE)
        elif is_terminal(stderr=True):
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
    describe: Callable[[], Data],
    *,
    stderr: bool,
    enabled: bool = True,
    bars: ProgressBars | None = None,
) -> Iterator[Callable[[], None]]:
    """Yield a function that shows how a set stands now, as often as it is called.

    On a terminal that is a table of the height of the screen, whose times go on by themselves and
    which is drawn instead of `bars`; elsewhere a line whenever the counts have changed.
    """
    view = _live_view(lambda: [describe()], _one_set, stderr=stderr, enabled=enabled, bars=bars)
    with view as show:
        yield show


@contextlib.contextmanager
def live_view_of_sets(
    describe: Callable[[], Sequence[Data]],
    *,
    enabled: bool = True,
    bars: ProgressBars | None = None,
) -> Iterator[Callable[[], None]]:
    """Do on stderr as `live_view` does, with a line for each of several sets."""
    with _live_view(describe, _several_sets, stderr=True, enabled=enabled, bars=bars) as show:
        yield show


# Sets as they were told, and how many seconds ago.
_Aged = Sequence[tuple[Data, float]]


def _one_set(aged: _Aged, console: Console) -> RenderableType:
    ((item, age),) = aged
    return job_set_view(item, rows=console.height, width=console.width, age=age)


def _several_sets(aged: _Aged, console: Console) -> RenderableType:
    return sets_view(aged, rows=console.height, width=console.width)


@contextlib.contextmanager
def _live_view(
    describe: Callable[[], Sequence[Data]],
    view: Callable[[_Aged, Console], RenderableType],
    *,
    stderr: bool,
    enabled: bool,
    bars: ProgressBars | None,
) -> Iterator[Callable[[], None]]:
    if not enabled:
        yield lambda: None
        return
    if not is_terminal(stderr=stderr):
        yield _line_writer(describe)
        return
    from rich.live import Live

    console = err() if stderr else out()
    told: list[tuple[Data, float]] = []  # with the time at which each was first told so

    def draw() -> RenderableType:
        now = time.monotonic()
        return view([(item, now - at) for item, at in told], console) if told else ""

    with (
        Live(
            get_renderable=draw,
            console=console,
            refresh_per_second=_TICKS,
            transient=True,
            vertical_overflow="crop",
        ) as live,
        drawing_on(console),
    ):

        def show() -> None:
            now, known = time.monotonic(), {id(item): at for item, at in told}
            told[:] = [(item, known.get(id(item), now)) for item in describe()]
            live.refresh()

        with contextlib.nullcontext() if bars is None else bars.covered_by(show):
            yield show


def _line_writer(describe: Callable[[], Sequence[Data]]) -> Callable[[], None]:
    last: dict[str, str] = {}

    def write() -> None:
        for item in describe():
            counts = counts_text(item["counts"])
            if last.get(item["id"]) != counts:
                last[item["id"]] = counts
                left = [text for text in progress_texts(item) if text.endswith(" left")][:1]
                message("; ".join([f"{item['id']}: {counts}", *left]))

    return write
