"""The logs of jobs: what the service says of why they failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .console import clean, is_terminal, out, status_word, write_line

__all__ = ["show_logs"]


def show_logs(logs: Sequence[Mapping[str, Any]]) -> None:
    """Show each job's reason, then its log, line by line."""
    for number, item in enumerate(logs):
        if number:
            write_line("")
        _heading(item)
        if item["reason"]:
            write_line(clean(item["reason"]))
        if item["solution"]:
            write_line(clean(item["solution"]))
        for line in (item["text"] or "").splitlines():
            write_line(clean(line))


def _heading(item: Mapping[str, Any]) -> None:
    parts = [f"job {item['index']}", status_word(item["status"]), clean(item["id"] or "not sent")]
    if is_terminal():
        from rich.text import Text

        out().print(Text("  ".join(parts), "bold", no_wrap=True, overflow="ellipsis"))
    else:
        write_line("\t".join(parts))
