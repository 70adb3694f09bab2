"""Crash points: every durable step and every request of the tool, found in its code.

A point is a function of the tool and the kind of step that it takes there. `in_the_code` reads the
points from the source; `watch` has a process report each as it comes to it, and die at a chosen
one. Both give the same names, so that a step which is new in the code is missed at once where it
is not tried.
"""

from __future__ import annotations

import ast
import contextlib
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import ibmqbatch

__all__ = ["Kill", "Point", "in_the_code", "watch"]

_PACKAGE = Path(ibmqbatch.__file__).parent
# The rooms in which job sets are planned, advanced and stored.
_ROOMS = ("jobset", "manifest")
# Modules that take a step on behalf of whoever calls them.
_HELPERS = {
    "files.py",
    "manifest/database.py",
    "manifest/manifest.py",
    "service/client.py",
    "service/request_trace.py",
    "service/retry.py",
    "service/transport.py",
}
# Steps, by the name of the function that takes them, and what they are for the disk.
_STEPS = {
    "transaction": ("commit",),
    "fsync": ("sync",),
    "sync_folder": ("sync",),
    "replacing": ("sync", "rename"),
    "replacing_path": ("sync", "rename"),
    "unlink": ("unlink",),
    "rmdir": ("rmdir",),
    "_put": ("write",),
}
_REQUESTS = {
    "submit",
    "jobs",
    "job",
    "download_results",
    "cancel",
    "open_batch",
    "close_batch",
    "set_tags",
    "metrics",
    "usage",
    "params",
}


@dataclass(frozen=True, order=True, slots=True)
class Point:
    """A step that a function of the tool takes: `kind` is commit, sync, rename, request, ..."""

    module: str
    function: str
    kind: str

    def __str__(self) -> str:
        return f"{self.module}:{self.function}:{self.kind}"


def in_the_code() -> set[Point]:
    """Return the points of all rooms in which job sets are kept, read from their source."""
    found: set[Point] = set()
    for room in _ROOMS:
        for path in sorted((_PACKAGE / room).rglob("*.py")):
            module = path.relative_to(_PACKAGE).as_posix()
            if module not in _HELPERS:
                _Reader(module, found).visit(ast.parse(path.read_text()))
    return found


class _Reader(ast.NodeVisitor):
    """Finds the steps in a module, each with the qualified name of the function it is in."""

    def __init__(self, module: str, found: set[Point]) -> None:
        self._module = module
        self._found = found
        self._within: list[str] = []

    def _enter(self, node: ast.AST, *names: str) -> None:
        self._within += names
        self.generic_visit(node)
        del self._within[-len(names) :]

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._enter(node, node.name)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._enter(node, node.name, "<locals>")

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._enter(node, "<lambda>", "<locals>")

    def visit_Call(self, node: ast.Call) -> None:
        for kind in self._kinds(node):
            function = ".".join(self._within).removesuffix(".<locals>")
            self._found.add(Point(self._module, function, kind))
        self.generic_visit(node)

    @staticmethod
    def _kinds(node: ast.Call) -> tuple[str, ...]:
        match node.func:
            case ast.Name(id=name):
                return _STEPS.get(name, ())
            case ast.Attribute(attr="replace") if len(node.args) == 1 and not node.keywords:
                return ("rename",)  # a text's takes two; a date's, names
            case ast.Attribute(attr=name, value=ast.Name(id="client")):
                return ("request",) if name in _REQUESTS else ()
            case ast.Attribute(attr=name, value=ast.Attribute(attr="client")):
                return ("request",) if name in _REQUESTS else ()
            case ast.Attribute(attr=name):
                return _STEPS.get(name, ())
        return ()


@dataclass(frozen=True, slots=True)
class Kill:
    """Where a process is to die: at an event, the time that it comes to it for the `count`th."""

    event: str
    count: int = 1


def watch(journal: int, kill: Kill | None = None) -> None:
    """Have this process write each event to the descriptor `journal`, and die at `kill`.

    An event is a point and the side of the step: `before` or `after`; of a commit also `within`,
    when all is written and nothing committed.
    """
    seen: Counter[str] = Counter()

    def happen(kind: str, side: str) -> None:
        caller = _caller(sys._getframe(2))
        if caller is None:
            return
        event = f"{caller}:{kind} {side}"
        # What is in the file is there for whoever reads it, though this process is killed.
        os.write(journal, f"{event}\n".encode())
        seen[event] += 1
        if kill is not None and kill == Kill(event, seen[event]):
            os.kill(os.getpid(), signal.SIGKILL)

    _watch_commits(happen)
    _watch_lease(happen)
    _watch_files(happen)
    _watch_requests(happen)


def _caller(frame: FrameType | None) -> str | None:
    """Return the function of the tool that takes a step, as `Point` names it."""
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_PACKAGE):
            module = path.relative_to(_PACKAGE).as_posix()
            if module not in _HELPERS:
                return f"{module}:{frame.f_code.co_qualname}"
        frame = frame.f_back
    return None


def _watch_commits(happen: Callable[[str, str], None]) -> None:
    from ibmqbatch.manifest.database import Database

    transaction = Database.transaction

    @contextlib.contextmanager
    def watched(self: Database) -> Iterator[None]:
        happen("commit", "before")
        with transaction(self):
            yield
            happen("commit", "within")
        happen("commit", "after")

    Database.transaction = watched  # type: ignore[method-assign]


def _watch_lease(happen: Callable[[str, str], None]) -> None:
    from ibmqbatch.manifest.lease import Lease

    Lease._put = _around(Lease._put, "write", happen)  # type: ignore[method-assign]


def _watch_files(happen: Callable[[str, str], None]) -> None:
    for owner, name, kind in (
        (os, "fsync", "sync"),
        (Path, "replace", "rename"),
        (Path, "unlink", "unlink"),
        (Path, "rmdir", "rmdir"),
    ):
        setattr(owner, name, _around(getattr(owner, name), kind, happen))


def _watch_requests(happen: Callable[[str, str], None]) -> None:
    from ibmqbatch.service.transport import Transport

    for name in ("send", "download"):
        setattr(Transport, name, _around(getattr(Transport, name), "request", happen))


def _around(
    function: Callable[..., Any], kind: str, happen: Callable[[str, str], None]
) -> Callable[..., Any]:
    def around(*values: Any, **named: Any) -> Any:
        happen(kind, "before")
        answer = function(*values, **named)
        happen(kind, "after")
        return answer

    return around
