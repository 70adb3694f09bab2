"""What notebooks show: a set as a table, and a bar while one waits."""

from __future__ import annotations

import html
import importlib
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Self

from .tables import most_urgent
from .text import clean, counts_text, plural, short_span, status_word

__all__ = ["NotebookBar", "in_notebook", "job_set_html"]

Data = Mapping[str, Any]

_MOST_ROWS = 20
_FRAME_EVERY = 0.2  # seconds
_COLOURS = {
    "ERROR": "#c0392b",
    "CANCELLED": "#8e44ad",
    "RUNNING": "#2980b9",
    "DONE": "#27ae60",
}
_LEFT = "text-align:left"


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


def job_set_html(item: Data, *, rows: int = _MOST_ROWS) -> str:
    """Return a set as HTML: what it is, how its jobs stand, and a table of them.

    Of more than `rows` jobs those are shown that need looking at.
    """
    facts = (
        f"{item['backend']} · {plural(item['total_circuits'], 'circuit')} · "
        f"{plural(item['total_jobs'], 'job')}: {counts_text(item['counts'])}"
    )
    tags = f"<br>{_text(', '.join(item['tags']))}" if item["tags"] else ""
    jobs: Sequence[Data] = item["jobs"]
    head = "".join(
        f'<th style="{_LEFT}">{name}</th>' for name in ("job", "experiments", "status", "id", "")
    )
    lines = "".join(_row(job) for job in most_urgent(jobs, rows))
    more = f"<p>… and {plural(len(jobs) - rows, 'more job')}.</p>" if len(jobs) > rows else ""
    return (
        f"<div><b>{_text(item['name'])}</b> <code>{_text(item['id'])}</code><br>"
        f"{_text(facts)}{tags}"
        f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>{more}</div>"
    )


def _row(job: Data) -> str:
    colour = _COLOURS.get(job["status"])
    style = f"{_LEFT};color:{colour}" if colour else _LEFT
    cells = (
        (_LEFT, job["index"]),
        (_LEFT, short_span(job["first_circuit"], job["last_circuit"], job["total_circuits"])),
        (style, status_word(job["status"])),
        (_LEFT, job["id"] or ""),
        (_LEFT, job["reason"]),
    )
    return (
        "<tr>"
        + "".join(f'<td style="{style}">{_text(str(cell))}</td>' for style, cell in cells)
        + "</tr>"
    )


def _text(value: str) -> str:
    return html.escape(clean(value))


class NotebookBar:
    """A bar below the cell of a notebook that waits. Use as a context manager; it goes at the end.

    It is called as `ProgressBars` is, and shows the latest stage.
    """

    def __init__(self) -> None:
        self._shown: Any = None
        self._last = 0.0
        self._note = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown is not None:
            self._draw("")

    def note(self, text: str) -> None:
        """Show a note below the bar."""
        self._note = text

    def progress(self, stage: str, done: int, total: int) -> None:
        """Show that `done` of `total` jobs are where they are waited for; other stages pass by."""
        now = time.monotonic()
        if stage != "waiting" or (now - self._last < _FRAME_EVERY and done < total):
            return
        self._last = now
        note = f"<br><small>{_text(self._note)}</small>" if self._note else ""
        self._draw(
            f'<progress value="{done}" max="{total}" style="width:60%"></progress> '
            f"{done}/{total} jobs{note}"
        )

    def _draw(self, content: str) -> None:
        # A notebook has it; nobody else needs to.
        ipython = importlib.import_module("IPython.display")
        if self._shown is None:
            self._shown = ipython.display(ipython.HTML(content), display_id=True)
        else:
            self._shown.update(ipython.HTML(content))
